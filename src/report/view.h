/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every format asks of a run: which hops are listed, and what was seen where. */
#ifndef VMP_REPORT_VIEW_H
#define VMP_REPORT_VIEW_H

#include "model/run.h"

#include <stdbool.h>

/*
 * Which hops a report lists: those marked as shown, and any that something in the report names. segments, verdict: may
 * be NULL (a path without a run). Returns one flag per hop, to be freed by the caller; NULL without memory.
 */
bool *vmp_view_hops(const struct vmp_path *path, const vmp_segments *segments, const vmp_findings *findings,
		    const struct vmp_verdict *verdict);

/* True when a report lists this segment: both of its hops are listed. visible: of vmp_view_hops(). */
bool vmp_view_segment(const struct vmp_segment *segment, const struct vmp_path *path, const bool *visible);

/* What was seen at a hop, or NULL when nobody looked there. Borrowed. */
const struct vmp_hop_seen *vmp_view_seen(const struct vmp_run *run, size_t hop);

/* The point that observed a hop, or NULL. Borrowed. */
const struct vmp_point *vmp_view_point(const struct vmp_run *run, size_t hop);

/* Why a hop was not observed wholly: the path's reason, else the capture's; NULL when none is recorded. Borrowed. */
const char *vmp_view_why(const struct vmp_run *run, size_t hop);

/* Name of a hop of a path, NULL for an index that is none. Borrowed. */
const char *vmp_view_hop_name(const struct vmp_path *path, int hop);

/* A latency in whole nanoseconds, 0 for what is no number. */
uint64_t vmp_view_latency_ns(double us);

#endif
