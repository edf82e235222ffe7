/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/walk.h"

/*
 * A guest that tunnels (containers in a virtual machine, say) leaves the inner checksum to its virtio device as well,
 * and some device on the way fills it in: so tunnels are looked into, but no deeper than this.
 */
#define TUNNELS_MAX 2

enum { PROTO_IPIP = 4, PROTO_IP6 = 41, PROTO_GRE = 47 };

/* Where offloadable checksums stand: offset in the transport header and length. */
static const struct {
	uint8_t proto, offset, len;
} checksums[] = {
	{VMP_IPPROTO_TCP, 16, 2},
	{VMP_IPPROTO_UDP, 6, 2},
	{VMP_IPPROTO_ICMP, 2, 2},
	{VMP_IPPROTO_ICMP6, 2, 2},
	{132, 8, 4}, /* SCTP */
	{136, 6, 2}, /* UDP-Lite */
	{33, 6, 2},  /* DCCP */
};

/* UDP ports of tunnels: IANA's, and 8472, which Linux and flannel used before there was one. */
enum tunnel { TUNNEL_VXLAN, TUNNEL_GENEVE };
static const struct {
	uint16_t port;
	enum tunnel tunnel;
} tunnel_ports[] = {{4789, TUNNEL_VXLAN}, {8472, TUNNEL_VXLAN}, {6081, TUNNEL_GENEVE}};

/* A copy of packet bytes that is read through the cursor and blanked at offsets of it. */
struct view {
	struct vmp_cursor c;
	uint8_t *start;
	size_t len;
};

static void blank(struct view *v, size_t offset, size_t len)
{
	for (size_t i = offset; i < offset + len && i < v->len; i++)
		v->start[i] = 0;
}

static size_t offset_of(const struct view *v)
{
	return (size_t)(v->c.p - v->start);
}

static void blank_transport(struct view *v, uint8_t proto)
{
	for (size_t i = 0; i < sizeof(checksums) / sizeof(*checksums); i++)
		if (checksums[i].proto == proto)
			blank(v, offset_of(v) + checksums[i].offset, checksums[i].len);
}

/* Pass over a UDP tunnel's headers. Returns the ethertype of what is inside, 0: no tunnel. */
static uint16_t enter_udp(struct view *v)
{
	struct vmp_cursor *c = &v->c;
	uint16_t port, inner;
	uint8_t options;

	vmp_cursor_take(c, 2);
	port = vmp_cursor_be16(c);
	vmp_cursor_take(c, 4);
	for (size_t i = 0; i < sizeof(tunnel_ports) / sizeof(*tunnel_ports); i++) {
		if (tunnel_ports[i].port != port)
			continue;
		options = vmp_cursor_u8(c) & 0x3f;
		vmp_cursor_take(c, 1);
		inner = vmp_cursor_be16(c);
		vmp_cursor_take(c, 4);
		if (tunnel_ports[i].tunnel == TUNNEL_VXLAN)
			return VMP_ETH_TEB;
		vmp_cursor_take(c, options * 4U);
		return inner;
	}
	return 0;
}

/* Pass over a GRE header (RFC 2784, RFC 2890) and blank its own checksum. Returns the ethertype inside, 0: other. */
static uint16_t enter_gre(struct view *v)
{
	struct vmp_cursor *c = &v->c;
	uint16_t flags = vmp_cursor_be16(c), inner = vmp_cursor_be16(c);

	if (flags & 7)
		return 0;
	if (flags & 0x8000) {
		blank(v, offset_of(v), 2);
		vmp_cursor_take(c, 4);
	}
	vmp_cursor_take(c, (flags & 0x2000 ? 4U : 0) + (flags & 0x1000 ? 4U : 0));
	return inner;
}

static uint16_t enter_tunnel(struct view *v, uint8_t proto)
{
	switch (proto) {
	case VMP_IPPROTO_UDP:
		return enter_udp(v);
	case PROTO_GRE:
		return enter_gre(v);
	case PROTO_IPIP:
		return VMP_ETH_IP4;
	case PROTO_IP6:
		return VMP_ETH_IP6;
	default:
		return 0;
	}
}

/* Pass over an inner Ethernet header with its tags. Returns the ethertype. */
static uint16_t enter_ethernet(struct view *v)
{
	uint16_t ethertype;

	vmp_cursor_take(&v->c, 12);
	ethertype = vmp_cursor_be16(&v->c);
	while (vmp_ethertype_is_tag(ethertype)) {
		vmp_cursor_take(&v->c, 2);
		ethertype = vmp_cursor_be16(&v->c);
	}
	return ethertype;
}

/* Pass over an inner IP header. Returns true and the protocol when a transport header follows. */
static bool enter_ip(struct view *v, uint16_t ethertype, uint8_t *ret_proto)
{
	struct vmp_cursor *c = &v->c;
	uint8_t first = vmp_cursor_u8(c), proto;
	uint32_t header = (first & 0xfU) * 4;
	uint16_t fragment = 0;

	if (ethertype == VMP_ETH_IP4 && first >> 4 == 4 && header >= 20) {
		vmp_cursor_take(c, 5);
		fragment = vmp_cursor_be16(c);
		vmp_cursor_take(c, 1);
		proto = vmp_cursor_u8(c);
		vmp_cursor_take(c, header - 10);
	} else if (ethertype == VMP_ETH_IP6 && first >> 4 == 6) {
		vmp_cursor_take(c, 5);
		proto = vmp_cursor_u8(c);
		vmp_cursor_take(c, 33);
	} else {
		return false;
	}
	if (c->bad || (fragment & 0x1fff))
		return false;
	*ret_proto = proto;
	return true;
}

/* What an ICMP error quotes: translation changes the checksums in it too (net/netfilter/nf_nat_proto.c, nf_nat_icmp_reply_translation()). */
static void blank_quoted(struct view *v, uint8_t proto)
{
	uint8_t type = vmp_cursor_u8(&v->c);
	struct vmp_quoted quoted;
	size_t start;

	vmp_cursor_take(&v->c, 7);
	start = offset_of(v);
	if (!vmp_quote_find(proto, type, v->c, &quoted))
		return;
	if (quoted.checksum)
		blank(v, start + quoted.checksum, 2);
	vmp_cursor_take(&v->c, quoted.transport);
	if (!v->c.bad)
		blank_transport(v, quoted.proto);
}

void vmp_checksum_blank(uint8_t proto, uint8_t *bytes, size_t len)
{
	struct view v = {.c = vmp_cursor_make(bytes, len), .start = bytes, .len = len};

	/* Most packets are TCP, and none of them is a tunnel. */
	if (proto == VMP_IPPROTO_TCP) {
		blank(&v, 16, 2);
		return;
	}
	blank_transport(&v, proto);
	if (proto == VMP_IPPROTO_ICMP || proto == VMP_IPPROTO_ICMP6)
		blank_quoted(&v, proto);
	for (int depth = 0; depth < TUNNELS_MAX; depth++) {
		uint16_t ethertype = enter_tunnel(&v, proto);

		if (ethertype == VMP_ETH_TEB)
			ethertype = enter_ethernet(&v);
		if (ethertype == 0 || !enter_ip(&v, ethertype, &proto))
			return;
		blank_transport(&v, proto);
	}
}
