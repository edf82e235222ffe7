/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a NIC of the XML to the hops between the network and the guest. */
#include "path/walk.h"

#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct vmp_path_hints no_hints;

/* The first that takes a backend has it. */
static const struct vmp_walker *const walkers[] = {
	&vmp_walker_macvtap, &vmp_walker_ovs, &vmp_walker_routed, &vmp_walker_bridge,
};

/*
 * A Xen guest with emulated NIC has two devices, of which the plain one takes over when its own driver starts: the one
 * that the bridge learned the guest's MAC on, else the one the XML names.
 */
static const struct vmp_link *live_xen_device(const struct vmp_walk *walk, const struct vmp_link *named)
{
	const struct vmp_link *twin = vmp_walk_xen_twin(walk->host, walk->nic->target);

	if (!twin)
		return named;
	if (!named)
		return twin;
	vmp_vec_foreach (fdb, &walk->host->fdb)
		if (!fdb->own && !fdb->local && fdb->port == twin->ifindex && walk->nic->has_mac &&
		    vmp_mac_equal(&fdb->mac, &walk->nic->mac))
			return twin;
	return named;
}

static void find_backend(struct vmp_walk *walk)
{
	const struct vmp_nic *nic = walk->nic;

	if (!nic->target || nic->why_no_backend)
		return;
	walk->backend = live_xen_device(walk, vmp_host_link_named(walk->host, nic->target));
}

/* Where the kernel does not tell a switch, the XML's is shown: what arrives there for the guest is worth seeing. */
static void find_switch(struct vmp_walk *walk)
{
	const char *bridge = vmp_walk_xml_bridge(walk->nic);
	bool ovs = walk->nic->virtualport && strcmp(walk->nic->virtualport, "openvswitch") == 0;

	if (walk->backend && walk->backend->master)
		walk->master = vmp_host_link(walk->host, walk->backend->master);
	else if (bridge)
		walk->master = vmp_host_link_named(walk->host, ovs ? "ovs-system" : bridge);
}

static void add_backend(struct vmp_walk *walk)
{
	struct vmp_hop *hop;

	if (!walk->backend)
		return;
	hop = vmp_walk_add(walk, vmp_walk_kind(walk->backend), VMP_ROLE_BACKEND, walk->backend->name, walk->backend->ifindex, 1);
	if (walk->backend->kind != VMP_LINK_MACVTAP && walk->backend->kind != VMP_LINK_MACVLAN)
		hop->to_guest = VMP_DEV_OUT;
}

static void add_network(struct vmp_walk *walk)
{
	struct vmp_hop *hop = vmp_walk_add(walk, VMP_HOP_NETWORK, VMP_ROLE_NETWORK, "network", 0, INT_MIN);

	vmp_walk_why(walk, hop, VMP_OBSERVED_NO, "all that lies beyond this host");
}

/* Where frames are not looked for inside a tunnel, the devices that carry it are beyond what is observed too. */
static void finish_network(struct vmp_walk *walk)
{
	for (size_t i = 0; i < walk->path->hops.n; i++) {
		const struct vmp_hop *hop = &walk->path->hops.v[i];
		const struct vmp_link *link = vmp_host_link(walk->host, hop->ifindex);

		if (hop->role != VMP_ROLE_UPLINK || hop->has_tunnel || !link || vmp_walk_classify(walk, link) != VMP_PORT_CLASS_TUNNEL)
			continue;
		vmp_walk_why(walk, &walk->path->hops.v[0], VMP_OBSERVED_NO,
			     "all that lies beyond this host, and the devices that carry the tunnel of %s: frames inside %s are not looked for "
			     "there", hop->name, link->kind == VMP_LINK_VXLAN ? "this VXLAN" : link->kind_name);
		return;
	}
}

/* From ranks that count from the switch to those that count from the network, without gaps. */
static void set_ranks(struct vmp_path *path)
{
	enum { LEAST = -2 * VMP_WALK_DEPTH_MAX, MOST = 2 };
	int ranks[MOST - LEAST + 1] = {0}, next = 1;

	vmp_vec_foreach (hop, &path->hops)
		if (hop->role != VMP_ROLE_NETWORK)
			ranks[hop->rank - LEAST] = 1;
	for (int i = 0; i <= MOST - LEAST; i++)
		if (ranks[i])
			ranks[i] = next++;
	vmp_vec_foreach (hop, &path->hops)
		hop->rank = hop->role == VMP_ROLE_NETWORK ? 0 : ranks[hop->rank - LEAST];
}

