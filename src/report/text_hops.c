/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hop table of a trace. The network is at the top and the guest at the bottom, so packets to the guest go down and
 * packets from the guest go up; between two hops stands what became of the packets in between:
 *
 *   eth0     nic     50                      0
 *                    X 50 of 50 lost
 *   021f00   tap     0                       0
 */
#include "report/table.h"
#include "report/view.h"

#include <inttypes.h>
#include <stdlib.h>

struct marks {
	const char *down, *up, *lost, *unsure;
};

static const struct marks marks_ascii = {.down = "v", .up = "^", .lost = "X", .unsure = "?"};
static const struct marks marks_utf8 = {.down = "\u2193", .up = "\u2191", .lost = "\u2717", .unsure = "?"};

static const struct marks *marks_of(const struct vmp_report_style *style)
{
	return style->utf8 ? &marks_utf8 : &marks_ascii;
}

/* The hop of a segment that stands higher in the table, and the lower one. */
static int upper_hop(const struct vmp_segment *segment)
{
	return segment->from < segment->to ? segment->from : segment->to;
}

static int lower_hop(const struct vmp_segment *segment)
{
	return segment->from < segment->to ? segment->to : segment->from;
}

static void add_count(struct vmp_table *table, const struct vmp_hop_seen *seen, const struct vmp_count *count)
{
	if (!seen)
		vmp_table_cell(table, VMP_INK_DIM, "-");
	else if (table->style->verbose)
		vmp_table_printf(table, VMP_INK_PLAIN, "%" PRIu64 " (%" PRIu64 " bytes)", count->packets, count->bytes);
	else
		vmp_table_printf(table, VMP_INK_PLAIN, "%" PRIu64, count->packets);
}

static void add_remark(struct vmp_table *table, const struct vmp_run *run, size_t hop)
{
	const struct vmp_hop *place = &run->path.hops.v[hop];
	const struct vmp_point *point = vmp_view_point(run, hop);
	const struct vmp_hop_seen *seen = vmp_view_seen(run, hop);
	struct vmp_buf text = {0};

	if (place->ifindex > 0 && place->observed == VMP_OBSERVED_NO)
		vmp_buf_printf(&text, "not observed");
	else if (place->ifindex > 0 && place->observed == VMP_OBSERVED_PARTLY)
		vmp_buf_printf(&text, "seen only in part");
	if (place->has_tag)
		vmp_buf_printf(&text, "%svlan %u", text.len ? ", " : "", (unsigned int)place->tag);
	if (place->has_tunnel)
		vmp_buf_printf(&text, "%sinside vxlan %u", text.len ? ", " : "", (unsigned int)place->tunnel.vni);
	if (place->inactive)
		vmp_buf_printf(&text, "%sinactive", text.len ? ", " : "");
	if (place->owner)
		vmp_buf_printf(&text, "%sguest %s", text.len ? ", " : "", place->owner);
	if (seen && seen->astray > 0)
		vmp_buf_printf(&text, "%s%" PRIu64 " meant for the guest leave here", text.len ? ", " : "", seen->astray);
	if (seen && seen->duplicates > 0)
		vmp_buf_printf(&text, "%s%" PRIu64 " seen twice", text.len ? ", " : "", seen->duplicates);
	if (point && point->opened && point->dropped > 0)
		vmp_buf_printf(&text, "%scapture lost %" PRIu64, text.len ? ", " : "", point->dropped);
	if (point && point->vanished)
		vmp_buf_printf(&text, "%swent away", text.len ? ", " : "");
	table->oom |= text.oom;
	vmp_table_cell(table, VMP_INK_DIM, text.s);
	vmp_buf_clear(&text);
}

static void add_hop(struct vmp_table *table, const struct vmp_run *run, size_t hop)
{
	const struct vmp_hop *place = &run->path.hops.v[hop];
	const struct vmp_hop_seen *seen = vmp_view_seen(run, hop);

	vmp_table_cell(table, VMP_INK_BOLD, place->name);
	vmp_table_cell(table, VMP_INK_PLAIN, place->ifindex > 0 || place->is_file ? vmp_hop_kind_name(place->kind) : "");
	add_count(table, seen, seen ? &seen->to_guest : NULL);
	add_count(table, seen, seen ? &seen->from_guest : NULL);
	add_remark(table, run, hop);
}

/* Append the far end of a segment where the table does not show it by itself. */
static void add_far_end(struct vmp_buf *text, const struct vmp_run *run, const struct vmp_segment *segment, bool named)
{
	if (!named)
		return;
	if (segment->direction == VMP_TO_GUEST)
		vmp_buf_printf(text, " before %s", vmp_run_hop_name(run, lower_hop(segment)));
	else
		vmp_buf_printf(text, " after %s", vmp_run_hop_name(run, lower_hop(segment)));
}

static void add_latency(struct vmp_buf *text, const struct vmp_latency *latency)
{
	uint64_t p50 = vmp_view_latency_ns(latency->p50_us), max = vmp_view_latency_ns(latency->max_us);

	if (latency->known)
		vmp_buf_printf(text, " in %" PRIu64 ".%" PRIu64 " us, at most %" PRIu64 ".%" PRIu64 " us", p50 / 1000,
			       p50 % 1000 / 100, max / 1000, max % 1000 / 100);
}

