/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic that explains itself: what packets say of why others fail. */
#include "finding/rules.h"

#include "base/addr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull;

enum {
	IGNORED = 3,            /* this often told of a size, the sender does not listen */
	LOOPING = 10,           /* so many out of hops at one place are no traceroute, which sends three */
	ALTERNATING = 2,
	DHCP_ASKED = 2, ROUTER_ASKED = 3,
	STORM_A_SECOND = 1000,
	MANY_REFUSALS = 2,
};

#define PORT_UNREACHABLE4 3
#define PORT_UNREACHABLE6 4

/* ---- ICMP errors ---------------------------------------------------------------------------------------------------- */

enum error { ERROR_OTHER, ERROR_TOO_BIG, ERROR_UNREACHABLE, ERROR_PORT, ERROR_HOPS };

static enum error error_of(const struct vmp_sign *sign)
{
	if (sign->six)
		return sign->type == 2   ? ERROR_TOO_BIG
		       : sign->type == 3 ? ERROR_HOPS
		       : sign->type != 1 ? ERROR_OTHER
		       : sign->code == PORT_UNREACHABLE6 ? ERROR_PORT
							 : ERROR_UNREACHABLE;
	return sign->type == 11  ? (sign->code == 0 ? ERROR_HOPS : ERROR_OTHER)
	       : sign->type != 3 ? ERROR_OTHER
	       : sign->code == 4 ? ERROR_TOO_BIG
	       : sign->code == PORT_UNREACHABLE4 || sign->code == 2 ? ERROR_PORT
								   : ERROR_UNREACHABLE;
}

/* Words of RFC 792, RFC 1812 and RFC 4443. */
static const char *unreachable_words(const struct vmp_sign *sign)
{
	static const char *const four[] = {
		[0] = "network unreachable", [1] = "host unreachable", [5] = "source route failed", [6] = "network unknown", [7] = "host unknown",
		[9] = "network prohibited", [10] = "host prohibited", [11] = "network unreachable for this service",
		[12] = "host unreachable for this service", [13] = "communication prohibited by a packet filter",
		[14] = "host precedence violation", [15] = "precedence cutoff",
	};
	static const char *const six[] = {
		[0] = "no route to destination", [1] = "prohibited by a packet filter", [2] = "beyond scope of source address",
		[3] = "address unreachable", [5] = "source address failed policy", [6] = "route rejected",
	};
	size_t n = sign->six ? sizeof(six) / sizeof(*six) : sizeof(four) / sizeof(*four);
	const char *words = sign->code < n ? (sign->six ? six : four)[sign->code] : NULL;

	return words ? words : "unreachable";
}

/* The same thing may be seen at several hops: it is told once, by where most of it was seen, the nearest to its source of equals. */
static bool is_told_elsewhere(const struct vmp_run *run, const struct vmp_sign *sign)
{
	vmp_vec_foreach (other, &run->signs) {
		if (other == sign || other->kind != sign->kind || other->direction != sign->direction || other->six != sign->six ||
		    other->type != sign->type || other->code != sign->code || other->tag != sign->tag ||
		    memcmp(&other->ip, &sign->ip, sizeof(sign->ip)) != 0 || memcmp(&other->about, &sign->about, sizeof(sign->about)) != 0 ||
		    !vmp_mac_equal(&other->mac, &sign->mac) || !vmp_mac_equal(&other->other_mac, &sign->other_mac) ||
		    (sign->kind == VMP_SIGN_REFUSAL && other->port != sign->port))
			continue;
		if (other->packets > sign->packets || (other->packets == sign->packets && other < sign))
			return true;
	}
	return false;
}

