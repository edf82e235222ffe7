/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside host/ only: what reads counters by other ways than netlink. */
#ifndef VMP_HOST_COUNTERS_H
#define VMP_HOST_COUNTERS_H

#include "model/reading.h"

/*
 * Ask a device's driver for its counters and the sizes of its rings (ethtool -S, -g), with a socket of any family. What it does not tell
 * stays unknown. Needs no privilege. Returns 0 or -ENOMEM.
 */
int vmp_host_ask_driver(int socket_fd, struct vmp_reading_device *device);

/*
 * Look below /sys for the device's interrupts and how its receive queues are spread. Where /sys shows another network namespace than the
 * reader's these stay unknown. Returns 0 or -ENOMEM.
 */
int vmp_host_read_sysfs(int socket_fd, struct vmp_reading_device *device);

#endif
