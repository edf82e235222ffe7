/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that this host's packet filter tracks, and what may carry packets past it: ctnetlink, nf_tables, xfrm. */
#include "host/attr.h"
#include "host/host.h"
#include "host/parse.h"
#include "host/reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 64, ATTRS_MAX = 128 };

/* ---- parsing ------------------------------------------------------------------------------------------------------ */

static uint16_t attr_port(const struct nlattr *attr)
{
	return ntohs(attr_u16(attr, 0));
}

static bool read_tuple(const struct nlattr *nest, uint8_t *ret_proto, struct vmp_tuple *ret_tuple)
{
	struct nlattr *tuple[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *proto[CTA_PROTO_MAX + 1];

	memset(ret_tuple, 0, sizeof(*ret_tuple));
	if (!attr_nest(nest, tuple, CTA_TUPLE_MAX) || !attr_nest(tuple[CTA_TUPLE_IP], ip, CTA_IP_MAX) ||
	    !attr_nest(tuple[CTA_TUPLE_PROTO], proto, CTA_PROTO_MAX) || tuple[CTA_TUPLE_ZONE] || !attr_has(proto[CTA_PROTO_NUM], 1))
		return false;
	if (!(attr_ip(ip[CTA_IP_V4_SRC], &ret_tuple->src) && attr_ip(ip[CTA_IP_V4_DST], &ret_tuple->dst)) &&
	    !(attr_ip(ip[CTA_IP_V6_SRC], &ret_tuple->src) && attr_ip(ip[CTA_IP_V6_DST], &ret_tuple->dst)))
		return false;
	if (ret_tuple->src.family != ret_tuple->dst.family)
		return false;
	*ret_proto = attr_u8(proto[CTA_PROTO_NUM], 0);
	switch (*ret_proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		ret_tuple->sport = attr_port(proto[CTA_PROTO_SRC_PORT]);
		ret_tuple->dport = attr_port(proto[CTA_PROTO_DST_PORT]);
		return attr_has(proto[CTA_PROTO_SRC_PORT], 2) && attr_has(proto[CTA_PROTO_DST_PORT], 2);
	case IPPROTO_ICMP:
		ret_tuple->sport = ret_tuple->dport = attr_port(proto[CTA_PROTO_ICMP_ID]);
		return attr_has(proto[CTA_PROTO_ICMP_ID], 2);
	case IPPROTO_ICMPV6:
		ret_tuple->sport = ret_tuple->dport = attr_port(proto[CTA_PROTO_ICMPV6_ID]);
		return attr_has(proto[CTA_PROTO_ICMPV6_ID], 2);
	}
	return false;
}

/* What comes for it now may be of the next connection with the same ports, which may be anybody's. */
static bool is_over(const struct nlattr *protoinfo)
{
	struct nlattr *info[CTA_PROTOINFO_MAX + 1], *tcp[CTA_PROTOINFO_TCP_MAX + 1];
	uint8_t state;

	if (!attr_nest(protoinfo, info, CTA_PROTOINFO_MAX) || !attr_nest(info[CTA_PROTOINFO_TCP], tcp, CTA_PROTOINFO_TCP_MAX))
		return false;
	state = attr_u8(tcp[CTA_PROTOINFO_TCP_STATE], TCP_CONNTRACK_NONE);
	return state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE;
}

static bool is_among(const struct vmp_ip *ip, const struct vmp_host_wanted *wanted)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (vmp_ip_equal(ip, &wanted->addresses[i]))
			return true;
	return false;
}

static bool is_mirrored(const struct vmp_tuple *a, const struct vmp_tuple *b)
{
	return vmp_ip_equal(&a->src, &b->dst) && vmp_ip_equal(&a->dst, &b->src) && a->sport == b->dport && a->dport == b->sport;
}

static bool is_known(const struct vmp_tracking *tracking, const struct vmp_tracked *tracked)
{
	vmp_vec_foreach (known, &tracking->connections)
		if (known->proto == tracked->proto && memcmp(&known->original, &tracked->original, sizeof(tracked->original)) == 0)
			return true;
	return false;
}