static struct vmp_finding *add_error(struct vmp_run *run, const struct vmp_sign *sign, const char *code, enum vmp_severity severity,
				     const char *says)
{
	char who[VMP_IP_STRLEN], about[VMP_IP_STRLEN];
	bool guests = sign->direction == VMP_TO_GUEST;
	struct vmp_finding *finding =
		vmp_finding_add(&run->findings, code, severity, VMP_CONFIDENCE_CERTAIN, "%s tells %s: %s%s%s", vmp_ip_format(&sign->ip, who),
				guests ? "the guest" : "a peer", says, guests ? ", about its packets for " : ", about packets for ",
				vmp_ip_format(&sign->about, about));

	if (!finding)
		return NULL;
	finding->packets = sign->packets;
	vmp_finding_evidence(finding, "%llu ICMP%s errors (type %u, code %u) at %s; the first quotes a packet of protocol %u (6: TCP, 17: UDP, "
			     "1 and 58: ICMP)", (ull)sign->packets, sign->six ? "v6" : "", sign->type, sign->code,
			     vmp_run_hop_name(run, sign->hop), sign->proto);
	return finding;
}

/* A stretch where packets that are too large for this size, and no others, are lost: this host drops them and says so. */
static bool explains_large(struct vmp_run *run, const struct vmp_sign *sign)
{
	bool explained = false;

	for (size_t i = 0; sign->mtu && i < run->segments.n; i++) {
		const struct vmp_segment *segment = &run->segments.v[i];
		char who[VMP_IP_STRLEN];

		if (segment->lost == 0 || segment->shortest_lost <= sign->mtu ||
		    segment->direction != (sign->direction == VMP_TO_GUEST ? VMP_FROM_GUEST : VMP_TO_GUEST))
			continue;
		if (vmp_finding_explain(vmp_rules_loss_at(run, segment), "packet-too-big",
					"they are too large to go on, as %s says, which takes %u bytes", vmp_ip_format(&sign->ip, who), sign->mtu)) {
			struct vmp_finding *loss = vmp_rules_loss_at(run, segment);

			vmp_finding_evidence(loss, "%llu ICMP errors \"%s\", MTU %u; the shortest lost packet has %u bytes", (ull)sign->packets,
					     sign->six ? "packet too big" : "fragmentation needed", sign->mtu, segment->shortest_lost);
			vmp_finding_remedy(loss, "ip link show: compare the MTUs of this host's devices with the sender's; tracepath %s",
					   vmp_ip_format(&sign->about, who));
			explained = true;
		}
	}
	return explained;
}

static int too_big(struct vmp_run *run, const struct vmp_sign *sign)
{
	char says[96];
	struct vmp_finding *finding;
	bool ignored = sign->packets >= IGNORED;

	if (explains_large(run, sign))
		return 0;
	if (sign->mtu)
		snprintf(says, sizeof(says), "packet too big, the next link takes %u bytes", sign->mtu);
	else
		snprintf(says, sizeof(says), "packet too big, without saying what the next link takes");
	finding = add_error(run, sign, "packet-too-big", ignored ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO, says);
	if (!finding)
		return -ENOMEM;
	if (ignored)
		vmp_finding_evidence(finding, "told so often, the sender goes on sending packets that large: it does not get the errors, or "
				     "ignores them");
	vmp_finding_remedy(finding, "lower the sender's MTU%s, or let ICMP \"%s\" through on the whole way back",
			   sign->direction == VMP_TO_GUEST ? " (the guest's: <mtu size=''/>, or inside it)" : "",
			   sign->six ? "packet too big" : "fragmentation needed");
	return 0;
}

/* The guest asks this destination in vain, and here is why. */
static bool explains_silence(struct vmp_run *run, const struct vmp_sign *sign, const char *says)
{
	char who[VMP_IP_STRLEN];

	if (sign->direction != VMP_TO_GUEST)
		return false;
	vmp_vec_foreach (exchange, &run->exchanges) {
		if (exchange->direction != VMP_FROM_GUEST || exchange->answered > 0 || !vmp_ip_equal(&exchange->asked_of, &sign->about))
			continue;
		vmp_vec_foreach (finding, &run->findings)
			if ((strcmp(finding->code, "nothing-arrives") == 0 || strcmp(finding->code, "questions-unanswered") == 0) &&
			    finding->packets == exchange->reached &&
			    vmp_finding_explain(finding, "destination-unreachable", "%s says: %s", vmp_ip_format(&sign->ip, who), says)) {
				vmp_finding_evidence(finding, "%llu ICMP errors that quote the guest's packets, seen at %s", (ull)sign->packets,
						     vmp_run_hop_name(run, sign->hop));
				return true;
			}
	}
	return false;
}

