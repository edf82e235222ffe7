/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tying a sighting to the earlier sightings of the same packet.
 *
 * Of equal packets the first to be seen before a segment is the first to be seen after it. When one of them is missing, the
 * next one's sighting is taken for it, and so on to the last, which then has no other half: which of them is really
 * missing cannot be told. since_ns remembers from when on it may be.
 */
#include "match/match_internal.h"

/* Places besides the hops (index + 1). ANY: the ways of one rank, with the rank. SPARE_WAY: seen at an inactive slave. */
#define PLACE_ANY       0x8000U
#define PLACE_SPARE_WAY 0x4000U

enum {
	TIES = 64,              /* sightings with the same time looked through for one */
	TWINS = 16,             /* the last sightings of equal packets, among which a twin would be */
};

static bool is_way(enum vmp_role role)
{
	return role == VMP_ROLE_UPLINK || role == VMP_ROLE_TRANSIT;
}

vmp_place vmp_match_place_expected(const struct vmp_match *match, const struct vmp_class *class, int hop)
{
	unsigned int place;

	if (class->expect >= 0)
		place = (unsigned int)class->expect + 1;
	else
		place = PLACE_ANY | (unsigned int)match->path->hops.v[class->next].rank;
	/* What an inactive slave gets is mostly dropped: it takes second place. */
	if (class->direction == VMP_TO_GUEST && match->path->hops.v[hop].inactive)
		place |= PLACE_SPARE_WAY;
	return (vmp_place)place;
}

vmp_place vmp_match_place_of(const struct vmp_match *match, const struct vmp_sight *here)
{
	const struct vmp_hop *hop = &match->path->hops.v[here->hop];

	if (here->direction == VMP_FROM_GUEST && is_way(hop->role))
		return (vmp_place)(PLACE_ANY | (unsigned int)hop->rank);
	return (vmp_place)(here->hop + 1);
}

vmp_place vmp_match_place_main(vmp_place place)
{
	return place & (vmp_place)~PLACE_SPARE_WAY;
}

bool vmp_match_expected_at(const struct vmp_match *match, const struct vmp_sight *open, int hop)
{
	const struct vmp_hop *at = &match->path->hops.v[hop];

	if (open->expect >= 0)
		return open->expect == hop;
	return open->expect == VMP_EXPECT_ANY && is_way(at->role) && at->rank == match->path->hops.v[open->next_hop].rank;
}

bool vmp_match_same_packet(const struct vmp_sight *a, const struct vmp_sight *b)
{
	return a->direction == b->direction && a->id.h[0] == b->id.h[0] && a->id.h[1] == b->id.h[1];
}

/* The next sighting of the same packet on the chain, from a slot on, that was made by then. */
static uint32_t skip_others(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot, const struct vmp_sight *like,
			    vmp_place place, uint64_t until_ns)
{
	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(pool, chain, slot)) {
		const struct vmp_sight *sight = vmp_pool_at(pool, slot);

		if (vmp_match_same_packet(sight, like) && sight->place == place)
			return sight->ts_ns <= until_ns ? slot : VMP_POOL_NONE;
	}
	return VMP_POOL_NONE;
}

static uint32_t first_of(struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like, vmp_place place,
			 uint64_t until_ns)
{
	return skip_others(pool, chain, vmp_pool_first(pool, chain, like, place), like, place, until_ns);
}

bool vmp_match_pass_doubt(struct vmp_match *match, uint32_t slot, uint64_t until_ns)
{
	struct vmp_pool *pool = match->pool;
	struct vmp_sight *open = vmp_pool_at(pool, slot), *other;
	enum vmp_chain chain = open->on & (1U << VMP_CHAIN_OPEN) ? VMP_CHAIN_OPEN : VMP_CHAIN_LATE;
	uint32_t next = skip_others(pool, chain, vmp_pool_next(pool, chain, slot), open, open->place, until_ns);

	if (next == VMP_POOL_NONE && chain == VMP_CHAIN_LATE)
		next = first_of(pool, VMP_CHAIN_OPEN, open, open->place, until_ns);
	if (next == VMP_POOL_NONE)
		return false;
	other = vmp_pool_at(pool, next);
	if (open->since_ns < other->since_ns)
		other->since_ns = open->since_ns;
	if (until_ns > other->doubt_ns)
		other->doubt_ns = until_ns;
	return true;
}

