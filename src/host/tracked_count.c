/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who fills the table of connections: a whole dump, counted as it comes, so that a table of a million takes no more memory than one of ten.
 * Addresses are chosen by guests and peers: so many are told apart, those of the rest are counted together.
 */
#include "host/attr.h"
#include "host/host.h"
#include "host/parse.h"
#include "host/reader.h"

#include "base/hash.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SLOTS = 1 << 14, ADDRESSES_MAX = SLOTS / 4 * 3, TOLD_MAX = 32 };

struct count {
	struct vmp_ip ip;               /* family 0: free */
	uint64_t asks, asked;
};

struct vmp_tracked_count {
	struct vmp_hash_key key;
	uint64_t total, others, states[VMP_TRACKED_STATES];
	size_t addresses;
	struct count counts[SLOTS];
};

int vmp_host_new_count(struct vmp_tracked_count **ret_count)
{
	struct vmp_tracked_count *count = calloc(1, sizeof(*count));
	int code = count ? vmp_hash_key_random(&count->key) : -ENOMEM;

	if (code < 0) {
		free(count);
		return code;
	}
	*ret_count = count;
	return 0;
}

static struct count *find_count(struct vmp_tracked_count *count, const struct vmp_ip *ip)
{
	struct vmp_hash128 hash = vmp_hash(&count->key, ip->b, ip->family == 4 ? 4 : 16);
	size_t at = hash.h[0] % SLOTS;

	while (count->counts[at].ip.family && !vmp_ip_equal(&count->counts[at].ip, ip))
		at = (at + 1) % SLOTS;
	if (count->counts[at].ip.family)
		return &count->counts[at];
	if (count->addresses >= ADDRESSES_MAX)
		return NULL;
	count->addresses++;
	count->counts[at].ip = *ip;
	return &count->counts[at];
}

static bool read_source(const struct nlattr *tuple_nest, struct vmp_ip *ret_ip, uint8_t *ret_proto)
{
	struct nlattr *tuple[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *proto[CTA_PROTO_MAX + 1];

	if (!attr_nest(tuple_nest, tuple, CTA_TUPLE_MAX) || !attr_nest(tuple[CTA_TUPLE_IP], ip, CTA_IP_MAX))
		return false;
	*ret_proto = attr_nest(tuple[CTA_TUPLE_PROTO], proto, CTA_PROTO_MAX) ? attr_u8(proto[CTA_PROTO_NUM], 0) : 0;
	return attr_ip(ip[CTA_IP_V4_SRC], ret_ip) || attr_ip(ip[CTA_IP_V6_SRC], ret_ip);
}

static unsigned int read_state(uint8_t proto, const struct nlattr *protoinfo)
{
	struct nlattr *info[CTA_PROTOINFO_MAX + 1], *tcp[CTA_PROTOINFO_TCP_MAX + 1];
	uint8_t state = TCP_CONNTRACK_NONE;

	if (proto == IPPROTO_UDP)
		return VMP_TRACKED_UDP;
	if (proto != IPPROTO_TCP)
		return VMP_TRACKED_OTHER;
	if (attr_nest(protoinfo, info, CTA_PROTOINFO_MAX) && attr_nest(info[CTA_PROTOINFO_TCP], tcp, CTA_PROTOINFO_TCP_MAX))
		state = attr_u8(tcp[CTA_PROTOINFO_TCP_STATE], TCP_CONNTRACK_NONE);
	return state < VMP_TRACKED_UDP ? state : VMP_TRACKED_OTHER;
}

int vmp_host_count_one(const struct nlmsghdr *msg, struct vmp_tracked_count *count)
{
	struct nlattr *tb[CTA_MAX + 1];
	struct vmp_ip asker, asked;
	struct count *slot;
	uint8_t proto, ignored;

	if (msg->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW))
		return 0;
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nfgenmsg) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(struct nfgenmsg), tb, CTA_MAX, NULL) < 0)
		return -EBADMSG;
	if (!read_source(tb[CTA_TUPLE_ORIG], &asker, &proto) || !read_source(tb[CTA_TUPLE_REPLY], &asked, &ignored))
		return 0;
	count->total++;
	count->states[read_state(proto, tb[CTA_PROTOINFO])]++;
	slot = find_count(count, &asker);
	if (slot)
		slot->asks++;
	else
		count->others++;
	slot = find_count(count, &asked);
	if (slot)
		slot->asked++;
	return 0;
}

