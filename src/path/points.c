/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hops -> capture points. */
#include "path/path.h"

#include "path/filter.h"

#include <errno.h>
#include <stdio.h>

static bool is_captured(const struct vmp_hop *hop)
{
	return hop->ifindex > 0 && hop->observed != VMP_OBSERVED_NO;
}

static int add_point(const struct vmp_path *path, const struct vmp_hop *hop, const struct vmp_ip *address,
		     const char *operator_filter, bool promisc, vmp_points *points)
{
	struct vmp_filter_parts parts = {.mac = path->has_guest_mac ? &path->guest_mac : NULL, .address = address,
					 .operator_filter = operator_filter, .unicast_only = hop->role == VMP_ROLE_PEER};
	struct vmp_point *point = vmp_vec_add(points);

	if (!point)
		return -ENOMEM;
	if (hop->role == VMP_ROLE_BACKEND)
		parts.all_from = hop->to_guest == VMP_DEV_OUT ? "inbound" : "outbound";
	snprintf(point->name, sizeof(point->name), "%s", hop->name ? hop->name : "");
	point->ifindex = hop->ifindex;
	point->promisc = promisc && hop->role == VMP_ROLE_SWITCH && hop->kind == VMP_HOP_BRIDGE;
	if (hop->routed) {
		parts.routed = path;
		parts.hop = (int)(hop - path->hops.v);
	}
	if (hop->has_tunnel) {
		if (vmp_filter_make(&parts, &point->inner_filter) < 0)
			return -ENOMEM;
		parts.tunnel = &hop->tunnel;
	}
	return vmp_filter_make(&parts, &point->filter);
}

int vmp_path_points(const struct vmp_path *path, const struct vmp_nic *nic, const struct vmp_ip *address,
		    const char *operator_filter, bool promisc, vmp_points *ret_points, int *ret_hop_points,
		    struct vmp_err *err)
{
	vmp_points points = {0};

	(void)nic;
	for (size_t i = 0; i < path->hops.n; i++) {
		ret_hop_points[i] = -1;
		if (!is_captured(&path->hops.v[i]))
			continue;
		ret_hop_points[i] = (int)points.n;
		if (add_point(path, &path->hops.v[i], address, operator_filter, promisc, &points) < 0) {
			vmp_points_clear(&points);
			return vmp_err_set(err, ENOMEM, "path", path->hops.v[i].name,
					   "preparing the capture at %s: out of memory", path->hops.v[i].name);
		}
	}
	*ret_points = points;
	return 0;
}