static void set_indexes(struct vmp_path *path)
{
	path->backend = path->switch_hop = -1;
	for (size_t i = 0; i < path->hops.n; i++) {
		if (path->hops.v[i].role == VMP_ROLE_BACKEND)
			path->backend = (int)i;
		if (path->hops.v[i].role == VMP_ROLE_SWITCH)
			path->switch_hop = (int)i;
	}
}

static void add_host_mac(struct vmp_walk *walk, const struct vmp_mac *mac)
{
	struct vmp_mac *own;

	vmp_vec_foreach (known, &walk->path->host_macs)
		if (vmp_mac_equal(known, mac))
			return;
	own = vmp_vec_add(&walk->path->host_macs);
	if (!own)
		walk->oom = true;
	else
		*own = *mac;
}

/* A row of another VLAN than the guest's is about other frames. */
static bool is_guests_vlan(const struct vmp_walk *walk, const struct vmp_fdb *fdb)
{
	uint16_t vid;

	if (!fdb->has_vlan || !walk->backend || !walk->master->vlan_filtering || walk->backend->vlans.n != 1)
		return true;
	return !vmp_walk_pvid(walk->backend, &vid) || fdb->vlan == vid;
}

static void add_homes(struct vmp_walk *walk)
{
	const struct vmp_link *sw = walk->master;

	if (!sw || sw->kind != VMP_LINK_BRIDGE)
		return;
	add_host_mac(walk, &sw->mac);
	vmp_vec_foreach (fdb, &walk->host->fdb) {
		struct vmp_home *home;

		if (fdb->bridge != sw->ifindex || fdb->own || vmp_mac_is_group(&fdb->mac) || !is_guests_vlan(walk, fdb))
			continue;
		home = vmp_vec_add(&walk->path->homes);
		if (!home) {
			walk->oom = true;
			return;
		}
		home->mac = fdb->mac;
		home->has_vlan = fdb->has_vlan;
		home->vlan = fdb->vlan;
		home->ifindex = fdb->port;
		home->hop = vmp_path_find(walk->path, fdb->port);
		home->local = fdb->local;
		if (fdb->local)
			add_host_mac(walk, &fdb->mac);
	}
}

/* The host's own ends inside Open vSwitch. */
static void add_internal_ports(struct vmp_walk *walk)
{
	if (!walk->master || walk->master->kind != VMP_LINK_OVS)
		return;
	vmp_vec_foreach (link, &walk->host->links)
		if (link->kind == VMP_LINK_OVS && link->master == walk->master->ifindex)
			add_host_mac(walk, &link->mac);
}

static void build(struct vmp_walk *walk)
{
	struct vmp_hop *hop;

	find_backend(walk);
	find_switch(walk);
	walk->path->has_guest_mac = walk->nic->has_mac;
	walk->path->guest_mac = walk->nic->mac;
	add_network(walk);
	for (size_t i = 0; i < sizeof(walkers) / sizeof(*walkers); i++) {
		if (!walkers[i]->takes(walk))
			continue;
		walkers[i]->run(walk);
		break;
	}
	finish_network(walk);
	add_backend(walk);
	hop = vmp_walk_add(walk, VMP_HOP_GUEST, VMP_ROLE_GUEST, "guest", 0, 2);
	vmp_walk_why(walk, hop, VMP_OBSERVED_NO, "vmpath does not look inside the guest");
	set_ranks(walk->path);
	set_indexes(walk->path);
	add_homes(walk);
	add_internal_ports(walk);
}

int vmp_path_build(const struct vmp_guest *guest, size_t nic, const struct vmp_host *host,
		   const struct vmp_path_hints *hints, struct vmp_path *ret_path, struct vmp_err *err)
{
	struct vmp_path path = {0};
	struct vmp_walk walk = {.guest = guest, .nic = &guest->nics.v[nic], .host = host, .hints = hints ? hints : &no_hints,
				.path = &path};

	build(&walk);
	free(walk.spare.name);
	free(walk.spare.why);
	free(walk.spare.owner);
	if (walk.oom || vmp_path_check(guest, nic, host, walk.hints, &path) < 0) {
		vmp_path_clear(&path);
		return vmp_err_set(err, ENOMEM, "path", guest->name, "finding the path of guest %s: out of memory",
				   guest->name ? guest->name : "?");
	}
	*ret_path = path;
	return 0;
}
