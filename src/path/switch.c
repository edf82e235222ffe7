/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of a switch: which lead to the network, which to other guests. */
#include "path/walk.h"

#include "base/str.h"

#include <string.h>

/* Kinds that vmpath has no handler for but whose frames are known to leave or stay. */
static const struct {
	const char *kind_name;
	enum vmp_port_class class;
} others[] = {
	{"geneve", VMP_PORT_CLASS_TUNNEL}, {"gretap", VMP_PORT_CLASS_TUNNEL}, {"ip6gretap", VMP_PORT_CLASS_TUNNEL},
	{"erspan", VMP_PORT_CLASS_TUNNEL}, {"ip6erspan", VMP_PORT_CLASS_TUNNEL}, {"l2tp", VMP_PORT_CLASS_TUNNEL},
	{"batadv", VMP_PORT_CLASS_TUNNEL}, {"hsr", VMP_PORT_CLASS_UPLINK},    {"dsa", VMP_PORT_CLASS_UPLINK},
	{"ipoib", VMP_PORT_CLASS_UPLINK},  {"macsec", VMP_PORT_CLASS_UPLINK}, {"dummy", VMP_PORT_CLASS_HOST},
	{"ifb", VMP_PORT_CLASS_HOST},
};

static enum vmp_port_class classify_other(const struct vmp_link *port)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(others[i].kind_name, port->kind_name) == 0)
			return others[i].class;
	return VMP_PORT_CLASS_PEER;
}

static bool is_switch(const struct vmp_link *link)
{
	return link->kind == VMP_LINK_BRIDGE || link->kind == VMP_LINK_OVS;
}

static enum vmp_port_class classify_veth(const struct vmp_walk *walk, const struct vmp_link *port)
{
	const struct vmp_link *peer = vmp_walk_veth_peer(walk->host, port);
	const struct vmp_link *sw;

	if (!peer)
		return VMP_PORT_CLASS_OUTSIDE;
	/* A pair between the switch and the host's own stack is its way out when there is no other. */
	if (!peer->master)
		return VMP_PORT_CLASS_OUTSIDE;
	sw = vmp_host_link(walk->host, peer->master);
	/* Its other end is plugged into this same switch, or into one that leads nowhere. */
	if (!sw || !is_switch(sw) || sw->ifindex == port->master || vmp_walk_seen(walk, sw))
		return VMP_PORT_CLASS_PEER;
	return vmp_walk_leads_out(walk, sw, peer) ? VMP_PORT_CLASS_UPLINK : VMP_PORT_CLASS_PEER;
}

enum vmp_port_class vmp_walk_classify(const struct vmp_walk *walk, const struct vmp_link *port)
{
	static const enum vmp_port_class classes[] = {
		[VMP_LINK_NIC] = VMP_PORT_CLASS_UPLINK,   [VMP_LINK_LOOPBACK] = VMP_PORT_CLASS_HOST,
		[VMP_LINK_BRIDGE] = VMP_PORT_CLASS_HOST,  [VMP_LINK_TAP] = VMP_PORT_CLASS_PEER,
		[VMP_LINK_TUN] = VMP_PORT_CLASS_PEER,     [VMP_LINK_MACVTAP] = VMP_PORT_CLASS_PEER,
		[VMP_LINK_MACVLAN] = VMP_PORT_CLASS_UPLINK, [VMP_LINK_VLAN] = VMP_PORT_CLASS_UPLINK,
		[VMP_LINK_BOND] = VMP_PORT_CLASS_UPLINK,  [VMP_LINK_TEAM] = VMP_PORT_CLASS_UPLINK,
		[VMP_LINK_VXLAN] = VMP_PORT_CLASS_TUNNEL, [VMP_LINK_VIF] = VMP_PORT_CLASS_PEER,
	};
	const struct vmp_link *sw = port->master ? vmp_host_link(walk->host, port->master) : NULL;

	if (port->kind == VMP_LINK_OTHER)
		return classify_other(port);
	if (port->kind == VMP_LINK_VETH)
		return classify_veth(walk, port);
	/* An internal port is the host's own end inside Open vSwitch, but a way out of a Linux bridge. */
	if (port->kind == VMP_LINK_OVS)
		return sw && sw->kind == VMP_LINK_BRIDGE ? VMP_PORT_CLASS_UPLINK : VMP_PORT_CLASS_HOST;
	return (size_t)port->kind < sizeof(classes) / sizeof(*classes) ? classes[port->kind] : VMP_PORT_CLASS_PEER;
}

/* A veth into another namespace plays the NIC where there is none; beside one it is some container's. */
static bool has_hardware(const struct vmp_walk *walk, const struct vmp_link *sw, const struct vmp_link *from)
{
	vmp_vec_foreach (port, &walk->host->links)
		if (port->master == sw->ifindex && port != from && vmp_walk_classify(walk, port) == VMP_PORT_CLASS_UPLINK)
			return true;
	return false;
}

static bool is_way_out(const struct vmp_walk *walk, const struct vmp_link *port, bool hardware)
{
	enum vmp_port_class class = vmp_walk_classify(walk, port);
	/* libvirt gives such a network no NIC: what else is plugged in is a guest of another sort. */
	bool by_host = walk->hints->nat || walk->hints->routed || walk->hints->isolated;

	return class == VMP_PORT_CLASS_UPLINK || class == VMP_PORT_CLASS_TUNNEL ||
	       (class == VMP_PORT_CLASS_OUTSIDE && !hardware && !by_host);
}

