/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the traffic shows besides its fate: counts at each hop, addresses and homes, oddities, exchanges. */
#include "match/match_internal.h"

#include <string.h>

void vmp_match_learn_address(struct vmp_match *match, const struct vmp_ip *ip, bool proven)
{
	static const struct vmp_ip none;
	size_t i = 0;

	if (!ip->family || vmp_ip_is_group(ip) || memcmp(ip->b, none.b, sizeof(none.b)) == 0)
		return;
	while (i < match->n_addresses && !vmp_ip_equal(&match->addresses[i], ip))
		i++;
	if (i == VMP_MATCH_ADDRESSES)
		return;
	if (i == match->n_addresses) {
		match->addresses[match->n_addresses++] = *ip;
		match->proven[i] = false;
	}
	match->proven[i] = match->proven[i] || proven;
}

static void observe_guest(struct vmp_match *match, const struct vmp_class *class, const struct vmp_packet *packet)
{
	if (class->foreign_source) {
		match->observations.foreign_source_mac++;
		match->observations.foreign_source = packet->src_mac;
		return;
	}
	match->observations.guest_tcp_packets += (packet->flags & VMP_PKT_TCP) && !(packet->tcp_flags & (VMP_TCP_SYN | VMP_TCP_RST));
	if (packet->flags & VMP_PKT_ND) {
		if (packet->icmp_type == 136)
			vmp_match_learn_address(match, &packet->nd_target, true);
		return;
	}
	vmp_match_learn_address(match, &packet->src, packet->flags & VMP_PKT_ARP);
}

void vmp_match_observe_spare(struct vmp_match *match, const struct vmp_sight *here, const struct vmp_packet *packet)
{
	const struct vmp_hop *at = &match->path->hops.v[here->hop];
	uint16_t tag = packet->vlan_count ? packet->vlan[0] & 4095 : 0;

	if (here->direction == VMP_FROM_GUEST) {
		if (at->has_tag && tag != at->tag)
			match->tags[tag / 8] |= (uint8_t)(1U << (tag & 7));
		return;
	}
	/*
	 * The switch has it from a port that is not watched. What is not sent to all may have come in other pieces, so it tells
	 * of a home only where none is known.
	 */
	if (at->role == VMP_ROLE_BACKEND && !vmp_homes_is_host(match->homes, &packet->src_mac) &&
	    (here->group || vmp_homes_find(match->homes, &packet->src_mac, here->ts_ns) == VMP_HOME_UNKNOWN))
		vmp_homes_miss(match->homes, &packet->src_mac, here->ts_ns);
}

bool vmp_match_uses_tag(const struct vmp_match *match, uint16_t tag)
{
	return match->tags[(tag & 4095) / 8] & (1U << (tag & 7));
}

/* Is the ADDRESS of the call the guest's own or a peer's? A question asked of everybody does not say. */
static void observe_address(struct vmp_match *match, const struct vmp_class *class, const struct vmp_packet *packet)
{
	const struct vmp_ip *near = class->direction == VMP_FROM_GUEST ? &packet->src : &packet->dst;
	const struct vmp_ip *far = class->direction == VMP_FROM_GUEST ? &packet->dst : &packet->src;
	bool to_all = class->group && class->direction == VMP_TO_GUEST;

	if (!match->conf.has_address || class->foreign_source)
		return;
	if (!to_all && vmp_ip_equal(near, &match->conf.address))
		match->observations.address_is_guests = true;
	if (vmp_ip_equal(far, &match->conf.address))
		match->observations.address_is_peers = true;
}

