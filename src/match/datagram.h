/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Were all fragments of a packet seen where one of them was? Where connections are tracked (net/ipv4/netfilter/nf_defrag_ipv4.c, and in a
 * bridge net/bridge/netfilter/nf_conntrack_bridge.c) a packet goes on when all of it has come, and nothing of it before that: fragments of
 * which one is missing wait there, and one that came twice is thrown away. Internal to this folder.
 */
#ifndef VMP_MATCH_DATAGRAM_H
#define VMP_MATCH_DATAGRAM_H

#include "match/pool.h"

#include <stdbool.h>

struct vmp_datagrams;

enum vmp_datagram {
	VMP_DATAGRAM_WHOLE,
	VMP_DATAGRAM_PART,      /* not all of it */
	VMP_DATAGRAM_TWICE,     /* some of it twice, or another one with the same id just after it */
	VMP_DATAGRAM_FORGOTTEN, /* too many others since */
};

/* NULL without memory. */
struct vmp_datagrams *vmp_datagrams_new(void);

/* Free; NULL is allowed. */
void vmp_datagrams_free(struct vmp_datagrams *datagrams);

/* A fragment was seen. In the order of times. */
void vmp_datagrams_see(struct vmp_datagrams *datagrams, const struct vmp_sight *fragment);

/* How much was seen by now, at this hop, of the packet that this fragment is of? */
enum vmp_datagram vmp_datagrams_ask(const struct vmp_datagrams *datagrams, const struct vmp_sight *fragment, int hop);

#endif
