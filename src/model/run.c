/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/run.h"

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
	vmp_vec_foreach (note, &run->notes)
		free(*note);
	vmp_vec_free(&run->notes);
	vmp_vec_free(&run->blinds);
	vmp_vec_free(&run->translations);
	vmp_vec_free(&run->clocks);
	vmp_findings_clear(&run->findings);
	vmp_verdict_clear(&run->verdict);
	memset(run, 0, sizeof(*run));
}
