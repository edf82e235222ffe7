/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of a routed guest, found again beyond this host's routing and address translation. Internal to this folder.
 *
 * Kernel, net/netfilter/nf_nat_core.c: what is translated is the guest's side of a connection, its address and port (or echo id). The
 * peer's side, the IP id, TCP's numbers and the payload stay. So a packet that leaves shows by these which packet of the guest it is,
 * and with it how the connection looks outside; one that arrives at the guest shows the same of a connection made from outside. Of fragments
 * the first one shows it for all that have its id; an ICMP error is known by the packet that it quotes, which is translated too.
 */
#ifndef VMP_MATCH_TRANSLATE_H
#define VMP_MATCH_TRANSLATE_H

#include "base/hash.h"
#include "model/frame.h"
#include "model/packet.h"
#include "model/run.h"

#include <stdbool.h>
#include <stdint.h>

struct vmp_translate;

/* path: borrowed for its life; key: of the tables, copied. NULL without memory. */
struct vmp_translate *vmp_translate_new(const struct vmp_path *path, const struct vmp_hash_key *key);

/* Free; NULL is allowed. */
void vmp_translate_free(struct vmp_translate *translate);

/* Take over what an earlier judgement of the same packets learned, in its order, and learn nothing more. list: borrowed for its life. */
void vmp_translate_know(struct vmp_translate *translate, const struct vmp_translation *list, size_t n);

/* What the kernel knew before the first frame; more is learned from those. list: borrowed for its life. */
void vmp_translate_begin(struct vmp_translate *translate, const struct vmp_translation *list, size_t n);

/*
 * Look at a frame, in the order of times, before it is fingerprinted. addresses: the guest's own, n of them. Returns false for one that is
 * not known to be this guest's, on a device where others' pass as well; else packet is as it was inside, and flagged as translated. Without
 * that flag it is a fragment of which it is not known whose it is, and that may be this guest's.
 */
bool vmp_translate_frame(struct vmp_translate *translate, int hop, const struct vmp_frame *frame, const struct vmp_ip *addresses,
			 size_t n, struct vmp_packet *packet);

/* A packet as it was seen anywhere between inside and outside: made what it is inside if its connection is known. Nothing is learned. */
void vmp_translate_look(struct vmp_translate *translate, struct vmp_packet *packet);

/*
 * The number of the connection that a packet from the guest is of, 0: of none that is followed. ret_told: when it leaves it can be told that
 * it is the guest's. Of a later fragment the first one says that, and of an ICMP error a packet of the connection that it is about.
 */
unsigned int vmp_translate_connection(struct vmp_translate *translate, uint64_t ts_ns, const struct vmp_packet *from_guest, bool *ret_told);

/* Has a fragment with the id of this packet left since then, or of IPv6 any, of which it is not known whose it is? */
bool vmp_translate_left_in_fragments(const struct vmp_translate *translate, bool is_ip4, uint16_t ip_id, uint64_t since_ns);

/* Was the connection of this number answered on this host, with nothing of it seen outside? A proxy does that. */
bool vmp_translate_ends_here(const struct vmp_translate *translate, unsigned int connection);

/* Something was not remembered for want of room: from now on absence outside proves nothing. */
bool vmp_translate_is_full(const struct vmp_translate *translate);

/* More next hops than can be remembered: whether this one answers is not known. */
#define VMP_NEXT_HOP_UNKNOWN (-2)

/* The next hop that a packet waits for when nobody says its MAC: a number for vmp_translate_waits(), or _UNKNOWN, or -1: none. */
int vmp_translate_next_hop(struct vmp_translate *translate, const struct vmp_packet *packet);

/* Was the next hop asked for its MAC at about this time, and has not answered since? */
bool vmp_translate_waits(const struct vmp_translate *translate, int next_hop, uint64_t ts_ns);

/* Put what was known and learned into the run. Returns 0 or -ENOMEM. */
int vmp_translate_report(struct vmp_translate *translate, struct vmp_run *run);

#endif
