/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When which point was blind. */
#include "match/match_internal.h"

#define GAP_MERGE_NS 200000000ULL

void vmp_match_gap(struct vmp_match *match, size_t point, uint64_t from_ns, uint64_t to_ns, enum vmp_unsure why)
{
	struct vmp_watch *watch;
	struct vmp_gap *last;

	if (point >= match->n_points)
		return;
	watch = &match->watches[point];
	last = watch->n ? &watch->gaps[watch->n - 1] : NULL;
	if (last && last->why == why && from_ns >= last->from_ns &&
	    (from_ns <= last->to_ns || from_ns - last->to_ns <= GAP_MERGE_NS)) {
		if (to_ns > last->to_ns)
			last->to_ns = to_ns;
		return;
	}
	if (watch->n == VMP_MATCH_GAPS) {
		/* Too many to tell apart: one from the first to the last is the careful answer. */
		struct vmp_gap all = {from_ns, to_ns, why};

		for (size_t i = 0; i < watch->n; i++) {
			all.from_ns = watch->gaps[i].from_ns < all.from_ns ? watch->gaps[i].from_ns : all.from_ns;
			all.to_ns = watch->gaps[i].to_ns > all.to_ns ? watch->gaps[i].to_ns : all.to_ns;
		}
		watch->gaps[0] = all;
		watch->n = 1;
		return;
	}
	watch->gaps[watch->n++] = (struct vmp_gap){from_ns, to_ns, why};
}

/* From when on the missing one of several equal packets, or of tries to send the same bytes, may have been seen. */
static uint64_t missing_since(const struct vmp_sight *open)
{
	if (open->is_tcp && !open->is_ip4 && open->payload_len > 0 && open->since_ns > VMP_MATCH_PIECES_NS)
		return open->since_ns - VMP_MATCH_PIECES_NS;
	return open->since_ns;
}

bool vmp_match_was_blind(const struct vmp_match *match, const struct vmp_sight *open, uint64_t within_ns,
			 enum vmp_unsure *ret_why)
{
	uint64_t since = missing_since(open), until = open->ts_ns + within_ns;

	for (size_t i = 0; i < match->n_points; i++) {
		const struct vmp_watch *watch = &match->watches[i];

		if (!vmp_match_expected_at(match, open, match->point_hops[i]))
			continue;
		for (size_t k = 0; k < watch->n; k++) {
			if (watch->gaps[k].from_ns <= until && watch->gaps[k].to_ns >= since) {
				*ret_why = watch->gaps[k].why;
				return true;
			}
		}
	}
	return false;
}
