/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connection, lookup and list, against libvirt's test driver: in this process, without a daemon. */
#include "base/str.h"
#include "domain/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NODE       "test://" TEST_DATA "/domain/node.xml"
#define NODE_EMPTY "test://" TEST_DATA "/domain/node-empty.xml"
#define WEB02_UUID "5f2f3c1e-6e0c-4f6b-9d6d-000000000202"

static void says(const struct vmp_err *err, const char *text)
{
	if (!strstr(err->message, text))
		fail_msg("\"%s\" is not in: %s", text, err->message);
	assert_null(strchr(err->message, '\n'));
}

static int open_node(void **state)
{
	struct vmp_domain *domain = NULL;
	struct vmp_err err = {0};

	if (vmp_domain_open(NODE, &domain, &err) < 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	*state = domain;
	return 0;
}

static int close_node(void **state)
{
	vmp_domain_close(*state);
	return 0;
}

/* ---- connections ---- */

static const struct refusal {
	const char *uri;
	int code;
	const char *says;
} refusals[] = {
	{"qemu+ssh://root@hv18/system", EXDEV, "another host (hv18), but packets are captured on this one"},
	{"qemu+tls://192.0.2.7:16514/system", EXDEV, "another host (192.0.2.7)"},
	{"qemu+tcp://[2001:db8::7]/system", EXDEV, "another host ([2001:db8::7])"},
	{"qemu+libssh2://hv18/system", EXDEV, "another host"},
	{"qemu://hv18/system", EXDEV, "another host"},
	{"qemu+unix://hv18/system", EXDEV, "another host"},
	{"xen+ssh://127.0.0.1.example.org/system", EXDEV, "another host"},
	{"esx://vcenter.example.org/dc/cluster/host", EXDEV, "another host"},
	{"qemu+ssh://localhost.example.org/system", EXDEV, "another host"},
	{"qemu+ext:///system?command=/usr/bin/true", EXDEV, "external transport"},
	{"QEMU+EXT:///system", EXDEV, "external transport"},
	{"qemu:///system?socket=/nonexistent/socket", ECONNREFUSED, "/nonexistent/socket"},
	{"qemu+unix:///system?socket=/nonexistent/socket", ECONNREFUSED, "is libvirtd (or virtqemud) running?"},
	{"nosuchdriver:///system", ECONNREFUSED, "connecting to libvirt (nosuchdriver:///system)"},
	{"test:///nonexistent/node.xml", ECONNREFUSED, "/nonexistent/node.xml"},
	{"test://" TEST_DATA "/domain/node-broken.xml", ECONNREFUSED, "node-broken.xml:3"},
	{"test://" TEST_DATA "/domain/bridge.xml", ECONNREFUSED, "connecting to libvirt (test://"},
	{"qemu:///sys tem", EINVAL, "not a URI"},
	{"%zz", EINVAL, "not a URI"},
};

/* Every refusal is our one line and nothing of libvirt's own on standard error. */
static void is_refused(void **state)
{
	const struct refusal *row = *state;
	struct vmp_domain *domain = (void *)(uintptr_t)1;
	struct vmp_err err = {0};
	FILE *printed = tmpfile();
	int saved = dup(STDERR_FILENO), code;

	assert_non_null(printed);
	dup2(fileno(printed), STDERR_FILENO);
	code = vmp_domain_open(row->uri, &domain, &err);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(code, -row->code);
	assert_int_equal(err.code, row->code);
	says(&err, row->says);
	assert_ptr_equal(domain, (void *)(uintptr_t)1);
	assert_int_equal(lseek(fileno(printed), 0, SEEK_END), 0);
	fclose(printed);
}

static void checks_the_default_uri_too(void **state)
{
	struct vmp_domain *domain = NULL;
	struct vmp_err err = {0};

	(void)state;
	setenv("LIBVIRT_DEFAULT_URI", "qemu+ssh://hv18/system", 1);
	assert_int_equal(vmp_domain_open(NULL, &domain, &err), -EXDEV);
	says(&err, "another host (hv18)");
	setenv("LIBVIRT_DEFAULT_URI", NODE, 1);
	assert_int_equal(vmp_domain_open(NULL, &domain, &err), 0);
	assert_string_equal(vmp_domain_uri(domain), NODE);
	vmp_domain_close(domain);
	unsetenv("LIBVIRT_DEFAULT_URI");
}

static void an_error_record_is_optional(void **state)
{
	struct vmp_domain *domain = NULL;

	(void)state;
	assert_int_equal(vmp_domain_open("test:///nonexistent/node.xml", &domain, NULL), -ECONNREFUSED);
	assert_int_equal(vmp_domain_open("qemu+ssh://hv18/system", &domain, NULL), -EXDEV);
	vmp_domain_close(NULL);
}

/* ---- looking for a guest ---- */

static const struct lookup {
	const char *word, *found;
} lookups[] = {
	{"web01", "web01"},
	{"db-primary", "db-primary"},
	{WEB02_UUID, "web02"},
	{"5F2F3C1E-6E0C-4F6B-9D6D-000000000202", "web02"},
	{"5f2f3c1e6e0c4f6b9d6d000000000202", "web02"},
	{"3", "db-primary"},
	{"2", "2"}, /* web02 has this id */
	{"5f2f3c1e-6e0c-4f6b-9d6d-000000000201", "5f2f3c1e-6e0c-4f6b-9d6d-000000000201"}, /* web01 has this UUID */
};

static void finds(void **state)
{
	const struct lookup *row = *state;
	struct vmp_domain *domain = NULL;
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};

	assert_int_equal(open_node((void **)&domain), 0);
	assert_int_equal(vmp_domain_find(domain, row->word, &guest, NULL, &err), 0);
	assert_string_equal(guest.name, row->found);
	vmp_guest_clear(&guest);
	vmp_domain_close(domain);
}

