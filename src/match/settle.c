/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deciding what became of a sighting that nothing continued within the settle time. */
#include "match/match_internal.h"

/* Was the same packet seen leaving elsewhere? Returns that hop or -1. */
static int seen_elsewhere(struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_first(match->pool, VMP_CHAIN_SPARE, open);

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(match->pool, VMP_CHAIN_SPARE, slot)) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

		if (vmp_match_same_packet(spare, open) && spare->ts_ns >= open->ts_ns && spare->hop != open->hop)
			return spare->hop;
	}
	return -1;
}

static enum vmp_fate unsure(struct vmp_sight *open, enum vmp_unsure why)
{
	open->why = (uint8_t)why;
	return VMP_FATE_UNSURE;
}

/* What became of a sighting that is open at its end. */
static enum vmp_fate decide(struct vmp_match *match, struct vmp_sight *open, uint64_t complete_ns, int *ret_elsewhere)
{
	enum vmp_unsure why;
	enum vmp_fate fate;

	*ret_elsewhere = -1;
	if (!open->owed && !open->unobserved)
		return VMP_FATE_NONE;
	if (!open->usable)
		return unsure(open, VMP_UNSURE_IDENTITY);
	fate = vmp_match_resegmented(match, open);
	if (fate != VMP_FATE_NONE)
		return fate == VMP_FATE_DELIVERED ? fate : unsure(open, VMP_UNSURE_SEGMENTED);
	if (vmp_match_was_blind(match, open, &why))
		return unsure(open, why);
	if (complete_ns < open->ts_ns + match->conf.settle_ns)
		return unsure(open, VMP_UNSURE_WINDOW);
	*ret_elsewhere = seen_elsewhere(match, open);
	if (open->unobserved || (*ret_elsewhere >= 0 && open->direction == VMP_FROM_GUEST))
		return unsure(open, VMP_UNSURE_UNOBSERVED);
	return VMP_FATE_LOST;
}

/* Remember a lost packet for the case that it turns up late; the oldest are forgotten. */
static void remember_lost(struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_push(match->lost, open);

	if (slot == VMP_POOL_NONE) {
		vmp_pool_pop(match->lost);
		slot = vmp_pool_push(match->lost, open);
	}
	if (slot != VMP_POOL_NONE)
		vmp_pool_chain(match->lost, VMP_CHAIN_OPEN, slot);
}

static void settle_one(struct vmp_match *match, uint32_t slot, uint64_t complete_ns)
{
	struct vmp_sight *open = vmp_pool_at(match->pool, slot);
	struct vmp_stretch *stretch;
	int elsewhere;

	if (open->fate != VMP_FATE_NONE || open->expect == VMP_EXPECT_NOWHERE || open->next_hop < 0)
		return;
	vmp_pool_unchain(match->pool, VMP_CHAIN_OPEN, slot);
	open->fate = (uint8_t)decide(match, open, complete_ns, &elsewhere);
	if (open->fate == VMP_FATE_NONE || !vmp_match_in_window(match, open->ts_ns)) {
		open->fate = VMP_FATE_NONE;
		return;
	}
	stretch = vmp_stretch_get(match, (enum vmp_direction)open->direction, open->hop, open->next_hop);
	if (!stretch)
		return;
	stretch->segment.offered++;
	if (open->fate == VMP_FATE_DELIVERED) {
		stretch->segment.delivered++;
		if (open->ip_len > stretch->segment.longest_delivered)
			stretch->segment.longest_delivered = open->ip_len;
	} else if (open->fate == VMP_FATE_UNSURE) {
		stretch->segment.unsure++;
		stretch->segment.unsure_why[open->why]++;
	} else {
		vmp_stretch_lost(&stretch->segment, open, elsewhere);
		remember_lost(match, open);
	}
}

static void settle_until(struct vmp_match *match, uint64_t until_ns, uint64_t complete_ns)
{
	for (;;) {
		uint32_t slot = vmp_pool_nth(match->pool, match->n_settled);

		if (slot == VMP_POOL_NONE || vmp_pool_at(match->pool, slot)->ts_ns > until_ns)
			return;
		settle_one(match, slot, complete_ns);
		/* Later packets cannot be this one: it keeps nothing they would have to look through. */
		vmp_pool_unchain(match->pool, VMP_CHAIN_SPARE, slot);
		vmp_pool_unchain(match->pool, VMP_CHAIN_FLOW, slot);
		match->n_settled++;
	}
}

void vmp_match_settle(struct vmp_match *match, uint64_t complete_ns)
{
	match->settled_ns = complete_ns;
	if (complete_ns > match->conf.settle_ns)
		settle_until(match, complete_ns - match->conf.settle_ns, complete_ns);
}

void vmp_match_settle_all(struct vmp_match *match, uint64_t complete_ns)
{
	match->settled_ns = complete_ns;
	settle_until(match, UINT64_MAX, complete_ns);
}