int vmp_host_parse_tracked(const struct nlmsghdr *msg, struct vmp_host_wanted *wanted)
{
	struct vmp_tracking *into = wanted->into;
	struct vmp_tracked tracked, *slot;
	struct nlattr *tb[CTA_MAX + 1];
	uint8_t proto;

	if (msg->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW))
		return 0;
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nfgenmsg) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(struct nfgenmsg), tb, CTA_MAX, NULL) < 0)
		return -EBADMSG;
	memset(&tracked, 0, sizeof(tracked)); /* compared as bytes */
	if (!read_tuple(tb[CTA_TUPLE_ORIG], &tracked.proto, &tracked.original) || !read_tuple(tb[CTA_TUPLE_REPLY], &proto, &tracked.reply) ||
	    proto != tracked.proto || tracked.original.src.family != tracked.reply.src.family)
		return 0;
	if (!is_among(&tracked.original.src, wanted) && !is_among(&tracked.reply.src, wanted)) {
		wanted->saw_others = true;
		return 0;
	}
	tracked.left_s = ntohl(attr_u32(tb[CTA_TIMEOUT], 0));
	tracked.offloaded = ntohl(attr_u32(tb[CTA_STATUS], 0)) & IPS_OFFLOAD;
	if (tb[CTA_ZONE] || is_over(tb[CTA_PROTOINFO]) || (!tracked.offloaded && is_mirrored(&tracked.original, &tracked.reply)) ||
	    is_known(into, &tracked))
		return 0;
	if (into->connections.n >= VMP_HOST_TRACKED_MAX) {
		into->cut = true;
		return 0;
	}
	slot = vmp_vec_add(&into->connections);
	if (!slot)
		return -ENOMEM;
	*slot = tracked;
	return 0;
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

static int take_tracked(const struct nlmsghdr *msg, void *arg)
{
	return vmp_host_parse_tracked(msg, arg);
}

struct attrs {
	char bytes[ATTRS_MAX];
	size_t len;
};

/* Begin an attribute; what is inside is added, then its length set by end_attr(). */
static size_t begin_attr(struct attrs *attrs, uint16_t type)
{
	struct nlattr header = {.nla_len = sizeof(header), .nla_type = type};

	memcpy(attrs->bytes + attrs->len, &header, sizeof(header));
	attrs->len += sizeof(header);
	return attrs->len - sizeof(header);
}

static void end_attr(struct attrs *attrs, size_t at)
{
	uint16_t len = (uint16_t)(attrs->len - at);

	memcpy(attrs->bytes + at, &len, sizeof(len)); /* nla_len stands first */
	attrs->len = NLA_ALIGN(attrs->len);
}

static void add_attr(struct attrs *attrs, uint16_t type, const void *value, size_t len)
{
	size_t at = begin_attr(attrs, type);

	memcpy(attrs->bytes + attrs->len, value, len);
	attrs->len += len;
	end_attr(attrs, at);
}

/*
 * Since 5.8 the kernel chooses by itself: net/netfilter/nf_conntrack_netlink.c, ctnetlink_alloc_filter(). Bit 0 of the flags asks for the
 * tuple's source (net/netfilter/nf_internals.h). An older one does not look at these, and sends all.
 */
static void add_filter(struct attrs *attrs, const struct vmp_ip *ip, bool reply)
{
	static const uint32_t by_source = 1, by_nothing = 0;
	size_t tuple = begin_attr(attrs, (reply ? CTA_TUPLE_REPLY : CTA_TUPLE_ORIG) | NLA_F_NESTED), inner;

	inner = begin_attr(attrs, CTA_TUPLE_IP | NLA_F_NESTED);
	add_attr(attrs, ip->family == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, ip->b, ip->family == 4 ? 4 : 16);
	end_attr(attrs, inner);
	end_attr(attrs, tuple);
	tuple = begin_attr(attrs, CTA_FILTER | NLA_F_NESTED);
	add_attr(attrs, CTA_FILTER_ORIG_FLAGS, reply ? &by_nothing : &by_source, sizeof(uint32_t));
	add_attr(attrs, CTA_FILTER_REPLY_FLAGS, reply ? &by_source : &by_nothing, sizeof(uint32_t));
	end_attr(attrs, tuple);
}

