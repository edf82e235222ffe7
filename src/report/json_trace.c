/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document vmpath.trace/1. */
#include "report/json.h"
#include "report/view.h"

#include <errno.h>
#include <stdlib.h>

/* Member names of unsure_why: stable, since scripts read them. */
static const char *const unsure_words[] = {
	[VMP_UNSURE_WINDOW] = "window",         [VMP_UNSURE_CAPTURE_LOSS] = "capture_loss",
	[VMP_UNSURE_VANISHED] = "vanished",     [VMP_UNSURE_SEGMENTED] = "segmented",
	[VMP_UNSURE_UNOBSERVED] = "unobserved", [VMP_UNSURE_IDENTITY] = "identity",
	[VMP_UNSURE_ACCOUNTING] = "accounting", [VMP_UNSURE_CLOCK] = "clock",
	[VMP_UNSURE_NEIGHBOUR] = "neighbour",
	[VMP_UNSURE_UNCOVERED] = "uncovered",   [VMP_UNSURE_FRAGMENTS] = "fragments",
};
_Static_assert(sizeof(unsure_words) / sizeof(*unsure_words) == VMP_UNSURE_REASONS, "every reason has its word");

static void add_packets(struct vmp_json *json, struct json_object *parent, const char *key,
			const struct vmp_count *count)
{
	struct json_object *object = vmp_json_object(json, parent, key);

	vmp_json_count(json, object, "packets", count->packets);
	vmp_json_count(json, object, "bytes", count->bytes);
}

static void add_capture(struct vmp_json *json, struct json_object *parent, const struct vmp_point *point)
{
	struct json_object *object = vmp_json_object(json, parent, "capture");

	vmp_json_count(json, object, "received", point->received);
	vmp_json_count(json, object, "dropped", point->dropped);
	vmp_json_text(json, object, "filter", point->filter);
	vmp_json_bool(json, object, "promisc", point->promisc);
	if (point->vanished)
		vmp_json_time(json, object, "vanished", point->vanished_ns);
}

static void add_hops(struct vmp_json *json, const struct vmp_run *run, const bool *visible)
{
	struct json_object *hops = vmp_json_array(json, json->top, "hops");

	for (size_t i = 0; i < run->path.hops.n; i++) {
		const struct vmp_hop_seen *seen = vmp_view_seen(run, i);
		struct json_object *object;

		if (!visible[i])
			continue;
		object = vmp_json_hop(json, hops, &run->path.hops.v[i], vmp_view_why(run, i));
		if (!seen)
			continue;
		add_packets(json, object, "to_guest", &seen->to_guest);
		add_packets(json, object, "from_guest", &seen->from_guest);
		if (seen->stray)
			vmp_json_count(json, object, "stray", seen->stray);
		if (seen->astray)
			vmp_json_count(json, object, "astray", seen->astray);
		if (seen->duplicates)
			vmp_json_count(json, object, "duplicates", seen->duplicates);
		add_capture(json, object, vmp_view_point(run, i));
	}
}

static void add_unsure(struct vmp_json *json, struct json_object *parent, const struct vmp_segment *segment)
{
	struct json_object *object;

	if (segment->unsure == 0)
		return;
	vmp_json_count(json, parent, "lost_min", segment->lost + segment->unsure_lost);
	vmp_json_count(json, parent, "lost_max", segment->lost + segment->unsure);
	object = vmp_json_object(json, parent, "unsure_why");
	for (size_t i = 0; i < VMP_UNSURE_REASONS; i++)
		if (segment->unsure_why[i])
			vmp_json_count(json, object, unsure_words[i], segment->unsure_why[i]);
}

/* What the lost packets have in common. */
static void add_lost(struct vmp_json *json, struct json_object *parent, const struct vmp_segment *segment,
		     const struct vmp_path *path)
{
	struct json_object *object;

	if (segment->lost == 0)
		return;
	if (segment->lost_bytes)
		vmp_json_count(json, parent, "lost_bytes", segment->lost_bytes);
	if (segment->partly_lost)
		vmp_json_count(json, parent, "partly_lost", segment->partly_lost);
	if (segment->group_lost)
		vmp_json_count(json, parent, "group_lost", segment->group_lost);
	if (segment->elsewhere) {
		object = vmp_json_object(json, parent, "elsewhere");
		vmp_json_text(json, object, "hop", vmp_view_hop_name(path, segment->elsewhere_hop));
		vmp_json_text(json, object, "guest", path->hops.v[segment->elsewhere_hop].owner);
		vmp_json_count(json, object, "packets", segment->elsewhere);
	}
	if (segment->wrong_tag) {
		object = vmp_json_object(json, parent, "wrong_tag");
		vmp_json_count(json, object, "vlan", segment->wrong_tag_id);
		vmp_json_count(json, object, "packets", segment->wrong_tag);
	}
	if (segment->shortest_lost)
		vmp_json_count(json, parent, "shortest_lost_bytes", segment->shortest_lost);
	if (segment->longest_delivered)
		vmp_json_count(json, parent, "longest_delivered_bytes", segment->longest_delivered);
	if (segment->has_first_lost)
		vmp_json_count(json, parent, "first_lost_id", segment->first_lost_id);
	vmp_json_time(json, parent, "first_lost", segment->first_lost_ns);
	vmp_json_time(json, parent, "last_lost", segment->last_lost_ns);
}

