/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that were seen before a segment and provably not after it. */
#include "finding/rules.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *towards(enum vmp_direction direction)
{
	return direction == VMP_TO_GUEST ? "to the guest" : "from the guest";
}

enum stops { STOPS_NEITHER, STOPS_TO_GUEST, STOPS_BOTH };

/*
 * Facts of the path that make packets vanish between two hops: told again where packets did vanish, with the command that
 * shows what is set.
 */
static const struct {
	const char *code, *remedy;
	enum stops stops;       /* of which direction nothing passes then: where nothing did, it is why */
} explaining_facts[] = {
	{"port-not-forwarding", "bridge -d link show", STOPS_BOTH},
	{"port-isolated", "bridge -d link show", STOPS_BOTH},
	{"port-locked", "bridge -d link show; bridge fdb show", STOPS_NEITHER},
	{"bridge-down", "ip -d link show", STOPS_BOTH},
	{"backend-down", "ip -d link show", STOPS_TO_GUEST},
	{"no-master", "ip -d link show; bridge link show", STOPS_BOTH},
	{"wrong-master", "ip -d link show; bridge link show", STOPS_BOTH},
	{"mac-on-other-port", "bridge fdb show | grep -i GUEST-MAC", STOPS_TO_GUEST},
	{"mac-local", "bridge fdb show | grep -i GUEST-MAC", STOPS_TO_GUEST},
	{"duplicate-mac", "bridge fdb show | grep -i GUEST-MAC", STOPS_NEITHER},
	{"macvtap-mac-differs", "ip -d link show", STOPS_NEITHER},
	{"flood-off", "bridge -d link show", STOPS_NEITHER},
	{"broadcast-off", "bridge -d link show", STOPS_NEITHER},
	{"guest-vlan-missing", "bridge vlan show", STOPS_BOTH},
	{"xdp-attached", "ip -d link show; bpftool net show", STOPS_NEITHER},
	{"bridge-nf-on", NULL, STOPS_NEITHER}, /* the packet filter: what is looked at anyway */
};

enum { EXPLAINING = sizeof(explaining_facts) / sizeof(*explaining_facts) };

/* Tell what explains the loss. Returns the command of the first such fact that has one, NULL for none. */
static const char *add_explaining_facts(const struct vmp_run *run, struct vmp_finding *finding)
{
	const char *remedy = NULL;

	for (int i = 0; i < EXPLAINING; i++) {
		vmp_vec_foreach (fact, &run->path.facts) {
			if (strcmp(fact->code, explaining_facts[i].code) != 0)
				continue;
			vmp_finding_evidence(finding, "%s: %s", fact->code, fact->detail);
			if (!remedy)
				remedy = explaining_facts[i].remedy;
		}
	}
	return remedy;
}

static void add_size_evidence(const struct vmp_run *run, const struct vmp_segment *segment, struct vmp_finding *finding)
{
	if (!vmp_rules_only_large(segment))
		return;
	vmp_finding_evidence(finding, "only large packets are lost: the longest that passed has %u bytes, the shortest lost %u",
			     segment->longest_delivered, segment->shortest_lost);
	vmp_vec_foreach (fact, &run->path.facts)
		if (strcmp(fact->code, "mtu-smaller") == 0)
			vmp_finding_evidence(finding, "mtu-smaller: %s", fact->detail);
}

static void add_time_evidence(const struct vmp_segment *segment, struct vmp_finding *finding)
{
	char first[VMP_RFC3339_STRLEN], last[VMP_RFC3339_STRLEN];

	if (!segment->has_first_lost)
		return;
	vmp_finding_evidence(finding, "first lost: packet id %llu at %s, last at %s", (unsigned long long)segment->first_lost_id,
			     vmp_clock_rfc3339(segment->first_lost_ns, first), vmp_clock_rfc3339(segment->last_lost_ns, last));
}

