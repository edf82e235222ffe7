/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the evidence folder. */
#include "evidence/evidence.h"

#include "base/str.h"
#include "evidence/index.h"
#include "evidence/pcapng.h"
#include "evidence/run_file.h"
#include "evidence/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TRACE_NAME        "trace.pcapng"
#define TRACE_MAX_DEFAULT (256ULL << 20)
#define TRACE_BUFFER      (1U << 20)
#define FILE_BUFFER       (64U << 10)

/* What is kept free below the cap for the statistics of one interface. */
#define STATISTICS_BYTES 512U

/* The least that is kept of a frame whose headers could not be read. */
#define ETHERNET_BYTES 14U

struct vmp_evidence {
	int dir_fd;                 /* borrowed */
	struct vmp_sink *trace, *index;
	struct vmp_pcapng block;    /* scratch, kept from frame to frame */
	uint64_t max_bytes;
	uint32_t payload_bytes;
	size_t n_points;
	bool full;
	uint64_t left_out, left_out_ns; /* how many, and the time of the first */
	struct vmp_buf run_text;    /* run.json */
	struct vmp_buf sums;        /* SHA256SUMS */
};

/* Append the finished blocks to trace.pcapng and empty them. */
static int write_blocks(struct vmp_evidence *evidence, struct vmp_err *err)
{
	int result;

	if (evidence->block.oom)
		return vmp_err_set(err, ENOMEM, "evidence", TRACE_NAME, "writing " TRACE_NAME ": out of memory");
	result = vmp_sink_write(evidence->trace, evidence->block.v, evidence->block.n, err);
	evidence->block.n = 0;
	return result;
}

static void add_section(struct vmp_evidence *evidence, const struct vmp_run *run)
{
	const struct vmp_nic *nic = vmp_run_nic(run);
	struct vmp_pcapng_section section = {.application = PACKAGE_NAME " " PACKAGE_VERSION};
	struct vmp_buf os = {0}, comment = {0};
	struct utsname host;
	char mac[VMP_MAC_STRLEN];

	if (uname(&host) == 0) {
		vmp_buf_printf(&os, "%s %s %s", host.sysname, host.release, host.version);
		section.hardware = host.machine;
		section.os = os.s;
	}
	vmp_buf_printf(&comment, "guest %s", run->guest.name ? run->guest.name : "?");
	if (nic->has_mac)
		vmp_buf_printf(&comment, ", interface %s", vmp_mac_format(&nic->mac, mac));
	if (nic->target)
		vmp_buf_printf(&comment, " on %s", nic->target);
	if (run->host_name)
		vmp_buf_printf(&comment, ", seen on host %s", run->host_name);
	section.comment = comment.s;
	vmp_pcapng_section(&evidence->block, &section);
	evidence->block.oom |= os.oom || comment.oom;
	vmp_buf_clear(&os);
	vmp_buf_clear(&comment);
}

/* "hop 3: guest web01 net0 (tap)" */
static void describe_hop(struct vmp_buf *text, const struct vmp_run *run, int hop)
{
	const struct vmp_nic *nic = vmp_run_nic(run);

	vmp_buf_printf(text, "hop %d: ", hop);
	if (hop == run->path.backend)
		vmp_buf_printf(text, "guest %s%s%s (", run->guest.name ? run->guest.name : "?", nic->alias ? " " : "",
			       nic->alias ? nic->alias : "");
	else if (run->path.hops.v[hop].owner)
		vmp_buf_printf(text, "guest %s (", run->path.hops.v[hop].owner);
	vmp_buf_printf(text, "%s%s", vmp_hop_kind_name(run->path.hops.v[hop].kind),
		       hop == run->path.backend || run->path.hops.v[hop].owner ? ")" : "");
}

static void add_interface(struct vmp_evidence *evidence, const struct vmp_run *run, const struct vmp_point *point)
{
	int hop = vmp_path_find(&run->path, point->ifindex);
	struct vmp_pcapng_interface interface = {
		.name = hop >= 0 ? run->path.hops.v[hop].name : point->name,
		.filter = point->filter,
		.mac = point->has_mac ? &point->mac : NULL,
	};
	struct vmp_buf description = {0};

	if (hop >= 0)
		describe_hop(&description, run, hop);
	interface.description = description.s;
	vmp_pcapng_interface(&evidence->block, &interface);
	evidence->block.oom |= description.oom;
	vmp_buf_clear(&description);
}