static void add_causes(struct vmp_json *json, struct json_object *parent, const struct vmp_segment *segment)
{
	struct json_object *causes = vmp_json_array(json, parent, "causes");

	vmp_vec_foreach (cause, &segment->causes) {
		struct json_object *object = vmp_json_object(json, causes, NULL);

		vmp_json_text(json, object, "reason", cause->reason[0] ? cause->reason : NULL);
		vmp_json_text(json, object, "symbol", cause->symbol[0] ? cause->symbol : NULL);
		vmp_json_text(json, object, "caller", cause->caller[0] ? cause->caller : NULL);
		vmp_json_text(json, object, "device", cause->device[0] ? cause->device : NULL);
		vmp_json_count(json, object, "packets", cause->packets);
		if (cause->packet_id)
			vmp_json_count(json, object, "packet_id", cause->packet_id);
	}
}

/* In microseconds. The histogram has a member for each power of two nanoseconds in which there is anything. */
static void add_latency(struct vmp_json *json, struct json_object *parent, const struct vmp_run *run, const struct vmp_latency *latency)
{
	struct json_object *object = vmp_json_object(json, parent, "latency_us"), *list, *one;

	vmp_json_decimal(json, object, "p50", vmp_view_latency_ns(latency->p50_us), 3);
	vmp_json_decimal(json, object, "p99", vmp_view_latency_ns(latency->p99_us), 3);
	vmp_json_decimal(json, object, "max", vmp_view_latency_ns(latency->max_us), 3);
	list = vmp_json_array(json, object, "histogram");
	for (unsigned int i = 0; i < VMP_LATENCY_OCTAVES; i++) {
		if (!latency->octave[i])
			continue;
		one = vmp_json_object(json, list, NULL);
		vmp_json_decimal(json, one, "from", i ? 1ULL << i : 0, 3);
		vmp_json_decimal(json, one, "below", 2ULL << i, 3);
		vmp_json_count(json, one, "packets", latency->octave[i]);
	}
	if (run->has_slow)
		vmp_json_count(json, object, "took_long", latency->took_long);
	list = vmp_json_array(json, object, "slowest");
	for (size_t i = 0; i < latency->n_slow; i++) {
		one = vmp_json_object(json, list, NULL);
		vmp_json_count(json, one, "id", latency->slow[i].packet_id);
		vmp_json_time(json, one, "time", latency->slow[i].seen_ns);
		vmp_json_decimal(json, one, "latency", latency->slow[i].latency_ns, 3);
	}
}

static void add_segments(struct vmp_json *json, const struct vmp_run *run, const bool *visible)
{
	struct json_object *segments = vmp_json_array(json, json->top, "segments");

	vmp_vec_foreach (segment, &run->segments) {
		struct json_object *object;

		if (!vmp_view_segment(segment, &run->path, visible))
			continue;
		object = vmp_json_object(json, segments, NULL);
		vmp_json_place(json, object, &run->path, segment->direction, segment->from, segment->to);
		vmp_json_count(json, object, "offered", segment->offered);
		vmp_json_count(json, object, "delivered", segment->delivered);
		vmp_json_count(json, object, "lost", segment->lost);
		vmp_json_count(json, object, "unsure", segment->unsure);
		add_unsure(json, object, segment);
		add_lost(json, object, segment, &run->path);
		if (segment->latency.known)
			add_latency(json, object, run, &segment->latency);
		add_causes(json, object, segment);
	}
}

static void add_exchanges(struct vmp_json *json, const struct vmp_run *run)
{
	struct json_object *exchanges = vmp_json_array(json, json->top, "exchanges");

	vmp_vec_foreach (exchange, &run->exchanges) {
		struct json_object *object = vmp_json_object(json, exchanges, NULL);

		vmp_json_text(json, object, "kind", vmp_exchange_kind_name(exchange->kind));
		vmp_json_text(json, object, "direction", vmp_direction_name(exchange->direction));
		vmp_json_count(json, object, "asked", exchange->asked);
		vmp_json_count(json, object, "reached", exchange->reached);
		vmp_json_count(json, object, "answered", exchange->answered);
		vmp_json_count(json, object, "refused", exchange->refused);
		vmp_json_count(json, object, "asked_again", exchange->asked_again);
		vmp_json_count(json, object, "answers_refused", exchange->answers_refused);
		vmp_json_count(json, object, "answers_lost_inside", exchange->answers_lost_inside);
		vmp_json_count(json, object, "pending", exchange->pending);
		vmp_json_ip(json, object, "asker", &exchange->asker);
		vmp_json_ip(json, object, "asked_of", &exchange->asked_of);
		vmp_json_time(json, object, "first", exchange->first_ns);
		vmp_json_time(json, object, "last", exchange->last_ns);
	}
}

