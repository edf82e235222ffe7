/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules over the host's counters: each with a run that raises it, one that must not, and one that leaves it unsure. */
#include "finding/finding.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NET, ETH0, BR0, TAP0, GUEST };
enum { TO_TAP, TO_GUEST, FROM_GUEST };

static struct vmp_run run;

static void add_hop(const char *name, enum vmp_hop_kind kind, enum vmp_role role, int rank, enum vmp_devdir to_guest)
{
	struct vmp_hop *hop = vmp_vec_add(&run.path.hops);
	struct vmp_hop_seen *seen = vmp_vec_add(&run.seen);

	assert_non_null(hop);
	assert_non_null(seen);
	assert_int_equal(vmp_str_set(&hop->name, name), 0);
	hop->kind = kind;
	hop->role = role;
	hop->rank = rank;
	hop->to_guest = to_guest;
	if (role == VMP_ROLE_NETWORK || role == VMP_ROLE_GUEST)
		return;
	hop->observed = VMP_OBSERVED_YES;
	hop->ifindex = rank + 1;
	seen->has_point = true;
	seen->point = run.points.n;
	seen->to_guest.packets = seen->from_guest.packets = seen->unicast_to_guest = 100;
	assert_non_null(vmp_vec_add(&run.points));
	run.points.v[seen->point].opened = true;
}

static void add_segment(enum vmp_direction direction, int from, int to)
{
	struct vmp_segment *segment = vmp_vec_add(&run.segments);

	assert_non_null(segment);
	*segment = (struct vmp_segment){.direction = direction, .from = from, .to = to, .offered = 100, .delivered = 100};
}

