/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A histogram of latencies with buckets that grow by about 6 %: small, and good for percentiles. */
#ifndef VMP_MATCH_LATENCY_H
#define VMP_MATCH_LATENCY_H

#include "model/fate.h"

#include <stdint.h>

#define VMP_LATENCY_BUCKETS 640

struct vmp_latencies {
	uint64_t n, max_ns;
	uint64_t bucket[VMP_LATENCY_BUCKETS];
	uint64_t slow_ns;       /* what takes so long is to be named; 0: nothing was asked for */
	uint64_t took_long;     /* ... and so many took so long */
	struct vmp_slow slow[VMP_SLOW_MOST]; /* the slowest, slowest first */
	size_t n_slow;
};

/* Add one latency. */
void vmp_latency_add(struct vmp_latencies *latencies, uint64_t ns);

/* Remember which packet it was whose latency was added, if it is among the slowest. */
void vmp_latency_note(struct vmp_latencies *latencies, uint64_t packet_id, uint64_t seen_ns, uint64_t ns);

/* Percentiles in microseconds; known is false without any. Of the slowest, those that are to be named. */
struct vmp_latency vmp_latency_summary(const struct vmp_latencies *latencies);

#endif