static const struct lookup unknown[] = {
	{"web03", "did you mean \"web01\" or \"web02\"? vmpath list shows all guests"},
	{"WEB01", "did you mean \"web01\""},
	{"ewb01", "did you mean \"web01\""},
	{"web", "did you mean \"web01\" or \"web02\"?"},
	{"primary", "did you mean \"db-primary\"?"},
	{"zzzzzzzz", "id; vmpath list shows all guests"},
	{"99", "there is no guest of this name, UUID or id"},
	{"99999999999999999999", "there is no guest"},
	{"-1", "there is no guest"},
	{"+3", "there is no guest"},
	{" 3", "there is no guest"},
	{"3x", "there is no guest"},
	{"5f2f3c1e-6e0c-4f6b-9d6d-0000000002ff", "there is no guest"},
	{"5f2f3c1e-6e0c-4f6b-9d6d", "there is no guest"},
	{"", "there is no guest"},
	{"%s%n", "looking for guest \"%s%n\""},
};

static void does_not_find(void **state)
{
	const struct lookup *row = *state;
	struct vmp_domain *domain = NULL;
	struct vmp_guest guest = {.id = 77};
	struct vmp_err err = {0};

	assert_int_equal(open_node((void **)&domain), 0);
	assert_int_equal(vmp_domain_find(domain, row->word, &guest, NULL, &err), -ENOENT);
	assert_int_equal(guest.id, 77);
	says(&err, row->found);
	says(&err, NODE);
	vmp_domain_close(domain);
}

static void reads_a_running_guest(void **state)
{
	struct vmp_domain *domain = *state;
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};
	char *xml = NULL;
	struct vmp_ip ip;

	assert_int_equal(vmp_domain_find(domain, "web01", &guest, &xml, &err), 0);
	assert_int_equal(guest.state, VMP_GUEST_RUNNING);
	assert_true(guest.has_id);
	assert_int_equal(guest.id, 1);
	assert_false(guest.job_active);
	assert_string_equal(guest.hypervisor, "test");
	assert_string_equal(guest.uuid, "5f2f3c1e-6e0c-4f6b-9d6d-000000000201");
	assert_int_equal(guest.nics.n, 1);
	assert_string_equal(guest.nics.v[0].target, "021f00");
	assert_string_equal(guest.nics.v[0].source, "br0");
	assert_non_null(strstr(xml, "<target dev='021f00'/>"));
	/* the test driver makes a lease up for every interface */
	assert_int_equal(guest.nics.v[0].addresses.n, 1);
	assert_int_equal(guest.nics.v[0].addresses.v[0].source, VMP_ADDRESS_LEASE);
	assert_int_equal(vmp_ip_parse("192.168.0.1", &ip), 0);
	assert_true(vmp_nic_has_address(&guest.nics.v[0], &ip));
	free(xml);
	vmp_guest_clear(&guest);
}

