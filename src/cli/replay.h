/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a live trace and a judgement of its evidence must do in the same way, so that both come to the same end: the matcher's
 * settings, the steps in which frames are judged, what is told of gaps, and the conclusions.
 */
#ifndef VMP_CLI_REPLAY_H
#define VMP_CLI_REPLAY_H

#include "match/match.h"
#include "model/run.h"

/* Frames are judged in steps of this length, counted from the epoch. */
#define VMP_REPLAY_STEP_NS 50000000ULL

/* The note on struct vmp_run.left_out. */
#define VMP_REPLAY_LEFT_OUT "%llu frames are not in the evidence: it may not grow further, or more came than can be held at once"

/* The step in which the window of a run opens: frames are judged up to it before there is any. */
uint64_t vmp_replay_first_step(const struct vmp_run *run);

/*
 * The end of the next step after judged_ns at which anything is decided, or else of the last step until limit_ns; always at least the
 * next one. Right if no frame comes before the last step. So years that a clock jumps by, or that are made up, are passed over at once.
 */
uint64_t vmp_replay_next_step(const struct vmp_match *match, uint64_t judged_ns, uint64_t limit_ns);

/*
 * A matcher for a run whose path, NIC, points, address, settle time, start and planned end are known. key: of its tables; fates: what
 * becomes of each packet will be fetched.
 */
int vmp_replay_match(const struct vmp_run *run, const struct vmp_hash_key *key, bool fates, struct vmp_match **ret_match,
		     struct vmp_err *err);

/* Decode a frame seen at a hop; where frames are inside a tunnel, the inner one. False when there is none. */
bool vmp_replay_decode(const struct vmp_hop *hop, const struct vmp_frame *frame, struct vmp_packet *ret_packet);

/* Tell the matcher of one gap. */
void vmp_replay_tell(struct vmp_match *match, const struct vmp_blind *blind);

/* After the last frame: fates, exchanges, the last hop, findings and verdict. Errors: ENOMEM. */
int vmp_replay_conclude(struct vmp_match *match, struct vmp_run *run, struct vmp_err *err);

#endif
