/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deciding what became of a sighting that nothing continued within the settle time. */
#include "match/match_internal.h"

enum { STEPS = 64 }; /* sightings of equal packets looked through for one */

#define CLOCK_BACK_NS 25000000ULL /* a clock set back by more is noticed by who reads it */

/*
 * Was the packet seen where it was not expected, and not on the way it had come? To the guest that is only a frame that
 * leaves by another port: stacked devices give a frame one and the same time, so times do not tell before from after.
 */
static bool went_astray(const struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *spare)
{
	const struct vmp_hop *hops = match->path->hops.v;

	if (open->direction == VMP_TO_GUEST)
		return spare->elsewhere;
	return spare->hop != open->hop && hops[spare->hop].rank < hops[open->hop].rank;
}

/* What the spare sightings of the same packet say. */
struct spares {
	int elsewhere;          /* a hop where it was not expected, seen there since; -1: none */
	bool before;            /* seen where it was expected, but earlier: a clock went back */
	bool beyond;            /* seen further on its way, so it was where it was not seen */
	bool too_many;
};

static bool is_beyond(const struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *spare)
{
	int expected = match->path->hops.v[open->next_hop].rank, seen = match->path->hops.v[spare->hop].rank;

	return !spare->elsewhere && (open->direction == VMP_TO_GUEST ? seen > expected : seen < expected);
}

static struct spares look_at_spares(struct vmp_match *match, const struct vmp_sight *open)
{
	struct spares spares = {.elsewhere = -1};
	uint32_t slot = vmp_pool_first(match->pool, VMP_CHAIN_SPARE, open, 0);
	int steps = 0;

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(match->pool, VMP_CHAIN_SPARE, slot)) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

		if (!vmp_match_same_packet(spare, open))
			continue;
		if (++steps > STEPS) {
			spares.too_many = true;
			break;
		}
		if (!spare->elsewhere && vmp_match_expected_at(match, open, spare->hop))
			spares.before = spares.before || (spare->ts_ns < open->ts_ns && open->ts_ns - spare->ts_ns <= CLOCK_BACK_NS);
		else if (is_beyond(match, open, spare))
			spares.beyond = spares.beyond || spare->ts_ns >= open->ts_ns;
		else if (spares.elsewhere < 0 && spare->ts_ns >= open->ts_ns && went_astray(match, open, spare))
			spares.elsewhere = spare->hop;
	}
	return spares;
}

/*
 * Its destination lives where it was expected: it was heard there since, and for long before nowhere else. Then it was sent to the
 * wrong port, and has not followed a destination that moved.
 */
static bool has_no_reason(const struct vmp_match *match, const struct vmp_sight *open)
{
	uint64_t long_ns = 2 * match->conf.settle_ns;
	int home = open->ts_ns > long_ns ? vmp_homes_stays(match->homes, open->home, open->ts_ns - long_ns, open->ts_ns) : VMP_HOME_UNKNOWN;

	return home >= 0 && vmp_match_expected_at(match, open, home);
}

static enum vmp_fate unsure(struct vmp_sight *open, enum vmp_unsure why)
{
	open->why = (uint8_t)why;
	return VMP_FATE_UNSURE;
}

/* Fragments left that may be of it: translated, only the first of a packet tells whose it is. */
static bool left_in_fragments(const struct vmp_match *match, const struct vmp_sight *open)
{
	uint64_t since_ns = open->ts_ns > CLOCK_BACK_NS ? open->ts_ns - CLOCK_BACK_NS : 0;

	return open->crosses && (open->cut == VMP_CUT_FRAGMENT || (open->is_ip4 && !open->dont_fragment)) &&
	       vmp_translate_left_in_fragments(match->translate, open->is_ip4, (uint16_t)open->ip_id, since_ns);
}

/* May this fragment be held up, or done away with, by what puts packets together? Where parts of one pass without the rest nothing does. */
static bool waits_for_others(const struct vmp_match *match, const struct vmp_sight *open)
{
	enum vmp_datagram here = vmp_datagrams_ask(match->datagrams, open, open->hop);

	for (size_t i = 0; i < match->path->hops.n && here == VMP_DATAGRAM_PART; i++)
		if (vmp_match_expected_at(match, open, (int)i) &&
		    vmp_datagrams_ask(match->datagrams, open, (int)i) != VMP_DATAGRAM_FORGOTTEN)
			return false;
	return here != VMP_DATAGRAM_WHOLE;
}

/* No trace of it where it was expected, and every point watched all the time: was it lost? */
static enum vmp_fate decide_unseen(struct vmp_match *match, struct vmp_sight *open, uint64_t complete_ns, int *ret_elsewhere)
{
	struct spares spares;

