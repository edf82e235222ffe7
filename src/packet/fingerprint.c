/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/packet.h"
#include "packet/walk.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define L4_HEADER_MAX 60U
#define BYTES_MAX     (L4_HEADER_MAX + VMP_FINGERPRINT_PAYLOAD)

/* Of a frame that is neither ARP nor IP: how much is hashed, and up to where trailing zeros may be padding. */
#define OTHER_MAX     BYTES_MAX
#define PADDED_MAX    46U

enum kind { KIND_OTHER, KIND_ARP, KIND_IP4, KIND_IP6 };

#define ADDRESSES_MAX 32U

/*
 * What is hashed, in one piece and without holes. Fields that a kind does not have are zero; the kind says how long the addresses are.
 * Hashing is what costs most of all that is done for a frame, so IPv4 addresses take no more room than they need.
 */
struct identity {
	uint32_t len;           /* of the IP packet or the other frame */
	uint32_t id;            /* IP id, IPv6 fragment id, ARP op */
	uint32_t flow;          /* IPv6 flow label */
	uint16_t fragment;      /* offset, a multiple of 8, with DF and MF in its low bits */
	uint8_t kind, proto;
	uint8_t data[ADDRESSES_MAX + BYTES_MAX]; /* addresses, and what follows them */
	uint8_t *bytes;         /* in data, behind the addresses */
};
static_assert(offsetof(struct identity, data) == 16, "holes would be hashed");
static_assert(offsetof(struct identity, bytes) <= VMP_DIGEST_BYTES, "some would not be hashed");

/* Put in both addresses; bytes follow. */
static void set_addresses(struct identity *identity, const struct vmp_packet *packet, size_t len)
{
	memcpy(identity->data, packet->src.b, len);
	memcpy(identity->data + len, packet->dst.b, len);
	identity->bytes = identity->data + 2 * len;
}

/* A cursor over the frame from offset on; nothing when the frame ends before. */
static struct vmp_cursor cursor_at(const struct vmp_frame *frame, uint32_t offset)
{
	struct vmp_cursor c = vmp_cursor_make(frame->data, frame->cap_len);

	vmp_cursor_take(&c, offset);
	return c;
}

