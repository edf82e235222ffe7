/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the packet filter counted over the window, asked of the warden. What could not be looked at is a note, never an error. */
#ifndef VMP_CLI_FILTERS_H
#define VMP_CLI_FILTERS_H

#include "cli/trace.h"

/* Start the warden: before the captures are opened. Returns 0 or -ENOMEM. */
int vmp_trace_start_warden(struct vmp_trace *trace);

/* The first look, before the window. Returns 0 or -ENOMEM. */
int vmp_trace_filters_before(struct vmp_trace *trace);

/* The last look, after it. Returns 0 or -ENOMEM. */
int vmp_trace_filters_after(struct vmp_trace *trace);

/* Stand at the end of the kernel's log. */
void vmp_trace_log_before(struct vmp_trace *trace);

/* Take up what it says since then about the path. Returns 0 or -ENOMEM. */
int vmp_trace_log_after(struct vmp_trace *trace);

/* What the warden can be asked. */
enum vmp_task { VMP_TASK_LIST_RULES, VMP_TASK_LIST_TEXT, VMP_TASK_LIST_CHAINS, VMP_TASK_COUNT_TRACKED };

/* After the window: who fills the table of connections, when it is at least half full (tracked.c). Returns 0 or -ENOMEM. */
int vmp_trace_count_tracked(struct vmp_trace *trace);

#endif