static void gives_leases_to_their_mac(void **state)
{
	struct vmp_domain *domain = *state;
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};

	assert_int_equal(vmp_domain_find(domain, "web02", &guest, NULL, &err), 0);
	assert_int_equal(guest.nics.n, 2);
	assert_int_equal(guest.nics.v[0].addresses.n, 1);
	assert_int_equal(guest.nics.v[1].addresses.n, 1);
	assert_false(vmp_ip_equal(&guest.nics.v[0].addresses.v[0].ip, &guest.nics.v[1].addresses.v[0].ip));
	vmp_guest_clear(&guest);
}

static void reads_a_guest_that_does_not_run(void **state)
{
	struct vmp_domain *domain = *state;
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};

	assert_int_equal(vmp_domain_find(domain, "cold", &guest, NULL, &err), 0);
	assert_int_equal(guest.state, VMP_GUEST_SHUTOFF);
	assert_false(guest.has_id);
	assert_int_equal(guest.nics.n, 2);
	assert_string_equal(guest.nics.v[1].target, "cold1");
	assert_int_equal(guest.nics.v[0].addresses.n, 0);
	vmp_guest_clear(&guest);
	assert_int_equal(vmp_domain_find(domain, "paused", &guest, NULL, &err), 0);
	assert_int_equal(guest.state, VMP_GUEST_PAUSED);
	vmp_guest_clear(&guest);
}

static void tells_the_state_now(void **state)
{
	struct vmp_domain *domain = *state;
	struct vmp_guest guest = {.state = VMP_GUEST_CRASHED, .job_active = true};
	struct vmp_err err = {0};

	assert_int_equal(vmp_str_set(&guest.uuid, WEB02_UUID), 0);
	assert_int_equal(vmp_str_set(&guest.job, "save"), 0);
	assert_int_equal(vmp_str_set(&guest.state_reason, "user"), 0);
	assert_int_equal(vmp_domain_state(domain, &guest, &err), 0);
	assert_int_equal(guest.state, VMP_GUEST_RUNNING);
	assert_false(guest.job_active);
	assert_null(guest.job);
	assert_null(guest.state_reason); /* booted: that tells nothing */
	assert_int_equal(vmp_str_set(&guest.uuid, "5f2f3c1e-6e0c-4f6b-9d6d-0000000002ff"), 0);
	assert_int_equal(vmp_domain_state(domain, &guest, &err), -ENOENT);
	says(&err, "the guest is gone");
	assert_int_equal(guest.state, VMP_GUEST_RUNNING);
	assert_int_equal(vmp_str_set(&guest.uuid, "not-a-uuid"), 0);
	assert_true(vmp_domain_state(domain, &guest, &err) < 0);
	vmp_guest_clear(&guest);
}

/* ---- all guests ---- */

static void lists_all_sorted(void **state)
{
	static const char *const names[] = {"2", "5f2f3c1e-6e0c-4f6b-9d6d-000000000201", "cold", "db-primary", "lonely", "odd",
					    "paused", "web01", "web02"};
	struct vmp_domain *domain = *state;
	vmp_guests guests = {0};
	struct vmp_err err = {0};

	assert_int_equal(vmp_domain_list(domain, &guests, &err), 0);
	assert_int_equal(guests.n, sizeof(names) / sizeof(*names));
	for (size_t i = 0; i < guests.n; i++)
		assert_string_equal(guests.v[i].name, names[i]);
	assert_int_equal(guests.v[2].state, VMP_GUEST_SHUTOFF);
	assert_int_equal(guests.v[3].nics.v[0].addresses.n, 1);
	assert_int_equal(guests.v[4].nics.n, 0);
	assert_non_null(strstr(guests.v[5].nics.v[0].why_no_backend, "user-mode"));
	assert_non_null(strstr(guests.v[5].nics.v[1].why_no_backend, "vhost-user"));
	vmp_vec_foreach (guest, &guests)
		vmp_guest_clear(guest);
	vmp_vec_free(&guests);
}

