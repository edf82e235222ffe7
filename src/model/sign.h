/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passing packets say of why others fail: errors, claims, refusals, questions without answer. */
#ifndef VMP_MODEL_SIGN_H
#define VMP_MODEL_SIGN_H

#include "base/addr.h"
#include "base/vec.h"
#include "model/direction.h"

#include <stdbool.h>
#include <stdint.h>

enum vmp_sign_kind {
	VMP_SIGN_ICMP_ERROR,    /* quotes a packet: ip says it, about that packet's destination */
	VMP_SIGN_OTHER_OWNER,   /* mac claims ip, which is the guest's; again: the guest used it after that */
	VMP_SIGN_TWO_OWNERS,    /* other_mac claims ip, which mac has claimed before; again: mac claimed it after that */
	VMP_SIGN_WRONG_MAC,     /* for the guest's address ip, sent to mac, which is not the guest's */
	VMP_SIGN_HOPS_SPENT,    /* a packet of ip for about, with TTL or hop limit 1 where this host has to route it */
	VMP_SIGN_TAGGED,        /* with a VLAN tag on a device whose frames carry none on this path */
	VMP_SIGN_REFUSAL,       /* ip refused a TCP connection on port with a reset */
	VMP_SIGN_DHCP,          /* the guest asks for an address; again: answers */
	VMP_SIGN_ROUTER,        /* the guest asks for a router (IPv6); again: routers' advertisements */
	VMP_SIGN_GROUP,         /* broadcasts and multicasts; again: of these from mac at least, arp of them all ARP requests */
	VMP_SIGN_KINDS,
};

struct vmp_sign {
	enum vmp_sign_kind kind;
	enum vmp_direction direction;   /* of the packets that show it */
	int hop;                        /* where they were seen */
	struct vmp_mac mac, other_mac;
	struct vmp_ip ip, about;
	bool six;                       /* ICMPv6 */
	uint8_t type, code, proto;      /* of the error; proto: of the first quoted packet */
	uint16_t port, tag;             /* port: also of the first quoted packet, where it goes */
	uint32_t mtu;                   /* the smallest that was told; 0: none */
	uint64_t packets, again, arp;
	uint64_t first_ns, last_ns;
};

enum { VMP_SIGNS_OF_A_KIND = 16 }; /* kept; a hostile guest could make any number */

typedef VMP_VEC(struct vmp_sign) vmp_signs;

#endif
