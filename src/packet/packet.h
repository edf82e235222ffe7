/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes -> headers -> fingerprint. Pure; every byte is read through base/cursor.h. One file per protocol. */
#ifndef VMP_PACKET_PACKET_H
#define VMP_PACKET_PACKET_H

#include "base/hash.h"
#include "model/fingerprint.h"
#include "model/frame.h"
#include "model/packet.h"

/* Payload bytes that go into a fingerprint, at most. */
#define VMP_FINGERPRINT_PAYLOAD 64U

/* Read the headers of an Ethernet frame. Never fails: what could not be read is not flagged. frame: borrowed. */
void vmp_packet_decode(const struct vmp_frame *frame, struct vmp_packet *ret_packet);

/*
 * Compute what identifies the packet at every hop: addresses, protocol, IP id, fragment, lengths, transport header without
 * its checksum, the first VMP_FINGERPRINT_PAYLOAD payload bytes; ARP: op and the four addresses. Not in it: MACs and VLAN
 * tags, TTL, checksums, padding, for they change on the way. A frame that is not IP or ARP: all of its bytes.
 * frame: what packet was decoded from.
 */
void vmp_packet_fingerprint(const struct vmp_hash_key *key, const struct vmp_frame *frame, const struct vmp_packet *packet,
			    struct vmp_fingerprint *ret_fingerprint);

#endif
