/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beyond this host: what left and was not heard, what should have come and did not. */
#include "finding/rules.h"

#include "base/addr.h"

#include <errno.h>

typedef unsigned long long ull;

enum { AGAIN_ASKED = 2, UNANSWERED_ASKED = 2 };

/* Loss of answers inside this host is no news from beyond it. */
static bool loses_from_guest(const struct vmp_run *run)
{
	vmp_vec_foreach (segment, &run->segments)
		if (segment->direction == VMP_FROM_GUEST && segment->lost + segment->unsure_lost > 0)
			return true;
	return false;
}

static bool loses_to_guest(const struct vmp_run *run)
{
	int guest = vmp_rules_hop(run, VMP_ROLE_GUEST);

	vmp_vec_foreach (segment, &run->segments)
		if (segment->direction == VMP_TO_GUEST && segment->lost + segment->unsure_lost > 0 && segment->to != guest)
			return true;
	return false;
}

/* A peer repeats its question after the guest's answer left this host towards it. */
int vmp_rule_lost_beyond_host(struct vmp_run *run)
{
	int edge = vmp_rules_edge(run), network = vmp_rules_hop(run, VMP_ROLE_NETWORK);

	if (edge < 0 || network < 0 || loses_from_guest(run))
		return 0;
	for (size_t i = 0; i < run->exchanges.n; i++) {
		const struct vmp_exchange *exchange = &run->exchanges.v[i];
		char asker[VMP_IP_STRLEN], asked_of[VMP_IP_STRLEN];
		bool tool = vmp_rules_tool_asks(exchange);
		struct vmp_finding *finding;

		if (exchange->direction != VMP_TO_GUEST || exchange->asked_again < AGAIN_ASKED)
			continue;
		finding = vmp_finding_add(&run->findings, "lost-beyond-host", tool ? VMP_SEVERITY_WARNING : VMP_SEVERITY_CRITICAL,
					  tool ? VMP_CONFIDENCE_WEAK : VMP_CONFIDENCE_LIKELY,
					  "the guest's answers leave %sat %s and the peer keeps asking: they are lost beyond %s%s",
					  run->foreign ? "" : "this host ", vmp_run_hop_name(run, edge), run->foreign ? "it" : "this host",
					  tool ? ", unless a tool like arping asks on purpose" : "");
		if (!finding)
			return -ENOMEM;
		vmp_finding_place(finding, VMP_FROM_GUEST, edge, network);
		finding->packets = exchange->asked_again;
		vmp_finding_evidence(finding, "%s: %s repeats its question to %s %llu times after the answer had left at %s",
				     vmp_rules_questions(exchange->kind), vmp_ip_format(&exchange->asker, asker),
				     vmp_ip_format(&exchange->asked_of, asked_of), (ull)exchange->asked_again,
				     vmp_run_hop_name(run, edge));
		vmp_finding_remedy(finding, "capture at the peer and at the switch: does what leaves %s arrive? check the VLAN, the switch's MAC "
				   "table for the peer, the way back", vmp_run_hop_name(run, edge));
	}
	return 0;
}

/* The answer arrived, and is not what was asked for. Whoever looks for half-open ports does not ask again. */
int vmp_rule_answers_refused(struct vmp_run *run)
{
	for (size_t i = 0; i < run->exchanges.n; i++) {
		const struct vmp_exchange *exchange = &run->exchanges.v[i];
		bool asks = exchange->direction == VMP_FROM_GUEST;
		char asker[VMP_IP_STRLEN], asked_of[VMP_IP_STRLEN];
		struct vmp_finding *finding;

		if (exchange->answers_refused < AGAIN_ASKED)
			continue;
		finding = vmp_finding_add(&run->findings, "answers-refused", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_LIKELY,
					  "%s gets %s answers, refuses them and asks again: it did not ask the address that they come from",
					  asks ? "the guest" : "a peer", asks ? "its" : "the guest's");
		if (!finding)
			return -ENOMEM;
		finding->packets = exchange->answers_refused;
		vmp_finding_evidence(finding, "%s: repeated %llu times after a reset for the answer; e.g. %s asks %s",
				     vmp_rules_questions(exchange->kind), (ull)exchange->answers_refused,
				     vmp_ip_format(&exchange->asker, asker), vmp_ip_format(&exchange->asked_of, asked_of));
		vmp_finding_remedy(finding, "where a DNAT rule leads to %s, answers must come back by the host that has the rule: make it their "
				   "next hop, or let it translate the source as well (SNAT)", asks ? "the one asked" : "the guest");
	}
	return 0;
}