/* Where to look, by what lies between the two hops. */
static void add_remedy(const struct vmp_run *run, const struct vmp_segment *segment, const char *explained,
		       struct vmp_finding *finding)
{
	const char *to = vmp_run_hop_name(run, segment->to), *from = vmp_run_hop_name(run, segment->from);
	const char *device = segment->direction == VMP_TO_GUEST ? to : from;

	if (segment->elsewhere && segment->direction == VMP_FROM_GUEST)
		vmp_finding_remedy(finding, "bridge fdb show: at which port stands the MAC that these packets go to, and why?");
	else if (segment->elsewhere)
		vmp_finding_remedy(finding, "bridge fdb show | grep -i GUEST-MAC; find who else uses this MAC");
	else if (segment->wrong_tag)
		vmp_finding_remedy(finding, "compare the VLAN of the switch port with this path: ip -d link show dev %s", to);
	else if (vmp_rules_only_large(segment))
		vmp_finding_remedy(finding, "compare the MTUs: ip link show dev %s; ip link show dev %s", from, to);
	else if (run->path.hops.v[segment->from].inactive)
		vmp_finding_remedy(finding, "cat /proc/net/bonding/%s; does the switch know which slave is the active one?", to);
	else if (explained)
		vmp_finding_remedy(finding, "%s", explained);
	else if (run->foreign)
		vmp_finding_remedy(finding, "what lies between %s and %s? packet filters, queues (tc -s qdisc), MTUs, VLANs; "
				   "vmpath trace on the host itself sees more", from, to);
	else if (run->path.mode == VMP_PATH_OVS)
		vmp_finding_remedy(finding, "ovs-appctl dpctl/dump-flows; ovs-appctl ofproto/trace BRIDGE in_port=%s,dl_dst=MAC", from);
	else
		vmp_finding_remedy(finding,
				   "nft -a list ruleset; iptables -L FORWARD -nv; bridge -d link show dev %s; tc -s qdisc show dev %s",
				   device, to);
}

/* "40", or the bounds: "at least 40, at most 55". */
static const char *format_lost(const struct vmp_segment *segment, char *buf, size_t len)
{
	unsigned long long least = segment->lost + segment->unsure_lost, most = segment->lost + segment->unsure;

	snprintf(buf, len, least == most ? "%llu" : "at least %llu, at most %llu", least, most);
	return buf;
}

static void add_bound_evidence(const struct vmp_run *run, const struct vmp_segment *segment, struct vmp_finding *finding)
{
	if (segment->unsure_lost)
		vmp_finding_evidence(finding, "%llu packets are missing where captures lost frames; these can have been %llu of them at most, so "
				     "%llu are lost", (unsigned long long)segment->unsure_why[VMP_UNSURE_CAPTURE_LOSS],
				     (unsigned long long)(segment->unsure_why[VMP_UNSURE_CAPTURE_LOSS] - segment->unsure_lost),
				     (unsigned long long)segment->unsure_lost);
	if (segment->unsure_lost)
		vmp_finding_evidence(finding, "with --buffer the captures would lose fewer%s", run->filter ? "" : ", and with a filter");
}

/* A capture file that does not say whether it is whole. */
static bool rests_on_file(const struct vmp_run *run, const struct vmp_segment *segment)
{
	const struct vmp_hop_seen *seen = (size_t)segment->to < run->seen.n ? &run->seen.v[segment->to] : NULL;
	const struct vmp_point *point = seen && seen->has_point ? &run->points.v[seen->point] : NULL;

	return segment->assumed || (point && point->is_file && !point->tells_drops);
}

static void add_file_evidence(const struct vmp_run *run, const struct vmp_segment *segment, struct vmp_finding *finding)
{
	const char *from = vmp_run_hop_name(run, segment->from), *to = vmp_run_hop_name(run, segment->to);

	if (segment->assumed)
		vmp_finding_evidence(finding, "none of these packets is in the capture at %s: that they are lost rests on it having run at the same "
				     "time as the one at %s", to, from);
	else if (rests_on_file(run, segment))
		vmp_finding_evidence(finding, "the capture at %s does not say whether it missed frames", to);
}

