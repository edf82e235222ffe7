/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evidence folder: frames as they are settled, then the reports and checksums. Writes into a folder it is given, open. */
#ifndef VMP_EVIDENCE_EVIDENCE_H
#define VMP_EVIDENCE_EVIDENCE_H

#include "base/err.h"
#include "model/fingerprint.h"
#include "model/frame.h"
#include "model/packet.h"
#include "model/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmp_evidence;

struct vmp_evidence_conf {
	uint64_t max_bytes;     /* of trace.pcapng; 0: 256 MiB. What comes after is left out and the run says so */
	uint32_t payload_bytes; /* payload to keep of each frame; 0: headers only */
};

/* One frame with what became of it. */
struct vmp_evidence_frame {
	const struct vmp_frame *frame;
	const struct vmp_packet *packet;
	const struct vmp_fingerprint *fingerprint; /* as it was matched by; NULL: by none */
	uint64_t packet_id;     /* the same at every hop */
	unsigned int cause;     /* number of the kind of drop that it died of, 0: none is known */
	const char *comment;    /* NULL, or why this frame is remarkable ("lost: not seen at 021f00 within 1 s") */
};

/*
 * Begin trace.pcapng in the folder dir_fd (borrowed). run: path, points, guest and interface are filled; written as
 * section header and one interface block per point, named after the hop. conf: may be NULL.
 */
int vmp_evidence_open(int dir_fd, const struct vmp_run *run, const struct vmp_evidence_conf *conf,
		      struct vmp_evidence **ret_evidence, struct vmp_err *err);

/* Append one frame, cut after its headers. Errors: ENOSPC and the like. After the size cap: 0, and counted. */
int vmp_evidence_add(struct vmp_evidence *evidence, const struct vmp_evidence_frame *frame, struct vmp_err *err);

/* A frame of this time is not to be had: from here on all are left out, for a file with a hole would show losses. */
void vmp_evidence_leave_out(struct vmp_evidence *evidence, uint64_t ts_ns);

/* Frames left out for the size cap. */
uint64_t vmp_evidence_left_out(const struct vmp_evidence *evidence);

/*
 * Keep what was observed besides the packets, as it is now: run.json, from which with trace.pcapng the same judgement is made again.
 * After the last frame, before anything is concluded. run: left_out and left_out_ns are set. Errors: ENOMEM.
 */
int vmp_evidence_keep_run(struct vmp_evidence *evidence, struct vmp_run *run, struct vmp_err *err);

/* One more file of the folder. */
struct vmp_evidence_file {
	const char *name;
	const char *text;
	size_t len;
};

/*
 * Finish: interface statistics, frames.idx, run.json, then the other files: each element of files is a name and its text (report.json,
 * report.txt, domain.xml), then SHA256SUMS over all of them; everything is fsynced.
 */
int vmp_evidence_finish(struct vmp_evidence *evidence, const struct vmp_run *run, const struct vmp_evidence_file *files,
			size_t n_files, struct vmp_err *err);

/* Free; NULL is allowed. Does not remove files: the folder's keeper does. */
void vmp_evidence_close(struct vmp_evidence *evidence);

/* Check that at least want_bytes are free where dir is. ENOSPC otherwise, with numbers. */
int vmp_evidence_check_space(const char *dir, uint64_t want_bytes, struct vmp_err *err);

/* "vmpath-GUEST-STARTED" with both made safe for a file name. Caller frees; NULL without memory. */
char *vmp_evidence_name(const char *guest_name, uint64_t started_ns);

#endif
