/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTM_NEWADDR and RTM_NEWROUTE. */
#include "host/attr.h"
#include "host/parse.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

int vmp_host_parse_address(const struct nlmsghdr *msg, struct vmp_host *host)
{
	struct vmp_host_address *address;
	struct nlattr *tb[IFA_MAX + 1];
	const struct ifaddrmsg *row;
	struct vmp_ip ip;

	if (msg->nlmsg_type != RTM_NEWADDR)
		return 0;
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(*row) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(*row), tb, IFA_MAX, NULL) < 0)
		return -EBADMSG;
	row = nlmsg_data(msg);
	/* On a point-to-point link IFA_ADDRESS is the peer's, IFA_LOCAL ours; IPv6 mostly has IFA_ADDRESS alone. */
	if (!attr_ip(tb[IFA_LOCAL], &ip) && !attr_ip(tb[IFA_ADDRESS], &ip))
		return 0;
	if (host->addresses.n >= VMP_HOST_ROWS_MAX)
		return -EOVERFLOW;
	address = vmp_vec_add(&host->addresses);
	if (!address)
		return -ENOMEM;
	address->ifindex = (int)row->ifa_index;
	address->ip = ip;
	address->prefix_len = row->ifa_prefixlen;
	return 0;
}

/* The first next hop of a multipath route stands for all: what is asked of routes here is only where they lead at all. */
static void read_multipath(const struct nlattr *attr, struct vmp_route *route)
{
	struct rtnexthop hop;
	struct nlattr *tb[RTA_MAX + 1];

	if (!attr_has(attr, sizeof(hop)))
		return;
	memcpy(&hop, nla_data(attr), sizeof(hop));
	if (hop.rtnh_len < sizeof(hop) || !attr_has(attr, hop.rtnh_len))
		return;
	route->oif = hop.rtnh_ifindex;
	if (nla_parse(tb, RTA_MAX, (struct nlattr *)(void *)((char *)nla_data(attr) + sizeof(hop)),
		      hop.rtnh_len - (int)sizeof(hop), NULL) == 0)
		route->has_gateway = attr_ip(tb[RTA_GATEWAY], &route->gateway);
}

int vmp_host_parse_rule(const struct nlmsghdr *msg, struct vmp_host *host)
{
	struct nlattr *tb[FRA_MAX + 1];
	const struct fib_rule_hdr *row;
	uint32_t table, priority;

	if (msg->nlmsg_type != RTM_NEWRULE)
		return 0;
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(*row) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(*row), tb, FRA_MAX, NULL) < 0)
		return -EBADMSG;
	row = nlmsg_data(msg);
	if (row->family != AF_INET && row->family != AF_INET6)
		return 0; /* of multicast routing */
	table = attr_u32(tb[FRA_TABLE], row->table);
	priority = attr_u32(tb[FRA_PRIORITY], 0);
	/* The kernel's own, net/ipv4/fib_rules.c fib_default_rules_init(). */
	if (row->action != FR_ACT_TO_TBL || row->src_len || row->dst_len || tb[FRA_IIFNAME] || tb[FRA_OIFNAME] || tb[FRA_FWMARK] ||
	    !((priority == 0 && table == RT_TABLE_LOCAL) || (priority == 0x7ffe && table == RT_TABLE_MAIN) ||
	      (priority == 0x7fff && table == RT_TABLE_DEFAULT)))
		host->has_rules = true;
	return 0;
}

int vmp_host_parse_route(const struct nlmsghdr *msg, struct vmp_host *host)
{
	struct nlattr *tb[RTA_MAX + 1];
	const struct rtmsg *row;
	struct vmp_route *route;

	if (msg->nlmsg_type != RTM_NEWROUTE)
		return 0;
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(*row) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(*row), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	row = nlmsg_data(msg);
	if ((row->rtm_family != AF_INET && row->rtm_family != AF_INET6) || row->rtm_flags & RTM_F_CLONED)
		return 0;
	if (host->routes.n >= VMP_HOST_ROWS_MAX)
		return -EOVERFLOW;
	route = vmp_vec_add(&host->routes);
	if (!route)
		return -ENOMEM;
	route->dst.family = row->rtm_family == AF_INET ? 4 : 6;
	attr_ip(tb[RTA_DST], &route->dst);
	route->prefix_len = row->rtm_dst_len;
	route->table = attr_u32(tb[RTA_TABLE], row->rtm_table);
	route->metric = attr_u32(tb[RTA_PRIORITY], 0);
	route->oif = (int)attr_u32(tb[RTA_OIF], 0);
	route->has_gateway = attr_ip(tb[RTA_GATEWAY], &route->gateway);
	route->type = row->rtm_type;
	route->multipath = tb[RTA_MULTIPATH];
	if (route->multipath)
		read_multipath(tb[RTA_MULTIPATH], route);
	return 0;
}
