/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP GSO and GRO: one large packet stands for up to 128 datagrams with equal payloads, but for the last, which may be shorter.
 *
 * Kernel, net/ipv4/udp_offload.c __udp_gso_segment() and net/ipv4/af_inet.c inet_gso_segment(): the i-th datagram has the large
 * packet's id + i, so ids tell which of them is missing. Where there are no ids, only sums tell: when everything that a flow sent
 * while some of it was under way has arrived to the byte, all of it has; otherwise that one packet alone was under way, or
 * nothing is certain.
 */
#include "match/cut.h"

#include <string.h>

enum {
	CONTESTED_PROBES = 8,
	GROUP_MOST = 8192,      /* steps through what is under way at once between two hosts without ids */
};

/* ---- by ids ------------------------------------------------------------------------------------------------------ */

/* Can the datagram of this length be number index of a large packet? */
static bool fits(uint32_t index, uint32_t len, uint32_t all)
{
	if (len >= all || len == 0)
		return false;
	if ((uint64_t)(index + 1) * len <= all)
		return true;
	return index > 0 && (all - len) % index == 0 && (all - len) / index >= len;
}

/* How long the datagram with this index is when the first has piece bytes; 0: there is none. */
static uint32_t size_at(uint32_t all, uint32_t piece, uint32_t index)
{
	uint64_t from = (uint64_t)index * piece;

	if (!piece || from >= all)
		return 0;
	return all - from < piece ? (uint32_t)(all - from) : piece;
}

static bool is_piece(const struct vmp_sight *whole, const struct vmp_sight *piece)
{
	uint16_t index = (uint16_t)(piece->ip_id - whole->ip_id);

	return index < VMP_CUT_IDS && fits(index, piece->payload_len, whole->payload_len);
}

bool vmp_cut_udp_may_hold(const struct vmp_sight *one, const struct vmp_sight *other)
{
	if (one->cut != VMP_CUT_UDP || other->cut != VMP_CUT_UDP || one->ports != other->ports)
		return false;
	if (vmp_cut_lacks_ids(one) || vmp_cut_lacks_ids(other))
		return one->payload_len != other->payload_len;
	return is_piece(one, other) || is_piece(other, one) || one->ip_id == other->ip_id;
}

/* The datagrams that may be of one large packet, by number. */
struct pieces {
	uint32_t slot[VMP_CUT_IDS];
	uint32_t len[VMP_CUT_IDS];
	uint32_t n;             /* how many there should be */
	uint32_t found;
	bool late;              /* some came when the ids may have been used again */
};

/* Call for all spare datagrams to the same ports whose ids are in the range of this one. Returns false when there are too many. */
static bool gather(struct vmp_match *match, const struct vmp_sight *open, uint32_t ip_id,
		   bool (*visit)(struct vmp_match *match, const struct vmp_sight *open, uint32_t slot, void *context), void *context)
{
	struct vmp_sight like = *open;
	int steps = 0;
	uint32_t slot, next;

	like.flow = vmp_cut_flow_at(open, ip_id);
	for (slot = vmp_cut_first(match, open, like.flow); slot != VMP_POOL_NONE; slot = next) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

		next = vmp_pool_next(match->pool, VMP_CHAIN_FLOW, slot);
		if (++steps > VMP_CUT_OTHER_STEPS)
			return false;
		if (spare->cut == VMP_CUT_UDP && spare->ports == open->ports && vmp_cut_is_candidate(&like, spare, false) &&
		    !visit(match, open, slot, context))
			return true;
	}
	return true;
}

/* Beyond the settle time an id may be another packet's. */
static bool is_late(const struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *spare)
{
	return spare->ts_ns > open->ts_ns + match->conf.settle_ns;
}

static bool note_piece(struct vmp_match *match, const struct vmp_sight *open, uint32_t slot, void *context)
{
	const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
	uint16_t index = (uint16_t)(spare->ip_id - open->ip_id);
	struct pieces *pieces = context;

	if (spare->used || !is_piece(open, spare) || pieces->len[index])
		return true;
	if (is_late(match, open, spare)) {
		pieces->late = true;
		return true;
	}
	pieces->slot[index] = slot;
	pieces->len[index] = spare->payload_len;
	pieces->found++;
	return true;
}

/* How many there should be, and how large: the first says it. What does not fit is none of them. */
static void find_size(struct pieces *pieces, uint32_t all)
{
	pieces->n = (all + pieces->len[0] - 1) / pieces->len[0];
	for (uint32_t i = 0; i < VMP_CUT_IDS; i++) {
		if (!pieces->len[i] || pieces->len[i] == size_at(all, pieces->len[0], i))
			continue;
		pieces->len[i] = 0;
		pieces->found--;
	}
}