/* The oldest open sighting that this one continues. Those beyond the settle time come after those within it. */
static uint32_t find_open(const struct vmp_match *match, const struct vmp_sight *here, vmp_place place)
{
	uint32_t slot = first_of(match->pool, VMP_CHAIN_OPEN, here, place, here->ts_ns);

	return slot != VMP_POOL_NONE ? slot : first_of(match->pool, VMP_CHAIN_LATE, here, place, here->ts_ns);
}

static void note_tie(struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *here)
{
	struct vmp_tie *note = &match->ties[match->next_tie++ % VMP_MATCH_TIES];

	if (here->ts_ns > match->last_tie_ns)
		match->last_tie_ns = here->ts_ns;
	note->ts_ns = here->ts_ns;
	note->open_ns = open->ts_ns;
	note->since_ns = open->since_ns;
	note->id = here->id;
	note->at = here->at;
}

/* The last equal one that is open: is it beyond an edge of the window from here? Then one may be taken for the other. */
static void note_edges(struct vmp_match *match, const struct vmp_sight *open, uint64_t last_ns)
{
	bool at_start = open->ts_ns < match->conf.start_ns && last_ns >= match->conf.start_ns;
	bool at_end = open->ts_ns <= match->end_ns && last_ns > match->end_ns;
	struct vmp_stretch *stretch = at_start || at_end ? vmp_stretch_of(match, open) : NULL;

	if (!stretch)
		return;
	stretch->mistaken_at_start += at_start;
	stretch->mistaken_at_end += at_end;
}

void vmp_match_inherit_doubt(struct vmp_match *match, struct vmp_sight *open)
{
	for (size_t i = 0; i < VMP_MATCH_TIES && open->ts_ns <= match->last_tie_ns; i++) {
		const struct vmp_tie *note = &match->ties[i];
		struct vmp_sight older;

		if (note->ts_ns != open->ts_ns || note->id.h[0] != open->id.h[0] || note->id.h[1] != open->id.h[1] ||
		    note->at != vmp_match_place_main(open->place) || note->since_ns > open->since_ns)
			continue;
		open->since_ns = note->since_ns;
		open->doubt_ns = note->ts_ns;
		older = *open;
		older.ts_ns = note->open_ns;
		note_edges(match, &older, open->ts_ns);
	}
}

/* The time of the last equal sighting that is open too. */
static uint64_t last_open_ns(const struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_last(match->pool, VMP_CHAIN_OPEN, open, open->place);

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_previous(match->pool, VMP_CHAIN_OPEN, slot)) {
		const struct vmp_sight *other = vmp_pool_at(match->pool, slot);

		if (vmp_match_same_packet(other, open) && other->place == open->place)
			return other->ts_ns;
	}
	return open->ts_ns;
}

static void tie(struct vmp_match *match, struct vmp_sight *here, uint32_t slot)
{
	struct vmp_sight *open = vmp_pool_at(match->pool, slot);
	bool doubtful = vmp_match_pass_doubt(match, slot, here->ts_ns) || open->doubt_ns;

	note_tie(match, open, here);
	if (doubtful)
		note_edges(match, open, last_open_ns(match, open));
	here->packet_id = open->packet_id;
	open->fate = VMP_FATE_DELIVERED;
	open->next_hop = here->hop;
	vmp_stretch_delivered(match, open, here, !doubtful);
	vmp_pool_unchain(match->pool, VMP_CHAIN_OPEN, slot);
	vmp_pool_unchain(match->pool, VMP_CHAIN_LATE, slot);
	vmp_pool_unchain(match->pool, VMP_CHAIN_DATA, slot);
	if (vmp_match_is_done(open))
		vmp_pool_release(match->pool, slot);
}

/* A packet that was called lost turns up late: it was not. */
static bool find_lost(struct vmp_match *match, struct vmp_sight *here, vmp_place place)
{
	uint32_t slot = first_of(match->lost, VMP_CHAIN_OPEN, here, place, here->ts_ns);
	struct vmp_sight *lost;

	if (slot == VMP_POOL_NONE)
		return false;
	lost = vmp_pool_at(match->lost, slot);
	note_tie(match, lost, here);
	here->packet_id = lost->packet_id;
	vmp_stretch_recall(match, lost);
	vmp_stretch_delivered(match, lost, here, true);
	vmp_pool_unchain(match->lost, VMP_CHAIN_OPEN, slot);
	vmp_pool_unchain(match->lost, VMP_CHAIN_FLOW, slot);
	return true;
}

