/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new file of the evidence folder: written through a large buffer, hashed on the way. Internal to this folder. */
#ifndef VMP_EVIDENCE_SINK_H
#define VMP_EVIDENCE_SINK_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define VMP_SHA256_STRLEN 65

struct vmp_sink;

/*
 * Make the hash library ready. Called before privileges and system calls are given up: it reads files when it starts.
 * Returns 0, or -ENOSYS when the library has no SHA-256.
 */
int vmp_sink_init(struct vmp_err *err);

/*
 * Create a file, mode 0600, that must not be there yet. dir_fd: the folder, borrowed until this returns; name: a plain
 * name without slash, backslash or control bytes; buffer_bytes: written at once.
 * Returns 0 or a negative errno (EINVAL for a name that is none, EEXIST, ...).
 */
int vmp_sink_open(int dir_fd, const char *name, size_t buffer_bytes, struct vmp_sink **ret_sink, struct vmp_err *err);

/* Append bytes. Blocks on the disk when the buffer is full. After an error every further call returns it again. */
int vmp_sink_write(struct vmp_sink *sink, const void *data, size_t len, struct vmp_err *err);

/* Bytes appended so far. */
uint64_t vmp_sink_total(const struct vmp_sink *sink);

/* Write what is left, fsync and close; ret_hex: SHA-256 of the whole file. Freeing is still vmp_sink_free(). */
int vmp_sink_finish(struct vmp_sink *sink, char ret_hex[VMP_SHA256_STRLEN], struct vmp_err *err);

/* Close and free; the file stays as it is. NULL is allowed. */
void vmp_sink_free(struct vmp_sink *sink);

#endif