/* One large packet here, its datagrams there. */
static enum vmp_fate find_pieces(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found)
{
	uint32_t last_id = (uint16_t)(open->ip_id + VMP_CUT_IDS - 1), missing = open->payload_len;
	struct pieces pieces;

	memset(&pieces, 0, sizeof(pieces));
	if (!gather(match, open, open->ip_id, note_piece, &pieces) ||
	    (vmp_cut_flow_at(open, last_id) != open->flow && !gather(match, open, last_id, note_piece, &pieces)))
		return VMP_FATE_UNSURE;
	if (!pieces.found)
		return pieces.late ? VMP_FATE_UNSURE : VMP_FATE_NONE;
	/* Without the first, how many ids are its own is not known: the others may be of the next packet. */
	if (!pieces.len[0])
		return VMP_FATE_UNSURE;
	find_size(&pieces, open->payload_len);
	/* Its first bytes alone may as well be all of it, changed on the way. */
	if (pieces.n > VMP_CUT_IDS || pieces.found == 1 || (pieces.late && pieces.found < pieces.n))
		return VMP_FATE_UNSURE;
	for (uint32_t i = 0; i < pieces.n; i++) {
		const struct vmp_sight *spare;

		if (!pieces.len[i])
			continue;
		spare = vmp_pool_at(match->pool, pieces.slot[i]);
		if (spare->ts_ns > ret_found->last_ns)
			ret_found->last_ns = spare->ts_ns;
		missing -= pieces.len[i];
		vmp_cut_use(match, pieces.slot[i], pieces.len[i], pieces.len[i]);
	}
	ret_found->missing = missing;
	return missing ? VMP_FATE_LOST : VMP_FATE_DELIVERED;
}

struct merged {
	struct vmp_cut_found *found;
	enum vmp_fate fate;
};

static bool note_merged(struct vmp_match *match, const struct vmp_sight *open, uint32_t slot, void *context)
{
	struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
	struct merged *merged = context;

	if (spare->ip_id == open->ip_id && spare->payload_len < open->payload_len)
		merged->fate = VMP_FATE_UNSURE; /* the same one, cut short */
	if (vmp_cut_lacks_ids(open) && spare->ip_id == open->ip_id)
		return true; /* not by ids */
	if (!is_piece(spare, open) || spare->used + open->payload_len > spare->payload_len)
		return true;
	if (is_late(match, open, spare)) {
		merged->fate = VMP_FATE_UNSURE;
		return true;
	}
	/* How large its datagrams are, and so how many ids it stands for, is told by the first: its id is the same. */
	if (spare->ip_id == open->ip_id)
		spare->piece_len = open->payload_len;
	if (!spare->piece_len)
		merged->fate = VMP_FATE_UNSURE;
	if (open->payload_len != size_at(spare->payload_len, spare->piece_len, (uint16_t)(open->ip_id - spare->ip_id)))
		return true;
	merged->fate = VMP_FATE_DELIVERED;
	merged->found->last_ns = spare->ts_ns;
	vmp_cut_use(match, slot, open->payload_len, spare->payload_len);
	return false;
}

/* A datagram here, the large packet that it is in there. */
static enum vmp_fate find_merged(struct vmp_match *match, const struct vmp_sight *open, struct vmp_cut_found *ret_found)
{
	uint32_t first_id = (uint16_t)(open->ip_id - (VMP_CUT_IDS - 1));
	struct merged merged = {.found = ret_found, .fate = VMP_FATE_NONE};

	if (!gather(match, open, open->ip_id, note_merged, &merged))
		return VMP_FATE_UNSURE;
	if (merged.fate != VMP_FATE_DELIVERED && vmp_cut_flow_at(open, first_id) != open->flow &&
	    !gather(match, open, first_id, note_merged, &merged))
		return VMP_FATE_UNSURE;
	return merged.fate;
}

/* ---- by sums ----------------------------------------------------------------------------------------------------- */

/* A walk through a chain. steps: of it, and of others that share its limit; more than GROUP_MOST: it was given up. */
struct walk {
	enum vmp_chain chain;
	bool spare;             /* looks for what was seen at the next hop since, rather than for what is expected there */
	int *steps;
};

