/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links that name no kind: the loopback device, and every Ethernet device with a driver of its own. */
#include "host/kind.h"

#include <net/if.h>
#include <net/if_arp.h>

static bool loopback_is_one(const struct vmp_link *link, const struct vmp_host_raw *raw)
{
	(void)link;
	return (raw->flags & IFF_LOOPBACK) != 0;
}

static bool nic_is_one(const struct vmp_link *link, const struct vmp_host_raw *raw)
{
	(void)link;
	return raw->arphrd == ARPHRD_ETHER;
}

const struct vmp_host_kind vmp_host_kind_loopback = {.kind = VMP_LINK_LOOPBACK, .is_one = loopback_is_one};
const struct vmp_host_kind vmp_host_kind_nic = {.kind = VMP_LINK_NIC, .is_one = nic_is_one};
