/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of all points -> sightings -> fates, latencies, exchanges. Pure: time comes with the frames. */
#ifndef VMP_MATCH_MATCH_H
#define VMP_MATCH_MATCH_H

#include "base/err.h"
#include "base/hash.h"
#include "model/fingerprint.h"
#include "model/frame.h"
#include "model/packet.h"
#include "model/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmp_match;

struct vmp_match_conf {
	uint64_t start_ns;      /* the window opens: what was seen earlier is context, not counted */
	uint64_t settle_ns;     /* how long a packet may take from one hop to the next; 0: 1 s */
	struct vmp_hash_key key; /* of the tables; random, so that a guest cannot fill one bucket */
	bool has_address;       /* the ADDRESS of the call: the guest's or a peer's, which the traffic will tell */
	struct vmp_ip address;
	uint64_t slow_ns;       /* packets that took so long between two hops are named; 0: those that stand out */
	bool no_fates;          /* vmp_match_next() will not be called: the fates of single packets are not kept */
	size_t max_pending;     /* sightings waiting at once; 0: 512 Ki. Beyond it sightings are unsure, and counted */
};

/* One sighting with what became of it on its way to the next hop. */
struct vmp_settled {
	uint64_t packet_id;     /* the same for the same packet at every hop */
	enum vmp_fate fate;     /* NONE: it was not expected anywhere else */
	enum vmp_unsure why;    /* when unsure */
	int next_hop;           /* where it was expected; -1: nowhere */
	bool relevant;          /* of this guest: belongs into the evidence */
	unsigned int cause;     /* when lost: number of the kind of drop (struct vmp_drops) that it died of, 0: not known */
};

/*
 * Begin matching on one path. path, nic: borrowed for the life of the match; point_hops: hop index of each of n_points
 * points, copied. ret_match: caller frees with vmp_match_free(). Errors: ENOMEM.
 */
int vmp_match_new(const struct vmp_path *path, const struct vmp_nic *nic, const int *point_hops, size_t n_points,
		  const struct vmp_match_conf *conf, struct vmp_match **ret_match, struct vmp_err *err);

/* Free; NULL is allowed. */
void vmp_match_free(struct vmp_match *match);

/*
 * Where this host routes between the guest and an uplink: what translation did to the packet is undone, after decoding and before the
 * fingerprint is made. Every frame must be shown, in the same order as to vmp_match_add(). Returns false for a frame that cannot be this
 * guest's as far as is known, which is to be passed over. Elsewhere nothing is done.
 */
bool vmp_match_translate(struct vmp_match *match, const struct vmp_frame *frame, struct vmp_packet *packet);

/* Translations that were learned earlier from the same packets, to be taken over; nothing is learned then. list: borrowed. */
void vmp_match_know(struct vmp_match *match, const struct vmp_translation *list, size_t n);

/* Translations that are known before the first frame; more are learned. list: borrowed. Elsewhere than on a routed path nothing is done. */
void vmp_match_begin_with(struct vmp_match *match, const struct vmp_translation *list, size_t n);

/* Put what is known of translations into the run: for who judges again. Returns 0 or -ENOMEM. */
int vmp_match_learned(const struct vmp_match *match, struct vmp_run *run);

/* More connections than can be remembered: what is not seen at a routed uplink from now on may have been there. */
bool vmp_match_is_overwhelmed(const struct vmp_match *match);

/*
 * Add one frame; frames of all points must come in the order of their times (match/order.h). packet, fingerprint: of this frame.
 * The n-th successful call is settled as the n-th of vmp_match_next(). Errors: ENOBUFS (too many are pending: this one is
 * counted at its hop but followed no further, and nothing around its time is called lost).
 */
int vmp_match_add(struct vmp_match *match, const struct vmp_frame *frame, const struct vmp_packet *packet,
		  const struct vmp_fingerprint *fingerprint);

/*
 * The kernel dropped a packet: if one like it is lost, that is why. frame: its time and bytes (the point does not matter); packet,
 * fingerprint: of it; kind: what it is of, number: its number among the run's. Before what was seen at that time is settled.
 */
void vmp_match_dropped(struct vmp_match *match, const struct vmp_frame *frame, const struct vmp_packet *packet,
		       const struct vmp_fingerprint *fingerprint, const struct vmp_drop_kind *kind, unsigned int number);

/*
 * Does a drop say nothing of the packet itself? Captures and sockets free copies of their own, and a bridge that hears all gives the host
 * a copy of what it forwards.
 */
bool vmp_match_is_copy(const struct vmp_drop *drop, enum vmp_drop_place place, bool bridge_hears_all);

/* Of a packet that was dropped while it was translated: make it what it was inside, if its connection is known. Nothing is learned. */
void vmp_match_translate_dropped(struct vmp_match *match, struct vmp_packet *packet);

/* What the frame that is added next died of if it is lost, as an earlier judgement found out: a number, 0 for not known. */
void vmp_match_explain(struct vmp_match *match, unsigned int number);

/* A point may have missed frames between two times (both inclusive): nothing is called lost for that. why: the kind of gap. */
void vmp_match_gap(struct vmp_match *match, size_t point, uint64_t from_ns, uint64_t to_ns, enum vmp_unsure why);

/*
 * A point lost so many frames of one direction of its device between two times (both inclusive), and it is known that they were no
 * more. Each can hide one packet: of those that are missing there the others are lost, and counted in unsure_lost of their segment.
 */
void vmp_match_drops(struct vmp_match *match, size_t point, enum vmp_devdir devdir, uint64_t frames, uint64_t from_ns,
		     uint64_t to_ns);

/* The window closes at this time: packets first seen later are context. */
void vmp_match_close_window(struct vmp_match *match, uint64_t end_ns);

/* With no more frames, vmp_match_settle() decides nothing before this time; UINT64_MAX: nothing waits to be decided. */
uint64_t vmp_match_due_ns(const struct vmp_match *match);

/* All frames up to complete_ns have been added: decide what can be decided. */
void vmp_match_settle(struct vmp_match *match, uint64_t complete_ns);

/* Nothing more will come: decide the rest, as unsure where time was too short. */
void vmp_match_settle_all(struct vmp_match *match, uint64_t complete_ns);

/* Fetch the next settled sighting, in the order they were added. False when there is none yet. */
bool vmp_match_next(struct vmp_match *match, struct vmp_settled *ret_settled);

/* Counts so far, for progress: index-aligned with path->hops. Borrowed. */
const struct vmp_hop_seen *vmp_match_seen(const struct vmp_match *match);

/* Write what was found into run->seen, segments, exchanges and observations. After vmp_match_settle_all(). Errors: ENOMEM. */
int vmp_match_report(struct vmp_match *match, struct vmp_run *run);

#endif
