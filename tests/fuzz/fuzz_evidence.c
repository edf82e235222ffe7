/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An evidence folder of somebody else: run.json, and rows of frames.idx. What is accepted must be written as it was read, and a
 * judgement of it, without a frame, must come to an end and be reported.
 */
#include "fuzz.h"

#include "evidence/index.h"
#include "evidence/run_file.h"
#include "finding/finding.h"
#include "match/last_hop.h"
#include "match/match.h"
#include "report/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static void rows(const uint8_t *data, size_t size)
{
	for (size_t at = 0; at + VMP_INDEX_ROW_BYTES <= size; at += VMP_INDEX_ROW_BYTES) {
		uint8_t again[VMP_INDEX_ROW_BYTES];
		struct vmp_index_row row;

		if (!vmp_index_get(data + at, 3, &row))
			continue;
		promise(row.point < 3 && row.devdir <= VMP_DEV_OUT);
		vmp_index_put(&row, again);
		promise(memcmp(again, data + at, sizeof(again)) == 0);
	}
}

static void is_written_as_read(const struct vmp_run *run)
{
	struct vmp_buf once = {0}, twice = {0};
	struct vmp_run again = {0};
	struct vmp_err err = {0};

	promise(vmp_run_file_write(run, &once) == 0);
	promise(vmp_run_file_read(once.s, once.len, &again, &err) == 0);
	promise(vmp_run_file_write(&again, &twice) == 0);
	promise(once.len == twice.len && memcmp(once.s, twice.s, once.len) == 0);
	vmp_run_clear(&again);
	vmp_buf_clear(&once);
	vmp_buf_clear(&twice);
}

static void is_judged(struct vmp_run *run)
{
	static const char *const formats[] = {"text", "json"};
	struct vmp_match_conf conf = {.start_ns = run->started_ns, .settle_ns = run->settle_ns, .has_address = run->has_address,
				      .address = run->address, .max_pending = 64, .no_fates = true};
	struct vmp_report_style style = {.verbose = true, .utf8 = true};
	struct vmp_match *match = NULL;
	struct vmp_err err = {0};
	int *hops = calloc(run->points.n + 1, sizeof(*hops));

	promise(hops);
	for (size_t i = 0; i < run->points.n; i++)
		hops[i] = run->points.v[i].hop;
	promise(vmp_match_new(&run->path, vmp_run_nic(run), hops, run->points.n, &conf, &match, &err) == 0);
	free(hops);
	vmp_match_know(match, run->translations.v, run->translations.n);
	vmp_match_close_window(match, run->ended_ns);
	vmp_vec_foreach (blind, &run->blinds) {
		if (blind->counted)
			vmp_match_drops(match, blind->point, blind->devdir, blind->frames, blind->from_ns, blind->to_ns);
		else
			vmp_match_gap(match, blind->point, blind->from_ns, blind->to_ns, blind->why);
	}
	vmp_match_settle_all(match, run->complete_ns);
	promise(vmp_match_report(match, run) == 0 && vmp_match_last_hop(run) == 0 && vmp_finding_judge(run) == 0);
	vmp_match_free(match);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct vmp_buf text = {0};

		promise(vmp_format_find(formats[i])->trace(run, &style, &text) == 0);
		vmp_buf_clear(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmp_run run = {0};
	struct vmp_err err = {0};
	char *copy = malloc(size + 1);
	int code;

	promise(copy);
	rows(data, size);
	memcpy(copy, data, size);
	copy[size] = '\0';
	code = vmp_run_file_read(copy, size, &run, &err);
	free(copy);
	promise(code == 0 || ((code == -EINVAL || code == -EPROTONOSUPPORT) && err.code == -code && *err.message));
	if (code == 0) {
		is_written_as_read(&run);
		is_judged(&run);
	}
	vmp_run_clear(&run);
	return 0;
}
