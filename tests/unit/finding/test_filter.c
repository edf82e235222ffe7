/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Losses and the packet filter: which rule is named, how sure, and which never is. */
#include "finding/finding.h"

#include "base/str.h"
#include "finding/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NET, ETH0, BR0, TAP0, GUEST };
enum { TO_TAP, TO_GUEST, FROM_TAP };

static struct vmp_run run;

static void add_hop(const char *name, enum vmp_role role, int rank, int ifindex, enum vmp_devdir to_guest)
{
	struct vmp_hop *hop = vmp_vec_add(&run.path.hops);
	struct vmp_hop_seen *seen = vmp_vec_add(&run.seen);

	assert_non_null(hop);
	assert_non_null(seen);
	assert_int_equal(vmp_str_set(&hop->name, name), 0);
	hop->role = role;
	hop->rank = rank;
	hop->ifindex = ifindex;
	hop->to_guest = to_guest;
	hop->observed = VMP_OBSERVED_YES;
}

static void add_segment(enum vmp_direction direction, int from, int to)
{
	struct vmp_segment *segment = vmp_vec_add(&run.segments);

	assert_non_null(segment);
	segment->direction = direction;
	segment->from = from;
	segment->to = to;
	segment->offered = segment->delivered = 100;
}

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
	run.capture_whole = true;
	run.path.mode = VMP_PATH_BRIDGED;
	run.path.backend = TAP0;
	run.path.switch_hop = BR0;
	add_hop("network", VMP_ROLE_NETWORK, 0, 0, VMP_DEV_UNKNOWN);
	add_hop("eth0", VMP_ROLE_UPLINK, 1, 2, VMP_DEV_IN);
	add_hop("br0", VMP_ROLE_SWITCH, 1, 3, VMP_DEV_UNKNOWN);
	add_hop("tap0", VMP_ROLE_BACKEND, 2, 4, VMP_DEV_OUT);
	add_hop("guest", VMP_ROLE_GUEST, 3, 0, VMP_DEV_UNKNOWN);
	run.seen.v[TAP0].to_guest.packets = run.seen.v[TAP0].from_guest.packets = 100;
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

static void lose(int segment, uint64_t lost)
{
	run.segments.v[segment].lost = lost;
	run.segments.v[segment].delivered = run.segments.v[segment].offered - lost;
}

#define AT(hook) VMP_FILTER_AT(VMP_FILTER_##hook)

/* A rule at these hooks, for both directions, that dropped so many; -1: it counts nothing. handle 0: a policy. */
static struct vmp_filter_rule *add_rule(enum vmp_filter_family family, const char *table, const char *chain, int handle, uint8_t hooks,
					int dropped)
{
	struct vmp_filter_rule *rule = vmp_vec_add(&run.filters);
	struct vmp_counter *counter;

	assert_non_null(rule);
	rule->family = family;
	rule->policy = handle == 0;
	rule->to_guest = rule->from_guest = hooks;
	rule->counted = dropped >= 0;
	assert_int_equal(vmp_str_set(&rule->table, table), 0);
	assert_int_equal(vmp_str_set(&rule->chain, chain), 0);
	if (handle)
		snprintf(rule->object, sizeof(rule->object), "%s %s %s handle %d", vmp_filter_family_name(family), table, chain, handle);
	else
		snprintf(rule->object, sizeof(rule->object), "%s %s %s policy", vmp_filter_family_name(family), table, chain);
	if (dropped < 0)
		return rule;
	counter = vmp_gauges_add(&run.gauges, "nft", rule->object, "packets", VMP_COUNTER_MOVES);
	assert_non_null(counter);
	counter->before_known = counter->after_known = true;
	counter->before = 1000;
	counter->after = 1000 + (uint64_t)dropped;
	return rule;
}

static void own(struct vmp_filter_rule *rule)
{
	rule->only_to = rule->to_guest;
	rule->only_from = rule->from_guest;
}

static void add_cause(int segment, const char *reason, const char *symbol, const char *caller, uint64_t packets)
{
	struct vmp_cause *cause = vmp_vec_add(&run.segments.v[segment].causes);

	assert_non_null(cause);
	snprintf(cause->reason, sizeof(cause->reason), "%s", reason);
	snprintf(cause->symbol, sizeof(cause->symbol), "%s", symbol);
	snprintf(cause->caller, sizeof(cause->caller), "%s", caller);
	cause->packets = packets;
}

