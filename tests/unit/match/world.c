/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

const struct vmp_mac mac_guest = {{0x52, 0x54, 0, 0, 0, 1}};
const struct vmp_mac mac_peer = {{0x52, 0x54, 0, 0, 0, 2}};
const struct vmp_mac mac_gateway = {{0x02, 0, 0, 0, 0, 0xfe}};
const struct vmp_mac mac_host = {{0x02, 0, 0, 0, 0, 0x0a}};
const struct vmp_mac mac_other = {{0x02, 0, 0, 0, 0, 0x99}};
const struct vmp_mac mac_all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
const struct vmp_mac mac_group = {{0x33, 0x33, 0xff, 0, 0, 1}};

static void set_hop(struct world *world, int hop, const char *name, enum vmp_role role, int rank, enum vmp_devdir to_guest)
{
	struct vmp_hop *at = &world->path.hops.v[hop];

	at->name = strdup(name);
	at->role = role;
	at->rank = rank;
	at->to_guest = to_guest;
	at->ifindex = role == VMP_ROLE_NETWORK || role == VMP_ROLE_GUEST ? 0 : hop + 1;
	at->observed = at->ifindex ? VMP_OBSERVED_YES : VMP_OBSERVED_NO;
}

static void add_home(struct world *world, const struct vmp_mac *mac, int hop)
{
	struct vmp_home *home = vmp_vec_add(&world->path.homes);

	home->mac = *mac;
	home->hop = hop;
}

static void set_bond(struct world *world)
{
	set_hop(world, ETH1, "eth1", VMP_ROLE_UPLINK, 1, VMP_DEV_IN);
	world->path.hops.v[ETH1].inactive = true;
	set_hop(world, BOND, "bond0", VMP_ROLE_TRANSIT, 2, VMP_DEV_IN);
}

void world_init(struct world *world, unsigned int flags)
{
	int deeper = flags & WORLD_BOND ? 1 : 0;
	int hops = flags & WORLD_BOND ? HOPS : GUEST + 1;
	struct vmp_mac *host_mac;

	memset(world, 0, sizeof(*world));
	for (int i = 0; i < hops; i++)
		assert_non_null(vmp_vec_add(&world->path.hops));
	world->path.mode = flags & WORLD_MACVTAP  ? VMP_PATH_MACVTAP
			   : flags & WORLD_OVS    ? VMP_PATH_OVS
			   : flags & WORLD_ROUTED ? VMP_PATH_ROUTED
						  : VMP_PATH_BRIDGED;
	world->path.guest_mac = mac_guest;
	world->path.has_guest_mac = true;
	world->path.backend = TAP;
	world->path.switch_hop = BR0;
	set_hop(world, NET, "network", VMP_ROLE_NETWORK, 0, VMP_DEV_IN);
	set_hop(world, ETH0, "eth0", flags & WORLD_ROUTED ? VMP_ROLE_ROUTED : VMP_ROLE_UPLINK, 1, VMP_DEV_IN);
	set_hop(world, BR0, "br0", VMP_ROLE_SWITCH, 1 + deeper, VMP_DEV_OUT);
	set_hop(world, PEER, "tap1", VMP_ROLE_PEER, 1 + deeper, VMP_DEV_IN);
	set_hop(world, TAP, "tap0", VMP_ROLE_BACKEND, 2 + deeper, flags & WORLD_MACVTAP ? VMP_DEV_IN : VMP_DEV_OUT);
	set_hop(world, GUEST, "guest", VMP_ROLE_GUEST, 3 + deeper, VMP_DEV_IN);
	if (flags & WORLD_BOND)
		set_bond(world);
	if (!(flags & (WORLD_PROMISC | WORLD_ROUTED)))
		world->path.hops.v[BR0].observed = VMP_OBSERVED_PARTLY;
	add_home(world, &mac_gateway, flags & WORLD_BOND ? BOND : ETH0);
	add_home(world, &mac_peer, PEER);
	add_home(world, &mac_guest, TAP);
	host_mac = vmp_vec_add(&world->path.host_macs);
	*host_mac = mac_host;
	if (flags & WORLD_OTHER_BETWEEN)
		world->path.hops.v[BR0].kind = VMP_HOP_OTHER;
	if (flags & WORLD_UNOBSERVED)
		vmp_path_add_fact(&world->path, "other-ports-not-observed", -1, "one port");
	for (int i = 0; i < hops; i++) {
		world->hop_points[i] = -1;
		if (!world->path.hops.v[i].ifindex)
			continue;
		world->hop_points[i] = (int)world->n_points;
		world->point_hops[world->n_points++] = i;
	}
}

void world_start(struct world *world, const struct vmp_match_conf *conf)
{
	struct vmp_match_conf plain = {.settle_ns = SEC, .key = {{1, 2}}};
	struct vmp_err err = {0};

	assert_int_equal(vmp_match_new(&world->path, &world->nic, world->point_hops, world->n_points, conf ? conf : &plain,
				       &world->match, &err),
			 0);
}

