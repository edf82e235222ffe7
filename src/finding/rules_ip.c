/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the IP stack of this host dropped: of a guest whose packets it routes. Its counters are of the whole network namespace, so they
 * explain a loss only where all else fits: packets are lost where this host routes, no more of them than were counted, and the settings
 * are such that it can be.
 */
#include "finding/rules_gauge.h"

#include <errno.h>
#include <string.h>

typedef unsigned long long ull;

enum { COUNTERS = 4, MANY = 10 };

typedef bool fits(const struct vmp_run *run, const struct vmp_segment *segment);

static fits filters_reverse, does_not_forward, large_ones, any_loss;

static const char *const reverse_reasons[] = {"IP_RPFILTER", NULL};
static const char *const address_reasons[] = {"IP_INADDRERRORS", "IP_INADDRERROR", NULL};
static const char *const route_reasons[] = {"IP_INNOROUTES", "IP_OUTNOROUTES", NULL};
static const char *const size_reasons[] = {"PKT_TOO_BIG", NULL};
static const char *const header_reasons[] = {"IP_INHDR", "IP_CSUM", NULL};
static const char *const piece_reasons[] = {"FRAG_", "DUP_FRAG", NULL};

/* Sources: kernel, net/ipv4/route.c ip_error(), ip_forward.c, ip_input.c, ip_fragment.c, fib_frontend.c; net/ipv6/ip6_output.c. */
static const struct rule {
	const char *code;
	struct {
		const char *group, *name;
	} counters[COUNTERS];
	const char *const *reasons;
	fits *fits;
	bool bridged;           /* the packet filter does it to bridged frames too */
	bool never_alone;       /* of others' packets it says nothing: they may not have been meant for this host at all */
	const char *why;
	const char *remedy;
} rules[] = {
	{"reverse-path-filter", {{"TcpExt", "IPReversePathFilter"}}, reverse_reasons, filters_reverse, false, false,
	 "the reverse path filter drops them: the way back to their sender is not by the device they come in at (rp_filter)",
	 "sysctl -a | grep rp_filter; ip route get SENDER; where the way back differs on purpose: sysctl -w net.ipv4.conf.DEV.rp_filter=2"},
	{"ip-forward-off", {{"Ip", "InAddrErrors"}, {"Ip6", "InAddrErrors"}}, address_reasons, does_not_forward, false, true,
	 "this host does not route what comes in there (ip_forward, conf.DEV.forwarding)",
	 "sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding; sysctl -a | grep '\\.forwarding'"},
	{"no-route", {{"IpExt", "InNoRoutes"}, {"Ip", "OutNoRoutes"}, {"Ip6", "InNoRoutes"}, {"Ip6", "OutNoRoutes"}}, route_reasons, any_loss,
	 false, false, "this host has no route for them (Network is unreachable)", "ip route get ADDRESS; ip -6 route get ADDRESS; ip rule show"},
	{"too-large-for-device", {{"Ip", "FragFails"}, {"Ip6", "FragFails"}, {"Ip6", "InTooBigErrors"}}, size_reasons, large_ones, true, false,
	 "they are larger than the next device's MTU and must not be cut (fragmentation needed, Packet too big)",
	 "ip link show; do ICMP errors reach the sender? Else lower its MTU, or clamp TCP's segments: nft ... tcp option maxseg size set rt mtu"},
	{"ip-header-errors", {{"Ip", "InHdrErrors"}, {"Ip6", "InHdrErrors"}}, header_reasons, any_loss, false, false,
	 "their IP headers are wrong or their TTL does not reach (InHdrErrors)", "nstat -az IpInHdrErrors IpExtInCsumErrors Ip6InHdrErrors"},
	{"reassembly-fails", {{"Ip", "ReasmFails"}, {"Ip6", "ReasmFails"}}, piece_reasons, any_loss, true, false,
	 "fragments whose other pieces did not come (ReasmFails)",
	 "nstat -az | grep -i reasm; sysctl net.ipv4.ipfrag_high_thresh net.ipv4.ipfrag_time; why do pieces get lost before?"},
};

/* The device at which this host takes the packets in to route them. */
static int taken_in_at(const struct vmp_run *run, const struct vmp_segment *segment)
{
	int sw = vmp_rules_hop(run, VMP_ROLE_SWITCH);

	return segment->direction == VMP_TO_GUEST || sw < 0 ? segment->from : sw;
}

/* Kernel: the stricter of conf.all and the device's own counts (IN_DEV_RPFILTER()). */
static bool filters_reverse(const struct vmp_run *run, const struct vmp_segment *segment)
{
	const char *device = vmp_run_hop_name(run, taken_in_at(run, segment));
	uint64_t all, own;

	if (!vmp_rules_level(run, "sysctl", "", "rp_filter", &all) || !vmp_rules_level(run, "sysctl", device, "rp_filter", &own))
		return true;
	return all > 0 || own > 0;
}

/* IPv4 asks the device, IPv6 the host as a whole (ip_route_input_slow(), ip6_forward()). */
static bool does_not_forward(const struct vmp_run *run, const struct vmp_segment *segment)
{
	const char *device = vmp_run_hop_name(run, taken_in_at(run, segment));
	uint64_t v4 = 1, v6 = 1;

	vmp_rules_level(run, "sysctl", device, "forwarding", &v4);
	vmp_rules_level(run, "sysctl", "", "forwarding6", &v6);
	return (v4 == 0 && vmp_rules_grew(run, "snmp", 0, "Ip", "InAddrErrors", NULL) > 0) ||
	       (v6 == 0 && vmp_rules_grew(run, "snmp", 0, "Ip6", "InAddrErrors", NULL) > 0);
}

