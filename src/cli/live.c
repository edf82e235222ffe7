/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/live.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY_NS (250 * VMP_NS_PER_MS)

struct vmp_live {
	uint64_t end_mono_ns, drawn_ns;
	unsigned int lines;     /* drawn last time */
};

struct vmp_live *vmp_live_begin(const struct vmp_options *options, uint64_t end_mono_ns)
{
	const char *term = getenv("TERM");
	struct vmp_live *live;

	if (options->quiet || !isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0)
		return NULL;
	live = calloc(1, sizeof(*live));
	if (live)
		live->end_mono_ns = end_mono_ns;
	return live;
}

/* Back to the first line drawn, everything below it wiped. */
static void wipe(const struct vmp_live *live, struct vmp_buf *out)
{
	if (live->lines)
		vmp_buf_printf(out, "\x1b[%uA\r\x1b[J", live->lines);
}

static void draw_hop(const struct vmp_run *run, size_t index, const struct vmp_hop_seen *seen, struct vmp_buf *out)
{
	const struct vmp_hop *hop = &run->path.hops.v[index];

	vmp_buf_printf(out, "  ");
	vmp_buf_escape(out, hop->name);
	vmp_buf_printf(out, "%*s %10llu %10llu\n", (int)(strlen(hop->name) < 16 ? 16 - strlen(hop->name) : 0), "",
		       (unsigned long long)seen->to_guest.packets, (unsigned long long)seen->from_guest.packets);
}

void vmp_live_update(struct vmp_live *live, const struct vmp_run *run, const struct vmp_hop_seen *seen, uint64_t now_mono_ns)
{
	struct vmp_buf out = {0};
	unsigned int lines = 1;

	if (!live || now_mono_ns < live->drawn_ns + EVERY_NS)
		return;
	live->drawn_ns = now_mono_ns;
	wipe(live, &out);
	vmp_buf_printf(&out, "  %-16s %10s %10s   %.0f s left\n", "hop", "to guest", "from guest",
		       now_mono_ns < live->end_mono_ns ? (double)(live->end_mono_ns - now_mono_ns) / 1e9 : 0.0);
	for (size_t i = 0; i < run->path.hops.n; i++) {
		const struct vmp_hop *hop = &run->path.hops.v[i];

		if (!seen[i].has_point || (!hop->shown && seen[i].to_guest.packets + seen[i].from_guest.packets == 0))
			continue;
		draw_hop(run, i, &seen[i], &out);
		lines++;
	}
	live->lines = lines;
	if (out.s)
		fputs(out.s, stderr);
	fflush(stderr);
	vmp_buf_clear(&out);
}

void vmp_live_end(struct vmp_live *live)
{
	struct vmp_buf out = {0};

	if (!live)
		return;
	wipe(live, &out);
	if (out.s)
		fputs(out.s, stderr);
	vmp_buf_clear(&out);
	free(live);
}
