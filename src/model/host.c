/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct vmp_link *vmp_host_link(const struct vmp_host *host, int ifindex)
{
	vmp_vec_foreach (link, &host->links)
		if (link->ifindex == ifindex)
			return link;
	return NULL;
}

const struct vmp_link *vmp_host_link_named(const struct vmp_host *host, const char *name)
{
	vmp_vec_foreach (link, &host->links)
		if (strcmp(link->name, name) == 0)
			return link;
	vmp_vec_foreach (link, &host->links)
		vmp_vec_foreach (altname, &link->altnames)
			if (strcmp(altname->name, name) == 0)
				return link;
	return NULL;
}

int vmp_host_learn_addresses(const struct vmp_host *host, struct vmp_guest *guest)
{
	enum { ADDRESSES_MAX = 64 };

	vmp_vec_foreach (nic, &guest->nics) {
		if (!nic->has_mac)
			continue;
		vmp_vec_foreach (neighbour, &host->neighbours) {
			/* The kernel gives a MAC for entries that hold only: not for failed and incomplete ones */
			if (!neighbour->has_mac || !vmp_mac_equal(&neighbour->mac, &nic->mac) || nic->addresses.n >= ADDRESSES_MAX)
				continue;
			if (vmp_nic_add_address(nic, &neighbour->ip, VMP_ADDRESS_NEIGHBOUR) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

void vmp_host_clear(struct vmp_host *host)
{
	free(host->name);
	vmp_vec_foreach (link, &host->links) {
		vmp_vec_free(&link->vlans);
		vmp_vec_free(&link->altnames);
	}
	vmp_vec_free(&host->links);
	vmp_vec_free(&host->fdb);
	vmp_vec_free(&host->neighbours);
	vmp_vec_free(&host->addresses);
	vmp_vec_free(&host->routes);
	memset(host, 0, sizeof(*host));
}

void vmp_tracking_clear(struct vmp_tracking *tracking)
{
	vmp_vec_free(&tracking->connections);
	memset(tracking, 0, sizeof(*tracking));
}
