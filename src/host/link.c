/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTM_NEWLINK: what every link has in common. */
#include "host/attr.h"
#include "host/kind.h"
#include "host/parse.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <stdlib.h>

/* Newer than the oldest headers vmpath is built with (linux/if_link.h, 5.14; it is ABI). */
enum { LINK_PARENT_BUS_NAME = 57, LINK_LAST = LINK_PARENT_BUS_NAME };
enum { ALTNAMES_MAX = 16 }; /* of one link that are kept */

/* Where struct rtnl_link_stats64 has what: kernels only ever append to it (linux/if_link.h). */
static const struct {
	size_t index;   /* in units of 64 bit */
	size_t offset;  /* in struct vmp_link_stats */
} counters[] = {
	{0, offsetof(struct vmp_link_stats, rx_packets)},   {1, offsetof(struct vmp_link_stats, tx_packets)},
	{2, offsetof(struct vmp_link_stats, rx_bytes)},     {3, offsetof(struct vmp_link_stats, tx_bytes)},
	{4, offsetof(struct vmp_link_stats, rx_errors)},    {5, offsetof(struct vmp_link_stats, tx_errors)},
	{6, offsetof(struct vmp_link_stats, rx_dropped)},   {7, offsetof(struct vmp_link_stats, tx_dropped)},
	{12, offsetof(struct vmp_link_stats, rx_crc_errors)}, {14, offsetof(struct vmp_link_stats, rx_fifo_errors)},
	{15, offsetof(struct vmp_link_stats, rx_missed)},   {23, offsetof(struct vmp_link_stats, rx_nohandler)},
	{24, offsetof(struct vmp_link_stats, rx_otherhost)},
};

static void read_stats(const struct nlattr *attr, struct vmp_link_stats *stats)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
		if (attr_has(attr, (counters[i].index + 1) * sizeof(uint64_t)))
			memcpy((char *)stats + counters[i].offset,
			       (const char *)nla_data(attr) + counters[i].index * sizeof(uint64_t), sizeof(uint64_t));
}

/* nlmsg_parse takes the header of a message as writable but leaves it alone. */
static int parse_link_attributes(const struct nlmsghdr *msg, struct nlattr **tb)
{
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(struct ifinfomsg))
		return -EBADMSG;
	return nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(struct ifinfomsg), tb, LINK_LAST, NULL) < 0 ? -EBADMSG
														 : 0;
}

static void read_lower(struct vmp_link *link, struct nlattr **tb)
{
	link->lower = (int)attr_u32(tb[IFLA_LINK], 0);
	link->lower_elsewhere = tb[IFLA_LINK_NETNSID] != NULL;
	/* An index of 0 says: there is a lower device, but not in any namespace that this one may name. */
	link->has_lower = link->lower > 0 || (tb[IFLA_LINK] && link->lower_elsewhere);
}

static void read_info(struct vmp_link *link, const struct ifinfomsg *info, struct nlattr **tb)
{
	struct vmp_host_raw raw = {.arphrd = info->ifi_type, .flags = info->ifi_flags};
	struct nlattr *linkinfo[IFLA_INFO_MAX + 1];
	struct nlattr *xdp[IFLA_XDP_MAX + 1];

	attr_nest(tb[IFLA_LINKINFO], linkinfo, IFLA_INFO_MAX);
	attr_text(linkinfo[IFLA_INFO_KIND], link->kind_name, sizeof(link->kind_name));
	attr_text(linkinfo[IFLA_INFO_SLAVE_KIND], link->slave_kind, sizeof(link->slave_kind));
	attr_text(tb[LINK_PARENT_BUS_NAME], raw.bus, sizeof(raw.bus));
	raw.info_data = linkinfo[IFLA_INFO_DATA];
	vmp_host_classify(link, &raw);
	if (strcmp(link->slave_kind, "bridge") == 0)
		vmp_host_bridge_port(link, linkinfo[IFLA_INFO_SLAVE_DATA]);
	if (attr_nest(tb[IFLA_XDP], xdp, IFLA_XDP_MAX))
		link->has_xdp = attr_u8(xdp[IFLA_XDP_ATTACHED], XDP_ATTACHED_NONE) != XDP_ATTACHED_NONE;
}

