/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAC and IP addresses as values, and their text. */
#ifndef VMP_BASE_ADDR_H
#define VMP_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct vmp_mac {
	uint8_t b[6];
};

/* family: 0 (none), 4 or 6. An IPv4 address stands in the first four octets, the others are zero. */
struct vmp_ip {
	uint8_t family;
	uint8_t b[16];
};

#define VMP_MAC_STRLEN 18
#define VMP_IP_STRLEN  46

/* Parse "52:54:00:02:1f:00" (also with '-'; one or two hex digits each). Returns 0 and sets *ret_mac, or -EINVAL. */
int vmp_mac_parse(const char *text, struct vmp_mac *ret_mac);

/* Write a MAC as lower-case hex with colons into buf. Returns buf. */
const char *vmp_mac_format(const struct vmp_mac *mac, char buf[VMP_MAC_STRLEN]);

/* True when both are the same. */
static inline bool vmp_mac_equal(const struct vmp_mac *a, const struct vmp_mac *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* True for a group address (multicast and broadcast), IEEE 802 I/G bit. */
static inline bool vmp_mac_is_group(const struct vmp_mac *mac)
{
	return mac->b[0] & 1;
}

/* True for ff:ff:ff:ff:ff:ff. */
bool vmp_mac_is_broadcast(const struct vmp_mac *mac);

/* Parse a numeric IPv4 or IPv6 address (no prefix length, no scope). Returns 0 and sets *ret_ip, or -EINVAL. */
int vmp_ip_parse(const char *text, struct vmp_ip *ret_ip);

/* Write an address as text into buf ("-" for family 0). Returns buf. */
const char *vmp_ip_format(const struct vmp_ip *ip, char buf[VMP_IP_STRLEN]);

/* True when both are the same address of the same family. Two addresses of family 0 are never equal. */
bool vmp_ip_equal(const struct vmp_ip *a, const struct vmp_ip *b);

/* True when ip lies in prefix/len (len in bits; same family). */
bool vmp_ip_in_prefix(const struct vmp_ip *ip, const struct vmp_ip *prefix, unsigned int len);

/* True for an address that holds on one link alone: fe80::/10, 169.254.0.0/16. */
bool vmp_ip_is_link_local(const struct vmp_ip *ip);

/* True for a multicast address or the IPv4 limited broadcast. */
bool vmp_ip_is_group(const struct vmp_ip *ip);

/* Make an address from network-order octets. family: 4 or 6; octets: 4 or 16 of them, borrowed. */
struct vmp_ip vmp_ip_from_octets(int family, const void *octets);

#endif
