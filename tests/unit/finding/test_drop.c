/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explains a loss: the kernel's own word first, then the path's settings; and neither where it does not fit. */
#include "finding/catalogue.h"
#include "finding/finding.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORK, ETH0, TAP0, GUEST, HOPS };

/* A bridged guest, of whose packets in this direction `lost` of `offered` vanish between uplink and tap. */
static struct vmp_segment *begin(struct vmp_run *run, enum vmp_direction direction, uint64_t offered, uint64_t lost)
{
	static const struct {
		const char *name;
		enum vmp_role role;
	} hops[HOPS] = {{"network", VMP_ROLE_NETWORK}, {"eth0", VMP_ROLE_UPLINK}, {"tap0", VMP_ROLE_BACKEND}, {"guest", VMP_ROLE_GUEST}};
	struct vmp_segment *segment;

	memset(run, 0, sizeof(*run));
	assert_non_null(vmp_vec_add(&run->guest.nics));
	assert_int_equal(vmp_str_set(&run->guest.name, "web01"), 0);
	run->guest.state = VMP_GUEST_RUNNING;
	run->path.mode = VMP_PATH_BRIDGED;
	run->path.backend = TAP0;
	run->path.switch_hop = -1;
	run->capture_whole = true;
	run->drops.known = true;
	for (int i = 0; i < HOPS; i++) {
		struct vmp_hop *hop = vmp_vec_add(&run->path.hops);

		assert_non_null(vmp_vec_add(&run->seen));
		assert_int_equal(vmp_str_set(&hop->name, hops[i].name), 0);
		hop->role = hops[i].role;
		hop->rank = i;
		hop->observed = i == NETWORK || i == GUEST ? VMP_OBSERVED_NO : VMP_OBSERVED_YES;
	}
	segment = vmp_vec_add(&run->segments);
	*segment = (struct vmp_segment){.direction = direction, .offered = offered, .lost = lost, .delivered = offered - lost};
	segment->from = direction == VMP_TO_GUEST ? ETH0 : TAP0;
	segment->to = direction == VMP_TO_GUEST ? TAP0 : ETH0;
	run->seen.v[segment->from].to_guest.packets = offered;
	return segment;
}

static void add_cause(struct vmp_segment *segment, const char *reason, const char *symbol, const char *caller, const char *device,
		      uint64_t packets)
{
	struct vmp_cause *cause = vmp_vec_add(&segment->causes);

	snprintf(cause->reason, sizeof(cause->reason), "%s", reason);
	snprintf(cause->symbol, sizeof(cause->symbol), "%s", symbol);
	snprintf(cause->caller, sizeof(cause->caller), "%s", caller);
	snprintf(cause->device, sizeof(cause->device), "%s", device);
	cause->packets = packets;
	cause->packet_id = 17;
}

static const struct vmp_finding *loss_of(const struct vmp_run *run)
{
	vmp_vec_foreach (finding, &run->findings)
		if (strcmp(finding->code, "lost-in-host") == 0)
			return finding;
	fail_msg("no loss is told");
	return NULL;
}

static bool has_evidence(const struct vmp_finding *finding, const char *words)
{
	vmp_vec_foreach (line, &finding->evidence)
		if (strstr(*line, words))
			return true;
	return false;
}