/* The next of the same flow, from a slot on. */
static uint32_t next_of_flow(struct vmp_match *match, const struct walk *walk, uint32_t slot, const struct vmp_sight *open)
{
	for (; slot != VMP_POOL_NONE && ++*walk->steps <= GROUP_MOST; slot = vmp_pool_next(match->pool, walk->chain, slot)) {
		const struct vmp_sight *sight = vmp_pool_at(match->pool, slot);

		if (sight->cut != VMP_CUT_UDP || sight->ports != open->ports || sight->flow != open->flow ||
		    sight->direction != open->direction)
			continue;
		if (walk->spare ? vmp_cut_is_candidate(open, sight, false) && sight->used < sight->payload_len
				: sight->place == open->place && sight->ts_ns >= open->ts_ns)
			return slot;
	}
	return VMP_POOL_NONE;
}

static uint32_t after(struct vmp_match *match, const struct walk *walk, uint32_t slot, const struct vmp_sight *open)
{
	return next_of_flow(match, walk, vmp_pool_next(match->pool, walk->chain, slot), open);
}

/* A flow, or all that are between the same two hosts. */
static uint64_t name_of_flow(const struct vmp_sight *open, bool all)
{
	uint64_t what = ((uint64_t)open->ports << 17 | (uint64_t)open->place << 1 | open->direction) + 1;

	return open->flow ^ (all ? what & 0x1ffff : what | 1ULL << 63) * 0x9e3779b97f4a7c15ULL;
}

/* What is sent in this flow up to a time is contested. One that has no room takes all others with it. */
static void contest_until(struct vmp_match *match, uint64_t name, uint64_t until_ns)
{
	struct vmp_contested *note = &match->contested[name % VMP_MATCH_CONTESTED];

	for (size_t i = 0; i < CONTESTED_PROBES; i++) {
		struct vmp_contested *other = &match->contested[(name + i) % VMP_MATCH_CONTESTED];

		if (other->flow == name) {
			note = other;
			break;
		}
		if (other->until_ns < note->until_ns)
			note = other;
	}
	/* Whatever is sent from now on is later than what has come. */
	if (note->flow != name && note->until_ns >= match->last_ns && note->until_ns > match->all_contested_until_ns)
		match->all_contested_until_ns = note->until_ns;
	if (until_ns > match->contested_until_ns)
		match->contested_until_ns = until_ns;
	*note = (struct vmp_contested){name, until_ns};
}

static bool is_noted(const struct vmp_match *match, uint64_t name, uint64_t ts_ns)
{
	for (size_t i = 0; i < CONTESTED_PROBES; i++) {
		const struct vmp_contested *note = &match->contested[(name + i) % VMP_MATCH_CONTESTED];

		if (note->flow == name)
			return ts_ns <= note->until_ns;
	}
	return false;
}

static bool is_contested(const struct vmp_match *match, const struct vmp_sight *open)
{
	if (open->contested || open->ts_ns > match->contested_until_ns)
		return open->contested;
	return open->ts_ns <= match->all_contested_until_ns || is_noted(match, name_of_flow(open, false), open->ts_ns) ||
	       is_noted(match, name_of_flow(open, true), open->ts_ns);
}

void vmp_cut_udp_contest(struct vmp_match *match, struct vmp_sight *open)
{
	open->contested = is_contested(match, open);
	if (!open->contested)
		return;
	contest_until(match, name_of_flow(open, false), open->ts_ns + match->conf.settle_ns);
}

/*
 * What is known of the group that begins with this one. Where it does not come out even, all that was sent since then is contested, and
 * what is sent until that has had the time to arrive, which may be taken for what was sent later.
 */
static void mark_group(struct vmp_match *match, uint32_t slot, const struct vmp_sight *open, uint64_t until_ns, bool proven)
{
	int steps = 0;
	struct walk walk = {VMP_CHAIN_DATA, false, &steps};
	uint64_t last_ns = open->ts_ns;

	for (; slot != VMP_POOL_NONE; slot = after(match, &walk, slot, open)) {
		struct vmp_sight *one = vmp_pool_at(match->pool, slot);

		if (proven && one->ts_ns > until_ns)
			return;
		one->proven = proven;
		one->contested = !proven;
		last_ns = one->ts_ns;
	}
	if (!proven)
		contest_until(match, name_of_flow(open, false), (steps > GROUP_MOST ? match->last_ns : last_ns) + match->conf.settle_ns);
}