/* Say what became of the packets of one segment. named: the other hop is not the next line of the table. */
static enum vmp_ink describe(struct vmp_buf *text, const struct vmp_report_style *style, const struct vmp_run *run,
			     const struct vmp_segment *segment, bool named)
{
	const struct marks *marks = marks_of(style);
	const char *taken = run->path.hops.v[segment->to].kind == VMP_HOP_GUEST ? " taken" : "";

	if (segment->lost + segment->unsure_lost > 0) {
		vmp_buf_printf(text, "%s ", marks->lost);
		if (segment->unsure > 0)
			vmp_buf_printf(text, "at least %" PRIu64 ", at most %" PRIu64, segment->lost + segment->unsure_lost,
				       segment->lost + segment->unsure);
		else
			vmp_buf_printf(text, "%" PRIu64, segment->lost);
		vmp_buf_printf(text, " of %" PRIu64 "%s", segment->offered, *taken ? " not taken" : " lost");
		add_far_end(text, run, segment, named);
		return VMP_INK_RED;
	}
	if (segment->unsure > 0) {
		vmp_buf_printf(text, "%s %" PRIu64 " of %" PRIu64 " unsure", marks->unsure, segment->unsure,
			       segment->offered);
		add_far_end(text, run, segment, named);
		return VMP_INK_YELLOW;
	}
	if (segment->offered == 0)
		return VMP_INK_PLAIN;
	vmp_buf_printf(text, "%s %" PRIu64 "%s", segment->direction == VMP_TO_GUEST ? marks->down : marks->up,
		       segment->delivered, taken);
	if (named)
		vmp_buf_printf(text, " %s %s", segment->direction == VMP_TO_GUEST ? "to" : "from",
			       vmp_run_hop_name(run, lower_hop(segment)));
	if (style->verbose)
		add_latency(text, &segment->latency);
	return VMP_INK_GREEN;
}

/* The n-th segment with something to say in one direction below a hop, or NULL. */
static const struct vmp_segment *segment_below(const struct vmp_run *run, const bool *visible, int hop,
					       enum vmp_direction direction, size_t n)
{
	vmp_vec_foreach (segment, &run->segments)
		if (segment->direction == direction && segment->offered > 0 &&
		    vmp_view_segment(segment, &run->path, visible) && upper_hop(segment) == hop && n-- == 0)
			return segment;
	return NULL;
}

/* True when the verdict's loss lies between these two lines and no segment tells of it: a silent guest, say. */
static bool verdict_is_here(const struct vmp_run *run, const bool *visible, int hop, int next,
			    enum vmp_direction direction)
{
	const struct vmp_verdict *verdict = &run->verdict;
	int upper = verdict->from < verdict->to ? verdict->from : verdict->to;
	int lower = verdict->from < verdict->to ? verdict->to : verdict->from;

	if (verdict->state != VMP_STATE_LOSS || !verdict->has_place || verdict->direction != direction || upper != hop ||
	    lower != next)
		return false;
	for (size_t i = 0;; i++) {
		const struct vmp_segment *segment = segment_below(run, visible, hop, direction, i);

		if (!segment)
			return true;
		if (segment->lost + segment->unsure_lost > 0)
			return false;
	}
}

static void add_gap_cell(struct vmp_table *table, const struct vmp_run *run, const struct vmp_segment *segment,
			 int next, bool several, bool stop)
{
	struct vmp_buf text = {0};
	enum vmp_ink ink = VMP_INK_PLAIN;

	if (segment)
		ink = describe(&text, table->style, run, segment, several || lower_hop(segment) != next);
	else if (stop)
		vmp_buf_printf(&text, "%s stops here", marks_of(table->style)->lost);
	table->oom |= text.oom;
	vmp_table_cell(table, segment ? ink : stop ? VMP_INK_RED : VMP_INK_PLAIN, text.s);
	vmp_buf_clear(&text);
}

/* The lines between a hop and the next one listed. */
static void add_gap(struct vmp_table *table, const struct vmp_run *run, const bool *visible, int hop, int next)
{
	bool several[VMP_DIRECTIONS], stop[VMP_DIRECTIONS];

	for (int d = 0; d < VMP_DIRECTIONS; d++) {
		several[d] = segment_below(run, visible, hop, (enum vmp_direction)d, 1) != NULL;
		stop[d] = verdict_is_here(run, visible, hop, next, (enum vmp_direction)d);
	}
	for (size_t i = 0;; i++) {
		const struct vmp_segment *segments[VMP_DIRECTIONS];

		for (int d = 0; d < VMP_DIRECTIONS; d++)
			segments[d] = segment_below(run, visible, hop, (enum vmp_direction)d, i);
		if (!segments[VMP_TO_GUEST] && !segments[VMP_FROM_GUEST] && !stop[VMP_TO_GUEST] && !stop[VMP_FROM_GUEST])
			return;
		vmp_table_cell(table, VMP_INK_PLAIN, "");
		vmp_table_cell(table, VMP_INK_PLAIN, "");
		for (int d = 0; d < VMP_DIRECTIONS; d++) {
			add_gap_cell(table, run, segments[d], next, several[d], stop[d] && !segments[d]);
			stop[d] &= segments[d] != NULL;
		}
		vmp_table_cell(table, VMP_INK_PLAIN, "");
	}
}

void vmp_text_hops(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run,
		   const bool *visible)
{
	static const char *const heads[] = {"hop", "kind", "to guest", "from guest", ""};
	struct vmp_table table;
	int before = -1;

	vmp_table_init(&table, style, sizeof(heads) / sizeof(*heads));
	for (size_t i = 0; i < table.columns; i++)
		vmp_table_cell(&table, VMP_INK_DIM, heads[i]);
	for (size_t i = 0; i < run->path.hops.n; i++) {
		if (!visible[i])
			continue;
		if (before >= 0)
			add_gap(&table, run, visible, before, (int)i);
		add_hop(&table, run, i);
		before = (int)i;
	}
	vmp_table_print(&table, 2, out);
}
