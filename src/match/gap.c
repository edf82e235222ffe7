/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When which point was blind. */
#include "match/match_internal.h"

#define GAP_MERGE_NS 200000000ULL

static bool continues(const struct vmp_gap *last, const struct vmp_gap *gap)
{
	return last->why == gap->why && last->devdir == gap->devdir && last->counted == gap->counted &&
	       gap->from_ns >= last->from_ns && (gap->from_ns <= last->to_ns || gap->from_ns - last->to_ns <= GAP_MERGE_NS);
}

/* Too many to tell apart: one from the first to the last is the careful answer. */
static void join_all(struct vmp_watch *watch, const struct vmp_gap *gap)
{
	struct vmp_gap all = *gap;

	for (size_t i = 0; i < watch->n; i++) {
		const struct vmp_gap *one = &watch->gaps[i];

		all.from_ns = one->from_ns < all.from_ns ? one->from_ns : all.from_ns;
		all.to_ns = one->to_ns > all.to_ns ? one->to_ns : all.to_ns;
		all.devdir = one->devdir == all.devdir ? all.devdir : VMP_DEV_UNKNOWN;
		all.counted = all.counted && one->counted;
	}
	watch->gaps[0] = all;
	watch->n = 1;
}

static void add_gap(struct vmp_watch *watch, const struct vmp_gap *gap)
{
	struct vmp_gap *last = NULL;

	/* The gaps of the two directions take turns. */
	for (size_t i = watch->n; i > 0 && i + 4 > watch->n && !last; i--)
		if (continues(&watch->gaps[i - 1], gap))
			last = &watch->gaps[i - 1];
	if (last)
		last->to_ns = gap->to_ns > last->to_ns ? gap->to_ns : last->to_ns;
	else if (watch->n == VMP_MATCH_GAPS)
		join_all(watch, gap);
	else
		watch->gaps[watch->n++] = *gap;
}

void vmp_match_gap(struct vmp_match *match, size_t point, uint64_t from_ns, uint64_t to_ns, enum vmp_unsure why)
{
	struct vmp_gap gap = {from_ns, to_ns, why, VMP_DEV_UNKNOWN, false};

	if (point < match->n_points)
		add_gap(&match->watches[point], &gap);
}

void vmp_match_drops(struct vmp_match *match, size_t point, enum vmp_devdir devdir, uint64_t frames, uint64_t from_ns,
		     uint64_t to_ns)
{
	struct vmp_gap gap = {from_ns, to_ns, VMP_UNSURE_CAPTURE_LOSS, devdir, devdir != VMP_DEV_UNKNOWN};

	if (point >= match->n_points || frames == 0)
		return;
	add_gap(&match->watches[point], &gap);
	if (gap.counted)
		match->watches[point].dropped[devdir] += frames;
}

/* From when on the missing one of several equal packets, or of tries to send the same bytes, may have been seen. */
static uint64_t missing_since(const struct vmp_sight *open)
{
	if (open->is_tcp && !open->is_ip4 && open->payload_len > 0 && open->since_ns > VMP_MATCH_PIECES_NS)
		return open->since_ns - VMP_MATCH_PIECES_NS;
	return open->since_ns;
}

/* How packets that go this way pass a hop where they are expected. A macvlan hands some back the other way round. */
static enum vmp_devdir devdir_at(const struct vmp_match *match, enum vmp_direction direction, int hop)
{
	const struct vmp_hop *at = &match->path->hops.v[hop];
	enum vmp_devdir toward = at->role == VMP_ROLE_SWITCH ? VMP_DEV_OUT : at->role == VMP_ROLE_PEER ? VMP_DEV_IN : at->to_guest;

	if (match->path->mode == VMP_PATH_MACVTAP || toward == VMP_DEV_UNKNOWN)
		return VMP_DEV_UNKNOWN;
	return direction == VMP_TO_GUEST ? toward : toward == VMP_DEV_IN ? VMP_DEV_OUT : VMP_DEV_IN;
}

bool vmp_match_was_blind(const struct vmp_match *match, const struct vmp_sight *open, uint64_t within_ns,
			 struct vmp_blindness *ret_blindness)
{
	uint64_t since = missing_since(open), until = open->ts_ns + within_ns;
	struct vmp_blindness blindness = {.counted = true};
	bool blind = false;

	for (size_t i = 0; i < match->n_points; i++) {
		const struct vmp_watch *watch = &match->watches[i];
		enum vmp_devdir devdir;

		if (!vmp_match_expected_at(match, open, match->point_hops[i]))
			continue;
		devdir = devdir_at(match, (enum vmp_direction)open->direction, match->point_hops[i]);
		for (size_t k = 0; k < watch->n; k++) {
			const struct vmp_gap *gap = &watch->gaps[k];

			if (gap->from_ns > until || gap->to_ns < since ||
			    (gap->devdir != devdir && gap->devdir != VMP_DEV_UNKNOWN && devdir != VMP_DEV_UNKNOWN))
				continue;
			if (!blind || (blindness.counted && !gap->counted))
				blindness.why = gap->why;
			blind = true;
			blindness.counted = blindness.counted && gap->counted && i < 64;
			blindness.points |= i < 64 ? 1ULL << i : 0;
		}
	}
	if (blind)
		*ret_blindness = blindness;
	return blind;
}

bool vmp_match_is_one_frame(const struct vmp_match *match, const struct vmp_sight *open)
{
	bool data = open->is_tcp && open->payload_len > 0;

	/* GRO merges TCP, and where it is told to UDP; br_netfilter puts fragments together. */
	return !data && open->cut != VMP_CUT_FRAGMENT && !(open->flow && !open->is_tcp && match->may_merge);
}

uint64_t vmp_match_hidden_most(const struct vmp_match *match, const struct vmp_stretch *stretch)
{
	uint64_t most = 0;

	for (size_t i = 0; i < match->n_points && i < 64; i++) {
		enum vmp_devdir devdir = devdir_at(match, stretch->segment.direction, match->point_hops[i]);

		if (!(stretch->hiding_points & 1ULL << i))
			continue;
		for (enum vmp_devdir d = VMP_DEV_IN; d <= VMP_DEV_OUT; d++)
			most += devdir == d || devdir == VMP_DEV_UNKNOWN ? match->watches[i].dropped[d] : 0;
	}
	return most;
}