	if (complete_ns < open->ts_ns + match->conf.settle_ns)
		return unsure(open, VMP_UNSURE_WINDOW);
	if (open->twin && match->path->hops.v[open->hop].inactive)
		return VMP_FATE_NONE;
	/* The active slave's copy comes first wherever one of the two arrives, unless another slave has become the active one. */
	if (open->twin && (!match->has_inactive || match->spare_way_used))
		return unsure(open, VMP_UNSURE_IDENTITY);
	if (open->wrong_tag && vmp_match_uses_tag(match, open->tag))
		return VMP_FATE_NONE;
	if (match->translate && vmp_translate_ends_here(match->translate, open->connection))
		return unsure(open, VMP_UNSURE_UNOBSERVED);
	if (match->translate && open->gateway == VMP_NEXT_HOP_UNKNOWN)
		return unsure(open, VMP_UNSURE_IDENTITY);
	if (match->translate && vmp_translate_waits(match->translate, open->gateway, open->ts_ns))
		return unsure(open, VMP_UNSURE_NEIGHBOUR);
	if (left_in_fragments(match, open))
		return unsure(open, VMP_UNSURE_IDENTITY);
	if (open->cut == VMP_CUT_FRAGMENT && waits_for_others(match, open))
		return unsure(open, VMP_UNSURE_FRAGMENTS);
	spares = look_at_spares(match, open);
	if (spares.before)
		return unsure(open, VMP_UNSURE_CLOCK);
	if (spares.beyond)
		return unsure(open, match->path->flowtables ? VMP_UNSURE_UNOBSERVED : VMP_UNSURE_CAPTURE_LOSS);
	if (open->unobserved || (open->direction == VMP_FROM_GUEST &&
				 (spares.too_many || (spares.elsewhere >= 0 && !has_no_reason(match, open)))))
		return unsure(open, VMP_UNSURE_UNOBSERVED);
	*ret_elsewhere = spares.elsewhere;
	return VMP_FATE_LOST;
}

/* No trace of it where it was expected: was it lost? */
static enum vmp_fate decide_missing(struct vmp_match *match, struct vmp_sight *open, uint64_t complete_ns, int *ret_elsewhere)
{
	struct vmp_blindness blindness;

	if (!vmp_match_was_blind(match, open, match->conf.settle_ns, &blindness))
		return decide_unseen(match, open, complete_ns, ret_elsewhere);
	/* One of equal packets on both sides of the window's edge is no certain loss, whatever the points lost. */
	if (blindness.counted && vmp_match_is_one_frame(match, open) && open->since_ns == open->ts_ns && !open->doubt_ns &&
	    decide_unseen(match, open, complete_ns, ret_elsewhere) == VMP_FATE_LOST) {
		open->hidden = true;
		vmp_stretch_hide(match, open, blindness.points);
	}
	*ret_elsewhere = -1;
	return unsure(open, blindness.why);
}

/* What became of a sighting that is open at its end. */
static enum vmp_fate decide(struct vmp_match *match, struct vmp_sight *open, uint64_t complete_ns, int *ret_elsewhere,
			    uint64_t *ret_last_ns)
{
	struct vmp_cut_found found = {.last_ns = open->ts_ns};
	enum vmp_fate fate;

	*ret_elsewhere = -1;
	if (!open->owed && !open->unobserved)
		return VMP_FATE_NONE;
	if (!open->usable)
		return unsure(open, VMP_UNSURE_IDENTITY);
	fate = vmp_match_resegmented(match, open, &found);
	*ret_last_ns = found.last_ns;
	if (fate == VMP_FATE_DELIVERED)
		return fate;
	if (fate == VMP_FATE_UNSURE)
		return unsure(open, VMP_UNSURE_SEGMENTED);
	open->partly = fate == VMP_FATE_LOST;
	open->missing = open->partly ? found.missing : open->ip_len;
	return decide_missing(match, open, complete_ns, ret_elsewhere);
}

/* Make room among the lost. Where packets do turn up late, one that can no longer be recalled is not called lost. */
static void forget_oldest(struct vmp_match *match)
{
	const struct vmp_sight *oldest = vmp_pool_at(match->lost, vmp_pool_oldest(match->lost));
	struct vmp_stretch *stretch = vmp_stretch_of(match, oldest);

	if ((oldest->on & (1U << VMP_CHAIN_OPEN)) && stretch &&
	    (oldest->hidden || stretch->latencies.max_ns >= match->conf.settle_ns))
		vmp_stretch_doubt(match, oldest, VMP_UNSURE_IDENTITY);
	vmp_pool_pop(match->lost);
}

static void remember_lost(struct vmp_match *match, const struct vmp_sight *open, bool elsewhere)
{
	uint32_t slot = vmp_pool_push(match->lost, open);
	struct vmp_sight *lost;

	if (slot == VMP_POOL_NONE && vmp_pool_oldest(match->lost) != VMP_POOL_NONE) {
		forget_oldest(match);
		slot = vmp_pool_push(match->lost, open);
	}
	if (slot == VMP_POOL_NONE)
		return;
	lost = vmp_pool_at(match->lost, slot);
	lost->elsewhere = elsewhere;
	lost->at = vmp_match_place_main(lost->place);
	vmp_pool_chain(match->lost, VMP_CHAIN_OPEN, slot);
	if (lost->cut != VMP_CUT_NOT)
		vmp_pool_chain(match->lost, VMP_CHAIN_FLOW, slot);
}

