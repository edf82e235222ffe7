/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the running kernel has that helps to find losses. Reads files and asks; changes nothing and loads no module. */
#ifndef VMP_HOST_KERNEL_H
#define VMP_HOST_KERNEL_H

#include "model/doctor.h"

/*
 * Look below `root` ("" for this host) for what files tell: KERNEL, BTF, TRACEPOINT, CONNTRACK, CONFIG, and whether the kernel can filter
 * system calls. release: as uname(2) tells it.
 */
void vmp_kernel_read(const char *root, const char *release, struct vmp_probe probes[VMP_SIGHTS]);

/* Ask this host's kernel over sockets: NETLINK, BRIDGE_NETFILTER, DROP_MONITOR, ETHTOOL. */
void vmp_kernel_ask(struct vmp_probe probes[VMP_SIGHTS]);

#endif
