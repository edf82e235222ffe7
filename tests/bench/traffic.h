/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic for the benches: many short TCP connections of small packets between the network and one guest, as three hops see
 * them. The n-th packet is a function of n alone, so that every hop can be made for itself and in the order of its times.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

enum { TRAFFIC_UPLINK, TRAFFIC_MIDDLE, TRAFFIC_BACKEND, TRAFFIC_HOPS };

enum { TRAFFIC_FRAME_MAX = 128 };

struct traffic {
	uint64_t packets, connections;
	uint64_t start_ns, step_ns;     /* of the first packet, and from one to the next; at least 3000 */
	uint32_t lost_per_10000;        /* between the middle and the backend */
};

struct traffic_frame {
	uint64_t ts_ns;
	bool to_guest;
	uint32_t len;
	uint8_t data[TRAFFIC_FRAME_MAX];
};

extern const uint8_t traffic_guest_mac[6], traffic_gateway_mac[6];

/* The n-th packet as this hop sees it; false when it is lost before it. */
bool traffic_frame(const struct traffic *traffic, uint64_t n, int hop, struct traffic_frame *ret_frame);

/* Is the n-th packet lost, and on its way to the guest? */
bool traffic_is_lost(const struct traffic *traffic, uint64_t n);
bool traffic_is_to_guest(const struct traffic *traffic, uint64_t n);

#endif
