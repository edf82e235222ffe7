/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames of a trace.pcapng that vmpath wrote, with libpcap. */
#ifndef VMP_CAPTURE_TRACEFILE_H
#define VMP_CAPTURE_TRACEFILE_H

#include "base/err.h"
#include "model/frame.h"

struct vmp_tracefile;

/* fd: of the file, at its beginning; taken, also when this fails. name: for messages, copied. Errors: EINVAL, ENOMEM. */
int vmp_tracefile_open(int fd, const char *name, struct vmp_tracefile **ret_file, struct vmp_err *err);

/*
 * The next frame: its time, lengths and bytes (valid until the next call); point and devdir are not told by the file. Returns 1,
 * 0 at its end, or -EINVAL for a file that is broken or cut off.
 */
int vmp_tracefile_next(struct vmp_tracefile *file, struct vmp_frame *ret_frame, struct vmp_err *err);

/* Close; NULL is allowed. */
void vmp_tracefile_close(struct vmp_tracefile *file);

#endif
