/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The window: frames from all points, in the order of their times, decoded once, matched, and kept as evidence. */
#include "cli/trace.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "capture/inner.h"
#include "cli/live.h"
#include "cli/replay.h"
#include "match/order.h"
#include "packet/packet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_NS      (1000 * VMP_NS_PER_MS)
#define POLL_MS        50
#define BACKEND_EVERY_NS (200 * VMP_NS_PER_MS)
#define ORDER_BYTES    (64U << 20)
#define HELD_BYTES     (192U << 20) /* of frames whose fate is not known yet, for the evidence */

#define BLINDS_MAX     65536U /* gaps of all points that are remembered */

/* A frame that waits until the fate of its packet is known. */
struct kept {
	size_t bytes;           /* of all of it */
	struct vmp_frame frame;
	struct vmp_packet packet;
	struct vmp_fingerprint fingerprint;
};

/* Frames of a point for which there was no room since the last look. */
struct overflow {
	uint64_t frames, from_ns, to_ns;
};

struct held {
	struct held *next;
	bool untracked;         /* the matcher had no room for it: nothing will be known */
	uint64_t ts_ns;
	struct kept *kept;      /* NULL: there was no room for it */
};

struct window {
	struct vmp_trace *trace;
	struct vmp_hash_key key;
	struct vmp_digest_key digest_key;
	struct vmp_order *order;
	struct held *oldest, **newest;
	size_t held_bytes;
	struct vmp_live *live;
	uint64_t open_ns;               /* when the last point was opened */
	struct vmp_stopwatch watch;     /* how long the window is open */
	uint64_t told_end_ns;           /* of it, as the matcher was told */
	bool closed;
	bool overwhelmed;               /* by connections on a routed path; it was said */
	uint64_t judged_ns;             /* frames up to here were judged: a whole number of steps */
	struct overflow *overflows;     /* by point */
	uint64_t stats_ns, backend_ns;  /* last looks */
	uint64_t late;                  /* frames out of order, at the last look */
	uint64_t (*dropped)[2];         /* by point and device direction, at the last look */
	struct vmp_inner **inner;       /* by point: what passes of the frames inside a tunnel */
	bool *gone;                     /* by point: its disappearance was noted */
	struct vmp_err *err;
};

/* Tell the matcher what a point missed, and remember it: who judges again must know the same. */
static void tell(struct window *window, const struct vmp_blind *what)
{
	struct vmp_blind now = *what, blind;

	/* A clock that was set back between the two looks makes a later time the earlier one. */
	if (now.from_ns > now.to_ns) {
		now.from_ns = what->to_ns;
		now.to_ns = what->from_ns;
	}
	now.told_ns = window->judged_ns;
	if (vmp_run_add_blind(&window->trace->run, &now, BLINDS_MAX, &blind) != 0)
		vmp_replay_tell(window->trace->match, &blind);
}

static void tell_gap(struct window *window, size_t point, uint64_t from_ns, uint64_t to_ns, enum vmp_unsure why)
{
	tell(window, &(struct vmp_blind){.point = point, .from_ns = from_ns, .to_ns = to_ns, .why = why});
}

static int take_frame(void *context, const struct vmp_frame *frame)
{
	struct window *window = context;
	struct overflow *overflow = &window->overflows[frame->point];
	int code;

	/* Seen while a point further on was not open yet: it would wait there for the next equal packet's counterpart. */
	if (frame->ts_ns < window->open_ns)
		return 0;
	code = vmp_order_push(window->order, frame);
	if (code != -ENOBUFS)
		return code;
	overflow->from_ns = overflow->frames && overflow->from_ns < frame->ts_ns ? overflow->from_ns : frame->ts_ns;
	overflow->to_ns = overflow->frames && overflow->to_ns > frame->ts_ns ? overflow->to_ns : frame->ts_ns;
	overflow->frames++;
	return 0;
}

/* ---- evidence ---------------------------------------------------------------------------------------------------- */

