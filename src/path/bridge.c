/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A backend that is a port of a Linux bridge. */
#include "path/walk.h"

static bool bridge_takes(const struct vmp_walk *walk)
{
	return walk->master && walk->master->kind == VMP_LINK_BRIDGE;
}

static void bridge_run(struct vmp_walk *walk)
{
	const struct vmp_link *bridge = walk->master;
	struct vmp_hop *hop;

	walk->path->mode = VMP_PATH_BRIDGED;
	vmp_walk_ways_out(walk, bridge, walk->backend, 0);
	hop = vmp_walk_add(walk, VMP_HOP_BRIDGE, VMP_ROLE_SWITCH, bridge->name, bridge->ifindex, 0);
	hop->to_guest = VMP_DEV_OUT;
	if (!walk->hints->promisc)
		vmp_walk_why(walk, hop, VMP_OBSERVED_PARTLY,
			     "without promiscuous mode a bridge shows only frames to or from the host itself");
	vmp_walk_peers(walk, bridge);
}

const struct vmp_walker vmp_walker_bridge = {bridge_takes, bridge_run};
