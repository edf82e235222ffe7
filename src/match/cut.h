/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same bytes in other pieces: one large packet here and many small ones at the next hop, or the other way round. One file for
 * each way in which packets are cut up. Nothing outside src/match includes this.
 */
#ifndef VMP_MATCH_CUT_H
#define VMP_MATCH_CUT_H

#include "match/match_internal.h"

#define VMP_CUT_BACK_NS 25000000ULL /* a clock set back by more is noticed by who reads it */

enum {
	/* Kernel, include/linux/udp.h: UDP_MAX_SEGMENTS. A large packet has no more pieces, so their ids lie as near together. */
	VMP_CUT_IDS = 128,
	VMP_CUT_IDLE_STEPS = 256,  /* spare sightings of a flow looked at in vain for one packet; more: it is unsure */
	VMP_CUT_OTHER_STEPS = 1024, /* ... and of other flows whose hash is alike */
};

/*
 * What is hashed into the flow of a sighting whose addresses have this hash, so that all that may be pieces of one another are on
 * one chain, or on two for ids that lie apart. (resegment.c)
 */
uint64_t vmp_cut_flow(uint64_t addresses, const struct vmp_sight *sight, uint8_t proto);

/* The flow of a sighting that is cut up by IP ids, as if it had this other id. (resegment.c) */
uint64_t vmp_cut_flow_at(const struct vmp_sight *sight, uint32_t ip_id);

/* The flow in which fragments of a packet are, and that of whole packets, but for TCP, of which a fragment is. (resegment.c) */
uint64_t vmp_cut_flow_of_fragments(const struct vmp_sight *sight);
uint64_t vmp_cut_flow_of_wholes(const struct vmp_sight *sight);

/* IPv6 has no id; in IPv4 some send everything with 0. */
static inline bool vmp_cut_lacks_ids(const struct vmp_sight *sight)
{
	return !sight->is_ip4 || sight->ip_id == 0;
}

/* May a spare sighting hold bytes of an open one, as far as flow and place tell? early: also when it was seen before. (resegment.c) */
bool vmp_cut_is_candidate(const struct vmp_sight *open, const struct vmp_sight *spare, bool early);

/*
 * The oldest of the spare ones among which those of a flow are that may hold bytes of an open one. Those before it are forgotten: packets
 * are decided in the order of their times, so nobody asks for them any more. (resegment.c)
 */
uint32_t vmp_cut_first(struct vmp_match *match, const struct vmp_sight *open, uint64_t flow);

/* Give bytes of a spare sighting of so many in all to an open one. It is spare no more when none are left. (resegment.c) */
void vmp_cut_use(struct vmp_match *match, uint32_t slot, uint32_t bytes, uint32_t all);

/*
 * What became of an open packet in other pieces. NONE: no trace of it; DELIVERED: all its bytes; LOST: some were found, and it is
 * certain that ret_found->missing were not; UNSURE: something that may be it.
 */
enum vmp_fate vmp_cut_tcp(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found);
enum vmp_fate vmp_cut_udp(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found);
enum vmp_fate vmp_cut_fragments(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found);

/* Can one be a piece of the other, as far as place, bytes and ids tell? Of one flow, which the caller has seen to. */
bool vmp_cut_tcp_may_hold(const struct vmp_sight *whole, const struct vmp_sight *piece);
bool vmp_cut_udp_may_hold(const struct vmp_sight *one, const struct vmp_sight *other);
bool vmp_cut_fragments_may_hold(const struct vmp_sight *one, const struct vmp_sight *other);

/* Is there a TCP packet, not given up yet, that these bytes can be of? (cut_tcp.c) */
bool vmp_cut_tcp_is_waited_for(struct vmp_match *match, const struct vmp_sight *here);

/* Where sums alone tell: others that were sent not long before make what is said of this one uncertain, or not. Marks it. (cut_udp.c) */
void vmp_cut_udp_contest(struct vmp_match *match, struct vmp_sight *open);

/* The same bytes sent twice with nothing to tell the tries apart: marks both. (cut_tcp.c) */
void vmp_cut_tcp_contest(struct vmp_match *match, struct vmp_sight *open);

#endif
