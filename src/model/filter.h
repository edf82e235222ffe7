/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's packet filter may do to packets of this guest: rules and policies that drop. */
#ifndef VMP_MODEL_FILTER_H
#define VMP_MODEL_FILTER_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum vmp_filter_family {
	VMP_FILTER_BRIDGE, VMP_FILTER_INET, VMP_FILTER_IP, VMP_FILTER_IP6, VMP_FILTER_ARP, VMP_FILTER_NETDEV, VMP_FILTER_FAMILIES,
};

enum vmp_filter_hook {
	VMP_FILTER_PREROUTING, VMP_FILTER_INPUT, VMP_FILTER_FORWARD, VMP_FILTER_OUTPUT, VMP_FILTER_POSTROUTING, VMP_FILTER_INGRESS,
	VMP_FILTER_EGRESS, VMP_FILTER_HOOKS,
};

/* A set of hooks. */
#define VMP_FILTER_AT(hook) ((uint8_t)(1U << (hook)))

/*
 * A rule that drops or rejects, or a chain's policy that does, and that this guest's packets may meet. How often it did over the window is
 * the counter "packets" of the source "nft" with this object.
 */
struct vmp_filter_rule {
	char object[96];            /* "bridge filter FORWARD handle 7", "ip filter FORWARD policy" */
	enum vmp_filter_family family;
	bool policy;                /* of the chain, for what no rule decided */
	bool rejects;               /* tells the sender */
	bool counted;               /* its counter counts what it drops, and nothing else */
	uint8_t to_guest, from_guest; /* hooks at which a packet of the guest, on its way in this direction, may come to it */
	uint8_t only_to, only_from; /* of these the hooks at which no other packet can */
	int ifindex;                /* the device of an ingress or egress hook, 0: none */
	char *table, *chain;        /* owned */
	char *text;                 /* as nft prints it; owned, NULL: not known */
};

enum { VMP_FILTER_RULES_MAX = 1 << 14 };

typedef VMP_VEC(struct vmp_filter_rule) vmp_filter_rules;

enum { VMP_CHAIN_DEVICES = 8 };

/*
 * Of a base chain what nft does not print, or not in all versions: the counter of its policy, which iptables and ebtables make their
 * chains with, and the devices of an ingress or egress hook.
 */
struct vmp_base_chain {
	enum vmp_filter_family family;
	char table[128], chain[128];
	bool counted;
	uint64_t packets;           /* that came to the policy */
	char devices[VMP_CHAIN_DEVICES][16];
	size_t n_devices;
};

typedef VMP_VEC(struct vmp_base_chain) vmp_base_chains;

/* Sources of counters about the table of connections: entries by guest or address, and by state. */
#define VMP_SOURCE_TRACKED_GUESTS "conntrack-guest"
#define VMP_SOURCE_TRACKED_STATES "conntrack-state"

/* "bridge", "inet", ...: nft's words. */
const char *vmp_filter_family_name(enum vmp_filter_family family);

/* "prerouting", ...: nft's words. */
const char *vmp_filter_hook_name(enum vmp_filter_hook hook);

/* Free what the rules own and empty the list. */
void vmp_filter_rules_clear(vmp_filter_rules *rules);

#endif
