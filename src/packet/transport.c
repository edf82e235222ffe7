/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

/* Transports this program reads, each below the IP version that carries it. */
static const struct {
	uint8_t proto;
	uint32_t carriers; /* enum vmp_packet_flag */
	vmp_decode_fn *decode;
} transports[] = {
	{VMP_IPPROTO_TCP, VMP_PKT_IP4 | VMP_PKT_IP6, vmp_decode_tcp},
	{VMP_IPPROTO_UDP, VMP_PKT_IP4 | VMP_PKT_IP6, vmp_decode_udp},
	{VMP_IPPROTO_ICMP, VMP_PKT_IP4, vmp_decode_icmp},
	{VMP_IPPROTO_ICMP6, VMP_PKT_IP6, vmp_decode_icmp6},
};

/* Headers of others, which are kept as evidence without being read: bytes. */
static const struct {
	uint8_t proto;
	uint8_t header;
} others[] = {
	{2, 8},    /* IGMP */
	{33, 12},  /* DCCP */
	{47, 4},   /* GRE */
	{50, 8},   /* ESP: SPI and sequence number */
	{51, 12},  /* AH: SPI and sequence number */
	{132, 12}, /* SCTP */
	{136, 8},  /* UDP-Lite */
};

static void keep_other(const struct vmp_walk *w, struct vmp_packet *packet)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (others[i].proto == packet->proto)
			vmp_walk_keep(w, packet, others[i].header);
}

void vmp_decode_transport(struct vmp_walk *w, struct vmp_packet *packet)
{
	vmp_walk_keep(w, packet, 0);
	packet->l4_offset = vmp_walk_offset(w);
	packet->payload_len = (uint32_t)vmp_walk_left(w);
	/* No node takes a malformed packet, so it is no question and no answer, whatever its transport header says. */
	if (packet->fragment_offset || (packet->flags & VMP_PKT_MALFORMED))
		return;
	for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++) {
		if (transports[i].proto == packet->proto && (transports[i].carriers & packet->flags)) {
			transports[i].decode(w, packet);
			return;
		}
	}
	keep_other(w, packet);
}
