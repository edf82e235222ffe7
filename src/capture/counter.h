/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the frames a device transmits (or receives) without looking at them: a packet socket that is never read. What
 * it throws away does not look like a drop to whoever watches skb:kfree_skb.
 */
#ifndef VMP_CAPTURE_COUNTER_H
#define VMP_CAPTURE_COUNTER_H

#include "base/err.h"
#include "model/direction.h"

#include <stdint.h>

struct vmp_counter;

/* Open on a device; counting begins at once. Needs CAP_NET_RAW. Caller closes. Source: packet(7), PACKET_STATISTICS. */
int vmp_counter_open(int ifindex, enum vmp_devdir devdir, struct vmp_counter **ret_counter, struct vmp_err *err);

/* Frames counted since it was opened. Needs no privilege. */
int vmp_counter_read(struct vmp_counter *counter, uint64_t *ret_frames, struct vmp_err *err);

/* Close; NULL is allowed. */
void vmp_counter_close(struct vmp_counter *counter);

#endif