void world_end(struct world *world)
{
	vmp_match_free(world->match);
	vmp_path_clear(&world->path);
	vmp_nic_clear(&world->nic);
}

struct vmp_ip ip4(unsigned int x, unsigned int y)
{
	uint8_t octets[4] = {10, 0, (uint8_t)x, (uint8_t)y};

	return vmp_ip_from_octets(4, octets);
}

struct vmp_ip ip6(unsigned int x, unsigned int y)
{
	uint8_t octets[16] = {0xfd, [13] = (uint8_t)x, [15] = (uint8_t)y};

	return vmp_ip_from_octets(6, octets);
}

/* Every MAC of this world has one address. */
static struct vmp_ip ip_of(const struct vmp_mac *mac)
{
	return vmp_mac_is_group(mac) ? ip4(255, 255) : ip4(0, mac->b[5]);
}

static struct vmp_packet packet(const struct vmp_mac *src, const struct vmp_mac *dst)
{
	struct vmp_packet made;

	memset(&made, 0, sizeof(made));
	made.flags = VMP_PKT_ETH;
	made.src_mac = *src;
	made.dst_mac = *dst;
	return made;
}

struct vmp_packet udp(const struct vmp_mac *src, const struct vmp_mac *dst, uint16_t id)
{
	struct vmp_packet made = packet(src, dst);

	made.flags |= VMP_PKT_IP4 | VMP_PKT_UDP | VMP_PKT_L4;
	made.ethertype = 0x0800;
	made.src = ip_of(src);
	made.dst = ip_of(dst);
	made.proto = 17;
	made.ip_id = id;
	made.ip_len = 128;
	made.l3_offset = 14;
	made.l4_offset = 34;
	made.payload_len = 100;
	made.sport = 1000;
	made.dport = 2000;
	return made;
}

struct vmp_packet tcp(const struct vmp_mac *src, const struct vmp_mac *dst, uint16_t id, uint32_t seq, uint32_t len, uint8_t flags)
{
	struct vmp_packet made = udp(src, dst, id);

	made.flags = VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_TCP | VMP_PKT_L4;
	made.proto = 6;
	made.ip_len = 40 + len;
	made.payload_len = len;
	made.tcp_seq = seq;
	made.tcp_flags = flags;
	return made;
}

struct vmp_packet arp_request(const struct vmp_mac *src, struct vmp_ip sender, struct vmp_ip target)
{
	struct vmp_packet made = packet(src, &mac_all);

	made.flags |= VMP_PKT_ARP;
	made.ethertype = 0x0806;
	made.arp_op = 1;
	made.arp_sender_mac = *src;
	made.src = sender;
	made.dst = target;
	return made;
}

struct vmp_fingerprint fingerprint_of(const struct vmp_packet *of)
{
	static const struct vmp_hash_key key = {{3, 4}};
	struct vmp_packet bare;
	struct vmp_fingerprint fingerprint = {.usable = !(of->flags & VMP_PKT_TRUNCATED)};

	memcpy(&bare, of, sizeof(bare)); /* padding too, it is hashed */
	/* What hops change. */
	bare.vlan_count = 0;
	bare.vlan[0] = bare.vlan[1] = 0;
	fingerprint.id = vmp_hash(&key, &bare, sizeof(bare));
	return fingerprint;
}

int see(struct world *world, int hop, enum vmp_devdir devdir, uint64_t ts_ns, const struct vmp_packet *of)
{
	struct vmp_frame frame = {.ts_ns = ts_ns,
				  .point = (uint32_t)world->hop_points[hop],
				  .devdir = devdir,
				  .wire_len = of->ip_len ? of->ip_len + 14 : 60};
	struct vmp_fingerprint fingerprint = fingerprint_of(of);

	return vmp_match_add(world->match, &frame, of, &fingerprint);
}

void world_report(struct world *world, uint64_t complete_ns, struct vmp_run *run)
{
	memset(run, 0, sizeof(*run));
	vmp_match_settle_all(world->match, complete_ns);
	assert_int_equal(vmp_match_report(world->match, run), 0);
	for (size_t i = 0; i < run->segments.n; i++) {
		const struct vmp_segment *segment = &run->segments.v[i];
		uint64_t why = 0;

		assert_int_equal(segment->offered, segment->delivered + segment->lost + segment->unsure);
		for (int k = 0; k < VMP_UNSURE_REASONS; k++)
			why += segment->unsure_why[k];
		assert_int_equal(why, segment->unsure);
		assert_true(segment->group_lost <= segment->lost && segment->elsewhere <= segment->lost &&
			    segment->wrong_tag <= segment->lost);
	}
}

void world_clear_run(struct vmp_run *run)
{
	vmp_run_clear(run);
}

struct vmp_segment segment_of(const struct vmp_run *run, enum vmp_direction direction, int from, int to)
{
	struct vmp_segment none = {.direction = direction};

	vmp_vec_foreach (segment, &run->segments)
		if (segment->direction == direction && segment->from == from && segment->to == to)
			return *segment;
	return none;
}
