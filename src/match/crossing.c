/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/crossing.h"

#include "base/cursor.h"

#include <string.h>

enum {
	PAYLOAD = 16,
	QUOTED = 8,             /* up to the addresses and the checksum of what an ICMP error quotes */
	ECHO_REQUEST = 8, ECHO_REPLY = 0, ECHO6_REQUEST = 128, ECHO6_REPLY = 129,
	PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58,
};

bool vmp_crossing_is_echo(const struct vmp_packet *packet)
{
	uint8_t type = packet->icmp_type;

	return ((packet->flags & VMP_PKT_ICMP) && (type == ECHO_REQUEST || type == ECHO_REPLY)) ||
	       ((packet->flags & VMP_PKT_ICMP6) && (type == ECHO6_REQUEST || type == ECHO6_REPLY));
}

static bool is_followed(uint8_t proto)
{
	return proto == PROTO_ICMP || proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_ICMP6;
}

static void set_sides(struct vmp_sides *sides, uint8_t proto, const struct vmp_ip *own, uint16_t own_port, const struct vmp_ip *peer,
		      uint16_t peer_port)
{
	sides->proto = proto;
	sides->own = (struct vmp_end){*own, 0, own_port};
	sides->peer = (struct vmp_end){*peer, 0, peer_port};
}

/*
 * The packet that an error is about went the other way. Who gets the error must have sent that packet, or the kernel does not take it for
 * one of a connection (net/netfilter/nf_conntrack_proto_icmp.c, nf_conntrack_inet_error()).
 */
static enum vmp_crossing cross_error(const struct vmp_packet *packet, bool leaves, struct vmp_sides *sides)
{
	const struct vmp_quote *quote = &packet->quote;
	bool echo = quote->proto == PROTO_ICMP || quote->proto == PROTO_ICMP6;

	if (!vmp_ip_equal(&packet->dst, &quote->src))
		return VMP_CROSSING_NOT;
	if (leaves)
		set_sides(sides, quote->proto, &quote->dst, quote->dport, &quote->src, echo ? 0 : quote->sport);
	else
		set_sides(sides, quote->proto, &quote->src, quote->sport, &quote->dst, echo ? 0 : quote->dport);
	return VMP_CROSSING_ERROR;
}

enum vmp_crossing vmp_crossing_of(const struct vmp_packet *packet, bool leaves, struct vmp_sides *ret_sides)
{
	const struct vmp_ip *own = leaves ? &packet->src : &packet->dst, *peer = leaves ? &packet->dst : &packet->src;
	bool echo = vmp_crossing_is_echo(packet);

	if (!(packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6)) || (packet->flags & VMP_PKT_MALFORMED))
		return VMP_CROSSING_NOT;
	if (packet->fragment_offset > 0) {
		set_sides(ret_sides, packet->proto, own, 0, peer, 0);
		return is_followed(packet->proto) ? VMP_CROSSING_REST : VMP_CROSSING_NOT;
	}
	if (packet->flags & VMP_PKT_QUOTED_ENDS)
		return cross_error(packet, leaves, ret_sides);
	if (!(packet->flags & VMP_PKT_L4) || !(echo || (packet->flags & (VMP_PKT_TCP | VMP_PKT_UDP))))
		return VMP_CROSSING_NOT;
	if (echo)
		set_sides(ret_sides, packet->proto, own, packet->icmp_id, peer, 0);
	else
		set_sides(ret_sides, packet->proto, own, leaves ? packet->sport : packet->dport, peer,
			  leaves ? packet->dport : packet->sport);
	return VMP_CROSSING_WHOLE;
}

/*
 * A large TCP packet that is cut outside has the id and number of its first piece, so neither length nor payload are looked at.
 * Others: the start of the payload tells apart what has no number.
 */
uint64_t vmp_crossing_key(const struct vmp_hash_key *key, const struct vmp_frame *frame, const struct vmp_packet *packet,
			  const struct vmp_end *peer, bool leaves)
{
	struct {
		struct vmp_end peer;
		uint8_t payload[PAYLOAD];
		uint32_t seq, ack;
		uint16_t ip_id;
		uint8_t proto, leaves, type, pad[3];
	} what;
	struct vmp_cursor c = vmp_cursor_make(frame->data, frame->cap_len);

	memset(&what, 0, sizeof(what));
	what.peer = *peer;
	what.ip_id = packet->ip_id;
	what.proto = packet->proto;
	what.leaves = leaves;
	if (packet->flags & VMP_PKT_TCP) {
		what.seq = packet->tcp_seq;
		what.ack = packet->tcp_ack;
	} else {
		uint32_t at = packet->l4_offset + 8, most = packet->flags & VMP_PKT_QUOTED_ENDS ? QUOTED : PAYLOAD;
		uint32_t len = packet->payload_len < most ? packet->payload_len : most;

		what.seq = vmp_crossing_is_echo(packet) ? packet->icmp_seq : 0;
		what.type = packet->icmp_type;
		vmp_cursor_take(&c, at);
		if (!c.bad && c.left >= len)
			vmp_cursor_copy(&c, what.payload, len);
	}
	return vmp_hash_half(key, &what, sizeof(what));
}

uint64_t vmp_crossing_fragments_key(const struct vmp_hash_key *key, const struct vmp_packet *packet)
{
	struct {
		struct vmp_ip src, dst;
		uint8_t proto, pad;
		uint32_t id;
	} what;

	memset(&what, 0, sizeof(what));
	what.src = packet->src;
	what.dst = packet->dst;
	what.proto = packet->proto;
	what.id = packet->flags & VMP_PKT_IP4 ? packet->ip_id : packet->ip6_id;
	return vmp_hash_half(key, &what, sizeof(what));
}

enum vmp_owed_outside vmp_crossing_must_leave(const struct vmp_path *path, const struct vmp_packet *packet, int *ret_hop)
{
	const struct vmp_lead *lead = packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6) ? vmp_path_lead(path, &packet->dst) : NULL;
	struct vmp_sides sides;

	/* A source of another network is no guest's of this one: what routes and filters make of it is not known. */
	if (!lead || lead->hop < 0 || packet->ttl <= 1 || vmp_crossing_of(packet, true, &sides) == VMP_CROSSING_NOT ||
	    !vmp_path_is_inside(path, &packet->src))
		return VMP_STAYS_HERE;
	*ret_hop = lead->hop;
	return path->leads_unsure ? VMP_MAY_LEAVE : VMP_MUST_LEAVE;
}
