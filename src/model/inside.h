/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest says of itself through its agent, and what QEMU says of the guest's driver through its monitor: asked on request only.
 * The guest writes the first and has its hand in the second: neither is more than its word.
 */
#ifndef VMP_MODEL_INSIDE_H
#define VMP_MODEL_INSIDE_H

#include "base/addr.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	VMP_INSIDE_INTERFACES_MAX = 256,
	VMP_INSIDE_ADDRESSES_MAX = 256,     /* of one interface */
	VMP_INSIDE_ROUTES_MAX = 4096,
	VMP_INSIDE_MACS_MAX = 4096,
	VMP_INSIDE_VLANS_MAX = 4096,
	VMP_INSIDE_QUEUES_MAX = 32,         /* that are asked about: those of the first sixteen pairs */
	VMP_INSIDE_NAME_MAX = 63,           /* bytes of a name that are kept */
};

struct vmp_inside_address {
	struct vmp_ip ip;
	bool has_prefix;
	uint8_t prefix_len;
};

struct vmp_inside_interface {
	char *name;                 /* as the guest calls it: anything may be in it; owned */
	bool has_mac;
	struct vmp_mac mac;
	VMP_VEC(struct vmp_inside_address) addresses;
};

struct vmp_inside_route {
	char *interface;            /* owned, may be NULL */
	struct vmp_ip dst;
	uint8_t prefix_len;
	bool has_gateway;
	struct vmp_ip gateway;
};

/* The agent's word. Its counters stand in the gauges, source "agent". */
struct vmp_agent {
	bool asked;
	bool answered;
	char *why_not;              /* a sentence when it did not, or not to the second question; owned */
	VMP_VEC(struct vmp_inside_interface) interfaces;
	bool routes_known;
	VMP_VEC(struct vmp_inside_route) routes;
	bool cut;                   /* there were more than are kept */
};

/*
 * virtio-net's receive filter. Source of what it lets through: QEMU, hw/net/virtio-net.c, receive_filter(). Its member broadcast-allowed is left
 * out: QEMU fills it with the flag "nobcast" as it is (virtio_net_query_rxfilter(), 7.2), so that it says the opposite.
 */
enum vmp_rx_mode { VMP_RX_NORMAL, VMP_RX_NONE, VMP_RX_ALL };

struct vmp_inside_mac {
	struct vmp_mac mac;
};

struct vmp_inside_vlan {
	uint16_t id;
};

struct vmp_rx_filter {
	bool promiscuous, unicast_overflow, multicast_overflow;
	enum vmp_rx_mode unicast, multicast, vlan;
	bool has_main_mac;
	struct vmp_mac main_mac;
	VMP_VEC(struct vmp_inside_mac) unicast_table;
	VMP_VEC(struct vmp_inside_mac) multicast_table;
	VMP_VEC(struct vmp_inside_vlan) vlan_table;
};

/* Queue 2n receives, queue 2n + 1 sends. Indices count modulo 65536. */
struct vmp_inside_queue {
	uint32_t index;
	bool before_known, after_known;
	uint16_t taken_before, taken_after; /* last_avail_idx: buffers of the guest that the device has taken */
	bool has_posted;                    /* not where vhost runs the queue */
	uint16_t posted_after;              /* shadow_avail_idx: buffers that the guest had put there when QEMU last looked */
	uint32_t size;                      /* vring-num; 0: the driver has not set it up */
};

/* The monitor's word. */
struct vmp_driver {
	bool asked;
	char *why_not;              /* what could not be asked, and why; owned, NULL: nothing */
	bool has_filter;
	struct vmp_rx_filter filter;
	bool has_status;
	bool driver_ok, failed, needs_reset, broken, vhost_started;
	VMP_VEC(struct vmp_inside_queue) queues;
};

struct vmp_inside {
	struct vmp_agent agent;
	struct vmp_driver driver;
};

/* The queue with this index, added when it is not there; NULL without memory, or beyond VMP_INSIDE_QUEUES_MAX. Borrowed until the next is added. */
struct vmp_inside_queue *vmp_inside_queue(struct vmp_driver *driver, uint32_t index);

/* Does the filter let frames to this MAC through, as far as it is known? Of broadcasts it is not known that it does not. */
bool vmp_rx_filter_takes(const struct vmp_rx_filter *filter, const struct vmp_mac *mac);

/* Does it let frames with this VLAN tag through? */
bool vmp_rx_filter_takes_vlan(const struct vmp_rx_filter *filter, uint16_t id);

/* Forget the interfaces and routes. */
void vmp_agent_clear(struct vmp_agent *agent);

/* Free the tables of a filter and zero it. */
void vmp_rx_filter_clear(struct vmp_rx_filter *filter);

/* Free what it owns and zero it. */
void vmp_inside_clear(struct vmp_inside *inside);

#endif
