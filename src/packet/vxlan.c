/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 7348: a frame inside UDP, behind a header with flags and the VNI. */
#include "packet/packet.h"
#include "packet/walk.h"

#define VXLAN_HEADER 8U
#define VXLAN_FLAG_I 0x08U /* the VNI is valid */
#define UDP_HEADER   8U

/* What the other fragments hold is as good as not captured: the length of the datagram says how much. */
static void add_other_fragments(struct vmp_walk *w, const struct vmp_packet *outer)
{
	struct vmp_cursor c = vmp_cursor_make(w->start, vmp_walk_offset(w));
	size_t datagram;

	vmp_cursor_take(&c, outer->l4_offset + 4);
	datagram = vmp_cursor_be16(&c);
	if (datagram > UDP_HEADER + VXLAN_HEADER + vmp_walk_left(w))
		w->uncaptured = datagram - UDP_HEADER - VXLAN_HEADER - w->c.left;
}

/* Read the outer headers. Returns true when w stands at the inner frame, whose length w ends with. */
static bool decode_outer(struct vmp_walk *w, uint16_t port, struct vmp_packet *outer)
{
	uint8_t flags;

	if (!vmp_decode_ethernet(w, outer))
		return false;
	if (outer->ethertype == VMP_ETH_IP4)
		vmp_decode_ip4(w, outer);
	else if (outer->ethertype == VMP_ETH_IP6)
		vmp_decode_ip6(w, outer);
	if (!(outer->flags & VMP_PKT_UDP) || outer->fragment_offset || outer->dport != port)
		return false;
	if (!vmp_walk_need(w, outer, VXLAN_HEADER))
		return false;
	flags = vmp_cursor_u8(&w->c);
	vmp_cursor_take(&w->c, 3);
	outer->vni = vmp_cursor_be32(&w->c) >> 8;
	if (!(flags & VXLAN_FLAG_I))
		return false;
	if (outer->more_fragments)
		add_other_fragments(w, outer);
	return true;
}

bool vmp_packet_decode_vxlan(const struct vmp_frame *frame, uint16_t port, struct vmp_packet *ret_packet)
{
	struct vmp_walk w = vmp_walk_begin(frame);
	struct vmp_packet outer;

	memset(&outer, 0, sizeof(outer));
	memset(ret_packet, 0, sizeof(*ret_packet));
	if (!decode_outer(&w, port, &outer)) {
		ret_packet->header_len = outer.header_len < frame->cap_len ? outer.header_len : frame->cap_len;
		return false;
	}
	ret_packet->vni = outer.vni;
	ret_packet->inner_offset = vmp_walk_offset(&w);
	ret_packet->flags = outer.more_fragments ? VMP_PKT_OUTER_FRAGMENT : 0;
	vmp_decode_frame(&w, ret_packet);
	return true;
}