/* As measured on real kernels. */
static const struct {
	const char *reason, *symbol, *caller, *device;
	const char *fact;       /* of the path, NULL: none */
	const char *code, *words;
} cases[] = {
	{"NETFILTER_DROP", "nft_do_chain", "__br_forward", "tap0", NULL, "dropped-by-filter",
	 "bridge's packet filter drops them in FORWARD on their way to tap0"},
	{"NETFILTER_DROP", "nft_do_chain", "br_handle_frame", "eth0", NULL, "dropped-by-filter", "in PREROUTING as they come in at eth0"},
	{"NETFILTER_DROP", "nft_do_chain", "br_forward_finish", "tap0", NULL, "dropped-by-filter", "in POSTROUTING"},
	{"NETFILTER_DROP", "nft_do_chain", "br_nf_forward_ip", "tap0", "bridge-nf-on", "dropped-by-filter",
	 "br_netfilter hands bridged packets"},
	{"NETFILTER_DROP", "nft_do_chain", "__netif_receive_skb_core", "eth0", NULL, "dropped-by-filter",
	 "family netdev drops them at the ingress of eth0"},
	{"NETFILTER_DROP", "nft_do_chain", "__dev_queue_xmit", "eth0", NULL, "dropped-by-filter", "egress of eth0"},
	{"NETFILTER_DROP", "nf_hook_slow", "br_nf_pre_routing", "br0", NULL, "dropped-by-conntrack", "is its table full"},
	{"NETFILTER_DROP", "some_new_function", "", "", NULL, "dropped-by-filter", "the packet filter drops them"},
	{"TC_INGRESS", "__netif_receive_skb_core", "", "eth0", NULL, "dropped-by-tc", "as they come in at eth0"},
	{"TC_EGRESS", "__dev_queue_xmit", "", "tap0", NULL, "dropped-by-tc", "before they leave by tap0"},
	{"QDISC_DROP", "__dev_queue_xmit", "br_dev_queue_push_xmit", "tap0", NULL, "qdisc-drops", "the queue of tap0"},
	{"QDISC_DROP", "__dev_queue_xmit", "br_dev_queue_push_xmit", "tap0", "backend-down", "backend-down", "detail"},
	{"NOT_SPECIFIED", "kfree_skb_list", "__dev_queue_xmit", "tap0", NULL, "qdisc-drops", "netem"},
	{"NOT_SPECIFIED", "br_handle_frame_finish", "br_handle_frame", "eth0", NULL, "bridge-refuses", "the bridge may not deliver them"},
	{"NOT_SPECIFIED", "br_handle_frame_finish", "br_handle_frame", "eth0", "port-isolated", "port-isolated", "detail"},
	{"NO_TX_TARGET", "br_handle_frame_finish", "br_handle_frame", "eth0", "no-master", "no-master", "detail"},
	{"BRIDGE_INGRESS_STP_STATE", "br_handle_frame", "__netif_receive_skb_core", "eth0", NULL, "port-refuses", "the bridge port eth0"},
	{"NOT_SPECIFIED", "br_dev_queue_push_xmit", "", "tap0", NULL, "too-large-for-device", "larger than the MTU of tap0"},
	{"CPU_BACKLOG", "enqueue_to_backlog", "", "eth0", NULL, "softnet-drops", "backlog of a CPU"},
	{"IP_RPFILTER", "ip_rcv_finish_core", "ip_rcv", "eth0", NULL, "reverse-path-filter", "another device than eth0"},
	{"NEIGH_CREATEFAIL", "ip_finish_output2", "ip_output", "eth0", NULL, "neighbour-table-full", "neighbor table overflow"},
	{"OVS_DROP_LAST_ACTION", "do_execute_actions", "", "eth0", NULL, "dropped-by-ovs", "Open vSwitch"},
	{"BRAND_NEW_REASON", "brand_new_function", "", "eth0", NULL, "dropped-by-kernel", "BRAND_NEW_REASON in brand_new_function"},
	{"", "", "", "", NULL, "dropped-by-kernel", "no reason told"},
};

static void words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_run run;
		struct vmp_segment *segment = begin(&run, VMP_TO_GUEST, 50, 40);
		const struct vmp_finding *finding;

		add_cause(segment, cases[i].reason, cases[i].symbol, cases[i].caller, cases[i].device, 40);
		if (cases[i].fact)
			assert_int_equal(vmp_path_add_fact(&run.path, cases[i].fact, TAP0, "detail"), 0);
		assert_int_equal(vmp_finding_judge(&run), 0);
		finding = loss_of(&run);
		if (strcmp(finding->cause, cases[i].code) != 0 || !strstr(finding->summary, cases[i].words))
			fail_msg("%s in %s < %s: %s: %s", cases[i].reason, cases[i].symbol, cases[i].caller, finding->cause, finding->summary);
		assert_non_null(vmp_catalogue_find(finding->cause));
		assert_true(has_evidence(finding, "dropped 40 of 40"));
		assert_true(has_evidence(finding, "packet id 17"));
		assert_string_equal(run.verdict.code, "lost-in-host");
		assert_true(strstr(run.verdict.summary, cases[i].words));
		assert_null(strstr(finding->remedy, "%D"));
		vmp_run_clear(&run);
	}
}

