/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's kernel says about its network at one moment: links, ports, FDB, neighbours, addresses, routes. */
#ifndef VMP_MODEL_HOST_H
#define VMP_MODEL_HOST_H

#include "base/addr.h"
#include "base/vec.h"
#include "model/guest.h"

#include <stdbool.h>
#include <stdint.h>

#define VMP_IFNAMSIZ 16

enum vmp_link_kind {
	VMP_LINK_OTHER,
	VMP_LINK_NIC,       /* has a parent device, or no kind at all; also what plays one */
	VMP_LINK_LOOPBACK,
	VMP_LINK_BRIDGE,
	VMP_LINK_TAP,
	VMP_LINK_TUN,       /* layer 3: no guest behind it */
	VMP_LINK_MACVTAP,
	VMP_LINK_MACVLAN,
	VMP_LINK_VETH,
	VMP_LINK_VLAN,
	VMP_LINK_BOND,
	VMP_LINK_TEAM,
	VMP_LINK_VXLAN,
	VMP_LINK_OVS,       /* openvswitch internal port or ovs-system */
	VMP_LINK_VIF,       /* Xen netback */
};

/* Bridge port states of the kernel (linux/if_bridge.h, BR_STATE_*). */
enum vmp_port_state { VMP_PORT_DISABLED, VMP_PORT_LISTENING, VMP_PORT_LEARNING, VMP_PORT_FORWARDING, VMP_PORT_BLOCKING };

/* A bridge port's settings (IFLA_BRPORT_*). */
struct vmp_port {
	enum vmp_port_state state;
	bool isolated, hairpin, learning, flood, mcast_flood, bcast_flood, locked, neigh_suppress;
};

/* One row of the bridge's VLAN table for a port or the bridge itself (linux/if_bridge.h, BRIDGE_VLAN_INFO_*). */
struct vmp_link_vlan {
	uint16_t vid;
	bool pvid, untagged;
};

struct vmp_link_stats {
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
	uint64_t rx_errors, tx_errors, rx_dropped, tx_dropped;
	uint64_t rx_missed, rx_fifo_errors, rx_crc_errors, rx_nohandler, rx_otherhost;
};

/* A further name of a link (ip link property add dev DEV altname NAME). */
struct vmp_link_altname {
	char name[128];
};

struct vmp_link {
	int ifindex;
	char name[VMP_IFNAMSIZ];
	enum vmp_link_kind kind;
	VMP_VEC(struct vmp_link_altname) altnames;
	char kind_name[24];         /* IFLA_INFO_KIND, "" for none */
	char slave_kind[24];        /* IFLA_INFO_SLAVE_KIND: "bridge", "bond", "openvswitch", "" */
	struct vmp_mac mac;
	uint32_t mtu;
	uint32_t txqueuelen;
	bool admin_up;              /* IFF_UP */
	bool carrier;               /* IFLA_CARRIER */
	bool promisc;               /* IFLA_PROMISCUITY > 0 */
	int master;                 /* ifindex, 0: none */
	bool has_lower;             /* IFLA_LINK names another device */
	int lower;                  /* its ifindex: lower device, veth peer */
	bool lower_elsewhere;       /* IFLA_LINK_NETNSID: lower is in another network namespace */
	bool has_port;              /* is a bridge port: port is valid */
	struct vmp_port port;
	bool has_xdp;               /* an XDP program is attached */
	VMP_VEC(struct vmp_link_vlan) vlans; /* bridge VLAN table; empty when not known or no filtering */

	/* by kind */
	bool vlan_filtering;        /* bridge */
	bool stp;                   /* bridge */
	bool nf_call_iptables, nf_call_ip6tables; /* bridge: IFLA_BR_NF_CALL_*, or the global sysctl */
	bool mcast_snooping;        /* bridge */
	uint16_t vlan_id;           /* vlan */
	uint32_t vni;               /* vxlan */
	bool vxlan_external;        /* vxlan: collect metadata, no fixed vni */
	uint16_t vxlan_port;        /* vxlan: UDP destination port */
	int vxlan_lower;            /* vxlan: ifindex of the device its packets leave by, 0: a route tells */
	struct vmp_ip vxlan_remote; /* vxlan: where frames go that its own table has no place for; family 0: nowhere */
	uint32_t macvlan_mode;      /* macvlan, macvtap: MACVLAN_MODE_* */
	bool tun_vnet_hdr, tun_multi_queue, tun_persist; /* tap */
	bool has_bond_mode;
	uint8_t bond_mode;          /* bond: BOND_MODE_* */
	int bond_active;            /* bond: ifindex of the active slave, 0: none or all */

