/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest whose packets this host routes: whether a route leads out, and one back to the guest. */
#include "path/check.h"
#include "path/walk.h"

#include <linux/rtnetlink.h>

static bool leads_out(const struct vmp_check *check, const struct vmp_route *route)
{
	const struct vmp_link *link = vmp_host_link(check->host, route->oif);

	/* Without a device the way is a next hop object: it leads somewhere, and where is not known. */
	if (route->type != RTN_UNICAST || (link && (link == check->sw || link == check->backend)))
		return false;
	return !link || link->kind != VMP_LINK_LOOPBACK;
}

/*
 * Any table counts, since rules may choose among them; and half of all addresses is as good as all of them (0.0.0.0/1 and
 * 128.0.0.0/1 are what VPNs set so as to leave the default route alone).
 */
static void check_way_out(struct vmp_check *check)
{
	vmp_vec_foreach (route, &check->host->routes)
		if (route->prefix_len <= 1 && leads_out(check, route))
			return;
	vmp_check_fact(check, "no-default-route", -1,
		       "no routing table of this host has a default route: the guest reaches only what a narrower route leads to");
}

/*
 * Only addresses of the network that the host has on the guest's device: a guest can claim any other. Link-local networks are on every
 * device: where a route leads says nothing there.
 */
static bool belongs_to(const struct vmp_check *check, const struct vmp_link *device, const struct vmp_ip *ip)
{
	vmp_vec_foreach (address, &check->host->addresses)
		if (address->ifindex == device->ifindex && address->prefix_len > 0 && !vmp_ip_is_link_local(ip) &&
		    vmp_ip_in_prefix(ip, &address->ip, address->prefix_len))
			return true;
	return false;
}

/* A route of a VPN or of another bridge that covers the guest's network takes what is sent to the guest elsewhere. */
static void check_way_back(struct vmp_check *check)
{
	const struct vmp_link *device = check->sw ? check->sw : check->backend;

	/* A device that is down has lost its routes, and that it is down is told. In a VRF the main table is not asked. */
	if (!device || !device->admin_up || device->master)
		return;
	vmp_vec_foreach (address, &check->nic->addresses) {
		const struct vmp_link *way = vmp_walk_device_to(check->host, &address->ip);
		char ip[VMP_IP_STRLEN];

		if (!way || way == device || !belongs_to(check, device, &address->ip))
			continue;
		vmp_check_fact(check, "route-elsewhere", -1, "by the main routing table packets for %s leave by %s, and the guest is behind %s",
			       vmp_ip_format(&address->ip, ip), way->name, device->name);
		return;
	}
}

void vmp_check_routed(struct vmp_check *check)
{
	static vmp_check_fn *const checks[] = {check_way_out, check_way_back, NULL};

	if (check->path->mode == VMP_PATH_ROUTED && !check->host->routes_torn)
		vmp_check_run(check, checks);
}
