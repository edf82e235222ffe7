/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A macvtap: the device below it is the way out, and there is no switch with ports to see. Other macvtaps on that device
 * are no hops: macvlan hands their frames around below the packet sockets (drivers/net/macvlan.c, macvlan_queue_xmit).
 */
#include "path/walk.h"

static bool macvtap_takes(const struct vmp_walk *walk)
{
	if (walk->backend)
		return walk->backend->kind == VMP_LINK_MACVTAP || walk->backend->kind == VMP_LINK_MACVLAN;
	return walk->nic->type == VMP_NIC_DIRECT;
}

static const struct vmp_link *lower_device(const struct vmp_walk *walk)
{
	const struct vmp_link *link = walk->backend;

	if (link)
		return link->has_lower && !link->lower_elsewhere ? vmp_host_link(walk->host, link->lower) : NULL;
	return walk->nic->source ? vmp_host_link_named(walk->host, walk->nic->source) : NULL;
}

static void macvtap_run(struct vmp_walk *walk)
{
	const struct vmp_link *lower = lower_device(walk);
	struct vmp_way way = {.rank = 0, .to_guest = VMP_DEV_IN};

	walk->path->mode = VMP_PATH_MACVTAP;
	if (lower)
		vmp_walk_way(walk, lower, &way);
}

const struct vmp_walker vmp_walker_macvtap = {macvtap_takes, macvtap_run};
