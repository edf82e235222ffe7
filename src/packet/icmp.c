/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#define ICMP_HEADER 8U

enum { UNREACHABLE = 3, QUENCH = 4, REDIRECT = 5, TIME_EXCEEDED = 11, PARAMETER = 12 };

/* True for a message that quotes the packet it is about (RFC 1122, 3.2.2). */
static bool quotes_packet(uint8_t type)
{
	return type == UNREACHABLE || type == QUENCH || type == REDIRECT || type == TIME_EXCEEDED || type == PARAMETER;
}

/* Length of the quoted IP header and the 8 bytes after it, which hold the ports. */
static size_t quoted_headers(struct vmp_cursor c)
{
	return (vmp_cursor_u8(&c) & 0xfU) * 4 + 8;
}

void vmp_decode_icmp(struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor *c = &w->c;
	size_t message = vmp_walk_left(w);

	if (!vmp_walk_need(w, packet, ICMP_HEADER))
		return;
	packet->icmp_type = vmp_cursor_u8(c);
	packet->icmp_code = vmp_cursor_u8(c);
	vmp_cursor_take(c, 2);
	packet->icmp_id = vmp_cursor_be16(c);
	packet->icmp_seq = vmp_cursor_be16(c);
	packet->flags |= VMP_PKT_ICMP | VMP_PKT_L4;
	packet->payload_len = (uint32_t)(message - ICMP_HEADER);
	vmp_walk_keep(w, packet, quotes_packet(packet->icmp_type) ? quoted_headers(*c) : 0);
}
