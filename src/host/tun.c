/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tun/tap: layer 2 with a guest behind it, or layer 3 without. */
#include "host/attr.h"
#include "host/kind.h"

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>

static void tun_parse(struct vmp_link *link, const struct vmp_host_raw *raw)
{
	struct nlattr *tb[IFLA_TUN_MAX + 1];
	uint8_t type;

	/* Before 4.20 tun told nothing of itself, but a tap was an Ethernet device then too. */
	link->kind = raw->arphrd == ARPHRD_ETHER ? VMP_LINK_TAP : VMP_LINK_TUN;
	if (!attr_nest(raw->info_data, tb, IFLA_TUN_MAX))
		return;
	type = attr_u8(tb[IFLA_TUN_TYPE], 0);
	if (type == IFF_TAP || type == IFF_TUN)
		link->kind = type == IFF_TAP ? VMP_LINK_TAP : VMP_LINK_TUN;
	link->tun_vnet_hdr = attr_u8(tb[IFLA_TUN_VNET_HDR], 0) != 0;
	link->tun_multi_queue = attr_u8(tb[IFLA_TUN_MULTI_QUEUE], 0) != 0;
	link->tun_persist = attr_u8(tb[IFLA_TUN_PERSIST], 0) != 0;
}

const struct vmp_host_kind vmp_host_kind_tun = {.name = "tun", .kind = VMP_LINK_TUN, .parse = tun_parse};