bool vmp_match_meets_spare(struct vmp_match *match, struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_last(match->pool, VMP_CHAIN_SPARE, open, 0), found = VMP_POOL_NONE;
	struct vmp_sight *spare;

	for (int i = 0; slot != VMP_POOL_NONE && i < TIES; i++, slot = vmp_pool_previous(match->pool, VMP_CHAIN_SPARE, slot)) {
		spare = vmp_pool_at(match->pool, slot);
		if (spare->ts_ns < open->ts_ns)
			break;
		if (vmp_match_same_packet(spare, open) && !spare->elsewhere && vmp_match_expected_at(match, open, spare->hop))
			found = slot;
	}
	if (found == VMP_POOL_NONE)
		return false;
	spare = vmp_pool_at(match->pool, found);
	open->packet_id = spare->packet_id;
	open->fate = VMP_FATE_DELIVERED;
	open->next_hop = spare->hop;
	vmp_stretch_delivered(match, open, spare, true);
	vmp_pool_unchain(match->pool, VMP_CHAIN_SPARE, found);
	vmp_pool_unchain(match->pool, VMP_CHAIN_FLOW, found);
	if (vmp_match_is_done(spare))
		vmp_pool_release(match->pool, found);
	return true;
}

/* The packet id of a copy: that of the newest sighting of the same packet, which is where the copy comes from; 0: unknown. */
static uint64_t copied_id(struct vmp_match *match, const struct vmp_sight *here)
{
	uint32_t slot = vmp_pool_last(match->pool, VMP_CHAIN_SEEN, here, 0);

	for (int i = 0; slot != VMP_POOL_NONE && i < TIES; i++, slot = vmp_pool_previous(match->pool, VMP_CHAIN_SEEN, slot))
		if (vmp_match_same_packet(vmp_pool_at(match->pool, slot), here))
			return vmp_pool_at(match->pool, slot)->packet_id;
	return 0;
}

void vmp_match_find_twin(struct vmp_match *match, struct vmp_sight *here)
{
	const struct vmp_hop *at = &match->path->hops.v[here->hop];
	uint32_t slot;

	if (!match->has_parallel || here->direction != VMP_TO_GUEST || !is_way(at->role))
		return;
	slot = vmp_pool_last(match->pool, VMP_CHAIN_SEEN, here, 0);
	for (int i = 0; slot != VMP_POOL_NONE && i < TWINS; i++, slot = vmp_pool_previous(match->pool, VMP_CHAIN_SEEN, slot)) {
		struct vmp_sight *other = vmp_pool_at(match->pool, slot);

		if (other->ts_ns + match->conf.settle_ns < here->ts_ns)
			return;
		if (vmp_match_same_packet(other, here) && other->hop != here->hop &&
		    match->path->hops.v[other->hop].rank == at->rank) {
			here->twin = other->twin = true;
			return;
		}
	}
}

/* Can anything be expected at this hop? Where packets are seen first, nothing is. */
static bool is_later_hop(const struct vmp_match *match, const struct vmp_sight *here)
{
	enum vmp_role role = match->path->hops.v[here->hop].role;

	if (here->direction == VMP_TO_GUEST)
		return role == VMP_ROLE_BACKEND || role == VMP_ROLE_TRANSIT || (role == VMP_ROLE_SWITCH && match->translate);
	return role != VMP_ROLE_BACKEND;
}

bool vmp_match_join(struct vmp_match *match, struct vmp_sight *here, enum vmp_sort sort)
{
	vmp_place place = here->at;
	uint32_t slot;

	if (!here->usable || sort == VMP_SORT_STRAY)
		return false;
	if (sort == VMP_SORT_COPY || sort == VMP_SORT_ELSEWHERE) {
		here->packet_id = copied_id(match, here);
		return sort == VMP_SORT_ELSEWHERE;
	}
	if (!is_later_hop(match, here))
		return false;
	slot = find_open(match, here, place);
	if (slot == VMP_POOL_NONE && match->has_inactive && here->direction == VMP_TO_GUEST) {
		slot = find_open(match, here, place | PLACE_SPARE_WAY);
		match->spare_way_used = match->spare_way_used || slot != VMP_POOL_NONE;
	}
	if (slot != VMP_POOL_NONE) {
		tie(match, here, slot);
		return false;
	}
	if (find_lost(match, here, place))
		return false;
	if (here->cut != VMP_CUT_NOT)
		vmp_match_recall_bytes(match, here);
	return true;
}
