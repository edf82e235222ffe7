/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk from a backend to the network. Inside path/ only.
 *
 * While walking, ranks count from the switch: what feeds it has 0, the way on to the network falls below, the backend has 1
 * and the guest 2. build.c shifts them afterwards. Hops of one way stand together, the network side first.
 */
#ifndef VMP_PATH_WALK_H
#define VMP_PATH_WALK_H

#include "path/path.h"

/* Ways and peers that are followed at most: each costs a capture. */
#define VMP_WALK_UPLINKS_MAX 16
#define VMP_WALK_PEERS_MAX   8
/* Devices below one another on one way; longer ones are loops. */
#define VMP_WALK_DEPTH_MAX   8

struct vmp_walk {
	const struct vmp_guest *guest;
	const struct vmp_nic *nic;
	const struct vmp_host *host;
	const struct vmp_path_hints *hints;     /* never NULL */
	struct vmp_path *path;
	const struct vmp_link *backend;         /* NULL: there is none */
	const struct vmp_link *master;          /* the switch, or the device below a macvtap; NULL: none */
	int switches[VMP_WALK_DEPTH_MAX];       /* ifindexes of switches walked through, so that none is entered twice */
	size_t n_switches;
	bool oom;
	struct vmp_hop spare;                   /* what vmp_walk_add() returns without memory */
};

/* One device's place on a way. */
struct vmp_way {
	int rank;
	bool has_tag;
	uint16_t tag;
	bool inactive;
	enum vmp_devdir to_guest;
	bool has_tunnel;
	struct vmp_tunnel tunnel;
};

/* What a port of a switch leads to. */
enum vmp_port_class {
	VMP_PORT_CLASS_UPLINK,  /* the network, by hardware or what stands on it */
	VMP_PORT_CLASS_TUNNEL,  /* the network, inside other packets */
	VMP_PORT_CLASS_OUTSIDE, /* a namespace or the host itself: the network when nothing better is there, else a container */
	VMP_PORT_CLASS_PEER,    /* another guest, or something as good as one */
	VMP_PORT_CLASS_HOST,    /* the host's own, or nothing */
};

/* How a path is walked from one sort of backend: one file each. */
struct vmp_walker {
	bool (*takes)(const struct vmp_walk *walk);
	void (*run)(struct vmp_walk *walk);
};

extern const struct vmp_walker vmp_walker_macvtap, vmp_walker_ovs, vmp_walker_routed, vmp_walker_bridge;

/* Append a hop, observed and shown, frames to the guest coming in. Never NULL; without memory walk->oom is set. */
struct vmp_hop *vmp_walk_add(struct vmp_walk *walk, enum vmp_hop_kind kind, enum vmp_role role, const char *name, int ifindex,
			     int rank);

/* Set why a hop is not observed wholly. */
void vmp_walk_why(struct vmp_walk *walk, struct vmp_hop *hop, enum vmp_observed observed, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Record a fact; without memory walk->oom is set. hop: index or -1. */
void vmp_walk_fact(struct vmp_walk *walk, const char *code, int hop, const char *detail);

/* Append a device and all that lies between it and the network: the network side first (way.c). */
void vmp_walk_way(struct vmp_walk *walk, const struct vmp_link *link, const struct vmp_way *way);

/* Append the ways out of a switch that are not `from`, and remember it as walked. Returns how many there are (switch.c). */
size_t vmp_walk_ways_out(struct vmp_walk *walk, const struct vmp_link *sw, const struct vmp_link *from, int rank);

/* Append the other guests on the switch, and say when some had to be left out (switch.c). */
void vmp_walk_peers(struct vmp_walk *walk, const struct vmp_link *sw);

/* What a port leads to (switch.c). */
enum vmp_port_class vmp_walk_classify(const struct vmp_walk *walk, const struct vmp_link *port);

/* True when a switch has a port, other than from, that leads to the network (switch.c). */
bool vmp_walk_leads_out(const struct vmp_walk *walk, const struct vmp_link *sw, const struct vmp_link *from);

/* True when the switch was walked already. */
bool vmp_walk_seen(const struct vmp_walk *walk, const struct vmp_link *sw);

/* The hop kind of a device. */
enum vmp_hop_kind vmp_walk_kind(const struct vmp_link *link);

/* The device at the other end of a veth in this namespace, or NULL. */
const struct vmp_link *vmp_walk_veth_peer(const struct vmp_host *host, const struct vmp_link *link);

/* The bridge that the XML names, or NULL. Borrowed. */
const char *vmp_walk_xml_bridge(const struct vmp_nic *nic);

/* The other netback device of the same Xen NIC ("vif1.0" and "vif1.0-emu"), or NULL. */
const struct vmp_link *vmp_walk_xen_twin(const struct vmp_host *host, const char *name);

/* The VLAN of untagged frames on a port. False: there is none. */
bool vmp_walk_pvid(const struct vmp_link *port, uint16_t *ret_vid);

/* The row of a port's VLAN table, or NULL. */
const struct vmp_link_vlan *vmp_walk_vlan(const struct vmp_link *port, uint16_t vid);

/* The device that the default route leads to, or NULL (routed.c). */
const struct vmp_link *vmp_walk_default_device(const struct vmp_host *host);

/* The device that packets of this host to an address leave by, or NULL (routed.c). */
const struct vmp_link *vmp_walk_device_to(const struct vmp_host *host, const struct vmp_ip *ip);

/* True when the host has an address on the device (routed.c). */
bool vmp_walk_has_address(const struct vmp_host *host, const struct vmp_link *link);

#endif
