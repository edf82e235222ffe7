/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last hop, from the backend into the guest: told by the backend's own accounting, without looking inside the guest. */
#ifndef VMP_MATCH_LAST_HOP_H
#define VMP_MATCH_LAST_HOP_H

#include "model/run.h"

/*
 * Append the segment from the backend to the guest to run->segments. Rests on run->seen, run->gauges.backend, the
 * exchanges and the interface's link state. A frame is lost when the queue was full, or when it has been waiting in the
 * queue for longer than the settle time; where the counters cover other traffic as well, bounds are kept: only the part that
 * must be of this trace is lost, the rest unsure. Returns 0 or -ENOMEM.
 */
int vmp_match_last_hop(struct vmp_run *run);

#endif
