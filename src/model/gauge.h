/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters and queues read before and after the window. */
#ifndef VMP_MODEL_GAUGE_H
#define VMP_MODEL_GAUGE_H

#include "base/vec.h"
#include "model/host.h"

#include <stdbool.h>
#include <stdint.h>

/* A device's counters over the window. */
struct vmp_device_gauge {
	char name[VMP_IFNAMSIZ];
	int ifindex;
	bool before_known, after_known; /* a device that vanished has no after */
	struct vmp_link_stats before, after;
	uint64_t before_ns, after_ns;   /* CLOCK_REALTIME of the readings */
};

/*
 * What became of the frames that the host gave to the guest's backend. Kernel, drivers/net/tun.c: a frame that leaves the
 * device's queue is counted in tx_packets when QEMU or vhost takes it from the ring, in tx_dropped when the ring is full,
 * and nowhere while it waits. So given = taken + dropped + waiting.
 */
struct vmp_backend_gauge {
	bool known;                     /* counters and the count of frames given are both there */
	char *why_not;                  /* a sentence when not; owned */
	bool counts_taken;              /* tap: yes. macvtap: no, only its drops are counted */
	uint64_t given;                 /* frames transmitted on the device over the window, whatever they are */
	uint64_t taken;                 /* increase of tx_packets */
	uint64_t dropped;               /* increase of tx_dropped (macvtap: rx_dropped) */
	uint64_t waiting;               /* given - taken - dropped at the end, at least 0 */
	uint64_t slack;                 /* frames by which the readings may disagree for not being made at one instant */
	uint32_t queue_len;             /* txqueuelen: the ring's size */
	uint64_t waited_ns;             /* how long at least `waiting` frames have been waiting without any being taken */
};

struct vmp_gauges {
	VMP_VEC(struct vmp_device_gauge) devices;
	struct vmp_backend_gauge backend;
};

/* The gauge of a device, or NULL. Borrowed. */
const struct vmp_device_gauge *vmp_gauges_device(const struct vmp_gauges *gauges, int ifindex);

/* Free what the gauges own and zero them. */
void vmp_gauges_clear(struct vmp_gauges *gauges);

#endif