/* The guest's name for its known addresses. */
static void add_names(struct vmp_evidence *evidence, const struct vmp_run *run)
{
	const struct vmp_nic *nic = vmp_run_nic(run);
	struct vmp_ip *ips = calloc(nic->addresses.n + 1, sizeof(*ips));

	if (!ips) {
		evidence->block.oom = true;
		return;
	}
	for (size_t i = 0; i < nic->addresses.n; i++)
		ips[i] = nic->addresses.v[i].ip;
	if (run->guest.name)
		vmp_pcapng_names(&evidence->block, run->guest.name, ips, nic->addresses.n);
	free(ips);
}

static int begin_index(struct vmp_evidence *evidence, struct vmp_err *err)
{
	uint8_t head[VMP_INDEX_HEAD_BYTES];
	int result = vmp_sink_open(evidence->dir_fd, VMP_INDEX_NAME, FILE_BUFFER, &evidence->index, err);

	vmp_index_put_head(head);
	return result < 0 ? result : vmp_sink_write(evidence->index, head, sizeof(head), err);
}

int vmp_evidence_open(int dir_fd, const struct vmp_run *run, const struct vmp_evidence_conf *conf,
		      struct vmp_evidence **ret_evidence, struct vmp_err *err)
{
	struct vmp_evidence *evidence;
	int result = vmp_sink_init(err);

	if (result < 0)
		return result;
	evidence = calloc(1, sizeof(*evidence));
	if (!evidence)
		return vmp_err_set(err, ENOMEM, "evidence", TRACE_NAME, "beginning " TRACE_NAME ": out of memory");
	evidence->dir_fd = dir_fd;
	evidence->max_bytes = conf && conf->max_bytes ? conf->max_bytes : TRACE_MAX_DEFAULT;
	evidence->payload_bytes = conf ? conf->payload_bytes : 0;
	evidence->n_points = run->points.n;
	result = vmp_sink_open(dir_fd, TRACE_NAME, TRACE_BUFFER, &evidence->trace, err);
	if (result == 0) {
		add_section(evidence, run);
		vmp_vec_foreach (point, &run->points)
			add_interface(evidence, run, point);
		add_names(evidence, run);
		result = write_blocks(evidence, err);
	}
	if (result == 0)
		result = begin_index(evidence, err);
	if (result < 0) {
		vmp_evidence_close(evidence);
		return result;
	}
	*ret_evidence = evidence;
	return 0;
}

/* Bytes of a frame to keep: its headers, and what payload was asked for. */
static uint32_t kept_length(const struct vmp_evidence *evidence, const struct vmp_evidence_frame *frame)
{
	uint32_t headers = frame->packet->header_len;
	uint64_t keep = (uint64_t)(headers > ETHERNET_BYTES ? headers : ETHERNET_BYTES) + evidence->payload_bytes;

	if (keep > frame->frame->cap_len)
		keep = frame->frame->cap_len;
	return keep < VMP_PCAPNG_SNAPLEN ? (uint32_t)keep : VMP_PCAPNG_SNAPLEN;
}

/* What its block in trace.pcapng cannot say. */
static int add_row(struct vmp_evidence *evidence, const struct vmp_evidence_frame *frame, struct vmp_err *err)
{
	struct vmp_index_row row = {.point = frame->frame->point, .devdir = frame->frame->devdir, .cause = (uint8_t)frame->cause};
	uint8_t bytes[VMP_INDEX_ROW_BYTES];

	if (frame->fingerprint)
		row.fingerprint = *frame->fingerprint;
	vmp_index_put(&row, bytes);
	return vmp_sink_write(evidence->index, bytes, sizeof(bytes), err);
}

void vmp_evidence_leave_out(struct vmp_evidence *evidence, uint64_t ts_ns)
{
	if (!evidence->full)
		evidence->left_out_ns = ts_ns;
	evidence->full = true;
	evidence->left_out++;
}

int vmp_evidence_add(struct vmp_evidence *evidence, const struct vmp_evidence_frame *frame, struct vmp_err *err)
{
	struct vmp_pcapng_frame block = {
		.interface = frame->frame->point,
		.ts_ns = frame->frame->ts_ns,
		.cap_len = kept_length(evidence, frame),
		.wire_len = frame->frame->wire_len,
		.data = frame->frame->data,
		.devdir = frame->frame->devdir,
		.packet_id = frame->packet_id,
		.comment = frame->comment,
	};
	uint64_t reserved = (uint64_t)evidence->n_points * STATISTICS_BYTES;
	int result;

	if (block.interface >= evidence->n_points)
		return vmp_err_set(err, EINVAL, "evidence", TRACE_NAME, "writing a frame of point %" PRIu32 ": there are %zu",
				   block.interface, evidence->n_points);
	if (!evidence->full)
		vmp_pcapng_frame(&evidence->block, &block);
	/* Once full, always full: a file with holes in its middle would show losses that never were. */
	if (evidence->full || vmp_sink_total(evidence->trace) + evidence->block.n + reserved > evidence->max_bytes) {
		vmp_evidence_leave_out(evidence, frame->frame->ts_ns);
		evidence->block.n = 0;
		return 0;
	}
	result = write_blocks(evidence, err);
	return result < 0 ? result : add_row(evidence, frame, err);
}

