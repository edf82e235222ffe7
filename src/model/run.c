/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct vmp_nic *vmp_run_nic(const struct vmp_run *run)
{
	static const struct vmp_nic none;

	return run->nic < run->guest.nics.n ? &run->guest.nics.v[run->nic] : &none;
}

const char *vmp_run_hop_name(const struct vmp_run *run, int hop)
{
	return hop >= 0 && (size_t)hop < run->path.hops.n ? run->path.hops.v[hop].name : "?";
}

void vmp_run_note(struct vmp_run *run, const char *fmt, ...)
{
	va_list ap;
	char *text, **slot;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	slot = text ? vmp_vec_add(&run->notes) : NULL;
	if (slot)
		*slot = text;
	else
		free(text);
}

/* The last gaps of the points take the last places, one for each point. */
static bool is_blind_for_good(const struct vmp_run *run, size_t point, size_t most)
{
	for (size_t i = most - run->points.n; i < run->blinds.n; i++)
		if (run->blinds.v[i].point == point)
			return true;
	return false;
}

int vmp_run_add_blind(struct vmp_run *run, const struct vmp_blind *what, size_t most, struct vmp_blind *ret_blind)
{
	bool last = run->blinds.n + run->points.n >= most;
	struct vmp_blind *slot;

	if (last && is_blind_for_good(run, what->point, most))
		return 0;
	*ret_blind = *what;
	/* A clock that was set back between two looks turns them round. */
	if (what->from_ns > what->to_ns) {
		ret_blind->from_ns = what->to_ns;
		ret_blind->to_ns = what->from_ns;
	}
	if (last) {
		ret_blind->counted = false;
		ret_blind->from_ns = 0;
		ret_blind->to_ns = UINT64_MAX;
		run->capture_whole = false;
		vmp_run_note(run, "%s missed something too often to remember each time: from then on nothing is certain there",
			     run->points.v[what->point].name);
	}
	slot = vmp_vec_add(&run->blinds);
	if (!slot)
		return -ENOMEM;
	*slot = *ret_blind;
	return 1;
}

const char *vmp_translation_source_name(enum vmp_translation_source source)
{
	return source == VMP_TRANSLATION_CONNTRACK ? "conntrack" : "packets";
}

void vmp_run_clear(struct vmp_run *run)
{
	free(run->uri);
	free(run->filter);
	free(run->host_name);
	vmp_guest_clear(&run->guest);
	vmp_path_clear(&run->path);
	vmp_points_clear(&run->points);
	vmp_vec_free(&run->seen);
	vmp_segments_clear(&run->segments);
	vmp_vec_free(&run->exchanges);
	vmp_gauges_clear(&run->gauges);
	vmp_drops_clear(&run->drops);
	vmp_filter_rules_clear(&run->filters);
	vmp_inside_clear(&run->inside);
	vmp_vec_foreach (note, &run->notes)
		free(*note);
	vmp_vec_free(&run->notes);
	vmp_vec_free(&run->blinds);
	vmp_vec_free(&run->translations);
	vmp_vec_free(&run->signs);
	vmp_vec_free(&run->clocks);
	vmp_findings_clear(&run->findings);
	vmp_verdict_clear(&run->verdict);
	memset(run, 0, sizeof(*run));
}