static const struct vmp_finding *judged(void)
{
	assert_int_equal(vmp_finding_judge(&run), 0);
	vmp_vec_foreach (finding, &run.findings)
		if (strcmp(finding->code, "lost-in-host") == 0)
			return finding;
	return NULL;
}

static bool says(const struct vmp_finding *finding, const char *text)
{
	if (strstr(finding->summary, text))
		return true;
	vmp_vec_foreach (line, &finding->evidence)
		if (strstr(*line, text))
			return true;
	return false;
}

/* Judge; the loss has this cause ("": none), and says this. */
static const struct vmp_finding *explained(const char *cause, const char *text)
{
	const struct vmp_finding *finding = judged();

	assert_non_null(finding);
	assert_string_equal(finding->cause, cause);
	if (text && !says(finding, text))
		fail_msg("not said: %s, but: %s", text, finding->summary);
	return finding;
}

/* ---- one rule ------------------------------------------------------------------------------------------------------- */

static void own_rule(void **state)
{
	struct vmp_filter_rule *rule = add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 42);
	const struct vmp_finding *finding;

	(void)state;
	own(rule);
	assert_int_equal(vmp_str_set(&rule->text, "oifname \"tap0\" counter drop"), 0);
	lose(TO_TAP, 40);
	finding = explained("dropped-by-filter", "the packet filter's rule bridge lab f handle 7 drops them");
	assert_true(says(finding, "dropped 42 packets (1000 before the window, 1042 after): oifname \"tap0\" counter drop"));
	assert_string_equal(finding->remedy, "nft -a list chain bridge lab f");
	assert_int_equal(finding->confidence, VMP_CONFIDENCE_CERTAIN);
	assert_string_equal(run.verdict.code, "lost-in-host");
}

/* Whose packets they were is not known; as many as are missing speaks for it all the same. */
static void shared_rule(void **state)
{
	(void)state;
	add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 40);
	lose(TO_TAP, 40);
	explained("dropped-by-filter", "most likely drops them");
}

/* ... but not where something else is in the way, or too few were dropped. */
static void shared_rule_is_not_it(void **state)
{
	const struct vmp_finding *finding;

	(void)state;
	add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 39);
	lose(TO_TAP, 40);
	finding = explained("", "of whose packets is not known");
	assert_true(says(finding, "bridge lab f handle 7 dropped 39"));
	run.gauges.counters.v[0].after++;
	assert_int_equal(vmp_path_add_fact(&run.path, "port-not-forwarding", TAP0, "disabled"), 0);
	explained("", "of whose packets is not known");
}

static void without_a_loss(void **state)
{
	(void)state;
	own(add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 40));
	assert_null(judged());
	assert_string_equal(run.verdict.code, "no-loss");
}

/* Not on the way: another hook, another device, another direction, a bridge that does not hand on, a counter that stands still. */
static void not_on_the_way(void **state)
{
	(void)state;
	own(add_rule(VMP_FILTER_BRIDGE, "lab", "in", 1, AT(INPUT), 40));
	own(add_rule(VMP_FILTER_BRIDGE, "lab", "out", 2, AT(OUTPUT), 40));
	own(add_rule(VMP_FILTER_IP, "filter", "FORWARD", 3, AT(FORWARD), 40));
	add_rule(VMP_FILTER_NETDEV, "lab", "a", 4, AT(INGRESS), 40)->ifindex = 9;
	add_rule(VMP_FILTER_NETDEV, "lab", "b", 5, AT(EGRESS), 40)->ifindex = 2;
	add_rule(VMP_FILTER_NETDEV, "lab", "c", 6, AT(INGRESS), 40)->ifindex = 4;
	add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 40)->to_guest = 0;
	own(add_rule(VMP_FILTER_BRIDGE, "lab", "f", 8, AT(FORWARD), 0));
	lose(TO_TAP, 40);
	assert_false(says(explained("", NULL), "handle"));
}

