/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evidence of a trace, judged again: the same frames in the same order with the same fingerprints, told of the same gaps at the
 * same steps, end in the same fates; and with the same counters and path in the same verdict.
 */
#include "base/hash.h"
#include "capture/tracefile.h"
#include "cli/analyze.h"
#include "cli/replay.h"
#include "evidence/reread.h"
#include "guard/guard.h"

#include <errno.h>
#include <string.h>

struct replay {
	struct vmp_run *run;
	struct vmp_reread *evidence;
	struct vmp_tracefile *trace;
	struct vmp_match *match;
	uint64_t judged_ns;
	size_t told;            /* of run->blinds */
	struct vmp_err *err;
};

/* What was known when all up to this time had been judged. */
static void tell(struct replay *replay, uint64_t judged_ns)
{
	const struct vmp_run *run = replay->run;

	while (replay->told < run->blinds.n && run->blinds.v[replay->told].told_ns <= judged_ns)
		vmp_replay_tell(replay->match, &run->blinds.v[replay->told++]);
}

/* Judge in whole steps until the next frame, which has this time, belongs to the step that begins. */
static void judge_until(struct replay *replay, uint64_t ts_ns)
{
	while (replay->judged_ns + VMP_REPLAY_STEP_NS < ts_ns) {
		replay->judged_ns = vmp_replay_next_step(replay->match, replay->judged_ns, ts_ns - 1);
		tell(replay, replay->judged_ns - VMP_REPLAY_STEP_NS);
		vmp_match_settle(replay->match, replay->judged_ns);
	}
	tell(replay, replay->judged_ns);
}

static int add_frame(struct replay *replay, struct vmp_frame *frame, const struct vmp_index_row *row)
{
	struct vmp_packet packet;
	int code;

	if (frame->ts_ns > replay->run->complete_ns)
		return vmp_err_set(replay->err, EINVAL, "cli", "trace.pcapng", "a frame of trace.pcapng is later than the trace");
	frame->point = row->point;
	frame->devdir = row->devdir;
	judge_until(replay, frame->ts_ns);
	if (!vmp_replay_decode(&replay->run->path.hops.v[replay->run->points.v[row->point].hop], frame, &packet))
		return vmp_err_set(replay->err, EINVAL, "cli", "trace.pcapng",
				   "a frame of trace.pcapng is in no tunnel, though its hop is in one");
	if (!vmp_match_translate(replay->match, frame, &packet))
		return 0;
	vmp_match_explain(replay->match, row->cause);
	code = vmp_match_add(replay->match, frame, &packet, &row->fingerprint);
	/* The trace had no room for it either, and said so. */
	return code == -ENOBUFS ? 0 : code;
}

static int add_frames(struct replay *replay)
{
	for (;;) {
		struct vmp_frame frame;
		struct vmp_index_row row;
		int got = vmp_tracefile_next(replay->trace, &frame, replay->err), code;

		if (got < 0)
			return got;
		code = vmp_reread_next(replay->evidence, replay->run->points.n, &row, replay->err);
		if (code < 0)
			return code;
		if (code != got)
			return vmp_err_set(replay->err, EINVAL, "cli", "frames.idx", "trace.pcapng and frames.idx do not have the same number of "
					   "frames");
		if (got == 0)
			return 0;
		code = add_frame(replay, &frame, &row);
		if (code < 0)
			return replay->err->code ? code : vmp_err_set(replay->err, -code, "cli", NULL, "out of memory while matching packets");
	}
}

/* What the evidence had no room for was seen by the trace, and cannot be seen here. */
static void miss_what_was_left_out(struct replay *replay)
{
	const struct vmp_run *run = replay->run;

	for (size_t i = 0; run->left_out && i < run->points.n; i++)
		vmp_match_gap(replay->match, i, run->left_out_ns, UINT64_MAX, VMP_UNSURE_CAPTURE_LOSS);
}

static int judge(struct replay *replay)
{
	struct vmp_run *run = replay->run;
	struct vmp_hash_key key;
	int code = vmp_hash_key_random(&key);

	if (code < 0)
		return vmp_err_set(replay->err, -code, "cli", NULL, "no random numbers are to be had from the kernel: %s", strerror(-code));
	code = vmp_replay_match(run, &key, false, &replay->match, replay->err);
	if (code < 0)
		return code;
	vmp_match_know(replay->match, run->translations.v, run->translations.n);
	replay->judged_ns = vmp_replay_first_step(run);
	miss_what_was_left_out(replay);
	code = add_frames(replay);
	if (code < 0)
		return code;
	judge_until(replay, run->complete_ns + 1);
	vmp_match_settle_all(replay->match, run->complete_ns);
	run->offline = true;
	if (run->left_out) {
		run->capture_whole = false;
		vmp_run_note(run, VMP_REPLAY_LEFT_OUT, (unsigned long long)run->left_out);
	}
	return vmp_replay_conclude(replay->match, run, replay->err);
}

int vmp_analyze_evidence(const struct vmp_options *options, struct vmp_run *ret_run, struct vmp_err *err)
{
	struct replay replay = {.run = ret_run, .err = err};
	int code = vmp_reread_open(options->args[0], &replay.evidence, err);

	if (code == 0)
		code = vmp_guard_drop(err);
	if (code == 0)
		code = vmp_reread_check(replay.evidence, err);
	if (code == 0)
		code = vmp_reread_run(replay.evidence, ret_run, err);
	if (code == 0 && options->has_slow) {
		ret_run->has_slow = true;
		ret_run->slow_ns = options->slow_ns;
	}
	if (code == 0)
		code = vmp_tracefile_open(vmp_reread_take_trace(replay.evidence), "trace.pcapng", &replay.trace, err);
	if (code == 0)
		code = judge(&replay);
	vmp_match_free(replay.match);
	vmp_tracefile_close(replay.trace);
	vmp_reread_close(replay.evidence);
	return code;
}