static int unreachable(struct vmp_run *run, const struct vmp_sign *sign)
{
	const char *says = unreachable_words(sign);
	struct vmp_finding *finding;

	if (explains_silence(run, sign, says))
		return 0;
	finding = add_error(run, sign, "destination-unreachable", VMP_SEVERITY_WARNING, says);
	if (!finding)
		return -ENOMEM;
	vmp_finding_remedy(finding, "look at the one that says it: its route, its neighbours, its packet filter");
	return 0;
}

static int port_closed(struct vmp_run *run, const struct vmp_sign *sign)
{
	struct vmp_finding *finding =
		add_error(run, sign, "port-unreachable", VMP_SEVERITY_INFO, "nothing listens on the port, or a packet filter rejects it");

	if (!finding)
		return -ENOMEM;
	if (sign->port)
		vmp_finding_evidence(finding, "for example port %u", sign->port);
	vmp_finding_remedy(finding, "%s: ss -lun; its packet filter", sign->direction == VMP_FROM_GUEST ? "in the guest" : "at the one asked");
	return 0;
}

static int out_of_hops(struct vmp_run *run, const struct vmp_sign *sign)
{
	bool loop = sign->packets >= LOOPING;
	struct vmp_finding *finding = add_error(run, sign, "ttl-exceeded", loop ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO,
						"the hop limit (TTL) was used up on the way");

	if (!finding)
		return -ENOMEM;
	vmp_finding_evidence(finding, loop ? "that many are no traceroute: a routing loop, or a sender whose TTL is too small"
					   : "a few are what traceroute makes");
	vmp_finding_remedy(finding, "traceroute -n towards the destination: does the way come back to the same router?");
	return 0;
}

static int add_icmp(struct vmp_run *run, const struct vmp_sign *sign)
{
	switch (error_of(sign)) {
	case ERROR_TOO_BIG: return too_big(run, sign);
	case ERROR_UNREACHABLE: return unreachable(run, sign);
	case ERROR_PORT: return port_closed(run, sign);
	case ERROR_HOPS: return out_of_hops(run, sign);
	case ERROR_OTHER: break;
	}
	return 0;
}

/* ---- who owns an address ---------------------------------------------------------------------------------------------- */

/* Another card of the same guest: it may well answer for all its addresses. */
static bool is_guests_mac(const struct vmp_run *run, const struct vmp_mac *mac)
{
	vmp_vec_foreach (nic, &run->guest.nics)
		if (nic->has_mac && vmp_mac_equal(&nic->mac, mac))
			return true;
	return false;
}

static int add_duplicate(struct vmp_run *run, const struct vmp_sign *sign)
{
	char ip[VMP_IP_STRLEN], mac[VMP_MAC_STRLEN];
	struct vmp_finding *finding;
	bool first = false;

	/* A guest that leaves off has handed the address over, as a failover does. */
	if (sign->again < ALTERNATING || is_guests_mac(run, &sign->mac))
		return 0;
	vmp_ip_format(&sign->ip, ip);
	vmp_mac_format(&sign->mac, mac);
	for (size_t i = 0; i < run->findings.n && !first; i++) {
		finding = &run->findings.v[i];
		if (strcmp(finding->code, "lost-beyond-host") == 0 || strcmp(finding->code, "nothing-arrives") == 0)
			first = vmp_finding_explain(finding, "duplicate-address",
						    "likely since another station, %s, has the guest's address %s too", mac, ip);
	}
	if (!first)
		finding = vmp_finding_add(&run->findings, "duplicate-address", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_LIKELY,
					  "another station, %s, has the guest's address %s too", mac, ip);
	if (!finding)
		return -ENOMEM;
	vmp_finding_evidence(finding, "%llu ARP or ND packets at %s say that %s is at %s; after the first of them the guest used it %llu times",
			     (ull)sign->packets, vmp_run_hop_name(run, sign->hop), ip, mac, (ull)sign->again);
	vmp_finding_remedy(finding, "find %s on the switches and on this host (bridge fdb show | grep -i %s) and give one of the two another "
			   "address; arping -D -I DEVICE %s", mac, mac, ip);
	return 0;
}

