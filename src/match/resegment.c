/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same bytes in other pieces: one large frame here and many small ones at the next hop, or the other way round.
 *
 * Kernel, net/ipv4/af_inet.c inet_gso_segment() and net/core/gro.c: a large IPv4 packet bears the id of its first piece, the i-th
 * piece that id + i (or all the same). So the id tells a retransmission from the first try. IPv6 has no id; there pieces prove
 * something only soon after the whole.
 */
#include "match/match_internal.h"

#include <string.h>

enum {
	IDLE_STEPS = 64,        /* spare sightings of a flow that are looked at in vain for one packet */
	OTHER_STEPS = 1024,     /* ... and of other flows whose hash is alike */
	RANGES = 32,
};

struct range {
	int64_t from, to;
};

/* Bytes of one open packet that were found, counted from its first; in order, apart from one another. */
struct cover {
	struct range ranges[RANGES];
	size_t n;
	uint32_t largest_piece;
	bool perhaps;           /* some came too late to tell whether they are of this try */
};

/* Add a range. Returns how many bytes of it are new, or -1 when there are too many holes. */
static int64_t cover_add(struct cover *cover, int64_t from, int64_t to)
{
	int64_t fresh = to - from, low = from, high = to;
	size_t first = 0, last;

	while (first < cover->n && cover->ranges[first].to < from)
		first++;
	for (last = first; last < cover->n && cover->ranges[last].from <= to; last++) {
		const struct range *known = &cover->ranges[last];
		int64_t shared = (known->to < to ? known->to : to) - (known->from > from ? known->from : from);

		fresh -= shared > 0 ? shared : 0;
		low = known->from < low ? known->from : low;
		high = known->to > high ? known->to : high;
	}
	if (last == first && cover->n == RANGES)
		return -1;
	memmove(&cover->ranges[first + 1], &cover->ranges[last], (cover->n - last) * sizeof(*cover->ranges));
	cover->n = cover->n - (last - first) + 1;
	cover->ranges[first] = (struct range){low, high};
	return fresh;
}

/*
 * Do the IP ids allow that one is a piece of the other? offset: of the spare one's first byte in the open one. How large the
 * pieces are is not told by a last piece, which may be any shorter than the others.
 */
static bool ids_agree(const struct cover *cover, const struct vmp_sight *open, const struct vmp_sight *spare, int64_t offset)
{
	int64_t piece = offset >= 0 ? cover->largest_piece : open->payload_len;
	int64_t index = piece ? offset / piece : 0;
	int16_t step = (int16_t)(uint16_t)(spare->ip_id - open->ip_id);

	if (!open->is_ip4)
		return true;
	if (step == 0 || (step >= index - 1 && step <= index + 1))
		return true;
	if (offset < 0)
		return step < 0 && step > index;
	return step > 0 && step < index && offset + spare->payload_len == open->payload_len;
}

/* How many new bytes of an open TCP packet a spare one holds; they are used up by it. -1: too many holes. */
static int64_t take_bytes(struct cover *cover, const struct vmp_sight *open, struct vmp_sight *spare)
{
	int64_t offset = (int32_t)(spare->tcp_seq - open->tcp_seq);
	int64_t from = offset > 0 ? offset : 0, to = offset + spare->payload_len, fresh;

	if (to > open->payload_len)
		to = open->payload_len;
	if (from >= to)
		return 0;
	if (spare->payload_len > cover->largest_piece)
		cover->largest_piece = spare->payload_len;
	if (!ids_agree(cover, open, spare, offset))
		return 0;
	if (!open->is_ip4 && spare->ts_ns - open->ts_ns > VMP_MATCH_PIECES_NS) {
		cover->perhaps = true;
		return 0;
	}
	fresh = cover_add(cover, from, to);
	if (fresh > 0)
		spare->used += (uint32_t)fresh;
	return fresh;
}

/* Not TCP data: the same packet changed on the way, or its fragments, or what it was a fragment of. */
static bool may_be_it(const struct vmp_sight *open, const struct vmp_sight *spare)
{
	if (open->is_tcp)
		return spare->is_tcp && open->tcp_seq == spare->tcp_seq;
	return open->ip_id == spare->ip_id || open->payload_len != spare->payload_len;
}

