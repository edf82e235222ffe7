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
	*slot = stretch;
	return stretch;
}

void vmp_stretch_delivered(struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *here)
{
	struct vmp_stretch *stretch;

	if (!vmp_match_in_window(match, open->ts_ns))
		return;
	stretch = vmp_stretch_get(match, (enum vmp_direction)open->direction, open->hop, here->hop);
	if (!stretch)
		return;
	stretch->segment.offered++;
	stretch->segment.delivered++;
	if (open->ip_len > stretch->segment.longest_delivered)
		stretch->segment.longest_delivered = open->ip_len;
	vmp_latency_add(&stretch->latencies, here->ts_ns - open->ts_ns);
}

void vmp_stretch_lost(struct vmp_segment *segment, const struct vmp_sight *open, int elsewhere)
{
	segment->lost++;
	segment->group_lost += open->group;
	if (elsewhere >= 0) {
		segment->elsewhere++;
		segment->elsewhere_hop = elsewhere;
	}
	if (open->wrong_tag) {
		segment->wrong_tag++;
		segment->wrong_tag_id = open->tag;
	}
	if (!segment->shortest_lost || open->ip_len < segment->shortest_lost)
		segment->shortest_lost = open->ip_len;
	if (!segment->has_first_lost) {
		segment->has_first_lost = true;
		segment->first_lost_id = open->packet_id;
		segment->first_lost_ns = open->ts_ns;
	}
	segment->last_lost_ns = open->ts_ns;
}
