/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A backend that is a port of Open vSwitch's kernel datapath. All its bridges share one datapath device, and the kernel tells
 * nothing of patch ports, flows and VLANs: every other port that leads out may carry the guest's traffic.
 */
#include "path/walk.h"

#include <string.h>

static bool ovs_takes(const struct vmp_walk *walk)
{
	return walk->master && walk->master->kind == VMP_LINK_OVS;
}

static void ovs_run(struct vmp_walk *walk)
{
	const char *name = vmp_walk_xml_bridge(walk->nic);
	const struct vmp_link *datapath = walk->master;
	/* The bridge's own device is an internal port of that name. */
	const struct vmp_link *bridge = name ? vmp_host_link_named(walk->host, name) : NULL;
	struct vmp_hop *hop;

	if (!bridge || bridge->kind != VMP_LINK_OVS)
		bridge = datapath;
	walk->path->mode = VMP_PATH_OVS;
	vmp_walk_ways_out(walk, datapath, walk->backend, 0);
	hop = vmp_walk_add(walk, VMP_HOP_OVS, VMP_ROLE_SWITCH, bridge->name, bridge->ifindex, 0);
	vmp_walk_why(walk, hop, VMP_OBSERVED_NO,
		     "what Open vSwitch does with a frame is in its flow tables; ovs-appctl ofproto/trace tells");
	vmp_walk_peers(walk, datapath);
}

const struct vmp_walker vmp_walker_ovs = {ovs_takes, ovs_run};
