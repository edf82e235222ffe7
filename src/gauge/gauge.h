/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readings of counters -> gauges. Pure: the pipeline reads the counters and says when. */
#ifndef VMP_GAUGE_GAUGE_H
#define VMP_GAUGE_GAUGE_H

#include "model/gauge.h"
#include "model/host.h"
#include "model/path.h"
#include "model/reading.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One look at the backend. The device's counters and the count of frames given to it cannot be read at one instant, so
 * the device is read twice, with the count between: what it counted meanwhile is the most by which they can disagree.
 */
struct vmp_backend_reading {
	uint64_t at_ns;                 /* CLOCK_MONOTONIC */
	struct vmp_link_stats before;   /* read first ... */
	uint64_t given;                 /* ... then the frames given so far (macvtap: received by it) ... */
	struct vmp_link_stats after;    /* ... then again */
};

/* How many looks back are kept, and how far apart they are at least. */
#define VMP_BACKEND_PASTS        16
#define VMP_BACKEND_PAST_STEP_NS 50000000ULL

/* The backend under watch. Fields are private to gauge/; owns nothing. */
struct vmp_backend_watch {
	enum vmp_hop_kind kind;
	char name[VMP_IFNAMSIZ];
	uint32_t queue_len;
	const char *broken;             /* why the numbers cannot be used any more, NULL: they can */
	struct vmp_backend_reading first, last;
	bool closed;                    /* the window is over: `end` was the last look within it */
	struct vmp_backend_reading end;
	int64_t peak;                   /* most by which taken and dropped ever led given: frames of before the start */
	bool stuck;                     /* frames wait, and since stuck_since_ns none was taken */
	uint64_t stuck_since_ns;
	struct {
		uint64_t at_ns, waiting, taken;
	} pasts[VMP_BACKEND_PASTS];
	unsigned int n_pasts;           /* ever added; the newest VMP_BACKEND_PASTS are there */
};

/* Begin. hop: the backend's (name and kind are used); queue_len: its txqueuelen; first: the first look. */
void vmp_backend_begin(struct vmp_backend_watch *watch, const struct vmp_hop *hop, uint32_t queue_len,
		       const struct vmp_backend_reading *first);

/* A further look, every 200 ms or so, one at the end of the window and one after it has settled. */
void vmp_backend_sample(struct vmp_backend_watch *watch, const struct vmp_backend_reading *reading);

/*
 * The last look was the one at the end of the window: what is given from now on is none of its concern, and later looks
 * only tell what becomes of the frames that still wait.
 */
void vmp_backend_close_window(struct vmp_backend_watch *watch);

/* The backend could not be read any more. why: lives on (a literal), a clause: "the device vanished". */
void vmp_backend_lose(struct vmp_backend_watch *watch, const char *why);

/*
 * What became of the frames, as of the last look. May be called at any time. ret_gauge: why_not is the caller's to
 * free. `waiting` above `slack` is never due to the moment of reading, nor to frames that were only just given: all
 * above it have been waiting for 100 ms at least. Returns 0 or -ENOMEM.
 */
int vmp_backend_finish(const struct vmp_backend_watch *watch, struct vmp_backend_gauge *ret_gauge);

/*
 * Add the counters of each device of the path from the first look at the host. host: borrowed; its read_ns is the time
 * of the reading. Devices that are gauged already are left alone. Returns 0 or -ENOMEM.
 */
int vmp_gauge_before(struct vmp_gauges *gauges, const struct vmp_path *path, const struct vmp_host *host);

/* Fill in the counters of the last look. A device that is gone, or whose counters went backwards, has no after. */
void vmp_gauge_after(struct vmp_gauges *gauges, const struct vmp_host *host);

/* Say which files and devices are to be read for this path. reading: appended to, caller clears. Returns 0 or -ENOMEM. */
int vmp_gauge_wants(const struct vmp_path *path, struct vmp_reading *reading);

enum vmp_gauge_moment { VMP_GAUGE_BEFORE, VMP_GAUGE_AFTER };

/*
 * Put what was read into gauges->counters, before the window or after it. What could not be read, or is not as any kernel writes it, is
 * left unknown. Returns 0 or -ENOMEM; more than VMP_COUNTERS_MAX are left out.
 */
int vmp_gauge_take(struct vmp_gauges *gauges, const struct vmp_reading *reading, enum vmp_gauge_moment moment);

#endif
