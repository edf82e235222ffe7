/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same bytes under another segmentation. */
#include "match/match_internal.h"

enum { FLOW_STEPS = 4096 }; /* spare sightings of one flow looked through for one packet */

/* Mark the part [seq, seq+len) of an open TCP packet that a spare one holds; bit i stands for the i-th 1/64 of it. */
static uint64_t covered_part(const struct vmp_sight *open, const struct vmp_sight *spare)
{
	int64_t from = (int32_t)(spare->tcp_seq - open->tcp_seq), to = from + spare->payload_len;
	int64_t len = open->payload_len;
	uint64_t bits = 0;

	if (from < 0)
		from = 0;
	if (to > len)
		to = len;
	for (int i = 0; i < 64 && from < to; i++) {
		int64_t low = i * len / 64, high = (i + 1) * len / 64;

		if (low >= from && high <= to)
			bits |= 1ULL << i;
	}
	return bits;
}

/*
 * Are the bytes of an open packet known at the next hop under another segmentation (TSO, GSO, GRO, fragments)?
 * NONE: no trace of it; DELIVERED: all its bytes; UNSURE: something of its flow that may be it.
 */
enum vmp_fate vmp_match_resegmented(struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = open->flow ? vmp_pool_first(match->pool, VMP_CHAIN_FLOW, open) : VMP_POOL_NONE;
	uint64_t covered = 0;
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
				uint64_t part = covered_part(open, spare);

				some = some || part || spare->tcp_seq == open->tcp_seq;
				covered |= part;
				if (covered == UINT64_MAX)
					return VMP_FATE_DELIVERED;
			}
		}
		slot = next;
	}
	return some ? VMP_FATE_UNSURE : VMP_FATE_NONE;
}
