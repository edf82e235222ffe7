/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#define ETHERNET_HEADER 14U

/* VLAN_MAX_DEPTH of the kernel (include/linux/if_vlan.h): deeper frames it does not look into either. */
#define TAGS_MAX 8

bool vmp_decode_ethernet(struct vmp_walk *w, struct vmp_packet *packet)
{
	const uint8_t (*h)[ETHERNET_HEADER];

	h = vmp_walk_take(w, packet, ETHERNET_HEADER);
	if (!h)
		return false;
	memcpy(packet->dst_mac.b, &(*h)[0], sizeof(packet->dst_mac.b));
	memcpy(packet->src_mac.b, &(*h)[6], sizeof(packet->src_mac.b));
	packet->ethertype = vmp_be16(&(*h)[12]);
	for (int tags = 0; vmp_ethertype_is_tag(packet->ethertype); tags++) {
		uint16_t tci;

		if (tags == TAGS_MAX) {
			packet->flags |= VMP_PKT_MALFORMED;
			break;
		}
		if (!vmp_walk_need(w, packet, 4))
			return false;
		tci = vmp_cursor_be16(&w->c);
		if (packet->vlan_count < 2)
			packet->vlan[packet->vlan_count++] = tci & 0xfff;
		packet->ethertype = vmp_cursor_be16(&w->c);
	}
	packet->flags |= VMP_PKT_ETH;
	packet->l3_offset = vmp_walk_offset(w);
	if (packet->ethertype <= VMP_ETH_802_3)
		vmp_walk_limit(w, packet->ethertype);
	return true;
}
