/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#include <string.h>

#define ICMP_HEADER 8U
#define IP4_HEADER  20U

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

/* The addresses of the quoted packet, and where it went. */
static void read_quote(struct vmp_cursor c, struct vmp_packet *packet)
{
	const uint8_t *header = vmp_cursor_take(&c, IP4_HEADER);
	size_t options;

	if (!header || header[0] >> 4 != 4 || (header[0] & 0xfU) * 4 < IP4_HEADER)
		return;
	packet->quoted_proto = header[9];
	memcpy(packet->quoted_src.b, header + 12, 4);
	memcpy(packet->quoted_dst.b, header + 16, 4);
	packet->quoted_src.family = packet->quoted_dst.family = 4;
	packet->flags |= VMP_PKT_QUOTE;
	options = (header[0] & 0xfU) * 4 - IP4_HEADER;
	/* Only the first fragment has ports. */
	if (((header[6] & 0x1fU) | header[7]) != 0 || (packet->quoted_proto != VMP_IPPROTO_TCP && packet->quoted_proto != VMP_IPPROTO_UDP))
		return;
	if (options && !vmp_cursor_take(&c, options))
		return;
	if (c.left >= 4) {
		vmp_cursor_take(&c, 2);
		packet->quoted_dport = vmp_cursor_be16(&c);
	}
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
	if (quotes_packet(packet->icmp_type))
		read_quote(*c, packet);
	vmp_decode_quote(w, packet);
}
