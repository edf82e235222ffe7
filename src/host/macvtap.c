/* SPDX-License-Identifier: GPL-2.0-or-later */
/* macvtap (a guest behind it) and macvlan (a namespace or container behind it): both carry the same attributes. */
#include "host/attr.h"
#include "host/kind.h"

#include <linux/if_link.h>

static void macvlan_parse(struct vmp_link *link, const struct vmp_host_raw *raw)
{
	struct nlattr *tb[IFLA_MACVLAN_MAX + 1];

	if (!attr_nest(raw->info_data, tb, IFLA_MACVLAN_MAX))
		return;
	link->macvlan_mode = attr_u32(tb[IFLA_MACVLAN_MODE], 0);
}

const struct vmp_host_kind vmp_host_kind_macvtap = {
	.name = "macvtap", .kind = VMP_LINK_MACVTAP, .parse = macvlan_parse};
const struct vmp_host_kind vmp_host_kind_macvlan = {
	.name = "macvlan", .kind = VMP_LINK_MACVLAN, .parse = macvlan_parse};
