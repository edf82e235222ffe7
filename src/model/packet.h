/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the headers of one frame say. Presence is told by flags; a field without its flag means nothing. */
#ifndef VMP_MODEL_PACKET_H
#define VMP_MODEL_PACKET_H

#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>

enum vmp_packet_flag {
	VMP_PKT_ETH       = 1 << 0,
	VMP_PKT_ARP       = 1 << 1,   /* IPv4 over Ethernet ARP, whole */
	VMP_PKT_IP4       = 1 << 2,
	VMP_PKT_IP6       = 1 << 3,
	VMP_PKT_FRAGMENT  = 1 << 4,   /* any fragment of a fragmented packet */
	VMP_PKT_L4        = 1 << 5,   /* the transport header was read: first or only fragment */
	VMP_PKT_TCP       = 1 << 6,
	VMP_PKT_UDP       = 1 << 7,
	VMP_PKT_ICMP      = 1 << 8,
	VMP_PKT_ICMP6     = 1 << 9,
	VMP_PKT_ND        = 1 << 10,  /* neighbour solicitation or advertisement: nd_target is valid */
	VMP_PKT_DHCP      = 1 << 11,  /* BOOTP/DHCP over IPv4: dhcp_mac is valid */
	VMP_PKT_TRUNCATED = 1 << 12,  /* the capture ended inside the headers */
	VMP_PKT_MALFORMED = 1 << 13,  /* the headers contradict themselves */
	VMP_PKT_ND_LLADDR = 1 << 14,  /* nd_mac is valid */
	VMP_PKT_TCP_TS    = 1 << 15,  /* tcp_tsval is valid */
	VMP_PKT_QUOTE     = 1 << 17,  /* an ICMP error, and the addresses of the packet that it quotes were read */
	VMP_PKT_OUTER_FRAGMENT = 1 << 16, /* the first fragment of the packet that carries this one in a tunnel */
	VMP_PKT_QUOTED_ENDS = 1 << 18, /* ... of TCP or UDP or an echo, and its connection was read: quote is valid */
};

#define VMP_TCP_FIN 0x01
#define VMP_TCP_SYN 0x02
#define VMP_TCP_RST 0x04
#define VMP_TCP_PSH 0x08
#define VMP_TCP_ACK 0x10

/* The addresses and ports are those inside: routing and translation between here and the guest were undone (match/translate.h). */
#define VMP_PKT_TRANSLATED (1U << 20)

/* Whose packet an ICMP error is about: what it quotes of that one's headers. */
struct vmp_quote {
	struct vmp_ip src, dst;
	uint8_t proto;
	uint16_t sport, dport;      /* of an echo both are its id */
};

struct vmp_packet {
	uint32_t flags;             /* enum vmp_packet_flag */
	struct vmp_mac src_mac, dst_mac;
	uint8_t vlan_count;         /* tags before the network header, 0 to 2 kept (deeper ones are passed over) */
	uint16_t vlan[2];           /* VLAN ids, outer first; priority tag has id 0 */
	uint16_t ethertype;         /* after the tags, host order */

	/* ARP (RFC 826) */
	uint16_t arp_op;
	struct vmp_mac arp_sender_mac, arp_target_mac;

	/* IPv4, IPv6; for ARP: src = sender, dst = target protocol address */
	struct vmp_ip src, dst;
	uint8_t proto;              /* transport protocol after extension headers */
	uint8_t ttl;                /* TTL or hop limit */
	uint16_t ip_id;             /* IPv4 identification */
	uint32_t ip6_id;            /* IPv6 fragment identification */
	bool dont_fragment;
	bool more_fragments;
	uint16_t fragment_offset;   /* in bytes */
	uint32_t ip_len;            /* bytes of the whole IP packet; for BIG TCP taken from the frame */

	/* transport */
	uint16_t sport, dport;      /* TCP, UDP */
	uint32_t tcp_seq, tcp_ack, tcp_tsval;
	uint8_t tcp_flags;
	uint16_t tcp_window;
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id, icmp_seq; /* echo */
	struct vmp_quote quote;
	struct vmp_ip nd_target;
	struct vmp_mac nd_mac;      /* link-layer address option */
	struct vmp_mac dhcp_mac;    /* chaddr */
	uint8_t dhcp_op;            /* 1: asks, 2: answers */
	struct vmp_ip quoted_src, quoted_dst;
	uint8_t quoted_proto;
	uint16_t quoted_dport;      /* of TCP and UDP, 0: not quoted */

	uint32_t vni;               /* of the tunnel that the frame came in */
	uint32_t inner_offset;      /* bytes from the start of the frame to the frame inside the tunnel, which all else is about; 0: none */
	uint32_t l3_offset;         /* bytes from the start of the frame to what follows the ethertype */
	uint32_t l4_offset;         /* to the transport header or the fragment's data; 0: not reached */
	uint32_t header_len;        /* bytes from the start of the frame to the payload: where evidence is cut; at most cap_len */
	uint32_t payload_len;       /* bytes of transport payload the IP header promises */
};

#endif