/* What the kernel told of drops of this guest's packets, or why it did not. */
static void add_drops(struct vmp_json *json, const struct vmp_run *run)
{
	const struct vmp_drops *drops = &run->drops;
	struct json_object *object, *kinds;

	if (!drops->known && !drops->why_not)
		return;
	object = vmp_json_object(json, json->top, "drops");
	vmp_json_bool(json, object, "known", drops->known);
	vmp_json_text(json, object, "source", drops->source[0] ? drops->source : NULL);
	vmp_json_text(json, object, "why", drops->why_not);
	if (!drops->known)
		return;
	vmp_json_count(json, object, "missed", drops->missed);
	kinds = vmp_json_array(json, object, "kinds");
	vmp_vec_foreach (kind, &drops->kinds) {
		struct json_object *one;

		if (kind->packets == 0)
			continue;
		one = vmp_json_object(json, kinds, NULL);
		vmp_json_text(json, one, "reason", kind->reason[0] ? kind->reason : NULL);
		vmp_json_text(json, one, "symbol", kind->symbol[0] ? kind->symbol : NULL);
		vmp_json_text(json, one, "caller", kind->caller[0] ? kind->caller : NULL);
		vmp_json_text(json, one, "device", kind->device[0] ? kind->device : NULL);
		vmp_json_text(json, one, "place", vmp_drop_place_name(kind->place));
		vmp_json_bool(json, one, "copies", kind->copies);
		vmp_json_count(json, one, "packets", kind->packets);
	}
}

/* Of the counters those that say something: what moved, and what has a limit. */
static void add_gauges(struct vmp_json *json, const struct vmp_run *run)
{
	struct json_object *list = NULL;

	vmp_vec_foreach (counter, &run->gauges.counters) {
		struct json_object *object;

		if (vmp_counter_grew(counter) == 0 && !counter->has_limit)
			continue;
		if (!list)
			list = vmp_json_array(json, json->top, "gauges");
		object = vmp_json_object(json, list, NULL);
		vmp_json_text(json, object, "source", counter->source);
		vmp_json_text(json, object, "object", counter->object[0] ? counter->object : NULL);
		vmp_json_text(json, object, "name", counter->name);
		if (counter->before_known)
			vmp_json_count(json, object, "before", counter->before);
		if (counter->after_known)
			vmp_json_count(json, object, "after", counter->after);
		if (counter->has_limit)
			vmp_json_count(json, object, "limit", counter->limit);
		vmp_json_text(json, object, "text", counter->text);
	}
}

/* The backend's own accounting of what the guest took. */
static void add_backend(struct vmp_json *json, const struct vmp_run *run)
{
	const struct vmp_backend_gauge *backend = &run->gauges.backend;
	struct json_object *object;

	if (!backend->known && !backend->why_not)
		return;
	object = vmp_json_object(json, json->top, "backend");
	vmp_json_text(json, object, "hop", vmp_view_hop_name(&run->path, run->path.backend));
	if (!backend->known) {
		vmp_json_text(json, object, "why", backend->why_not);
		return;
	}
	vmp_json_count(json, object, "given", backend->given);
	if (backend->counts_taken) {
		vmp_json_count(json, object, "taken", backend->taken);
		vmp_json_count(json, object, "waiting", backend->waiting);
	}
	vmp_json_count(json, object, "dropped", backend->dropped);
	vmp_json_count(json, object, "slack", backend->slack);
	if (backend->queue_len)
		vmp_json_count(json, object, "queue_len", backend->queue_len);
	if (backend->counts_taken && backend->waiting && backend->waited_ns)
		vmp_json_decimal(json, object, "waited_s", backend->waited_ns, 9);
}

