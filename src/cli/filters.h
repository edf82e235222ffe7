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

#endif
