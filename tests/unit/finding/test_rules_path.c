/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts in, findings out: how bad, where, and what to do. */
#include "finding/finding.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NETWORK, ETH0, BOND0, BR0, TAP0, GUEST, HOPS };

static const struct {
	const char *name;
	enum vmp_role role;
	int rank;
} hops[HOPS] = {{"network", VMP_ROLE_NETWORK, 0}, {"eth0", VMP_ROLE_UPLINK, 1}, {"bond0", VMP_ROLE_TRANSIT, 2},
		{"br0", VMP_ROLE_SWITCH, 2},      {"tap0", VMP_ROLE_BACKEND, 3}, {"guest", VMP_ROLE_GUEST, 4}};

static struct vmp_path make_path(bool with_backend)
{
	struct vmp_path path = {.backend = with_backend ? TAP0 : -1, .switch_hop = BR0, .mode = VMP_PATH_BRIDGED};

	for (int i = 0; i < HOPS; i++) {
		struct vmp_hop *hop = vmp_vec_add(&path.hops);

		assert_non_null(hop);
		assert_int_equal(vmp_str_set(&hop->name, hops[i].name), 0);
		hop->role = hops[i].role;
		hop->rank = hops[i].rank;
	}
	return path;
}

static const struct {
	const char *code;
	int hop;
	enum vmp_severity severity;
	int from, to;               /* from -1: no place */
	enum vmp_direction direction;
	const char *says, *remedy;
} cases[] = {
	{"guest-link-down", TAP0, VMP_SEVERITY_CRITICAL, TAP0, GUEST, VMP_TO_GUEST, "link down", "virsh domif-setlink web01 tap0 up"},
	{"backend-missing", -1, VMP_SEVERITY_CRITICAL, -1, -1, 0, "no device", "virsh domiflist web01; ip -br link"},
	{"no-master", TAP0, VMP_SEVERITY_CRITICAL, BOND0, TAP0, VMP_TO_GUEST, "tap0 is plugged into no bridge",
	 "ip link set dev tap0 master br9"},
	{"port-not-forwarding", TAP0, VMP_SEVERITY_CRITICAL, BOND0, TAP0, VMP_TO_GUEST, "port tap0", NULL},
	{"port-not-forwarding", BOND0, VMP_SEVERITY_CRITICAL, NETWORK, BOND0, VMP_TO_GUEST, "port bond0", NULL},
	{"bridge-down", BR0, VMP_SEVERITY_CRITICAL, BOND0, TAP0, VMP_TO_GUEST, "bridge br0 is down", "ip link set dev br0 up"},
	{"uplink-down", ETH0, VMP_SEVERITY_CRITICAL, NETWORK, ETH0, VMP_TO_GUEST, "eth0", "ip link set dev eth0 up"},
	{"mac-local", BR0, VMP_SEVERITY_CRITICAL, BOND0, TAP0, VMP_TO_GUEST, "for its own",
	 "bridge fdb show | grep -i 52:54:00:00:00:01; ip -br link | grep -i 52:54:00:00:00:01"},
	{"no-carrier", TAP0, VMP_SEVERITY_WARNING, TAP0, GUEST, VMP_TO_GUEST, "tap0 has no carrier", NULL},
	{"no-carrier", ETH0, VMP_SEVERITY_WARNING, NETWORK, ETH0, VMP_TO_GUEST, "eth0 has no carrier", NULL},
	{"mtu-smaller", TAP0, VMP_SEVERITY_WARNING, BOND0, TAP0, VMP_TO_GUEST, "MTU of tap0", NULL},
	{"mtu-smaller", ETH0, VMP_SEVERITY_WARNING, TAP0, ETH0, VMP_FROM_GUEST, "MTU of eth0", NULL},
	{"mac-on-other-port", ETH0, VMP_SEVERITY_WARNING, BOND0, TAP0, VMP_TO_GUEST, "another port",
	 "bridge fdb show br br0 | grep -i 52:54:00:00:00:01"},
	{"bridge-nf-on", BR0, VMP_SEVERITY_INFO, -1, -1, 0, "packet filter", NULL},
	{"a-fact-of-the-future", ETH0, VMP_SEVERITY_INFO, -1, -1, 0, "what was seen", NULL},
};

enum { CASES = sizeof(cases) / sizeof(*cases) };

static void means(void **state)
{
	size_t i = (size_t)(uintptr_t)*state;
	struct vmp_nic nic = {.target = strdup("tap0"), .bridge = strdup("br9"), .has_mac = true, .mac = {{0x52, 0x54, 0, 0, 0, 1}}};
	struct vmp_guest guest = {.name = strdup("web01")};
	struct vmp_path path = make_path(true);
	vmp_findings findings = {0};
	const struct vmp_finding *finding;

	assert_int_equal(vmp_path_add_fact(&path, cases[i].code, cases[i].hop, "what was seen"), 0);
	assert_int_equal(vmp_finding_from_path(&path, &guest, &nic, &findings), 0);
	assert_int_equal(findings.n, 1);
	finding = &findings.v[0];
	assert_string_equal(finding->code, cases[i].code);
	assert_int_equal(finding->severity, cases[i].severity);
	assert_int_equal(finding->confidence, VMP_CONFIDENCE_CERTAIN);
	assert_int_equal(finding->has_place, cases[i].from >= 0);
	if (finding->has_place) {
		assert_int_equal(finding->from, cases[i].from);
		assert_int_equal(finding->to, cases[i].to);
		assert_int_equal(finding->direction, cases[i].direction);
	}
	if (!strstr(finding->summary, cases[i].says))
		fail_msg("\"%s\" does not say \"%s\"", finding->summary, cases[i].says);
	if (cases[i].remedy)
		assert_string_equal(finding->remedy, cases[i].remedy);
	assert_int_equal(finding->evidence.n, 1);
	assert_string_equal(finding->evidence.v[0], "what was seen");
	assert_int_equal(vmp_findings_exit_status(&findings), cases[i].severity);
	vmp_findings_clear(&findings);
	vmp_path_clear(&path);
	vmp_guest_clear(&guest);
	vmp_nic_clear(&nic);
}

/* Without a backend nothing can be placed at it; without names the sentences still stand. */
static void little_is_known(void **state)
{
	struct vmp_nic nic = {0};
	struct vmp_guest guest = {0};
	struct vmp_path path = make_path(false);
	vmp_findings findings = {0};

	(void)state;
	for (size_t i = 0; i < CASES; i++)
		assert_int_equal(vmp_path_add_fact(&path, cases[i].code, -1, "what was seen"), 0);
	assert_int_equal(vmp_finding_from_path(&path, &guest, &nic, &findings), 0);
	assert_int_equal(findings.n, CASES);
	vmp_vec_foreach (finding, &findings) {
		assert_false(finding->has_place);
		assert_null(strchr(finding->summary, '%'));
		assert_true(!finding->remedy || !strchr(finding->remedy, '%'));
	}
	vmp_findings_clear(&findings);
	vmp_path_clear(&path);
}

int main(void)
{
	struct CMUnitTest tests[CASES + 1] = {0};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){.name = cases[i].code, .test_func = means, .initial_state = (void *)(uintptr_t)i};
	tests[CASES] = (struct CMUnitTest)cmocka_unit_test(little_is_known);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
