/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct vmp_mac mac_guest = {{0x52, 0x54, 0, 0, 0, 1}}, mac_bridge = {{0x52, 0x54, 0, 0, 0, 2}};
const struct vmp_mac mac_uplink = {{2, 0, 0, 0, 0, 3}}, mac_gateway = {{2, 0, 0, 0, 0, 4}};

struct vmp_ip ip(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct vmp_ip){4, {a, b, c, d}};
}

static void lead(struct vmp_path *path, struct vmp_ip dst, uint8_t len, int hop)
{
	struct vmp_lead *row = vmp_vec_add(&path->leads);

	*row = (struct vmp_lead){.dst = dst, .prefix_len = len, .hop = hop, .has_gateway = len == 0, .gateway = ip(198, 51, 100, 1)};
}

void routed_begin(struct routed *world)
{
	static const int points[] = {ETH0, VIRBR0, TAP};
	struct vmp_match_conf conf = {.start_ns = T0, .settle_ns = SEC, .key = {{1, 2}}, .has_address = true, .address = PEER_IP};
	struct vmp_err err = {0};

	assert_int_equal(vmp_match_new(&world->path, &world->nic, points, 3, &conf, &world->match, &err), 0);
}

void routed_start(struct routed *world)
{
	static const struct {
		const char *name;
		enum vmp_hop_kind kind;
		enum vmp_role role;
		int rank;
		enum vmp_devdir to_guest;
	} hops[HOPS] = {
		[NET] = {"network", VMP_HOP_NETWORK, VMP_ROLE_NETWORK, 0, VMP_DEV_IN},
		[ETH0] = {"eth0", VMP_HOP_NIC, VMP_ROLE_UPLINK, 1, VMP_DEV_IN},
		[HOST] = {"host", VMP_HOP_HOST, VMP_ROLE_HOST, 2, VMP_DEV_IN},
		[VIRBR0] = {"virbr0", VMP_HOP_BRIDGE, VMP_ROLE_SWITCH, 3, VMP_DEV_OUT},
		[TAP] = {"tap0", VMP_HOP_TAP, VMP_ROLE_BACKEND, 4, VMP_DEV_OUT},
		[GUEST] = {"guest", VMP_HOP_GUEST, VMP_ROLE_GUEST, 5, VMP_DEV_IN},
	};

	memset(world, 0, sizeof(*world));
	world->now_ns = T0;
	world->path = (struct vmp_path){.mode = VMP_PATH_ROUTED, .nat = true, .guest_mac = mac_guest, .has_guest_mac = true, .backend = TAP,
					.switch_hop = VIRBR0};
	for (int i = 0; i < HOPS; i++) {
		struct vmp_hop *hop = vmp_vec_add(&world->path.hops);
		bool device = i == ETH0 || i == VIRBR0 || i == TAP;

		*hop = (struct vmp_hop){.name = strdup(hops[i].name), .kind = hops[i].kind, .role = hops[i].role, .rank = hops[i].rank,
					.to_guest = hops[i].to_guest, .ifindex = device ? i + 1 : 0, .routed = i == ETH0,
					.observed = device ? VMP_OBSERVED_YES : VMP_OBSERVED_NO};
	}
	*(struct vmp_mac *)vmp_vec_add(&world->path.host_macs) = mac_bridge;
	*(struct vmp_host_address *)vmp_vec_add(&world->path.own) = (struct vmp_host_address){ETH0 + 1, OUTSIDE_IP, 24};
	*(struct vmp_host_address *)vmp_vec_add(&world->path.own) = (struct vmp_host_address){VIRBR0 + 1, BRIDGE_IP, 24};
	lead(&world->path, BRIDGE_IP, 32, -1);
	lead(&world->path, OUTSIDE_IP, 32, -1);
	lead(&world->path, ip(192, 168, 122, 0), 24, -1);
	lead(&world->path, ip(0, 0, 0, 0), 0, ETH0);
	world->nic.has_mac = true;
	world->nic.mac = mac_guest;
	routed_begin(world);
}

void routed_finish(struct routed *world)
{
	uint64_t end = world->now_ns + 5 * SEC;

	vmp_match_close_window(world->match, world->now_ns);
	vmp_match_settle_all(world->match, end);
	assert_int_equal(vmp_match_report(world->match, &world->run), 0);
}

void routed_end(struct routed *world)
{
	vmp_match_free(world->match);
	vmp_run_clear(&world->run);
	vmp_nic_clear(&world->nic);
	vmp_path_clear(&world->path);
}

struct vmp_segment routed_segment(const struct routed *world, enum vmp_direction direction, int from, int to)
{
	static const struct vmp_segment none;

	vmp_vec_foreach (each, &world->run.segments)
		if (each->direction == direction && each->from == from && each->to == to)
			return *each;
	return none;
}

/* Of its datagram only these bytes. */
static void make_fragment(const struct story *story, struct vmp_packet *packet)
{
	packet->flags |= VMP_PKT_FRAGMENT;
	packet->fragment_offset = story->from_byte;
	packet->more_fragments = story->more;
	packet->ip_len = 20U + story->to_byte - story->from_byte;
	packet->payload_len = packet->ip_len - 20;
	if (story->from_byte == 0) {
		packet->payload_len -= 8;
		return;
	}
	packet->flags &= ~(uint32_t)(VMP_PKT_L4 | VMP_PKT_TCP | VMP_PKT_UDP | VMP_PKT_ICMP);
	packet->sport = packet->dport = packet->icmp_id = packet->icmp_seq = 0;
	packet->icmp_type = 0;
	packet->tcp_seq = 0;
}

