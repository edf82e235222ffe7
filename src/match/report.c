/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing what was found into the run. */
#include "match/match_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where packets were seen to take long, as they were or in other pieces, a packet that was given up may still wait in the same queue,
 * or have come while nobody looked. So are bytes unsure where others came late in pieces that could not be told apart.
 */
static bool is_doubtful(const struct vmp_match *match, const struct vmp_stretch *stretch, const struct vmp_sight *lost,
			enum vmp_unsure *ret_why)
{
	uint64_t late_ns = lost->cut != VMP_CUT_NOT ? stretch->late_ns[lost->cut == VMP_CUT_TCP] : 0;
	uint64_t patience = 3 * (late_ns > stretch->latencies.max_ns ? late_ns : stretch->latencies.max_ns);
	struct vmp_blindness blindness;

	if (patience >= match->conf.settle_ns * 3 / 4) {
		if (lost->ts_ns + patience >= match->settled_ns) {
			*ret_why = VMP_UNSURE_WINDOW;
			return true;
		}
		if (vmp_match_was_blind(match, lost, patience, &blindness)) {
			*ret_why = blindness.why;
			return true;
		}
	}
	*ret_why = VMP_UNSURE_SEGMENTED;
	return match->bytes_late && lost->cut != VMP_CUT_NOT;
}

static void doubt_losses(struct vmp_match *match)
{
	for (size_t i = 0;; i++) {
		uint32_t slot = vmp_pool_nth(match->lost, i);
		struct vmp_stretch *stretch;
		struct vmp_sight *lost;
		enum vmp_unsure why;

		if (slot == VMP_POOL_NONE)
			return;
		lost = vmp_pool_at(match->lost, slot);
		stretch = vmp_stretch_of(match, lost);
		if (!(lost->on & (1U << VMP_CHAIN_OPEN)) || !stretch || !is_doubtful(match, stretch, lost, &why))
			continue;
		vmp_stretch_doubt(match, lost, why);
		vmp_pool_unchain(match->lost, VMP_CHAIN_OPEN, slot);
	}
}

/* Whose ADDRESS it is. Without any sign of a peer it is taken for the guest's own, as operators mostly mean it, and said so. */
static void report_addresses(struct vmp_match *match, struct vmp_run *run)
{
	struct vmp_nic *nic = run->nic < run->guest.nics.n ? &run->guest.nics.v[run->nic] : NULL;

	if (match->conf.has_address && !match->observations.address_is_guests && !match->observations.address_is_peers) {
		match->observations.address_assumed = true;
		vmp_match_learn_address(match, &match->conf.address, false);
	}
	run->observations = match->observations;
	for (size_t i = 0; nic && i < match->n_addresses; i++)
		if (match->proven[i])
			vmp_nic_add_address(nic, &match->addresses[i], VMP_ADDRESS_CAPTURE);
}

static bool is_guests(const void *context, const struct vmp_ip *ip)
{
	const struct vmp_match *match = context;

	for (size_t i = 0; i < match->n_addresses; i++)
		if (vmp_ip_equal(&match->addresses[i], ip))
			return true;
	return false;
}

/* The segments a reader expects to see even when nothing passed: those of the main line. */
static int add_main_line(struct vmp_match *match)
{
	const struct vmp_path *path = match->path;
	int before = -1;

	for (size_t i = 0; i < path->hops.n; i++) {
		const struct vmp_hop *hop = &path->hops.v[i];
		bool main_line = (hop->role == VMP_ROLE_UPLINK || hop->role == VMP_ROLE_TRANSIT || hop->role == VMP_ROLE_BACKEND ||
				  (hop->role == VMP_ROLE_SWITCH && path->mode == VMP_PATH_ROUTED)) &&
				 match->seen[i].has_point && !hop->inactive;

		if (!main_line)
			continue;
		if (before >= 0 && path->hops.v[before].rank < hop->rank)
			if (!vmp_stretch_get(match, VMP_TO_GUEST, before, (int)i) || !vmp_stretch_get(match, VMP_FROM_GUEST, (int)i, before))
				return -ENOMEM;
		before = (int)i;
	}
	return 0;
}