static bool is_candidate(const struct vmp_sight *open, const struct vmp_sight *spare)
{
	return spare->flow == open->flow && spare->direction == open->direction &&
	       spare->at == vmp_match_place_main(open->place) && spare->ts_ns >= open->ts_ns;
}

/* Can a piece be of this packet, as far as place, bytes and id tell? */
static bool may_hold(const struct vmp_sight *whole, const struct vmp_sight *piece)
{
	struct cover cover = {.largest_piece = piece->payload_len};
	int64_t offset = (int32_t)(piece->tcp_seq - whole->tcp_seq);

	return whole->flow == piece->flow && whole->direction == piece->direction &&
	       vmp_match_place_main(whole->place) == piece->at && offset < whole->payload_len &&
	       offset + piece->payload_len > 0 && ids_agree(&cover, whole, piece, offset);
}

/* Is there a packet, not given up yet, that these bytes can be of? */
static bool is_waited_for(struct vmp_match *match, const struct vmp_sight *here)
{
	uint32_t slot = vmp_pool_last(match->pool, VMP_CHAIN_DATA, here, here->at);

	for (int i = 0; slot != VMP_POOL_NONE && i < IDLE_STEPS; i++, slot = vmp_pool_previous(match->pool, VMP_CHAIN_DATA, slot))
		if (may_hold(vmp_pool_at(match->pool, slot), here))
			return true;
	return false;
}

void vmp_match_recall_bytes(struct vmp_match *match, const struct vmp_sight *here)
{
	struct vmp_pool *pool = match->lost;
	uint32_t slot = vmp_pool_first(pool, VMP_CHAIN_FLOW, here, here->at), next;

	if (slot == VMP_POOL_NONE || is_waited_for(match, here))
		return;
	for (int idle = 0; slot != VMP_POOL_NONE; slot = next) {
		struct vmp_sight *lost = vmp_pool_at(pool, slot);

		next = vmp_pool_next(pool, VMP_CHAIN_FLOW, slot);
		if (may_hold(lost, here)) {
			vmp_stretch_doubt(match, lost, VMP_UNSURE_SEGMENTED);
			vmp_pool_unchain(pool, VMP_CHAIN_OPEN, slot);
			vmp_pool_unchain(pool, VMP_CHAIN_FLOW, slot);
		} else if (++idle > IDLE_STEPS) {
			match->bytes_late = true;
			return;
		}
	}
}

enum vmp_fate vmp_match_resegmented(struct vmp_match *match, const struct vmp_sight *open, uint64_t *ret_last_ns)
{
	struct vmp_pool *pool = match->pool;
	bool data = open->is_tcp && open->payload_len > 0;
	struct cover cover = {.n = 0};
	int64_t found = 0;
	int idle = 0, others = 0;
	uint32_t slot, next;

	if (!open->flow)
		return VMP_FATE_NONE;
	for (slot = vmp_pool_first(pool, VMP_CHAIN_FLOW, open, vmp_match_place_main(open->place)); slot != VMP_POOL_NONE; slot = next) {
		struct vmp_sight *spare = vmp_pool_at(pool, slot);
		int64_t fresh;

		next = vmp_pool_next(pool, VMP_CHAIN_FLOW, slot);
		if (!is_candidate(open, spare)) {
			if (++others > OTHER_STEPS)
				return VMP_FATE_UNSURE;
			continue;
		}
		if ((!data || !spare->is_tcp) && may_be_it(open, spare))
			return VMP_FATE_UNSURE;
		fresh = data && spare->is_tcp ? take_bytes(&cover, open, spare) : 0;
		if (fresh < 0 || (fresh == 0 && ++idle > IDLE_STEPS))
			return VMP_FATE_UNSURE;
		found += fresh;
		if (fresh > 0 && spare->used >= spare->payload_len) {
			vmp_pool_unchain(pool, VMP_CHAIN_FLOW, slot);
			vmp_pool_unchain(pool, VMP_CHAIN_SPARE, slot);
		}
		if (data && found == open->payload_len) {
			*ret_last_ns = spare->ts_ns;
			return VMP_FATE_DELIVERED;
		}
	}
	return found > 0 || cover.perhaps ? VMP_FATE_UNSURE : VMP_FATE_NONE;
}
