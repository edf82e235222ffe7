/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that are about to cross this host's router, or were seen before it, by what stays of them. Internal to this folder. */
#ifndef VMP_MATCH_CROSSED_H
#define VMP_MATCH_CROSSED_H

#include "match/crossing.h"

#define VMP_CROSSED_NS 5000000000ULL /* a packet is not translated longer than it may wait for a neighbour */

enum { VMP_CROSSED_MOST = 1 << 15 }; /* remembered at once; a power of two */

/* A packet of the guest that is about to leave, or one from outside that may be for it. */
struct vmp_crossed_packet {
	uint64_t key, ts_ns;
	struct vmp_end end;     /* the side that is translated; of a later fragment's packet the port is the number of its connection */
	bool used, leaves;
};

/* All zero: none. */
struct vmp_crossed {
	struct vmp_crossed_packet v[VMP_CROSSED_MOST];
};

/* Remember a packet by a hash of what stays of it. The oldest of those near by makes way. */
void vmp_crossed_remember(struct vmp_crossed *crossed, uint64_t key, uint64_t ts_ns, const struct vmp_end *end, bool leaves);

/* The packet of this hash and way that was seen not long before this time, or NULL. Borrowed until the next one is remembered. */
const struct vmp_crossed_packet *vmp_crossed_recall(const struct vmp_crossed *crossed, uint64_t key, uint64_t ts_ns, bool leaves);

#endif
