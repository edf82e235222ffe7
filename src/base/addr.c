/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int vmp_mac_parse(const char *text, struct vmp_mac *ret_mac)
{
	struct vmp_mac mac;
	const char *p = text;

	for (int i = 0; i < 6; i++) {
		int value = hex_digit(*p);

		if (value < 0)
			return -EINVAL;
		p++;
		if (hex_digit(*p) >= 0)
			value = value * 16 + hex_digit(*p++);
		mac.b[i] = (uint8_t)value;
		if (i < 5 && *p != ':' && *p != '-')
			return -EINVAL;
		if (i < 5)
			p++;
	}
	if (*p)
		return -EINVAL;
	*ret_mac = mac;
	return 0;
}

const char *vmp_mac_format(const struct vmp_mac *mac, char buf[VMP_MAC_STRLEN])
{
	const uint8_t *b = mac->b;

	snprintf(buf, VMP_MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	return buf;
}

bool vmp_mac_is_broadcast(const struct vmp_mac *mac)
{
	static const struct vmp_mac all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	return vmp_mac_equal(mac, &all);
}

int vmp_ip_parse(const char *text, struct vmp_ip *ret_ip)
{
	struct vmp_ip ip = {0};

	if (inet_pton(AF_INET, text, ip.b) == 1)
		ip.family = 4;
	else if (inet_pton(AF_INET6, text, ip.b) == 1)
		ip.family = 6;
	else
		return -EINVAL;
	*ret_ip = ip;
	return 0;
}

const char *vmp_ip_format(const struct vmp_ip *ip, char buf[VMP_IP_STRLEN])
{
	if (ip->family != 4 && ip->family != 6)
		snprintf(buf, VMP_IP_STRLEN, "-");
	else if (!inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->b, buf, VMP_IP_STRLEN))
		snprintf(buf, VMP_IP_STRLEN, "?");
	return buf;
}

bool vmp_ip_equal(const struct vmp_ip *a, const struct vmp_ip *b)
{
	return a->family && a->family == b->family && memcmp(a->b, b->b, a->family == 4 ? 4 : 16) == 0;
}

bool vmp_ip_in_prefix(const struct vmp_ip *ip, const struct vmp_ip *prefix, unsigned int len)
{
	unsigned int whole = len / 8, rest = len % 8;

	if (!ip->family || ip->family != prefix->family || len > (ip->family == 4 ? 32U : 128U))
		return false;
	if (memcmp(ip->b, prefix->b, whole) != 0)
		return false;
	return rest == 0 || ((ip->b[whole] ^ prefix->b[whole]) >> (8 - rest)) == 0;
}

bool vmp_ip_is_link_local(const struct vmp_ip *ip)
{
	return ip->family == 6 ? ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80 : ip->family == 4 && ip->b[0] == 169 && ip->b[1] == 254;
}

bool vmp_ip_is_group(const struct vmp_ip *ip)
{
	static const uint8_t limited[4] = {255, 255, 255, 255};

	if (ip->family == 4)
		return (ip->b[0] & 0xf0) == 0xe0 || memcmp(ip->b, limited, 4) == 0;
	return ip->family == 6 && ip->b[0] == 0xff;
}

struct vmp_ip vmp_ip_from_octets(int family, const void *octets)
{
	struct vmp_ip ip = {.family = (uint8_t)family};

	memcpy(ip.b, octets, family == 4 ? 4 : 16);
	return ip;
}