/* The same rules where they do lie on the way. */
static void on_the_way(void **state)
{
	static const struct {
		enum vmp_filter_family family;
		uint8_t hook;
		int ifindex, segment;
		bool hands_on;
	} cases[] = {
		{VMP_FILTER_BRIDGE, AT(PREROUTING), 0, TO_TAP, false},  {VMP_FILTER_BRIDGE, AT(FORWARD), 0, FROM_TAP, false},
		{VMP_FILTER_BRIDGE, AT(POSTROUTING), 0, TO_TAP, false}, {VMP_FILTER_IP, AT(FORWARD), 0, TO_TAP, true},
		{VMP_FILTER_INET, AT(PREROUTING), 0, FROM_TAP, true},   {VMP_FILTER_NETDEV, AT(INGRESS), 2, TO_TAP, false},
		{VMP_FILTER_NETDEV, AT(EGRESS), 4, TO_TAP, false},      {VMP_FILTER_NETDEV, AT(INGRESS), 4, FROM_TAP, false},
		{VMP_FILTER_NETDEV, AT(EGRESS), 2, FROM_TAP, false},    {VMP_FILTER_IP6, AT(POSTROUTING), 0, TO_TAP, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(state);
		if (cases[i].hands_on)
			assert_int_equal(vmp_path_add_fact(&run.path, "bridge-nf-on", BR0, "on"), 0);
		add_rule(cases[i].family, "lab", "f", 7, cases[i].hook, 40)->ifindex = cases[i].ifindex;
		lose(cases[i].segment, 40);
		explained("dropped-by-filter", "handle 7");
		end(state);
	}
	begin(state);
}

/* Behind this host's routing: the bridge's own end, and the hooks of IP between it and the uplink. */
static void routed(void **state)
{
	(void)state;
	run.path.mode = VMP_PATH_ROUTED;
	run.path.hops.v[ETH0].routed = true;
	run.path.hops.v[BR0].rank = 2;
	run.path.hops.v[TAP0].rank = 3;
	run.segments.v[TO_TAP].to = BR0;
	add_rule(VMP_FILTER_BRIDGE, "lab", "f", 1, AT(FORWARD) | AT(OUTPUT), 40);
	add_rule(VMP_FILTER_IP, "filter", "FORWARD", 2, AT(FORWARD), 40);
	lose(TO_TAP, 40);
	assert_false(says(explained("dropped-by-filter", "rule ip filter FORWARD handle 2"), "bridge lab"));
	run.segments.v[TO_TAP].from = BR0;
	run.segments.v[TO_TAP].to = TAP0;
	assert_false(says(explained("dropped-by-filter", "rule bridge lab f handle 1"), "FORWARD handle"));
}

/* ---- several --------------------------------------------------------------------------------------------------------- */

static void several_fit(void **state)
{
	const struct vmp_finding *finding;

	(void)state;
	add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 40);
	add_rule(VMP_FILTER_BRIDGE, "lab", "g", 8, AT(PREROUTING), 60);
	lose(TO_TAP, 40);
	finding = explained("dropped-by-filter", "one of 2 rules of the packet filter drops them, and which one is not known");
	assert_true(says(finding, "bridge lab f handle 7 dropped 40"));
	assert_true(says(finding, "bridge lab g handle 8 dropped 60"));
	/* One that only this guest's packets meet is surer than one that all meet. */
	own(&run.filters.v[0]);
	finding = explained("dropped-by-filter", "rule bridge lab f handle 7 drops them");
	assert_true(says(finding, "bridge lab g handle 8 dropped 60"));
}

static void each_drops_some(void **state)
{
	(void)state;
	own(add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 30));
	own(add_rule(VMP_FILTER_BRIDGE, "lab", "g", 8, AT(PREROUTING), 10));
	lose(TO_TAP, 40);
	explained("dropped-by-filter", "2 rules of the packet filter drop them");
	lose(TO_TAP, 90);
	explained("dropped-by-filter", "drop some of them, at most 40");
}

/* Ten rules that fit are not a page of text. */
static void many_fit(void **state)
{
	(void)state;
	for (int i = 1; i <= 10; i++)
		add_rule(VMP_FILTER_BRIDGE, "lab", "f", i, AT(FORWARD), 40 + i);
	lose(TO_TAP, 40);
	assert_false(says(explained("dropped-by-filter", "and 6 more rules on this way"), "handle 1 dropped"));
}

/* ---- whose rules ----------------------------------------------------------------------------------------------------- */

