/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest (libvirt domain) and its NICs, as the domain XML describes them. */
#ifndef VMP_MODEL_GUEST_H
#define VMP_MODEL_GUEST_H

#include "base/addr.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* <interface type='...'> of libvirt's domain XML. */
enum vmp_nic_type {
	VMP_NIC_OTHER, /* a type this version does not know: type_name has its word */
	VMP_NIC_NETWORK,
	VMP_NIC_BRIDGE,
	VMP_NIC_ETHERNET,
	VMP_NIC_DIRECT,
	VMP_NIC_HOSTDEV,
	VMP_NIC_VDPA,
	VMP_NIC_VHOSTUSER,
	VMP_NIC_USER,
	VMP_NIC_SERVER,
	VMP_NIC_CLIENT,
	VMP_NIC_MCAST,
	VMP_NIC_UDP,
	VMP_NIC_INTERNAL,
	VMP_NIC_NULL,
	VMP_NIC_VDS,
};

/* VIR_DOMAIN_* of libvirt, as words in JSON: "running", "paused", "shutoff", ... */
enum vmp_guest_state {
	VMP_GUEST_STATE_UNKNOWN,
	VMP_GUEST_RUNNING,
	VMP_GUEST_BLOCKED,
	VMP_GUEST_PAUSED,
	VMP_GUEST_SHUTDOWN,
	VMP_GUEST_SHUTOFF,
	VMP_GUEST_CRASHED,
	VMP_GUEST_PMSUSPENDED,
};

enum vmp_tristate { VMP_UNKNOWN, VMP_NO, VMP_YES };

/* Where an address of a NIC was learned; later entries of this list are weaker. */
enum vmp_address_source {
	VMP_ADDRESS_OPERATOR,   /* said on the command line */
	VMP_ADDRESS_FILTER,     /* parameter IP of the NIC's <filterref> */
	VMP_ADDRESS_XML,        /* <ip address=...> of the interface */
	VMP_ADDRESS_LEASE,      /* libvirt's DHCP lease */
	VMP_ADDRESS_NEIGHBOUR,  /* the host's own neighbour table */
	VMP_ADDRESS_CAPTURE,    /* seen as sender of the NIC's MAC in the capture */
};

struct vmp_nic_address {
	struct vmp_ip ip;
	enum vmp_address_source source;
};

/* Strings are owned, NULL when the XML does not say. Presence of values without a natural "none" is a flag of its own. */
struct vmp_nic {
	enum vmp_nic_type type;
	char *type_name;        /* as in the XML */
	bool has_mac;
	struct vmp_mac mac;
	char *model;            /* "virtio", ... */
	char *source;           /* bridge, network, lower device of macvtap, socket path: what <source> names first */
	char *network;          /* libvirt network the XML names, if any */
	char *bridge;           /* bridge the XML names, if any */
	char *source_mode;      /* macvtap: vepa, bridge, private, passthrough */
	char *virtualport;      /* "openvswitch", ... */
	char *target;           /* host device: <target dev=> */
	char *alias;            /* "net0" */
	char *driver;           /* "vhost", "qemu" */
	char *filter;           /* <filterref filter=> */
	char *backend_domain;   /* Xen driver domain */
	enum vmp_tristate link_up; /* <link state=>: NO only when the XML says down */
	enum vmp_tristate isolated; /* <port isolated=> */
	bool has_mtu;
	uint32_t mtu;           /* <mtu size=> */
	bool has_queues;
	uint32_t queues;        /* <driver queues=> */
	bool has_vlan;
	uint16_t vlan;          /* first <vlan><tag id=> */
	bool has_bandwidth;     /* any <bandwidth> */
	VMP_VEC(struct vmp_nic_address) addresses;
	char *why_no_backend;   /* a sentence when this type has no device on the host that could be observed; else NULL */
};

struct vmp_guest {
	char *name;
	char *uuid;             /* text form, NULL when unknown */
	bool has_id;
	int id;
	enum vmp_guest_state state;
	char *state_reason;     /* why it is in that state, in libvirt's words: "user", "I/O error", "migrating"; NULL: not known */
	bool has_state_before;  /* of a trace: the state above is that at its end, and this that at its start */
	enum vmp_guest_state state_before;
	char *reason_before;
	char *hypervisor;       /* <domain type=>: "qemu", "kvm", "xen", "test", ... */
	bool job_active;        /* a migration or save job was running */
	char *job;              /* what it does: "outgoing migration", "save", ...; NULL: not known */
	VMP_VEC(struct vmp_nic) nics;
};

/* "running", "paused", ...: libvirt's own words. */
const char *vmp_guest_state_name(enum vmp_guest_state state);

/* Add an address to a NIC unless it is there already (a stronger source then replaces a weaker one). Returns 0 or -ENOMEM. */
int vmp_nic_add_address(struct vmp_nic *nic, const struct vmp_ip *ip, enum vmp_address_source source);

/* True when ip is one of the NIC's known addresses. */
bool vmp_nic_has_address(const struct vmp_nic *nic, const struct vmp_ip *ip);

/* Free what a NIC owns and zero it. */
void vmp_nic_clear(struct vmp_nic *nic);

/* Free what a guest owns, its NICs too, and zero it. */
void vmp_guest_clear(struct vmp_guest *guest);

#endif
