/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is common to all ways of cutting packets up, and the choice among them. */
#include "match/cut.h"

/* Spread a small number over 64 bits. Public, since it is laid over a keyed hash of the addresses. */
static uint64_t spread(uint64_t x)
{
	x = (x + 1) * 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 31) * 0xbf58476d1ce4e5b9ULL;
	return x ^ x >> 29;
}

static uint64_t of_ports(uint32_t ports)
{
	return spread((uint64_t)1 << 40 | ports);
}

/* As many ids as a packet may have pieces share a chain. In IPv6 only fragments have any, and not the whole: all share one. */
static uint64_t of_ids(bool is_ip4, uint32_t ip_id)
{
	return spread((uint64_t)2 << 40 | (is_ip4 ? (ip_id & 0xffff) / VMP_CUT_IDS : 0));
}

static uint64_t of_proto(bool is_ip4, uint8_t proto)
{
	/* What an IPv6 fragment carries is told in full by the first one only. */
	return spread((uint64_t)3 << 40 | (is_ip4 ? proto : 0));
}

/* Fragments hang apart: without ids all whole packets of two hosts share a chain, and there may be very many. */
static uint64_t of_fragments(void)
{
	return spread((uint64_t)4 << 40);
}

uint64_t vmp_cut_flow(uint64_t addresses, const struct vmp_sight *sight, uint8_t proto)
{
	uint64_t flow = addresses ^ of_proto(sight->is_ip4, proto);

	if (sight->is_tcp)
		return flow ^ of_ports(sight->ports);
	return flow ^ of_ids(sight->is_ip4, sight->ip_id) ^ (sight->cut == VMP_CUT_FRAGMENT ? of_fragments() : 0);
}

uint64_t vmp_cut_flow_at(const struct vmp_sight *sight, uint32_t ip_id)
{
	return sight->flow ^ of_ids(sight->is_ip4, sight->ip_id) ^ of_ids(sight->is_ip4, ip_id);
}

uint64_t vmp_cut_flow_of_fragments(const struct vmp_sight *sight)
{
	if (sight->cut == VMP_CUT_FRAGMENT)
		return sight->flow;
	return sight->flow ^ of_fragments() ^ (sight->is_tcp ? of_ports(sight->ports) ^ of_ids(sight->is_ip4, sight->ip_id) : 0);
}

uint64_t vmp_cut_flow_of_wholes(const struct vmp_sight *sight)
{
	return sight->flow ^ (sight->cut == VMP_CUT_FRAGMENT ? of_fragments() : 0);
}

bool vmp_cut_is_candidate(const struct vmp_sight *open, const struct vmp_sight *spare, bool early)
{
	return spare->flow == open->flow && spare->direction == open->direction &&
	       spare->at == vmp_match_place_main(open->place) && (early || spare->ts_ns >= open->ts_ns);
}

uint32_t vmp_cut_first(struct vmp_match *match, const struct vmp_sight *open, uint64_t flow)
{
	vmp_place place = vmp_match_place_main(open->place);
	struct vmp_sight like = *open;
	uint32_t slot;

	like.flow = flow;
	for (;;) {
		slot = vmp_pool_first(match->pool, VMP_CHAIN_FLOW, &like, place);
		if (slot == VMP_POOL_NONE || vmp_pool_at(match->pool, slot)->ts_ns + VMP_CUT_BACK_NS >= open->ts_ns)
			return slot;
		vmp_pool_unchain(match->pool, VMP_CHAIN_FLOW, slot);
	}
}

void vmp_cut_use(struct vmp_match *match, uint32_t slot, uint32_t bytes, uint32_t all)
{
	struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

	spare->used += bytes;
	if (spare->used < all)
		return;
	vmp_pool_unchain(match->pool, VMP_CHAIN_FLOW, slot);
	vmp_pool_unchain(match->pool, VMP_CHAIN_SPARE, slot);
}

