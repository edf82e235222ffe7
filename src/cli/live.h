/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress on a terminal: a table that fills in place, and the time left. Nothing where standard error is none. */
#ifndef VMP_CLI_LIVE_H
#define VMP_CLI_LIVE_H

#include "cli/options.h"
#include "model/run.h"

struct vmp_live;

/* NULL when there is nothing to show it on, or --quiet. end_mono_ns: CLOCK_MONOTONIC when the run will be over. */
struct vmp_live *vmp_live_begin(const struct vmp_options *options, uint64_t end_mono_ns);

/* Draw anew, at most four times a second. live: may be NULL. seen: by hop. */
void vmp_live_update(struct vmp_live *live, const struct vmp_run *run, const struct vmp_hop_seen *seen, uint64_t now_mono_ns);

/* Wipe it off and free; NULL is allowed. */
void vmp_live_end(struct vmp_live *live);

#endif
