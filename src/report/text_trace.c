/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vmpath trace` prints, for a tired operator: the verdict, the hops, then why it says so. */
#include "base/clock.h"
#include "report/text.h"
#include "report/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void add_verdict(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run)
{
	static const struct {
		const char *label;
		enum vmp_ink ink;
	} states[] = {
		[VMP_STATE_OK] = {"OK  ", VMP_INK_GREEN},
		[VMP_STATE_LOSS] = {"LOSS  ", VMP_INK_RED},
		[VMP_STATE_INCONCLUSIVE] = {"INCONCLUSIVE  ", VMP_INK_YELLOW},
	};
	const struct vmp_verdict *verdict = &run->verdict;
	struct vmp_buf card = {0};

	vmp_text_nic(&card, vmp_run_nic(run));
	vmp_text_printf(out, style, 0, states[verdict->state].ink, states[verdict->state].label, "%s (%s): %s (%s)",
			vmp_text_guest_name(&run->guest), card.s ? card.s : "?",
			verdict->summary ? verdict->summary : verdict->code, vmp_confidence_name(verdict->confidence));
	out->oom |= card.oom;
	vmp_buf_clear(&card);
}

/* What was looked at, where, when and for how long. */
static void add_frame(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run)
{
	uint64_t tenths = run->lasted_ns / (VMP_NS_PER_S / 10);
	struct vmp_buf text = {0};
	char when[VMP_RFC3339_STRLEN], ip[VMP_IP_STRLEN];

	vmp_buf_printf(&text, "%s %" PRIu64 ".%" PRIu64 " s", run->offline ? "judged offline:" : "watched", tenths / 10,
		       tenths % 10);
	if (run->interrupted)
		vmp_buf_printf(&text, " (ended early)");
	if (run->started_ns) {
		vmp_clock_rfc3339(run->started_ns, when);
		vmp_buf_printf(&text, " from %.10s %.8s UTC", when, when + 11);
	}
	if (run->host_name)
		vmp_buf_printf(&text, " on %s", run->host_name);
	if (run->has_address)
		vmp_buf_printf(&text, ", address %s", vmp_ip_format(&run->address, ip));
	if (run->filter)
		vmp_buf_printf(&text, ", filter: %s", run->filter);
	out->oom |= text.oom;
	vmp_text_paragraph(out, style, 2, VMP_INK_DIM, "", text.s);
	vmp_buf_clear(&text);
}

/* The packets that took as long as the operator asked for, slowest first. */
static void add_slow(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run,
		     const struct vmp_latency *latency, const char *where)
{
	size_t most = style->verbose ? VMP_SLOW_MOST : 3;
	struct vmp_buf text = {0};
	size_t i;

	vmp_buf_printf(&text, "%" PRIu64 "%s: took %g ms or more:", latency->took_long, where, (double)run->slow_ns / 1e6);
	for (i = 0; i < latency->n_slow && i < most; i++)
		vmp_buf_printf(&text, "%s packet %" PRIu64 " (%.3f ms)", i ? "," : "", latency->slow[i].packet_id,
			       (double)latency->slow[i].latency_ns / 1e6);
	if (latency->took_long > i)
		vmp_buf_printf(&text, ", %" PRIu64 " more", latency->took_long - i);
	out->oom |= text.oom;
	vmp_text_paragraph(out, style, 2, VMP_INK_YELLOW, "slow    ", text.s ? text.s : "");
	vmp_buf_clear(&text);
}

/* Why packets of a segment are unsure, and what the kernel said of the lost ones. */
static void add_segment(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run,
			const struct vmp_segment *segment)
{
	const char *owner = segment->elsewhere > 0 ? run->path.hops.v[segment->elsewhere_hop].owner : NULL;
	struct vmp_buf where = {0};

	vmp_text_place(&where, style, &run->path, segment->direction, segment->from, segment->to);
	out->oom |= where.oom;
	for (size_t i = 0; segment->unsure > 0 && i < VMP_UNSURE_REASONS; i++)
		if (segment->unsure_why[i] > 0)
			vmp_text_printf(out, style, 2, VMP_INK_YELLOW, "unsure  ", "%" PRIu64 "%s: %s",
					segment->unsure_why[i], where.s ? where.s : "", vmp_unsure_name((enum vmp_unsure)i));
	if (segment->elsewhere > 0)
		vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "astray  ", "%" PRIu64 "%s: seen leaving %s instead%s%s",
				segment->elsewhere, where.s ? where.s : "", vmp_run_hop_name(run, segment->elsewhere_hop),
				owner ? ", which belongs to guest " : "", owner ? owner : "");
	if (run->has_slow && segment->latency.took_long > 0)
		add_slow(out, style, run, &segment->latency, where.s ? where.s : "");
	vmp_vec_foreach (cause, &segment->causes)
		vmp_text_printf(out, style, 2, VMP_INK_RED, "dropped ", "%" PRIu64 "%s: %s%s%s%s%s%s%s", cause->packets,
				where.s ? where.s : "", cause->reason, cause->symbol[0] ? " in " : "", cause->symbol,
				cause->caller[0] ? " < " : "", cause->caller, cause->device[0] ? " on " : "", cause->device);
	vmp_buf_clear(&where);
}

static void add_segments(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run,
			 const bool *visible)
{
	vmp_vec_foreach (segment, &run->segments)
		if (vmp_view_segment(segment, &run->path, visible))
			add_segment(out, style, run, segment);
}

/* What the guest's backend counted: "given" is not "taken". */
static void add_backend(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run)
{
	const struct vmp_backend_gauge *backend = &run->gauges.backend;
	const char *name = vmp_view_hop_name(&run->path, run->path.backend);

	if (!backend->known || !name)
		return;
	if (backend->counts_taken)
		vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "counted ",
				"%s, all frames: %" PRIu64 " given to it, %" PRIu64 " taken by QEMU or vhost, %" PRIu64
				" dropped at its full queue, %" PRIu64 " waiting in it",
				name, backend->given, backend->taken, backend->dropped, backend->waiting);
	else
		vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "counted ",
				"%s, all frames: %" PRIu64 " given to it, %" PRIu64 " dropped (what is taken is not counted)",
				name, backend->given, backend->dropped);
}

/* Traffic moves these wherever there is any. */
static bool is_traffic(const struct vmp_counter *counter)
{
	return strcmp(counter->source, "interrupts") == 0 || strcmp(counter->name, "packets") == 0;
}

/* With verbose a few of the host's counters that moved; all of them are in the JSON. */
static void add_gauges(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run)
{
	enum { MOST = 20 };
	size_t moved = 0;

	vmp_vec_foreach (counter, &run->gauges.counters) {
		uint64_t grew = counter->kind == VMP_COUNTER_MOVES ? vmp_counter_grew(counter) : 0;

		if (grew == 0 || !style->verbose || is_traffic(counter) || ++moved > MOST)
			continue;
		vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "moved   ", "%s %s%s%s by %" PRIu64 ", to %" PRIu64, counter->source,
				counter->object, counter->object[0] ? " " : "", counter->name, grew, counter->after);
	}
	if (moved > MOST)
		vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "moved   ", "%zu more counters; --json has them all", moved - MOST);
}

static void add_exchange(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_exchange *exchange)
{
	struct vmp_buf text = {0};
	char asker[VMP_IP_STRLEN], asked_of[VMP_IP_STRLEN];

	vmp_buf_printf(&text, "%s, asked %s: %" PRIu64 " asked, %" PRIu64 " answered",
		       vmp_exchange_kind_name(exchange->kind),
		       exchange->direction == VMP_TO_GUEST ? "of the guest" : "by the guest", exchange->asked,
		       exchange->answered);
	if (exchange->reached < exchange->asked)
		vmp_buf_printf(&text, ", %" PRIu64 " got to where they are answered", exchange->reached);
	if (exchange->refused)
		vmp_buf_printf(&text, " (%" PRIu64 " refused)", exchange->refused);
	if (exchange->asked_again)
		vmp_buf_printf(&text, ", %" PRIu64 " asked again after the answer", exchange->asked_again);
	if (exchange->answers_refused)
		vmp_buf_printf(&text, ", %" PRIu64 " asked again with the answer refused", exchange->answers_refused);
	if (exchange->answers_lost_inside)
		vmp_buf_printf(&text, ", %" PRIu64 " answers lost on this host", exchange->answers_lost_inside);
	if (exchange->pending)
		vmp_buf_printf(&text, ", %" PRIu64 " too late to judge", exchange->pending);
	if (exchange->asker.family && exchange->asked_of.family)
		vmp_buf_printf(&text, "; e.g. %s %s %s", vmp_ip_format(&exchange->asker, asker),
			       style->utf8 ? "\u2192" : "->", vmp_ip_format(&exchange->asked_of, asked_of));
	out->oom |= text.oom;
	vmp_text_paragraph(out, style, 2, VMP_INK_PLAIN, "", text.s);
	vmp_buf_clear(&text);
}

static void add_exchanges(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run)
{
	bool any = false;

	vmp_vec_foreach (exchange, &run->exchanges) {
		if (exchange->asked == 0 && exchange->pending == 0)
			continue;
		if (!any)
			vmp_text_heading(out, style, "Questions and answers");
		any = true;
		add_exchange(out, style, exchange);
	}
}

static void add_end(struct vmp_buf *text, const struct vmp_ip *ip, uint16_t port)
{
	char address[VMP_IP_STRLEN];

	vmp_buf_printf(text, ip->family == 6 && port ? "[%s]" : "%s", vmp_ip_format(ip, address));
	if (port)
		vmp_buf_printf(text, ":%u", port);
}

/* What the guest's connections are called outside; the last few show how. */
static void add_translations(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run)
{
	size_t most = style->verbose ? 32 : 3, n = run->translations.n, first = n > most ? n - most : 0;

	for (size_t i = first; i < n; i++) {
		const struct vmp_translation *each = &run->translations.v[i];
		struct vmp_buf line = {0};

		add_end(&line, &each->guest, each->guest_port);
		vmp_buf_printf(&line, " is ");
		add_end(&line, &each->outside, each->outside_port);
		vmp_buf_printf(&line, " at %s, with ", vmp_run_hop_name(run, each->hop));
		add_end(&line, &each->far, each->far_port);
		if (!vmp_ip_equal(&each->far, &each->peer) || each->far_port != each->peer_port) {
			vmp_buf_printf(&line, ", which it knows as ");
			add_end(&line, &each->peer, each->peer_port);
		}
		if (i == n - 1 && first)
			vmp_buf_printf(&line, "; %zu more", first);
		vmp_text_paragraph(out, style, 2, VMP_INK_PLAIN, "outside ", line.s ? line.s : "");
		out->oom |= line.oom;
		vmp_buf_clear(&line);
	}
}

/* What each capture lost. With verbose also what it did not. */
static void add_captures(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run)
{
	vmp_vec_foreach (point, &run->points) {
		if (!point->opened)
			vmp_text_printf(out, style, 2, VMP_INK_YELLOW, "capture ", "%s could not be opened%s%s", point->name,
					point->why_not ? ": " : "", point->why_not ? point->why_not : "");
		else if (point->dropped > 0)
			vmp_text_printf(out, style, 2, VMP_INK_YELLOW, "capture ",
					"%s lost %" PRIu64 " of %" PRIu64 " frames for want of buffer space", point->name,
					point->dropped, point->received);
		else if (style->verbose)
			vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "capture ", "%s lost none of %" PRIu64 " frames%s%s",
					point->name, point->received, point->filter ? ", filter: " : "",
					point->filter ? point->filter : "");
		if (point->vanished)
			vmp_text_printf(out, style, 2, VMP_INK_YELLOW, "capture ", "%s went away while it was observed",
					point->name);
	}
}

/* What could not be looked at, and why. */
static void add_notes(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run,
		      const bool *visible)
{
	struct vmp_buf notes = {0};

	for (size_t i = 0; i < run->path.hops.n; i++) {
		const struct vmp_hop *hop = &run->path.hops.v[i];
		const char *why = vmp_view_why(run, i);

		if (visible[i] && why && hop->ifindex > 0)
			vmp_text_printf(&notes, style, 2, VMP_INK_PLAIN, "- ", "%s was %s: %s", hop->name,
					hop->observed == VMP_OBSERVED_NO ? "not observed" : "seen only in part", why);
	}
	if (run->gauges.backend.why_not && !run->gauges.backend.known)
		vmp_text_paragraph(&notes, style, 2, VMP_INK_PLAIN, "- ", run->gauges.backend.why_not);
	if (run->drops.why_not)
		vmp_text_printf(&notes, style, 2, VMP_INK_PLAIN, "- ", "the kernel was not asked why it drops packets: %s", run->drops.why_not);
	if (run->drops.missed)
		vmp_text_printf(&notes, style, 2, VMP_INK_PLAIN, "- ", "%" PRIu64 " of the kernel's reports of drops were lost on the way",
				run->drops.missed);
	vmp_vec_foreach (note, &run->notes)
		vmp_text_paragraph(&notes, style, 2, VMP_INK_PLAIN, "- ", *note);
	if (notes.len > 0) {
		vmp_text_heading(out, style, "Notes");
		vmp_buf_add(out, notes.s, notes.len);
	}
	out->oom |= notes.oom;
	vmp_buf_clear(&notes);
}

int vmp_text_trace(const struct vmp_run *run, const struct vmp_report_style *style, struct vmp_buf *out)
{
	bool *visible;

	add_verdict(out, style, run);
	if (style->quiet)
		return out->oom ? -ENOMEM : 0;
	visible = vmp_view_hops(&run->path, &run->segments, &run->findings, &run->verdict);
	if (!visible)
		return -ENOMEM;
	add_frame(out, style, run);
	vmp_buf_add(out, "\n", 1);
	vmp_text_hops(out, style, run, visible);
	add_segments(out, style, run, visible);
	add_backend(out, style, run);
	add_gauges(out, style, run);
	vmp_text_inside(out, style, run);
	add_translations(out, style, run);
	add_captures(out, style, run);
	add_exchanges(out, style, run);
	if (run->findings.n > 0)
		vmp_text_heading(out, style, "Findings");
	vmp_text_findings(out, style, &run->findings, &run->path);
	if (run->findings.n > 0)
		vmp_text_explain_hint(out, style, run->findings.v[0].code);
	add_notes(out, style, run, visible);
	free(visible);
	return out->oom ? -ENOMEM : 0;
}
