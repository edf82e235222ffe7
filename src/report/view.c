/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/view.h"

#include <stdlib.h>

static void see(bool *visible, const struct vmp_path *path, int hop)
{
	if (hop >= 0 && (size_t)hop < path->hops.n)
		visible[hop] = true;
}

bool *vmp_view_hops(const struct vmp_path *path, const vmp_segments *segments, const vmp_findings *findings,
		    const struct vmp_verdict *verdict)
{
	bool *visible = calloc(path->hops.n + 1, sizeof(*visible));

	if (!visible)
		return NULL;
	for (size_t i = 0; i < path->hops.n; i++)
		visible[i] = path->hops.v[i].shown;
	for (size_t i = 0; segments && i < segments->n; i++) {
		const struct vmp_segment *segment = &segments->v[i];

		if (segment->offered == 0)
			continue;
		see(visible, path, segment->from);
		see(visible, path, segment->to);
		if (segment->elsewhere > 0)
			see(visible, path, segment->elsewhere_hop);
	}
	for (size_t i = 0; findings && i < findings->n; i++) {
		if (!findings->v[i].has_place)
			continue;
		see(visible, path, findings->v[i].from);
		see(visible, path, findings->v[i].to);
	}
	if (verdict && verdict->has_place) {
		see(visible, path, verdict->from);
		see(visible, path, verdict->to);
	}
	return visible;
}

bool vmp_view_segment(const struct vmp_segment *segment, const struct vmp_path *path, const bool *visible)
{
	return segment->from >= 0 && (size_t)segment->from < path->hops.n && visible[segment->from] && segment->to >= 0 &&
	       (size_t)segment->to < path->hops.n && visible[segment->to];
}

const struct vmp_point *vmp_view_point(const struct vmp_run *run, size_t hop)
{
	const struct vmp_hop_seen *seen = hop < run->seen.n ? &run->seen.v[hop] : NULL;

	return seen && seen->has_point && seen->point < run->points.n ? &run->points.v[seen->point] : NULL;
}

const struct vmp_hop_seen *vmp_view_seen(const struct vmp_run *run, size_t hop)
{
	const struct vmp_point *point = vmp_view_point(run, hop);

	if (!point || !point->opened || run->path.hops.v[hop].observed == VMP_OBSERVED_NO)
		return NULL;
	return &run->seen.v[hop];
}

const char *vmp_view_why(const struct vmp_run *run, size_t hop)
{
	const struct vmp_hop *place = &run->path.hops.v[hop];
	const struct vmp_point *point = vmp_view_point(run, hop);

	if (place->observed == VMP_OBSERVED_YES)
		return NULL;
	return place->why ? place->why : point ? point->why_not : NULL;
}

const char *vmp_view_hop_name(const struct vmp_path *path, int hop)
{
	return hop >= 0 && (size_t)hop < path->hops.n ? path->hops.v[hop].name : NULL;
}

uint64_t vmp_view_latency_ns(double us)
{
	/* Written so that what is no number falls out too; an hour is longer than any run. */
	if (!(us > 0))
		return 0;
	return us < 3.6e9 ? (uint64_t)(us * 1000 + 0.5) : 3600000000000ULL;
}
