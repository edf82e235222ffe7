/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clocks of several files: how far they are apart, what that is worth, and when they cannot be trusted. */
#include "cli/foreign.h"

#include <errno.h>
#include <string.h>

#define PATIENCE_LEAST_NS (20 * VMP_NS_PER_MS) /* what a packet may take where the quickest take no time */
#define PATIENCE_TIMES 4      /* ... and where some take longer */
#define DOUBTS_FEW 3          /* packets */

static int out_of_memory(struct vmp_err *err)
{
	return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
}

static bool overlap(const struct vmp_source *a, const struct vmp_source *b)
{
	if (a->frames == 0 || b->frames == 0)
		return true;
	return vmp_analyze_time(a, a->first_ns) <= vmp_analyze_time(b, b->last_ns) + VMP_FOREIGN_SETTLE_NS &&
	       vmp_analyze_time(b, b->first_ns) <= vmp_analyze_time(a, a->last_ns) + VMP_FOREIGN_SETTLE_NS;
}

static int note_clock(struct vmp_analysis *analysis, size_t at, const struct vmp_clock_offset *offset)
{
	const struct vmp_source *source = &analysis->sources[at];
	struct vmp_run_clock *clock = vmp_vec_add(&analysis->run.clocks);
	double seconds = (double)source->offset_ns / 1e9;

	if (!clock)
		return -ENOMEM;
	clock->hop = (int)at + 1;
	clock->offset_s = seconds;
	clock->drift_ppm = source->drift * 1e6;
	clock->has_uncertainty = !offset->one_way;
	clock->uncertainty_us = (double)offset->uncertainty_ns / 1e3;
	if (offset->one_way)
		vmp_run_note(&analysis->run, "the clock of %s is about %.6f s %s that of %s: only packets in one direction are common to both, "
			     "so that the time they took cannot be told from it", source->path, seconds < 0 ? -seconds : seconds,
			     seconds < 0 ? "behind" : "ahead of", analysis->sources[0].path);
	else
		vmp_run_note(&analysis->run, "the clock of %s is %.6f s %s that of %s, known to +-%.0f us, and drifts by %.2f ppm; times are "
			     "corrected for it", source->path, seconds < 0 ? -seconds : seconds, seconds < 0 ? "behind" : "ahead of",
			     analysis->sources[0].path, clock->uncertainty_us, clock->drift_ppm);
	return 0;
}

/* One packet that does not fit may be another than it seems to be; several in a row are in the same time. */
static void keep_doubts(struct vmp_analysis *analysis, size_t at, const struct vmp_clock_offset *offset)
{
	const struct vmp_source *before = &analysis->sources[at - 1];
	struct vmp_source *source = &analysis->sources[at];
	struct vmp_run *run = &analysis->run;
	double jump_s = (double)offset->jump_ns / 1e9, after_s = ((double)offset->jump_at_ns - (double)before->first_ns) / 1e9;

	memcpy(source->doubts, offset->doubts, sizeof(source->doubts));
	source->n_doubts = offset->n_doubts;
	for (size_t i = 0; i < source->n_doubts; i++)
		source->unsteady = source->unsteady || source->doubts[i].packets >= DOUBTS_FEW;
	if (!source->unsteady)
		return;
	run->observations.clock_stepped = true;
	if (offset->jumped)
		vmp_run_note(run, "the clock of %s or that of %s was set while they were captured: %.1f s after the first packet of %s they go "
			     "%.6f s apart, so that what is missing around then is not called lost; cut both there (editcap -A, -B) to judge "
			     "the parts", before->path, source->path, after_s, before->path, jump_s < 0 ? -jump_s : jump_s);
	else
		vmp_run_note(run, "the clocks of %s and %s do not go steadily: what is missing while they are not as they were found is not "
			     "called lost", before->path, source->path);
}

