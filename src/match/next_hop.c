/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/next_hop.h"

#include "match/translate.h"

enum { ARP_REQUEST = 1, ND_SOLICITATION = 135 };

#define ASKED_NS 4000000000ULL /* a neighbour is asked three times, a second apart, before packets for it are dropped */

/* Its number, -1 when it is none. */
static int find(const struct vmp_next_hops *hops, const struct vmp_ip *ip)
{
	for (size_t i = 0; i < hops->n; i++)
		if (vmp_ip_equal(&hops->v[i].ip, ip))
			return (int)i;
	return -1;
}

int vmp_next_hops_number(struct vmp_next_hops *hops, const struct vmp_ip *ip)
{
	int number = find(hops, ip);

	if (number >= 0)
		return number;
	if (hops->n == VMP_NEXT_HOPS)
		return VMP_NEXT_HOP_UNKNOWN;
	hops->v[hops->n] = (struct vmp_next_hop){.ip = *ip};
	return (int)hops->n++;
}

bool vmp_next_hops_see(struct vmp_next_hops *hops, const struct vmp_frame *frame, const struct vmp_packet *packet)
{
	bool nd = packet->flags & VMP_PKT_ND;
	bool asks = nd ? packet->icmp_type == ND_SOLICITATION : packet->arp_op == ARP_REQUEST;
	int number;

	if (frame->devdir == VMP_DEV_OUT) {
		number = asks ? vmp_next_hops_number(hops, nd ? &packet->nd_target : &packet->dst) : -1;
		if (number >= 0)
			hops->v[number].asked_ns = frame->ts_ns;
		return number >= 0;
	}
	number = nd && asks ? -1 : find(hops, nd ? &packet->nd_target : &packet->src);
	if (number >= 0)
		hops->v[number].answered_ns = frame->ts_ns;
	return number >= 0;
}

bool vmp_next_hops_wait(const struct vmp_next_hops *hops, int number, uint64_t ts_ns)
{
	const struct vmp_next_hop *to;

	if (number < 0 || (size_t)number >= hops->n)
		return false;
	to = &hops->v[number];
	return to->asked_ns > to->answered_ns && to->asked_ns + ASKED_NS >= ts_ns;
}
