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

enum vmp_counter_kind {
	VMP_COUNTER_MOVES,              /* only grows: how much over the window is what matters */
	VMP_COUNTER_FILLS,              /* a level: how much there is, against its limit */
};

/* One counter or level of the host, whoever keeps it, over the window. */
struct vmp_counter {
	char source[16];                /* who counts, a word of the JSON documents: "softnet", "conntrack", "qdisc", "nft", ... */
	char object[96];                /* what it is about: a device, "cpu1", "ip filter FORWARD handle 7"; "" for the whole host */
	char name[48];                  /* "dropped", "insert_failed", ...: as the kernel or the driver calls it */
	enum vmp_counter_kind kind;
	int ifindex;                    /* of the device it is about, 0: none */
	bool before_known, after_known;
	uint64_t before, after;
	bool has_limit;
	uint64_t limit;                 /* of a level: where it is full */
	char *text;                     /* what a person reads beside it, a rule's text; owned, NULL: none */
};

struct vmp_gauges {
	VMP_VEC(struct vmp_device_gauge) devices;
	struct vmp_backend_gauge backend;
	VMP_VEC(struct vmp_counter) counters;
	uint32_t *slots;                /* where a counter stands by its words, plus 1; 0: nowhere. Made by vmp_gauges_add() as it needs it */
	size_t n_slots, n_placed;       /* how many of the counters have their slot */
};

enum { VMP_COUNTERS_MAX = 1 << 16 };

/* The gauge of a device, or NULL. Borrowed. */
const struct vmp_device_gauge *vmp_gauges_device(const struct vmp_gauges *gauges, int ifindex);

/* The counter with these words; object NULL: of any object, the first. NULL when there is none. Borrowed. */
const struct vmp_counter *vmp_gauges_counter(const struct vmp_gauges *gauges, const char *source, const char *object, const char *name);

/* By how much it grew over the window; 0 when that is not known, or for one that went backwards. */
uint64_t vmp_counter_grew(const struct vmp_counter *counter);

/*
 * The counter with these words, added when it is not there yet: what it counted before is not known then. Words that are too long are
 * cut. Returns NULL without memory, and when there are VMP_COUNTERS_MAX already. Borrowed until the next is added.
 */
struct vmp_counter *vmp_gauges_add(struct vmp_gauges *gauges, const char *source, const char *object, const char *name,
				   enum vmp_counter_kind kind);

/* Free what the gauges own and zero them. */
void vmp_gauges_clear(struct vmp_gauges *gauges);

#endif
