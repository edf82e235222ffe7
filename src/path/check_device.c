/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of the path: up, carrying, large enough, and what is hooked into them. */
#include "path/check.h"

static bool is_uplink_side(const struct vmp_hop *hop)
{
	return hop->role == VMP_ROLE_UPLINK || hop->role == VMP_ROLE_TRANSIT;
}

/* True when another device of the same sort, at the same distance, is up and carries. */
static bool has_working_sibling(const struct vmp_check *check, size_t hop)
{
	const struct vmp_path *path = check->path;

	for (size_t i = 0; i < path->hops.n; i++) {
		const struct vmp_link *link = vmp_check_link(check, i);

		if (i != hop && link && is_uplink_side(&path->hops.v[i]) && path->hops.v[i].rank == path->hops.v[hop].rank &&
		    link->kind != VMP_LINK_BRIDGE && link->kind != VMP_LINK_OVS && link->admin_up && link->carrier)
			return true;
	}
	return false;
}

static void check_uplinks(struct vmp_check *check)
{
	for (size_t i = 0; i < check->path->hops.n; i++) {
		const struct vmp_hop *hop = &check->path->hops.v[i];
		const struct vmp_link *link = vmp_check_link(check, i);
		bool spare;

		if (!link || (!is_uplink_side(hop) && hop->role != VMP_ROLE_ROUTED))
			continue;
		if (hop->inactive)
			vmp_check_fact(check, "inactive-slave", (int)i, "%s is the inactive slave of an active-backup bond: frames that "
				       "arrive on it are dropped", link->name);
		/* A down datapath device does not stop Open vSwitch, nor a bridge without an address of its own. */
		if (link->kind == VMP_LINK_OVS || (link->admin_up && link->carrier))
			continue;
		spare = has_working_sibling(check, i);
		if (!link->admin_up)
			vmp_check_fact(check, spare ? "one-uplink-down" : "uplink-down", (int)i, "%s is down", link->name);
		else
			vmp_check_fact(check, spare ? "one-uplink-no-carrier" : "no-carrier", (int)i, "%s has no carrier", link->name);
	}
}

static void check_bridge(struct vmp_check *check)
{
	if (check->sw && !check->sw->admin_up)
		vmp_check_fact(check, "bridge-down", check->path->switch_hop, "%s is down: it forwards nothing", check->sw->name);
}

static void check_backend(struct vmp_check *check)
{
	const struct vmp_link *backend = check->backend;

	if (!backend)
		return;
	if (!backend->admin_up)
		vmp_check_fact(check, "backend-down", check->path->backend, "%s is down", backend->name);
	else if (!backend->carrier)
		vmp_check_fact(check, "no-carrier", check->path->backend, "%s has no carrier: %s", backend->name,
			       backend->kind == VMP_LINK_VIF     ? "the guest's driver does not take packets, or is not connected"
			       : backend->kind == VMP_LINK_TAP   ? "no process has it open"
			       : backend->kind == VMP_LINK_MACVTAP ? "the device below it has none"
								   : "its other end is down");
}

/* Frames to the guest do not fit the backend, or frames of the guest do not fit the way out. */
static void check_mtu_at_backend(struct vmp_check *check)
{
	const struct vmp_link *backend = check->backend;

	for (size_t i = 0; backend && i < check->path->hops.n; i++) {
		const struct vmp_link *link = vmp_check_link(check, i);
		bool routed = check->path->mode == VMP_PATH_ROUTED && (int)i == check->path->switch_hop;

		if (!link || (!routed && !vmp_check_feeds_switch(check, i)))
			continue;
		if (backend->mtu < link->mtu)
			vmp_check_fact(check, "mtu-smaller", check->path->backend, "%s has MTU %u, %s before it %u", backend->name,
				       backend->mtu, link->name, link->mtu);
		else if (link->mtu < backend->mtu)
			vmp_check_fact(check, "mtu-smaller", (int)i, "%s has MTU %u, the guest's %s %u", link->name, link->mtu,
				       backend->name, backend->mtu);
	}
}

/* A device that stands on a smaller one: the kernel forbids it for VLANs, not for what changes later. */
static void check_mtu_below(struct vmp_check *check)
{
	for (size_t i = 0; i < check->path->hops.n; i++) {
		const struct vmp_link *upper = vmp_check_link(check, i);

		if (!upper || !is_uplink_side(&check->path->hops.v[i]))
			continue;
		for (size_t j = 0; j < check->path->hops.n; j++) {
			const struct vmp_link *lower = vmp_check_link(check, j);
			bool below = lower && is_uplink_side(&check->path->hops.v[j]) &&
				     (lower->master == upper->ifindex ||
				      (upper->has_lower && !upper->lower_elsewhere && upper->lower == lower->ifindex));

			if (below && lower->kind != VMP_LINK_BRIDGE && upper->kind != VMP_LINK_BRIDGE &&
			    upper->kind != VMP_LINK_OVS && lower->mtu < upper->mtu &&
			    check->path->hops.v[j].rank < check->path->hops.v[i].rank)
				vmp_check_fact(check, "mtu-smaller", (int)j, "%s has MTU %u, %s on top of it %u", lower->name,
					       lower->mtu, upper->name, upper->mtu);
		}
	}
}

static void check_guest_mtu(struct vmp_check *check)
{
	if (check->backend && check->nic->has_mtu && check->nic->mtu > check->backend->mtu)
		vmp_check_fact(check, "mtu-smaller", check->path->backend, "%s has MTU %u, the domain XML tells the guest %u",
			       check->backend->name, check->backend->mtu, check->nic->mtu);
}

static void check_xdp(struct vmp_check *check)
{
	for (size_t i = 0; i < check->path->hops.n; i++) {
		const struct vmp_link *link = vmp_check_link(check, i);

		if (link && link->has_xdp && check->path->hops.v[i].role != VMP_ROLE_PEER)
			vmp_check_fact(check, "xdp-attached", (int)i,
				       "an XDP program is attached to %s: what it drops, no capture on %s sees", link->name, link->name);
	}
}

static void check_bridge_nf(struct vmp_check *check)
{
	const struct vmp_link *sw = check->sw;

	if (sw && check->path->mode == VMP_PATH_BRIDGED && (sw->nf_call_iptables || sw->nf_call_ip6tables))
		vmp_check_fact(check, "bridge-nf-on", check->path->switch_hop, "frames through %s pass the host's %s rules too", sw->name,
			       !sw->nf_call_ip6tables  ? "IPv4 (iptables)"
			       : !sw->nf_call_iptables ? "IPv6 (ip6tables)"
						       : "IPv4 and IPv6 (iptables)");
}

void vmp_check_devices(struct vmp_check *check)
{
	static vmp_check_fn *const checks[] = {check_uplinks,   check_bridge, check_backend,   check_mtu_at_backend, check_mtu_below,
					       check_guest_mtu, check_xdp,    check_bridge_nf, NULL};

	vmp_check_run(check, checks);
}
