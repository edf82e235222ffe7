/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the decoders of this folder share: how far the packet is read, and one function per protocol. */
#ifndef VMP_PACKET_WALK_H
#define VMP_PACKET_WALK_H

#include "base/cursor.h"
#include "model/frame.h"
#include "model/packet.h"

#define VMP_ETH_IP4   0x0800U
#define VMP_ETH_ARP   0x0806U
#define VMP_ETH_TEB   0x6558U /* transparent Ethernet bridging: a frame inside a tunnel */
#define VMP_ETH_CTAG  0x8100U
#define VMP_ETH_IP6   0x86ddU
#define VMP_ETH_STAG  0x88a8U
#define VMP_ETH_QINQ  0x9100U /* what switches used before 802.1ad */
#define VMP_ETH_802_3 1500U   /* up to here the field is a length (IEEE 802.3, 3.2.6) */

#define VMP_IPPROTO_ICMP  1U
#define VMP_IPPROTO_TCP   6U
#define VMP_IPPROTO_UDP   17U
#define VMP_IPPROTO_ICMP6 58U

/*
 * A walk over one frame. The end of the capture and the end of the packet are two things: the first says nothing about
 * the packet, the second contradicts a header that promises more.
 */
struct vmp_walk {
	struct vmp_cursor c;        /* what was captured of the packet and is not read yet */
	size_t uncaptured;          /* bytes of the packet that follow these and were not captured */
	const uint8_t *start;       /* of the frame */
};

/* Bytes of the packet from here on, captured or not. */
static inline size_t vmp_walk_left(const struct vmp_walk *w)
{
	return w->c.left + w->uncaptured;
}

/* Bytes from the start of the frame to here. */
static inline uint32_t vmp_walk_offset(const struct vmp_walk *w)
{
	return (uint32_t)(w->c.p - w->start);
}

/* End the packet n bytes from here, unless it ends sooner. */
static inline void vmp_walk_limit(struct vmp_walk *w, size_t n)
{
	if (n >= vmp_walk_left(w))
		return;
	w->uncaptured = n > w->c.left ? n - w->c.left : 0;
	vmp_cursor_limit(&w->c, n);
}

/* The headers of the packet that an ICMP error quotes. */
struct vmp_quoted {
	uint8_t proto;
	uint8_t addresses, address_len; /* offset of the source's; the destination's follows */
	uint8_t checksum;               /* offset of that of the IP header; 0: it has none */
	uint8_t transport;              /* offset */
};

/* The next n bytes, as far as captured, are headers: evidence keeps them. */
static inline void vmp_walk_keep(const struct vmp_walk *w, struct vmp_packet *packet, size_t n)
{
	packet->header_len = vmp_walk_offset(w) + (uint32_t)(n < w->c.left ? n : w->c.left);
}

/* True when a header of n bytes can be read here; else flags why not: the packet or the capture is too short for it. */
static inline bool vmp_walk_need(const struct vmp_walk *w, struct vmp_packet *packet, size_t n)
{
	bool fits = n <= vmp_walk_left(w);

	if (n <= w->c.left)
		return true;
	packet->flags |= fits ? VMP_PKT_TRUNCATED : VMP_PKT_MALFORMED;
	if (fits)
		vmp_walk_keep(w, packet, n);
	return false;
}

/* Take a header of n bytes, to be read as an array of that many; NULL and a flag when it cannot be read here. */
static inline const void *vmp_walk_take(struct vmp_walk *w, struct vmp_packet *packet, size_t n)
{
	return vmp_walk_need(w, packet, n) ? vmp_cursor_take(&w->c, n) : NULL;
}

/* True for the ethertype of a VLAN tag. */
static inline bool vmp_ethertype_is_tag(uint16_t ethertype)
{
	return ethertype == VMP_ETH_CTAG || ethertype == VMP_ETH_STAG || ethertype == VMP_ETH_QINQ;
}

/* Read one header: w stands at its first byte. Fields and flags of packet are set as far as they can be read. */
typedef void vmp_decode_fn(struct vmp_walk *w, struct vmp_packet *packet);

/* A walk over a whole frame. */
struct vmp_walk vmp_walk_begin(const struct vmp_frame *frame);

/* An Ethernet frame that begins here, and all in it. */
vmp_decode_fn vmp_decode_frame;

/* Ethernet II and 802.3 header with VLAN tags. Returns false when there is no ethertype to go on with. */
bool vmp_decode_ethernet(struct vmp_walk *w, struct vmp_packet *packet);

/* RFC 826, for IPv4 over Ethernet. */
vmp_decode_fn vmp_decode_arp;

/* RFC 791, and on to the transport. */
vmp_decode_fn vmp_decode_ip4;

/* RFC 8200 with extension headers, and on to the transport. */
vmp_decode_fn vmp_decode_ip6;

/* Neither ARP nor IP: only decides how much evidence may keep. */
vmp_decode_fn vmp_decode_other;

/* What follows the IP headers, by packet->proto. w ends where the IP packet or fragment ends. */
vmp_decode_fn vmp_decode_transport;

/* RFC 9293. */
vmp_decode_fn vmp_decode_tcp;

/* RFC 768, and BOOTP behind it. */
vmp_decode_fn vmp_decode_udp;

/* RFC 951, RFC 2131: the client's hardware address. */
vmp_decode_fn vmp_decode_dhcp;

/* RFC 792. */
vmp_decode_fn vmp_decode_icmp;

/* RFC 4443, and RFC 4861 neighbour discovery. */
vmp_decode_fn vmp_decode_icmp6;

/*
 * Where in the packet that an ICMP error quotes its headers stand, counted from its first byte, by the version of IP. Returns false for a
 * message that quotes none, and for a packet without a transport header at its place.
 */
bool vmp_quote_find(uint8_t proto, uint8_t icmp_type, struct vmp_cursor quoted, struct vmp_quoted *ret_quoted);

/* Read whose packet an ICMP error is about; w stands behind the ICMP header. Sets the flag when that could be read. */
void vmp_decode_quote(const struct vmp_walk *w, struct vmp_packet *packet);

/*
 * Blank the checksums that offloading fills in late, in a copy of the first bytes behind the IP headers: that of proto
 * itself and, when it is a tunnel, those inside. Whether they are there yet differs from hop to hop. So do those that an ICMP error
 * quotes, where addresses are translated.
 * proto: IP protocol; bytes: len of them, changed in place.
 */
void vmp_checksum_blank(uint8_t proto, uint8_t *bytes, size_t len);

#endif
