/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's table of connections says of a routed guest's: how they look outside. A connection of the guest has it as the source
 * of its original tuple, one from outside as the source of its reply; the other tuple shows the outside.
 */
#include "path/path.h"

#include <errno.h>
#include <string.h>

enum { OUTSIDE_MAX = 16, ICMP = 1, ICMP6 = 58 };

static bool is_host(const struct vmp_path *path, const struct vmp_ip *ip)
{
	vmp_vec_foreach (own, &path->own)
		if (vmp_ip_equal(&own->ip, ip))
			return true;
	return false;
}

static bool is_guest(const struct vmp_path *path, const struct vmp_nic *nic, const struct vmp_ip *ip)
{
	return vmp_nic_has_address(nic, ip) && !is_host(path, ip);
}

/* False when it does not cross an uplink that is watched, or is translated nowhere. */
static bool read_one(const struct vmp_path *path, const struct vmp_nic *nic, const struct vmp_tracked *tracked,
		     struct vmp_translation *ret_one)
{
	const struct vmp_tuple *original = &tracked->original, *reply = &tracked->reply;
	bool leaves = is_guest(path, nic, &original->src), comes = is_guest(path, nic, &reply->src);
	bool echo = tracked->proto == ICMP || tracked->proto == ICMP6;
	struct vmp_translation one = {.source = VMP_TRANSLATION_CONNTRACK, .proto = tracked->proto, .left_s = tracked->left_s};
	const struct vmp_tuple *inside = leaves ? original : reply, *outside = leaves ? reply : original;
	const struct vmp_lead *lead;

	if (leaves == comes)
		return false;
	one.guest = inside->src;
	one.guest_port = inside->sport;
	one.peer = inside->dst;
	one.peer_port = echo ? 0 : inside->dport;
	one.outside = outside->dst;
	one.outside_port = outside->dport;
	one.far = outside->src;
	one.far_port = echo ? 0 : outside->sport;
	lead = vmp_path_lead(path, &one.far);
	if (!lead || lead->hop < 0 || (vmp_ip_equal(&one.guest, &one.outside) && one.guest_port == one.outside_port &&
				       vmp_ip_equal(&one.peer, &one.far) && one.peer_port == one.far_port))
		return false;
	one.hop = lead->hop;
	*ret_one = one;
	return true;
}

int vmp_path_tracked(const struct vmp_path *path, const struct vmp_nic *nic, const struct vmp_ip *address,
		     const struct vmp_tracking *tracking, uint64_t since_ns, vmp_translations *ret_translations)
{
	vmp_vec_foreach (tracked, &tracking->connections) {
		struct vmp_translation one, *slot;

		if (!read_one(path, nic, tracked, &one))
			continue;
		if (address && !vmp_nic_has_address(nic, address) && !vmp_ip_equal(address, &one.peer) && !vmp_ip_equal(address, &one.far))
			continue;
		slot = vmp_vec_add(ret_translations);
		if (!slot)
			return -ENOMEM;
		one.since_ns = since_ns;
		*slot = one;
	}
	return 0;
}

int vmp_path_add_outside(struct vmp_path *path, const struct vmp_nic *nic, const struct vmp_tracking *tracking)
{
	size_t most = path->own.n + OUTSIDE_MAX;

	path->flowtables = tracking->flowtables;
	path->leads_unsure = path->leads_unsure || tracking->policies;
	vmp_vec_foreach (tracked, &tracking->connections) {
		struct vmp_translation one;
		struct vmp_host_address *own;

		path->flowtables = path->flowtables || tracked->offloaded;
		if (!read_one(path, nic, tracked, &one) || path->own.n >= most || is_host(path, &one.outside) ||
		    vmp_ip_equal(&one.guest, &one.outside))
			continue;
		own = vmp_vec_add(&path->own);
		if (!own)
			return -ENOMEM;
		*own = (struct vmp_host_address){path->hops.v[one.hop].ifindex, one.outside, one.outside.family == 6 ? 128 : 32};
	}
	return 0;
}
