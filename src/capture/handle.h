/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One libpcap handle: one device, one direction. Private to capture/. */
#ifndef VMP_CAPTURE_HANDLE_H
#define VMP_CAPTURE_HANDLE_H

#include "base/err.h"
#include "capture/capture.h"
#include "model/direction.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

/* "At this time the kernel had stored so many frames in the ring." */
struct vmp_handle_mark {
	uint64_t at_ns;
	uint64_t stored;
};

enum vmp_handle_state {
	VMP_HANDLE_LIVE,
	VMP_HANDLE_DRAINING,    /* the device is gone; what it left in the ring is still to be read */
	VMP_HANDLE_ENDED,
};

#define VMP_HANDLE_MARKS 32

struct vmp_handle {
	pcap_t *pcap;
	int fd;
	uint32_t point;                 /* index of its point */
	int ifindex;
	enum vmp_devdir devdir;
	enum vmp_handle_state state;
	uint64_t from_ns;               /* frames stamped earlier are not handed over ... */
	uint64_t from_monotonic_ns;     /* the same moment on CLOCK_MONOTONIC */
	uint64_t skip_most;             /* ... if they are among so many first ones: the clock may be set back later */
	uint32_t last_recv, last_drop;  /* libpcap's 32-bit counters when last read */
	uint64_t received;              /* passed the filter, lost ones included */
	uint64_t dropped;               /* lost for want of ring space */
	uint64_t taken;                 /* read from the ring, skipped ones included */
	uint64_t skipped;               /* stamped before from_ns */
	bool more;                      /* reading may have stopped before the ring was empty */
	uint64_t drain_target;          /* DRAINING: value of `taken` that ends it */
	uint64_t drain_deadline_ns;     /* DRAINING: CLOCK_MONOTONIC */
	struct vmp_handle_mark marks[VMP_HANDLE_MARKS];
	unsigned int mark_first, mark_count;
	uint64_t complete_ns;           /* CLOCK_REALTIME before which nothing more can come */
};

/*
 * Open, filter and start one handle. point: borrowed, its name, ifindex, filter and promisc are used. from_ns is set
 * to the time after which every frame that passes is wanted and none is missed. Errors: EPERM, ENODEV, ENETDOWN,
 * EINVAL (filter), ...
 */
int vmp_handle_open(const struct vmp_point *point, uint32_t point_id, enum vmp_devdir devdir,
		    const struct vmp_capture_conf *conf, struct vmp_handle *ret_handle, struct vmp_err *err);

/* Close; an unopened (zeroed) handle is allowed. */
void vmp_handle_close(struct vmp_handle *handle);

/* Bring received and dropped up to date from the kernel. */
void vmp_handle_stats(struct vmp_handle *handle);

/* Remember how far the kernel has come; to be called before reading, now_ns being the CLOCK_REALTIME just taken. */
void vmp_handle_mark(struct vmp_handle *handle, uint64_t now_ns);

/* Bring complete_ns up to date from the marks that reading has reached; to be called after reading. */
void vmp_handle_settle(struct vmp_handle *handle);

/*
 * Hand over at most `most` frames that are ready. Sets handle->more. Returns 0, the sink's non-zero value, -ENODEV
 * when the device disappeared, or another -errno.
 */
int vmp_handle_read(struct vmp_handle *handle, int most, vmp_capture_sink *sink, void *context, struct vmp_err *err);

/* 0 while the device is there and up, else -ENODEV (gone) or -ENETDOWN (set down). Needs no privilege. */
int vmp_handle_check_device(const struct vmp_handle *handle);

/* The device is gone: read out what is left, for a bounded time. */
void vmp_handle_drain(struct vmp_handle *handle);

#endif