/* A running guest behind a bridge; a hundred packets each way, all delivered and taken. */
static int begin(void **state)
{
	struct vmp_nic *nic;

	(void)state;
	memset(&run, 0, sizeof(run));
	nic = vmp_vec_add(&run.guest.nics);
	assert_non_null(nic);
	assert_int_equal(vmp_str_set(&nic->target, "tap0"), 0);
	assert_int_equal(vmp_str_set(&run.guest.name, "web01"), 0);
	run.guest.state = VMP_GUEST_RUNNING;
	run.settle_ns = 1000000000ULL;
	run.lasted_ns = 10000000000ULL;
	run.capture_whole = true;
	run.path.mode = VMP_PATH_BRIDGED;
	run.path.backend = TAP0;
	run.path.switch_hop = BR0;
	run.path.has_guest_mac = true;
	add_hop("network", VMP_HOP_NETWORK, VMP_ROLE_NETWORK, 0, VMP_DEV_UNKNOWN);
	add_hop("eth0", VMP_HOP_NIC, VMP_ROLE_UPLINK, 1, VMP_DEV_IN);
	add_hop("br0", VMP_HOP_BRIDGE, VMP_ROLE_SWITCH, 2, VMP_DEV_UNKNOWN);
	add_hop("tap0", VMP_HOP_TAP, VMP_ROLE_BACKEND, 3, VMP_DEV_OUT);
	add_hop("guest", VMP_HOP_GUEST, VMP_ROLE_GUEST, 4, VMP_DEV_UNKNOWN);
	add_segment(VMP_TO_GUEST, ETH0, TAP0);
	add_segment(VMP_TO_GUEST, TAP0, GUEST);
	add_segment(VMP_FROM_GUEST, TAP0, ETH0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmp_run_clear(&run);
	return 0;
}

/* The same guest behind this host's routing. */
static void route(void)
{
	run.path.mode = VMP_PATH_ROUTED;
	run.path.hops.v[ETH0].routed = true;
}

static void lose(int segment, uint64_t lost)
{
	run.segments.v[segment].lost = lost;
	run.segments.v[segment].delivered = run.segments.v[segment].offered - lost;
}

static struct vmp_counter *add_counter(const char *source, const char *object, const char *name, enum vmp_counter_kind kind, int hop)
{
	struct vmp_counter *counter = vmp_gauges_add(&run.gauges, source, object, name, kind);

	assert_non_null(counter);
	counter->ifindex = hop ? run.path.hops.v[hop].ifindex : 0;
	counter->before_known = counter->after_known = true;
	return counter;
}

static void moved(const char *source, const char *object, const char *name, int hop, uint64_t by)
{
	struct vmp_counter *counter = add_counter(source, object, name, VMP_COUNTER_MOVES, hop);

	counter->before = 1000;
	counter->after = 1000 + by;
}

static void stands(const char *source, const char *object, const char *name, uint64_t level, uint64_t limit)
{
	struct vmp_counter *counter = add_counter(source, object, name, VMP_COUNTER_FILLS, 0);

	counter->before = counter->after = level;
	counter->has_limit = limit > 0;
	counter->limit = limit;
}

static struct vmp_cause *the_kernel_said(int segment, const char *reason)
{
	struct vmp_cause *cause = vmp_vec_add(&run.segments.v[segment].causes);

	assert_non_null(cause);
	snprintf(cause->reason, sizeof(cause->reason), "%s", reason);
	cause->packets = run.segments.v[segment].lost;
	return cause;
}

static const struct vmp_finding *find(const char *code)
{
	vmp_vec_foreach (finding, &run.findings)
		if (strcmp(finding->code, code) == 0)
			return finding;
	return NULL;
}

static bool has_evidence(const struct vmp_finding *finding, const char *text)
{
	vmp_vec_foreach (line, &finding->evidence)
		if (strstr(*line, text))
			return true;
	return false;
}

/* The loss has this cause, its words are in the answer, and it is one finding. */
static void loss_explained(const char *cause, const char *words)
{
	const struct vmp_finding *finding;

	assert_int_equal(vmp_finding_judge(&run), 0);
	finding = find("lost-in-host");
	assert_non_null(finding);
	assert_string_equal(finding->cause, cause);
	if (!strstr(run.verdict.summary, words))
		fail_msg("\"%s\" is not in \"%s\"", words, run.verdict.summary);
	assert_string_equal(run.verdict.code, "lost-in-host");
	assert_null(find(cause));
	assert_non_null(finding->remedy);
}

/* The loss has no cause; what was counted stands below it. */
static void loss_unexplained(const char *evidence)
{
	const struct vmp_finding *finding;

	assert_int_equal(vmp_finding_judge(&run), 0);
	finding = find("lost-in-host");
	assert_non_null(finding);
	assert_string_equal(finding->cause, "");
	assert_true(!evidence || has_evidence(finding, evidence));
}

static void finding_alone(const char *code, enum vmp_severity severity, const char *words)
{
	const struct vmp_finding *finding;

	assert_int_equal(vmp_finding_judge(&run), 0);
	finding = find(code);
	if (!finding)
		fail_msg("no finding %s", code);
	assert_int_equal(finding->severity, severity);
	if (!strstr(finding->summary, words))
		fail_msg("\"%s\" is not in \"%s\"", words, finding->summary);
	assert_true(finding->evidence.n > 0);
	assert_non_null(finding->remedy);
	assert_int_equal(vmp_finding_exit_status(&run), severity == VMP_SEVERITY_WARNING ? 1 : 0);
}

static void nothing_found(void)
{
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_int_equal(run.findings.n, 0);
	assert_int_equal(run.verdict.state, VMP_STATE_OK);
}

/* ---- queues ---------------------------------------------------------------------------------------------------------- */

static void queue_drops_them(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	moved("qdisc", "tap0 htb 1:", "drops", TAP0, 45);
	moved("class", "tap0 htb 1:10", "drops", TAP0, 45);
	loss_explained("qdisc-drops", "queueing discipline of tap0");
	assert_true(has_evidence(find("lost-in-host"), "class tap0 htb 1:10 drops rose by 45, from 1000 to 1045"));
	assert_non_null(strstr(find("lost-in-host")->remedy, "tc -s qdisc show dev tap0"));
}

static void queue_on_the_way_out(void **state)
{
	(void)state;
	lose(FROM_GUEST, 40);
	moved("qdisc", "eth0 fq 1:", "drops", ETH0, 40);
	loss_explained("qdisc-drops", "queueing discipline of eth0");
}

static void queue_drops_too_few(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	moved("qdisc", "tap0 htb 1:", "drops", TAP0, 39);
	loss_unexplained("dropped 39 packets meanwhile");
	assert_null(find("qdisc-drops"));
}

/* The uplink's queue is passed on the way out only, and the tap's on the way in. */
static void queue_of_the_other_way(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	moved("qdisc", "eth0 fq 1:", "drops", ETH0, 50);
	loss_unexplained(NULL);
	assert_non_null(find("qdisc-drops"));
}

/* The kernel was seen to drop them for another reason: then it was not the queue, whatever that dropped besides. */
static void queue_is_not_what_the_kernel_said(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	the_kernel_said(TO_TAP, "NETFILTER_DROP");
	moved("qdisc", "tap0 htb 1:", "drops", TAP0, 45);
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_string_not_equal(find("lost-in-host")->cause, "qdisc-drops");
	run.segments.v[TO_TAP].causes.n = 0;
	the_kernel_said(TO_TAP, "QDISC_OVERLIMIT");
	loss_explained("qdisc-drops", "queueing discipline of tap0");
}

static void queue_drops_others(void **state)
{
	(void)state;
	moved("qdisc", "tap0 htb 1:", "drops", TAP0, 45);
	finding_alone("qdisc-drops", VMP_SEVERITY_WARNING, "none of them provably of this trace");
}

/* fq_codel on a busy uplink drops a few so as to keep its queue short. */
static void queue_of_all_drops_a_few(void **state)
{
	(void)state;
	moved("qdisc", "eth0 fq_codel 0:", "drops", ETH0, 5);
	moved("qdisc", "eth0 fq_codel 0:", "packets", ETH0, 100000);
	finding_alone("qdisc-drops", VMP_SEVERITY_INFO, "eth0");
}

static void queue_only_holds_back(void **state)
{
	(void)state;
	moved("qdisc", "tap0 tbf 1:", "overlimits", TAP0, 4500);
	moved("qdisc", "tap0 tbf 1:", "packets", TAP0, 4500);
	nothing_found();
}

static void tc_filter_drops_them(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	moved("tc.hook", "eth0 clsact ffff:", "drops", ETH0, 40);
	loss_explained("dropped-by-tc", "tc filter or program of eth0");
}

/* What comes in at the end of the segment was dropped before its capture, which is behind it: not these. */
static void tc_filter_elsewhere(void **state)
{
	(void)state;
	lose(FROM_GUEST, 40);
	moved("tc.hook", "tap0 clsact ffff:", "drops", BR0, 40);
	loss_unexplained(NULL);
}

/* ---- conntrack ------------------------------------------------------------------------------------------------------- */

static void tracked(void)
{
	assert_int_equal(vmp_path_add_fact(&run.path, "bridge-nf-on", BR0, "frames pass"), 0);
}

static void table_is_full(void **state)
{
	(void)state;
	tracked();
	lose(TO_TAP, 40);
	stands("conntrack", "", "count", 64, 64);
	moved("conntrack", "", "drop", 0, 60);
	loss_explained("conntrack-full", "nf_conntrack: table full, dropping packet");
	assert_true(has_evidence(find("lost-in-host"), "64 connections before, 64 after, at most 64"));
	assert_non_null(strstr(find("lost-in-host")->remedy, "nf_conntrack_max=128"));
}

static void table_is_full_routed(void **state)
{
	(void)state;
	route();
	lose(FROM_GUEST, 40);
	stands("conntrack", "", "count", 64, 64);
	moved("conntrack", "", "drop", 0, 40);
	loss_explained("conntrack-full", "nf_conntrack: table full");
}

/* Bridged frames that the packet filter does not see are none of its business. */
static void table_is_full_and_not_passed(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	stands("conntrack", "", "count", 64, 64);
	moved("conntrack", "", "drop", 0, 60);
	loss_unexplained(NULL);
	assert_int_equal(find("conntrack-full")->severity, VMP_SEVERITY_INFO);
}

static void table_drops_too_few(void **state)
{
	(void)state;
	tracked();
	lose(TO_TAP, 40);
	stands("conntrack", "", "count", 64, 64);
	moved("conntrack", "", "drop", 0, 12);
	loss_unexplained("nf_conntrack refused 12 packets");
}

/* ARP is lost as well, which no table of connections does. */
static void table_does_not_drop_arp(void **state)
{
	struct vmp_exchange *arp = vmp_vec_add(&run.exchanges);

	(void)state;
	assert_non_null(arp);
	*arp = (struct vmp_exchange){.kind = VMP_EXCHANGE_ARP, .direction = VMP_TO_GUEST, .asked = 5};
	tracked();
	lose(TO_TAP, 40);
	stands("conntrack", "", "count", 64, 64);
	moved("conntrack", "", "drop", 0, 60);
	loss_unexplained("nf_conntrack refused 60 packets");
}

/* What drops is not known to be the table: there is room in it. */
static void table_has_room(void **state)
{
	(void)state;
	tracked();
	lose(TO_TAP, 40);
	stands("conntrack", "", "count", 10, 262144);
	moved("conntrack", "", "drop", 0, 60);
	loss_unexplained(NULL);
	assert_null(find("conntrack-full"));
}

/* A rule drops them, says the kernel, while the table is full as well: not the table. */
static void table_is_full_and_a_rule_drops(void **state)
{
	struct vmp_cause *cause;

	(void)state;
	tracked();
	lose(TO_TAP, 40);
	stands("conntrack", "", "count", 64, 64);
	moved("conntrack", "", "drop", 0, 60);
	cause = the_kernel_said(TO_TAP, "NETFILTER_DROP");
	strcpy(cause->symbol, "nft_do_chain");
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_string_not_equal(find("lost-in-host")->cause, "conntrack-full");
	strcpy(cause->symbol, "nf_hook_slow");
	loss_explained("conntrack-full", "nf_conntrack: table full");
}

static void table_throws_others_out(void **state)
{
	(void)state;
	tracked();
	stands("conntrack", "", "count", 63, 64);
	moved("conntrack", "", "early_drop", 0, 7);
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_int_equal(find("conntrack-full")->severity, VMP_SEVERITY_WARNING);
	assert_non_null(strstr(find("conntrack-full")->summary, "7 connections thrown out early"));
}

static void table_is_nearly_full(void **state)
{
	(void)state;
	tracked();
	stands("conntrack", "", "count", 60, 64);
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_int_equal(find("conntrack-nearly-full")->severity, VMP_SEVERITY_INFO);
	run.gauges.counters.v[0].before = run.gauges.counters.v[0].after = 50;
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_null(find("conntrack-nearly-full"));
}

static void no_port_left(void **state)
{
	(void)state;
	route();
	lose(FROM_GUEST, 40);
	stands("conntrack", "", "count", 10, 262144);
	moved("conntrack", "", "insert_failed", 0, 40);
	moved("conntrack", "", "drop", 0, 40);
	loss_explained("conntrack-insert-failed", "insert_failed");
	lose(FROM_GUEST, 0);
	finding_alone("conntrack-insert-failed", VMP_SEVERITY_INFO, "insert_failed");
}

/* ---- neighbours ------------------------------------------------------------------------------------------------------ */

static void neighbour_table_full(void **state)
{
	(void)state;
	route();
	lose(TO_TAP, 40);
	moved("neighbour", "arp_cache", "table_fulls", 0, 50);
	stands("neighbour", "arp_cache", "entries", 1024, 1024);
	loss_explained("neighbour-table-full", "arp_cache: neighbor table overflow");
	assert_true(has_evidence(find("lost-in-host"), "1024 entries before, 1024 after, at most 1024"));
	run.gauges.counters.v[0].after = 1010;
	loss_unexplained("table_fulls rose by 10");
	lose(TO_TAP, 0);
	finding_alone("neighbour-table-full", VMP_SEVERITY_WARNING, "neighbor table overflow");
}

static void neighbour_table_of_others(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	moved("neighbour", "arp_cache", "table_fulls", 0, 50);
	loss_unexplained(NULL);
	assert_int_equal(find("neighbour-table-full")->severity, VMP_SEVERITY_INFO);
}

static void neighbours_that_do_not_answer(void **state)
{
	(void)state;
	moved("neighbour", "arp_cache", "unresolved_discards", 0, 50);
	nothing_found();
	route();
	lose(TO_TAP, 40);
	loss_explained("neighbour-discards", "unresolved_discards");
}

/* ---- IP -------------------------------------------------------------------------------------------------------------- */

static void reverse_path(void **state)
{
	(void)state;
	route();
	lose(FROM_GUEST, 40);
	moved("snmp", "TcpExt", "IPReversePathFilter", 0, 44);
	loss_explained("reverse-path-filter", "reverse path filter");
	/* It is off where these packets come in: then it dropped others. */
	stands("sysctl", "", "rp_filter", 0, 0);
	stands("sysctl", "br0", "rp_filter", 0, 0);
	loss_unexplained("IPReversePathFilter rose by 44");
}

static void reverse_path_of_others(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	moved("snmp", "TcpExt", "IPReversePathFilter", 0, 44);
	loss_unexplained(NULL);
	assert_null(find("reverse-path-filter"));
	lose(TO_TAP, 0);
	route();
	finding_alone("reverse-path-filter", VMP_SEVERITY_INFO, "none of them provably of this trace");
	run.gauges.counters.v[0].after = 1003;
	nothing_found();
}

static void routing_is_off(void **state)
{
	(void)state;
	route();
	lose(FROM_GUEST, 40);
	stands("sysctl", "br0", "forwarding", 0, 0);
	stands("sysctl", "", "forwarding6", 0, 0);
	moved("snmp", "Ip", "InAddrErrors", 0, 40);
	loss_explained("ip-forward-off", "does not route what comes in there");
	/* IPv4 is routed: that IPv6 is not, as on most hosts, says nothing of these. */
	run.gauges.counters.v[0].after = 1;
	loss_unexplained("InAddrErrors rose by 40");
	moved("snmp", "Ip6", "InAddrErrors", 0, 2);
	loss_explained("ip-forward-off", "does not route what comes in there");
	/* What it is set to is not known. */
	run.gauges.counters.v[1].before_known = run.gauges.counters.v[1].after_known = false;
	loss_unexplained("InAddrErrors rose by 40");
	lose(FROM_GUEST, 0);
	nothing_found();
}

static void no_way(void **state)
{
	(void)state;
	route();
	lose(FROM_GUEST, 40);
	moved("snmp", "IpExt", "InNoRoutes", 0, 30);
	loss_unexplained("InNoRoutes rose by 30");
	moved("snmp", "Ip6", "InNoRoutes", 0, 10);
	loss_explained("no-route", "no route");
}

static void too_large(void **state)
{
	(void)state;
	route();
	lose(TO_TAP, 40);
	run.segments.v[TO_TAP].longest_delivered = 1400;
	run.segments.v[TO_TAP].shortest_lost = 1450;
	moved("snmp", "Ip", "FragFails", 0, 40);
	loss_explained("too-large-for-device", "MTU");
	run.segments.v[TO_TAP].shortest_lost = 84;
	loss_unexplained("FragFails rose by 40");
}

static void pieces(void **state)
{
	(void)state;
	moved("snmp", "Ip", "ReasmFails", 0, 40);
	nothing_found();
	tracked();
	lose(TO_TAP, 40);
	loss_explained("reassembly-fails", "ReasmFails");
}

/* A loss that two counters fit: the first is the cause, the other is told beside it. */
static void two_that_fit(void **state)
{
	(void)state;
	route();
	lose(FROM_GUEST, 40);
	moved("qdisc", "eth0 fq 1:", "drops", ETH0, 40);
	moved("snmp", "IpExt", "InNoRoutes", 0, 40);
	loss_explained("qdisc-drops", "eth0");
	assert_true(has_evidence(find("lost-in-host"), "also: likely this host has no route"));
}

static void udp_sockets(void **state)
{
	(void)state;
	moved("snmp", "Udp", "RcvbufErrors", 0, 9);
	moved("snmp", "Udp", "InErrors", 0, 9);
	nothing_found();
	route();
	finding_alone("udp-receive-errors", VMP_SEVERITY_WARNING, "9 UDP packets");
	run.gauges.counters.v[0].after = 1000;
	nothing_found();
	run.path.hops.v[ETH0].has_tunnel = true;
	finding_alone("udp-receive-errors", VMP_SEVERITY_INFO, "tunnel");
}

/* ---- cards and processors ------------------------------------------------------------------------------------------------ */

static struct vmp_device_gauge *device_of(int hop)
{
	struct vmp_device_gauge *device = vmp_vec_add(&run.gauges.devices);

	assert_non_null(device);
	snprintf(device->name, sizeof(device->name), "%s", run.path.hops.v[hop].name);
	device->ifindex = run.path.hops.v[hop].ifindex;
	device->before_known = device->after_known = true;
	return device;
}

static void ring_full(void **state)
{
	struct vmp_device_gauge *device = device_of(ETH0);

	(void)state;
	device->before.rx_missed = 5;
	device->after.rx_missed = 25;
	moved("ethtool.ring", "eth0", "rx_missed_errors", ETH0, 20);
	finding_alone("nic-ring-full", VMP_SEVERITY_WARNING, "eth0 had no room for 20 frames");
	stands("ring", "eth0", "rx", 256, 4096);
	finding_alone("nic-ring-full", VMP_SEVERITY_WARNING, "20 frames");
	assert_non_null(strstr(find("nic-ring-full")->remedy, "ethtool -G eth0 rx 4096"));
	assert_null(find("nic-ring-small"));
	/* That nothing is known after the window is no zero and no growth. */
	device->after_known = false;
	run.gauges.counters.v[0].after_known = false;
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_null(find("nic-ring-full"));
}

static void ring_was_full_once(void **state)
{
	struct vmp_device_gauge *device = device_of(ETH0);

	(void)state;
	stands("ring", "eth0", "rx", 256, 4096);
	nothing_found();
	device->before.rx_missed = device->after.rx_missed = 5;
	finding_alone("nic-ring-small", VMP_SEVERITY_INFO, "eth0");
	run.gauges.counters.v[0].before = 4096;
	nothing_found();
}

static void wire_errors(void **state)
{
	(void)state;
	moved("ethtool.wire", "eth0", "rx_crc_errors", ETH0, 3);
	finding_alone("nic-errors", VMP_SEVERITY_WARNING, "3 damaged frames");
}

/* Waiting is no loss, and names that merely sound like it are none. */
static void nothing_lost_in_the_card(void **state)
{
	struct vmp_device_gauge *device = device_of(ETH0);

	(void)state;
	moved("ethtool.busy", "eth0", "tx_send_full", ETH0, 300);
	moved("ethtool.other", "eth0", "rx_odd_drops", ETH0, 300);
	device->after.rx_dropped = 40; /* frames that nobody wanted, LLDP for one */
	nothing_found();
}

static void card_drops(void **state)
{
	(void)state;
	device_of(ETH0)->after.tx_dropped = 8;
	finding_alone("nic-drops", VMP_SEVERITY_WARNING, "eth0 threw 8 frames away");
}

/* The guest's answers left, and the card lost as many: it may have been these. */
static void card_may_be_beyond(void **state)
{
	struct vmp_exchange *ping = vmp_vec_add(&run.exchanges);

	(void)state;
	assert_non_null(ping);
	*ping = (struct vmp_exchange){.kind = VMP_EXCHANGE_ICMP_ECHO, .direction = VMP_FROM_GUEST, .asked = 20, .reached = 20};
	run.seen.v[ETH0].unicast_to_guest = run.seen.v[TAP0].unicast_to_guest = 0;
	moved("ethtool.ring", "eth0", "rx_missed_errors", ETH0, 20);
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_non_null(find("nic-ring-full"));
	assert_non_null(find("nothing-arrives"));
	assert_true(has_evidence(find("nothing-arrives"), "eth0 itself lost 20 frames that came in"));
}

static void backlog_drops(void **state)
{
	(void)state;
	moved("softnet", "cpu1", "dropped", 0, 6);
	finding_alone("softnet-drops", VMP_SEVERITY_INFO, "no device of this path counts any of them");
	device_of(ETH0)->after.rx_dropped = 6;
	finding_alone("softnet-drops", VMP_SEVERITY_WARNING, "likely some that came to eth0");
}

/* From one end of a cable inside this host to the other: dropped between the two captures. */
static void backlog_drops_them(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	run.path.hops.v[TAP0].to_guest = VMP_DEV_IN;
	moved("softnet", "cpu1", "dropped", 0, 40);
	device_of(TAP0)->after.rx_dropped = 40;
	loss_explained("softnet-drops", "backlog");
	run.gauges.devices.v[0].after.rx_dropped = 39;
	loss_unexplained(NULL);
}

static void squeezed(void **state)
{
	(void)state;
	moved("softnet", "cpu1", "time_squeeze", 0, 99);
	nothing_found();
	run.gauges.counters.v[0].after = 1100;
	finding_alone("softnet-squeezed", VMP_SEVERITY_INFO, "100 times");
}

static void one_processor_for_all(void **state)
{
	(void)state;
	moved("interrupts", "eth0 cpu0", "count", ETH0, 5);
	moved("interrupts", "eth0 cpu1", "count", ETH0, 5000);
	stands("queues", "eth0", "rx", 4, 0);
	stands("queues", "eth0", "rps", 0, 0);
	nothing_found();                                        /* it does its work */
	moved("softnet", "cpu1", "dropped", 0, 3);
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_non_null(find("interrupts-on-one-cpu"));
	assert_non_null(strstr(find("interrupts-on-one-cpu")->summary, "cpu1 takes nearly all interrupts of eth0"));
	run.gauges.counters.v[3].after = 1;                     /* RPS spreads it */
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_null(find("interrupts-on-one-cpu"));
	run.gauges.counters.v[3].before_known = run.gauges.counters.v[3].after_known = false; /* whether it does is not known */
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_null(find("interrupts-on-one-cpu"));
}

static void spread_interrupts(void **state)
{
	(void)state;
	moved("interrupts", "eth0 cpu0", "count", ETH0, 3000);
	moved("interrupts", "eth0 cpu1", "count", ETH0, 5000);
	stands("queues", "eth0", "rps", 0, 0);
	moved("softnet", "cpu1", "dropped", 0, 3);
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_null(find("interrupts-on-one-cpu"));
}

/* Counters without a before, without an after, or that went backwards say nothing. */
static void not_known_is_not_zero(void **state)
{
	(void)state;
	tracked();
	moved("qdisc", "tap0 htb 1:", "drops", TAP0, 45);
	moved("conntrack", "", "drop", 0, 45);
	moved("softnet", "cpu0", "dropped", 0, 45);
	run.gauges.counters.v[0].before_known = false;
	run.gauges.counters.v[1].after_known = false;
	run.gauges.counters.v[2].after = 0;
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_int_equal(run.findings.n, 1);
	assert_non_null(find("bridge-nf-on"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(queue_drops_them), CASE(queue_on_the_way_out), CASE(queue_drops_too_few), CASE(queue_of_the_other_way),
		CASE(queue_is_not_what_the_kernel_said), CASE(queue_drops_others), CASE(queue_of_all_drops_a_few), CASE(queue_only_holds_back),
		CASE(tc_filter_drops_them), CASE(tc_filter_elsewhere), CASE(table_is_full), CASE(table_is_full_routed),
		CASE(table_is_full_and_not_passed), CASE(table_drops_too_few), CASE(table_does_not_drop_arp), CASE(table_has_room),
		CASE(table_is_full_and_a_rule_drops),
		CASE(table_throws_others_out), CASE(table_is_nearly_full), CASE(no_port_left), CASE(neighbour_table_full),
		CASE(neighbour_table_of_others), CASE(neighbours_that_do_not_answer), CASE(reverse_path), CASE(reverse_path_of_others),
		CASE(routing_is_off), CASE(no_way), CASE(too_large), CASE(pieces), CASE(two_that_fit), CASE(udp_sockets), CASE(ring_full),
		CASE(ring_was_full_once), CASE(wire_errors), CASE(nothing_lost_in_the_card), CASE(card_drops), CASE(card_may_be_beyond),
		CASE(backlog_drops), CASE(backlog_drops_them), CASE(squeezed), CASE(one_processor_for_all), CASE(spread_interrupts),
		CASE(not_known_is_not_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
