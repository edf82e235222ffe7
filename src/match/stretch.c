/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting what became of packets between two hops. */
#include "match/match_internal.h"

#include <stdlib.h>

struct vmp_stretch *vmp_stretch_get(struct vmp_match *match, enum vmp_direction direction, int from, int to)
{
	struct vmp_stretch **slot, *stretch;

	vmp_vec_foreach (known, &match->stretches)
		if ((*known)->segment.direction == direction && (*known)->segment.from == from && (*known)->segment.to == to)
			return *known;
	stretch = calloc(1, sizeof(*stretch));
	slot = stretch ? vmp_vec_add(&match->stretches) : NULL;
	if (!slot) {
		free(stretch);
		return NULL;
	}
	stretch->segment.direction = direction;
	stretch->segment.from = from;
	stretch->segment.to = to;
	stretch->latencies.slow_ns = match->conf.slow_ns;
	*slot = stretch;
	return stretch;
}

struct vmp_stretch *vmp_stretch_of(struct vmp_match *match, const struct vmp_sight *open)
{
	return vmp_stretch_get(match, (enum vmp_direction)open->direction, open->hop, open->next_hop);
}

static void add_delivered(struct vmp_segment *segment, const struct vmp_sight *open)
{
	segment->offered++;
	segment->delivered++;
	if (open->ip_len > segment->longest_delivered)
		segment->longest_delivered = open->ip_len;
}

static void add_latency(struct vmp_stretch *stretch, const struct vmp_sight *open, uint64_t ns)
{
	vmp_latency_add(&stretch->latencies, ns);
	vmp_latency_note(&stretch->latencies, open->packet_id, open->ts_ns, ns);
}

void vmp_stretch_delivered(struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *here, bool timed)
{
	struct vmp_stretch *stretch;

	if (!vmp_match_in_window(match, open->ts_ns))
		return;
	stretch = vmp_stretch_get(match, (enum vmp_direction)open->direction, open->hop, here->hop);
	if (!stretch)
		return;
	add_delivered(&stretch->segment, open);
	if (timed)
		add_latency(stretch, open, here->ts_ns - open->ts_ns);
}

/* The least and greatest of the lost. */
static void note_lost(struct vmp_segment *segment, const struct vmp_sight *open)
{
	if (!segment->shortest_lost || open->ip_len < segment->shortest_lost)
		segment->shortest_lost = open->ip_len;
	if (!segment->has_first_lost) {
		segment->has_first_lost = true;
		segment->first_lost_id = open->packet_id;
		segment->first_lost_ns = open->ts_ns;
	}
	segment->last_lost_ns = open->ts_ns;
}

/* Count one more, or one less, that died of this. Without memory it is only not explained. */
static void count_cause(struct vmp_stretch *stretch, const struct vmp_sight *lost, bool more)
{
	struct vmp_stretch_cause *cause = NULL;

	if (!lost->cause)
		return;
	vmp_vec_foreach (each, &stretch->causes)
		if (each->kind == lost->cause)
			cause = each;
	if (!cause && more)
		cause = vmp_vec_add(&stretch->causes);
	if (!cause)
		return;
	cause->kind = lost->cause;
	if (!more) {
		cause->packets -= cause->packets > 0;
		return;
	}
	if (!cause->packets++)
		cause->packet_id = lost->packet_id;
}

static void add_lost(struct vmp_segment *segment, const struct vmp_sight *open, int elsewhere)
{
	segment->lost++;
	segment->lost_bytes += open->missing;
	segment->partly_lost += open->partly;
	segment->group_lost += open->group;
	if (elsewhere >= 0) {
		segment->elsewhere++;
		segment->elsewhere_hop = elsewhere;
	}
	if (open->wrong_tag) {
		segment->wrong_tag++;
		segment->wrong_tag_id = open->tag;
	}
	note_lost(segment, open);
}

void vmp_stretch_settled(struct vmp_match *match, const struct vmp_sight *open, int elsewhere, uint64_t last_ns)
{
	struct vmp_stretch *stretch = vmp_stretch_of(match, open);

	if (!stretch)
		return;
	if (open->fate == VMP_FATE_DELIVERED) {
		add_delivered(&stretch->segment, open);
		add_latency(stretch, open, last_ns - open->ts_ns);
		return;
	}
	stretch->segment.offered++;
	if (open->fate == VMP_FATE_UNSURE) {
		stretch->segment.unsure++;
		stretch->segment.unsure_why[open->why]++;
	} else {
		stretch->missing_since_before += vmp_match_is_since_before(match, open);
		add_lost(&stretch->segment, open, elsewhere);
		count_cause(stretch, open, true);
	}
}

void vmp_stretch_hide(struct vmp_match *match, const struct vmp_sight *open, uint64_t points)
{
	struct vmp_stretch *stretch = vmp_match_in_window(match, open->ts_ns) ? vmp_stretch_of(match, open) : NULL;

	if (!stretch)
		return;
	stretch->hidden++;
	stretch->hiding_points |= points;
}