/* Take the oldest bytes that arrived. */
static void take_oldest(struct vmp_match *match, const struct vmp_sight *open, struct vmp_cut_found *ret_found)
{
	int steps = 0;
	struct walk walk = {VMP_CHAIN_FLOW, true, &steps};
	uint32_t slot = next_of_flow(match, &walk, vmp_cut_first(match, open, open->flow), open), next;
	uint32_t left = open->payload_len;

	for (; slot != VMP_POOL_NONE && left > 0; slot = next) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
		uint32_t bytes = spare->payload_len - spare->used;

		next = after(match, &walk, slot, open);
		bytes = bytes < left ? bytes : left;
		left -= bytes;
		ret_found->last_ns = spare->ts_ns;
		vmp_cut_use(match, slot, bytes, spare->payload_len);
	}
	ret_found->missing = left;
}

/* Where the sum of what was sent and of what arrived meets. */
struct group {
	uint32_t first;         /* slot of its first one */
	unsigned int sent, arrived;
	int64_t under_way;      /* bytes */
	uint64_t last_ns;
	bool too_many;
};

static struct group sum_group(struct vmp_match *match, const struct vmp_sight *open)
{
	int steps = 0;
	struct walk data = {VMP_CHAIN_DATA, false, &steps}, flow = {VMP_CHAIN_FLOW, true, &steps};
	uint32_t sent = next_of_flow(match, &data, vmp_pool_first(match->pool, VMP_CHAIN_DATA, open, open->place), open);
	uint32_t came = next_of_flow(match, &flow, vmp_cut_first(match, open, open->flow), open);
	struct group group = {.first = sent};

	while (came != VMP_POOL_NONE) {
		const struct vmp_sight *next = sent != VMP_POOL_NONE ? vmp_pool_at(match->pool, sent) : NULL;
		const struct vmp_sight *spare = vmp_pool_at(match->pool, came);

		if (next && next->ts_ns <= spare->ts_ns) {
			if (group.sent && group.under_way == 0)
				return group;
			group.sent++;
			group.under_way += next->payload_len;
			group.last_ns = next->ts_ns;
			sent = after(match, &data, sent, open);
		} else {
			group.arrived++;
			group.under_way -= spare->payload_len - spare->used;
			group.last_ns = spare->ts_ns;
			came = after(match, &flow, came, open);
		}
	}
	group.too_many = steps > GROUP_MOST;
	return group;
}

static enum vmp_fate find_sum(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found)
{
	const struct vmp_stretch *stretch = vmp_stretch_of(match, open);
	struct group group;

	/* Where some take longer than was waited for, what arrives now may be what was given up before. */
	if (is_contested(match, open) || !stretch || stretch->latencies.max_ns >= match->conf.settle_ns)
		return VMP_FATE_UNSURE;
	if (!open->proven) {
		bool alone, even;

		group = sum_group(match, open);
		/* Nor is any other flow on this chain looked through again before there can be less on it. */
		if (group.too_many)
			contest_until(match, name_of_flow(open, true), match->last_ns + match->conf.settle_ns);
		if (!group.arrived && !group.too_many)
			return VMP_FATE_NONE;
		even = !group.under_way && !group.too_many;
		alone = group.sent == 1 && group.under_way > 0 && !group.too_many;
		if (!alone)
			mark_group(match, group.first, open, group.last_ns, even);
		if (!alone && !even)
			return VMP_FATE_UNSURE;
	}
	take_oldest(match, open, ret_found);
	if (!ret_found->missing)
		return VMP_FATE_DELIVERED;
	return open->proven ? VMP_FATE_UNSURE : VMP_FATE_LOST;
}

/* Is it the only one to have no id? Then 0 is an id as good as any. */
static bool has_fellows(struct vmp_match *match, const struct vmp_sight *open)
{
	int steps = 0;
	struct walk walk = {VMP_CHAIN_DATA, false, &steps};
	uint32_t slot = next_of_flow(match, &walk, vmp_pool_first(match->pool, VMP_CHAIN_DATA, open, open->place), open);

	return steps > GROUP_MOST || (slot != VMP_POOL_NONE && (after(match, &walk, slot, open) != VMP_POOL_NONE || steps > GROUP_MOST));
}

enum vmp_fate vmp_cut_udp(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found)
{
	enum vmp_fate fate = VMP_FATE_NONE;

	if (!vmp_cut_lacks_ids(open) || (open->is_ip4 && !has_fellows(match, open))) {
		fate = find_pieces(match, open, ret_found);
		if (fate == VMP_FATE_NONE)
			fate = find_merged(match, open, ret_found);
	}
	return fate == VMP_FATE_NONE && vmp_cut_lacks_ids(open) ? find_sum(match, open, ret_found) : fate;
}