/* How long may a packet take between two files? Longer than those that were seen at both. */
static void set_patience(struct vmp_source *before, struct vmp_source *source, uint64_t longest_ns)
{
	uint64_t patience_ns = PATIENCE_TIMES * longest_ns;

	if (patience_ns < PATIENCE_LEAST_NS)
		patience_ns = PATIENCE_LEAST_NS;
	if (patience_ns > VMP_FOREIGN_SETTLE_NS)
		patience_ns = VMP_FOREIGN_SETTLE_NS;
	if (patience_ns > before->patience_ns)
		before->patience_ns = patience_ns;
	source->patience_ns = patience_ns;
}

int vmp_analyze_clocks(struct vmp_analysis *analysis, struct vmp_err *err)
{
	for (size_t i = 1; i < analysis->n_sources; i++) {
		struct vmp_source *before = &analysis->sources[i - 1], *source = &analysis->sources[i];
		struct vmp_clock_offset offset;

		source->offset_ns = before->offset_ns;
		source->drift = before->drift;
		source->ref_ns = before->ref_ns;
		if (!vmp_clock_compare(before->sample, source->sample, &offset)) {
			source->apart = !overlap(before, source);
			set_patience(before, source, VMP_FOREIGN_SETTLE_NS);
			if (source->apart)
				vmp_run_note(&analysis->run, "%s and %s have no packet in common and were not captured at the same time: nothing can "
					     "be said of what lies between them", before->path, source->path);
			continue;
		}
		set_patience(before, source, offset.longest_ns);
		keep_doubts(analysis, i, &offset);
		source->one_way = offset.one_way && strcmp(before->path, source->path) != 0;
		if (!offset.corrects)
			continue;
		/* Where the clock before it is off by so much at this time, this one is off by so much more. */
		source->offset_ns = offset.offset_ns + (int64_t)(offset.ref_ns - (uint64_t)offset.offset_ns -
								   vmp_analyze_time(before, offset.ref_ns - (uint64_t)offset.offset_ns));
		source->drift = before->drift + offset.drift;
		source->ref_ns = offset.ref_ns;
		if (note_clock(analysis, i, &offset) < 0)
			return out_of_memory(err);
	}
	return 0;
}

void vmp_analyze_cover_doubts(struct vmp_analysis *analysis, size_t at)
{
	const struct vmp_source *before = &analysis->sources[at > 0 ? at - 1 : 0], *source = &analysis->sources[at];

	for (size_t i = 0; i < source->n_doubts; i++) {
		const struct vmp_clock_doubt *doubt = &source->doubts[i];
		uint64_t a = vmp_analyze_time(before, doubt->network_from_ns), b = vmp_analyze_time(source, doubt->guest_from_ns);
		uint64_t from = a < b ? a : b, to;

		from = doubt->network_from_ns && from > VMP_FOREIGN_SETTLE_NS ? from - VMP_FOREIGN_SETTLE_NS : 0;
		a = vmp_analyze_time(before, doubt->network_to_ns);
		b = vmp_analyze_time(source, doubt->guest_to_ns);
		to = a > b ? a : b;
		to = doubt->network_to_ns != UINT64_MAX && to < UINT64_MAX - VMP_FOREIGN_SETTLE_NS ? to + VMP_FOREIGN_SETTLE_NS : UINT64_MAX;
		vmp_match_gap(analysis->match, at - 1, from, to, VMP_UNSURE_CLOCK);
		vmp_match_gap(analysis->match, at, from, to, VMP_UNSURE_CLOCK);
	}
	if (source->unsteady)
		analysis->run.capture_whole = false;
}

bool vmp_analyze_is_unsteady(const struct vmp_analysis *analysis, const struct vmp_segment *segment)
{
	int first = segment->from < segment->to ? segment->from : segment->to, last = segment->from + segment->to - first;

	for (int hop = first + 1; hop <= last; hop++)
		if (analysis->sources[hop - 1].unsteady)
			return true;
	return false;
}
