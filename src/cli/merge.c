/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second reading: the frames of all files in one order of times, decoded and matched. */
#include "cli/foreign.h"

#include "packet/packet.h"

#include <errno.h>
#include <string.h>

#define SETTLE_EVERY 1024
#define ORDER_BYTES  (64U << 20)

static int out_of_memory(struct vmp_err *err)
{
	return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
}

static int add_frame(struct vmp_analysis *analysis, const struct vmp_frame *frame, struct vmp_err *err)
{
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;
	int code;

	vmp_packet_decode(frame, &packet);
	vmp_analyze_rehome(analysis, &packet);
	vmp_packet_fingerprint_short(&analysis->digest_key, frame, &packet, analysis->least_bytes, &fingerprint);
	/* It may be any of those that are missing here. */
	if (!fingerprint.usable && frame->cap_len < frame->wire_len)
		vmp_match_gap(analysis->match, frame->point, frame->ts_ns, frame->ts_ns, VMP_UNSURE_IDENTITY);
	code = vmp_match_add(analysis->match, frame, &packet, &fingerprint);
	if (code < 0 && code != -ENOBUFS)
		return vmp_err_set(err, -code, "cli", NULL, "out of memory while matching packets");
	return 0;
}

/* The next frame of each file, in one order of times. */
struct merge {
	struct vmp_savefile_frame heads[VMP_ANALYZE_HOPS];
	bool has[VMP_ANALYZE_HOPS];
	struct vmp_order *order;    /* where a file is not in order by itself, NULL: nowhere */
	uint64_t back_ns;           /* by how much at most */
	uint64_t n;
};

static int advance(struct vmp_analysis *analysis, struct merge *merge, size_t i, struct vmp_err *err)
{
	struct vmp_source *source = &analysis->sources[i];
	struct vmp_frame *frame = &merge->heads[i].frame;
	int code = vmp_analyze_next(source, &merge->heads[i], err);

	merge->has[i] = code > 0;
	if (code <= 0)
		return code;
	frame->ts_ns = vmp_analyze_time(source, frame->ts_ns);
	frame->point = (uint32_t)i;
	frame->devdir = VMP_DEV_UNKNOWN; /* it tells nothing that the guest's address does not, and depends on what the device is */
	return 0;
}

static int drain(struct vmp_analysis *analysis, struct merge *merge, uint64_t complete_ns, struct vmp_err *err)
{
	struct vmp_frame frame;
	int code = 0;

	while (code == 0 && vmp_order_pop(merge->order, complete_ns, &frame))
		code = add_frame(analysis, &frame, err);
	return code;
}

static int take(struct vmp_analysis *analysis, struct merge *merge, const struct vmp_frame *frame, struct vmp_err *err)
{
	uint64_t complete_ns = frame->ts_ns;
	int code;

	if (!merge->order) {
		code = add_frame(analysis, frame, err);
	} else {
		complete_ns = complete_ns > merge->back_ns ? complete_ns - merge->back_ns : 0;
		code = vmp_order_push(merge->order, frame);
		if (code == -ENOBUFS) {
			vmp_match_gap(analysis->match, frame->point, frame->ts_ns, frame->ts_ns, VMP_UNSURE_IDENTITY);
			code = 0;
		}
		code = code < 0 ? vmp_err_set(err, -code, "cli", NULL, "out of memory") : drain(analysis, merge, complete_ns, err);
	}
	if (++merge->n % SETTLE_EVERY == 0)
		vmp_match_settle(analysis->match, complete_ns);
	return code;
}

static int merge_files(struct vmp_analysis *analysis, struct merge *merge, struct vmp_err *err)
{
	int code = 0;

	for (size_t i = 0; i < analysis->n_sources && code == 0; i++)
		code = vmp_savefile_begin(analysis->sources[i].file, err) < 0 ? -EIO : advance(analysis, merge, i, err);
	while (code == 0) {
		size_t first = analysis->n_sources;

		for (size_t i = 0; i < analysis->n_sources; i++)
			if (merge->has[i] && (first == analysis->n_sources || merge->heads[i].frame.ts_ns < merge->heads[first].frame.ts_ns))
				first = i;
		if (first == analysis->n_sources)
			break;
		code = take(analysis, merge, &merge->heads[first].frame, err);
		if (code == 0)
			code = advance(analysis, merge, first, err);
	}
	return code == 0 && merge->order ? drain(analysis, merge, UINT64_MAX, err) : code;
}

int vmp_analyze_match(struct vmp_analysis *analysis, struct vmp_err *err)
{
	struct merge merge = {0};
	int code;

	for (size_t i = 0; i < analysis->n_sources; i++)
		if (analysis->sources[i].back_ns > merge.back_ns)
			merge.back_ns = analysis->sources[i].back_ns;
	if (merge.back_ns > VMP_DISORDER_MOST_NS)
		merge.back_ns = VMP_DISORDER_MOST_NS;
	if (merge.back_ns > 0) {
		merge.order = vmp_order_new(ORDER_BYTES);
		if (!merge.order)
			return out_of_memory(err);
	}
	code = merge_files(analysis, &merge, err);
	analysis->run.observations.late = merge.order ? vmp_order_late(merge.order) : 0;
	vmp_order_free(merge.order);
	if (code < 0)
		return code;
	vmp_match_close_window(analysis->match, analysis->run.ended_ns);
	/* What each file covers is said; that nothing more comes is sure. */
	vmp_match_settle_all(analysis->match, analysis->run.ended_ns + VMP_FOREIGN_SETTLE_NS);
	return 0;
}
