/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP data by its bytes.
 *
 * Kernel, net/ipv4/af_inet.c inet_gso_segment() and net/ipv4/tcp_offload.c: a large IPv4 packet bears the id of its first piece,
 * the i-th piece that id + i (or all the same); all pieces have the same acknowledgment and timestamps. So the id tells a
 * retransmission from the first try, and without ids the timestamp does, but for tries within one tick of its clock. Without
 * either pieces prove something only soon after the whole.
 */
#include "match/cut.h"
#include "match/cover.h"

enum {
	WAITING_STEPS = 64,     /* open packets of a flow that are looked at for one piece */
	STRAYS = 8,             /* pieces of nobody that are looked at for one packet */
	LEAST_SEGMENT = 500,    /* bytes of TCP data in one packet among many */
	ORDINARY_SEGMENT = 1500, /* more are rather several packets in one */
};

enum agreement { DISAGREE, MAY_AGREE, AGREE };

struct search {
	struct vmp_cover cover;
	uint32_t largest_piece;
	int64_t found;
	bool perhaps;           /* some that may be of this try, or not */
	bool disagreed;         /* some of the bytes in another try */
	uint64_t last_ns;
};

static int64_t offset_in(const struct vmp_sight *whole, const struct vmp_sight *piece)
{
	return (int32_t)(piece->first_byte - whole->first_byte);
}

/*
 * Do the IP ids allow that one is a piece of the other, being put together of several itself? Then only the least size of
 * what has an id of its own is known.
 */
static bool ids_may_agree(const struct vmp_sight *open, const struct vmp_sight *spare, int64_t offset)
{
	int64_t most = offset / LEAST_SEGMENT, step = (int16_t)(uint16_t)(spare->ip_id - open->ip_id);

	if ((offset >= 0 ? spare : open)->payload_len <= ORDINARY_SEGMENT)
		return false;
	return offset > 0 ? step > 0 && step <= most : offset < 0 && step < 0 && step >= most;
}

/*
 * Do the IP ids say that one is a piece of the other? offset: of the spare one's first byte in the open one. How large the
 * pieces are is not told by a last piece, which may be any shorter than the others.
 */
static bool ids_agree(uint32_t largest_piece, const struct vmp_sight *open, const struct vmp_sight *spare, int64_t offset)
{
	int64_t piece = offset >= 0 ? largest_piece : open->payload_len;
	int64_t index = piece ? offset / piece : 0;
	int16_t step = (int16_t)(uint16_t)(spare->ip_id - open->ip_id);

	if (step == 0 || (step >= index - 1 && step <= index + 1))
		return true;
	if (offset < 0)
		return step < 0 && step > index;
	return step > 0 && step < index && offset + spare->payload_len == open->payload_len;
}

static enum agreement agree(uint32_t largest_piece, const struct vmp_sight *open, const struct vmp_sight *spare, int64_t offset)
{
	bool same_try = open->try_key == spare->try_key && open->has_timestamp == spare->has_timestamp;

	if (open->is_ip4 && !ids_agree(largest_piece, open, spare, offset)) {
		if (!same_try || !ids_may_agree(open, spare, offset))
			return DISAGREE;
		return open->has_timestamp && !open->contested ? AGREE : MAY_AGREE;
	}
	if (!same_try)
		return open->is_ip4 && open->ip_id != spare->ip_id ? MAY_AGREE : DISAGREE;
	if (open->is_ip4 || open->has_timestamp || spare->ts_ns <= open->ts_ns + VMP_MATCH_PIECES_NS)
		return AGREE;
	return MAY_AGREE;
}

bool vmp_cut_tcp_may_hold(const struct vmp_sight *whole, const struct vmp_sight *piece)
{
	int64_t offset = offset_in(whole, piece);

	return whole->is_tcp && piece->is_tcp && offset < whole->payload_len && offset + piece->payload_len > 0 &&
	       agree(piece->payload_len, whole, piece, offset) != DISAGREE;
}

bool vmp_cut_tcp_is_waited_for(struct vmp_match *match, const struct vmp_sight *here)
{
	uint32_t slot = vmp_pool_last(match->pool, VMP_CHAIN_DATA, here, here->at);

	for (int i = 0; slot != VMP_POOL_NONE && i < WAITING_STEPS;
	     i++, slot = vmp_pool_previous(match->pool, VMP_CHAIN_DATA, slot)) {
		const struct vmp_sight *open = vmp_pool_at(match->pool, slot);

		if (open->flow == here->flow && open->direction == here->direction &&
		    vmp_match_place_main(open->place) == here->at && vmp_cut_tcp_may_hold(open, here))
			return true;
	}
	return false;
}

