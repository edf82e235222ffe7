/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes -> headers -> fingerprint. Pure; every byte is read through base/cursor.h. One file per protocol. */
#ifndef VMP_PACKET_PACKET_H
#define VMP_PACKET_PACKET_H

#include "base/hash.h"
#include "model/fingerprint.h"
#include "model/frame.h"
#include "model/packet.h"

#include <stdbool.h>

/* Payload bytes that go into a fingerprint, at most. */
#define VMP_FINGERPRINT_PAYLOAD 64U

/*
 * Read the headers of an Ethernet frame. Never fails: what could not be read is not flagged. frame: borrowed.
 * A malformed packet has no transport flags, for no node takes it. header_len keeps evidence free of payload: ARP,
 * neighbour discovery, MLD, DHCP, LLDP, LACP and spanning tree are whole, ICMP errors go as far as the ports they
 * quote, and of an ethertype that is not known nothing is kept but the Ethernet header.
 */
void vmp_packet_decode(const struct vmp_frame *frame, struct vmp_packet *ret_packet);

/*
 * Read the frame inside a VXLAN packet to this UDP port (RFC 7348), over IPv4 or IPv6, the outer VLAN tags passed over. The fields and
 * flags of ret_packet are those of the inner frame, its offsets count from the start of the outer one, and header_len takes in the
 * headers of both. Returns false when there is none: another packet, or a fragment that is not the first.
 */
bool vmp_packet_decode_vxlan(const struct vmp_frame *frame, uint16_t port, struct vmp_packet *ret_packet);

/*
 * Compute what identifies the packet at every hop: addresses, protocol, IP id, fragment, length, flow label, transport
 * header without its checksum, the first VMP_FINGERPRINT_PAYLOAD payload bytes; ARP: op and the four addresses. Not in
 * it, for it changes on the way: MACs, VLAN tags, TTL and DSCP, IP options and extension headers, checksums (those
 * inside a tunnel, and those that an ICMP error quotes, too), the MSS of a SYN, padding. A frame that is neither IP nor ARP:
 * ethertype, length, first bytes.
 * Unusable, so that a packet is never taken for another, when the capture does not hold all that would be hashed.
 * key: one for all frames that are compared; frame: what packet was decoded from.
 */
void vmp_packet_fingerprint(const struct vmp_digest_key *key, const struct vmp_frame *frame,
			    const struct vmp_packet *packet, struct vmp_fingerprint *ret_fingerprint);

/*
 * The same for captures that hold different lengths of a packet: of the network header and what follows, no payload behind the first
 * most_bytes goes in. UINT32_MAX: no limit.
 */
void vmp_packet_fingerprint_short(const struct vmp_digest_key *key, const struct vmp_frame *frame, const struct vmp_packet *packet,
				  uint32_t most_bytes, struct vmp_fingerprint *ret_fingerprint);

#endif
