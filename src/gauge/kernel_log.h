/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the kernel's log that are about the path. */
#ifndef VMP_GAUGE_KERNEL_LOG_H
#define VMP_GAUGE_KERNEL_LOG_H

#include "model/gauge.h"
#include "model/path.h"

/*
 * Look at what the kernel logged over the window: records of /dev/kmsg, one behind the other, each ended by a newline (kernel,
 * Documentation/ABI/testing/dev-kmsg). A line about a table of the host, or about a device of the path, becomes a counter of the source
 * "kernel-log", whose text is the first such line; names are the device and what it is about. Nothing in them is trusted. Returns 0 or -ENOMEM.
 */
int vmp_gauge_kernel_log(struct vmp_gauges *gauges, const struct vmp_path *path, const char *records, size_t len);

#endif