static int add_loss(struct vmp_run *run, const struct vmp_segment *segment)
{
	const char *from = vmp_run_hop_name(run, segment->from), *to = vmp_run_hop_name(run, segment->to);
	bool astray = segment->elsewhere > 0 && segment->elsewhere * 2 >= segment->lost;
	const char *port = astray ? vmp_run_hop_name(run, segment->elsewhere_hop) : NULL;
	const char *owner = astray ? run->path.hops.v[segment->elsewhere_hop].owner : NULL;
	char lost[80];
	struct vmp_finding *finding =
		vmp_finding_add(&run->findings, "lost-in-host", VMP_SEVERITY_CRITICAL,
				rests_on_file(run, segment) ? VMP_CONFIDENCE_LIKELY : VMP_CONFIDENCE_CERTAIN,
				"%s of %llu packets %s vanish %sbetween %s and %s%s%s%s%s", format_lost(segment, lost, sizeof(lost)),
				(unsigned long long)segment->offered, towards(segment->direction), run->foreign ? "" : "in this host ", from, to,
				astray ? "; they are seen at " : "", astray ? port : "", owner ? ", which belongs to guest " : "",
				owner ? owner : "");

	if (!finding)
		return -ENOMEM;
	vmp_finding_place(finding, segment->direction, segment->from, segment->to);
	finding->packets = segment->lost + segment->unsure_lost;
	vmp_finding_evidence(finding, "seen at %s: %llu; of these seen at %s: %llu, not seen within %llu ms: %llu, unsure: %llu", from,
			     (unsigned long long)segment->offered, to, (unsigned long long)segment->delivered,
			     (unsigned long long)(run->settle_ns / VMP_NS_PER_MS), (unsigned long long)segment->lost,
			     (unsigned long long)segment->unsure);
	add_bound_evidence(run, segment, finding);
	add_time_evidence(segment, finding);
	add_file_evidence(run, segment, finding);
	if (segment->wrong_tag)
		vmp_finding_evidence(finding, "%llu of them carry VLAN tag %u at %s; this path takes tag %u",
				     (unsigned long long)segment->wrong_tag, segment->wrong_tag_id, from,
				     run->path.hops.v[segment->from].tag);
	if (segment->elsewhere && run->path.hops.v[segment->elsewhere_hop].role == VMP_ROLE_SWITCH)
		vmp_finding_evidence(finding, "%llu of them were taken up by the host itself at %s: it believes the MAC to be its own",
				     (unsigned long long)segment->elsewhere, vmp_run_hop_name(run, segment->elsewhere_hop));
	else if (segment->elsewhere)
		vmp_finding_evidence(finding, "%llu of them were seen leaving at %s instead%s%s",
				     (unsigned long long)segment->elsewhere, vmp_run_hop_name(run, segment->elsewhere_hop),
				     run->path.hops.v[segment->elsewhere_hop].owner ? ", which belongs to guest " : "",
				     run->path.hops.v[segment->elsewhere_hop].owner ? run->path.hops.v[segment->elsewhere_hop].owner : "");
	if (run->path.hops.v[segment->from].inactive)
		vmp_finding_evidence(finding, "%s is not the active slave of its bond: what arrives there is dropped", from);
	add_size_evidence(run, segment, finding);
	add_remedy(run, segment, add_explaining_facts(run, finding), finding);
	return 0;
}

