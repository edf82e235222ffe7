/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#define BOOTP_FIXED  236U /* RFC 951: without the vendor area */
#define BOOTP_CHADDR 28U

void vmp_decode_dhcp(struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor *c = &w->c;
	size_t message = vmp_walk_left(w);
	uint8_t op, hardware, address_len;

	/* Anything may be sent to these ports: what is too short for BOOTP is payload and no flaw of the headers. */
	if (message < BOOTP_FIXED)
		return;
	if (c->left < BOOTP_CHADDR + 6) {
		packet->flags |= VMP_PKT_TRUNCATED;
		return;
	}
	op = vmp_cursor_u8(c);
	hardware = vmp_cursor_u8(c);
	address_len = vmp_cursor_u8(c);
	if ((op != 1 && op != 2) || hardware != 1 || address_len != 6)
		return;
	vmp_cursor_take(c, BOOTP_CHADDR - 3);
	vmp_cursor_copy(c, packet->dhcp_mac.b, sizeof(packet->dhcp_mac.b));
	packet->dhcp_op = op;
	packet->flags |= VMP_PKT_DHCP;
	vmp_walk_keep(w, packet, message);
}
