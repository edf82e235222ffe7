/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#define IP4_HEADER 20U
#define IP4_MAX    65535U

/* What fits into the smallest Ethernet frame. A shorter packet may be padded: the frame's length says nothing then. */
#define SHORTEST_PAYLOAD 46U

/*
 * The total length: what the header says, or for a TCP packet too big for the field (BIG TCP, where Linux writes 0; see
 * iph_totlen() in include/linux/ip.h) what the device says. room: bytes of the frame from the IP header on.
 */
static uint32_t total_length(uint16_t field, uint8_t proto, size_t room)
{
	if (field == 0 && proto == VMP_IPPROTO_TCP && room > SHORTEST_PAYLOAD)
		return (uint32_t)room;
	return field;
}

static void read_fragment_field(struct vmp_packet *packet, uint16_t field)
{
	packet->dont_fragment = field & 0x4000;
	packet->more_fragments = field & 0x2000;
	packet->fragment_offset = (uint16_t)((field & 0x1fffU) * 8);
	if (packet->more_fragments || packet->fragment_offset)
		packet->flags |= VMP_PKT_FRAGMENT;
}

void vmp_decode_ip4(struct vmp_walk *w, struct vmp_packet *packet)
{
	const uint8_t (*h)[IP4_HEADER];
	size_t room = vmp_walk_left(w);
	uint32_t header;

	h = vmp_walk_take(w, packet, IP4_HEADER);
	if (!h)
		return;
	header = ((*h)[0] & 0xfU) * 4;
	packet->ip_id = vmp_be16(&(*h)[4]);
	packet->ttl = (*h)[8];
	packet->proto = (*h)[9];
	memcpy(packet->src.b, &(*h)[12], 4);
	memcpy(packet->dst.b, &(*h)[16], 4);
	packet->src.family = packet->dst.family = 4;
	packet->ip_len = total_length(vmp_be16(&(*h)[2]), packet->proto, room);
	if ((*h)[0] >> 4 != 4 || header < IP4_HEADER || packet->ip_len < header) {
		packet->flags |= VMP_PKT_MALFORMED;
		return;
	}
	packet->flags |= VMP_PKT_IP4;
	read_fragment_field(packet, vmp_be16(&(*h)[6]));
	vmp_walk_keep(w, packet, 0);
	vmp_walk_limit(w, packet->ip_len - IP4_HEADER);
	if (!vmp_walk_need(w, packet, header - IP4_HEADER))
		return;
	vmp_cursor_take(&w->c, header - IP4_HEADER);
	if (packet->ip_len > room)
		packet->flags |= VMP_PKT_MALFORMED;
	if ((packet->flags & VMP_PKT_FRAGMENT) && packet->fragment_offset + packet->ip_len > IP4_MAX)
		packet->flags |= VMP_PKT_MALFORMED;
	vmp_decode_transport(w, packet);
}