static int add_two_owners(struct vmp_run *run, const struct vmp_sign *sign)
{
	char ip[VMP_IP_STRLEN], mac[VMP_MAC_STRLEN], other[VMP_MAC_STRLEN];
	struct vmp_finding *finding;

	if (sign->again < ALTERNATING || sign->packets < ALTERNATING)
		return 0;
	finding = vmp_finding_add(&run->findings, "address-claimed-twice", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_LIKELY,
				  "two stations, %s and %s, answer for %s by turns", vmp_mac_format(&sign->mac, mac),
				  vmp_mac_format(&sign->other_mac, other), vmp_ip_format(&sign->ip, ip));
	if (!finding)
		return -ENOMEM;
	vmp_finding_evidence(finding, "ARP or ND at %s: %llu times from %s, %llu times again from %s", vmp_run_hop_name(run, sign->hop),
			     (ull)sign->packets, other, (ull)sign->again, mac);
	vmp_finding_remedy(finding, "find both MACs on the switches; an ARP proxy, or one host with two cards in the same network "
			   "(sysctl net.ipv4.conf.all.arp_ignore), looks like this too");
	return 0;
}

/* ---- wrong MAC, tag, hop limit ------------------------------------------------------------------------------------------ */

static int add_wrong_mac(struct vmp_run *run, const struct vmp_sign *sign)
{
	char ip[VMP_IP_STRLEN], mac[VMP_MAC_STRLEN];
	struct vmp_finding *finding;

	if (is_guests_mac(run, &sign->mac))
		return 0;
	finding = vmp_finding_add(&run->findings, "wrong-guest-mac", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
				  "%llu packets for the guest's address %s are sent to %s, which is not its MAC", (ull)sign->packets,
				  vmp_ip_format(&sign->ip, ip), vmp_mac_format(&sign->mac, mac));
	if (!finding)
		return -ENOMEM;
	finding->packets = sign->packets;
	vmp_finding_evidence(finding, "seen at %s, on their way to the guest, which takes no frame for another MAC",
			     vmp_run_hop_name(run, sign->hop));
	vmp_finding_remedy(finding, "at who sends them: ip neigh show %s; was the guest's card or host changed, is an entry permanent?", ip);
	return 0;
}

static uint64_t with_tag(const struct vmp_run *run, int hop, enum vmp_direction direction, uint16_t tag)
{
	vmp_vec_foreach (sign, &run->signs)
		if (sign->kind == VMP_SIGN_TAGGED && sign->hop == hop && sign->direction == direction && sign->tag == tag)
			return sign->packets;
	return 0;
}

/* Questions of others that the guest leaves alone: then what it is sent does not reach it as it is meant. */
static bool leaves_questions(const struct vmp_run *run)
{
	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->direction == VMP_TO_GUEST && exchange->reached > exchange->answered)
			return true;
	return false;
}

/* Frames to the guest with a tag that its own do not have: it does not know that VLAN, or only listens in it. */
static int add_tagged(struct vmp_run *run, const struct vmp_sign *sign)
{
	int backend = run->path.backend;
	const struct vmp_hop_seen *seen = backend >= 0 && (size_t)backend < run->seen.n ? &run->seen.v[backend] : NULL;
	struct vmp_finding *finding;

	if (sign->direction != VMP_TO_GUEST || !seen || seen->from_guest.packets == 0 ||
	    with_tag(run, backend, VMP_FROM_GUEST, sign->tag) > 0)
		return 0;
	finding = vmp_finding_add(&run->findings, "unexpected-vlan-tag",
				  leaves_questions(run) ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO, VMP_CONFIDENCE_LIKELY,
				  "%llu packets to the guest carry VLAN tag %u, and its own carry none", (ull)sign->packets, sign->tag);
	if (!finding)
		return -ENOMEM;
	vmp_finding_evidence(finding, "with the tag: %llu at %s, %llu at %s; out of the guest without: %llu", (ull)sign->packets,
			     vmp_run_hop_name(run, sign->hop), (ull)with_tag(run, backend, VMP_TO_GUEST, sign->tag),
			     vmp_run_hop_name(run, backend), (ull)seen->from_guest.packets);
	vmp_finding_remedy(finding, "bridge vlan show; is the switch port a trunk where it should be an access port? ip link add link %s name %s.%u "
			   "type vlan id %u takes the tag off", vmp_run_hop_name(run, sign->hop), vmp_run_hop_name(run, sign->hop), sign->tag,
			   sign->tag);
	return 0;
}

