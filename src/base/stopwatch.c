/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/stopwatch.h"

#define STEP_NS   ((int64_t)(20 * VMP_NS_PER_MS)) /* more than any slewing between two looks */
#define FOLLOW_NS ((int64_t)VMP_NS_PER_MS)        /* readings are not exact: the end does not move for less */

void vmp_stopwatch_start(struct vmp_stopwatch *watch, const struct vmp_moment *now, uint64_t lasts_ns)
{
	watch->begun = watch->seen = *now;
	watch->lasts_ns = lasts_ns;
	watch->end_ns = now->real_ns + lasts_ns;
}

int64_t vmp_stopwatch_look(struct vmp_stopwatch *watch, const struct vmp_moment *now)
{
	/* Differences of two clocks: unsigned arithmetic wraps, and what comes out is small. */
	uint64_t went = now->mono_ns - watch->seen.mono_ns, end_ns = now->real_ns + watch->lasts_ns - (now->mono_ns - watch->begun.mono_ns);
	int64_t jump = (int64_t)(now->real_ns - watch->seen.real_ns - went), moved = (int64_t)(end_ns - watch->end_ns);
	int64_t inexact = (int64_t)(now->within_ns + watch->seen.within_ns);

	watch->seen = *now;
	if (moved >= FOLLOW_NS + inexact || moved <= -FOLLOW_NS - inexact)
		watch->end_ns = end_ns;
	return jump >= STEP_NS + inexact || jump <= -STEP_NS - inexact ? jump : 0;
}

void vmp_stopwatch_stop(struct vmp_stopwatch *watch)
{
	uint64_t ran_ns = vmp_stopwatch_ran_ns(watch);

	if (ran_ns >= watch->lasts_ns)
		return;
	watch->lasts_ns = ran_ns;
	watch->end_ns = watch->seen.real_ns;
}

uint64_t vmp_stopwatch_ran_ns(const struct vmp_stopwatch *watch)
{
	return watch->seen.mono_ns - watch->begun.mono_ns;
}

bool vmp_stopwatch_is_over(const struct vmp_stopwatch *watch, uint64_t more_ns)
{
	return vmp_stopwatch_ran_ns(watch) >= watch->lasts_ns + more_ns;
}
