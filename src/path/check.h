/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking for what is already wrong: small checks in tables, one table per subject. Inside path/ only. */
#ifndef VMP_PATH_CHECK_H
#define VMP_PATH_CHECK_H

#include "path/path.h"

struct vmp_check {
	const struct vmp_guest *guest;
	const struct vmp_nic *nic;
	const struct vmp_host *host;
	const struct vmp_path_hints *hints;
	struct vmp_path *path;
	const struct vmp_link *backend; /* the backend's device, NULL: none */
	const struct vmp_link *sw;      /* the Linux bridge the backend is in, NULL: none */
	bool oom;
};

/* One check looks at its subject and records facts; what it needs but is not there makes it return without any. */
typedef void vmp_check_fn(struct vmp_check *check);

/* The checks of devices (check_device.c), of bridge ports (check_port.c), of MACs (check_mac.c), of routes (check_routed.c). */
vmp_check_fn vmp_check_devices, vmp_check_ports, vmp_check_macs, vmp_check_routed;

/* Record a fact; without memory check->oom is set. hop: index or -1. */
void vmp_check_fact(struct vmp_check *check, const char *code, int hop, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Run a table of checks that ends with NULL. */
void vmp_check_run(struct vmp_check *check, vmp_check_fn *const *table);

/* The device of a hop, or NULL. */
const struct vmp_link *vmp_check_link(const struct vmp_check *check, size_t hop);

/* True for an uplink-side hop that is plugged into the backend's switch (or is the device below a macvtap). */
bool vmp_check_feeds_switch(const struct vmp_check *check, size_t hop);

#endif