/* What explains a few of many is told, and is not the cause of all; what nobody said anything of is said too. */
static void a_few(void **state)
{
	const struct vmp_finding *finding;
	struct vmp_run run;
	struct vmp_segment *segment = begin(&run, VMP_TO_GUEST, 50, 40);

	(void)state;
	add_cause(segment, "QDISC_DROP", "__dev_queue_xmit", "", "tap0", 5);
	assert_int_equal(vmp_finding_judge(&run), 0);
	finding = loss_of(&run);
	assert_string_equal(finding->cause, "");
	assert_true(has_evidence(finding, "dropped 5 of 40"));
	assert_true(has_evidence(finding, "of 35 of them the kernel said nothing: no drop of theirs was seen"));
	vmp_run_clear(&run);
}

static void two_causes(void **state)
{
	const struct vmp_finding *finding;
	struct vmp_run run;
	struct vmp_segment *segment = begin(&run, VMP_TO_GUEST, 50, 40);

	(void)state;
	add_cause(segment, "NETFILTER_DROP", "nft_do_chain", "__br_forward", "tap0", 30);
	add_cause(segment, "QDISC_DROP", "__dev_queue_xmit", "", "tap0", 10);
	run.drops.missed = 3;
	assert_int_equal(vmp_finding_judge(&run), 0);
	finding = loss_of(&run);
	assert_string_equal(finding->cause, "dropped-by-filter");
	assert_true(has_evidence(finding, "dropped 10 of 40: QDISC_DROP"));
	assert_false(has_evidence(finding, "said nothing"));
	vmp_run_clear(&run);
}

static const struct {
	const char *what, *fact;
	int hop;
	enum vmp_direction direction;
	uint64_t lost;
	uint32_t longest, shortest;
	const char *cause;
} settings[] = {
	{"nothing passes isolated ports", "port-isolated", TAP0, VMP_TO_GUEST, 50, 0, 0, "port-isolated"},
	{"in neither direction", "port-isolated", TAP0, VMP_FROM_GUEST, 50, 0, 0, "port-isolated"},
	{"but something passed", "port-isolated", TAP0, VMP_TO_GUEST, 40, 0, 0, ""},
	{"the guest's MAC on another port", "mac-on-other-port", TAP0, VMP_TO_GUEST, 50, 0, 0, "mac-on-other-port"},
	{"is nothing to what it sends", "mac-on-other-port", TAP0, VMP_FROM_GUEST, 50, 0, 0, ""},
	{"a small MTU and large packets", "mtu-smaller", TAP0, VMP_TO_GUEST, 40, 1000, 1001, "mtu-smaller"},
	{"a small MTU and any packets", "mtu-smaller", TAP0, VMP_TO_GUEST, 40, 1000, 80, ""},
	{"a small MTU elsewhere", "mtu-smaller", ETH0, VMP_TO_GUEST, 40, 1000, 1001, ""},
	{"a note is no obstacle", "bridge-nf-on", TAP0, VMP_TO_GUEST, 50, 0, 0, ""},
};

/* Where the kernel was not asked, or said nothing. */
static void by_settings(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(settings) / sizeof(*settings); i++) {
		const size_t at = i / 2;
		struct vmp_run run;
		struct vmp_segment *segment = begin(&run, settings[at].direction, 50, settings[at].lost);

		run.drops.known = i & 1;
		segment->longest_delivered = settings[at].longest;
		segment->shortest_lost = settings[at].shortest;
		assert_int_equal(vmp_path_add_fact(&run.path, settings[at].fact, settings[at].hop, "detail"), 0);
		assert_int_equal(vmp_finding_judge(&run), 0);
		print_message("# %s\n", settings[at].what);
		assert_string_equal(loss_of(&run)->cause, settings[at].cause);
		vmp_run_clear(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(a_few),
		cmocka_unit_test(two_causes),
		cmocka_unit_test(by_settings),
	};

	return cmocka_run_group_tests_name("drops", tests, NULL, NULL);
}
