/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's filter looks at the outer packet of a tunnel; what is inside is filtered here, by the same words as elsewhere. */
#ifndef VMP_CAPTURE_INNER_H
#define VMP_CAPTURE_INNER_H

#include "base/err.h"
#include "model/frame.h"

#include <stdbool.h>
#include <stdint.h>

struct vmp_inner;

/* Compile a pcap filter for inner frames. ret_inner: caller closes. Errors: EINVAL with libpcap's words, ENOMEM. */
int vmp_inner_open(const char *text, struct vmp_inner **ret_inner, struct vmp_err *err);

/* Does the frame that begins at this offset pass? inner: NULL lets all pass. */
bool vmp_inner_passes(const struct vmp_inner *inner, const struct vmp_frame *frame, uint32_t offset);

/* Free; NULL is allowed. */
void vmp_inner_close(struct vmp_inner *inner);

#endif
