/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the matcher share: its state and the steps a frame goes through. Nothing outside src/match includes this. */
#ifndef VMP_MATCH_MATCH_INTERNAL_H
#define VMP_MATCH_MATCH_INTERNAL_H

#include "match/match.h"

#include "match/classify.h"
#include "match/exchange.h"
#include "match/latency.h"
#include "match/pool.h"

enum {
	VMP_MATCH_GAPS = 64,            /* gaps remembered of one point; more become one long gap */
	VMP_MATCH_ADDRESSES = 16,
};

struct vmp_gap {
	uint64_t from_ns, to_ns;
	enum vmp_unsure why;
};

struct vmp_watch {
	struct vmp_gap gaps[VMP_MATCH_GAPS];
	size_t n;
};

struct vmp_stretch {
	struct vmp_segment segment;
	struct vmp_latencies latencies;
};

struct vmp_match {
	const struct vmp_path *path;
	const struct vmp_nic *nic;
	int *point_hops;
	size_t n_points;
	struct vmp_watch *watches;      /* by point */
	struct vmp_match_conf conf;
	uint64_t end_ns;                /* of the window; UINT64_MAX while it is open */
	struct vmp_homes *homes;
	struct vmp_pool *pool;
	struct vmp_pool *lost;          /* declared lost, may turn up late */
	struct vmp_exchange_table *exchanges;
	struct vmp_hop_seen *seen;      /* by hop */
	VMP_VEC(struct vmp_stretch *) stretches;
	struct vmp_ip addresses[VMP_MATCH_ADDRESSES]; /* the guest's own, as far as known */
	bool proven[VMP_MATCH_ADDRESSES]; /* it answers for this one by ARP or ND */
	size_t n_addresses;
	uint64_t next_packet_id;
	uint64_t settled_ns;            /* decided up to here */
	size_t n_settled;               /* of the pool's oldest, decided and not fetched */
	struct vmp_observations observations;
	bool ports_unobserved;
	bool has_edge;                  /* another point than the backend's is watched */
	bool has_uplink;                /* ... an uplink: then no transit device is the edge */
};

/* True when a sighting of this time counts: it is neither before nor after the window. (match.c) */
bool vmp_match_in_window(const struct vmp_match *match, uint64_t ts_ns);

/* Remember an address of the guest. proven: it answers for it. (observe.c) */
void vmp_match_learn_address(struct vmp_match *match, const struct vmp_ip *ip, bool proven);

/* Learn from one frame: who lives where, which addresses are whose, what is odd. (observe.c) */
void vmp_match_observe(struct vmp_match *match, int hop, enum vmp_devdir devdir, const struct vmp_class *class,
		       const struct vmp_packet *packet);

/* Count a sighting at its hop. (observe.c) */
void vmp_match_count_seen(struct vmp_match *match, const struct vmp_sight *sight, enum vmp_sort sort);

/* Show a sighting to the exchanges if its place counts for them. (observe.c) */
void vmp_match_see_exchange(struct vmp_match *match, const struct vmp_sight *sight, const struct vmp_packet *packet);

/* Is this hop where an open sighting is expected? (join.c) */
bool vmp_match_expected_at(const struct vmp_match *match, const struct vmp_sight *open, int hop);

/* True for two sightings of the same packet, or of equal ones. (join.c) */
bool vmp_match_same_packet(const struct vmp_sight *a, const struct vmp_sight *b);

/* Tie a sighting to what was seen before: sets its packet id. Returns true if it is spare: not expected by anything. (join.c) */
bool vmp_match_join(struct vmp_match *match, struct vmp_sight *here, enum vmp_sort sort);

/* Equal times: the other half of an open sighting may have been added just before. True when it was. (join.c) */
bool vmp_match_meets_spare(struct vmp_match *match, struct vmp_sight *open);

/* The counters of one stretch, made when new; NULL without memory. Borrowed. (stretch.c) */
struct vmp_stretch *vmp_stretch_get(struct vmp_match *match, enum vmp_direction direction, int from, int to);

/* Count an open sighting as delivered by the other one, if it lies within the window. (stretch.c) */
void vmp_stretch_delivered(struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *here);

/* Count an open sighting as lost. elsewhere: hop where it was seen instead, or -1. (stretch.c) */
void vmp_stretch_lost(struct vmp_segment *segment, const struct vmp_sight *open, int elsewhere);

/* Did a point where this sighting could have shown up miss frames meanwhile? Then ret_why says what kind of gap. (gap.c) */
bool vmp_match_was_blind(const struct vmp_match *match, const struct vmp_sight *open, enum vmp_unsure *ret_why);

/*
 * Are the bytes of an open packet known at the next hop under another segmentation (TSO, GSO, GRO, fragments)?
 * NONE: no trace of it; DELIVERED: all its bytes; UNSURE: something of its flow that may be it. (resegment.c)
 */
enum vmp_fate vmp_match_resegmented(struct vmp_match *match, const struct vmp_sight *open);

#endif
