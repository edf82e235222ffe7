/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VXLAN tunnel device. */
#include "host/attr.h"
#include "host/kind.h"

#include <arpa/inet.h>
#include <linux/if_link.h>

static void vxlan_parse(struct vmp_link *link, const struct vmp_host_raw *raw)
{
	struct nlattr *tb[IFLA_VXLAN_MAX + 1];

	if (!attr_nest(raw->info_data, tb, IFLA_VXLAN_MAX))
		return;
	link->vni = attr_u32(tb[IFLA_VXLAN_ID], 0);
	link->vxlan_external = attr_u8(tb[IFLA_VXLAN_COLLECT_METADATA], 0) != 0;
	link->vxlan_lower = (int)attr_u32(tb[IFLA_VXLAN_LINK], 0);
	if (!attr_ip(tb[IFLA_VXLAN_GROUP], &link->vxlan_remote))
		attr_ip(tb[IFLA_VXLAN_GROUP6], &link->vxlan_remote);
	link->vxlan_port = ntohs(attr_u16(tb[IFLA_VXLAN_PORT], 0));
}

const struct vmp_host_kind vmp_host_kind_vxlan = {.name = "vxlan", .kind = VMP_LINK_VXLAN, .parse = vxlan_parse};
