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

/* A packet is looked up among the leads one after the other; a router with more routes than this is not followed through. */
enum { UPLINKS_MAX = 4, LEADS_MAX = 512 };

/*
 * Can packets of the guest leave by this device? The one of the default route may be anything; else only what is a card, or stands on
 * one: other bridges lead to other guests.
 */
static bool leads_out(const struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_link *first)
{
	if (!link || link == walk->master || link == walk->backend)
		return false;
	return link == first || link->kind == VMP_LINK_NIC || link->kind == VMP_LINK_VLAN ||
	       link->kind == VMP_LINK_BOND || link->kind == VMP_LINK_TEAM;
}

static void add_uplink(struct vmp_walk *walk, const struct vmp_link *link)
{
	struct vmp_hop *hop;

	vmp_vec_foreach (known, &walk->path->hops)
		if (known->ifindex == link->ifindex)
			return;
	hop = vmp_walk_add(walk, vmp_walk_kind(link), VMP_ROLE_UPLINK, link->name, link->ifindex, -2);
	hop->routed = true;
}

static void add_uplinks(struct vmp_walk *walk)
{
	const struct vmp_link *first = vmp_walk_default_device(walk->host);
	size_t before = walk->path->hops.n;

	if (leads_out(walk, first, first))
		add_uplink(walk, first);
	vmp_vec_foreach (route, &walk->host->routes) {
		const struct vmp_link *link;

		if (walk->path->hops.n >= before + UPLINKS_MAX)
			return;
		if (route->table != RT_TABLE_MAIN || route->type != RTN_UNICAST || vmp_ip_is_link_local(&route->dst))
			continue;
		link = vmp_host_link(walk->host, route->oif);
		if (leads_out(walk, link, first))
			add_uplink(walk, link);
	}
}

static void add_lead(struct vmp_walk *walk, const struct vmp_lead *lead)
{
	struct vmp_lead *copy = vmp_vec_add(&walk->path->leads);

	if (!copy)
		walk->oom = true;
	else
		*copy = *lead;
}

/* Of routes with one prefix the one of the least metric is taken. */
static bool is_outdone(const struct vmp_host *host, const struct vmp_route *route)
{
	vmp_vec_foreach (other, &host->routes)
		if (other != route && other->table == route->table && other->dst.family == route->dst.family &&
		    other->prefix_len == route->prefix_len && (route->prefix_len == 0 || vmp_ip_equal(&other->dst, &route->dst)) &&
		    (other->metric < route->metric || (other->metric == route->metric && other < route)))
			return true;
	return false;
}

/* Where this host sends what, as its main table and its own addresses say. */
static void add_leads(struct vmp_walk *walk)
{
	const struct vmp_host *host = walk->host;

	/* In a VRF the main table is not asked. */
	walk->path->leads_unsure = host->has_rules || host->routes_torn || host->addresses_torn || walk->master->master;
	if (host->routes.n + host->addresses.n > LEADS_MAX) {
		walk->path->leads_unsure = true;
		return;
	}
	vmp_vec_foreach (address, &host->addresses) {
		struct vmp_lead lead = {.dst = address->ip, .prefix_len = address->ip.family == 6 ? 128 : 32, .hop = -1};

		add_lead(walk, &lead);
	}
	vmp_vec_foreach (route, &host->routes) {
		struct vmp_lead lead = {.dst = route->dst, .prefix_len = route->prefix_len, .hop = -1, .has_gateway = route->has_gateway,
					.gateway = route->gateway};

		if (route->table != RT_TABLE_MAIN || is_outdone(host, route))
			continue;
		/* Of several next hops it is not known which one a packet takes. */
		if (route->type == RTN_UNICAST && route->oif > 0 && !route->multipath)
			lead.hop = vmp_path_find(walk->path, route->oif);
		if (lead.hop >= 0 && !walk->path->hops.v[lead.hop].routed)
			lead.hop = -1;
		add_lead(walk, &lead);
	}
}

/* This host's addresses on the hops: what the guest's packets look like outside when they are translated. */
static void add_own(struct vmp_walk *walk)
{
	vmp_vec_foreach (address, &walk->host->addresses) {
		struct vmp_host_address *own;

		if (vmp_ip_is_link_local(&address->ip) || vmp_path_find(walk->path, address->ifindex) < 0)
			continue;
		own = vmp_vec_add(&walk->path->own);
		if (!own) {
			walk->oom = true;
			return;
		}
		*own = *address;
	}
}

static void add_network_side(struct vmp_walk *walk)
{
	const struct vmp_link *uplink = vmp_walk_default_device(walk->host);
	struct vmp_hop *hop;

	if (walk->master && walk->master->kind == VMP_LINK_BRIDGE)
		add_uplinks(walk);
	else if (leads_out(walk, uplink, uplink)) {
		hop = vmp_walk_add(walk, vmp_walk_kind(uplink), VMP_ROLE_ROUTED, uplink->name, uplink->ifindex, -2);
		vmp_walk_why(walk, hop, VMP_OBSERVED_NO, "packets are routed%s between here and the guest, whose device is in no bridge: "
			     "not followed", walk->hints->nat ? " and translated" : "");
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
	add_leads(walk);
	add_own(walk);
}

const struct vmp_walker vmp_walker_routed = {routed_takes, routed_run};
