/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VLAN device (8021q) over another device. */
#include "host/attr.h"
#include "host/kind.h"

#include <linux/if_link.h>

static void vlan_parse(struct vmp_link *link, const struct vmp_host_raw *raw)
{
	struct nlattr *tb[IFLA_VLAN_MAX + 1];

	if (!attr_nest(raw->info_data, tb, IFLA_VLAN_MAX))
		return;
	link->vlan_id = attr_u16(tb[IFLA_VLAN_ID], 0) & 0xfff;
}

const struct vmp_host_kind vmp_host_kind_vlan = {.name = "vlan", .kind = VMP_LINK_VLAN, .parse = vlan_parse};
