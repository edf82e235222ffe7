/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTM_NEWQDISC, RTM_NEWTCLASS: queueing disciplines and their classes; RTM_NEWNEIGHTBL: how full the neighbour tables are. */
#include "host/attr.h"
#include "host/parse.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

/* linux/gen_stats.h: the basic part is in 64 bits only where 32 do not hold it (TCA_STATS_PKT64, 5.5; it is ABI). */
enum { STATS_PKT64 = 8, STATS_LAST = STATS_PKT64 };

static void read_stats(const struct nlattr *nest, struct vmp_queue *queue)
{
	struct nlattr *stats[STATS_LAST + 1];
	struct gnet_stats_queue counts;
	struct gnet_stats_basic basic;

	if (!attr_nest(nest, stats, STATS_LAST))
		return;
	if (attr_has(stats[TCA_STATS_QUEUE], sizeof(counts))) {
		memcpy(&counts, nla_data(stats[TCA_STATS_QUEUE]), sizeof(counts));
		queue->waiting = counts.qlen;
		queue->backlog_bytes = counts.backlog;
		queue->drops = counts.drops;
		queue->overlimits = counts.overlimits;
		queue->has_counts = true;
	}
	if (attr_has(stats[STATS_PKT64], sizeof(uint64_t))) {
		memcpy(&queue->packets, nla_data(stats[STATS_PKT64]), sizeof(uint64_t));
		queue->has_packets = true;
	} else if (attr_has(stats[TCA_STATS_BASIC], offsetof(struct gnet_stats_basic, packets) + sizeof(basic.packets))) {
		uint32_t packets;

		memcpy(&packets, (const char *)nla_data(stats[TCA_STATS_BASIC]) + offsetof(struct gnet_stats_basic, packets), sizeof(packets));
		queue->packets = packets;
		queue->has_packets = true;
	}
}

int vmp_host_parse_queue(const struct nlmsghdr *msg, struct vmp_reading *reading)
{
	struct nlattr *tb[TCA_MAX + 1];
	const struct tcmsg *info;
	struct vmp_queue queue = {0}, *slot;
	bool wanted = false;

	if (msg->nlmsg_type != RTM_NEWQDISC && msg->nlmsg_type != RTM_NEWTCLASS)
		return 0;
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(*info) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(*info), tb, TCA_MAX, NULL) < 0)
		return -EBADMSG;
	info = nlmsg_data(msg);
	vmp_vec_foreach (device, &reading->devices)
		wanted = wanted || device->ifindex == info->tcm_ifindex;
	if (!wanted)
		return 0;
	queue.ifindex = info->tcm_ifindex;
	queue.is_class = msg->nlmsg_type == RTM_NEWTCLASS;
	queue.handle = info->tcm_handle;
	queue.parent = info->tcm_parent;
	attr_text(tb[TCA_KIND], queue.kind, sizeof(queue.kind));
	read_stats(tb[TCA_STATS2], &queue);
	if (!queue.has_counts)
		return 0;
	if (reading->queues.n >= VMP_HOST_ROWS_MAX)
		return -EOVERFLOW;
	slot = vmp_vec_add(&reading->queues);
	if (!slot)
		return -ENOMEM;
	*slot = queue;
	return 0;
}

static uint64_t stats_u64(const struct nlattr *attr, size_t offset)
{
	uint64_t value = 0;

	if (attr_has(attr, offset + sizeof(value)))
		memcpy(&value, (const char *)nla_data(attr) + offset, sizeof(value));
	return value;
}

int vmp_host_parse_neighbour_table(const struct nlmsghdr *msg, struct vmp_reading *reading)
{
	struct vmp_neighbour_table table = {0}, *slot;
	struct nlattr *tb[NDTA_MAX + 1];
	struct ndt_config config;

	if (msg->nlmsg_type != RTM_NEWNEIGHTBL)
		return 0;
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(struct ndtmsg) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(struct ndtmsg), tb, NDTA_MAX, NULL) < 0)
		return -EBADMSG;
	/* A table's parameters for single devices come in messages of their own, without its numbers. */
	if (!attr_has(tb[NDTA_NAME], 1) || !attr_has(tb[NDTA_CONFIG], sizeof(config)) ||
	    !attr_has(tb[NDTA_STATS], offsetof(struct ndt_stats, ndts_forced_gc_runs) + sizeof(uint64_t)))
		return 0;
	attr_text(tb[NDTA_NAME], table.name, sizeof(table.name));
	memcpy(&config, nla_data(tb[NDTA_CONFIG]), sizeof(config));
	table.entries = config.ndtc_entries;
	table.limit = attr_u32(tb[NDTA_THRESH3], 0);
	table.failed = stats_u64(tb[NDTA_STATS], offsetof(struct ndt_stats, ndts_res_failed));
	table.forced_gc_runs = stats_u64(tb[NDTA_STATS], offsetof(struct ndt_stats, ndts_forced_gc_runs));
	/* Since 4.3. */
	table.has_fulls = attr_has(tb[NDTA_STATS], offsetof(struct ndt_stats, ndts_table_fulls) + sizeof(uint64_t));
	table.table_fulls = stats_u64(tb[NDTA_STATS], offsetof(struct ndt_stats, ndts_table_fulls));
	if (reading->tables.n >= VMP_HOST_ROWS_MAX)
		return -EOVERFLOW;
	slot = vmp_vec_add(&reading->tables);
	if (!slot)
		return -ENOMEM;
	*slot = table;
	return 0;
}
