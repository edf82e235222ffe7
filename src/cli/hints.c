/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/hints.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

void vmp_hints_read(struct vmp_hints *hints, struct vmp_domain *domain)
{
	struct vmp_err ignored = {0};
	size_t n = 0;

	memset(hints, 0, sizeof(*hints));
	if (!domain)
		return;
	if (vmp_domain_list(domain, &hints->guests, &ignored) < 0) {
		vmp_log(VMP_LOG_INFO, "other guests are not known: %s", ignored.message);
		return;
	}
	vmp_vec_foreach (guest, &hints->guests)
		n += guest->nics.n;
	hints->owners = calloc(n ? n : 1, sizeof(*hints->owners));
	if (!hints->owners)
		return;
	vmp_vec_foreach (guest, &hints->guests)
		vmp_vec_foreach (nic, &guest->nics)
			if (nic->target && nic->has_mac)
				hints->owners[hints->path.n_owners++] =
					(struct vmp_path_owner){nic->target, guest->name, nic->mac};
	hints->path.owners = hints->owners;
}

void vmp_hints_for_nic(struct vmp_hints *hints, struct vmp_domain *domain, const struct vmp_nic *nic)
{
	enum vmp_forward forward = VMP_FORWARD_UNKNOWN;
	struct vmp_err ignored = {0};

	hints->path.nat = hints->path.routed = hints->path.isolated = false;
	if (!domain || !nic->network)
		return;
	if (vmp_domain_network_forward(domain, nic->network, &forward, &ignored) < 0) {
		vmp_log(VMP_LOG_INFO, "how network %s leaves this host is not known: %s", nic->network, ignored.message);
		return;
	}
	hints->path.nat = forward == VMP_FORWARD_NAT;
	hints->path.routed = forward == VMP_FORWARD_ROUTE || forward == VMP_FORWARD_OPEN;
	hints->path.isolated = forward == VMP_FORWARD_NONE;
}

void vmp_hints_clear(struct vmp_hints *hints)
{
	free(hints->owners);
	vmp_vec_foreach (guest, &hints->guests)
		vmp_guest_clear(guest);
	vmp_vec_free(&hints->guests);
	memset(hints, 0, sizeof(*hints));
}
