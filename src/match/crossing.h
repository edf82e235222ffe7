/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a packet shows of its connection, and what stays of it across this host's routing and translation. Internal to this folder. */
#ifndef VMP_MATCH_CROSSING_H
#define VMP_MATCH_CROSSING_H

#include "base/hash.h"
#include "model/frame.h"
#include "model/packet.h"
#include "model/path.h"

#include <stdbool.h>
#include <stdint.h>

/* One side of a connection. */
struct vmp_end {
	struct vmp_ip ip;
	uint8_t pad;            /* always 0: ends are hashed */
	uint16_t port;          /* of an echo: its id at the side that is translated, 0 at the peer's */
};
_Static_assert(sizeof(struct vmp_end) == sizeof(struct vmp_ip) + 3, "a hole would be hashed");

enum vmp_crossing {
	VMP_CROSSING_NOT,       /* it is not followed across the router */
	VMP_CROSSING_WHOLE,     /* a packet of TCP or UDP or an echo, or the first fragment of one */
	VMP_CROSSING_REST,      /* a later fragment: ends without ports, and whose they are the first one tells */
	VMP_CROSSING_ERROR,     /* an ICMP error about a packet: ends and protocol are those of that packet's connection */
};

/* A packet's connection as it looks where the packet was seen. */
struct vmp_sides {
	uint8_t proto;
	struct vmp_end own, peer; /* the guest's side, and the other */
};

/* What kind of packet this is, on its way from the guest (leaves) or to it, and of which connection. Pure. */
enum vmp_crossing vmp_crossing_of(const struct vmp_packet *packet, bool leaves, struct vmp_sides *ret_sides);

/* Is it an echo request or reply? Its id is what ports are to others. */
bool vmp_crossing_is_echo(const struct vmp_packet *packet);

/*
 * A hash of what translation leaves alone, so that the same packet can be found again beyond it. peer: as it looks inside. Not for later
 * fragments.
 */
uint64_t vmp_crossing_key(const struct vmp_hash_key *key, const struct vmp_frame *frame, const struct vmp_packet *packet,
			  const struct vmp_end *peer, bool leaves);

/* A hash of what all fragments of one packet share where it was seen. */
uint64_t vmp_crossing_fragments_key(const struct vmp_hash_key *key, const struct vmp_packet *packet);

enum vmp_owed_outside { VMP_STAYS_HERE, VMP_MUST_LEAVE, VMP_MAY_LEAVE };

/* Must a packet from the guest be seen at an uplink (ret_hop, unless it stays here)? MAY: this host has rules that were not read. */
enum vmp_owed_outside vmp_crossing_must_leave(const struct vmp_path *path, const struct vmp_packet *packet, int *ret_hop);

#endif
