/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bond and team: one device over several. */
#include "host/attr.h"
#include "host/kind.h"

#include <linux/if_link.h>

static void bond_parse(struct vmp_link *link, const struct vmp_host_raw *raw)
{
	struct nlattr *tb[IFLA_BOND_MAX + 1];

	if (!attr_nest(raw->info_data, tb, IFLA_BOND_MAX))
		return;
	link->has_bond_mode = attr_has(tb[IFLA_BOND_MODE], 1);
	link->bond_mode = attr_u8(tb[IFLA_BOND_MODE], 0);
	link->bond_active = (int)attr_u32(tb[IFLA_BOND_ACTIVE_SLAVE], 0);
}

const struct vmp_host_kind vmp_host_kind_bond = {.name = "bond", .kind = VMP_LINK_BOND, .parse = bond_parse};

/* A team's mode lives in its daemon and in generic netlink: its ports are known by their master alone. */
const struct vmp_host_kind vmp_host_kind_team = {.name = "team", .kind = VMP_LINK_TEAM};