/* Who lives where, which addresses are whose, what is odd. */
void vmp_match_observe(struct vmp_match *match, int hop, enum vmp_devdir devdir, uint64_t ts_ns, const struct vmp_class *class,
		       const struct vmp_packet *packet)
{
	const struct vmp_hop *at = &match->path->hops.v[hop];
	bool feeds_switch = match->path->backend >= 0 && at->rank + 1 == match->path->hops.v[match->path->backend].rank;

	match->observations.sightings++;
	match->observations.from_outside_with_guest_mac += class->reflected;
	match->observations.wrong_destination_mac += class->misaddressed;
	if (feeds_switch && devdir == VMP_DEV_IN && !class->reflected && at->role != VMP_ROLE_SWITCH) {
		/* The same MAC may live elsewhere in another VLAN. */
		if (class->sort == VMP_SORT_ON_PATH && class->direction == VMP_TO_GUEST && !class->group && !class->wrong_tag &&
		    (packet->vlan_count == 0 || at->has_tag))
			vmp_homes_hear(match->homes, &packet->src_mac, hop, ts_ns);
		else
			vmp_homes_learn(match->homes, &packet->src_mac, hop);
	}
	/* A bridge inside the guest: what lives behind it is not sent out. */
	if (class->foreign_source)
		vmp_homes_learn(match->homes, &packet->src_mac, hop);
	if (at->role == VMP_ROLE_BACKEND && class->sort == VMP_SORT_ON_PATH && class->direction == VMP_FROM_GUEST)
		observe_guest(match, class, packet);
	if (class->sort == VMP_SORT_ON_PATH)
		observe_address(match, class, packet);
	vmp_match_see_signs(match, hop, ts_ns, class, packet);
}

void vmp_match_count_seen(struct vmp_match *match, const struct vmp_sight *sight, enum vmp_sort sort)
{
	struct vmp_hop_seen *seen = &match->seen[sight->hop];
	struct vmp_count *count = sight->direction == VMP_TO_GUEST ? &seen->to_guest : &seen->from_guest;

	if (!vmp_match_in_window(match, sight->ts_ns))
		return;
	if (sort == VMP_SORT_ON_PATH || sort == VMP_SORT_COPY) {
		count->packets++;
		count->bytes += sight->wire_len;
		seen->unicast_to_guest += sight->direction == VMP_TO_GUEST && !sight->group;
	} else {
		seen->stray++;
		seen->astray += sort == VMP_SORT_ELSEWHERE;
	}
}

struct vmp_recent *vmp_match_recent_of(const struct vmp_match *match, int hop, enum vmp_direction direction, const struct vmp_hash128 *id)
{
	return &match->recent[(id->h[0] ^ (uint64_t)hop * 0x9e3779b9U ^ direction) % VMP_MATCH_RECENT];
}

/*
 * Where the hop before has seen fewer, or where no two packets are alike: a sender that uses IPv4 ids gives each its own, those
 * it sends again too. Other equal packets may well be two.
 */
void vmp_match_count_duplicate(struct vmp_match *match, const struct vmp_sight *here, bool spare)
{
	struct vmp_recent *recent = vmp_match_recent_of(match, here->hop, (enum vmp_direction)here->direction, &here->id);
	uint64_t what = (here->id.h[1] ^ ((uint64_t)here->hop << 1 | here->direction) * 0x9e3779b97f4a7c15ULL) | 1;
	bool same = recent->what == what && here->ts_ns >= recent->ts_ns && here->ts_ns - recent->ts_ns <= VMP_MATCH_COPY_NS;

	if (same && (spare || (here->is_ip4 && here->ip_id != 0)) && vmp_match_in_window(match, here->ts_ns))
		match->seen[here->hop].duplicates++;
	*recent = (struct vmp_recent){here->ts_ns, what};
}

/* On a routed path: is a packet at the switch on its way from or to an uplink, rather than this host's own? */
static bool is_about_beyond(const struct vmp_match *match, const struct vmp_sight *sight, const struct vmp_packet *packet)
{
	const struct vmp_lead *lead;

	if (!(packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6)) || (packet->flags & VMP_PKT_ND))
		return false;
	lead = vmp_path_lead(match->path, sight->direction == VMP_FROM_GUEST ? &packet->dst : &packet->src);
	return lead && lead->hop >= 0;
}

void vmp_match_see_exchange(struct vmp_match *match, const struct vmp_sight *sight, const struct vmp_packet *packet)
{
	enum vmp_role role = match->path->hops.v[sight->hop].role;
	bool at_backend = role == VMP_ROLE_BACKEND;

	/* A hop between the ends tells nothing new. */
	if (role == VMP_ROLE_TRANSIT && match->has_uplink)
		return;
	if (role == VMP_ROLE_SWITCH && match->translate && is_about_beyond(match, sight, packet))
		return;
	vmp_exchange_see(match->exchanges, at_backend ? VMP_AT_BACKEND : VMP_AT_EDGE, (enum vmp_direction)sight->direction,
			 sight->ts_ns, vmp_match_in_window(match, sight->ts_ns), packet);
}