static int ask_tracked(struct vmp_host_reader *reader, struct vmp_host_wanted *wanted)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < 2 * wanted->n && !wanted->saw_others; i++) {
		const struct vmp_ip *ip = &wanted->addresses[i / 2];
		struct nfgenmsg header = {.nfgen_family = ip->family == 4 ? AF_INET : AF_INET6, .version = NFNETLINK_V0};
		struct attrs attrs = {.len = 0};
		struct vmp_host_question question = {.type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, .header = &header,
						     .header_len = sizeof(header), .dump = true, .attrs = attrs.bytes};

		add_filter(&attrs, ip, i % 2);
		question.attrs_len = attrs.len;
		code = vmp_host_ask(reader, &question, take_tracked, wanted, NULL);
	}
	return code;
}

static int take_any(const struct nlmsghdr *msg, void *arg)
{
	(void)msg;
	*(bool *)arg = true;
	return 0;
}

static int take_policy(const struct nlmsghdr *msg, void *arg)
{
	struct xfrm_userpolicy_info policy;

	if (msg->nlmsg_type != XFRM_MSG_NEWPOLICY || msg->nlmsg_len < NLMSG_HDRLEN + sizeof(policy))
		return 0;
	memcpy(&policy, nlmsg_data(msg), sizeof(policy));
	/* Those of a socket have other directions. */
	if (policy.dir == XFRM_POLICY_OUT || policy.dir == XFRM_POLICY_FWD)
		*(bool *)arg = true;
	return 0;
}

/* Not to be had in this kernel is none. */
static bool is_absent(int code)
{
	return code == -EPROTONOSUPPORT || code == -EAFNOSUPPORT || code == -EOPNOTSUPP || code == -ENOENT || code == -EINVAL || code == -EIO;
}

static void ask_bypasses(struct vmp_host_reader *netfilter, struct vmp_tracking *tracking)
{
	struct nfgenmsg all = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	struct vmp_host_question flowtables = {.type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETFLOWTABLE, .header = &all,
					       .header_len = sizeof(all), .dump = true};
	struct vmp_host_question policies = {.type = XFRM_MSG_GETPOLICY, .header = "", .header_len = 0, .dump = true};
	struct vmp_host_reader *xfrm = NULL;
	bool any = false;

	if (netfilter && vmp_host_ask(netfilter, &flowtables, take_any, &any, NULL) == 0)
		tracking->flowtables = any;
	if (vmp_host_open_family(NETLINK_XFRM, &xfrm) == 0)
		(void)!vmp_host_ask(xfrm, &policies, take_policy, &tracking->policies, NULL);
	vmp_host_close(xfrm);
}

/* Asking loads the kernel's modules for it; where no connection is tracked there is nothing to ask for. */
static bool tracks_any(void)
{
	char text[16] = "";
	int fd = open("/proc/sys/net/netfilter/nf_conntrack_count", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return len > 0 && atoi(text) > 0;
}

int vmp_host_read_tracking(const struct vmp_ip *addresses, size_t n, struct vmp_tracking *ret_tracking, struct vmp_err *err)
{
	struct vmp_host_wanted wanted = {.addresses = addresses, .n = n < ADDRESSES_MAX ? n : ADDRESSES_MAX, .into = ret_tracking};
	struct vmp_host_reader *netfilter = NULL;
	int code = 0;

	memset(ret_tracking, 0, sizeof(*ret_tracking));
	if (tracks_any()) {
		code = vmp_host_open_family(NETLINK_NETFILTER, &netfilter);
		if (code == 0)
			code = ask_tracked(netfilter, &wanted);
	}
	ask_bypasses(netfilter, ret_tracking);
	vmp_host_close(netfilter);
	if (code < 0) {
		ret_tracking->connections.n = 0;
		return vmp_err_set(err, -code, "host", NULL, "reading the connections that this host tracks: %s",
				   is_absent(code) ? "the kernel has no way to tell them" : strerror(-code));
	}
	ret_tracking->known = true;
	return 0;
}
