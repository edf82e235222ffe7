/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks (for edges and cli only: pure stages are given times) and the text of times. All times are nanoseconds. */
#ifndef VMP_BASE_CLOCK_H
#define VMP_BASE_CLOCK_H

#include <stdint.h>

#define VMP_NS_PER_S  1000000000ULL
#define VMP_NS_PER_MS 1000000ULL
#define VMP_NS_PER_US 1000ULL

#define VMP_RFC3339_STRLEN 31

/* CLOCK_REALTIME, the clock of packet timestamps, as ns since the epoch. */
uint64_t vmp_clock_realtime_ns(void);

/* CLOCK_MONOTONIC, for durations. */
uint64_t vmp_clock_monotonic_ns(void);

/* Both clocks at one moment. */
struct vmp_moment {
	uint64_t real_ns, mono_ns;
	uint64_t within_ns;         /* they were read within this time of one another */
};

/* Read both clocks, as close to one another as this process is let: between two readings others may have the processor. */
struct vmp_moment vmp_clock_moment(void);

/* "2026-11-21T22:33:09.123456789Z" into buf. Returns buf. RFC 3339, UTC. */
const char *vmp_clock_rfc3339(uint64_t realtime_ns, char buf[VMP_RFC3339_STRLEN]);

#endif
