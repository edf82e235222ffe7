/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt knows beyond the guest itself that helps to walk its path. */
#ifndef VMP_CLI_HINTS_H
#define VMP_CLI_HINTS_H

#include "domain/domain.h"
#include "path/path.h"

struct vmp_hints {
	struct vmp_path_hints path;     /* points into the two below */
	vmp_guests guests;
	struct vmp_path_owner *owners;
};

/*
 * Learn whose devices the other guests' are. domain: NULL when the guest came from a file; then nothing is known. That the
 * other guests cannot be listed is logged, not an error: their ports stay without names.
 */
void vmp_hints_read(struct vmp_hints *hints, struct vmp_domain *domain);

/* Learn how the network of one NIC leaves the host, in place of what was known of the NIC before it. domain: may be NULL. */
void vmp_hints_for_nic(struct vmp_hints *hints, struct vmp_domain *domain, const struct vmp_nic *nic);

/* Free what the hints own and zero them. */
void vmp_hints_clear(struct vmp_hints *hints);

#endif