/* The missing one of several equal packets may be one that was taken for delivered within the window. */
static void note_missing_after(struct vmp_match *match, const struct vmp_sight *open)
{
	struct vmp_stretch *stretch = vmp_stretch_of(match, open);

	if (stretch)
		stretch->missing_after++;
}

static void settle_one(struct vmp_match *match, uint32_t slot, uint64_t complete_ns)
{
	struct vmp_sight *open = vmp_pool_at(match->pool, slot);
	uint64_t last_ns = open->ts_ns;
	int elsewhere;

	if (open->fate != VMP_FATE_NONE || open->expect == VMP_EXPECT_NOWHERE || open->next_hop < 0)
		return;
	open->fate = (uint8_t)decide(match, open, complete_ns, &elsewhere, &last_ns);
	if (open->fate != VMP_FATE_DELIVERED && open->doubt_ns)
		vmp_match_pass_doubt(match, slot, open->doubt_ns);
	vmp_pool_unchain(match->pool, VMP_CHAIN_OPEN, slot);
	vmp_pool_unchain(match->pool, VMP_CHAIN_LATE, slot);
	vmp_pool_unchain(match->pool, VMP_CHAIN_DATA, slot);
	if ((open->fate == VMP_FATE_LOST || open->fate == VMP_FATE_UNSURE) && open->ts_ns > match->end_ns &&
	    open->since_ns <= match->end_ns)
		note_missing_after(match, open);
	if (!vmp_match_in_window(match, open->ts_ns))
		open->fate = VMP_FATE_NONE;
	if (open->fate == VMP_FATE_NONE)
		return;
	if (open->fate == VMP_FATE_LOST && !open->cause && match->drops)
		open->cause = (uint8_t)vmp_drop_table_claim(match->drops, open, match->conf.settle_ns);
	vmp_stretch_settled(match, open, elsewhere, last_ns);
	if (open->fate == VMP_FATE_LOST || open->hidden)
		remember_lost(match, open, elsewhere >= 0);
}

static void forget_settled(struct vmp_match *match)
{
	vmp_pool_pop(match->pool);
	match->n_settled--;
	match->n_expired -= match->n_expired > 0;
}

static void settle_until(struct vmp_match *match, uint64_t until_ns, uint64_t complete_ns)
{
	for (;;) {
		uint32_t slot = vmp_pool_nth(match->pool, match->n_settled);

		if (slot == VMP_POOL_NONE || (slot != VMP_POOL_DONE && vmp_pool_at(match->pool, slot)->ts_ns > until_ns))
			return;
		if (slot != VMP_POOL_DONE)
			settle_one(match, slot, complete_ns);
		match->n_settled++;
	}
}

/* It says that the clock went back, and who asks may be a little younger and not decided yet (struct spares). */
static bool may_be_asked_for(const struct vmp_match *match)
{
	uint32_t slot = vmp_pool_oldest(match->pool);
	const struct vmp_sight *sight;

	if (match->ended || slot == VMP_POOL_DONE)
		return false;
	sight = vmp_pool_at(match->pool, slot);
	return (sight->on & (1U << VMP_CHAIN_SPARE)) && sight->ts_ns + match->conf.settle_ns + CLOCK_BACK_NS >= match->settled_ns;
}

static void forget_unasked(struct vmp_match *match)
{
	while (match->conf.no_fates && match->n_settled > 0 && !may_be_asked_for(match))
		forget_settled(match);
}

uint64_t vmp_match_due_ns(const struct vmp_match *match)
{
	uint32_t slot = vmp_pool_nth(match->pool, match->n_settled);

	if (slot == VMP_POOL_NONE)
		return UINT64_MAX;
	return slot == VMP_POOL_DONE ? 0 : vmp_pool_at(match->pool, slot)->ts_ns + match->conf.settle_ns;
}

void vmp_match_settle(struct vmp_match *match, uint64_t complete_ns)
{
	match->settled_ns = complete_ns;
	match->ended = false;
	if (complete_ns > match->conf.settle_ns)
		settle_until(match, complete_ns - match->conf.settle_ns, complete_ns);
	forget_unasked(match);
}

void vmp_match_settle_all(struct vmp_match *match, uint64_t complete_ns)
{
	match->settled_ns = complete_ns;
	match->ended = true;
	settle_until(match, UINT64_MAX, complete_ns);
	forget_unasked(match);
}

bool vmp_match_next(struct vmp_match *match, struct vmp_settled *ret_settled)
{
	struct vmp_outcome outcome;

	if (match->n_settled == 0 || may_be_asked_for(match))
		return false;
	outcome = vmp_pool_outcome(match->pool);
	ret_settled->packet_id = outcome.packet_id;
	ret_settled->fate = (enum vmp_fate)outcome.fate;
	ret_settled->why = (enum vmp_unsure)outcome.why;
	ret_settled->next_hop = outcome.next_hop;
	ret_settled->relevant = outcome.relevant;
	ret_settled->cause = outcome.fate == VMP_FATE_LOST ? outcome.cause : 0;
	forget_settled(match);
	return true;
}