static void nwfilter(void **state)
{
	const struct vmp_finding *finding;

	(void)state;
	own(add_rule(VMP_FILTER_BRIDGE, "nat", "I-tap0-ipv4-ip", 14, AT(PREROUTING), 40));
	assert_int_equal(vmp_str_set(&run.guest.nics.v[0].filter, "clean-traffic"), 0);
	lose(FROM_TAP, 40);
	finding = explained("dropped-by-nwfilter", "libvirt's nwfilter of this interface, tap0 (bridge nat I-tap0-ipv4-ip handle 14) drops them");
	assert_string_equal(finding->remedy, "virsh nwfilter-dumpxml clean-traffic; virsh nwfilter-binding-list; "
			    "ebtables -t nat -L I-tap0-ipv4-ip --Lc --Ln");
}

static void policy(void **state)
{
	const struct vmp_finding *finding;

	(void)state;
	assert_int_equal(vmp_path_add_fact(&run.path, "bridge-nf-on", BR0, "on"), 0);
	add_rule(VMP_FILTER_IP, "filter", "FORWARD", 0, AT(FORWARD), 65);
	lose(TO_TAP, 40);
	finding = explained("dropped-by-policy", "the policy (drop) of chain ip filter FORWARD most likely drops them");
	assert_string_equal(finding->remedy, "iptables -t filter -L FORWARD -nv --line-numbers");
}

static void makers(void **state)
{
	static const struct {
		const char *chain, *says;
	} cases[] = {
		{"LIBVIRT_FWO", "libvirt's network rule"}, {"DOCKER-USER", "Docker's rule"}, {"ufw-user-forward", "ufw's rule"},
		{"KUBE-FORWARD", "Kubernetes' rule"}, {"FORWARD", "the packet filter's rule"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(state);
		assert_int_equal(vmp_path_add_fact(&run.path, "bridge-nf-on", BR0, "on"), 0);
		add_rule(VMP_FILTER_IP, "filter", cases[i].chain, 3, AT(FORWARD), 40);
		lose(TO_TAP, 40);
		explained("dropped-by-filter", cases[i].says);
		end(state);
	}
	begin(state);
}

/* A name that a shell would read as more than a word does not get into a command. */
static void hostile_names(void **state)
{
	(void)state;
	add_rule(VMP_FILTER_BRIDGE, "lab; reboot", "f", 3, AT(FORWARD), 40);
	lose(TO_TAP, 40);
	assert_string_equal(explained("dropped-by-filter", NULL)->remedy, "nft -a list ruleset bridge");
}

/* ---- what counts nothing, and what the kernel says ------------------------------------------------------------------- */

static void counts_nothing(void **state)
{
	(void)state;
	add_rule(VMP_FILTER_BRIDGE, "lab", "f", 0, AT(FORWARD), -1);
	lose(TO_TAP, 40);
	explained("", "bridge lab f policy counts nothing: whether it dropped these is not to be seen");
	add_cause(TO_TAP, "NETFILTER_DROP", "nft_do_chain", "__br_forward", 40);
	explained("dropped-by-policy", "the kernel says that packets were dropped at its hook");
}

/* Of two rules that fit the one at the hook that the kernel names. */
static void kernel_names_the_hook(void **state)
{
	const struct vmp_finding *finding;

	(void)state;
	own(add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 40));
	add_rule(VMP_FILTER_BRIDGE, "lab", "g", 8, AT(PREROUTING), 60);
	lose(TO_TAP, 40);
	add_cause(TO_TAP, "NETFILTER_DROP", "nft_do_chain", "br_handle_frame", 40);
	finding = explained("dropped-by-filter", "rule bridge lab g handle 8 drops them");
	assert_false(says(finding, "handle 7"));
}