uint64_t vmp_evidence_left_out(const struct vmp_evidence *evidence)
{
	return evidence->left_out;
}

int vmp_evidence_keep_run(struct vmp_evidence *evidence, struct vmp_run *run, struct vmp_err *err)
{
	run->left_out = evidence->left_out;
	run->left_out_ns = evidence->left_out_ns;
	vmp_buf_clear(&evidence->run_text);
	return vmp_run_file_write(run, &evidence->run_text) < 0
		       ? vmp_err_set(err, ENOMEM, "evidence", "run.json", "writing run.json: out of memory") : 0;
}

static void add_statistics(struct vmp_evidence *evidence, const struct vmp_run *run)
{
	char comment[96];

	snprintf(comment, sizeof(comment), "%" PRIu64 " frames of all interfaces left out: the file reached its size limit",
		 evidence->left_out);
	for (size_t i = 0; i < run->points.n && i < evidence->n_points; i++) {
		const struct vmp_point *point = &run->points.v[i];
		struct vmp_pcapng_statistics statistics = {
			.interface = (uint32_t)i,
			.ts_ns = point->vanished && point->vanished_ns ? point->vanished_ns : run->ended_ns,
			.start_ns = point->opened ? point->opened_ns : 0,
			.has_counts = point->opened,
			.received = point->received,
			.dropped = point->dropped,
			.comment = point->opened && evidence->left_out ? comment : NULL,
		};

		statistics.end_ns = point->opened ? statistics.ts_ns : 0;
		vmp_pcapng_statistics(&evidence->block, &statistics);
	}
}

/* One line of SHA256SUMS, as sha256sum(1) writes and checks it. */
static int finish_file(struct vmp_evidence *evidence, struct vmp_sink *sink, const char *name, struct vmp_err *err)
{
	char hex[VMP_SHA256_STRLEN];
	int result = vmp_sink_finish(sink, hex, err);

	if (result == 0)
		vmp_buf_printf(&evidence->sums, "%s  %s\n", hex, name);
	return result;
}

static int write_file(struct vmp_evidence *evidence, const struct vmp_evidence_file *file, struct vmp_err *err)
{
	struct vmp_sink *sink = NULL;
	int result = vmp_sink_open(evidence->dir_fd, file->name, FILE_BUFFER, &sink, err);

	if (result == 0)
		result = vmp_sink_write(sink, file->text, file->len, err);
	if (result == 0)
		result = finish_file(evidence, sink, file->name, err);
	vmp_sink_free(sink);
	return result;
}

int vmp_evidence_finish(struct vmp_evidence *evidence, const struct vmp_run *run, const struct vmp_evidence_file *files,
			size_t n_files, struct vmp_err *err)
{
	struct vmp_evidence_file sums = {.name = "SHA256SUMS"};
	char *text;
	int result;

	add_statistics(evidence, run);
	result = write_blocks(evidence, err);
	if (result == 0)
		result = finish_file(evidence, evidence->trace, TRACE_NAME, err);
	if (result == 0)
		result = finish_file(evidence, evidence->index, VMP_INDEX_NAME, err);
	if (result == 0 && evidence->run_text.len)
		result = write_file(evidence, &(struct vmp_evidence_file){"run.json", evidence->run_text.s, evidence->run_text.len}, err);
	for (size_t i = 0; result == 0 && i < n_files; i++)
		result = write_file(evidence, &files[i], err);
	if (result < 0)
		return result;
	if (evidence->sums.oom)
		return vmp_err_set(err, ENOMEM, "evidence", sums.name, "writing %s: out of memory", sums.name);
	sums.len = evidence->sums.len;
	sums.text = text = vmp_buf_take(&evidence->sums);
	result = write_file(evidence, &sums, err);
	free(text);
	/* Some file systems cannot sync a folder and say EINVAL; the files themselves are safe then. */
	if (result == 0 && fsync(evidence->dir_fd) < 0 && errno != EINVAL)
		result = vmp_err_set(err, errno, "evidence", NULL, "writing the evidence folder: %s", strerror(errno));
	return result;
}

void vmp_evidence_close(struct vmp_evidence *evidence)
{
	if (!evidence)
		return;
	vmp_sink_free(evidence->trace);
	vmp_sink_free(evidence->index);
	vmp_buf_clear(&evidence->run_text);
	vmp_pcapng_clear(&evidence->block);
	vmp_buf_clear(&evidence->sums);
	free(evidence);
}