static int hold(struct window *window, const struct vmp_frame *frame, const struct vmp_packet *packet,
		const struct vmp_fingerprint *fingerprint, bool untracked)
{
	size_t bytes = sizeof(struct held) + sizeof(struct kept) + frame->cap_len;
	bool fits = window->held_bytes + bytes <= HELD_BYTES;
	struct held *held;

	if (!window->trace->evidence)
		return 0;
	held = malloc(fits ? bytes : sizeof(*held));
	if (!held)
		return -ENOMEM;
	held->next = NULL;
	held->untracked = untracked;
	held->ts_ns = frame->ts_ns;
	held->kept = fits ? (struct kept *)(held + 1) : NULL;
	if (fits) {
		*held->kept = (struct kept){bytes, *frame, *packet, *fingerprint};
		held->kept->frame.data = (uint8_t *)(held->kept + 1);
		memcpy(held->kept + 1, frame->data, frame->cap_len);
		window->held_bytes += bytes;
	}
	*window->newest = held;
	window->newest = &held->next;
	return 0;
}

/* "lost: not seen at tap0 within 1000 ms; the kernel dropped it: NETFILTER_DROP in nft_do_chain < __br_forward on tap0" */
static const char *describe_loss(const struct vmp_run *run, const struct vmp_settled *settled, char *buf, size_t len)
{
	const struct vmp_drop_kind *kind =
		settled->cause && settled->cause <= run->drops.kinds.n ? &run->drops.kinds.v[settled->cause - 1] : NULL;
	int n = snprintf(buf, len, "lost: not seen at %s within %llu ms", vmp_run_hop_name(run, settled->next_hop),
			 (unsigned long long)(run->settle_ns / VMP_NS_PER_MS));

	if (kind && n > 0 && (size_t)n < len)
		snprintf(buf + n, len - (size_t)n, "; the kernel dropped it: %s in %s%s%s on %s", kind->reason[0] ? kind->reason : "no reason told",
			 kind->symbol[0] ? kind->symbol : "?", kind->caller[0] ? " < " : "", kind->caller, kind->device);
	return buf;
}

/*
 * Write the oldest frame that waits. Each one is kept that the matcher saw, also what came before the window and what is not this
 * guest's: it learned from them, and who judges again has to.
 */
static int keep(struct window *window, const struct vmp_settled *settled)
{
	struct vmp_trace *trace = window->trace;
	struct held *held = window->oldest;
	struct kept *kept = held->kept;
	char comment[384];
	int code = 0;

	if (kept) {
		struct vmp_evidence_frame item = {.frame = &kept->frame, .packet = &kept->packet, .fingerprint = &kept->fingerprint,
						  .packet_id = settled ? settled->packet_id : 0};

		if (settled && settled->fate == VMP_FATE_LOST) {
			item.cause = settled->cause;
			item.comment = describe_loss(&trace->run, settled, comment, sizeof(comment));
		}
		code = vmp_evidence_add(trace->evidence, &item, window->err);
		window->held_bytes -= kept->bytes;
	} else {
		vmp_evidence_leave_out(trace->evidence, held->ts_ns);
	}
	window->oldest = held->next;
	if (!window->oldest)
		window->newest = &window->oldest;
	free(held);
	return code;
}

static int keep_untracked(struct window *window)
{
	int code = 0;

	while (code == 0 && window->oldest && window->oldest->untracked)
		code = keep(window, NULL);
	return code;
}