static void hooks_of_callers(void **state)
{
	static const struct {
		const char *caller;
		enum vmp_filter_family family;
		uint8_t hook;
		int ifindex;
	} cases[] = {
		{"__br_forward", VMP_FILTER_BRIDGE, AT(FORWARD), 0},
		{"br_forward_finish", VMP_FILTER_BRIDGE, AT(POSTROUTING), 0},
		{"br_nf_forward_ip.part.0", VMP_FILTER_IP, AT(FORWARD), 0},
		{"br_nf_pre_routing", VMP_FILTER_INET, AT(PREROUTING), 0},
		{"br_nf_post_routing", VMP_FILTER_IP, AT(POSTROUTING), 0},
		{"__netif_receive_skb_core.constprop.0", VMP_FILTER_NETDEV, AT(INGRESS), 2},
		{"__dev_queue_xmit", VMP_FILTER_NETDEV, AT(EGRESS), 4},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(state);
		assert_int_equal(vmp_path_add_fact(&run.path, "bridge-nf-on", BR0, "on"), 0);
		add_rule(cases[i].family, "lab", "f", 7, cases[i].hook, 40)->ifindex = cases[i].ifindex;
		lose(TO_TAP, 40);
		add_cause(TO_TAP, "NETFILTER_DROP", "nft_do_chain", cases[i].caller, 40);
		explained("dropped-by-filter", "handle 7 drops them");
		/* dropped elsewhere in the filter: not by this one */
		snprintf(run.segments.v[TO_TAP].causes.v[0].caller, sizeof(run.segments.v[TO_TAP].causes.v[0].caller), "br_pass_frame_up");
		explained("", NULL);
		end(state);
	}
	begin(state);
}

/* What the kernel says something else dropped no rule is accused of; what the filter dropped in part, the rule that dropped so many. */
static void kernel_names_another(void **state)
{
	(void)state;
	own(add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), 45));
	lose(TO_TAP, 40);
	add_cause(TO_TAP, "QDISC_DROP", "__dev_queue_xmit", "br_dev_queue_push_xmit", 40);
	assert_false(says(explained("", NULL), "handle 7"));
	run.segments.v[TO_TAP].causes.n = 0;
	run.drops.known = true;
	explained("dropped-by-filter", "rule bridge lab f handle 7 drops them");
	run.filters.v[0].only_to = 0;
	explained("", "of whose packets is not known");
	run.drops.missed = 1;
	explained("dropped-by-filter", "rule bridge lab f handle 7 most likely drops them");
	run.drops.missed = 0;
	own(&run.filters.v[0]);
	run.segments.v[TO_TAP].causes.n = 1;
	run.segments.v[TO_TAP].causes.v[0].packets = 10;
	add_cause(TO_TAP, "NETFILTER_DROP", "nft_do_chain", "__br_forward", 30);
	run.gauges.counters.v[0].after = 1030;
	explained("dropped-by-filter", "rule bridge lab f handle 7 drops them");
}

/* nf_hook_slow may be conntrack or iptables-legacy: a rule that counts nothing is not accused by it. */
static void not_by_rules(void **state)
{
	(void)state;
	add_rule(VMP_FILTER_BRIDGE, "lab", "f", 7, AT(FORWARD), -1);
	lose(TO_TAP, 40);
	add_cause(TO_TAP, "NETFILTER_DROP", "nf_hook_slow", "__br_forward", 40);
	explained("", "counts nothing");
	/* one that counts is no surer for it */
	add_rule(VMP_FILTER_BRIDGE, "lab", "f", 8, AT(FORWARD), 40);
	explained("dropped-by-filter", "handle 8 most likely drops them");
}

/* ---- who fills the table of connections ------------------------------------------------------------------------------- */

static void add_entries(const char *source, const char *object, const char *name, uint64_t entries)
{
	struct vmp_counter *counter = vmp_gauges_add(&run.gauges, source, object, name, VMP_COUNTER_FILLS);

	assert_non_null(counter);
	counter->after_known = counter->has_limit = true;
	counter->after = entries;
	counter->limit = 1000;
}

/* With the loss that a full table explains, those first who have most; with no other loss. */
static void who_fills(void **state)
{
	const struct vmp_finding *finding;

	(void)state;
	add_entries("conntrack-guest", "192.0.2.1", "entries", 20);
	add_entries("conntrack-guest", "guest web01", "entries", 900);
	add_entries("conntrack-guest", "192.0.2.2", "entries", 20);
	add_entries("conntrack-guest", "192.0.2.3", "entries", 3);
	add_entries("conntrack-state", "", "SYN_SENT", 880);
	lose(TO_TAP, 40);
	assert_false(says(judged(), "connections"));
	run.segments.v[TO_TAP].lost = 40;
	assert_int_equal(vmp_finding_judge(&run), 0);
	vmp_vec_foreach (each, &run.findings)
		if (strcmp(each->code, "lost-in-host") == 0)
			vmp_finding_explain(each, "conntrack-full", "the table of connections is full");
	assert_int_equal(vmp_rule_tracked(&run), 0);
	finding = &run.findings.v[0];
	assert_true(says(finding, "900 of the 1000 connections that the table can hold have guest web01 at an end"));
	assert_true(says(finding, "192.0.2.1 at an end"));
	assert_true(says(finding, "192.0.2.2 at an end"));
	assert_false(says(finding, "192.0.2.3 at an end"));
	assert_true(says(finding, "880 of them are SYN_SENT"));
}