	struct vmp_link_stats stats;
};

struct vmp_fdb {
	int port;                   /* ifindex of the port */
	int bridge;                 /* ifindex of its master, 0 not told (vxlan's own FDB) */
	struct vmp_mac mac;
	bool has_vlan;
	uint16_t vlan;
	bool local;                 /* NUD_PERMANENT on a bridge: the bridge takes such frames itself */
	bool is_static;             /* NUD_NOARP: does not age */
	bool own;                   /* NTF_SELF: the device's own list, not the bridge's */
};

struct vmp_neighbour {
	int ifindex;
	struct vmp_ip ip;
	bool has_mac;
	struct vmp_mac mac;
	uint16_t state;             /* NUD_* */
};

struct vmp_host_address {
	int ifindex;
	struct vmp_ip ip;
	uint8_t prefix_len;
};

struct vmp_route {
	struct vmp_ip dst;          /* family set; all zero with prefix_len 0: default */
	uint8_t prefix_len;
	uint32_t table;
	uint32_t metric;
	bool multipath;             /* has several next hops, of which the first is told */
	int oif;                    /* 0: none (blackhole and the like) */
	bool has_gateway;
	struct vmp_ip gateway;
	uint8_t type;               /* RTN_* */
};

/* One direction of a connection as conntrack keeps it: what its packets look like before this host translates them. */
struct vmp_tuple {
	struct vmp_ip src, dst;
	uint16_t sport, dport;      /* of an ICMP echo both are its id */
};

/* A connection that passes this host: of TCP, UDP or an echo. */
struct vmp_tracked {
	uint8_t proto;
	uint32_t left_s;            /* it is kept for so long when nothing passes */
	bool offloaded;             /* its packets take a flow table, past the filter and some devices */
	struct vmp_tuple original, reply;
};

/* What this host's packet filter does to packets beyond routing them, as far as it tells. */
struct vmp_tracking {
	VMP_VEC(struct vmp_tracked) connections; /* only those that are translated, or take a flow table */
	bool known;                 /* the table of connections was read ... */
	bool cut;                   /* ... and has more of them than are kept */
	bool flowtables;            /* nft has a flow table */
	bool policies;              /* IPsec: there is a policy for what leaves */
};

struct vmp_host {
	char *name;                                 /* host name, owned */
	VMP_VEC(struct vmp_link) links;
	VMP_VEC(struct vmp_fdb) fdb;
	VMP_VEC(struct vmp_neighbour) neighbours;
	VMP_VEC(struct vmp_host_address) addresses;
	VMP_VEC(struct vmp_route) routes;
	bool has_rules;                             /* policy routing: rules beyond the kernel's own (ip rule) */
	bool ip_forward;                            /* net.ipv4.ip_forward */
	enum vmp_tristate bridge_nf_iptables;       /* net.bridge.bridge-nf-call-iptables; UNKNOWN: no br_netfilter */
	/* A part that could not be read whole after retries; "looked, unsure". */
	bool links_torn, fdb_torn, neighbours_torn, addresses_torn, routes_torn;
	uint64_t read_ns;                           /* CLOCK_REALTIME at the end of reading */
};

/* The link with this ifindex, or NULL. Borrowed from host. */
const struct vmp_link *vmp_host_link(const struct vmp_host *host, int ifindex);

/* The link with this name or alternative name, or NULL. Borrowed from host. */
const struct vmp_link *vmp_host_link_named(const struct vmp_host *host, const char *name);

/*
 * Add to the guest's NICs the addresses that the host's neighbour table has for their MACs; at most 64 for one NIC, since a
 * guest can claim any number. Returns 0 or -ENOMEM.
 */
int vmp_host_learn_addresses(const struct vmp_host *host, struct vmp_guest *guest);

/* "nic", "bridge", "tap", ...: the words of the JSON documents. */
const char *vmp_link_kind_name(enum vmp_link_kind kind);

/* "disabled", "listening", ... */
const char *vmp_port_state_name(enum vmp_port_state state);

/* Free what it owns and zero it. */
void vmp_tracking_clear(struct vmp_tracking *tracking);

/* Free what a host owns and zero it. */
void vmp_host_clear(struct vmp_host *host);

#endif