static int add_hops_spent(struct vmp_run *run, const struct vmp_sign *sign)
{
	char from[VMP_IP_STRLEN], to[VMP_IP_STRLEN];
	struct vmp_finding *finding = NULL;
	bool first = false;

	vmp_ip_format(&sign->ip, from);
	vmp_ip_format(&sign->about, to);
	vmp_vec_foreach (segment, &run->segments) {
		if (first || segment->direction != sign->direction || segment->from != sign->hop || segment->lost == 0 ||
		    segment->lost > sign->packets)
			continue;
		finding = vmp_rules_loss_at(run, segment);
		first = vmp_finding_explain(finding, "ttl-too-small", "their TTL (hop limit) is used up, and this host has to route them");
	}
	if (!first)
		finding = vmp_finding_add(&run->findings, "ttl-too-small", sign->packets >= LOOPING ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO,
					  VMP_CONFIDENCE_CERTAIN,
					  "packets arrive with TTL (hop limit) 1 where this host has to route them: they go no further");
	if (!finding)
		return -ENOMEM;
	vmp_finding_evidence(finding, "TTL 1 or 0 at %s: %llu packets of %s for %s", vmp_run_hop_name(run, sign->hop), (ull)sign->packets, from, to);
	vmp_finding_remedy(finding, "traceroute sends such packets on purpose; else raise the sender's TTL (sysctl net.ipv4.ip_default_ttl), or look "
			   "for a loop before %s", vmp_run_hop_name(run, sign->hop));
	return 0;
}

/* ---- answers and none -------------------------------------------------------------------------------------------------------- */

static int add_refusal(struct vmp_run *run, const struct vmp_sign *sign)
{
	char ip[VMP_IP_STRLEN];
	bool guest = sign->direction == VMP_FROM_GUEST;
	struct vmp_finding *finding;

	if (sign->packets < MANY_REFUSALS)
		return 0;
	finding = vmp_finding_add(&run->findings, "connections-refused", VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
				  "%s refuses TCP connections to %s port %u: nothing listens there, or a packet filter rejects them",
				  guest ? "the guest" : "a peer", vmp_ip_format(&sign->ip, ip), sign->port);
	if (!finding)
		return -ENOMEM;
	finding->packets = sign->packets;
	vmp_finding_evidence(finding, "%llu connection attempts answered with a reset at %s", (ull)sign->packets, vmp_run_hop_name(run, sign->hop));
	vmp_finding_remedy(finding, "%s: ss -ltn 'sport = :%u'; its packet filter (REJECT --reject-with tcp-reset)",
			   guest ? "in the guest" : "at the peer", sign->port);
	return 0;
}

/* Whether all answers could be seen: what was narrowed down may have left them out. */
static bool sees_answers(const struct vmp_run *run)
{
	return !run->filter && !run->has_address && run->capture_whole && !run->foreign;
}

static bool is_lost(const struct vmp_run *run, enum vmp_direction direction)
{
	vmp_vec_foreach (segment, &run->segments)
		if (segment->direction == direction && segment->lost > 0)
			return true;
	return false;
}

