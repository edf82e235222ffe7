/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long something lasts, whatever becomes of the clock on the wall meanwhile. Pure: it is told the time. */
#ifndef VMP_BASE_STOPWATCH_H
#define VMP_BASE_STOPWATCH_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

struct vmp_stopwatch {
	struct vmp_moment begun, seen;  /* at the start and at the last look */
	uint64_t lasts_ns;              /* how long it is to run */
	uint64_t end_ns;                /* when that is over: CLOCK_REALTIME, as it went at the last look */
};

/* Start it at this moment, to run for lasts_ns. */
void vmp_stopwatch_start(struct vmp_stopwatch *watch, const struct vmp_moment *now, uint64_t lasts_ns);

/*
 * Look at it; moments must come in their order. Returns by how many ns CLOCK_REALTIME was set since the last look, negative: back;
 * 0: it was not, as far as the readings tell. Slewing is not setting; the end follows both.
 */
int64_t vmp_stopwatch_look(struct vmp_stopwatch *watch, const struct vmp_moment *now);

/* End it at the last look, if it was to run on. */
void vmp_stopwatch_stop(struct vmp_stopwatch *watch);

/* For how many ns it had run at the last look, past its end too. */
uint64_t vmp_stopwatch_ran_ns(const struct vmp_stopwatch *watch);

/* Whether at the last look its time, and so many ns more, were over. */
bool vmp_stopwatch_is_over(const struct vmp_stopwatch *watch, uint64_t more_ns);

#endif
