/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path/filter.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Neighbour discovery, RFC 4861: ICMPv6 types 133 to 137; the target stands 8 octets into a solicitation or advertisement. */
#define ND        "(icmp6 and ip6[40] >= 133 and ip6[40] <= 137)"
#define ND_TARGET "icmp6 and ip6[40] >= 135 and ip6[40] <= 136"

static void add_nd_target(struct vmp_buf *buf, const struct vmp_ip *ip)
{
	vmp_buf_printf(buf, "(" ND_TARGET);
	for (unsigned int i = 0; i < 16; i += 4)
		vmp_buf_printf(buf, " and ip6[%u:4] = 0x%02x%02x%02x%02x", 48 + i, ip->b[i], ip->b[i + 1], ip->b[i + 2],
			       ip->b[i + 3]);
	vmp_buf_printf(buf, ")");
}

/* Frames that carry the address, asked for it, or resolve any (without which the address cannot be reached). */
static void add_address(struct vmp_buf *buf, const struct vmp_filter_parts *parts)
{
	bool six = parts->address->family == 6;
	char ip[VMP_IP_STRLEN], mac[VMP_MAC_STRLEN];

	vmp_ip_format(parts->address, ip);
	if (!parts->mac) {
		vmp_buf_printf(buf, "host %s or arp or " ND, ip);
		return;
	}
	vmp_buf_printf(buf, "(ether host %s and (host %s or arp or " ND "))", vmp_mac_format(parts->mac, mac), ip);
	if (parts->all_from)
		vmp_buf_printf(buf, " or (%s and (host %s or arp or " ND "))", parts->all_from, ip);
	if (parts->unicast_only)
		return;
	vmp_buf_printf(buf, " or (ether multicast and %shost %s", six ? "(" : "", ip);
	if (six) {
		vmp_buf_printf(buf, " or ");
		add_nd_target(buf, parts->address);
		vmp_buf_printf(buf, ")");
	}
	vmp_buf_printf(buf, ")");
}

/* A network of this host's inside, as pcap-filter(7) wants it: without the bits of a host. */
static void add_network(struct vmp_buf *buf, const struct vmp_host_address *own)
{
	struct vmp_ip network = own->ip;
	char text[VMP_IP_STRLEN];

	for (unsigned int i = own->prefix_len; i < (network.family == 4 ? 32U : 128U); i++)
		network.b[i / 8] &= (uint8_t)~(0x80U >> i % 8);
	vmp_buf_printf(buf, " or net %s/%u", vmp_ip_format(&network, text), own->prefix_len);
}

/*
 * Beyond routing no MAC tells whose a packet is. A peer's address does; else those are taken that this host has there, which
 * translated packets have, and those inside, for not all are translated: the guest may use one that was not known before. And how this
 * host asks for its next hop.
 */
static void add_routed(struct vmp_buf *buf, const struct vmp_filter_parts *parts)
{
	const struct vmp_path *path = parts->routed;
	const struct vmp_hop *hop = &path->hops.v[parts->hop];
	char ip[VMP_IP_STRLEN];

	vmp_buf_printf(buf, "arp or " ND);
	if (parts->address && !vmp_path_is_inside(path, parts->address)) {
		vmp_buf_printf(buf, " or host %s", vmp_ip_format(parts->address, ip));
		return;
	}
	vmp_vec_foreach (own, &path->own) {
		int at = vmp_path_find(path, own->ifindex);

		if (own->ifindex == hop->ifindex)
			vmp_buf_printf(buf, " or host %s", vmp_ip_format(&own->ip, ip));
		else if (at >= 0 && !path->hops.v[at].routed && !parts->address)
			add_network(buf, own);
	}
	if (parts->address)
		vmp_buf_printf(buf, " or host %s", vmp_ip_format(parts->address, ip));
}

static void add_device_part(struct vmp_buf *buf, const struct vmp_filter_parts *parts)
{
	char mac[VMP_MAC_STRLEN];

	if (parts->routed)
		add_routed(buf, parts);
	else if (parts->address)
		add_address(buf, parts);
	else if (parts->mac)
		vmp_buf_printf(buf, "ether host %s%s%s%s", vmp_mac_format(parts->mac, mac),
			       parts->unicast_only ? "" : " or ether multicast", parts->all_from ? " or " : "",
			       parts->all_from ? parts->all_from : "");
}