/* ---- what the kernel logged ------------------------------------------------------------------------------------------ */

static void add_line(const char *object, const char *name, int ifindex, const char *text)
{
	struct vmp_counter *counter = vmp_gauges_add(&run.gauges, "kernel-log", object, name, VMP_COUNTER_MOVES);

	assert_non_null(counter);
	counter->before_known = counter->after_known = true;
	counter->after = 1;
	counter->ifindex = ifindex;
	assert_int_equal(vmp_str_set(&counter->text, text), 0);
}

static const struct vmp_finding *logged(void)
{
	vmp_vec_foreach (finding, &run.findings)
		if (strcmp(finding->code, "kernel-log") == 0)
			return finding;
	return NULL;
}

/* A device's line is told with the loss beside it; that of a table which nothing else speaks of, by itself and once. */
static void log_lines(void **state)
{
	(void)state;
	lose(TO_TAP, 40);
	add_line("eth0", "hang", 2, "eth0: Detected Hardware Unit Hang");
	assert_true(says(judged(), "the kernel logged in the window, of this network namespace or another: eth0: Detected Hardware Unit Hang"));
	assert_null(logged());
	add_line("", "table full", 0, "nf_conntrack: table full, dropping packet");
	assert_false(says(judged(), "table full"));
	assert_non_null(logged());
	assert_int_equal(logged()->severity, VMP_SEVERITY_INFO);
	assert_true(says(logged(), "nf_conntrack: table full, dropping packet"));
	lose(TO_TAP, 0);
	assert_null(judged());
	assert_non_null(logged());
}

static void log_of_a_card(void **state)
{
	(void)state;
	add_line("eth0", "transmit timeout", 2, "NETDEV WATCHDOG: eth0");
	assert_null(judged());
	assert_int_equal(logged()->severity, VMP_SEVERITY_WARNING);
	assert_string_equal(run.verdict.code, "no-loss");
	run.gauges.counters.v[0].after = 0;
	assert_null(judged());
	assert_null(logged());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_rule, begin, end),
		cmocka_unit_test_setup_teardown(shared_rule, begin, end),
		cmocka_unit_test_setup_teardown(shared_rule_is_not_it, begin, end),
		cmocka_unit_test_setup_teardown(without_a_loss, begin, end),
		cmocka_unit_test_setup_teardown(not_on_the_way, begin, end),
		cmocka_unit_test_setup_teardown(on_the_way, NULL, end),
		cmocka_unit_test_setup_teardown(routed, begin, end),
		cmocka_unit_test_setup_teardown(several_fit, begin, end),
		cmocka_unit_test_setup_teardown(each_drops_some, begin, end),
		cmocka_unit_test_setup_teardown(many_fit, begin, end),
		cmocka_unit_test_setup_teardown(nwfilter, begin, end),
		cmocka_unit_test_setup_teardown(policy, begin, end),
		cmocka_unit_test_setup_teardown(makers, NULL, end),
		cmocka_unit_test_setup_teardown(hostile_names, begin, end),
		cmocka_unit_test_setup_teardown(counts_nothing, begin, end),
		cmocka_unit_test_setup_teardown(kernel_names_the_hook, begin, end),
		cmocka_unit_test_setup_teardown(hooks_of_callers, NULL, end),
		cmocka_unit_test_setup_teardown(kernel_names_another, begin, end),
		cmocka_unit_test_setup_teardown(who_fills, begin, end),
		cmocka_unit_test_setup_teardown(log_lines, begin, end),
		cmocka_unit_test_setup_teardown(log_of_a_card, begin, end),
		cmocka_unit_test_setup_teardown(not_by_rules, begin, end),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
