/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vmp_path_find(const struct vmp_path *path, int ifindex)
{
	for (size_t i = 0; ifindex > 0 && i < path->hops.n; i++)
		if (path->hops.v[i].ifindex == ifindex)
			return (int)i;
	return -1;
}

int vmp_path_add_fact(struct vmp_path *path, const char *code, int hop, const char *fmt, ...)
{
	struct vmp_path_fact *fact = vmp_vec_add(&path->facts);
	va_list ap;
	int len;

	if (!fact)
		return -ENOMEM;
	snprintf(fact->code, sizeof(fact->code), "%s", code);
	fact->hop = hop;
	va_start(ap, fmt);
	len = vasprintf(&fact->detail, fmt, ap);
	va_end(ap);
	if (len < 0) {
		fact->detail = NULL;
		return -ENOMEM;
	}
	return 0;
}

bool vmp_path_is_inside(const struct vmp_path *path, const struct vmp_ip *ip)
{
	vmp_vec_foreach (own, &path->own) {
		int hop = vmp_path_find(path, own->ifindex);

		if (hop >= 0 && !path->hops.v[hop].routed && vmp_ip_in_prefix(ip, &own->ip, own->prefix_len))
			return true;
	}
	return false;
}

const struct vmp_lead *vmp_path_lead(const struct vmp_path *path, const struct vmp_ip *ip)
{
	const struct vmp_lead *best = NULL;

	vmp_vec_foreach (lead, &path->leads)
		if (lead->dst.family == ip->family && (!best || lead->prefix_len > best->prefix_len) &&
		    vmp_ip_in_prefix(ip, &lead->dst, lead->prefix_len))
			best = lead;
	return best;
}

void vmp_path_clear(struct vmp_path *path)
{
	vmp_vec_foreach (hop, &path->hops) {
		free(hop->name);
		free(hop->why);
		free(hop->owner);
	}
	vmp_vec_foreach (fact, &path->facts)
		free(fact->detail);
	vmp_vec_free(&path->hops);
	vmp_vec_free(&path->homes);
	vmp_vec_free(&path->leads);
	vmp_vec_free(&path->own);
	vmp_vec_free(&path->host_macs);
	vmp_vec_free(&path->facts);
	memset(path, 0, sizeof(*path));
}