/* A VNI is a network of its own, so the same MAC in another one means something only where the right one brings nothing. */
int vmp_rule_wrong_vni(struct vmp_run *run)
{
	const struct vmp_observations *seen = &run->observations;
	struct vmp_finding *finding;
	int hop = 0;

	while ((size_t)hop < run->path.hops.n && !run->path.hops.v[hop].has_tunnel)
		hop++;
	if (seen->wrong_vni_frames == 0 || (size_t)hop == run->path.hops.n)
		return 0;
	finding = vmp_finding_add(&run->findings, "wrong-vni",
				  run->seen.v[hop].unicast_to_guest ? VMP_SEVERITY_INFO : VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
				  "%llu frames to the guest's MAC come in at %s with VNI %u; this path takes %u", (ull)seen->wrong_vni_frames,
				  vmp_run_hop_name(run, hop), seen->wrong_vni, run->path.hops.v[hop].tunnel.vni);
	if (!finding)
		return -ENOMEM;
	vmp_finding_remedy(finding, "compare the VNI at both ends of the tunnel: ip -d link show type vxlan");
	return 0;
}

/* Does this host route between the last hop that was observed and the network? */
static bool is_routed_beyond(const struct vmp_run *run, int edge)
{
	return run->path.mode == VMP_PATH_ROUTED && !(edge >= 0 && run->path.hops.v[edge].routed);
}

/* On a routed path this host itself resolves addresses for the guest: that says nothing about what lies beyond it. */
static bool is_answered_here(const struct vmp_run *run, const struct vmp_exchange *exchange)
{
	return run->path.mode == VMP_PATH_ROUTED && (exchange->kind == VMP_EXCHANGE_ARP || exchange->kind == VMP_EXCHANGE_ND);
}

/* The network answers something of the guest's: then it is not deaf. */
static bool network_answers(const struct vmp_run *run)
{
	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->direction == VMP_FROM_GUEST && exchange->answered > 0 && !is_answered_here(run, exchange))
			return true;
	return false;
}

/*
 * Does other traffic come in, so that it is this one neighbour that does not answer and not the network? On a routed path
 * the host's own packets come in as well; there only connections that go on tell.
 */
static bool others_come_in(const struct vmp_run *run, int edge)
{
	if (is_routed_beyond(run, edge))
		return run->observations.guest_tcp_packets > 0;
	return run->seen.v[edge].unicast_to_guest > 0;
}

/* The one the guest asks for in vain is the one that waits for its answer: that is what the guest's silence comes from. */
static bool blocks_answers(const struct vmp_run *run, const struct vmp_exchange *unanswered)
{
	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->direction == VMP_TO_GUEST && exchange->answered < exchange->reached &&
		    vmp_ip_equal(&exchange->asked_of, &unanswered->asker))
			return true;
	return false;
}

/* Frames to the guest that captures on this host's edge lost: answers may be among them. */
static uint64_t unseen_answers(const struct vmp_run *run)
{
	uint64_t unseen = 0;

	for (size_t i = 0; i < run->path.hops.n; i++)
		if (run->path.hops.v[i].role != VMP_ROLE_BACKEND)
			unseen += vmp_rules_unseen(run, (int)i, VMP_TO_GUEST);
	return unseen;
}

