/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tying a sighting to the earlier sightings of the same packet. */
#include "match/match_internal.h"

/* Is this hop where an open sighting was expected? */
bool vmp_match_expected_at(const struct vmp_match *match, const struct vmp_sight *open, int hop)
{
	enum vmp_role role = match->path->hops.v[hop].role;

	if (open->expect >= 0)
		return open->expect == hop;
	return open->expect == VMP_EXPECT_ANY && (role == VMP_ROLE_UPLINK || role == VMP_ROLE_TRANSIT) &&
	       open->rank == match->path->hops.v[hop].rank;
}

bool vmp_match_same_packet(const struct vmp_sight *a, const struct vmp_sight *b)
{
	return a->direction == b->direction && a->id.h[0] == b->id.h[0] && a->id.h[1] == b->id.h[1];
}

/* The oldest open sighting in `pool` that this one continues, VMP_POOL_NONE if there is none. */
static uint32_t find_open(const struct vmp_match *match, struct vmp_pool *pool, const struct vmp_sight *here,
			  uint64_t within_ns)
{
	uint32_t slot = vmp_pool_first(pool, VMP_CHAIN_OPEN, here);

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(pool, VMP_CHAIN_OPEN, slot)) {
		const struct vmp_sight *open = vmp_pool_at(pool, slot);

		if (vmp_match_same_packet(open, here) && open->hop != here->hop && open->ts_ns <= here->ts_ns &&
		    here->ts_ns - open->ts_ns <= within_ns && vmp_match_expected_at(match, open, here->hop))
			return slot;
	}
	return VMP_POOL_NONE;
}

/* A packet that was called lost turns up late: it was not. */
static bool find_late(struct vmp_match *match, struct vmp_sight *here)
{
	uint32_t slot = find_open(match, match->lost, here, UINT64_MAX);
	struct vmp_sight *lost;
	struct vmp_stretch *stretch;

	if (slot == VMP_POOL_NONE)
		return false;
	lost = vmp_pool_at(match->lost, slot);
	here->packet_id = lost->packet_id;
	stretch = vmp_stretch_get(match, (enum vmp_direction)lost->direction, lost->hop, lost->next_hop);
	if (stretch && stretch->segment.lost) {
		stretch->segment.lost--;
		stretch->segment.offered--;
		if (lost->group && stretch->segment.group_lost)
			stretch->segment.group_lost--;
		vmp_stretch_delivered(match, lost, here);
	}
	vmp_pool_unchain(match->lost, VMP_CHAIN_OPEN, slot);
	return true;
}

/* Equal times: the other half may have been added just before. */
bool vmp_match_meets_spare(struct vmp_match *match, struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_first(match->pool, VMP_CHAIN_SPARE, open);

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(match->pool, VMP_CHAIN_SPARE, slot)) {
		struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

		if (!vmp_match_same_packet(spare, open) || spare->ts_ns < open->ts_ns || spare->hop == open->hop || spare->elsewhere ||
		    !vmp_match_expected_at(match, open, spare->hop))
			continue;
		open->packet_id = spare->packet_id;
		open->fate = VMP_FATE_DELIVERED;
		vmp_stretch_delivered(match, open, spare);
		vmp_pool_unchain(match->pool, VMP_CHAIN_SPARE, slot);
		vmp_pool_unchain(match->pool, VMP_CHAIN_FLOW, slot);
		return true;
	}
	return false;
}

/* The packet id of a copy: of the newest open sighting of the same packet, which is where the copy comes from. */
static uint64_t copied_id(struct vmp_match *match, const struct vmp_sight *here)
{
	uint64_t id = 0;

	for (uint32_t slot = vmp_pool_first(match->pool, VMP_CHAIN_OPEN, here); slot != VMP_POOL_NONE;
	     slot = vmp_pool_next(match->pool, VMP_CHAIN_OPEN, slot))
		if (vmp_match_same_packet(vmp_pool_at(match->pool, slot), here))
			id = vmp_pool_at(match->pool, slot)->packet_id;
	return id;
}

/* Tie a sighting to what was seen before: sets its packet id. Returns true if it is spare, not expected by anything. */
bool vmp_match_join(struct vmp_match *match, struct vmp_sight *here, enum vmp_sort sort)
{
	uint32_t slot;

	if (!here->usable || sort == VMP_SORT_STRAY)
		return false;
	if (sort == VMP_SORT_COPY) {
		here->packet_id = copied_id(match, here);
		return false;
	}
	if (sort == VMP_SORT_ELSEWHERE) {
		here->packet_id = copied_id(match, here);
		return true;
	}
	slot = find_open(match, match->pool, here, match->conf.settle_ns);
	if (slot != VMP_POOL_NONE) {
		struct vmp_sight *open = vmp_pool_at(match->pool, slot);

		here->packet_id = open->packet_id;
		open->fate = VMP_FATE_DELIVERED;
		open->next_hop = here->hop;
		vmp_stretch_delivered(match, open, here);
		vmp_pool_unchain(match->pool, VMP_CHAIN_OPEN, slot);
		return false;
	}
	return !find_late(match, here);
}
