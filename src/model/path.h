/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hops between the network and one guest NIC, in order, and how they hang together. */
#ifndef VMP_MODEL_PATH_H
#define VMP_MODEL_PATH_H

#include "base/addr.h"
#include "base/vec.h"
#include "model/direction.h"
#include "model/host.h"

#include <stdbool.h>
#include <stdint.h>

enum vmp_hop_kind {
	VMP_HOP_NETWORK,    /* all beyond this host */
	VMP_HOP_NIC,
	VMP_HOP_BOND,
	VMP_HOP_VLAN,
	VMP_HOP_VXLAN,
	VMP_HOP_VETH,
	VMP_HOP_HOST,       /* routing (and NAT) by this host */
	VMP_HOP_BRIDGE,
	VMP_HOP_OVS,
	VMP_HOP_TAP,
	VMP_HOP_MACVTAP,
	VMP_HOP_VIF,
	VMP_HOP_OTHER,
	VMP_HOP_GUEST,      /* all beyond the backend */
};

/* VXLAN (RFC 7348): frames of this path are inside UDP packets on the device. */
struct vmp_tunnel {
	uint32_t vni;
	uint16_t port;
};

/*
 * What a hop is to the path.
 *
 *   network | uplink .. transit | host  bridge  peer | backend | guest
 *
 * An uplink or transit device carries frames between the network and the switch (Linux bridge, Open vSwitch, macvlan);
 * a peer is another port of the same switch, with another guest or namespace behind it.
 */
enum vmp_role {
	VMP_ROLE_NETWORK,
	VMP_ROLE_UPLINK,    /* where frames enter and leave this host: physical NIC, or what plays one */
	VMP_ROLE_TRANSIT,   /* bond, VLAN device, tunnel: between an uplink and the switch */
	VMP_ROLE_ROUTED,    /* a device of the network side of a routed guest that is not observed */
	VMP_ROLE_HOST,      /* the host's own routing, not a device */
	VMP_ROLE_SWITCH,    /* the bridge's own device: sees what the host itself sends or gets, and group frames */
	VMP_ROLE_PEER,      /* another port of the guest's switch */
	VMP_ROLE_BACKEND,
	VMP_ROLE_GUEST,
};

enum vmp_observed { VMP_OBSERVED_NO, VMP_OBSERVED_PARTLY, VMP_OBSERVED_YES };

struct vmp_hop {
	char *name;                 /* device name, or "network", "host", "guest"; owned */
	enum vmp_hop_kind kind;
	enum vmp_role role;
	int ifindex;                /* 0: not a device */
	/*
	 * Distance from the network in steps that every packet takes: parallel uplinks share one rank, and what feeds the
	 * switch (its uplink-side port, its own device, its peers) shares one. A packet to the guest climbs.
	 */
	int rank;
	enum vmp_devdir to_guest;   /* how the device sees a frame on its way to the guest; macvtap and uplinks: IN, tap and vif: OUT */
	enum vmp_observed observed; /* as planned; a point that failed lowers it */
	char *why;                  /* a sentence when not observed wholly; owned */
	bool routed;                /* between it and the guest this host routes, and may translate: no guest MAC on it */
	bool inactive;              /* slave of an active-backup bond that is not the active one */
	bool has_tag;               /* frames of this path carry this VLAN tag on this device */
	uint16_t tag;
	bool has_tunnel;            /* frames of this path are inside tunnel packets on this device, whatever tags these have */
	struct vmp_tunnel tunnel;
	char *owner;                /* peer: the guest it belongs to, when known; owned */
	bool is_file;               /* a capture file stands for it: ifindex is 0 */
	bool shown;                 /* listed in reports; peers only when they matter */
};

/* How the guest's frames leave the host. */
enum vmp_path_mode { VMP_PATH_UNKNOWN, VMP_PATH_BRIDGED, VMP_PATH_ROUTED, VMP_PATH_MACVTAP, VMP_PATH_OVS };

/* Where the switch sends a MAC, from its FDB: hop is an index into hops, -1 a port that is not among them. */
struct vmp_home {
	struct vmp_mac mac;
	bool has_vlan;
	uint16_t vlan;
	int hop;
	int ifindex;                /* the port */
	bool local;                 /* the host's own */
};

/* A route of this host, as far as packets of a routed guest may take it. */
struct vmp_lead {
	struct vmp_ip dst;          /* family set; with prefix_len 0: all */
	uint8_t prefix_len;
	int hop;                    /* the uplink it leads to; -1: the packet ends here, or goes where nobody looks */
	bool has_gateway;
	struct vmp_ip gateway;
};

/* A fact about the path that is already wrong or noteworthy; src/finding turns it into words. */
struct vmp_path_fact {
	char code[40];              /* stable: "backend-missing", "port-not-forwarding", ... the table is in finding/ */
	int hop;                    /* index into hops, -1: none */
	char *detail;               /* what was seen, with numbers; owned */
};

struct vmp_path {
	enum vmp_path_mode mode;
	bool nat;                   /* routed, and the network says its traffic is translated */
	struct vmp_mac guest_mac;
	bool has_guest_mac;
	VMP_VEC(struct vmp_hop) hops;           /* network side first; the ends included */
	int backend;                            /* index of the backend, -1: none */
	int switch_hop;                         /* index of the switch's own device, -1: none */
	VMP_VEC(struct vmp_home) homes;         /* the switch's FDB at the start */
	VMP_VEC(struct vmp_mac) host_macs;      /* the host's own MACs on this switch */
	VMP_VEC(struct vmp_lead) leads;         /* routed path: where this host sends what; its own addresses included */
	bool leads_unsure;                      /* ... but other rules may send it elsewhere */
	bool flowtables;                        /* ... or past devices between the uplink and the backend */
	VMP_VEC(struct vmp_host_address) own;   /* routed path: this host's addresses on its hops */
	VMP_VEC(struct vmp_path_fact) facts;
};

/* "network", "nic", "bond", ...: contract words of `kind`. */
const char *vmp_hop_kind_name(enum vmp_hop_kind kind);

/* "no", "partly", "yes". */
const char *vmp_observed_name(enum vmp_observed observed);

/* Index of the hop with this ifindex, -1: none. */
int vmp_path_find(const struct vmp_path *path, int ifindex);

/* Routed path: is this address of a network that this host has inside, where the guest is? */
bool vmp_path_is_inside(const struct vmp_path *path, const struct vmp_ip *ip);

/* The route that a packet to this address takes: the longest prefix. NULL: none. Borrowed. */
const struct vmp_lead *vmp_path_lead(const struct vmp_path *path, const struct vmp_ip *ip);

/* Record a fact. detail: formatted. Returns 0 or -ENOMEM. */
int vmp_path_add_fact(struct vmp_path *path, const char *code, int hop, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Free what a path owns and zero it. */
void vmp_path_clear(struct vmp_path *path);

#endif