/* True when the expression has this word. */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[len]))
			return true;
	return false;
}

/* libpcap takes a blank text for "everything" by itself, but not as a part of another. */
static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\n\r\v\f")] == '\0';
}

/* These move the offsets of what stands after them (pcap-filter(7)): who writes one has said where the headers are. */
static bool moves_offsets(const char *text)
{
	static const char *const words[] = {"vlan", "mpls", "pppoed", "pppoes", "geneve"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (has_word(text, words[i]))
			return true;
	return false;
}

/* Bytes of the UDP header and what follows, by version of IP. No options and no extension headers: tunnels have none. */
static void add_inner_macs(struct vmp_buf *buf, const char *proto, unsigned int udp, const struct vmp_mac *mac)
{
	const uint8_t *b = mac->b;
	unsigned int dst = udp + 16, src = dst + 6; /* after UDP and VXLAN, 8 bytes each */
	unsigned int high = (unsigned int)b[0] << 24 | (unsigned int)b[1] << 16 | (unsigned int)b[2] << 8 | b[3];

	vmp_buf_printf(buf, "(%s[%u] & 1 = 1 or (%s[%u:4] = 0x%08x and %s[%u:2] = 0x%02x%02x)", proto, dst, proto, dst, high, proto, dst + 4,
		       b[4], b[5]);
	vmp_buf_printf(buf, " or (%s[%u:2] = 0x%02x%02x and %s[%u:4] = 0x%02x%02x%02x%02x))", proto, src, b[0], b[1], proto, src + 2, b[2],
		       b[3], b[4], b[5]);
}

static int make_tunnel(const struct vmp_filter_parts *parts, char **ret_filter)
{
	unsigned int port = parts->tunnel->port;
	struct vmp_buf plain = {0}, whole = {0};

	if (parts->mac) {
		vmp_buf_printf(&plain, "(ip and udp dst port %u and ", port);
		add_inner_macs(&plain, "udp", 0, parts->mac);
		vmp_buf_printf(&plain, ") or (ip6 and udp dst port %u and ", port);
		add_inner_macs(&plain, "ip6", 40, parts->mac);
		vmp_buf_printf(&plain, ")");
	} else {
		vmp_buf_printf(&plain, "udp dst port %u", port);
	}
	vmp_buf_printf(&whole, "(%s) or (vlan and (%s))", plain.s ? plain.s : "", plain.s ? plain.s : "");
	whole.oom |= plain.oom;
	vmp_buf_clear(&plain);
	*ret_filter = vmp_buf_take(&whole);
	return *ret_filter ? 0 : -ENOMEM;
}

int vmp_filter_make(const struct vmp_filter_parts *parts, char **ret_filter)
{
	const char *more = parts->operator_filter && !is_blank(parts->operator_filter) ? parts->operator_filter : NULL;
	struct vmp_buf plain = {0}, whole = {0};
	char *text;

	if (parts->tunnel)
		return make_tunnel(parts, ret_filter);
	add_device_part(&plain, parts);
	if (more)
		vmp_buf_printf(&whole, plain.len ? "(%s) and (%s)" : "%s%s", plain.len ? plain.s : "", more);
	else if (plain.len)
		vmp_buf_printf(&whole, "%s", plain.s);
	/*
	 * `vlan` moves the offsets of all that stands after it in the text, once more each time, so the cases come in the order
	 * of their tags: none (or one in the metadata), one, two (a guest's own inside the host's). Addresses of Ethernet do
	 * not move; and an operator who writes such a word has said where the tag is.
	 */
	if (whole.len && (parts->address || parts->routed || more) && !(more && moves_offsets(more))) {
		struct vmp_buf tagged = {0};

		vmp_buf_printf(&tagged, "(%s) or (vlan and (%s)) or (vlan and (%s))", whole.s, whole.s, whole.s);
		tagged.oom |= whole.oom;
		vmp_buf_clear(&whole);
		whole = tagged;
	}
	whole.oom |= plain.oom;
	vmp_buf_clear(&plain);
	if (!whole.len && !whole.oom) {
		*ret_filter = NULL;
		return 0;
	}
	text = vmp_buf_take(&whole);
	if (!text)
		return -ENOMEM;
	*ret_filter = text;
	return 0;
}
