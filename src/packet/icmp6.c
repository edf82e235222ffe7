/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#include <string.h>

#define ICMP6_HEADER 8U
#define IP6_HEADER   40U

/* A quoted IPv6 header and the 8 bytes after it, which hold the ports. */
#define QUOTED (40U + 8U)

enum { PARAMETER = 4, MLD_FIRST = 130, SOLICIT = 135, ADVERT = 136, REDIRECT = 137, MLD2_REPORT = 143 };
enum { OPTION_SOURCE_LLADDR = 1, OPTION_TARGET_LLADDR = 2 };

/* Bytes after the ICMPv6 header that are no payload, by message type. */
static size_t header_rest(uint8_t type, size_t rest)
{
	if (type <= PARAMETER)
		return QUOTED;
	if (type == REDIRECT)
		return 32; /* target and destination; the options quote a packet */
	if ((type >= MLD_FIRST && type < REDIRECT) || type == MLD2_REPORT)
		return rest;
	return 0;
}

/* Read the link-layer address out of the options. An option of length 0 makes the message void (RFC 4861, 4.6). */
static void read_options(struct vmp_cursor c, struct vmp_packet *packet, uint8_t wanted)
{
	while (c.left >= 8) {
		uint8_t type = vmp_cursor_u8(&c);
		size_t len = vmp_cursor_u8(&c) * 8U;

		if (len == 0) {
			packet->flags |= VMP_PKT_MALFORMED;
			packet->flags &= ~(uint32_t)(VMP_PKT_ND | VMP_PKT_ND_LLADDR);
			return;
		}
		if (type == wanted && len == 8 && !(packet->flags & VMP_PKT_ND_LLADDR)) {
			vmp_cursor_copy(&c, packet->nd_mac.b, sizeof(packet->nd_mac.b));
			packet->flags |= VMP_PKT_ND_LLADDR;
		} else {
			vmp_cursor_take(&c, len - 2);
		}
	}
}

/*
 * Neighbour solicitation or advertisement. One that came over a router (hop limit) or in fragments is none: every node
 * drops it (RFC 4861, 7.1; RFC 6980).
 */
static void decode_neighbour(struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor *c = &w->c;

	if (packet->ttl != 255 || packet->icmp_code != 0 || (packet->flags & VMP_PKT_FRAGMENT))
		return;
	if (!vmp_walk_need(w, packet, 16))
		return;
	vmp_cursor_copy(c, packet->nd_target.b, 16);
	packet->nd_target.family = 6;
	packet->flags |= VMP_PKT_ND;
	if (w->uncaptured)
		packet->flags |= VMP_PKT_TRUNCATED;
	read_options(*c, packet, packet->icmp_type == SOLICIT ? OPTION_SOURCE_LLADDR : OPTION_TARGET_LLADDR);
}

/* The addresses of the quoted packet, and where it went unless extension headers stand before that. */
static void read_quote(struct vmp_cursor c, struct vmp_packet *packet)
{
	const uint8_t *header = vmp_cursor_take(&c, IP6_HEADER);

	if (!header || header[0] >> 4 != 6)
		return;
	packet->quoted_proto = header[6];
	memcpy(packet->quoted_src.b, header + 8, 16);
	memcpy(packet->quoted_dst.b, header + 24, 16);
	packet->quoted_src.family = packet->quoted_dst.family = 6;
	packet->flags |= VMP_PKT_QUOTE;
	if ((packet->quoted_proto == VMP_IPPROTO_TCP || packet->quoted_proto == VMP_IPPROTO_UDP) && c.left >= 4) {
		vmp_cursor_take(&c, 2);
		packet->quoted_dport = vmp_cursor_be16(&c);
	}
}

void vmp_decode_icmp6(struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor *c = &w->c;
	size_t message = vmp_walk_left(w);

	if (!vmp_walk_need(w, packet, ICMP6_HEADER))
		return;
	packet->icmp_type = vmp_cursor_u8(c);
	packet->icmp_code = vmp_cursor_u8(c);
	vmp_cursor_take(c, 2);
	packet->icmp_id = vmp_cursor_be16(c);
	packet->icmp_seq = vmp_cursor_be16(c);
	packet->flags |= VMP_PKT_ICMP6 | VMP_PKT_L4;
	packet->payload_len = (uint32_t)(message - ICMP6_HEADER);
	vmp_walk_keep(w, packet, header_rest(packet->icmp_type, packet->payload_len));
	if (packet->icmp_type >= 1 && packet->icmp_type <= PARAMETER)
		read_quote(*c, packet);
	vmp_decode_quote(w, packet);
	if (packet->icmp_type == SOLICIT || packet->icmp_type == ADVERT)
		decode_neighbour(w, packet);
}
