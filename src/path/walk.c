/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all walkers share. */
#include "path/walk.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vmp_hop *vmp_walk_add(struct vmp_walk *walk, enum vmp_hop_kind kind, enum vmp_role role, const char *name, int ifindex,
			     int rank)
{
	struct vmp_hop *hop = vmp_vec_add(&walk->path->hops);

	if (!hop) {
		walk->oom = true;
		hop = &walk->spare;
	} else if (vmp_str_set(&hop->name, name) < 0) {
		walk->oom = true;
	}
	hop->kind = kind;
	hop->role = role;
	hop->ifindex = ifindex;
	hop->rank = rank;
	hop->to_guest = VMP_DEV_IN;
	hop->observed = VMP_OBSERVED_YES;
	hop->shown = true;
	return hop;
}

void vmp_walk_why(struct vmp_walk *walk, struct vmp_hop *hop, enum vmp_observed observed, const char *fmt, ...)
{
	va_list ap;

	hop->observed = observed;
	free(hop->why);
	va_start(ap, fmt);
	if (vasprintf(&hop->why, fmt, ap) < 0) {
		hop->why = NULL;
		walk->oom = true;
	}
	va_end(ap);
}

void vmp_walk_fact(struct vmp_walk *walk, const char *code, int hop, const char *detail)
{
	if (vmp_path_add_fact(walk->path, code, hop, "%s", detail) < 0)
		walk->oom = true;
}

bool vmp_walk_seen(const struct vmp_walk *walk, const struct vmp_link *sw)
{
	for (size_t i = 0; i < walk->n_switches; i++)
		if (walk->switches[i] == sw->ifindex)
			return true;
	return walk->n_switches == VMP_WALK_DEPTH_MAX;
}

enum vmp_hop_kind vmp_walk_kind(const struct vmp_link *link)
{
	static const enum vmp_hop_kind kinds[] = {
		[VMP_LINK_OTHER] = VMP_HOP_OTHER,     [VMP_LINK_NIC] = VMP_HOP_NIC,         [VMP_LINK_LOOPBACK] = VMP_HOP_OTHER,
		[VMP_LINK_BRIDGE] = VMP_HOP_BRIDGE,   [VMP_LINK_TAP] = VMP_HOP_TAP,         [VMP_LINK_TUN] = VMP_HOP_OTHER,
		[VMP_LINK_MACVTAP] = VMP_HOP_MACVTAP, [VMP_LINK_MACVLAN] = VMP_HOP_OTHER,   [VMP_LINK_VETH] = VMP_HOP_VETH,
		[VMP_LINK_VLAN] = VMP_HOP_VLAN,       [VMP_LINK_BOND] = VMP_HOP_BOND,       [VMP_LINK_TEAM] = VMP_HOP_BOND,
		[VMP_LINK_VXLAN] = VMP_HOP_VXLAN,     [VMP_LINK_OVS] = VMP_HOP_OVS,         [VMP_LINK_VIF] = VMP_HOP_VIF,
	};

	return (size_t)link->kind < sizeof(kinds) / sizeof(*kinds) ? kinds[link->kind] : VMP_HOP_OTHER;
}

const struct vmp_link *vmp_walk_veth_peer(const struct vmp_host *host, const struct vmp_link *link)
{
	return link->kind == VMP_LINK_VETH && link->has_lower && !link->lower_elsewhere ? vmp_host_link(host, link->lower) : NULL;
}

const char *vmp_walk_xml_bridge(const struct vmp_nic *nic)
{
	return nic->bridge ? nic->bridge : nic->type == VMP_NIC_BRIDGE ? nic->source : NULL;
}

const struct vmp_link *vmp_walk_xen_twin(const struct vmp_host *host, const char *name)
{
	static const char emulated[] = "-emu";
	size_t len = strlen(name), cut = sizeof(emulated) - 1;
	char twin[VMP_IFNAMSIZ + sizeof(emulated)];

	if (strncmp(name, "vif", 3) != 0 || len >= VMP_IFNAMSIZ)
		return NULL;
	if (len > cut && strcmp(name + len - cut, emulated) == 0)
		snprintf(twin, sizeof(twin), "%.*s", (int)(len - cut), name);
	else
		snprintf(twin, sizeof(twin), "%s%s", name, emulated);
	return vmp_host_link_named(host, twin);
}

bool vmp_walk_pvid(const struct vmp_link *port, uint16_t *ret_vid)
{
	vmp_vec_foreach (vlan, &port->vlans) {
		if (!vlan->pvid)
			continue;
		*ret_vid = vlan->vid;
		return true;
	}
	return false;
}

const struct vmp_link_vlan *vmp_walk_vlan(const struct vmp_link *port, uint16_t vid)
{
	vmp_vec_foreach (vlan, &port->vlans)
		if (vlan->vid == vid)
			return vlan;
	return NULL;
}