/* linux/if_link.h: IFLA_PROP_LIST holds one IFLA_ALT_IFNAME for each further name. */
static int read_altnames(const struct nlattr *list, struct vmp_link *link)
{
	struct nlattr *property;
	int left;

	if (!list)
		return 0;
	nla_for_each_nested(property, list, left) {
		struct vmp_link_altname *altname;

		if (nla_type(property) != IFLA_ALT_IFNAME || link->altnames.n >= ALTNAMES_MAX)
			continue;
		altname = vmp_vec_add(&link->altnames);
		if (!altname)
			return -ENOMEM;
		attr_text(property, altname->name, sizeof(altname->name));
	}
	return 0;
}

int vmp_host_parse_link(const struct nlmsghdr *msg, struct vmp_host *host)
{
	const struct ifinfomsg *info;
	struct nlattr *tb[LINK_LAST + 1];
	struct vmp_link *link;

	if (msg->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (parse_link_attributes(msg, tb) < 0)
		return -EBADMSG;
	info = nlmsg_data(msg);
	if (info->ifi_index <= 0 || !attr_has(tb[IFLA_IFNAME], 1))
		return -EBADMSG;
	if (host->links.n >= VMP_HOST_ROWS_MAX)
		return -EOVERFLOW;
	link = vmp_vec_add(&host->links);
	if (!link)
		return -ENOMEM;
	link->ifindex = info->ifi_index;
	attr_text(tb[IFLA_IFNAME], link->name, sizeof(link->name));
	attr_mac(tb[IFLA_ADDRESS], &link->mac);
	link->mtu = attr_u32(tb[IFLA_MTU], 0);
	link->txqueuelen = attr_u32(tb[IFLA_TXQLEN], 0);
	link->admin_up = (info->ifi_flags & IFF_UP) != 0;
	link->carrier = attr_u8(tb[IFLA_CARRIER], (info->ifi_flags & IFF_LOWER_UP) != 0) != 0;
	link->promisc = attr_u32(tb[IFLA_PROMISCUITY], 0) > 0;
	link->master = (int)attr_u32(tb[IFLA_MASTER], 0);
	read_lower(link, tb);
	read_stats(tb[IFLA_STATS64], &link->stats);
	read_info(link, info, tb);
	return read_altnames(tb[IFLA_PROP_LIST], link);
}

int vmp_host_parse_port(const struct nlmsghdr *msg, struct vmp_host *host)
{
	const struct ifinfomsg *info;
	struct nlattr *tb[LINK_LAST + 1];

	if (msg->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (parse_link_attributes(msg, tb) < 0)
		return -EBADMSG;
	info = nlmsg_data(msg);
	if (info->ifi_family != AF_BRIDGE)
		return 0;
	vmp_vec_foreach (link, &host->links) {
		if (link->ifindex != info->ifi_index)
			continue;
		vmp_host_bridge_port(link, tb[IFLA_PROTINFO]);
		return vmp_host_bridge_vlans(link, tb[IFLA_AF_SPEC]);
	}
	return 0;
}

int vmp_host_parse_stats(const struct nlmsghdr *msg, struct vmp_link_stats *ret_stats)
{
	struct nlattr *tb[LINK_LAST + 1];
	struct vmp_link_stats stats = {0};

	if (msg->nlmsg_type != RTM_NEWLINK || parse_link_attributes(msg, tb) < 0 ||
	    !attr_has(tb[IFLA_STATS64], 8 * sizeof(uint64_t)))
		return -EBADMSG;
	read_stats(tb[IFLA_STATS64], &stats);
	*ret_stats = stats;
	return 0;
}