static void an_empty_host_is_no_error(void **state)
{
	struct vmp_domain *domain = NULL;
	vmp_guests guests = {0};
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_domain_open(NODE_EMPTY, &domain, &err), 0);
	assert_int_equal(vmp_domain_list(domain, &guests, &err), 0);
	assert_int_equal(guests.n, 0);
	assert_int_equal(vmp_domain_find(domain, "web01", &guest, NULL, &err), -ENOENT);
	says(&err, "libvirt knows no guests there at all");
	vmp_domain_close(domain);
}

/* ---- networks ---- */

static void tells_how_a_network_forwards(void **state)
{
	static const struct {
		const char *name;
		enum vmp_forward forward;
	} networks[] = {
		{"default", VMP_FORWARD_NAT},   {"isolated", VMP_FORWARD_NONE},     {"routed", VMP_FORWARD_ROUTE},
		{"opened", VMP_FORWARD_OPEN},   {"lan", VMP_FORWARD_BRIDGE},        {"plain-forward", VMP_FORWARD_NAT},
		{"vepa", VMP_FORWARD_OTHER},
	};
	struct vmp_domain *domain = *state;
	enum vmp_forward forward;
	struct vmp_err err = {0};

	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++) {
		forward = VMP_FORWARD_UNKNOWN;
		assert_int_equal(vmp_domain_network_forward(domain, networks[i].name, &forward, &err), 0);
		assert_int_equal(forward, networks[i].forward);
	}
	assert_int_equal(vmp_domain_network_forward(domain, "absent", &forward, &err), -ENOENT);
	says(&err, "network absent");
	assert_int_equal(forward, VMP_FORWARD_OTHER);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(checks_the_default_uri_too),
	cmocka_unit_test(an_error_record_is_optional),
	cmocka_unit_test_setup_teardown(reads_a_running_guest, open_node, close_node),
	cmocka_unit_test_setup_teardown(gives_leases_to_their_mac, open_node, close_node),
	cmocka_unit_test_setup_teardown(reads_a_guest_that_does_not_run, open_node, close_node),
	cmocka_unit_test_setup_teardown(tells_the_state_now, open_node, close_node),
	cmocka_unit_test_setup_teardown(lists_all_sorted, open_node, close_node),
	cmocka_unit_test(an_empty_host_is_no_error),
	cmocka_unit_test_setup_teardown(tells_how_a_network_forwards, open_node, close_node),
};

enum {
	REFUSALS = sizeof(refusals) / sizeof(*refusals),
	LOOKUPS = sizeof(lookups) / sizeof(*lookups),
	UNKNOWN = sizeof(unknown) / sizeof(*unknown),
	OTHERS = sizeof(others) / sizeof(*others),
};

int main(void)
{
	struct CMUnitTest tests[REFUSALS + LOOKUPS + UNKNOWN + OTHERS] = {0};
	size_t n = 0;

	unsetenv("LIBVIRT_DEFAULT_URI");
	for (size_t i = 0; i < REFUSALS; i++)
		tests[n++] = (struct CMUnitTest){.name = refusals[i].uri, .test_func = is_refused,
						 .initial_state = (void *)(uintptr_t)&refusals[i]};
	for (size_t i = 0; i < LOOKUPS; i++)
		tests[n++] = (struct CMUnitTest){.name = lookups[i].word, .test_func = finds,
						 .initial_state = (void *)(uintptr_t)&lookups[i]};
	for (size_t i = 0; i < UNKNOWN; i++)
		tests[n++] = (struct CMUnitTest){.name = unknown[i].word, .test_func = does_not_find,
						 .initial_state = (void *)(uintptr_t)&unknown[i]};
	memcpy(tests + n, others, sizeof(others));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