static int compare_counts(const void *a, const void *b)
{
	const struct count *x = a, *y = b;
	uint64_t p = x->asks + x->asked, q = y->asks + y->asked;

	return p != q ? (p > q ? -1 : 1) : memcmp(x->ip.b, y->ip.b, sizeof(x->ip.b));
}

/* "state ESTABLISHED 12", "address 192.0.2.10 300 2": asks 300, is asked in 2; those with most first. */
void vmp_host_print_count(struct vmp_tracked_count *count, struct vmp_buf *out)
{
	char ip[VMP_IP_STRLEN];

	vmp_buf_printf(out, "total %llu\n", (unsigned long long)count->total);
	for (unsigned int i = 0; i < VMP_TRACKED_STATES; i++)
		if (count->states[i])
			vmp_buf_printf(out, "state %s %llu\n", vmp_tracked_state_name(i), (unsigned long long)count->states[i]);
	/* Its order is not that of a table any more after that. */
	qsort(count->counts, SLOTS, sizeof(*count->counts), compare_counts);
	for (size_t i = 0; i < TOLD_MAX && count->counts[i].asks + count->counts[i].asked; i++)
		vmp_buf_printf(out, "address %s %llu %llu\n", vmp_ip_format(&count->counts[i].ip, ip), (unsigned long long)count->counts[i].asks,
			       (unsigned long long)count->counts[i].asked);
}

static int take_one(const struct nlmsghdr *msg, void *arg)
{
	return vmp_host_count_one(msg, arg);
}

int vmp_host_count_tracked(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	struct nfgenmsg all = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	struct vmp_host_question question = {.type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, .header = &all,
					     .header_len = sizeof(all), .dump = true};
	struct vmp_host_reader *netfilter = NULL;
	struct vmp_tracked_count *count = NULL;
	int code = vmp_host_new_count(&count);

	(void)context;
	if (code == 0)
		code = vmp_host_open_family(NETLINK_NETFILTER, &netfilter);
	if (code == 0)
		code = vmp_host_ask(netfilter, &question, take_one, count, NULL);
	if (code == 0)
		vmp_host_print_count(count, out);
	vmp_host_close(netfilter);
	free(count);
	return code < 0 ? vmp_err_set(err, -code, "host", NULL, "reading the table of connections: %s", strerror(-code)) : 0;
}

static bool read_number(const char *path, uint64_t *ret_number)
{
	FILE *f = fopen(path, "re");
	unsigned long long number;
	bool read = f && fscanf(f, "%llu", &number) == 1;

	if (f)
		fclose(f);
	if (read)
		*ret_number = number;
	return read;
}

bool vmp_host_tracked_fill(uint64_t *ret_count, uint64_t *ret_max)
{
	return read_number("/proc/sys/net/netfilter/nf_conntrack_count", ret_count) &&
	       read_number("/proc/sys/net/netfilter/nf_conntrack_max", ret_max);
}

/* ---- what came of it, in the process that asked -------------------------------------------------------------------- */

const char *vmp_tracked_state_name(unsigned int state)
{
	/* Kernel, net/netfilter/nf_conntrack_proto_tcp.c: tcp_conntrack_names. */
	static const char *const words[VMP_TRACKED_STATES] = {
		"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
		"SYN_SENT2", "UDP", "OTHER",
	};

	return state < VMP_TRACKED_STATES ? words[state] : "OTHER";
}

static bool is_state(const char *word)
{
	for (unsigned int i = 0; i < VMP_TRACKED_STATES; i++)
		if (strcmp(word, vmp_tracked_state_name(i)) == 0)
			return true;
	return false;
}

int vmp_host_parse_count(const char *text, int (*on_state)(const char *name, uint64_t entries, void *arg),
			 int (*on_address)(const struct vmp_ip *ip, uint64_t asks, uint64_t asked, void *arg), void *arg)
{
	int code = 0;

	while (code == 0 && text && *text) {
		char word[VMP_IP_STRLEN];
		unsigned long long a, b;
		struct vmp_ip ip;

		if (sscanf(text, "state %45s %llu", word, &a) == 2 && is_state(word))
			code = on_state(word, a, arg);
		else if (sscanf(text, "address %45s %llu %llu", word, &a, &b) == 3 && vmp_ip_parse(word, &ip) == 0)
			code = on_address(&ip, a, b, arg);
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return code;
}
