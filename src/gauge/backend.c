/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel, drivers/net/tun.c: a frame that packet sockets have seen leaving the tap is put into a ring. The tap counts
 * it in tx_packets when QEMU or vhost takes it from there (tun_do_read), in tx_dropped when the ring is full
 * (tun_net_xmit), and nowhere while it waits. Xen's netback counts alike (rx.c, interface.c). A macvtap counts a frame
 * in rx_packets before its ring (macvlan.c) and only its drops tell (tap.c), so nothing is known of what waits there.
 */
#include "gauge/gauge.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What was given this short a time ago may be on its way: a guest that is not even scheduled takes as long. */
#define IN_TRANSIT_NS 100000000ULL

static const struct backend_kind {
	enum vmp_hop_kind kind;
	bool counts_taken;
} backend_kinds[] = {
	{VMP_HOP_TAP, true},
	{VMP_HOP_VIF, true},
	{VMP_HOP_MACVTAP, false},
};

static const struct backend_kind *backend_kind_find(enum vmp_hop_kind kind)
{
	for (size_t i = 0; i < sizeof(backend_kinds) / sizeof(*backend_kinds); i++)
		if (backend_kinds[i].kind == kind)
			return &backend_kinds[i];
	return NULL;
}

/* Frames that have left the ring, one way or the other. */
static uint64_t frames_left(const struct vmp_link_stats *stats)
{
	return stats->tx_packets + stats->tx_dropped;
}

/*
 * By how much what left the ring leads what was given since the start; negative: frames wait. Taken and dropped of a
 * moment that is surely not later than the one of `given`, so the lead is not less than this.
 */
static int64_t lead_least(const struct vmp_backend_watch *watch, const struct vmp_backend_reading *reading)
{
	return (int64_t)(frames_left(&reading->before) - frames_left(&watch->first.after)) -
	       (int64_t)(reading->given - watch->first.given);
}

/* The same of a moment that is surely not earlier: the lead is not more than this. */
static int64_t lead_most(const struct vmp_backend_watch *watch, const struct vmp_backend_reading *reading)
{
	return (int64_t)(frames_left(&reading->after) - frames_left(&watch->first.before)) -
	       (int64_t)(reading->given - watch->first.given);
}

/* Frames that surely wait: the lead has fallen so far since it was highest. */
static uint64_t frames_waiting(const struct vmp_backend_watch *watch, const struct vmp_backend_reading *reading)
{
	int64_t most = lead_most(watch, reading);

	return watch->peak > most ? (uint64_t)(watch->peak - most) : 0;
}

/* Frames that left the ring while the two readings to compare were being made. */
static uint64_t reading_slack(const struct vmp_backend_watch *watch, const struct vmp_backend_reading *reading)
{
	return frames_left(&reading->after) - frames_left(&reading->before) +
	       (frames_left(&watch->first.after) - frames_left(&watch->first.before));
}

static bool stats_went_back(const struct vmp_link_stats *before, const struct vmp_link_stats *after)
{
	return after->tx_packets < before->tx_packets || after->tx_dropped < before->tx_dropped ||
	       after->rx_dropped < before->rx_dropped;
}

static void watch_remember(struct vmp_backend_watch *watch, const struct vmp_backend_reading *reading, uint64_t waiting)
{
	unsigned int slot = watch->n_pasts % VMP_BACKEND_PASTS;
	unsigned int newest = (watch->n_pasts + VMP_BACKEND_PASTS - 1) % VMP_BACKEND_PASTS;

	if (watch->n_pasts > 0 && reading->at_ns - watch->pasts[newest].at_ns < VMP_BACKEND_PAST_STEP_NS)
		return;
	watch->pasts[slot].at_ns = reading->at_ns;
	watch->pasts[slot].waiting = waiting;
	watch->pasts[slot].taken = reading->before.tx_packets;
	watch->n_pasts++;
}

void vmp_backend_begin(struct vmp_backend_watch *watch, const struct vmp_hop *hop, uint32_t queue_len,
		       const struct vmp_backend_reading *first)
{
	memset(watch, 0, sizeof(*watch));
	watch->kind = hop->kind;
	snprintf(watch->name, sizeof(watch->name), "%s", hop->name ? hop->name : "?");
	watch->queue_len = queue_len;
	watch->first = watch->last = *first;
	if (!backend_kind_find(hop->kind))
		watch->broken = "no counter of this kind of device tells what the guest takes";
	else if (stats_went_back(&first->before, &first->after))
		watch->broken = "its counters went backwards";
	else
		watch_remember(watch, first, 0);
}