static int compare_stretches(const void *a, const void *b)
{
	const struct vmp_segment *x = &(*(struct vmp_stretch *const *)a)->segment, *y = &(*(struct vmp_stretch *const *)b)->segment;

	if (x->direction != y->direction)
		return x->direction < y->direction ? -1 : 1;
	if (x->from != y->from)
		return (x->from < y->from) == (x->direction == VMP_TO_GUEST) ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static int compare_causes(const void *a, const void *b)
{
	const struct vmp_cause *x = a, *y = b;

	if (x->packets != y->packets)
		return x->packets > y->packets ? -1 : 1;
	return x->packet_id < y->packet_id ? -1 : x->packet_id > y->packet_id;
}

/* What the lost died of, the most frequent first. */
static int report_causes(const struct vmp_drops *drops, const struct vmp_stretch *stretch, struct vmp_segment *segment)
{
	vmp_vec_foreach (each, &stretch->causes) {
		const struct vmp_drop_kind *kind = each->kind <= drops->kinds.n ? &drops->kinds.v[each->kind - 1] : NULL;
		struct vmp_cause *cause;

		if (!kind || each->packets == 0)
			continue;
		cause = vmp_vec_add(&segment->causes);
		if (!cause)
			return -ENOMEM;
		memcpy(cause->reason, kind->reason, sizeof(cause->reason));
		memcpy(cause->symbol, kind->symbol, sizeof(cause->symbol));
		memcpy(cause->caller, kind->caller, sizeof(cause->caller));
		memcpy(cause->device, kind->device, sizeof(cause->device));
		cause->packets = each->packets;
		cause->packet_id = each->packet_id;
	}
	if (segment->causes.n)
		qsort(segment->causes.v, segment->causes.n, sizeof(*segment->causes.v), compare_causes);
	return 0;
}

static int report_segments(struct vmp_match *match, struct vmp_run *run)
{
	if (match->stretches.n)
		qsort(match->stretches.v, match->stretches.n, sizeof(*match->stretches.v), compare_stretches);
	vmp_vec_foreach (slot, &match->stretches) {
		struct vmp_segment *segment = vmp_vec_add(&run->segments);

		if (!segment)
			return -ENOMEM;
		*segment = (*slot)->segment;
		segment->latency = vmp_latency_summary(&(*slot)->latencies);
		if (report_causes(&run->drops, *slot, segment) < 0)
			return -ENOMEM;
	}
	return 0;
}

int vmp_match_report(struct vmp_match *match, struct vmp_run *run)
{
	doubt_losses(match);
	vmp_stretch_doubt_edges(match);
	vmp_stretch_bound(match);
	vmp_stretch_review(match);
	if (add_main_line(match) < 0 || report_segments(match, run) < 0 ||
	    vmp_match_learned(match, run) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < match->path->hops.n; i++) {
		struct vmp_hop_seen *seen = vmp_vec_add(&run->seen);

		if (!seen)
			return -ENOMEM;
		*seen = match->seen[i];
	}
	match->observations.clock_stepped = run->observations.clock_stepped;
	match->observations.late = run->observations.late;
	match->observations.wrong_vni_frames = run->observations.wrong_vni_frames;
	match->observations.wrong_vni = run->observations.wrong_vni;
	report_addresses(match, run);
	if (match->observations.table_full)
		vmp_run_note(run, "more packets were on their way at one time than can be remembered (%zu): of %llu nothing is known, and of those "
			     "at the same time nothing is certain", match->conf.max_pending, (unsigned long long)match->observations.table_full);
	if (vmp_exchange_overlooked(match->exchanges))
		vmp_run_note(run, "more questions were asked than can be followed: of later ones nothing is said (%llu sightings)",
			     (unsigned long long)vmp_exchange_overlooked(match->exchanges));
	if (vmp_sign_table_overlooked(match->signs))
		vmp_run_note(run, "more ICMP errors, refusals and claims of addresses were seen than are kept: %llu of them are not told",
			     (unsigned long long)vmp_sign_table_overlooked(match->signs));
	if (vmp_sign_table_report(match->signs, run) < 0)
		return -ENOMEM;
	return vmp_exchange_report(match->exchanges, match->settled_ns, match->conf.settle_ns, match->has_edge, is_guests,
				   match, &run->exchanges);
}
