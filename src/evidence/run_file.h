/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.json: all that a judgement rests on besides the packets. Internal to this folder, and for its tests. */
#ifndef VMP_EVIDENCE_RUN_FILE_H
#define VMP_EVIDENCE_RUN_FILE_H

#include "base/err.h"
#include "base/str.h"
#include "model/run.h"

/* Append what was observed and asked for; nothing that was concluded from it. Returns 0 or -ENOMEM. */
int vmp_run_file_write(const struct vmp_run *run, struct vmp_buf *out);

/*
 * Read it into a zeroed run, which the caller clears also after an error. All indexes point into their lists, all names are there.
 * Errors: EINVAL (names the member), EPROTONOSUPPORT (of another version), ENOMEM.
 */
int vmp_run_file_read(const char *text, size_t len, struct vmp_run *run, struct vmp_err *err);

#endif