static bool large_ones(const struct vmp_run *run, const struct vmp_segment *segment)
{
	(void)run;
	return segment->longest_delivered == 0 || segment->shortest_lost > segment->longest_delivered;
}

static bool any_loss(const struct vmp_run *run, const struct vmp_segment *segment)
{
	(void)run;
	(void)segment;
	return true;
}

static uint64_t count(const struct vmp_run *run, const struct rule *rule)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNTERS && rule->counters[i].name; i++)
		sum += vmp_rules_grew(run, "snmp", 0, rule->counters[i].group, rule->counters[i].name, NULL);
	return sum;
}

static void show(const struct vmp_run *run, struct vmp_finding *finding, const struct rule *rule)
{
	for (size_t i = 0; i < COUNTERS && rule->counters[i].name; i++) {
		const struct vmp_counter *counter =
			vmp_gauges_counter(&run->gauges, "snmp", rule->counters[i].group, rule->counters[i].name);

		if (counter && vmp_counter_grew(counter) > 0)
			vmp_rules_show(finding, counter);
	}
}

static bool concerns(const struct vmp_run *run, const struct vmp_segment *segment, const struct rule *rule)
{
	return vmp_rules_is_routed(run, segment) || (rule->bridged && vmp_rules_is_tracked(run, segment));
}

static bool explain_losses(struct vmp_run *run, const struct rule *rule, uint64_t counted)
{
	bool told = false;

	vmp_vec_foreach (segment, &run->segments) {
		struct vmp_finding *finding = concerns(run, segment, rule) ? vmp_rules_loss_at(run, segment) : NULL;

		if (!finding || !vmp_rules_may_explain(segment, rule->reasons))
			continue;
		told = true;
		if (counted >= vmp_rules_lost(segment) && rule->fits(run, segment) &&
		    vmp_finding_explain(finding, rule->code, "likely %s", rule->why))
			vmp_finding_remedy(finding, "%s", rule->remedy);
		show(run, finding, rule);
	}
	return told;
}

/* Others' packets: a host on a busy network always has some that it does not route, so a few are not worth a word. */
static int add_finding(struct vmp_run *run, const struct rule *rule, uint64_t counted)
{
	struct vmp_finding *finding;

	if (run->path.mode != VMP_PATH_ROUTED || rule->never_alone || counted < MANY)
		return 0;
	finding = vmp_finding_add(&run->findings, rule->code, VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
				  "this host dropped %llu packets, none of them provably of this trace: %s", (ull)counted, rule->why);
	if (!finding)
		return -ENOMEM;
	show(run, finding, rule);
	vmp_finding_remedy(finding, "%s", rule->remedy);
	return 0;
}

int vmp_rule_ip(struct vmp_run *run)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		uint64_t counted = count(run, &rules[i]);

		if (counted > 0 && !explain_losses(run, &rules[i], counted) && add_finding(run, &rules[i], counted) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- sockets of the host that the guest's traffic needs ---------------------------------------------------------------- */

static bool has_tunnel(const struct vmp_run *run)
{
	vmp_vec_foreach (hop, &run->path.hops)
		if (hop->has_tunnel)
			return true;
	return false;
}

/* dnsmasq gives routed guests their addresses and names; what a tunnel carries comes to a socket of the kernel. */
int vmp_rule_udp_sockets(struct vmp_run *run)
{
	static const char *const groups[] = {"Udp", "Udp6"}, *const full[] = {"RcvbufErrors", "MemErrors"};
	bool tunnel = has_tunnel(run), routed = run->path.mode == VMP_PATH_ROUTED;
	uint64_t lost = 0, errors = 0;
	struct vmp_finding *finding;

	for (size_t g = 0; g < 2; g++) {
		for (size_t i = 0; i < 2; i++)
			lost += vmp_rules_grew(run, "snmp", 0, groups[g], full[i], NULL);
		errors += vmp_rules_grew(run, "snmp", 0, groups[g], "InErrors", NULL);
	}
	if (!(routed || tunnel) || (lost == 0 && !(tunnel && errors > 0)))
		return 0;
	finding = vmp_finding_add(&run->findings, "udp-receive-errors", lost ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
				  "sockets of this host refused %llu UDP packets%s: %s may be among those they were for",
				  (ull)(lost > errors ? lost : errors), lost ? ", most of them for want of buffer (RcvbufErrors)" : " (InErrors)",
				  tunnel ? "the tunnel that carries the guest's frames" : "dnsmasq, which gives guests addresses and names,");
	if (!finding)
		return -ENOMEM;
	for (size_t g = 0; g < 2; g++) {
		vmp_vec_foreach (counter, &run->gauges.counters)
			if (strcmp(counter->source, "snmp") == 0 && strcmp(counter->object, groups[g]) == 0 && vmp_counter_grew(counter) > 0)
				vmp_rules_show(finding, counter);
	}
	vmp_finding_remedy(finding, "nstat -az | grep -i udp; which socket is it? ss -uamnp (skmem: d is what it dropped); "
			   "sysctl net.core.rmem_default net.core.rmem_max");
	return 0;
}