static void make_error(const struct story *story, bool leaves, struct vmp_packet *packet)
{
	bool echo = story->proto == 1;

	packet->quote = (struct vmp_quote){packet->dst, packet->src, story->proto, echo ? packet->icmp_id : packet->dport,
					   echo ? packet->icmp_id : packet->sport};
	packet->flags = VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_L4 | VMP_PKT_ICMP | VMP_PKT_QUOTED_ENDS;
	packet->proto = 1;
	packet->icmp_type = story->error_type ? story->error_type : 3;
	packet->sport = packet->dport = packet->icmp_id = 0;
	packet->tcp_seq = packet->tcp_flags = 0;
	packet->payload_len = 32;
	if (story->has_router && !leaves)
		packet->src = story->router;
}

struct vmp_packet packet_of(const struct story *story, bool leaves, bool outside)
{
	struct vmp_ip own = outside ? story->outside : GUEST_IP;
	uint16_t own_port = outside ? story->outside_port : story->guest_port;
	struct vmp_ip peer = story->has_peer ? story->peer : PEER_IP;
	struct vmp_packet packet = {
		.flags = VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_L4, .ethertype = 0x0800, .proto = story->proto, .ip_id = story->ip_id,
		.src = leaves ? own : peer, .dst = leaves ? peer : own, .l3_offset = 14, .l4_offset = 34,
	};

	packet.ip_len = 20 + (story->whole ? story->whole : 40);
	packet.payload_len = packet.ip_len - (story->proto == 6 ? 40 : 28);
	packet.ttl = (uint8_t)((story->ttl ? story->ttl : 64) - (outside == leaves));
	if (story->proto == 1) {
		packet.flags |= VMP_PKT_ICMP;
		packet.icmp_type = leaves != story->is_error ? 8 : 0;
		packet.icmp_id = own_port;
		packet.icmp_seq = (uint16_t)story->seq;
	} else {
		packet.flags |= story->proto == 6 ? VMP_PKT_TCP : VMP_PKT_UDP;
		packet.sport = leaves ? own_port : story->peer_port;
		packet.dport = leaves ? story->peer_port : own_port;
		packet.tcp_seq = story->seq;
		packet.tcp_flags = story->flags;
	}
	if (story->is_fragment)
		make_fragment(story, &packet);
	if (story->is_error)
		make_error(story, leaves, &packet);
	if (outside) {
		packet.src_mac = leaves ? mac_uplink : mac_gateway;
		packet.dst_mac = leaves ? mac_gateway : mac_uplink;
	} else {
		packet.src_mac = leaves ? mac_guest : mac_bridge;
		packet.dst_mac = leaves ? mac_bridge : mac_guest;
	}
	return packet;
}

bool routed_show(struct routed *world, const struct story *story, bool leaves, int hop)
{
	static const int points[HOPS] = {[ETH0] = 0, [VIRBR0] = 1, [TAP] = 2};
	struct vmp_packet packet = packet_of(story, leaves, hop == ETH0);
	uint8_t bytes[80] = {0};
	struct vmp_frame frame = {.ts_ns = world->now_ns, .point = (uint32_t)points[hop], .wire_len = 74, .cap_len = 74, .data = bytes};
	struct vmp_fingerprint fingerprint = {.usable = true};
	struct vmp_hash_key key = {{3, 4}};
	struct {
		struct vmp_ip src, dst;
		uint16_t sport, dport, id, ip_id;
		uint32_t seq, ip_len;
		uint16_t fragment;
		uint8_t flags, type, more;
		struct vmp_ip quoted[2];
		uint16_t quoted_ports[2];
	} what;

	memcpy(bytes + 42, &story->seq, 4);
	frame.wire_len = packet.ip_len + 14;
	frame.devdir = (hop == ETH0) == leaves ? VMP_DEV_OUT : VMP_DEV_IN;
	world->now_ns += 10000;
	if (!vmp_match_translate(world->match, &frame, &packet))
		return false;
	memset(&what, 0, sizeof(what));
	what.src = packet.src;
	what.dst = packet.dst;
	what.sport = packet.sport;
	what.dport = packet.dport;
	what.id = packet.icmp_id;
	what.ip_id = packet.ip_id;
	what.seq = story->seq;
	what.flags = packet.tcp_flags;
	what.ip_len = packet.ip_len;
	what.fragment = packet.fragment_offset;
	what.more = packet.more_fragments;
	what.type = packet.icmp_type;
	what.quoted[0] = packet.quote.src;
	what.quoted[1] = packet.quote.dst;
	what.quoted_ports[0] = packet.quote.sport;
	what.quoted_ports[1] = packet.quote.dport;
	fingerprint.id = vmp_hash(&key, &what, sizeof(what));
	assert_int_equal(vmp_match_add(world->match, &frame, &packet, &fingerprint), 0);
	return true;
}

void routed_out(struct routed *world, const struct story *story, bool lost)
{
	assert_true(routed_show(world, story, true, TAP));
	assert_true(routed_show(world, story, true, VIRBR0));
	if (!lost)
		assert_true(routed_show(world, story, true, ETH0));
}

bool routed_in(struct routed *world, const struct story *story, bool lost)
{
	bool known = routed_show(world, story, false, ETH0);

	if (!lost) {
		assert_true(routed_show(world, story, false, VIRBR0));
		assert_true(routed_show(world, story, false, TAP));
	}
	return known;
}
