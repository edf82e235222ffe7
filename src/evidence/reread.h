/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An evidence folder, read again: its checksums, what was observed, and what belongs to each frame of trace.pcapng. */
#ifndef VMP_EVIDENCE_REREAD_H
#define VMP_EVIDENCE_REREAD_H

#include "base/err.h"
#include "evidence/index.h"
#include "model/run.h"

#include <stdbool.h>
#include <stddef.h>

struct vmp_reread;

/*
 * Open all files of the folder that a judgement needs; nothing of them is read yet, so this may be done with privilege. Errors: those of
 * open(2), and ENOENT with the names of the files that make a folder one of evidence.
 */
int vmp_reread_open(const char *folder, struct vmp_reread **ret_reread, struct vmp_err *err);

/* Are all files as SHA256SUMS says? EILSEQ otherwise, with the name of the first that is not. Reads all of them. */
int vmp_reread_check(struct vmp_reread *reread, struct vmp_err *err);

/* Read run.json into a zeroed run, which the caller clears also after an error. Errors: EINVAL, EPROTONOSUPPORT, EFBIG, ENOMEM. */
int vmp_reread_run(struct vmp_reread *reread, struct vmp_run *run, struct vmp_err *err);

/* The next row of frames.idx. n_points: of the run. Returns 1, 0 at its end, or -EINVAL. */
int vmp_reread_next(struct vmp_reread *reread, size_t n_points, struct vmp_index_row *ret_row, struct vmp_err *err);

/* trace.pcapng, open at its beginning; the caller closes it. Once only: then -1. */
int vmp_reread_take_trace(struct vmp_reread *reread);

/* Free; NULL is allowed. */
void vmp_reread_close(struct vmp_reread *reread);

#endif
