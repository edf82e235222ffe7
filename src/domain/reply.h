/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts that a guest's agent and QEMU's monitor answer with, read into records. Pure. The guest writes the first, and chooses much of
 * the second: JSON that is not just so is refused whole, what is more than the records hold is cut and said to be, and names are kept
 * as they are, bounded.
 */
#ifndef VMP_DOMAIN_REPLY_H
#define VMP_DOMAIN_REPLY_H

#include "base/err.h"
#include "model/gauge.h"
#include "model/inside.h"

#include <stdbool.h>
#include <stddef.h>

#define VMP_REPLY_MAX (1U << 20) /* bytes */

/*
 * guest-network-get-interfaces, before or after the window: names, MACs, addresses; the counters of those with this MAC go into the gauges
 * (source "agent", object the guest's name for it, names "rx_dropped", ...). What an earlier answer said is replaced.
 * Errors: EINVAL (not such an answer), EFBIG (longer than VMP_REPLY_MAX), ENOMEM; agent and gauges are as they were then.
 */
int vmp_reply_interfaces(const char *text, size_t len, const struct vmp_mac *mac, bool after, struct vmp_agent *agent, struct vmp_gauges *gauges,
			 struct vmp_err *err);

/* guest-network-get-route (QEMU 9.1). Likewise. */
int vmp_reply_routes(const char *text, size_t len, struct vmp_agent *agent, struct vmp_err *err);

/*
 * The monitor's answers are whole ones ({"return": ...} or {"error": ...}). Errors besides: EOPNOTSUPP (QEMU does not know the command),
 * EIO (it refuses it; the message has its words).
 */

/* query-rx-filter of one card. */
int vmp_reply_rx_filter(const char *text, size_t len, struct vmp_driver *driver, struct vmp_err *err);

/* x-query-virtio-status. */
int vmp_reply_virtio_status(const char *text, size_t len, struct vmp_driver *driver, struct vmp_err *err);

/* x-query-virtio-queue-status of the queue `index`, before or after the window. */
int vmp_reply_virtio_queue(const char *text, size_t len, uint32_t index, bool after, struct vmp_driver *driver, struct vmp_err *err);

#endif