/* Bytes of the frame from offset on, captured or not. */
static uint32_t room_after(const struct vmp_frame *frame, uint32_t offset)
{
	uint32_t len = frame->wire_len > frame->cap_len ? frame->wire_len : frame->cap_len;

	return len > offset ? len - offset : 0;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * Blank the value of the MSS option of a SYN: firewalls clamp it on the way (xt_TCPMSS, nft "tcp option maxseg size").
 * bytes: a TCP header of len bytes.
 */
static void blank_mss(uint8_t *bytes, size_t len)
{
	enum { OPTIONS = 20, END = 0, NOP = 1, MSS = 2 };

	for (size_t i = OPTIONS; i + 4 <= len && bytes[i] != END; i += bytes[i] == NOP ? 1 : bytes[i + 1]) {
		if (bytes[i] == NOP)
			continue;
		if (bytes[i] == MSS && bytes[i + 1] == 4)
			bytes[i + 2] = bytes[i + 3] = 0;
		if (bytes[i + 1] < 2)
			return;
	}
}

/* The ports, or the id of an echo, as they are inside. */
static void put_ports(const struct vmp_packet *packet, uint8_t *bytes, size_t len)
{
	const uint16_t ports[] = {htobe16(packet->sport), htobe16(packet->dport)}, id = htobe16(packet->icmp_id);

	if ((packet->flags & (VMP_PKT_TCP | VMP_PKT_UDP)) && len >= 4)
		memcpy(bytes, ports, 4);
	else if ((packet->flags & (VMP_PKT_ICMP | VMP_PKT_ICMP6)) && len >= 6)
		memcpy(bytes + 4, &id, 2);
}

static void put(uint8_t *bytes, size_t len, size_t at, const void *what, size_t n)
{
	if (at + n <= len)
		memcpy(bytes + at, what, n);
}

/* The addresses and ports that an ICMP error quotes, as they are inside. */
static void put_quote(const struct vmp_packet *packet, uint8_t *bytes, size_t len)
{
	enum { HEADER = 8, ECHO_ID = 4 };
	const struct vmp_quote *quote = &packet->quote;
	const uint16_t ports[] = {htobe16(quote->sport), htobe16(quote->dport)};
	struct vmp_quoted at;

	if (len < HEADER || !vmp_quote_find(packet->proto, packet->icmp_type, vmp_cursor_make(bytes + HEADER, len - HEADER), &at))
		return;
	put(bytes, len, HEADER + at.addresses, quote->src.b, at.address_len);
	put(bytes, len, HEADER + at.addresses + at.address_len, quote->dst.b, at.address_len);
	if (quote->proto == VMP_IPPROTO_TCP || quote->proto == VMP_IPPROTO_UDP)
		put(bytes, len, HEADER + at.transport, ports, sizeof(ports));
	else
		put(bytes, len, HEADER + at.transport + ECHO_ID, ports, sizeof(*ports));
}

/*
 * The bytes behind the IP headers: a transport header without its checksum and the start of the payload.
 * Returns true and their number when they were captured.
 */
static bool gather_transport(const struct vmp_frame *frame, const struct vmp_packet *packet, uint32_t most_bytes,
			     struct identity *identity, size_t *ret_len)
{
	uint32_t l3_len = packet->l4_offset - packet->l3_offset, len, header, payload;
	struct vmp_cursor c;

	if (packet->l4_offset == 0)
		return false;
	len = packet->ip_len > l3_len ? packet->ip_len - l3_len : 0;
	header = packet->flags & VMP_PKT_L4 ? len - packet->payload_len : 0;
	payload = most_bytes > l3_len + header ? most_bytes - l3_len - header : 0;
	len = least(len, header + least(payload, VMP_FINGERPRINT_PAYLOAD));
	/* A malformed packet may promise more than there is: all there is identifies it then. */
	len = least(least(len, room_after(frame, packet->l4_offset)), BYTES_MAX);
	c = cursor_at(frame, packet->l4_offset);
	if (c.bad || c.left < len)
		return false;
	vmp_cursor_copy(&c, identity->bytes, len);
	if (packet->fragment_offset == 0)
		vmp_checksum_blank(packet->proto, identity->bytes, len);
	if ((packet->flags & VMP_PKT_TCP) && (packet->tcp_flags & VMP_TCP_SYN))
		blank_mss(identity->bytes, least(header, len));
	if ((packet->flags & VMP_PKT_TRANSLATED) && (packet->flags & VMP_PKT_QUOTED_ENDS))
		put_quote(packet, identity->bytes, len);
	else if (packet->flags & VMP_PKT_TRANSLATED)
		put_ports(packet, identity->bytes, len);
	*ret_len = len;
	return true;
}

static bool gather_ip4(const struct vmp_frame *frame, const struct vmp_packet *packet, uint32_t most_bytes,
		       struct identity *identity, size_t *ret_len)
{
	set_addresses(identity, packet, 4);
	identity->id = packet->ip_id;
	identity->len = packet->ip_len;
	identity->proto = packet->proto;
	identity->fragment = packet->fragment_offset | packet->dont_fragment << 1 | packet->more_fragments;
	return gather_transport(frame, packet, most_bytes, identity, ret_len);
}

static bool gather_ip6(const struct vmp_frame *frame, const struct vmp_packet *packet, uint32_t most_bytes,
		       struct identity *identity, size_t *ret_len)
{
	struct vmp_cursor c = cursor_at(frame, packet->l3_offset);

	set_addresses(identity, packet, 16);
	identity->id = packet->ip6_id;
	identity->flow = vmp_cursor_be32(&c) & 0xfffff;
	identity->len = packet->ip_len;
	identity->proto = packet->proto;
	identity->fragment = packet->fragment_offset | packet->more_fragments;
	return gather_transport(frame, packet, most_bytes, identity, ret_len);
}

static bool gather_arp(const struct vmp_packet *packet, struct identity *identity, size_t *ret_len)
{
	set_addresses(identity, packet, 4);
	identity->id = packet->arp_op;
	memcpy(identity->bytes, packet->arp_sender_mac.b, 6);
	memcpy(identity->bytes + 6, packet->arp_target_mac.b, 6);
	*ret_len = 12;
	return true;
}

/*
 * What follows the ethertype. A short frame may have been padded with zeros, so zeros at its end do not count; one
 * whose tags go on where they are no longer read is not told from others, for a hop may take one off.
 */
static bool gather_other(const struct vmp_frame *frame, const struct vmp_packet *packet, struct identity *identity,
			 size_t *ret_len)
{
	uint32_t all = room_after(frame, packet->l3_offset), len;
	struct vmp_cursor c;

	if (!(packet->flags & VMP_PKT_ETH) || vmp_ethertype_is_tag(packet->ethertype))
		return false;
	if (packet->ethertype <= VMP_ETH_802_3)
		all = least(all, packet->ethertype);
	len = least(all, OTHER_MAX);
	c = cursor_at(frame, packet->l3_offset);
	if (c.bad || c.left < len)
		return false;
	vmp_cursor_copy(&c, identity->bytes, len);
	if (all > PADDED_MAX)
		identity->len = all;
	while (all <= PADDED_MAX && len > 0 && identity->bytes[len - 1] == 0)
		len--;
	identity->id = packet->ethertype;
	*ret_len = len;
	return true;
}

void vmp_packet_fingerprint(const struct vmp_digest_key *key, const struct vmp_frame *frame,
			    const struct vmp_packet *packet, struct vmp_fingerprint *ret_fingerprint)
{
	vmp_packet_fingerprint_short(key, frame, packet, UINT32_MAX, ret_fingerprint);
}

void vmp_packet_fingerprint_short(const struct vmp_digest_key *key, const struct vmp_frame *frame, const struct vmp_packet *packet,
				  uint32_t most_bytes, struct vmp_fingerprint *ret_fingerprint)
{
	struct identity identity;
	size_t len = 0;
	bool usable;

	memset(&identity, 0, offsetof(struct identity, data));
	identity.bytes = identity.data;
	if (packet->flags & VMP_PKT_IP4) {
		identity.kind = KIND_IP4;
		usable = gather_ip4(frame, packet, most_bytes, &identity, &len);
	} else if (packet->flags & VMP_PKT_IP6) {
		identity.kind = KIND_IP6;
		usable = gather_ip6(frame, packet, most_bytes, &identity, &len);
	} else if (packet->flags & VMP_PKT_ARP) {
		identity.kind = KIND_ARP;
		usable = gather_arp(packet, &identity, &len);
	} else {
		identity.kind = KIND_OTHER;
		usable = gather_other(frame, packet, &identity, &len);
	}
	ret_fingerprint->id = vmp_digest(key, &identity, (size_t)(identity.bytes - (uint8_t *)&identity) + len);
	ret_fingerprint->usable = usable;
}