void vmp_cut_tcp_contest(struct vmp_match *match, struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_last(match->pool, VMP_CHAIN_DATA, open, open->place);

	for (int i = 0; slot != VMP_POOL_NONE && i < WAITING_STEPS;
	     i++, slot = vmp_pool_previous(match->pool, VMP_CHAIN_DATA, slot)) {
		struct vmp_sight *other = vmp_pool_at(match->pool, slot);
		int64_t offset = offset_in(open, other);

		if (other->flow != open->flow || other->direction != open->direction || other->place != open->place)
			continue;
		if (offset + other->payload_len <= 0 && i == 0)
			return; /* it goes on where the last one ended */
		if (offset < open->payload_len && offset + other->payload_len > 0 && other->try_key == open->try_key &&
		    (open->has_timestamp || open->ts_ns <= other->ts_ns + VMP_MATCH_PIECES_NS))
			open->contested = other->contested = true;
	}
}

/* How many new bytes of an open packet a spare one holds; they are used up by it. -1: too many holes. */
static int64_t take(struct vmp_match *match, struct search *search, const struct vmp_sight *open, uint32_t slot)
{
	struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
	int64_t offset = offset_in(open, spare), to = offset + spare->payload_len, fresh;
	enum agreement agreement;

	if (to > open->payload_len)
		to = open->payload_len;
	if (offset >= open->payload_len || to <= 0)
		return 0;
	if (spare->payload_len > search->largest_piece)
		search->largest_piece = spare->payload_len;
	agreement = agree(search->largest_piece, open, spare, offset);
	if (agreement == AGREE && spare->ts_ns < open->ts_ns)
		agreement = spare->ts_ns + VMP_CUT_BACK_NS >= open->ts_ns ? MAY_AGREE : DISAGREE;
	search->disagreed = search->disagreed || agreement == DISAGREE;
	search->perhaps = search->perhaps || agreement == MAY_AGREE;
	if (agreement != AGREE)
		return 0;
	fresh = vmp_cover_add(&search->cover, offset > 0 ? offset : 0, to);
	if (fresh <= 0)
		return fresh;
	search->found += fresh;
	search->last_ns = spare->ts_ns;
	vmp_cut_use(match, slot, (uint32_t)fresh, spare->payload_len);
	return fresh;
}

/* Are there bytes in other pieces that may be the missing ones, since nothing else waits for them? */
static bool has_strays(struct vmp_match *match, const struct search *search, const struct vmp_sight *open)
{
	uint32_t slot = vmp_cut_first(match, open, open->flow);
	int strays = 0, steps = 0;

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(match->pool, VMP_CHAIN_FLOW, slot)) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
		int64_t from = offset_in(open, spare), to = from + spare->payload_len;

		if (++steps > VMP_CUT_OTHER_STEPS)
			return true;
		if (!spare->is_tcp || !vmp_cut_is_candidate(open, spare, false) || from >= open->payload_len || to <= 0)
			continue;
		from = from > 0 ? from : 0;
		to = to < open->payload_len ? to : open->payload_len;
		if (vmp_cover_has(&search->cover, from, to))
			continue;
		if (++strays > STRAYS || !vmp_cut_tcp_is_waited_for(match, spare))
			return true;
	}
	return false;
}

enum vmp_fate vmp_cut_tcp(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found)
{
	uint32_t slot = vmp_cut_first(match, open, open->flow), next;
	struct search search = {.found = 0};
	int idle = 0, others = 0;

	for (; slot != VMP_POOL_NONE && search.found < open->payload_len; slot = next) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
		int64_t fresh;

		next = vmp_pool_next(match->pool, VMP_CHAIN_FLOW, slot);
		if (!vmp_cut_is_candidate(open, spare, true)) {
			if (++others > VMP_CUT_OTHER_STEPS)
				return VMP_FATE_UNSURE;
			continue;
		}
		fresh = spare->is_tcp ? take(match, &search, open, slot) : 0;
		if (fresh < 0 || (fresh == 0 && ++idle > VMP_CUT_IDLE_STEPS))
			return VMP_FATE_UNSURE;
	}
	ret_found->last_ns = search.last_ns;
	ret_found->missing = open->payload_len - (uint32_t)search.found;
	if ((search.found && open->contested && !open->is_ip4) || (ret_found->missing && search.perhaps))
		return VMP_FATE_UNSURE;
	if (!ret_found->missing)
		return VMP_FATE_DELIVERED;
	if (search.disagreed && (search.found || !open->is_ip4) && has_strays(match, &search, open))
		return VMP_FATE_UNSURE;
	return search.found ? VMP_FATE_LOST : VMP_FATE_NONE;
}
