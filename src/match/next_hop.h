/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The neighbours that this host hands packets to, and whether they say their MAC. Internal to this folder. */
#ifndef VMP_MATCH_NEXT_HOP_H
#define VMP_MATCH_NEXT_HOP_H

#include "model/frame.h"
#include "model/packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VMP_NEXT_HOPS = 512 };

struct vmp_next_hop {
	struct vmp_ip ip;
	uint64_t asked_ns, answered_ns;
};

/* All zero: none. */
struct vmp_next_hops {
	struct vmp_next_hop v[VMP_NEXT_HOPS];
	size_t n;
};

/*
 * The host asks for the MAC of a next hop, or hears it: in an answer, or when that one asks itself. What others in the network ask one
 * another is passed over. packet: ARP or neighbour discovery. Returns whether it is of use.
 */
bool vmp_next_hops_see(struct vmp_next_hops *hops, const struct vmp_frame *frame, const struct vmp_packet *packet);

/* The number of this next hop, which it is from now on; VMP_NEXT_HOP_UNKNOWN: there are more than can be remembered. */
int vmp_next_hops_number(struct vmp_next_hops *hops, const struct vmp_ip *ip);

/* Was the one of this number asked at about this time, and has not answered since? */
bool vmp_next_hops_wait(const struct vmp_next_hops *hops, int number, uint64_t ts_ns);

#endif
