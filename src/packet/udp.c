/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

#define UDP_HEADER 8U

enum { PORT_DHCP_SERVER = 67, PORT_DHCP_CLIENT = 68 };

static bool is_dhcp_port(uint16_t port)
{
	return port == PORT_DHCP_SERVER || port == PORT_DHCP_CLIENT;
}

void vmp_decode_udp(struct vmp_walk *w, struct vmp_packet *packet)
{
	const uint8_t (*h)[UDP_HEADER];
	size_t datagram = vmp_walk_left(w);
	uint16_t len;

	h = vmp_walk_take(w, packet, UDP_HEADER);
	if (!h)
		return;
	packet->sport = vmp_be16(&(*h)[0]);
	packet->dport = vmp_be16(&(*h)[2]);
	len = vmp_be16(&(*h)[4]);
	vmp_walk_keep(w, packet, 0);
	/* 0 stands for more than the field can say (RFC 2675). A first fragment has not got all of its datagram. */
	if ((len > 0 && len < UDP_HEADER) || (len > datagram && !(packet->flags & VMP_PKT_FRAGMENT))) {
		packet->flags |= VMP_PKT_MALFORMED;
		return;
	}
	packet->flags |= VMP_PKT_UDP | VMP_PKT_L4;
	packet->payload_len = (uint32_t)(datagram - UDP_HEADER);
	if ((packet->flags & VMP_PKT_IP4) && is_dhcp_port(packet->sport) && is_dhcp_port(packet->dport))
		vmp_decode_dhcp(w, packet);
}