static int keep_settled(struct window *window)
{
	struct vmp_settled settled;
	int code = keep_untracked(window);

	while (code == 0 && vmp_match_next(window->trace->match, &settled)) {
		if (window->oldest)
			code = keep(window, &settled);
		if (code == 0)
			code = keep_untracked(window);
	}
	return code;
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* Decode a frame; on a device where they are inside a tunnel, the inner one. Returns false when it is not of this trace. */
static bool decode(struct window *window, const struct vmp_frame *frame, struct vmp_packet *ret_packet)
{
	struct vmp_run *run = &window->trace->run;
	const struct vmp_hop *hop = &run->path.hops.v[window->trace->point_hops[frame->point]];

	if (!vmp_replay_decode(hop, frame, ret_packet))
		return false;
	if (!hop->has_tunnel)
		return true;
	if (ret_packet->vni == hop->tunnel.vni)
		return vmp_inner_passes(window->inner[frame->point], frame, ret_packet->inner_offset);
	if (frame->devdir == hop->to_guest && vmp_mac_equal(&ret_packet->dst_mac, &run->path.guest_mac)) {
		run->observations.wrong_vni_frames++;
		run->observations.wrong_vni = ret_packet->vni;
	}
	return false;
}

/* Connections that are not remembered cannot be found again outside. */
static void look_at_translations(struct window *window, uint64_t ts_ns)
{
	struct vmp_run *run = &window->trace->run;

	if (window->overwhelmed || !vmp_match_is_overwhelmed(window->trace->match))
		return;
	window->overwhelmed = true;
	vmp_run_note(run, "the guest has more connections than can be remembered: beyond this host's routing the rest is unsure");
	vmp_vec_foreach (point, &run->points)
		if (run->path.hops.v[point->hop].routed)
			tell_gap(window, (size_t)(point - run->points.v), ts_ns, UINT64_MAX, VMP_UNSURE_IDENTITY);
}

static int match_frames(struct window *window, uint64_t complete_ns)
{
	struct vmp_frame frame;

	while (vmp_order_pop(window->order, complete_ns, &frame)) {
		struct vmp_packet packet;
		struct vmp_fingerprint fingerprint;
		int code;

		if (!decode(window, &frame, &packet) || !vmp_match_translate(window->trace->match, &frame, &packet))
			continue;
		look_at_translations(window, frame.ts_ns);
		vmp_packet_fingerprint(&window->digest_key, &frame, &packet, &fingerprint);
		code = vmp_match_add(window->trace->match, &frame, &packet, &fingerprint);
		if (code == 0 || code == -ENOBUFS)
			code = hold(window, &frame, &packet, &fingerprint, code == -ENOBUFS);
		if (code < 0)
			return vmp_err_set(window->err, -code, "cli", NULL, "out of memory while matching packets");
	}
	return 0;
}

/* ---- looks around ------------------------------------------------------------------------------------------------ */

/* What a point lost since the last look was lost at some time since then, and before it was asked. */
static void look_at_drops(struct window *window, size_t i, uint64_t asked_ns)
{
	const struct vmp_point *point = &window->trace->run.points.v[i];
	const uint64_t dropped[] = {[VMP_DEV_IN] = point->dropped_in, [VMP_DEV_OUT] = point->dropped_out};

	for (enum vmp_devdir d = VMP_DEV_IN; d <= VMP_DEV_OUT; d++) {
		uint64_t more = dropped[d] - window->dropped[i][d];

		if (more == 0)
			continue;
		tell(window, &(struct vmp_blind){.point = i, .counted = true, .devdir = d, .frames = more, .from_ns = window->stats_ns,
						 .to_ns = asked_ns, .why = VMP_UNSURE_CAPTURE_LOSS});
		window->trace->run.capture_whole = false;
		window->dropped[i][d] = dropped[d];
	}
}

/* What there was no room for here is as good as never captured. */
static void look_at_overflow(struct window *window, size_t i)
{
	struct overflow *overflow = &window->overflows[i];

	if (overflow->frames)
		tell_gap(window, i, overflow->from_ns, overflow->to_ns, VMP_UNSURE_CAPTURE_LOSS);
	overflow->frames = 0;
}

static void look_at_points(struct window *window, uint64_t now_ns)
{
	struct vmp_run *run = &window->trace->run;
	uint64_t asked_ns;

	vmp_capture_stats(window->trace->capture);
	asked_ns = vmp_clock_realtime_ns();
	for (size_t i = 0; i < run->points.n; i++) {
		const struct vmp_point *point = &run->points.v[i];

		look_at_drops(window, i, asked_ns);
		look_at_overflow(window, i);
		if (point->vanished && !window->gone[i]) {
			tell_gap(window, i, window->stats_ns, UINT64_MAX, VMP_UNSURE_VANISHED);
			vmp_run_note(run, "%s vanished during the run", point->name);
			run->capture_whole = false;
			window->gone[i] = true;
		}
	}
	/* A frame that came too late to be put in order may have met the wrong one of several equal packets. */
	if (vmp_order_late(window->order) > window->late)
		for (size_t i = 0; i < run->points.n; i++)
			tell_gap(window, i, window->stats_ns - SETTLE_NS, now_ns, VMP_UNSURE_IDENTITY);
	window->late = vmp_order_late(window->order);
	window->stats_ns = now_ns;
}

static bool backend_vanished(const struct window *window)
{
	int point = window->trace->hop_points[window->trace->run.path.backend];

	return point >= 0 && window->gone[point];
}

/* It was down at the start, so it is no point that sees anything; whatever is not settled yet may have passed it. */
static void note_backend_is_up(struct window *window)
{
	struct vmp_trace *trace = window->trace;
	int point = trace->hop_points[trace->run.path.backend];

	trace->backend_down = false;
	tell_gap(window, (size_t)point, vmp_clock_realtime_ns() - SETTLE_NS, UINT64_MAX, VMP_UNSURE_VANISHED);
	vmp_run_note(&trace->run, "%s was set up during the run", trace->run.points.v[point].name);
	trace->run.capture_whole = false;
}

static void look_at_backend(struct window *window)
{
	struct vmp_trace *trace = window->trace;
	int ifindex = trace->run.path.hops.v[trace->run.path.backend].ifindex;
	struct vmp_backend_reading reading = {0};
	struct vmp_err ignored = {0};

	if (!trace->backend_watched)
		return;
	if (vmp_host_read_stats(trace->reader, ifindex, &reading.before, &ignored) < 0 ||
	    vmp_counter_read(trace->counter, &reading.given, &ignored) < 0 ||
	    vmp_host_read_stats(trace->reader, ifindex, &reading.after, &ignored) < 0) {
		vmp_backend_lose(&trace->backend, "the device vanished");
		return;
	}
	reading.at_ns = vmp_clock_monotonic_ns();
	if (trace->backend_down && reading.given > trace->backend.first.given)
		note_backend_is_up(window);
	vmp_backend_sample(&trace->backend, &reading);
}

/* Not earlier than what was judged: a clock that was set back would put packets that were counted out of the window again. */
static uint64_t not_before_judged(const struct window *window, uint64_t ns)
{
	const uint64_t started_ns = window->trace->run.started_ns, least_ns = window->judged_ns > started_ns ? window->judged_ns : started_ns;

	return ns > least_ns ? ns : least_ns;
}

/* A clock that jumps makes times of packets before and after incomparable. */
static void look_at_clock(struct window *window, const struct vmp_moment *now)
{
	struct vmp_run *run = &window->trace->run;
	int64_t jump = vmp_stopwatch_look(&window->watch, now);

	/* The window is as long as was asked for, whatever the clock shows. */
	if (!window->closed && window->watch.end_ns != window->told_end_ns) {
		window->told_end_ns = window->watch.end_ns;
		run->ended_ns = not_before_judged(window, window->watch.end_ns);
		vmp_match_close_window(window->trace->match, run->ended_ns);
	}
	if (jump == 0)
		return;
	run->observations.clock_stepped = true;
	vmp_run_note(run, "the clock was stepped by %.3f s during the run%s", (double)jump / 1e9,
		     jump < 0 ? "; packets that it puts before the start are not counted" : "");
	for (size_t i = 0; i < run->points.n; i++)
		tell_gap(window, i, 0, UINT64_MAX, VMP_UNSURE_CLOCK);
}

static void close_window(struct window *window)
{
	struct vmp_run *run = &window->trace->run;

	window->closed = true;
	vmp_stopwatch_stop(&window->watch);
	run->lasted_ns = window->watch.lasts_ns;
	run->ended_ns = not_before_judged(window, window->watch.end_ns);
	vmp_match_close_window(window->trace->match, run->ended_ns);
	look_at_backend(window);
	if (window->trace->backend_watched)
		vmp_backend_close_window(&window->trace->backend);
}

/* True when the run is over: the window has closed, and what fell into it has had its time to settle. */
static bool is_over(struct window *window, uint64_t complete_ns)
{
	const struct vmp_stopwatch *watch = &window->watch;

	if (!window->closed && (vmp_trace_signals() > 0 || backend_vanished(window))) {
		window->trace->run.interrupted = true;
		close_window(window);
	}
	if (!window->closed && vmp_stopwatch_is_over(watch, 0))
		close_window(window);
	return window->closed && ((vmp_stopwatch_is_over(watch, SETTLE_NS) && complete_ns >= watch->end_ns + SETTLE_NS) ||
				  vmp_trace_signals() > 1);
}

/* Judge frames in whole steps, so that it can be done again in the same ones. */
static int judge_until(struct window *window, uint64_t complete_ns)
{
	struct vmp_match *match = window->trace->match;

	while (window->judged_ns + VMP_REPLAY_STEP_NS <= complete_ns) {
		uint64_t next_ns = vmp_order_next_ns(window->order);
		uint64_t limit_ns = next_ns < complete_ns - VMP_REPLAY_STEP_NS ? next_ns + VMP_REPLAY_STEP_NS - 1 : complete_ns;
		uint64_t step_ns = vmp_replay_next_step(match, window->judged_ns, limit_ns);
		int code = match_frames(window, step_ns);

		if (code < 0)
			return code;
		window->judged_ns = step_ns;
		vmp_match_settle(match, window->judged_ns);
		code = keep_settled(window);
		if (code < 0)
			return code;
	}
	return 0;
}

static int judge_rest(struct window *window, uint64_t complete_ns)
{
	uint64_t last_ns = not_before_judged(window, complete_ns);
	int code = match_frames(window, last_ns);

	window->trace->run.complete_ns = last_ns;
	vmp_match_settle_all(window->trace->match, last_ns);
	return code < 0 ? code : keep_settled(window);
}

static int run_window(struct window *window)
{
	struct vmp_trace *trace = window->trace;
	uint64_t complete_ns = trace->run.started_ns;
	bool over = false;

	while (!over) {
		int code = vmp_capture_poll(trace->capture, POLL_MS, take_frame, window, &complete_ns, window->err);
		struct vmp_moment now = vmp_clock_moment();

		if (code < 0 && code != -EINTR)
			return code;
		look_at_points(window, now.real_ns);
		look_at_clock(window, &now);
		if (now.mono_ns >= window->backend_ns + BACKEND_EVERY_NS) {
			look_at_backend(window);
			window->backend_ns = now.mono_ns;
		}
		vmp_trace_take_drops(trace, &window->digest_key);
		over = is_over(window, complete_ns);
		code = judge_until(window, complete_ns);
		if (code < 0)
			return code;
		vmp_live_update(window->live, &trace->run, vmp_match_seen(trace->match), now.mono_ns);
	}
	look_at_backend(window);
	return judge_rest(window, complete_ns);
}

static int begin_window(struct window *window, struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_moment now;
	int code;

	window->trace = trace;
	window->err = err;
	window->newest = &window->oldest;
	window->order = vmp_order_new(ORDER_BYTES);
	window->dropped = calloc(trace->run.points.n, sizeof(*window->dropped));
	window->inner = calloc(trace->run.points.n + 1, sizeof(*window->inner));
	window->gone = calloc(trace->run.points.n, sizeof(*window->gone));
	window->overflows = calloc(trace->run.points.n, sizeof(*window->overflows));
	if (!window->order || !window->dropped || !window->inner || !window->gone || !window->overflows)
		return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	for (size_t i = 0; i < trace->run.points.n; i++) {
		const char *filter = trace->run.points.v[i].inner_filter;

		code = filter ? vmp_inner_open(filter, &window->inner[i], err) : 0;
		if (code < 0)
			return code;
	}
	code = vmp_hash_key_random(&window->key);
	if (code < 0)
		return vmp_err_set(err, -code, "cli", NULL, "no random numbers are to be had from the kernel: %s", strerror(-code));
	vmp_digest_key_make(&window->key, &window->digest_key);
	vmp_vec_foreach (point, &trace->run.points)
		if (point->opened && point->opened_ns > window->open_ns)
			window->open_ns = point->opened_ns;
	trace->run.settle_ns = SETTLE_NS;
	trace->run.capture_whole = true;
	now = vmp_clock_moment();
	vmp_stopwatch_start(&window->watch, &now, trace->options->duration_ns);
	trace->run.started_ns = window->stats_ns = now.real_ns;
	trace->run.ended_ns = window->told_end_ns = window->watch.end_ns;
	window->judged_ns = vmp_replay_first_step(&trace->run);
	window->live = vmp_live_begin(trace->options, now.mono_ns + trace->options->duration_ns + SETTLE_NS);
	code = vmp_replay_match(&trace->run, &window->key, trace->evidence != NULL, &trace->match, err);
	if (code == 0)
		vmp_match_begin_with(trace->match, trace->known.v, trace->known.n);
	return code;
}

int vmp_trace_watch(struct vmp_trace *trace, struct vmp_err *err)
{
	struct window window = {0};
	int code = begin_window(&window, trace, err);

	if (code == 0)
		code = run_window(&window);
	vmp_trace_end_drops(trace);
	trace->run.observations.late = window.order ? vmp_order_late(window.order) : 0;
	vmp_live_end(window.live);
	vmp_order_free(window.order);
	while (window.oldest) {
		struct held *next = window.oldest->next;

		free(window.oldest);
		window.oldest = next;
	}
	for (size_t i = 0; window.inner && i < trace->run.points.n; i++)
		vmp_inner_close(window.inner[i]);
	free(window.inner);
	free(window.dropped);
	free(window.gone);
	free(window.overflows);
	return code;
}