/* Of what is hidden one may not be lost. seen: it was seen at last, so it is unsure no more. */
static void forget_hidden(struct vmp_match *match, const struct vmp_sight *hidden, bool seen)
{
	struct vmp_stretch *stretch = vmp_match_in_window(match, hidden->ts_ns) ? vmp_stretch_of(match, hidden) : NULL;

	if (!stretch)
		return;
	stretch->hidden--;
	if (!seen)
		return;
	stretch->segment.offered--;
	stretch->segment.unsure--;
	stretch->segment.unsure_why[hidden->why]--;
}

/* Undo the counting of a loss. */
static struct vmp_stretch *take_back(struct vmp_match *match, const struct vmp_sight *lost)
{
	struct vmp_stretch *stretch;

	if (!vmp_match_in_window(match, lost->ts_ns))
		return NULL;
	stretch = vmp_stretch_of(match, lost);
	if (!stretch)
		return NULL;
	stretch->taken_back = true;
	stretch->missing_since_before -= vmp_match_is_since_before(match, lost);
	count_cause(stretch, lost, false);
	stretch->segment.lost--;
	stretch->segment.offered--;
	stretch->segment.lost_bytes -= lost->missing;
	stretch->segment.partly_lost -= lost->partly;
	stretch->segment.group_lost -= lost->group;
	stretch->segment.elsewhere -= lost->elsewhere;
	stretch->segment.wrong_tag -= lost->wrong_tag;
	return stretch;
}

void vmp_stretch_recall(struct vmp_match *match, const struct vmp_sight *lost)
{
	if (lost->hidden)
		forget_hidden(match, lost, true);
	else
		take_back(match, lost);
}

void vmp_stretch_doubt(struct vmp_match *match, const struct vmp_sight *lost, enum vmp_unsure why)
{
	struct vmp_stretch *stretch;

	if (lost->hidden) {
		forget_hidden(match, lost, false);
		return;
	}
	stretch = take_back(match, lost);
	if (!stretch)
		return;
	stretch->segment.offered++;
	stretch->segment.unsure++;
	stretch->segment.unsure_why[why]++;
}

void vmp_stretch_late(struct vmp_match *match, const struct vmp_sight *lost, uint64_t ts_ns)
{
	struct vmp_stretch *stretch = vmp_stretch_of(match, lost);
	bool tcp = lost->cut == VMP_CUT_TCP;

	if (stretch && ts_ns > lost->ts_ns + stretch->late_ns[tcp])
		stretch->late_ns[tcp] = ts_ns - lost->ts_ns;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void vmp_stretch_doubt_edges(struct vmp_match *match)
{
	vmp_vec_foreach (slot, &match->stretches) {
		struct vmp_stretch *stretch = *slot;
		struct vmp_segment *segment = &stretch->segment;
		uint64_t lost = least(least(stretch->missing_since_before, stretch->mistaken_at_start), segment->lost);
		uint64_t delivered = least(least(stretch->missing_after, stretch->mistaken_at_end), segment->delivered);

		segment->lost -= lost;
		segment->delivered -= delivered;
		segment->unsure += lost + delivered;
		segment->unsure_why[VMP_UNSURE_WINDOW] += lost + delivered;
		segment->partly_lost = least(segment->partly_lost, segment->lost);
		segment->lost_bytes = segment->lost ? segment->lost_bytes : 0;
		segment->group_lost = least(segment->group_lost, segment->lost);
		segment->elsewhere = least(segment->elsewhere, segment->lost);
		segment->wrong_tag = least(segment->wrong_tag, segment->lost);
	}
}

void vmp_stretch_bound(struct vmp_match *match)
{
	vmp_vec_foreach (slot, &match->stretches) {
		uint64_t most = vmp_match_hidden_most(match, *slot) + (*slot)->mistaken_at_start + (*slot)->mistaken_at_end;

		(*slot)->segment.unsure_lost = (*slot)->hidden > most ? (*slot)->hidden - most : 0;
	}
}

void vmp_stretch_review(struct vmp_match *match)
{
	vmp_vec_foreach (stretch, &match->stretches) {
		if (!(*stretch)->taken_back)
			continue;
		(*stretch)->segment.has_first_lost = false;
		(*stretch)->segment.shortest_lost = 0;
	}
	for (size_t i = 0;; i++) {
		uint32_t slot = vmp_pool_nth(match->lost, i);
		struct vmp_stretch *stretch;
		const struct vmp_sight *lost;

		if (slot == VMP_POOL_NONE)
			return;
		lost = vmp_pool_at(match->lost, slot);
		stretch = lost->on & (1U << VMP_CHAIN_OPEN) ? vmp_stretch_of(match, lost) : NULL;
		if (stretch && stretch->taken_back && !lost->hidden)
			note_lost(&stretch->segment, lost);
	}
}
