/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same bytes under another segmentation. */
#include "match/match_internal.h"

#include <string.h>

enum { FLOW_STEPS = 4096 }; /* spare sightings of one flow looked through for one packet */

enum { PARTS = 64 };          /* pieces of one packet that do not touch; more are not told apart */

/* The bytes of one packet that are known, as pieces in rising order that do not touch each other. */
struct cover {
	struct {
		uint32_t from, to;
	} parts[PARTS];
	unsigned int n;
};

/* Add [from, to). Pieces that touch become one. False when there are too many. */
static bool cover_add(struct cover *cover, uint32_t from, uint32_t to)
{
	unsigned int at = 0, end;

	while (at < cover->n && cover->parts[at].to < from)
		at++;
	for (end = at; end < cover->n && cover->parts[end].from <= to; end++) {
		if (cover->parts[end].from < from)
			from = cover->parts[end].from;
		if (cover->parts[end].to > to)
			to = cover->parts[end].to;
	}
	if (end == at && cover->n == PARTS)
		return false;
	memmove(&cover->parts[at + 1], &cover->parts[end], (cover->n - end) * sizeof(*cover->parts));
	cover->parts[at].from = from;
	cover->parts[at].to = to;
	cover->n = cover->n - (end - at) + 1;
	return true;
}

/* Add what a spare TCP packet holds of an open one. Returns false when it holds nothing of it. */
static bool cover_by(struct cover *cover, const struct vmp_sight *open, const struct vmp_sight *spare)
{
	int64_t from = (int32_t)(spare->tcp_seq - open->tcp_seq), to = from + spare->payload_len;

	if (from < 0)
		from = 0;
	if (to > open->payload_len)
		to = open->payload_len;
	return from < to && cover_add(cover, (uint32_t)from, (uint32_t)to);
}

static bool is_covered(const struct cover *cover, const struct vmp_sight *open)
{
	return cover->n == 1 && cover->parts[0].from == 0 && cover->parts[0].to == open->payload_len;
}

/*
 * Are the bytes of an open packet known at the next hop under another segmentation (TSO, GSO, GRO, fragments)?
 * NONE: no trace of it; DELIVERED: all its bytes; UNSURE: something of its flow that may be it.
 */
enum vmp_fate vmp_match_resegmented(struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = open->flow ? vmp_pool_first(match->pool, VMP_CHAIN_FLOW, open) : VMP_POOL_NONE;
	struct cover cover = {.n = 0};
	bool some = false;
	int steps = 0;

	while (slot != VMP_POOL_NONE) {
		struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
		uint32_t next = vmp_pool_next(match->pool, VMP_CHAIN_FLOW, slot);

		if (++steps > FLOW_STEPS)
			return VMP_FATE_UNSURE;
		if (spare->flow == open->flow && spare->direction == open->direction &&
		    spare->ts_ns >= open->ts_ns && spare->hop != open->hop && vmp_match_expected_at(match, open, spare->hop)) {
			if (!open->is_tcp || !spare->is_tcp || open->payload_len == 0) {
				/* The same packet changed on the way, or its fragments, or what it was a fragment of. */
				if (open->is_tcp ? open->tcp_seq == spare->tcp_seq
						 : open->ip_id == spare->ip_id || open->payload_len != spare->payload_len)
					return VMP_FATE_UNSURE;
			} else {
				some = cover_by(&cover, open, spare) || some || spare->tcp_seq == open->tcp_seq;
				if (is_covered(&cover, open))
					return VMP_FATE_DELIVERED;
			}
		}
		slot = next;
	}
	return some ? VMP_FATE_UNSURE : VMP_FATE_NONE;
}
