/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the matcher share: its state and the steps a frame goes through. Nothing outside src/match includes this. */
#ifndef VMP_MATCH_MATCH_INTERNAL_H
#define VMP_MATCH_MATCH_INTERNAL_H

#include "match/match.h"

#include "match/classify.h"
#include "match/datagram.h"
#include "match/drops.h"
#include "match/exchange.h"
#include "match/latency.h"
#include "match/pool.h"
#include "match/signs.h"
#include "match/translate.h"

/* Where packets have no id: how much later than the whole its pieces may come. Shorter than TCP's timeout to send again. */
#define VMP_MATCH_PIECES_NS 50000000ULL

/* A copy made on the way comes right after what it is a copy of. */
#define VMP_MATCH_COPY_NS 50000000ULL

enum {
	VMP_MATCH_RECENT = 4096,        /* a power of two: sightings remembered to know a copy by */
	VMP_MATCH_GAPS = 64,            /* gaps remembered of one point; more become one long gap */
	VMP_MATCH_ADDRESSES = 16,
	VMP_MATCH_TIES = 8,
	VMP_MATCH_PAIRS = 256,
	VMP_MATCH_CONTESTED = 256,
};

struct vmp_gap {
	uint64_t from_ns, to_ns;
	enum vmp_unsure why;
	enum vmp_devdir devdir; /* UNKNOWN: both */
	bool counted;           /* how many frames it may hide is known */
};

struct vmp_watch {
	struct vmp_gap gaps[VMP_MATCH_GAPS];
	size_t n;
	uint64_t dropped[2];    /* in counted gaps, by device direction */
};

/* Why an open sighting may have gone on unseen. */
struct vmp_blindness {
	enum vmp_unsure why;
	bool counted;           /* by counted gaps alone; of these points, as bits */
	uint64_t points;
};

/* Lost packets that died of drops of one kind. */
struct vmp_stretch_cause {
	unsigned int kind;
	uint64_t packets, packet_id; /* one of them */
};

struct vmp_stretch {
	struct vmp_segment segment;
	struct vmp_latencies latencies;
	/*
	 * Equal packets at the edges of the window: how many that are missing inside may have been missing before it, and outside
	 * inside; and how many there were at most that could be mistaken so.
	 */
	uint64_t missing_since_before, mistaken_at_start;
	uint64_t missing_after, mistaken_at_end;
	/* Missing where points lost frames in counted gaps, and else they would be lost: so many, at these points (bits). */
	uint64_t hidden, hiding_points;
	/* What was called lost may have come in other pieces after all: so long after it was seen here, of TCP ([1]) and other data. */
	uint64_t late_ns[2];
	VMP_VEC(struct vmp_stretch_cause) causes;
	bool taken_back;        /* some loss turned out to be none: first and shortest lost are to be found anew */
};

/* The last sightings that found their other half, with the time since when that half was seen. */
struct vmp_tie {
	uint64_t ts_ns, open_ns, since_ns; /* ... and of the older half itself */
	struct vmp_hash128 id;
	vmp_place at;
};

/* What was seen somewhere just now. what: from fingerprint, hop and direction; 0: nothing. */
struct vmp_recent {
	uint64_t ts_ns;
	uint64_t what;
};

/* A flow of datagrams without ids in which sums say nothing of what is sent until then; 0: none. (cut_udp.c) */
struct vmp_contested {
	uint64_t flow, until_ns;
};

