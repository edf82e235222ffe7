/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#define IP6_HEADER 40U
#define IP6_MAX    65535U

/* A guest may chain extension headers without end; real packets have one or two. */
#define EXTENSIONS_MAX 8

enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTH = 51, DESTINATION = 60 };

#define OPTION_PAD1  0x00U
#define OPTION_JUMBO 0xc2U /* RFC 2675 */

/* Find the jumbo payload option in the hop-by-hop header at w. Returns false when there is none that can be read. */
static bool read_jumbo(const struct vmp_walk *w, struct vmp_packet *packet, uint32_t *ret_len)
{
	struct vmp_cursor c = w->c;
	size_t left;

	if (!vmp_walk_need(w, packet, 8))
		return false;
	vmp_cursor_u8(&c);
	left = (vmp_cursor_u8(&c) + 1U) * 8;
	if (!vmp_walk_need(w, packet, left))
		return false;
	vmp_cursor_limit(&c, left - 2);
	while (c.left) {
		uint8_t type = vmp_cursor_u8(&c);
		uint8_t len = type == OPTION_PAD1 ? 0 : vmp_cursor_u8(&c);

		if (type == OPTION_JUMBO && len == 4) {
			uint32_t value = vmp_cursor_be32(&c);

			if (value <= IP6_MAX || value > INT32_MAX)
				return false;
			*ret_len = value;
			return true;
		}
		vmp_cursor_take(&c, len);
	}
	return false;
}

/*
 * Bytes after the fixed header. A payload length of 0 means what a jumbo option says, or for TCP more than the field
 * can say (BIG TCP without the option), or really nothing: what follows is padding then.
 */
static uint32_t payload_length(const struct vmp_walk *w, struct vmp_packet *packet, uint16_t field)
{
	uint32_t jumbo;

	if (field == 0 && packet->proto == HOP_BY_HOP && read_jumbo(w, packet, &jumbo))
		return jumbo;
	if (field == 0 && packet->proto == VMP_IPPROTO_TCP && vmp_walk_left(w) > IP6_MAX)
		return (uint32_t)vmp_walk_left(w);
	return field;
}

/* Hop-by-hop, routing and destination options: next header, length in units of 8 bytes less one. */
static bool skip_options(struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor peek = w->c;
	uint8_t next;
	size_t len;

	if (!vmp_walk_need(w, packet, 8))
		return false;
	next = vmp_cursor_u8(&peek);
	len = (vmp_cursor_u8(&peek) + 1U) * 8;
	if (!vmp_walk_need(w, packet, len))
		return false;
	vmp_cursor_take(&w->c, len);
	packet->proto = next;
	return true;
}

static bool read_fragment(struct vmp_walk *w, struct vmp_packet *packet)
{
	uint16_t field;

	if (!vmp_walk_need(w, packet, 8))
		return false;
	packet->proto = vmp_cursor_u8(&w->c);
	vmp_cursor_take(&w->c, 1);
	field = vmp_cursor_be16(&w->c);
	packet->ip6_id = vmp_cursor_be32(&w->c);
	packet->more_fragments = field & 1;
	packet->fragment_offset = field & 0xfff8U;
	/* Offset 0 and no more: an atomic fragment (RFC 6946), which is the whole packet. */
	if (packet->more_fragments || packet->fragment_offset)
		packet->flags |= VMP_PKT_FRAGMENT;
	if (packet->fragment_offset + vmp_walk_left(w) > IP6_MAX)
		packet->flags |= VMP_PKT_MALFORMED;
	return true;
}

/* RFC 4302: next header, length in units of 4 bytes less two. */
static bool skip_auth(struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor peek = w->c;
	uint8_t next;
	size_t len;

	if (!vmp_walk_need(w, packet, 12))
		return false;
	next = vmp_cursor_u8(&peek);
	len = (vmp_cursor_u8(&peek) + 2U) * 4;
	if (len < 12) {
		packet->flags |= VMP_PKT_MALFORMED;
		return false;
	}
	if (!vmp_walk_need(w, packet, len))
		return false;
	vmp_cursor_take(&w->c, len);
	packet->proto = next;
	return true;
}

/* The reader of an extension header, NULL when the chain ends here. */
static bool (*extension_reader(uint8_t next))(struct vmp_walk *, struct vmp_packet *)
{
	switch (next) {
	case HOP_BY_HOP:
	case ROUTING:
	case DESTINATION:
		return skip_options;
	case FRAGMENT:
		return read_fragment;
	case AUTH:
		return skip_auth;
	default:
		return NULL;
	}
}

/* Pass over the extension headers. Returns false when the transport is not reached. */
static bool skip_extensions(struct vmp_walk *w, struct vmp_packet *packet)
{
	for (int i = 0; packet->fragment_offset == 0; i++) {
		bool (*reader)(struct vmp_walk *, struct vmp_packet *) = extension_reader(packet->proto);

		if (!reader)
			break;
		if (i == EXTENSIONS_MAX) {
			packet->flags |= VMP_PKT_MALFORMED;
			break;
		}
		if (!reader(w, packet))
			return false;
		vmp_walk_keep(w, packet, 0);
	}
	return true;
}

void vmp_decode_ip6(struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor *c = &w->c;
	uint32_t payload;

	if (!vmp_walk_need(w, packet, IP6_HEADER))
		return;
	if (vmp_cursor_be32(c) >> 28 != 6) {
		packet->flags |= VMP_PKT_MALFORMED;
		return;
	}
	payload = vmp_cursor_be16(c);
	packet->proto = vmp_cursor_u8(c);
	packet->ttl = vmp_cursor_u8(c);
	vmp_cursor_copy(c, packet->src.b, 16);
	vmp_cursor_copy(c, packet->dst.b, 16);
	packet->src.family = packet->dst.family = 6;
	packet->flags |= VMP_PKT_IP6;
	vmp_walk_keep(w, packet, 0);
	payload = payload_length(w, packet, (uint16_t)payload);
	if (packet->flags & VMP_PKT_TRUNCATED)
		return;
	packet->ip_len = IP6_HEADER + payload;
	if (payload > vmp_walk_left(w))
		packet->flags |= VMP_PKT_MALFORMED;
	vmp_walk_limit(w, payload);
	if (skip_extensions(w, packet))
		vmp_decode_transport(w, packet);
	else if (!(packet->flags & VMP_PKT_TRUNCATED))
		packet->l4_offset = vmp_walk_offset(w);
}
