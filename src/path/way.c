/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From one device down to the network: what lies below it, by its kind. */
#include "path/walk.h"

#include <stdio.h>

enum { BOND_MODE_ACTIVE_BACKUP = 1 }; /* linux/if_bonding.h */

/* Append what lies below link, from way->rank - 1 on. Returns true when frames of every kind go on there. */
typedef bool step(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way);

static struct vmp_way below(const struct vmp_way *way)
{
	struct vmp_way next = *way;

	next.rank--;
	next.to_guest = VMP_DEV_IN;
	return next;
}

static bool step_lower(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way)
{
	const struct vmp_link *lower = link->has_lower && !link->lower_elsewhere ? vmp_host_link(walk->host, link->lower) : NULL;
	struct vmp_way next = below(way);

	if (!lower)
		return false;
	if (link->kind == VMP_LINK_VLAN && !way->has_tunnel) {
		next.has_tag = true;
		next.tag = link->vlan_id;
	}
	vmp_walk_way(walk, lower, &next);
	return true;
}

static bool step_slaves(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way)
{
	bool any = false;

	vmp_vec_foreach (slave, &walk->host->links) {
		struct vmp_way next = below(way);

		if (slave->master != link->ifindex)
			continue;
		next.inactive = way->inactive || (link->has_bond_mode && link->bond_mode == BOND_MODE_ACTIVE_BACKUP &&
						  link->bond_active > 0 && link->bond_active != slave->ifindex);
		vmp_walk_way(walk, slave, &next);
		any = true;
	}
	return any;
}

/*
 * Beyond a second switch a frame may leave by any of its ports, whose tables are not followed: the device in front of it
 * is where frames of the guest are last accounted for. So it counts as an uplink, like those behind the switch.
 */
static void add_second_switch(struct vmp_walk *walk, const struct vmp_link *sw, const struct vmp_link *from, int rank)
{
	struct vmp_hop *hop;

	vmp_walk_ways_out(walk, sw, from, rank);
	hop = vmp_walk_add(walk, vmp_walk_kind(sw), VMP_ROLE_TRANSIT, sw->name, sw->ifindex, rank);
	vmp_walk_why(walk, hop, VMP_OBSERVED_NO, "a second switch on the way: what it does with a frame is told by its ports");
}

static bool step_veth(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way)
{
	const struct vmp_link *peer = vmp_walk_veth_peer(walk->host, link);
	const struct vmp_link *sw = peer && peer->master ? vmp_host_link(walk->host, peer->master) : NULL;
	struct vmp_hop *hop;

	if (!sw || vmp_walk_seen(walk, sw) || vmp_path_find(walk->path, peer->ifindex) >= 0)
		return false;
	add_second_switch(walk, sw, peer, way->rank - 2);
	hop = vmp_walk_add(walk, VMP_HOP_VETH, VMP_ROLE_UPLINK, peer->name, peer->ifindex, way->rank - 1);
	/* The second switch transmits on its end what is for the guest, and the first one's end receives it. */
	hop->to_guest = VMP_DEV_OUT;
	hop->has_tag = way->has_tag;
	hop->tag = way->tag;
	return true;
}

static bool step_bridge(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way)
{
	if (!vmp_walk_seen(walk, link))
		vmp_walk_ways_out(walk, link, NULL, way->rank - 1);
	return false;
}

/* An internal port of Open vSwitch, plugged into a Linux bridge. */
static bool step_ovs(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way)
{
	const struct vmp_link *datapath = vmp_host_link_named(walk->host, "ovs-system");

	if (datapath && datapath != link && !vmp_walk_seen(walk, datapath))
		add_second_switch(walk, datapath, link, way->rank - 1);
	return false;
}

/* Below a tunnel go devices that are stacked plainly. At any other one the way ends: it may be a switch or another namespace's. */
static bool goes_on_in_tunnel(const struct vmp_link *link)
{
	return link->kind == VMP_LINK_VLAN || link->kind == VMP_LINK_MACVLAN || link->kind == VMP_LINK_BOND || link->kind == VMP_LINK_TEAM;
}

/*
 * The device that carries the tunnel: the one it is bound to, else the one by which its remote end is reached. A port of a switch
 * carries no packets of the host, and where frames pass in a tunnel and outside it they could not be told apart.
 */
static bool step_vxlan(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way)
{
	const struct vmp_link *lower = NULL;
	struct vmp_way next = below(way);

	if (link->vxlan_external || !link->vxlan_port || way->has_tunnel)
		return false;
	if (link->vxlan_lower > 0)
		lower = vmp_host_link(walk->host, link->vxlan_lower);
	else if (link->vxlan_remote.family)
		lower = vmp_walk_device_to(walk->host, &link->vxlan_remote);
	if (!lower || lower->master || lower == walk->master || lower->kind == VMP_LINK_LOOPBACK || lower->kind == VMP_LINK_VXLAN ||
	    lower->kind == VMP_LINK_TUN || vmp_path_find(walk->path, lower->ifindex) >= 0)
		return false;
	next.has_tunnel = true;
	next.tunnel = (struct vmp_tunnel){link->vni, link->vxlan_port};
	next.has_tag = false;
	vmp_walk_way(walk, lower, &next);
	return true;
}

static const struct {
	enum vmp_link_kind kind;
	step *run;
} steps[] = {
	{VMP_LINK_VLAN, step_lower},  {VMP_LINK_MACVLAN, step_lower}, {VMP_LINK_BOND, step_slaves}, {VMP_LINK_TEAM, step_slaves},
	{VMP_LINK_VETH, step_veth},   {VMP_LINK_BRIDGE, step_bridge}, {VMP_LINK_OVS, step_ovs},
	{VMP_LINK_VXLAN, step_vxlan},
};

static bool go_below(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way)
{
	if (way->has_tunnel && !goes_on_in_tunnel(link))
		return false;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (steps[i].kind == link->kind)
			return steps[i].run(walk, link, way);
	return false;
}

void vmp_walk_way(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way)
{
	int known = vmp_path_find(walk->path, link->ifindex);
	struct vmp_hop *hop;
	bool goes_on;

	if (way->rank < -VMP_WALK_DEPTH_MAX)
		return;
	if (known >= 0) {
		/* Two ways share this device: it stands where the longer one needs it, and has no one tag. */
		hop = &walk->path->hops.v[known];
		if (hop->has_tag != way->has_tag || hop->tag != way->tag)
			hop->has_tag = false;
		if (hop->rank <= way->rank)
			return;
		hop->rank = way->rank;
		go_below(walk, link, way);
		return;
	}
	goes_on = go_below(walk, link, way);
	hop = vmp_walk_add(walk, vmp_walk_kind(link), goes_on ? VMP_ROLE_TRANSIT : VMP_ROLE_UPLINK, link->name, link->ifindex,
			   way->rank);
	hop->to_guest = way->to_guest;
	hop->has_tag = way->has_tag;
	hop->tag = way->tag;
	hop->inactive = way->inactive;
	hop->has_tunnel = way->has_tunnel;
	hop->tunnel = way->tunnel;
}
