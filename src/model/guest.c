/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int vmp_nic_add_address(struct vmp_nic *nic, const struct vmp_ip *ip, enum vmp_address_source source)
{
	struct vmp_nic_address *address;

	if (!ip->family)
		return 0;
	vmp_vec_foreach (known, &nic->addresses) {
		if (!vmp_ip_equal(&known->ip, ip))
			continue;
		if (source < known->source)
			known->source = source;
		return 0;
	}
	address = vmp_vec_add(&nic->addresses);
	if (!address)
		return -ENOMEM;
	address->ip = *ip;
	address->source = source;
	return 0;
}

bool vmp_nic_has_address(const struct vmp_nic *nic, const struct vmp_ip *ip)
{
	vmp_vec_foreach (known, &nic->addresses)
		if (vmp_ip_equal(&known->ip, ip))
			return true;
	return false;
}

void vmp_nic_clear(struct vmp_nic *nic)
{
	free(nic->type_name);
	free(nic->model);
	free(nic->source);
	free(nic->network);
	free(nic->bridge);
	free(nic->source_mode);
	free(nic->virtualport);
	free(nic->target);
	free(nic->alias);
	free(nic->driver);
	free(nic->filter);
	free(nic->backend_domain);
	free(nic->why_no_backend);
	vmp_vec_free(&nic->addresses);
	memset(nic, 0, sizeof(*nic));
}

void vmp_guest_clear(struct vmp_guest *guest)
{
	free(guest->name);
	free(guest->uuid);
	free(guest->state_reason);
	free(guest->reason_before);
	free(guest->hypervisor);
	free(guest->job);
	vmp_vec_foreach (nic, &guest->nics)
		vmp_nic_clear(nic);
	vmp_vec_free(&guest->nics);
	memset(guest, 0, sizeof(*guest));
}
