/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of several points, put into the order of their times. */
#ifndef VMP_MATCH_ORDER_H
#define VMP_MATCH_ORDER_H

#include "model/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmp_order;

/* max_bytes: memory for frames that wait; 0: 64 MiB. NULL without memory. Caller frees with vmp_order_free(). */
struct vmp_order *vmp_order_new(size_t max_bytes);

/* Free; NULL is allowed. */
void vmp_order_free(struct vmp_order *order);

/*
 * Copy a frame in. Returns 0, -ENOMEM, or -ENOBUFS when max_bytes are waiting (the frame is not taken).
 */
int vmp_order_push(struct vmp_order *order, const struct vmp_frame *frame);

/*
 * Take out the oldest frame if its time is at most complete_ns. Equal times come in the order they were pushed. ret_frame is valid until
 * the next call of any function of this order. False when there is none.
 */
bool vmp_order_pop(struct vmp_order *order, uint64_t complete_ns, struct vmp_frame *ret_frame);

/* The time of the oldest frame that waits; UINT64_MAX: none does. */
uint64_t vmp_order_next_ns(const struct vmp_order *order);

/* Frames that came after a later one had been handed out. */
uint64_t vmp_order_late(const struct vmp_order *order);

#endif
