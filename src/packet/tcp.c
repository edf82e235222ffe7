/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#define TCP_HEADER 20U

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_TIMESTAMP = 8 };

/* Look for the timestamp (RFC 7323). Options that make no sense end the search, as they do in the kernel. */
static void read_options(struct vmp_cursor c, struct vmp_packet *packet)
{
	/* As nearly all systems lay it out (RFC 7323, appendix A): twelve bytes, of which two no-operations come first. */
	if (c.left == 12) {
		const uint8_t (*h)[12] = (const void *)c.p;

		if (vmp_be32(&(*h)[0]) == (OPTION_NOP << 24 | OPTION_NOP << 16 | OPTION_TIMESTAMP << 8 | 10)) {
			packet->tcp_tsval = vmp_be32(&(*h)[4]);
			packet->flags |= VMP_PKT_TCP_TS;
			return;
		}
	}
	while (c.left) {
		uint8_t kind = vmp_cursor_u8(&c);
		uint8_t len;

		if (kind == OPTION_NOP)
			continue;
		if (kind == OPTION_END)
			return;
		len = vmp_cursor_u8(&c);
		if (len < 2 || len - 2U > c.left)
			return;
		if (kind == OPTION_TIMESTAMP && len == 10) {
			packet->tcp_tsval = vmp_cursor_be32(&c);
			packet->flags |= VMP_PKT_TCP_TS;
			return;
		}
		vmp_cursor_take(&c, len - 2U);
	}
}

void vmp_decode_tcp(struct vmp_walk *w, struct vmp_packet *packet)
{
	const uint8_t (*h)[TCP_HEADER];
	size_t segment = vmp_walk_left(w);
	struct vmp_cursor options;
	uint32_t header;

	h = vmp_walk_take(w, packet, TCP_HEADER);
	if (!h)
		return;
	packet->sport = vmp_be16(&(*h)[0]);
	packet->dport = vmp_be16(&(*h)[2]);
	packet->tcp_seq = vmp_be32(&(*h)[4]);
	packet->tcp_ack = vmp_be32(&(*h)[8]);
	header = ((*h)[12] >> 4) * 4U;
	packet->tcp_flags = (*h)[13];
	packet->tcp_window = vmp_be16(&(*h)[14]);
	vmp_walk_keep(w, packet, 0);
	if (header < TCP_HEADER || header > segment) {
		packet->flags |= VMP_PKT_MALFORMED;
		return;
	}
	packet->flags |= VMP_PKT_TCP | VMP_PKT_L4;
	packet->payload_len = (uint32_t)(segment - header);
	if (!vmp_walk_need(w, packet, header - TCP_HEADER))
		return;
	options = w->c;
	vmp_cursor_limit(&options, header - TCP_HEADER);
	read_options(options, packet);
	vmp_walk_keep(w, packet, header - TCP_HEADER);
}
