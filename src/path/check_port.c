/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of the guest's Linux bridge: state, isolation, flooding, VLANs (net/bridge/br_forward.c, should_deliver). */
#include "path/check.h"
#include "path/walk.h"

/* The kernel disables ports of a bridge that is down, and ports without carrier: those faults have facts of their own. */
static bool may_forward(const struct vmp_check *check, const struct vmp_link *port)
{
	return check->sw->admin_up && port->admin_up && port->carrier;
}

static void check_state(struct vmp_check *check)
{
	const struct vmp_link *backend = check->backend;
	size_t forwarding = 0, blocked = 0;
	int first = -1;

	if (backend && backend->has_port && may_forward(check, backend) && backend->port.state != VMP_PORT_FORWARDING)
		vmp_check_fact(check, "port-not-forwarding", check->path->backend, "port %s of %s is %s", backend->name, check->sw->name,
			       vmp_port_state_name(backend->port.state));
	for (size_t i = 0; i < check->path->hops.n; i++) {
		const struct vmp_link *link = vmp_check_link(check, i);

		if (!vmp_check_feeds_switch(check, i) || !link->has_port || !may_forward(check, link))
			continue;
		forwarding += link->port.state == VMP_PORT_FORWARDING;
		blocked += link->port.state != VMP_PORT_FORWARDING;
		if (link->port.state != VMP_PORT_FORWARDING && first < 0)
			first = (int)i;
	}
	if (blocked > 0) {
		const struct vmp_link *link = vmp_check_link(check, (size_t)first);

		/* Spanning tree blocks a second way on purpose. */
		vmp_check_fact(check, forwarding > 0 ? "uplink-port-blocked" : "port-not-forwarding", first, "port %s of %s is %s",
			       link->name, check->sw->name, vmp_port_state_name(link->port.state));
	}
}

static void check_isolation(struct vmp_check *check)
{
	size_t isolated = 0, uplinks = 0;
	int first = -1;

	if (!check->backend || !check->backend->has_port || !check->backend->port.isolated)
		return;
	for (size_t i = 0; i < check->path->hops.n; i++) {
		const struct vmp_link *link = vmp_check_link(check, i);

		if (!vmp_check_feeds_switch(check, i) || !link->has_port)
			continue;
		uplinks++;
		isolated += link->port.isolated;
		if (link->port.isolated && first < 0)
			first = (int)i;
	}
	if (isolated > 0 && isolated == uplinks)
		vmp_check_fact(check, "port-isolated", check->path->backend,
			       "%s and the uplink port %s are both isolated: the bridge passes nothing between them", check->backend->name,
			       check->path->hops.v[first].name);
	else
		vmp_check_fact(check, "port-isolated-alone", check->path->backend,
			       "%s is isolated: it cannot talk to other isolated ports of %s%s%s", check->backend->name, check->sw->name,
			       first >= 0 ? ", one of them the uplink port " : "", first >= 0 ? check->path->hops.v[first].name : "");
}

static bool mac_is_learned(const struct vmp_check *check)
{
	vmp_vec_foreach (fdb, &check->host->fdb)
		if (!fdb->own && fdb->port == check->backend->ifindex && vmp_mac_equal(&fdb->mac, &check->nic->mac))
			return true;
	return false;
}

static void check_flooding(struct vmp_check *check)
{
	const struct vmp_link *backend = check->backend;
	bool known;

	if (!backend || !backend->has_port || !check->nic->has_mac || check->host->fdb_torn)
		return;
	known = mac_is_learned(check);
	if (!backend->port.flood && !known)
		vmp_check_fact(check, "flood-off", check->path->backend,
			       "%s is not flooded and %s has no entry for the guest's MAC: frames for it go nowhere", backend->name,
			       check->sw->name);
	if (!backend->port.bcast_flood)
		vmp_check_fact(check, "broadcast-off", check->path->backend, "broadcasts are not sent to %s: ARP requests do not arrive",
			       backend->name);
	if (!backend->port.mcast_flood)
		vmp_check_fact(check, "multicast-off", check->path->backend,
			       "unknown multicast is not sent to %s: IPv6 neighbour discovery may not arrive", backend->name);
	if (backend->port.locked && !known)
		vmp_check_fact(check, "port-locked", check->path->backend,
			       "%s is locked and %s has no entry for the guest's MAC: its frames are dropped", backend->name,
			       check->sw->name);
}

/* net/bridge/br_arp_nd_proxy.c: with this on a port the bridge answers ARP and ND for it from what it knows. */
static void check_suppression(struct vmp_check *check)
{
	vmp_vec_foreach (link, &check->host->links) {
		if (link->master != check->sw->ifindex || !link->has_port || !link->port.neigh_suppress)
			continue;
		vmp_check_fact(check, "neigh-suppress", check->path->switch_hop,
			       "%s answers ARP and neighbour solicitations itself instead of sending them to %s", check->sw->name,
			       link->name);
		return;
	}
}

static void check_vlan(struct vmp_check *check)
{
	const struct vmp_link *backend = check->backend;
	size_t uplinks = 0;
	int first = -1;
	uint16_t vid;

	if (!backend || !backend->has_port || !check->sw->vlan_filtering || check->host->links_torn)
		return;
	if (!vmp_walk_pvid(backend, &vid)) {
		vmp_check_fact(check, "guest-vlan-missing", check->path->backend,
			       "port %s of %s has no VLAN for untagged frames: it drops them", backend->name, check->sw->name);
		return;
	}
	for (size_t i = 0; i < check->path->hops.n; i++) {
		const struct vmp_link *link = vmp_check_link(check, i);

		if (!vmp_check_feeds_switch(check, i))
			continue;
		if (vmp_walk_vlan(link, vid))
			return;
		uplinks++;
		if (first < 0)
			first = (int)i;
	}
	if (uplinks > 0)
		vmp_check_fact(check, "guest-vlan-missing", first, "the guest is in VLAN %u of %s, and %s is not", (unsigned int)vid,
			       check->sw->name,
			       uplinks == 1 ? check->path->hops.v[first].name : "none of the uplink ports");
}

void vmp_check_ports(struct vmp_check *check)
{
	static vmp_check_fn *const checks[] = {check_state, check_isolation, check_flooding, check_suppression,
					       check_vlan, NULL};

	/* In a bridge that only the XML names, the backend is no port. */
	if (check->sw)
		vmp_check_run(check, checks);
}
