/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames made to measure: each test says what matters to it, and the rest is a healthy packet. */
#ifndef VMP_TESTS_FRAMES_H
#define VMP_TESTS_FRAMES_H

#include "packet/packet.h"

#include <stddef.h>

#define FRAME_MAX 2048

struct bytes {
	uint8_t b[FRAME_MAX];
	size_t len;
};

/* A frame. Zero means the usual: IPv4, TTL 64, no tags, no options, no padding. */
struct spec {
	unsigned int tags;              /* VLAN tags: the outermost has id 100, the next 101, ... */
	uint16_t tpid;                  /* 0: 0x8100 */
	uint8_t mac;                    /* last octet of both MACs */
	int ip;                         /* 4 or 6, 0: 4 */
	uint8_t proto;
	uint8_t ttl;
	uint8_t tos;
	uint16_t id;
	uint16_t fragment;              /* the field; IPv6: of the fragment header, when has_fragment */
	bool has_fragment;
	uint16_t ip_sum;
	size_t options_len;             /* IPv4 options, or IPv6 extension headers (the last of them names proto) */
	uint8_t options[256];
	uint8_t first_header;           /* IPv6: next header of the fixed header, with options_len */
	bool lie;                       /* length is what the header says, not what it is */
	uint32_t length;                /* the IPv4 total or IPv6 payload length when lie */
	size_t pad;
	uint8_t pad_byte;
	struct bytes l4;
};

/* Append len bytes, a byte, a big-endian 16 or 32 bit number. */
void add(struct bytes *to, const void *bytes, size_t len);
void add8(struct bytes *to, uint8_t value);
void add16(struct bytes *to, uint16_t value);
void add32(struct bytes *to, uint32_t value);

/* len bytes that count up from first. */
void add_count(struct bytes *to, size_t len, uint8_t first);

/* A TCP header with options (a multiple of 4) and payload. */
struct bytes tcp(uint8_t flags, uint32_t seq, uint16_t sum, const void *options, size_t options_len, size_t payload);
struct bytes udp(uint16_t sport, uint16_t dport, uint16_t sum, const void *payload, size_t payload_len);
struct bytes icmp(uint8_t type, uint8_t code, uint16_t sum, uint16_t id, uint16_t seq, const void *payload,
		  size_t payload_len);

/* The frame of a spec, with its IP header. */
struct bytes frame_of(const struct spec *spec);

/* An Ethernet header for an ethertype. */
struct bytes ethernet(uint16_t ethertype);

/* An ARP frame. */
struct bytes arp(uint16_t op, size_t pad);

/* Frames of every kind this program reads: HEALTHY healthy ones, then hostile ones. Returns false past the last. */
#define HEALTHY 22
bool corpus(size_t index, struct bytes *ret_frame, const char **ret_name);

/* Decode and fingerprint a copy that ends where its memory ends, so that a sanitizer sees a read past it. */
void look(const struct bytes *frame, size_t cap_len, size_t wire_len, struct vmp_packet *ret_packet,
	  struct vmp_fingerprint *ret_fingerprint);

#endif