/* Two addresses and their hash. */
struct vmp_pair {
	struct vmp_ip src, dst;
	uint64_t hash;
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
	struct vmp_drop_table *drops;   /* NULL: none was told of yet */
	uint8_t next_cause;             /* of the frame that is added next */
	struct vmp_datagrams *datagrams;
	struct vmp_translate *translate; /* routed path with an observed uplink; NULL: none */
	struct vmp_ip own[VMP_MATCH_ADDRESSES]; /* the guest's addresses that this host knows of its own accord */
	size_t n_own;
	struct vmp_hop_seen *seen;      /* by hop */
	VMP_VEC(struct vmp_stretch *) stretches;
	struct vmp_ip addresses[VMP_MATCH_ADDRESSES]; /* the guest's own, as far as known */
	bool proven[VMP_MATCH_ADDRESSES]; /* it answers for this one by ARP or ND */
	size_t n_addresses;
	uint64_t next_packet_id;
	uint64_t settled_ns;            /* decided up to here */
	bool ended;                     /* ... and so is the rest: nothing more will come */
	size_t n_settled;               /* of the pool's oldest, decided and not fetched */
	size_t n_expired;               /* ... older than the settle time, decided or not */
	struct vmp_observations observations;
	struct vmp_sign_table *signs;
	bool ports_unobserved, switch_answers; /* see struct vmp_class_context */
	bool has_edge;                  /* another point than the backend's is watched */
	bool has_uplink;                /* ... an uplink: then no transit device is the edge */
	bool has_parallel, has_inactive; /* several ways of one rank; a slave of a bond that is kept out of use */
	bool bytes_late;                /* TCP data came late in other pieces, and not all that it belongs to was found */
	uint64_t last_ns;               /* of the last frame */
	struct vmp_contested contested[VMP_MATCH_CONTESTED]; /* each near the place that its hash says */
	uint64_t contested_until_ns;    /* the latest of them */
	uint64_t all_contested_until_ns; /* ... and whatever the flow */
	struct vmp_tie ties[VMP_MATCH_TIES];
	size_t next_tie;
	uint64_t last_tie_ns;           /* the latest time of all */
	struct vmp_pair pairs[VMP_MATCH_PAIRS]; /* seen lately: a packet comes at each hop, and seldom alone */
	struct vmp_recent *recent;      /* VMP_MATCH_RECENT of them, by fingerprint and hop */
	bool spare_way_used;            /* something did go on from an inactive slave */
	bool may_merge;                 /* a device between the hops may make one frame of several */
	bool has_copies;                /* a switch in promiscuous mode shows all frames a second time */
	uint8_t tags[4096 / 8];         /* VLANs in which frames with the guest's MAC leave this host beside the path's */
};

/* True when a sighting of this time counts: it is neither before nor after the window. (match.c) */
bool vmp_match_in_window(const struct vmp_match *match, uint64_t ts_ns);

/* Does something on this host use the guest's MAC in this VLAN too? Then frames in it are not this path's. (observe.c) */
bool vmp_match_uses_tag(const struct vmp_match *match, uint16_t tag);

/* Nothing is left to be decided about this sighting, and nothing can meet it any more. (match.c) */
bool vmp_match_is_done(const struct vmp_sight *sight);

/* True for a sighting in the window of which an equal one before it may be what is missing. (match.c) */
bool vmp_match_is_since_before(const struct vmp_match *match, const struct vmp_sight *open);

/* Remember an address of the guest. proven: it answers for it. (observe.c) */
void vmp_match_learn_address(struct vmp_match *match, const struct vmp_ip *ip, bool proven);

/* Learn from one frame: who lives where, which addresses are whose, what is odd. (observe.c) */
void vmp_match_observe(struct vmp_match *match, int hop, enum vmp_devdir devdir, uint64_t ts_ns, const struct vmp_class *class,
		       const struct vmp_packet *packet);

/* Learn from a sighting at a later hop that was seen at no earlier one. (observe.c) */
void vmp_match_observe_spare(struct vmp_match *match, const struct vmp_sight *here, const struct vmp_packet *packet);

/* Count a sighting at its hop. (observe.c) */
void vmp_match_count_seen(struct vmp_match *match, const struct vmp_sight *sight, enum vmp_sort sort);

/* Where a sighting like this one was remembered last, or any other. (observe.c) */
struct vmp_recent *vmp_match_recent_of(const struct vmp_match *match, int hop, enum vmp_direction direction, const struct vmp_hash128 *id);

/* Count a sighting that is a copy of one at the same hop. spare: the hop before has not seen so many. (observe.c) */
void vmp_match_count_duplicate(struct vmp_match *match, const struct vmp_sight *here, bool spare);

/* Show a sighting to the exchanges if its place counts for them. (observe.c) */
void vmp_match_see_exchange(struct vmp_match *match, const struct vmp_sight *sight, const struct vmp_packet *packet);

/* Note what a frame says of why others fail. (signs.c) */
void vmp_match_see_signs(struct vmp_match *match, int hop, uint64_t ts_ns, const struct vmp_class *class, const struct vmp_packet *packet);

/* The place where a sighting of this class is expected next. (join.c) */
vmp_place vmp_match_place_expected(const struct vmp_match *match, const struct vmp_class *class, int hop);

/* The place that a sighting is at, as others expect it. (join.c) */
vmp_place vmp_match_place_of(const struct vmp_match *match, const struct vmp_sight *here);

/* A place where something is expected, as the place that it would be at. (join.c) */
vmp_place vmp_match_place_main(vmp_place place);

/* Is this hop where an open sighting is expected? (join.c) */
bool vmp_match_expected_at(const struct vmp_match *match, const struct vmp_sight *open, int hop);

/* True for two sightings of the same packet, or of equal ones. (join.c) */
bool vmp_match_same_packet(const struct vmp_sight *a, const struct vmp_sight *b);

/*
 * Of equal packets one is about to leave its chain: the next one that was open by until_ns may be the missing one in its
 * stead. Returns true if there is one. (join.c)
 */
