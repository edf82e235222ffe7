/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/kind.h"

#include <string.h>

static const struct vmp_host_kind *const kinds[] = {
	&vmp_host_kind_bridge, &vmp_host_kind_bond, &vmp_host_kind_team, &vmp_host_kind_vlan, &vmp_host_kind_vxlan,
	&vmp_host_kind_macvtap, &vmp_host_kind_macvlan, &vmp_host_kind_tun, &vmp_host_kind_veth, &vmp_host_kind_ovs,
	/* Without a kind: the special before the general. */
	&vmp_host_kind_loopback, &vmp_host_kind_vif, &vmp_host_kind_nic,
};

static bool handles(const struct vmp_host_kind *kind, const struct vmp_link *link, const struct vmp_host_raw *raw)
{
	if (link->kind_name[0] != '\0')
		return kind->name && strcmp(kind->name, link->kind_name) == 0;
	return kind->is_one && kind->is_one(link, raw);
}

void vmp_host_classify(struct vmp_link *link, const struct vmp_host_raw *raw)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!handles(kinds[i], link, raw))
			continue;
		link->kind = kinds[i]->kind;
		if (kinds[i]->parse)
			kinds[i]->parse(link, raw);
		return;
	}
	link->kind = VMP_LINK_OTHER;
}
