/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A routed guest, and packets of it as they look inside and outside. */
#ifndef VMP_TESTS_ROUTED_H
#define VMP_TESTS_ROUTED_H

#include "match/match.h"

#define MS  1000000ULL
#define SEC 1000000000ULL
#define T0  (1000 * SEC)

/* network | eth0 | host | virbr0 | tap | guest */
enum { NET, ETH0, HOST, VIRBR0, TAP, GUEST, HOPS };

extern const struct vmp_mac mac_guest, mac_bridge, mac_uplink, mac_gateway;

struct routed {
	struct vmp_path path;
	struct vmp_nic nic;
	struct vmp_match *match;
	struct vmp_run run;
	uint64_t now_ns;
};

#define GUEST_IP   ip(192, 168, 122, 5)
#define OUTSIDE_IP ip(198, 51, 100, 2)
#define PEER_IP    ip(203, 0, 113, 9)
#define BRIDGE_IP  ip(192, 168, 122, 1)

struct vmp_ip ip(uint8_t a, uint8_t b, uint8_t c, uint8_t d);

/* Begin a trace; of a path and card that were changed, begin to match again; close the window now and judge; free. */
void routed_start(struct routed *world);
void routed_begin(struct routed *world);
void routed_finish(struct routed *world);
void routed_end(struct routed *world);

struct vmp_segment routed_segment(const struct routed *world, enum vmp_direction direction, int from, int to);

/* What a packet is, as its guest's side sees it. */
struct story {
	uint8_t proto;
	uint16_t guest_port, outside_port, peer_port, ip_id;
	struct vmp_ip outside;
	uint32_t seq;
	uint8_t flags;
	bool has_peer;          /* it looks otherwise than PEER_IP */
	struct vmp_ip peer;
	bool is_fragment;       /* of its datagram these bytes: */
	uint16_t from_byte, to_byte;
	bool more;
	uint32_t whole;         /* bytes behind the IP header of one that is no fragment; 0: 40 */
	bool is_error;          /* an ICMP error about such a packet that came the other way */
	uint8_t error_type;     /* 0: port unreachable */
	bool has_router;        /* the error comes from it */
	struct vmp_ip router;
	uint8_t ttl;            /* where it is seen first, 0: 64 */
};

struct vmp_packet packet_of(const struct story *story, bool leaves, bool outside);

/* Show it at one hop, as the program does. Returns whether it was known to be the guest's. */
bool routed_show(struct routed *world, const struct story *story, bool leaves, int hop);

/* Show it at all hops that it passes; lost: not beyond the router. The second returns whether it was known outside. */
void routed_out(struct routed *world, const struct story *story, bool lost);
bool routed_in(struct routed *world, const struct story *story, bool lost);

#endif
