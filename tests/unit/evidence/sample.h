/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run with three points, and frames as they would be seen there. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "evidence/evidence.h"

#define SAMPLE_STARTED 1795300389123456789ULL /* 2026-11-21T22:33:09.123456789Z */
#define SAMPLE_PING    98U                    /* bytes of one ping */
#define SAMPLE_HEADERS 42U                    /* of these, headers */

/* One ping, its headers read. */
struct sample_ping {
	uint8_t bytes[SAMPLE_PING];
	struct vmp_frame frame;
	struct vmp_packet packet;
};

/* eth0, br0 and 021f00 of guest web01. Clear with vmp_run_clear(). */
void sample_run(struct vmp_run *run);

/* A ping to the guest, seq apart always the same. point: where it is seen; ts_ns: when, after the start. */
void sample_ping(struct sample_ping *ping, uint32_t point, uint16_t seq, uint64_t ts_ns);

/*
 * Write a whole bundle: `count` pings to the guest, each seen at eth0 and, unless three divides its number, at 021f00.
 * Returns 0 or a negative errno.
 */
int sample_bundle(int dir_fd, const struct vmp_evidence_conf *conf, unsigned int count, uint64_t *ret_left_out,
		  struct vmp_err *err);

#endif
