/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One netlink message -> records. Inside host/ only; apart from the socket, so that recorded and hostile messages test it. */
#ifndef VMP_HOST_PARSE_H
#define VMP_HOST_PARSE_H

#include "base/str.h"
#include "model/host.h"
#include "model/reading.h"

#include <linux/netlink.h>

/* Most rows kept of one table: a guest can fill the FDB with senders it invents, a router can hold the whole internet. */
#define VMP_HOST_ROWS_MAX (1U << 18)

/*
 * Each takes one message whose nlmsg_len octets are all readable, ignores what is not its type, and appends to host.
 * Returns 0, -EBADMSG for a message that is not well formed, -EOVERFLOW when the table has reached VMP_HOST_ROWS_MAX,
 * or -ENOMEM.
 */
typedef int vmp_host_parser(const struct nlmsghdr *msg, struct vmp_host *host);

/* RTM_NEWLINK of a plain dump: a new link. */
vmp_host_parser vmp_host_parse_link;

/* RTM_NEWLINK of an AF_BRIDGE dump: port settings and VLAN table of a link that is known already (others are ignored). */
vmp_host_parser vmp_host_parse_port;

/* RTM_NEWNEIGH of an AF_BRIDGE dump: a row of an FDB. */
vmp_host_parser vmp_host_parse_fdb;

/* RTM_NEWNEIGH of an AF_INET or AF_INET6 dump. */
vmp_host_parser vmp_host_parse_neighbour;

/* RTM_NEWADDR. */
vmp_host_parser vmp_host_parse_address;

/* RTM_NEWROUTE. Routes cloned into a cache are left out. */
vmp_host_parser vmp_host_parse_route;

/* RTM_NEWRULE: is there one beside the kernel's own? */
vmp_host_parser vmp_host_parse_rule;

/* Which connections are wanted, and what came of them. */
struct vmp_host_wanted {
	const struct vmp_ip *addresses; /* one of these, untranslated, at either end; borrowed */
	size_t n;
	struct vmp_tracking *into;
	bool saw_others;                /* the kernel does not choose by itself */
};

/* Most connections kept. */
#define VMP_HOST_TRACKED_MAX 4096U

/*
 * IPCTNL_MSG_CT_NEW of a ctnetlink dump: appends the connection when it is wanted, and is translated or offloaded. Those that are over,
 * and those of a zone other than the first, where the same addresses may mean another connection, are left out. Returns as the parsers.
 */
int vmp_host_parse_tracked(const struct nlmsghdr *msg, struct vmp_host_wanted *wanted);

/* Who has how many connections; addresses are told apart up to a bound. */
struct vmp_tracked_count;

/* Begin to count. ret_count: caller frees with free(). Returns 0 or -errno. */
int vmp_host_new_count(struct vmp_tracked_count **ret_count);

/* IPCTNL_MSG_CT_NEW of a ctnetlink dump: counts the connection. Returns 0 or -EBADMSG. */
int vmp_host_count_one(const struct nlmsghdr *msg, struct vmp_tracked_count *count);

/* Append what was counted, as vmp_host_parse_count() reads it. Nothing can be counted afterwards. */
void vmp_host_print_count(struct vmp_tracked_count *count, struct vmp_buf *out);

/* Only the counters of an RTM_NEWLINK. Returns 0, or -EBADMSG when the message has none. */
int vmp_host_parse_stats(const struct nlmsghdr *msg, struct vmp_link_stats *ret_stats);

/* RTM_NEWQDISC and RTM_NEWTCLASS: appended when it is of one of the reading's devices and tells its counters. Returns as the parsers. */
int vmp_host_parse_queue(const struct nlmsghdr *msg, struct vmp_reading *reading);

/* RTM_NEWNEIGHTBL: appended when it is a whole table. Returns as the parsers. */
int vmp_host_parse_neighbour_table(const struct nlmsghdr *msg, struct vmp_reading *reading);

#endif
