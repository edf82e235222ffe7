/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/packet.h"
#include "packet/walk.h"

#include "base/zero.h"

static const struct {
	uint16_t ethertype;
	vmp_decode_fn *decode;
} networks[] = {
	{VMP_ETH_IP4, vmp_decode_ip4},
	{VMP_ETH_IP6, vmp_decode_ip6},
	{VMP_ETH_ARP, vmp_decode_arp},
};

/* Protocols between switches: no guest's data, worth seeing whole. Of others only the Ethernet header is kept. */
static const uint16_t link_protocols[] = {
	0x8809, /* slow protocols: LACP, 802.3ad */
	0x88cc, /* LLDP */
};

/* True for a spanning tree BPDU: 802.2 LLC with DSAP and SSAP 0x42. */
static bool is_bpdu(const struct vmp_walk *w, struct vmp_packet *packet)
{
	struct vmp_cursor c = w->c;

	return packet->ethertype <= VMP_ETH_802_3 && vmp_walk_need(w, packet, 2) && vmp_cursor_be16(&c) == 0x4242;
}

void vmp_decode_other(struct vmp_walk *w, struct vmp_packet *packet)
{
	bool whole = is_bpdu(w, packet);

	for (size_t i = 0; i < sizeof(link_protocols) / sizeof(*link_protocols); i++)
		whole = whole || link_protocols[i] == packet->ethertype;
	if (whole)
		vmp_walk_keep(w, packet, vmp_walk_left(w));
}

static vmp_decode_fn *network_decoder(uint16_t ethertype)
{
	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++)
		if (networks[i].ethertype == ethertype)
			return networks[i].decode;
	return vmp_decode_other;
}

struct vmp_walk vmp_walk_begin(const struct vmp_frame *frame)
{
	struct vmp_walk w = {
		.c = vmp_cursor_make(frame->data, frame->cap_len),
		.uncaptured = frame->wire_len > frame->cap_len ? frame->wire_len - frame->cap_len : 0,
		.start = frame->data,
	};

	return w;
}

void vmp_decode_frame(struct vmp_walk *w, struct vmp_packet *packet)
{
	if (!vmp_decode_ethernet(w, packet)) {
		vmp_walk_keep(w, packet, w->c.left);
		return;
	}
	vmp_walk_keep(w, packet, 0);
	network_decoder(packet->ethertype)(w, packet);
}

void vmp_packet_decode(const struct vmp_frame *frame, struct vmp_packet *ret_packet)
{
	struct vmp_walk w = vmp_walk_begin(frame);

	vmp_zero(ret_packet, sizeof(*ret_packet));
	vmp_decode_frame(&w, ret_packet);
}