static int add_dhcp(struct vmp_run *run, const struct vmp_sign *sign)
{
	struct vmp_finding *finding;

	if (sign->packets < DHCP_ASKED || sign->again > 0 || !sees_answers(run))
		return 0;
	finding = vmp_finding_add(&run->findings, "dhcp-unanswered", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
				  "the guest asks %llu times for an address by DHCP, and no server answers", (ull)sign->packets);
	if (!finding)
		return -ENOMEM;
	finding->packets = sign->packets;
	vmp_finding_evidence(finding, "DHCP requests at %s: %llu, answers at any hop: 0%s", vmp_run_hop_name(run, sign->hop), (ull)sign->packets,
			     is_lost(run, VMP_FROM_GUEST) ? "; packets of the guest are lost on this host, these may be among them" : "");
	vmp_finding_remedy(finding, "is the DHCP server (or the relay) alive and in this VLAN? on a libvirt network: virsh net-dhcp-leases NETWORK; "
			   "pgrep -a dnsmasq");
	return 0;
}

static int add_router(struct vmp_run *run, const struct vmp_sign *sign)
{
	struct vmp_finding *finding;

	if (sign->packets < ROUTER_ASKED || sign->again > 0 || !sees_answers(run))
		return 0;
	finding = vmp_finding_add(&run->findings, "router-silent", VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
				  "the guest asks %llu times for an IPv6 router, and none answers", (ull)sign->packets);
	if (!finding)
		return -ENOMEM;
	vmp_finding_evidence(finding, "router solicitations at %s: %llu, advertisements at any hop: 0", vmp_run_hop_name(run, sign->hop),
			     (ull)sign->packets);
	vmp_finding_remedy(finding, "no fault in a network without IPv6; else: does the router send advertisements (radvd), does multicast snooping "
			   "keep them away (bridge mdb show)?");
	return 0;
}

static int add_storm(struct vmp_run *run, const struct vmp_sign *sign)
{
	double seconds = (double)run->lasted_ns / 1e9, rate = seconds > 0 ? (double)sign->packets / seconds : 0;
	bool arp = sign->arp * 2 > sign->packets, one = sign->again * 2 > sign->packets, guest = sign->direction == VMP_FROM_GUEST;
	struct vmp_finding *finding;
	char mac[VMP_MAC_STRLEN];

	if (rate < STORM_A_SECOND)
		return 0;
	vmp_mac_format(&sign->mac, mac);
	finding = vmp_finding_add(&run->findings, "broadcast-storm", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
				  "%.0f %s a second %s at %s, %s%s", rate, arp ? "ARP requests and other broadcasts" : "broadcasts and multicasts",
				  guest ? "come from the guest" : "come in for everybody", vmp_run_hop_name(run, sign->hop),
				  one ? "most of them from " : "from many stations", one ? mac : "");
	if (!finding)
		return -ENOMEM;
	finding->packets = sign->packets;
	vmp_finding_evidence(finding, "%llu frames in %.1f s, %llu of them ARP requests; at least %llu from %s", (ull)sign->packets, seconds,
			     (ull)sign->arp, (ull)sign->again, mac);
	vmp_finding_remedy(finding, "find %s on the switches (bridge fdb show | grep -i %s); the same frame again and again is a loop: is a cable or "
			   "a bridge in two places of one network?", mac, mac);
	return 0;
}

int vmp_rule_signs(struct vmp_run *run)
{
	static int (*const rules[VMP_SIGN_KINDS])(struct vmp_run *run, const struct vmp_sign *sign) = {
		[VMP_SIGN_ICMP_ERROR] = add_icmp,     [VMP_SIGN_OTHER_OWNER] = add_duplicate, [VMP_SIGN_TWO_OWNERS] = add_two_owners,
		[VMP_SIGN_WRONG_MAC] = add_wrong_mac, [VMP_SIGN_HOPS_SPENT] = add_hops_spent, [VMP_SIGN_TAGGED] = add_tagged,
		[VMP_SIGN_REFUSAL] = add_refusal,     [VMP_SIGN_DHCP] = add_dhcp,             [VMP_SIGN_ROUTER] = add_router,
		[VMP_SIGN_GROUP] = add_storm,
	};

	vmp_vec_foreach (sign, &run->signs)
		if (!is_told_elsewhere(run, sign) && rules[sign->kind](run, sign) < 0)
			return -ENOMEM;
	return 0;
}
