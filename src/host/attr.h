/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading netlink attributes: absent or short ones leave the value as it was. Inside host/ only. */
#ifndef VMP_HOST_ATTR_H
#define VMP_HOST_ATTR_H

#include "base/addr.h"

#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* True when the attribute is there and holds at least n octets. */
static inline bool attr_has(const struct nlattr *attr, size_t n)
{
	return attr && nla_len(attr) >= 0 && (size_t)nla_len(attr) >= n;
}

static inline uint8_t attr_u8(const struct nlattr *attr, uint8_t otherwise)
{
	return attr_has(attr, 1) ? nla_get_u8(attr) : otherwise;
}

static inline uint16_t attr_u16(const struct nlattr *attr, uint16_t otherwise)
{
	return attr_has(attr, 2) ? nla_get_u16(attr) : otherwise;
}

static inline uint32_t attr_u32(const struct nlattr *attr, uint32_t otherwise)
{
	return attr_has(attr, 4) ? nla_get_u32(attr) : otherwise;
}

/* Copy a string that need not be terminated into buf, cut to its size. */
static inline void attr_text(const struct nlattr *attr, char *buf, size_t size)
{
	if (attr_has(attr, 0))
		snprintf(buf, size, "%.*s", nla_len(attr), (const char *)nla_data(attr));
}

static inline bool attr_mac(const struct nlattr *attr, struct vmp_mac *ret_mac)
{
	if (!attr_has(attr, sizeof(ret_mac->b)) || nla_len(attr) != (int)sizeof(ret_mac->b))
		return false;
	memcpy(ret_mac->b, nla_data(attr), sizeof(ret_mac->b));
	return true;
}

/* Split a nest into tb[0..last], NULL for what it lacks. nest: may be NULL. False when there is nothing to read in tb. */
static inline bool attr_nest(const struct nlattr *nest, struct nlattr **tb, int last)
{
	/* libnl takes a nest as writable but leaves it alone. */
	if (nest && nla_parse_nested(tb, last, (struct nlattr *)(uintptr_t)nest, NULL) >= 0)
		return true;
	memset(tb, 0, sizeof(*tb) * ((size_t)last + 1));
	return false;
}

/* An address of 4 or 16 octets; which, the attribute's own length says. */
static inline bool attr_ip(const struct nlattr *attr, struct vmp_ip *ret_ip)
{
	int len = attr ? nla_len(attr) : 0;

	if (len != 4 && len != 16)
		return false;
	*ret_ip = vmp_ip_from_octets(len == 4 ? 4 : 6, nla_data(attr));
	return true;
}

#endif
