/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux bridge: the device itself, its ports, its VLAN tables. */
#include "host/attr.h"
#include "host/kind.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>

/* Attributes that came after the oldest headers vmpath is built with (linux/if_link.h; they are ABI). */
enum { BRPORT_ISOLATED = 33, BRPORT_LOCKED = 39, BRPORT_LAST = BRPORT_LOCKED };

static void bridge_parse(struct vmp_link *link, const struct vmp_host_raw *raw)
{
	struct nlattr *tb[IFLA_BR_MAX + 1];

	if (!attr_nest(raw->info_data, tb, IFLA_BR_MAX))
		return;
	link->vlan_filtering = attr_u8(tb[IFLA_BR_VLAN_FILTERING], 0) != 0;
	link->stp = attr_u32(tb[IFLA_BR_STP_STATE], 0) != 0;
	link->mcast_snooping = attr_u8(tb[IFLA_BR_MCAST_SNOOPING], 0) != 0;
	link->nf_call_iptables = attr_u8(tb[IFLA_BR_NF_CALL_IPTABLES], 0) != 0;
	link->nf_call_ip6tables = attr_u8(tb[IFLA_BR_NF_CALL_IP6TABLES], 0) != 0;
}

const struct vmp_host_kind vmp_host_kind_bridge = {.name = "bridge", .kind = VMP_LINK_BRIDGE, .parse = bridge_parse};

void vmp_host_bridge_port(struct vmp_link *link, const struct nlattr *nest)
{
	struct nlattr *tb[BRPORT_LAST + 1];
	struct vmp_port *port = &link->port;
	uint8_t state;

	if (!attr_nest(nest, tb, BRPORT_LAST) || !attr_has(tb[IFLA_BRPORT_STATE], 1))
		return;
	state = nla_get_u8(tb[IFLA_BRPORT_STATE]);
	if (state > BR_STATE_BLOCKING)
		return;
	/* What an older kernel does not tell, it does not have: then every frame is flooded and nothing is held back. */
	port->state = (enum vmp_port_state)state;
	port->isolated = attr_u8(tb[BRPORT_ISOLATED], 0) != 0;
	port->locked = attr_u8(tb[BRPORT_LOCKED], 0) != 0;
	port->hairpin = attr_u8(tb[IFLA_BRPORT_MODE], 0) != 0;
	port->learning = attr_u8(tb[IFLA_BRPORT_LEARNING], 1) != 0;
	port->flood = attr_u8(tb[IFLA_BRPORT_UNICAST_FLOOD], 1) != 0;
	port->mcast_flood = attr_u8(tb[IFLA_BRPORT_MCAST_FLOOD], 1) != 0;
	port->bcast_flood = attr_u8(tb[IFLA_BRPORT_BCAST_FLOOD], 1) != 0;
	port->neigh_suppress = attr_u8(tb[IFLA_BRPORT_NEIGH_SUPPRESS], 0) != 0;
	link->has_port = true;
}

static int add_vlans(struct vmp_link *link, unsigned int first, const struct bridge_vlan_info *info)
{
	for (unsigned int vid = first; vid <= info->vid && vid < 4096; vid++) {
		struct vmp_link_vlan *vlan = vmp_vec_add(&link->vlans);

		if (!vlan)
			return -ENOMEM;
		vlan->vid = (uint16_t)vid;
		vlan->pvid = (info->flags & BRIDGE_VLAN_INFO_PVID) != 0;
		vlan->untagged = (info->flags & BRIDGE_VLAN_INFO_UNTAGGED) != 0;
	}
	return 0;
}

int vmp_host_bridge_vlans(struct vmp_link *link, const struct nlattr *nest)
{
	unsigned int first = 0;
	struct nlattr *attr;
	int left, err;

	vmp_vec_free(&link->vlans);
	if (!nest)
		return 0;
	nla_for_each_nested(attr, nest, left) {
		struct bridge_vlan_info info;

		if (nla_type(attr) != IFLA_BRIDGE_VLAN_INFO || !attr_has(attr, sizeof(info)))
			continue;
		if (link->vlans.n >= 4096)
			return 0;
		memcpy(&info, nla_data(attr), sizeof(info));
		if (info.flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
			first = info.vid;
			continue;
		}
		err = add_vlans(link, info.flags & BRIDGE_VLAN_INFO_RANGE_END ? first : info.vid, &info);
		if (err < 0)
			return err;
	}
	return 0;
}