/* How connections of the guest look outside; those of one moment are many, so the last of them. */
static void add_translations(struct vmp_json *json, const struct vmp_run *run)
{
	enum { SHOWN_MAX = 256 };
	size_t first = run->translations.n > SHOWN_MAX ? run->translations.n - SHOWN_MAX : 0;
	struct json_object *list;

	if (run->translations.n == 0)
		return;
	list = vmp_json_array(json, json->top, "translations");
	for (size_t i = first; i < run->translations.n; i++) {
		const struct vmp_translation *each = &run->translations.v[i];
		struct json_object *object = vmp_json_object(json, list, NULL);

		vmp_json_text(json, object, "hop", vmp_view_hop_name(&run->path, each->hop));
		vmp_json_count(json, object, "protocol", each->proto);
		vmp_json_ip(json, object, "guest", &each->guest);
		vmp_json_count(json, object, "guest_port", each->guest_port);
		vmp_json_ip(json, object, "outside", &each->outside);
		vmp_json_count(json, object, "outside_port", each->outside_port);
		vmp_json_ip(json, object, "peer", &each->peer);
		vmp_json_count(json, object, "peer_port", each->peer_port);
		if (!vmp_ip_equal(&each->far, &each->peer) || each->far_port != each->peer_port) {
			vmp_json_ip(json, object, "peer_outside", &each->far);
			vmp_json_count(json, object, "peer_outside_port", each->far_port);
		}
		vmp_json_text(json, object, "source", vmp_translation_source_name(each->source));
	}
}

static void add_verdict(struct vmp_json *json, const struct vmp_run *run)
{
	const struct vmp_verdict *verdict = &run->verdict;
	struct json_object *object = vmp_json_object(json, json->top, "verdict");

	vmp_json_text(json, object, "state", vmp_state_name(verdict->state));
	if (verdict->has_place)
		vmp_json_place(json, object, &run->path, verdict->direction, verdict->from, verdict->to);
	vmp_json_text(json, object, "code", verdict->code);
	vmp_json_text(json, object, "confidence", vmp_confidence_name(verdict->confidence));
	vmp_json_text(json, object, "summary", verdict->summary);
}

/* What the run was asked to do, and how it went. */
static void add_head(struct vmp_json *json, const struct vmp_run *run)
{
	struct json_object *top = json->top;

	vmp_json_time(json, top, "started", run->started_ns);
	vmp_json_decimal(json, top, "duration_s", run->lasted_ns, 9);
	vmp_json_decimal(json, top, "settle_s", run->settle_ns, 9);
	vmp_json_bool(json, top, "interrupted", run->interrupted);
	vmp_json_bool(json, top, "offline", run->offline);
	vmp_json_bool(json, top, "promisc", run->promisc);
	vmp_json_bool(json, top, "capture_whole", run->capture_whole);
	vmp_json_text(json, top, "uri", run->uri);
	vmp_json_guest(json, top, "guest", &run->guest);
	vmp_json_nic(json, top, "interface", vmp_run_nic(run));
	if (run->has_address)
		vmp_json_ip(json, top, "address", &run->address);
	vmp_json_text(json, top, "filter", run->filter);
	if (run->has_slow)
		vmp_json_decimal(json, top, "slow_ms", run->slow_ns, 6);
}

/* Captures with clocks of their own: how far each is ahead of the first. */
static void add_clocks(struct vmp_json *json, const struct vmp_run *run)
{
	struct json_object *clocks;

	if (run->clocks.n == 0)
		return;
	clocks = vmp_json_array(json, json->top, "clocks");
	vmp_vec_foreach (clock, &run->clocks) {
		struct json_object *object = vmp_json_object(json, clocks, NULL);

		vmp_json_text(json, object, "hop", vmp_view_hop_name(&run->path, clock->hop));
		vmp_json_real(json, object, "offset_s", clock->offset_s);
		vmp_json_real(json, object, "drift_ppm", clock->drift_ppm);
		if (clock->has_uncertainty)
			vmp_json_real(json, object, "uncertainty_us", clock->uncertainty_us);
	}
}

int vmp_json_trace(const struct vmp_run *run, const struct vmp_report_style *style, struct vmp_buf *out)
{
	bool *visible = vmp_view_hops(&run->path, &run->segments, &run->findings, &run->verdict);
	struct json_object *notes;
	struct vmp_json json;

	(void)style;
	if (!visible)
		return -ENOMEM;
	vmp_json_begin(&json, "vmpath.trace/1", run->host_name);
	add_head(&json, run);
	add_hops(&json, run, visible);
	add_segments(&json, run, visible);
	add_exchanges(&json, run);
	add_backend(&json, run);
	add_gauges(&json, run);
	add_drops(&json, run);
	vmp_json_inside(&json, &run->inside);
	add_translations(&json, run);
	add_clocks(&json, run);
	vmp_json_findings(&json, json.top, &run->findings, &run->path);
	add_verdict(&json, run);
	notes = vmp_json_array(&json, json.top, "notes");
	vmp_vec_foreach (note, &run->notes)
		vmp_json_text(&json, notes, NULL, *note);
	free(visible);
	return vmp_json_finish(&json, out);
}