bool vmp_match_pass_doubt(struct vmp_match *match, uint32_t slot, uint64_t until_ns);

/* Tie a sighting to what was seen before: sets its packet id. Returns true if it is spare: not expected by anything. (join.c) */
bool vmp_match_join(struct vmp_match *match, struct vmp_sight *here, enum vmp_sort sort);

/*
 * Did an equal packet come in on a parallel way at about the same time? The network floods to all slaves of a bond what it has no
 * home for, and the bond takes one of them. Marks both. (join.c)
 */
void vmp_match_find_twin(struct vmp_match *match, struct vmp_sight *here);

/*
 * Equal times: what would have been the other half of this open sighting may have been taken for that of an older equal one just
 * before. Then it may be the older one that is missing. (join.c)
 */
void vmp_match_inherit_doubt(struct vmp_match *match, struct vmp_sight *open);

/* Equal times: the other half of an open sighting may have been added just before. True when it was. (join.c) */
bool vmp_match_meets_spare(struct vmp_match *match, struct vmp_sight *open);

/* The counters of one stretch, made when new; NULL without memory. Borrowed. (stretch.c) */
struct vmp_stretch *vmp_stretch_get(struct vmp_match *match, enum vmp_direction direction, int from, int to);

/* The stretch in which an open sighting counts. (stretch.c) */
struct vmp_stretch *vmp_stretch_of(struct vmp_match *match, const struct vmp_sight *open);

/* Count an open sighting as delivered by the other one, if it lies within the window. timed: its latency is known. (stretch.c) */
void vmp_stretch_delivered(struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *here, bool timed);

/*
 * Count a sighting with the fate that was decided. elsewhere: of a lost one, the hop where it was seen instead, or -1;
 * last_ns: of a delivered one, when the last of it was seen. (stretch.c)
 */
void vmp_stretch_settled(struct vmp_match *match, const struct vmp_sight *open, int elsewhere, uint64_t last_ns);

/* What was counted as lost is not; it is offered no more either. (stretch.c) */
void vmp_stretch_recall(struct vmp_match *match, const struct vmp_sight *lost);

/* An unsure sighting would be lost if those points had not lost frames. (stretch.c) */
void vmp_stretch_hide(struct vmp_match *match, const struct vmp_sight *open, uint64_t points);

/* Of the hidden packets those that the lost frames cannot have been are lost. After all others were decided. (stretch.c) */
void vmp_stretch_bound(struct vmp_match *match);

/* What was counted as lost is unsure; of what is hidden nothing is said any more. (stretch.c) */
void vmp_stretch_doubt(struct vmp_match *match, const struct vmp_sight *lost, enum vmp_unsure why);

/* What was called lost may have come at this time, in other pieces: others may take as long. (stretch.c) */
void vmp_stretch_late(struct vmp_match *match, const struct vmp_sight *lost, uint64_t ts_ns);

/* What is missing of equal packets on both sides of an edge of the window is unsure, as far as it may be mistaken. (stretch.c) */
void vmp_stretch_doubt_edges(struct vmp_match *match);

/* After losses were taken back: which is the first lost, which the shortest? (stretch.c) */
void vmp_stretch_review(struct vmp_match *match);

/* Did a point where this sighting could have shown up by then miss frames? Then ret_blindness says what of. (gap.c) */
bool vmp_match_was_blind(const struct vmp_match *match, const struct vmp_sight *open, uint64_t within_ns,
			 struct vmp_blindness *ret_blindness);

/* May one frame that a point lost hide only one packet like this? Not where several may have become one. (gap.c) */
bool vmp_match_is_one_frame(const struct vmp_match *match, const struct vmp_sight *open);

/* How many packets missing in this stretch the frames lost by the points may be at most. (gap.c) */
uint64_t vmp_match_hidden_most(const struct vmp_match *match, const struct vmp_stretch *stretch);

/* What was found of a packet in other pieces. */
struct vmp_cut_found {
	uint64_t last_ns;       /* when the last of it was seen */
	uint32_t missing;       /* bytes that were not */
};

/*
 * Are the bytes of an open packet known at the next hop in other pieces (TSO, GSO, GRO, fragments)? NONE: no trace of it; DELIVERED:
 * all its bytes; LOST: some, and it is certain which are missing; UNSURE: something that may be it. (resegment.c)
 */
enum vmp_fate vmp_match_resegmented(struct vmp_match *match, struct vmp_sight *open, struct vmp_cut_found *ret_found);

/* Something that nobody waits for: if a packet called lost can be in it or it in that, that one is unsure. (resegment.c) */
void vmp_match_recall_bytes(struct vmp_match *match, const struct vmp_sight *here);

#endif
