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
	struct vmp_cursor *c = &w->c;
	size_t room = vmp_walk_left(w);
	uint8_t version_ihl;
	uint16_t total, fragment;
	uint32_t header;

	if (!vmp_walk_need(w, packet, IP4_HEADER))
		return;
	version_ihl = vmp_cursor_u8(c);
	header = (version_ihl & 0xfU) * 4;
	vmp_cursor_take(c, 1);
	total = vmp_cursor_be16(c);
	packet->ip_id = vmp_cursor_be16(c);
	fragment = vmp_cursor_be16(c);
	packet->ttl = vmp_cursor_u8(c);
	packet->proto = vmp_cursor_u8(c);
	vmp_cursor_take(c, 2);
	vmp_cursor_copy(c, packet->src.b, 4);
	vmp_cursor_copy(c, packet->dst.b, 4);
	packet->src.family = packet->dst.family = 4;
	packet->ip_len = total_length(total, packet->proto, room);
	if (version_ihl >> 4 != 4 || header < IP4_HEADER || packet->ip_len < header) {
		packet->flags |= VMP_PKT_MALFORMED;
		return;
	}
	packet->flags |= VMP_PKT_IP4;
	read_fragment_field(packet, fragment);
	vmp_walk_keep(w, packet, 0);
	vmp_walk_limit(w, packet->ip_len - IP4_HEADER);
	if (!vmp_walk_need(w, packet, header - IP4_HEADER))
		return;
	vmp_cursor_take(c, header - IP4_HEADER);
	if (packet->ip_len > room)
		packet->flags |= VMP_PKT_MALFORMED;
	if ((packet->flags & VMP_PKT_FRAGMENT) && packet->fragment_offset + packet->ip_len > IP4_MAX)
		packet->flags |= VMP_PKT_MALFORMED;
	vmp_decode_transport(w, packet);
}
