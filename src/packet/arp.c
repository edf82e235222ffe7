/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

void vmp_decode_arp(struct vmp_walk *w, struct vmp_packet *packet)
{
	static const uint8_t ip4_over_ethernet[6] = {0, 1, 8, 0, 6, 4};
	struct vmp_cursor *c = &w->c;
	const uint8_t *kind;

	if (!vmp_walk_need(w, packet, 28))
		return;
	kind = vmp_cursor_take(c, sizeof(ip4_over_ethernet));
	if (!kind || memcmp(kind, ip4_over_ethernet, sizeof(ip4_over_ethernet)) != 0)
		return;
	packet->arp_op = vmp_cursor_be16(c);
	vmp_cursor_copy(c, packet->arp_sender_mac.b, 6);
	vmp_cursor_copy(c, packet->src.b, 4);
	vmp_cursor_copy(c, packet->arp_target_mac.b, 6);
	vmp_cursor_copy(c, packet->dst.b, 4);
	packet->src.family = packet->dst.family = 4;
	packet->flags |= VMP_PKT_ARP;
	vmp_walk_keep(w, packet, 0);
}
