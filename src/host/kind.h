/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each kind of link tells of itself: one handler per kind, one file per handler. Inside host/ only. */
#ifndef VMP_HOST_KIND_H
#define VMP_HOST_KIND_H

#include "model/host.h"

#include <netlink/attr.h>
#include <stdbool.h>

/* What a handler may go by beside IFLA_INFO_DATA. Pointers are borrowed from the message, NULL when it does not say. */
struct vmp_host_raw {
	unsigned short arphrd;          /* ARPHRD_* of ifinfomsg */
	unsigned int flags;             /* IFF_* */
	char bus[24];                   /* IFLA_PARENT_DEV_BUS_NAME (5.14): "pci", "xen-backend", "" when not told */
	const struct nlattr *info_data; /* IFLA_INFO_DATA */
};

struct vmp_host_kind {
	const char *name;               /* IFLA_INFO_KIND; NULL: for links that name no kind */
	enum vmp_link_kind kind;
	/* For links that name no kind: whether this is one. The first handler that says yes has it. */
	bool (*is_one)(const struct vmp_link *link, const struct vmp_host_raw *raw);
	/* Fill the members of link that only this kind has; may correct link->kind. NULL: none. */
	void (*parse)(struct vmp_link *link, const struct vmp_host_raw *raw);
};

extern const struct vmp_host_kind vmp_host_kind_bridge, vmp_host_kind_bond, vmp_host_kind_team, vmp_host_kind_vlan,
	vmp_host_kind_vxlan, vmp_host_kind_macvtap, vmp_host_kind_macvlan, vmp_host_kind_tun, vmp_host_kind_veth,
	vmp_host_kind_ovs, vmp_host_kind_vif, vmp_host_kind_loopback, vmp_host_kind_nic;

/* Port settings out of IFLA_BRPORT_* attributes (bridge.c). nest: IFLA_PROTINFO or IFLA_INFO_SLAVE_DATA, borrowed. */
void vmp_host_bridge_port(struct vmp_link *link, const struct nlattr *nest);

/* VLAN table out of IFLA_AF_SPEC of an AF_BRIDGE message (bridge.c). Returns 0 or -ENOMEM. */
int vmp_host_bridge_vlans(struct vmp_link *link, const struct nlattr *nest);

/* Find the handler of a link, set its kind and let the handler fill it (kind.c). link->kind_name is set already. */
void vmp_host_classify(struct vmp_link *link, const struct vmp_host_raw *raw);

#endif