static bool may_hold(const struct vmp_sight *lost, const struct vmp_sight *here)
{
	if (lost->cut == VMP_CUT_TCP && here->cut == VMP_CUT_TCP)
		return vmp_cut_tcp_may_hold(lost, here);
	return vmp_cut_udp_may_hold(lost, here) || vmp_cut_fragments_may_hold(lost, here);
}

/* Doubt what was called lost and may be this. Returns false when there is too much to look at. */
static bool recall(struct vmp_match *match, const struct vmp_sight *here, uint64_t flow)
{
	struct vmp_pool *pool = match->lost;
	struct vmp_sight like = *here;
	int idle = 0;
	uint32_t slot, next;

	like.flow = flow;
	for (slot = vmp_pool_first(pool, VMP_CHAIN_FLOW, &like, here->at); slot != VMP_POOL_NONE; slot = next) {
		struct vmp_sight *lost = vmp_pool_at(pool, slot);

		next = vmp_pool_next(pool, VMP_CHAIN_FLOW, slot);
		if (lost->flow == flow && lost->direction == here->direction && lost->at == here->at && may_hold(lost, here)) {
			vmp_stretch_late(match, lost, here->ts_ns);
			vmp_stretch_doubt(match, lost, VMP_UNSURE_SEGMENTED);
			vmp_pool_unchain(pool, VMP_CHAIN_OPEN, slot);
			vmp_pool_unchain(pool, VMP_CHAIN_FLOW, slot);
		} else if (++idle > VMP_CUT_IDLE_STEPS) {
			return false;
		}
	}
	return true;
}

void vmp_match_recall_bytes(struct vmp_match *match, const struct vmp_sight *here)
{
	bool all = true;

	if (vmp_pool_oldest(match->lost) == VMP_POOL_NONE || !here->flow)
		return;
	if (here->cut == VMP_CUT_TCP) {
		if (vmp_pool_first(match->lost, VMP_CHAIN_FLOW, here, here->at) != VMP_POOL_NONE &&
		    !vmp_cut_tcp_is_waited_for(match, here))
			all = recall(match, here, here->flow);
	} else {
		uint64_t other = here->cut == VMP_CUT_FRAGMENT ? vmp_cut_flow_of_wholes(here) : vmp_cut_flow_of_fragments(here);

		all = recall(match, here, here->flow);
		all = recall(match, here, other) && all;
	}
	if (here->cut == VMP_CUT_UDP) {
		uint64_t before = vmp_cut_flow_at(here, (uint16_t)(here->ip_id - (VMP_CUT_IDS - 1)));
		uint64_t after = vmp_cut_flow_at(here, (uint16_t)(here->ip_id + VMP_CUT_IDS - 1));

		all = (before == here->flow || recall(match, here, before)) && all;
		all = (after == here->flow || recall(match, here, after)) && all;
	}
	match->bytes_late = match->bytes_late || !all;
}

/* A TCP packet without data cannot be cut up; it may have been changed on the way. */
static enum vmp_fate find_changed(struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = vmp_cut_first(match, open, open->flow);

	for (int steps = 0; slot != VMP_POOL_NONE; slot = vmp_pool_next(match->pool, VMP_CHAIN_FLOW, slot)) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

		if (++steps > VMP_CUT_OTHER_STEPS)
			return VMP_FATE_UNSURE;
		if (spare->is_tcp && spare->first_byte == open->first_byte && vmp_cut_is_candidate(open, spare, false))
			return VMP_FATE_UNSURE;
	}
	return VMP_FATE_NONE;
}

enum vmp_fate vmp_match_resegmented(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found)
{
	enum vmp_fate fate = VMP_FATE_NONE;

	if (!open->flow)
		return fate;
	if (open->is_tcp)
		fate = open->cut == VMP_CUT_TCP ? vmp_cut_tcp(match, open, ret_found) : find_changed(match, open);
	else if (open->cut == VMP_CUT_UDP)
		fate = vmp_cut_udp(match, open, ret_found);
	if (fate != VMP_FATE_NONE || (open->is_tcp && (!open->is_ip4 || open->dont_fragment)))
		return fate;
	return vmp_cut_fragments(match, open, ret_found);
}
