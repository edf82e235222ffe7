/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths and packets for the tests of src/match, made by hand: no decoder is involved. */
#ifndef TEST_MATCH_WORLD_H
#define TEST_MATCH_WORLD_H

#include "match/match.h"

#define MS 1000000ULL
#define US 1000ULL
#define SEC 1000000000ULL

/* Hops of the plain world; a bond adds its own behind them. */
enum { NET, ETH0, BR0, PEER, TAP, GUEST, ETH1, BOND, HOPS };

enum { WORLD_BOND = 1, WORLD_MACVTAP = 2, WORLD_PROMISC = 4, WORLD_OVS = 8, WORLD_ROUTED = 16, WORLD_UNOBSERVED = 32,
       WORLD_OTHER_BETWEEN = 64 };

struct world {
	struct vmp_path path;
	struct vmp_nic nic;
	struct vmp_match *match;
	int point_hops[HOPS];
	int hop_points[HOPS];
	size_t n_points;
};

extern const struct vmp_mac mac_guest, mac_peer, mac_gateway, mac_host, mac_other, mac_all, mac_group;

/*
 * network | eth0 | br0 peer | tap | guest; with WORLD_BOND eth0 and eth1 (inactive) lie under bond0, which feeds the bridge.
 * The FDB knows the gateway (uplink side), the peer and the guest.
 */
void world_init(struct world *world, unsigned int flags);

/* Begin to match. conf: NULL for a window that is always open and a settle time of one second. */
void world_start(struct world *world, const struct vmp_match_conf *conf);

void world_end(struct world *world);

/* A neutral IPv4 address 10.0.x.y, an IPv6 one fd00::x:y. */
struct vmp_ip ip4(unsigned int x, unsigned int y);
struct vmp_ip ip6(unsigned int x, unsigned int y);

/* Packets. Only what the matcher reads is set. */
struct vmp_packet udp(const struct vmp_mac *src, const struct vmp_mac *dst, uint16_t id);
struct vmp_packet tcp(const struct vmp_mac *src, const struct vmp_mac *dst, uint16_t id, uint32_t seq, uint32_t len, uint8_t flags);
struct vmp_packet arp_request(const struct vmp_mac *src, struct vmp_ip sender, struct vmp_ip target);

/* A frame of this packet at a hop. Returns what vmp_match_add() says. */
int see(struct world *world, int hop, enum vmp_devdir devdir, uint64_t ts_ns, const struct vmp_packet *packet);

/* What identifies a packet in these tests. */
struct vmp_fingerprint fingerprint_of(const struct vmp_packet *packet);

/* Settle all and report into run (zeroed before). The caller clears run with world_clear_run(). */
void world_report(struct world *world, uint64_t complete_ns, struct vmp_run *run);
void world_clear_run(struct vmp_run *run);

/* The segment of a report; an empty one when there is none. */
struct vmp_segment segment_of(const struct vmp_run *run, enum vmp_direction direction, int from, int to);

#endif
