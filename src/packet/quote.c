/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an ICMP error quotes of the packet that it is about (RFC 792, RFC 4443): the IP header and at least 8 bytes, which hold the ports. */
#include "packet/walk.h"

enum { UNREACHABLE = 3, QUENCH = 4, TIME_EXCEEDED = 11, PARAMETER = 12, UNREACHABLE6 = 1, PARAMETER6 = 4 };
enum { ECHO_REPLY = 0, ECHO_REQUEST = 8, ECHO6_REQUEST = 128, ECHO6_REPLY = 129 };

#define PORTS 8U

/* Redirects quote too, but go no further than to the neighbour. */
static bool is_error(uint8_t proto, uint8_t type)
{
	if (proto == VMP_IPPROTO_ICMP6)
		return type >= UNREACHABLE6 && type <= PARAMETER6;
	return proto == VMP_IPPROTO_ICMP && (type == UNREACHABLE || type == QUENCH || type == TIME_EXCEEDED || type == PARAMETER);
}

bool vmp_quote_find(uint8_t proto, uint8_t icmp_type, struct vmp_cursor quoted, struct vmp_quoted *ret_quoted)
{
	struct vmp_cursor *c = &quoted;
	uint8_t first = vmp_cursor_u8(c);

	if (!is_error(proto, icmp_type))
		return false;
	if (proto == VMP_IPPROTO_ICMP && first >> 4 == 4) {
		uint16_t fragment;

		vmp_cursor_take(c, 5);
		fragment = vmp_cursor_be16(c);
		vmp_cursor_take(c, 1);
		*ret_quoted = (struct vmp_quoted){.proto = vmp_cursor_u8(c), .addresses = 12, .address_len = 4, .checksum = 10,
						  .transport = (uint8_t)((first & 0xfU) * 4)};
		return !c->bad && !(fragment & 0x1fff) && ret_quoted->transport >= 20;
	}
	if (proto == VMP_IPPROTO_ICMP6 && first >> 4 == 6) {
		vmp_cursor_take(c, 5);
		*ret_quoted = (struct vmp_quoted){.proto = vmp_cursor_u8(c), .addresses = 8, .address_len = 16, .transport = 40};
		return !c->bad;
	}
	return false;
}

static bool is_echo(uint8_t proto, uint8_t type)
{
	if (proto == VMP_IPPROTO_ICMP6)
		return type == ECHO6_REQUEST || type == ECHO6_REPLY;
	return proto == VMP_IPPROTO_ICMP && (type == ECHO_REQUEST || type == ECHO_REPLY);
}

/* Ports, or the id of an echo. Returns false for what has none. */
static bool read_ports(struct vmp_cursor *c, struct vmp_quote *quote)
{
	if (quote->proto == VMP_IPPROTO_TCP || quote->proto == VMP_IPPROTO_UDP) {
		quote->sport = vmp_cursor_be16(c);
		quote->dport = vmp_cursor_be16(c);
		return !c->bad;
	}
	if (!is_echo(quote->proto, vmp_cursor_u8(c)))
		return false;
	vmp_cursor_take(c, 3);
	quote->sport = quote->dport = vmp_cursor_be16(c);
	return !c->bad;
}

void vmp_decode_quote(const struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor c = w->c;
	struct vmp_quote quote = {0};
	struct vmp_quoted at;

	if (!vmp_quote_find(packet->proto, packet->icmp_type, c, &at) || c.left < at.transport + PORTS)
		return;
	quote.proto = at.proto;
	quote.src.family = quote.dst.family = at.address_len == 4 ? 4 : 6;
	vmp_cursor_take(&c, at.addresses);
	vmp_cursor_copy(&c, quote.src.b, at.address_len);
	vmp_cursor_copy(&c, quote.dst.b, at.address_len);
	vmp_cursor_take(&c, at.transport - at.addresses - 2U * at.address_len);
	if (!read_ports(&c, &quote))
		return;
	packet->quote = quote;
	packet->flags |= VMP_PKT_QUOTED_ENDS;
}
