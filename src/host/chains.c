/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells of the chains of nf_tables and nft does not print: the counter of a policy (kernel, net/netfilter/nf_tables_api.c,
 * nf_tables_fill_chain_info()), which iptables and ebtables show, and the devices of a hook, which nft's JSON lacks before 1.0.9.
 */
#include "host/attr.h"
#include "host/host.h"
#include "host/reader.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BASES_MAX = 1 << 14 };

static int keep_message(const struct nlmsghdr *msg, void *arg)
{
	static const char padding[NLMSG_ALIGNTO] = {0};
	struct vmp_buf *out = arg;

	vmp_buf_add(out, (const char *)msg, msg->nlmsg_len);
	vmp_buf_add(out, padding, NLMSG_ALIGN(msg->nlmsg_len) - msg->nlmsg_len);
	return out->oom ? -ENOMEM : 0;
}

int vmp_host_list_chains(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	struct nfgenmsg all = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	struct vmp_host_question question = {.type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, .header = &all,
					     .header_len = sizeof(all), .dump = true};
	struct vmp_host_reader *netfilter = NULL;
	int code = vmp_host_open_family(NETLINK_NETFILTER, &netfilter);

	(void)context;
	if (code == 0)
		code = vmp_host_ask(netfilter, &question, keep_message, out, NULL);
	vmp_host_close(netfilter);
	if (code == -EINVAL || code == -EPROTONOSUPPORT || code == -EOPNOTSUPP || code == -ENOENT)
		return 0;
	return code < 0 ? vmp_err_set(err, -code, "host", NULL, "asking for the chains of the packet filter: %s", strerror(-code)) : 0;
}

/* A line for each table. Kernel, net/netfilter/x_tables.c: xt_table_seq_ops. */
void vmp_host_legacy_tables(struct vmp_buf *out)
{
	static const char *const files[] = {"/proc/self/net/ip_tables_names", "/proc/self/net/ip6_tables_names"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		FILE *f = fopen(files[i], "re");
		char name[64];

		while (f && fscanf(f, "%63s", name) == 1)
			vmp_buf_printf(out, "%s%s%s", out->len ? ", " : "", i ? "IPv6 " : "", name);
		if (f)
			fclose(f);
	}
}

/* ---- parsing -------------------------------------------------------------------------------------------------------- */

static bool read_family(uint8_t number, enum vmp_filter_family *ret_family)
{
	static const struct {
		uint8_t number;
		enum vmp_filter_family family;
	} families[] = {
		{NFPROTO_BRIDGE, VMP_FILTER_BRIDGE}, {NFPROTO_INET, VMP_FILTER_INET}, {NFPROTO_IPV4, VMP_FILTER_IP},
		{NFPROTO_IPV6, VMP_FILTER_IP6},      {NFPROTO_ARP, VMP_FILTER_ARP},   {NFPROTO_NETDEV, VMP_FILTER_NETDEV},
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (families[i].number == number) {
			*ret_family = families[i].family;
			return true;
		}
	return false;
}

/* False when it does not fit: a name that is cut may be another's. */
static bool read_name(const struct nlattr *attr, char *name, size_t size)
{
	size_t len = attr ? strnlen(nla_data(attr), (size_t)nla_len(attr)) : 0;

	if (len == 0 || len >= size)
		return false;
	memcpy(name, nla_data(attr), len);
	name[len] = '\0';
	return true;
}

static void add_device(const struct nlattr *attr, struct vmp_base_chain *base)
{
	if (base->n_devices < VMP_CHAIN_DEVICES && read_name(attr, base->devices[base->n_devices], sizeof(base->devices[0])))
		base->n_devices++;
}

static void read_devices(struct nlattr *const *hook, struct vmp_base_chain *base)
{
	struct nlattr *list = hook[NFTA_HOOK_DEVS], *device;
	int left;

	if (!list)
		add_device(hook[NFTA_HOOK_DEV], base);
	else
		nla_for_each_nested(device, list, left)
			if (nla_type(device) == NFTA_DEVICE_NAME)
				add_device(device, base);
}

static void read_counter(const struct nlattr *nest, struct vmp_base_chain *base)
{
	struct nlattr *counter[NFTA_COUNTER_MAX + 1];
	uint64_t packets;

	if (!attr_nest(nest, counter, NFTA_COUNTER_MAX) || !attr_has(counter[NFTA_COUNTER_PACKETS], sizeof(packets)))
		return;
	memcpy(&packets, nla_data(counter[NFTA_COUNTER_PACKETS]), sizeof(packets));
	base->counted = true;
	base->packets = be64toh(packets);
}

static int parse_chain(const struct nlmsghdr *msg, vmp_base_chains *ret_bases)
{
	struct nlattr *tb[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	struct vmp_base_chain base = {0}, *slot;
	struct nfgenmsg header;

	if (msg->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN))
		return 0;
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(header) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(header), tb, NFTA_CHAIN_MAX, NULL) < 0)
		return -EBADMSG;
	memcpy(&header, nlmsg_data(msg), sizeof(header));
	if (!attr_nest(tb[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_MAX) || !read_family(header.nfgen_family, &base.family) ||
	    !read_name(tb[NFTA_CHAIN_TABLE], base.table, sizeof(base.table)) ||
	    !read_name(tb[NFTA_CHAIN_NAME], base.chain, sizeof(base.chain)))
		return 0;
	read_devices(hook, &base);
	read_counter(tb[NFTA_CHAIN_COUNTERS], &base);
	if (ret_bases->n >= BASES_MAX)
		return 0;
	slot = vmp_vec_add(ret_bases);
	if (!slot)
		return -ENOMEM;
	*slot = base;
	return 0;
}

int vmp_host_parse_chains(const char *messages, size_t len, vmp_base_chains *ret_bases, struct vmp_err *err)
{
	int code = 0;

	while (code == 0 && len >= NLMSG_HDRLEN) {
		struct nlmsghdr header, *msg;
		size_t step;

		memcpy(&header, messages, sizeof(header));
		step = NLMSG_ALIGN((size_t)header.nlmsg_len);
		if (header.nlmsg_len < NLMSG_HDRLEN || step > len)
			return vmp_err_set(err, EBADMSG, "host", NULL, "what the kernel said of its chains is not well formed");
		msg = malloc(step); /* aligned */
		if (!msg)
			return vmp_err_set(err, ENOMEM, "host", NULL, "out of memory");
		memcpy(msg, messages, step);
		code = parse_chain(msg, ret_bases);
		free(msg);
		messages += step;
		len -= step;
	}
	if (code < 0)
		return vmp_err_set(err, -code, "host", NULL, code == -ENOMEM ? "out of memory"
									       : "what the kernel said of its chains is not well formed");
	return 0;
}