void vmp_backend_sample(struct vmp_backend_watch *watch, const struct vmp_backend_reading *reading)
{
	uint64_t waiting;
	int64_t lead;
	bool took;

	if (watch->broken)
		return;
	if (stats_went_back(&watch->last.after, &reading->before) || stats_went_back(&reading->before, &reading->after) ||
	    reading->given < watch->last.given || reading->at_ns < watch->last.at_ns) {
		watch->broken = "its counters went backwards: the device was made anew during the run";
		return;
	}
	lead = lead_least(watch, reading);
	if (lead > watch->peak)
		watch->peak = lead;
	waiting = frames_waiting(watch, reading);
	took = reading->after.tx_packets > watch->last.after.tx_packets;
	if (waiting <= reading_slack(watch, reading)) {
		watch->stuck = false;
	} else if (!watch->stuck || took) {
		watch->stuck = true;
		watch->stuck_since_ns = reading->at_ns;
	}
	watch_remember(watch, reading, waiting);
	watch->last = *reading;
}

void vmp_backend_close_window(struct vmp_backend_watch *watch)
{
	watch->end = watch->last;
	watch->closed = true;
}

void vmp_backend_lose(struct vmp_backend_watch *watch, const char *why)
{
	if (!watch->broken)
		watch->broken = why;
}

/*
 * Of the frames that wait now, those that waited IN_TRANSIT_NS ago already: the ring is first in, first out, so what
 * was taken since then was taken from them.
 */
static uint64_t frames_waiting_long(const struct vmp_backend_watch *watch)
{
	unsigned int n = watch->n_pasts < VMP_BACKEND_PASTS ? watch->n_pasts : VMP_BACKEND_PASTS;
	uint64_t most = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t taken = watch->last.after.tx_packets - watch->pasts[i].taken;

		if (watch->last.at_ns - watch->pasts[i].at_ns < IN_TRANSIT_NS)
			continue;
		if (watch->pasts[i].waiting > taken && watch->pasts[i].waiting - taken > most)
			most = watch->pasts[i].waiting - taken;
	}
	return most;
}

static const struct vmp_backend_reading *window_end(const struct vmp_backend_watch *watch)
{
	return watch->closed ? &watch->end : &watch->last;
}

/* The most frames that came into the ring after the window: they wait behind those of the window. */
static uint64_t frames_behind(const struct vmp_backend_watch *watch)
{
	uint64_t given = watch->last.given - window_end(watch)->given;
	uint64_t dropped = 0;

	if (watch->last.before.tx_dropped > window_end(watch)->after.tx_dropped)
		dropped = watch->last.before.tx_dropped - window_end(watch)->after.tx_dropped;
	return given > dropped ? given - dropped : 0;
}

/* The most that was taken of the window's frames: of those taken after it, no more than were given in it and not dropped. */
static uint64_t taken_most(const struct vmp_backend_watch *watch, uint64_t given)
{
	const struct vmp_backend_reading *end = window_end(watch);
	uint64_t taken = watch->last.after.tx_packets - watch->first.before.tx_packets;
	uint64_t dropped = 0;

	if (watch->last.given == end->given)
		return taken;
	if (end->before.tx_dropped > watch->first.after.tx_dropped)
		dropped = end->before.tx_dropped - watch->first.after.tx_dropped;
	given = given > dropped ? given - dropped : 0;
	return taken < given ? taken : given;
}

static void gauge_fill_taken(const struct vmp_backend_watch *watch, struct vmp_backend_gauge *gauge)
{
	const struct vmp_backend_reading *last = &watch->last;
	uint64_t old, behind = frames_behind(watch);

	gauge->counts_taken = true;
	gauge->taken = taken_most(watch, gauge->given);
	gauge->dropped = window_end(watch)->after.tx_dropped - watch->first.before.tx_dropped;
	gauge->waiting = frames_waiting(watch, last);
	gauge->waiting = gauge->waiting > behind ? gauge->waiting - behind : 0;
	gauge->slack = reading_slack(watch, last);
	old = frames_waiting_long(watch);
	if (gauge->waiting > old && gauge->waiting - old > gauge->slack)
		gauge->slack = gauge->waiting - old;
	gauge->waited_ns = watch->stuck ? last->at_ns - watch->stuck_since_ns : 0;
}

int vmp_backend_finish(const struct vmp_backend_watch *watch, struct vmp_backend_gauge *ret_gauge)
{
	const struct backend_kind *kind = backend_kind_find(watch->kind);
	struct vmp_backend_gauge gauge = {.known = !watch->broken, .queue_len = watch->queue_len};

	if (watch->broken) {
		gauge.why_not = vmp_str_printf("what the guest took from %s is not known: %s", watch->name, watch->broken);
		if (!gauge.why_not)
			return -ENOMEM;
	}
	if (kind) {
		gauge.given = window_end(watch)->given - watch->first.given;
		if (kind->counts_taken)
			gauge_fill_taken(watch, &gauge);
		else
			gauge.dropped = window_end(watch)->after.rx_dropped - watch->first.before.rx_dropped;
	}
	*ret_gauge = gauge;
	return 0;
}
