/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's MAC: where the switch thinks it is, and who else has it. */
#include "path/check.h"
#include "path/walk.h"

#include <string.h>

static const char *name_of(const struct vmp_check *check, int ifindex)
{
	const struct vmp_link *link = vmp_host_link(check->host, ifindex);

	return link ? link->name : "a device that is gone";
}

/* A row about another VLAN than the guest's: the same MAC may well live elsewhere there. */
static bool is_other_vlan(const struct vmp_check *check, const struct vmp_fdb *fdb)
{
	uint16_t vid;

	return fdb->has_vlan && check->sw->vlan_filtering && vmp_walk_pvid(check->backend, &vid) && fdb->vlan != vid;
}

static void check_fdb(struct vmp_check *check)
{
	const struct vmp_link *twin;

	if (!check->sw || !check->backend || !check->nic->has_mac)
		return;
	twin = vmp_walk_xen_twin(check->host, check->backend->name);
	vmp_vec_foreach (fdb, &check->host->fdb) {
		if (fdb->bridge != check->sw->ifindex || fdb->own || fdb->local || fdb->port == check->backend->ifindex ||
		    (twin && fdb->port == twin->ifindex) || !vmp_mac_equal(&fdb->mac, &check->nic->mac) || is_other_vlan(check, fdb))
			continue;
		vmp_check_fact(check, "mac-on-other-port", vmp_path_find(check->path, fdb->port),
			       "%s sends frames for the guest's MAC to port %s (%s)", check->sw->name, name_of(check, fdb->port),
			       fdb->is_static ? "set by hand" : "learned");
	}
}

/* Frames to a MAC that the bridge holds for its own go up into the host instead of on to the guest. */
static void check_local(struct vmp_check *check)
{
	if (!check->sw || !check->nic->has_mac)
		return;
	if (vmp_mac_equal(&check->sw->mac, &check->nic->mac)) {
		vmp_check_fact(check, "mac-local", check->path->switch_hop, "%s itself has the guest's MAC", check->sw->name);
		return;
	}
	vmp_vec_foreach (fdb, &check->host->fdb) {
		if (fdb->bridge != check->sw->ifindex || !fdb->local || !vmp_mac_equal(&fdb->mac, &check->nic->mac))
			continue;
		vmp_check_fact(check, "mac-local", check->path->switch_hop, "%s takes the guest's MAC for the host's own (%s)",
			       check->sw->name, name_of(check, fdb->port));
		return;
	}
	vmp_vec_foreach (port, &check->host->links) {
		if (port->master != check->sw->ifindex || !vmp_mac_equal(&port->mac, &check->nic->mac))
			continue;
		vmp_check_fact(check, "mac-local", check->path->switch_hop, "port %s of %s has the guest's own MAC", port->name,
			       check->sw->name);
		return;
	}
}

static void check_macvtap(struct vmp_check *check)
{
	char own[VMP_MAC_STRLEN], wanted[VMP_MAC_STRLEN];

	if (!check->backend || check->backend->kind != VMP_LINK_MACVTAP || !check->nic->has_mac ||
	    vmp_mac_equal(&check->backend->mac, &check->nic->mac))
		return;
	vmp_check_fact(check, "macvtap-mac-differs", check->path->backend,
		       "%s takes frames for %s only, and the domain XML gives the guest %s", check->backend->name,
		       vmp_mac_format(&check->backend->mac, own), vmp_mac_format(&check->nic->mac, wanted));
}

/* Two devices hear each other when they share a bridge or the device below them. */
static bool share_segment(const struct vmp_link *a, const struct vmp_link *b)
{
	if (a->master && a->master == b->master)
		return true;
	return a->kind == VMP_LINK_MACVTAP && b->kind == VMP_LINK_MACVTAP && a->has_lower && b->has_lower && a->lower == b->lower;
}

static void check_duplicate(struct vmp_check *check)
{
	if (!check->backend || !check->nic->has_mac)
		return;
	for (size_t i = 0; i < check->hints->n_owners; i++) {
		const struct vmp_path_owner *owner = &check->hints->owners[i];
		const struct vmp_link *link = owner->target ? vmp_host_link_named(check->host, owner->target) : NULL;

		if (!link || link == check->backend || strcmp(owner->target, check->nic->target) == 0 ||
		    !vmp_mac_equal(&owner->mac, &check->nic->mac) || !share_segment(check->backend, link))
			continue;
		vmp_check_fact(check, "duplicate-mac", check->path->backend, "guest %s has the same MAC on %s, in the same network",
			       owner->guest ? owner->guest : "?", owner->target);
	}
}

static void check_duplicate_in_guest(struct vmp_check *check)
{
	vmp_vec_foreach (nic, &check->guest->nics) {
		const struct vmp_link *link = nic->target ? vmp_host_link_named(check->host, nic->target) : NULL;

		if (nic == check->nic || !link || !check->backend || link == check->backend || !nic->has_mac || !check->nic->has_mac ||
		    !vmp_mac_equal(&nic->mac, &check->nic->mac) || !share_segment(check->backend, link))
			continue;
		/* With hints this pair was told above already. */
		if (check->hints->n_owners == 0)
			vmp_check_fact(check, "duplicate-mac", check->path->backend,
				       "another interface of this guest (%s) has the same MAC, in the same network", nic->target);
	}
}

void vmp_check_macs(struct vmp_check *check)
{
	static vmp_check_fn *const checks[] = {check_fdb, check_local, check_macvtap, check_duplicate, check_duplicate_in_guest, NULL};

	vmp_check_run(check, checks);
}
