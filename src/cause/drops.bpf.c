/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs in the kernel, on each packet that is dropped there: tells of those that the filter is about. Relocated to the running kernel's
 * types by its BTF (CO-RE), so only the fields that are used are declared here.
 *
 * Kernel, include/trace/events/skb.h: kfree_skb(skb, location), since 5.17 with a reason, since 6.11 with a socket.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "cause/event.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	char name[16];
	int ifindex;
	possible_net_t nd_net;
};

struct sk_buff {
	struct net_device *dev;
	unsigned int len, data_len;
	__u16 protocol;
	__u16 mac_header, network_header;
	unsigned int tail;
	unsigned char *head, *data;
};
#pragma clang attribute pop

char LICENSE[] SEC("license") = "GPL";

const volatile struct vmp_event_filter filter = {0};
struct vmp_event_counts counts = {0};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, VMP_EVENT_RING);
} events SEC(".maps");

#define ETH_BYTES  14
#define HEAD_BYTES 64 /* as far as the filter looks: Ethernet, a tag, IPv6 */
#define UNSET      0xffff

static __always_inline int is_mac(const unsigned char *mac)
{
	for (unsigned int i = 0; i < VMP_EVENT_MACS; i++) {
		int same = i < filter.n_macs;

		for (unsigned int k = 0; k < 6; k++)
			same &= filter.macs[i][k] == mac[k];
		if (same)
			return 1;
	}
	return 0;
}

static __always_inline int is_ip(unsigned long long high, unsigned long long low)
{
	for (unsigned int i = 0; i < VMP_EVENT_IPS; i++) {
		if (i >= filter.n_ips)
			break;
		if (filter.ips[i][0] == high && filter.ips[i][1] == low)
			return 1;
	}
	return 0;
}

/* As in memory: ten bytes of zero, two of ones, the address. */
static __always_inline int is_ip4(const unsigned char *at)
{
	union {
		unsigned char b[16];
		unsigned long long w[2];
	} ip = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, at[0], at[1], at[2], at[3]}};

	return is_ip(ip.w[0], ip.w[1]);
}

static __always_inline int is_ip6(const unsigned char *at)
{
	union {
		unsigned char b[16];
		unsigned long long w[2];
	} ip;

	for (int i = 0; i < 16; i++)
		ip.b[i] = at[i];
	return is_ip(ip.w[0], ip.w[1]);
}

static __always_inline int is_wanted_network(const unsigned char *at, unsigned int ethertype)
{
	if (ethertype == 0x0800)
		return is_ip4(at + 12) || is_ip4(at + 16);
	if (ethertype == 0x0806)
		return is_ip4(at + 14) || is_ip4(at + 24);
	return ethertype == 0x86dd && (is_ip6(at + 8) || is_ip6(at + 24));
}

/* A frame to everybody may be for this guest; of questions for an address it is known whether they are. */
static __always_inline int is_wanted(const unsigned char *at)
{
	unsigned int type = at[12] << 8 | at[13];
	int tagged = type == 0x8100 || type == 0x88a8;

	if (is_mac(at) || is_mac(at + 6))
		return 1;
	if (tagged)
		type = at[16] << 8 | at[17];
	if (tagged ? is_wanted_network(at + ETH_BYTES + 4, type) : is_wanted_network(at + ETH_BYTES, type))
		return 1;
	return (at[0] & 1) && (type != 0x0806 || filter.n_ips == 0);
}

static __always_inline int tell(void *ctx, struct sk_buff *skb, void *location, unsigned int reason)
{
	struct net_device *dev = skb->dev;
	unsigned int mac = skb->mac_header, network = skb->network_header, tail = skb->tail, from, len;
	unsigned char *head = skb->head;
	unsigned char at[HEAD_BYTES] = {0};
	struct vmp_event *event;
	unsigned long kept;
	int has_mac = mac != UNSET && mac < tail;

	__sync_fetch_and_add(&counts.seen, 1);
	if (!dev || dev->nd_net.net->ns.inum != filter.netns)
		return 0;
	from = has_mac ? mac : network;
	if (from >= tail)
		return 0;
	len = tail - from;
	bpf_probe_read_kernel(at, HEAD_BYTES, head + from);
	if (has_mac ? !is_wanted(at) : !is_wanted_network(at, __builtin_bswap16(skb->protocol)))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&counts.full, 1);
		return 0;
	}
	event->mono_ns = bpf_ktime_get_ns();
	event->location = (unsigned long long)location;
	event->reason = reason;
	event->ifindex = dev->ifindex;
	bpf_probe_read_kernel(event->device, sizeof(event->device), dev->name);
	/* What is behind the linear part belongs to the packet as well; skb->data may be at any of its headers. */
	event->wire_len = len + skb->data_len;
	event->ethertype = has_mac ? 0 : skb->protocol;
	kept = len;
	/* The verifier must see the bound on the very register that is passed, whatever the compiler makes of it. */
	barrier_var(kept);
	if (kept > VMP_EVENT_DATA)
		kept = VMP_EVENT_DATA;
	event->cap_len = kept;
	bpf_probe_read_kernel(event->data, kept, head + from);
	for (int i = 0; i < VMP_EVENT_FRAMES; i++)
		event->stack[i] = 0;
	bpf_get_stack(ctx, event->stack, sizeof(event->stack), 0);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(drop_with_reason, struct sk_buff *skb, void *location, unsigned int reason)
{
	return tell(ctx, skb, location, reason);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(drop_without_reason, struct sk_buff *skb, void *location)
{
	return tell(ctx, skb, location, 0);
}