bool vmp_walk_leads_out(const struct vmp_walk *walk, const struct vmp_link *sw, const struct vmp_link *from)
{
	struct vmp_walk further = *walk;

	/* This switch counts as walked while its ports are looked at, so that two switches joined twice end. */
	if (further.n_switches == VMP_WALK_DEPTH_MAX)
		return false;
	further.switches[further.n_switches++] = sw->ifindex;
	vmp_vec_foreach (port, &walk->host->links)
		if (port->master == sw->ifindex && port != from && is_way_out(&further, port, false))
			return true;
	return false;
}

/*
 * What VLAN filtering makes of the guest's frames on a port. from: the port they come by.
 * Returns false when the port does not carry them.
 */
static bool carries(const struct vmp_link *sw, const struct vmp_link *from, const struct vmp_link *port, struct vmp_way *way)
{
	const struct vmp_link_vlan *vlan;
	uint16_t vid;

	if (!sw->vlan_filtering || !from || !vmp_walk_pvid(from, &vid))
		return true;
	vlan = vmp_walk_vlan(port, vid);
	if (!vlan)
		return false;
	/* A guest that has tagged VLANs besides has no one tag on the way. */
	way->has_tag = !vlan->untagged && from->vlans.n == 1;
	way->tag = way->has_tag ? vid : 0;
	return true;
}

static size_t add_ways(struct vmp_walk *walk, const struct vmp_link *sw, const struct vmp_link *from, int rank, bool all_vlans)
{
	bool hardware = has_hardware(walk, sw, from);
	size_t n = 0;

	vmp_vec_foreach (port, &walk->host->links) {
		struct vmp_way way = {.rank = rank, .to_guest = VMP_DEV_IN};

		if (port->master != sw->ifindex || port == from || port == walk->backend || !is_way_out(walk, port, hardware))
			continue;
		if ((!carries(sw, from, port, &way) && !all_vlans) || n == VMP_WALK_UPLINKS_MAX)
			continue;
		vmp_walk_way(walk, port, &way);
		n++;
	}
	return n;
}

size_t vmp_walk_ways_out(struct vmp_walk *walk, const struct vmp_link *sw, const struct vmp_link *from, int rank)
{
	size_t n;

	if (walk->n_switches < VMP_WALK_DEPTH_MAX)
		walk->switches[walk->n_switches++] = sw->ifindex;
	n = add_ways(walk, sw, from, rank, false);
	/* No port has the guest's VLAN: that is a fault, and the ports are where to see what arrives instead. */
	return n > 0 ? n : add_ways(walk, sw, from, rank, true);
}

static const char *owner_of(const struct vmp_walk *walk, const char *target)
{
	for (size_t i = 0; i < walk->hints->n_owners; i++)
		if (walk->hints->owners[i].target && strcmp(walk->hints->owners[i].target, target) == 0)
			return walk->hints->owners[i].guest;
	return NULL;
}

static void add_peer(struct vmp_walk *walk, const struct vmp_link *port)
{
	struct vmp_hop *hop = vmp_walk_add(walk, vmp_walk_kind(port), VMP_ROLE_PEER, port->name, port->ifindex, 0);

	hop->shown = false;
	if (vmp_str_set(&hop->owner, owner_of(walk, port->name)) < 0)
		walk->oom = true;
}

static bool holds_guest_mac(const struct vmp_walk *walk, const struct vmp_link *port)
{
	vmp_vec_foreach (fdb, &walk->host->fdb)
		if (fdb->port == port->ifindex && !fdb->own && walk->nic->has_mac && vmp_mac_equal(&fdb->mac, &walk->nic->mac))
			return true;
	return false;
}

/* A port that could carry a frame and is not a hop yet. */
static bool is_open_port(const struct vmp_walk *walk, const struct vmp_link *sw, const struct vmp_link *port)
{
	return port->master == sw->ifindex && port != walk->backend && port->admin_up &&
	       vmp_path_find(walk->path, port->ifindex) < 0;
}

void vmp_walk_peers(struct vmp_walk *walk, const struct vmp_link *sw)
{
	const struct vmp_link *twin = walk->backend ? vmp_walk_xen_twin(walk->host, walk->backend->name) : NULL;
	struct vmp_buf left = {0};
	size_t peers = 0, n_left = 0;

	/* A port on which the guest's own MAC was learned is the most telling one. */
	for (int telling = 1; telling >= 0; telling--)
		vmp_vec_foreach (port, &walk->host->links) {
			enum vmp_port_class class;

			if (!is_open_port(walk, sw, port) || port == twin || peers == VMP_WALK_PEERS_MAX ||
			    holds_guest_mac(walk, port) != telling)
				continue;
			class = vmp_walk_classify(walk, port);
			if (class != VMP_PORT_CLASS_PEER && class != VMP_PORT_CLASS_OUTSIDE)
				continue;
			add_peer(walk, port);
			peers++;
		}
	vmp_vec_foreach (port, &walk->host->links) {
		if (!is_open_port(walk, sw, port))
			continue;
		if (++n_left <= 4)
			vmp_buf_printf(&left, "%s%s", n_left > 1 ? ", " : "", port->name);
	}
	if (n_left > 0)
		vmp_buf_printf(&left, "%s on %s", n_left > 4 ? ", ..." : "", sw->name);
	if (n_left > 0 && vmp_path_add_fact(walk->path, "other-ports-not-observed", -1, "%zu port%s not observed: %s", n_left,
					    n_left == 1 ? "" : "s", left.s ? left.s : "?") < 0)
		walk->oom = true;
	vmp_buf_clear(&left);
}
