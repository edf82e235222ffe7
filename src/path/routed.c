/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest whose frames end at this host, which routes (and perhaps translates) their packets: a bridge without a way out
 * on which the host has an address, as libvirt makes for <forward mode='nat'>, or a tap with a route of its own.
 */
#include "path/walk.h"

#include <linux/rtnetlink.h>

const struct vmp_link *vmp_walk_default_device(const struct vmp_host *host)
{
	const struct vmp_route *best = NULL;

	vmp_vec_foreach (route, &host->routes) {
		if (route->prefix_len != 0 || route->table != RT_TABLE_MAIN || route->type != RTN_UNICAST || route->oif <= 0)
			continue;
		/* IPv4 first, then the smaller metric. */
		if (!best || route->dst.family < best->dst.family ||
		    (route->dst.family == best->dst.family && route->metric < best->metric))
			best = route;
	}
	return best ? vmp_host_link(host, best->oif) : NULL;
}

static bool is_in_prefix(const struct vmp_ip *ip, const struct vmp_route *route)
{
	unsigned int bits = ip->family == 6 ? 128 : 32;

	if (route->dst.family != ip->family || route->prefix_len > bits)
		return false;
	for (unsigned int i = 0; i < route->prefix_len; i++)
		if ((ip->b[i / 8] ^ route->dst.b[i / 8]) & (0x80U >> i % 8))
			return false;
	return true;
}

const struct vmp_link *vmp_walk_device_to(const struct vmp_host *host, const struct vmp_ip *ip)
{
	const struct vmp_route *best = NULL;

	vmp_vec_foreach (route, &host->routes) {
		if (route->table != RT_TABLE_MAIN || route->type != RTN_UNICAST || route->oif <= 0 || !is_in_prefix(ip, route))
			continue;
		if (!best || route->prefix_len > best->prefix_len ||
		    (route->prefix_len == best->prefix_len && route->metric < best->metric))
			best = route;
	}
	return best ? vmp_host_link(host, best->oif) : NULL;
}

bool vmp_walk_has_address(const struct vmp_host *host, const struct vmp_link *link)
{
	vmp_vec_foreach (address, &host->addresses) {
		const uint8_t *b = address->ip.b;

		/* Every device that is up has a link-local address: it says nothing. */
		if (address->ifindex == link->ifindex && !(address->ip.family == 6 && b[0] == 0xfe && (b[1] & 0xc0) == 0x80))
			return true;
	}
	return false;
}

static bool has_route_to(const struct vmp_host *host, const struct vmp_link *link)
{
	vmp_vec_foreach (route, &host->routes) {
		const uint8_t *b = route->dst.b;

		if (route->oif == link->ifindex && route->type == RTN_UNICAST && route->table == RT_TABLE_MAIN &&
		    !(route->dst.family == 6 && b[0] == 0xfe && (b[1] & 0xc0) == 0x80))
			return true;
	}
	return false;
}

static bool routed_takes(const struct vmp_walk *walk)
{
	const struct vmp_link *device = walk->master ? walk->master : walk->backend;
	bool told = walk->hints->nat || walk->hints->routed;

	if (!device || (walk->master && walk->master->kind == VMP_LINK_OVS))
		return false;
	if (walk->master && walk->master->kind == VMP_LINK_BRIDGE) {
		if (vmp_walk_leads_out(walk, walk->master, walk->backend))
			return false;
		/* A bridge that the host's own default route leads to has lost its uplink; that is no router. */
		return told || (!walk->hints->isolated && walk->host->ip_forward && vmp_walk_has_address(walk->host, device) &&
				vmp_walk_default_device(walk->host) != device);
	}
	/* A device of its own: a route leads to it, unless the XML wants it in a bridge. */
	return walk->backend && !vmp_walk_xml_bridge(walk->nic) && has_route_to(walk->host, walk->backend);
}

static void add_network_side(struct vmp_walk *walk)
{
	const struct vmp_link *uplink = vmp_walk_default_device(walk->host);
	struct vmp_hop *hop;

	if (uplink && uplink != walk->master && uplink != walk->backend) {
		hop = vmp_walk_add(walk, vmp_walk_kind(uplink), VMP_ROLE_ROUTED, uplink->name, uplink->ifindex, -2);
		vmp_walk_why(walk, hop, VMP_OBSERVED_NO, "packets are routed%s between here and the guest: not matched in this version",
			     walk->hints->nat ? " and translated" : "");
	}
	hop = vmp_walk_add(walk, VMP_HOP_HOST, VMP_ROLE_HOST, "host", 0, -1);
	vmp_walk_why(walk, hop, VMP_OBSERVED_NO, "routing%s by this host, not a device",
		     walk->hints->nat ? " and address translation" : "");
}

static void routed_run(struct vmp_walk *walk)
{
	struct vmp_hop *hop;

	walk->path->mode = VMP_PATH_ROUTED;
	walk->path->nat = walk->hints->nat;
	add_network_side(walk);
	if (!walk->master || walk->master->kind != VMP_LINK_BRIDGE)
		return;
	/* All frames of the guest are to or from the host here: the bridge's device sees every one. */
	hop = vmp_walk_add(walk, VMP_HOP_BRIDGE, VMP_ROLE_SWITCH, walk->master->name, walk->master->ifindex, 0);
	hop->to_guest = VMP_DEV_OUT;
	vmp_walk_peers(walk, walk->master);
}

const struct vmp_walker vmp_walker_routed = {routed_takes, routed_run};
