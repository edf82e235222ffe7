/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP fragments, by id and offset: a packet is fragmented between two hops, or its fragments are put together (br_netfilter with
 * conntrack, net/bridge/br_netfilter_hooks.c), or they are cut up anew. All fragments of a packet have its id; over IPv6 a whole
 * packet has none, and who fragments it again chooses a new one (net/ipv6/ip6_output.c ip6_fragment()), so there nothing is proven.
 */
#include "match/cover.h"
#include "match/cut.h"

static bool is_fragment(const struct vmp_sight *sight)
{
	return sight->cut == VMP_CUT_FRAGMENT;
}

static int64_t start_of(const struct vmp_sight *sight)
{
	return is_fragment(sight) ? sight->first_byte : 0;
}

static int64_t end_of(const struct vmp_sight *sight)
{
	return start_of(sight) + sight->data_len;
}

/* Where the packet ends that one is a fragment of must be the end of the other too. */
static bool ends_agree(const struct vmp_sight *one, const struct vmp_sight *other)
{
	bool last = !is_fragment(one) || !one->more_fragments, other_last = !is_fragment(other) || !other->more_fragments;

	if (last && other_last)
		return end_of(one) == end_of(other);
	return last ? end_of(other) <= end_of(one) : !other_last || end_of(one) <= end_of(other);
}

/* The same kind of whole packet with the same id, changed on the way. */
static bool may_be_changed(const struct vmp_sight *open, const struct vmp_sight *spare)
{
	return open->cut == VMP_CUT_WHOLE && spare->cut == VMP_CUT_WHOLE &&
	       (open->is_ip4 ? open->ip_id == spare->ip_id : open->data_len == spare->data_len);
}

bool vmp_cut_fragments_may_hold(const struct vmp_sight *one, const struct vmp_sight *other)
{
	if (!is_fragment(one) && !is_fragment(other))
		return may_be_changed(one, other);
	return (one->ip_id == other->ip_id || !one->is_ip4) && start_of(one) < end_of(other) && start_of(other) < end_of(one) &&
	       ends_agree(one, other);
}

/* Ports are in the first fragment only, and in a whole packet. */
static bool ports_differ(const struct vmp_sight *one, const struct vmp_sight *other)
{
	return start_of(one) == 0 && start_of(other) == 0 && one->ports != other->ports;
}

/* Do fragments with the id of this packet belong to another one? Two flows between the same hosts may use an id at once. */
static bool id_is_anothers(struct vmp_match *match, const struct vmp_sight *like)
{
	uint32_t slot = vmp_cut_first(match, like, like->flow);

	for (int steps = 0; slot != VMP_POOL_NONE; slot = vmp_pool_next(match->pool, VMP_CHAIN_FLOW, slot)) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

		if (++steps > VMP_CUT_OTHER_STEPS)
			return true;
		if (vmp_cut_is_candidate(like, spare, false) && spare->ip_id == like->ip_id && is_fragment(spare) &&
		    (ports_differ(like, spare) || !ends_agree(like, spare)))
			return true;
	}
	return false;
}

struct search {
	struct vmp_cover cover;
	int64_t found;
	bool perhaps;           /* something that may be of it, or not */
};

/* What the spare ones of a flow hold of it. Returns false when there is too much to look at. */
static bool search_flow(struct vmp_match *match, const struct vmp_sight *open, uint64_t flow, struct search *search,
			struct vmp_cut_found *ret_found)
{
	int64_t from = start_of(open), to = end_of(open);
	struct vmp_sight like = *open;
	int steps = 0;
	uint32_t slot, next;

	like.flow = flow;
	for (slot = vmp_cut_first(match, open, flow); slot != VMP_POOL_NONE && search->found < to - from; slot = next) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
		int64_t low = start_of(spare) > from ? start_of(spare) : from, high = end_of(spare) < to ? end_of(spare) : to, fresh;
		bool proves = open->is_ip4 ? is_fragment(open) || is_fragment(spare)
					   : is_fragment(open) && is_fragment(spare) && open->ip_id == spare->ip_id;

		next = vmp_pool_next(match->pool, VMP_CHAIN_FLOW, slot);
		if (++steps > VMP_CUT_OTHER_STEPS)
			return false;
		if (!vmp_cut_is_candidate(&like, spare, false) || !vmp_cut_fragments_may_hold(open, spare))
			continue;
		if (!proves || spare->ts_ns > open->ts_ns + match->conf.settle_ns || spare->used + (high - low) > spare->data_len) {
			search->perhaps = true;
			continue;
		}
		fresh = vmp_cover_add(&search->cover, low, high);
		if (fresh < 0)
			return false;
		search->found += fresh;
		if (fresh > 0) {
			ret_found->last_ns = spare->ts_ns > ret_found->last_ns ? spare->ts_ns : ret_found->last_ns;
			vmp_cut_use(match, slot, (uint32_t)fresh, spare->data_len);
		}
	}
	return true;
}

enum vmp_fate vmp_cut_fragments(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found)
{
	struct search search = {.perhaps = open->is_tcp_fragment};
	struct vmp_sight like = *open;

	like.flow = vmp_cut_flow_of_fragments(open);
	if (!is_fragment(open) && open->is_ip4 && id_is_anothers(match, &like))
		return VMP_FATE_UNSURE;
	if (!search_flow(match, open, like.flow, &search, ret_found))
		return VMP_FATE_UNSURE;
	/* Of datagrams it was asked before; see also may_be_changed(). */
	if ((is_fragment(open) || open->cut == VMP_CUT_WHOLE) &&
	    !search_flow(match, open, vmp_cut_flow_of_wholes(open), &search, ret_found))
		return VMP_FATE_UNSURE;
	ret_found->missing = (uint32_t)(end_of(open) - start_of(open) - search.found);
	if (ret_found->missing && search.perhaps)
		return VMP_FATE_UNSURE;
	return !ret_found->missing ? VMP_FATE_DELIVERED : search.found ? VMP_FATE_LOST : VMP_FATE_NONE;
}
