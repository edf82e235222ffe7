/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A place where frames are observed. */
#ifndef VMP_MODEL_POINT_H
#define VMP_MODEL_POINT_H

#include "base/vec.h"
#include "model/direction.h"
#include "model/fate.h"
#include "model/host.h"

#include <stdbool.h>
#include <stdint.h>

/* One device, observed in both directions. ids are the indexes of a list of points. */
struct vmp_point {
	char name[VMP_IFNAMSIZ];
	int ifindex;
	int hop;                    /* index into the path's hops */
	char *filter;               /* pcap filter text in the kernel, without the direction; owned, NULL: everything */
	char *inner_filter;         /* ... and what frames inside a tunnel must pass; owned, NULL: all do */
	bool promisc;               /* asked for by the operator */
	bool has_mac;
	struct vmp_mac mac;         /* the device's own address; for the evidence */

	/* What the capture says afterwards. */
	bool opened;
	char *why_not;              /* when it could not be opened, or vanished; owned */
	uint64_t opened_ns;         /* CLOCK_REALTIME when it began to see frames */
	bool vanished;
	uint64_t vanished_ns;       /* when it was noticed that the device is gone or down */
	uint64_t received;          /* frames that passed the filter, lost ones included */
	uint64_t dropped;           /* of these, lost for want of buffer space */
	bool is_file;               /* a capture file, not a device */
	bool tells_drops;           /* ... that says how many frames its capture missed */
	uint64_t dropped_in, dropped_out; /* the same, by the device's direction: one ring each */
};

typedef VMP_VEC(struct vmp_point) vmp_points;

/*
 * Frames that a point missed, or may have missed, between two times. What was known when decides what was judged with it, so the
 * time of the telling is kept too.
 */
struct vmp_blind {
	uint64_t told_ns;           /* all frames up to this time had been judged before it was known */
	size_t point;
	bool counted;               /* so many frames were lost for want of buffer space: devdir and frames are valid */
	enum vmp_devdir devdir;
	uint64_t frames;
	uint64_t from_ns, to_ns;    /* both inclusive */
	enum vmp_unsure why;
};

/* Free what the points own and empty the list. */
void vmp_points_clear(vmp_points *points);

#endif