/* The guest's questions leave, and nothing comes back to any of them. */
int vmp_rule_nothing_arrives(struct vmp_run *run)
{
	int edge = vmp_rules_edge(run), network = vmp_rules_hop(run, VMP_ROLE_NETWORK);
	const struct vmp_exchange *worst = NULL;
	const struct vmp_path_fact *xdp = vmp_rules_xdp(run, edge);
	char asker[VMP_IP_STRLEN], asked_of[VMP_IP_STRLEN];
	struct vmp_finding *finding;
	bool deaf, routed = is_routed_beyond(run, edge);

	if (edge < 0 || network < 0 || network_answers(run) || loses_from_guest(run) || loses_to_guest(run))
		return 0;
	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->direction == VMP_FROM_GUEST && exchange->reached >= UNANSWERED_ASKED &&
		    exchange->answered == 0 && (!worst || exchange->reached > worst->reached))
			worst = exchange;
	if (!worst || worst->reached <= unseen_answers(run))
		return 0;
	deaf = !others_come_in(run, edge) || blocks_answers(run, worst);
	finding = vmp_finding_add(&run->findings, deaf ? "nothing-arrives" : "questions-unanswered",
				  !deaf ? VMP_SEVERITY_INFO : routed ? VMP_SEVERITY_WARNING : VMP_SEVERITY_CRITICAL,
				  routed ? VMP_CONFIDENCE_WEAK : VMP_CONFIDENCE_LIKELY,
				  routed ? "the guest's %s reach this host's routing at %s and no answer comes back"
					 : "the guest's %s leave this host at %s and no answer comes in%s",
				  vmp_rules_questions(worst->kind), vmp_run_hop_name(run, edge),
				  xdp ? ", or an XDP program drops the answers" : "");
	if (!finding)
		return -ENOMEM;
	vmp_finding_place(finding, VMP_TO_GUEST, network, edge);
	finding->packets = worst->reached;
	vmp_finding_evidence(finding, "asked %llu times, answered never; mostly %s asks for %s", (ull)worst->reached,
			     vmp_ip_format(&worst->asker, asker), vmp_ip_format(&worst->asked_of, asked_of));
	if (xdp)
		vmp_finding_evidence(finding, "%s", xdp->detail);
	if (routed)
		vmp_finding_evidence(finding, "between %s and the network lie this host's own routing, packet filter and address translation, "
				     "which were not observed: the loss may be there", vmp_run_hop_name(run, edge));
	vmp_finding_remedy(finding, "is %s alive, and in the same network? capture there; check the switch port and VLAN behind %s",
			   vmp_ip_format(&worst->asked_of, asked_of), vmp_run_hop_name(run, edge));
	return 0;
}

/* This host cannot send on what nobody takes: that is no loss of its own, and yet the guest's packets go nowhere. */
int vmp_rule_next_hop_silent(struct vmp_run *run)
{
	vmp_vec_foreach (segment, &run->segments) {
		struct vmp_finding *finding;
		uint64_t waiting = segment->unsure_why[VMP_UNSURE_NEIGHBOUR];
		bool to_guest = segment->direction == VMP_TO_GUEST;

		if (waiting == 0)
			continue;
		finding = vmp_finding_add(&run->findings, "next-hop-silent", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
					  "%llu packets %s does not answer this host's ARP or neighbour discovery at %s", (ull)waiting,
					  to_guest ? "are for the guest, which" : "from the guest are for a next hop that",
					  vmp_run_hop_name(run, segment->to));
		if (!finding)
			return -ENOMEM;
		vmp_finding_place(finding, segment->direction, segment->from, segment->to);
		finding->packets = waiting;
		vmp_finding_remedy(finding, "ip neigh show dev %s; is %s alive, and in the same network and VLAN?",
				   vmp_run_hop_name(run, segment->to), to_guest ? "the guest" : "the next hop");
	}
	return 0;
}