int vmp_rule_lost_in_host(struct vmp_run *run)
{
	int guest = vmp_rules_hop(run, VMP_ROLE_GUEST);

	for (size_t i = 0; i < run->segments.n; i++) {
		const struct vmp_segment *segment = &run->segments.v[i];

		if (segment->lost + segment->unsure_lost > 0 && segment->to != guest && add_loss(run, segment) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- where nobody else knows why ------------------------------------------------------------------------------------ */

/* Settings that let nothing through, or nothing that is large. */
static const struct vmp_path_fact *find_obstacle(const struct vmp_run *run, const struct vmp_segment *segment)
{
	vmp_vec_foreach (fact, &run->path.facts) {
		if (strcmp(fact->code, "mtu-smaller") == 0 && fact->hop == segment->to && vmp_rules_only_large(segment))
			return fact;
		for (int i = 0; i < EXPLAINING && segment->delivered == 0; i++)
			if (explaining_facts[i].stops > (segment->direction == VMP_TO_GUEST ? STOPS_NEITHER : STOPS_TO_GUEST) &&
			    strcmp(fact->code, explaining_facts[i].code) == 0)
				return fact;
	}
	return NULL;
}

int vmp_rule_obstacles(struct vmp_run *run)
{
	int guest = vmp_rules_hop(run, VMP_ROLE_GUEST);

	vmp_vec_foreach (segment, &run->segments) {
		struct vmp_finding *finding = segment->lost && segment->to != guest ? vmp_rules_loss_at(run, segment) : NULL;
		const struct vmp_path_fact *fact = finding && !finding->cause[0] ? find_obstacle(run, segment) : NULL;

		if (fact)
			vmp_finding_explain(finding, fact->code, "%s", fact->detail);
	}
	return 0;
}

/* ---- an uplink that is down is no capture point, so no segment ends there ------------------------------------------- */

static const struct vmp_path_fact *find_fact(const struct vmp_run *run, const char *code)
{
	vmp_vec_foreach (fact, &run->path.facts)
		if (fact->hop >= 0 && strcmp(fact->code, code) == 0)
			return fact;
	return NULL;
}

static bool was_observed(const struct vmp_run *run, int hop)
{
	return run->seen.v[hop].has_point && run->points.v[run->seen.v[hop].point].opened;
}

/*
 * Questions of the guest of which none was answered and none went to a port of this host that it was meant for. That they
 * were flooded to other guests means nothing.
 */
static uint64_t asked_in_vain(const struct vmp_run *run)
{
	uint64_t asked = 0;

	vmp_vec_foreach (segment, &run->segments)
		if (segment->direction == VMP_FROM_GUEST && segment->delivered > 0)
			return 0;
	vmp_vec_foreach (exchange, &run->exchanges) {
		if (exchange->direction != VMP_FROM_GUEST)
			continue;
		if (exchange->answered > 0)
			return 0;
		asked += exchange->asked;
	}
	return asked;
}

static int add_down(struct vmp_run *run, const struct vmp_path_fact *fact, uint64_t packets)
{
	int from = run->path.backend;
	struct vmp_finding *finding =
		vmp_finding_add(&run->findings, "lost-in-host", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_LIKELY,
				"%llu packets %s reach %s and cannot go on: %s is down", (unsigned long long)packets,
				towards(VMP_FROM_GUEST), vmp_run_hop_name(run, from), vmp_run_hop_name(run, fact->hop));

	if (!finding)
		return -ENOMEM;
	vmp_finding_place(finding, VMP_FROM_GUEST, from, fact->hop);
	finding->packets = packets;
	vmp_finding_evidence(finding, "%s: %s", fact->code, fact->detail);
	vmp_finding_remedy(finding, "ip link set dev %s up", vmp_run_hop_name(run, fact->hop));
	return 0;
}

int vmp_rule_lost_at_down_device(struct vmp_run *run)
{
	const struct vmp_path_fact *uplink = find_fact(run, "uplink-down");
	uint64_t packets;

	if (uplink && run->path.backend >= 0 && !was_observed(run, uplink->hop)) {
		packets = asked_in_vain(run);
		if (packets > 0 && add_down(run, uplink, packets) < 0)
			return -ENOMEM;
	}
	return 0;
}
