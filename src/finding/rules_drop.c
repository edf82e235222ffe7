/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel said it dropped the lost packets for, in words. Reasons and functions are those of Linux 5.10 to 6.18: what each fault
 * looks like there was measured; a row that no kernel matches does no harm, and what no row matches is told as the kernel says it.
 */
#include "finding/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull;

enum { FACTS = 5 };

/* The first row that fits is taken: NULL fits everything. In the texts %D is the device of the drop. */
static const struct drop_row {
	const char *reason, *symbol, *caller;
	const char *code, *sentence, *remedy;
	const char *facts[FACTS];   /* of the path: one that is there says more than the kernel, and is the cause in its stead */
} rows[] = {
	/* the packet filter: reason and function are the same everywhere, the caller tells the hook */
	{"NETFILTER_DROP", "nf_hook_slow", NULL, "dropped-by-conntrack",
	 "connection tracking refuses them (is its table full?), or a rule of iptables-legacy drops them",
	 "conntrack -C; sysctl net.netfilter.nf_conntrack_max; conntrack -S; dmesg | grep 'table full'", {0}},
	{"NETFILTER_DROP", NULL, "__netif_receive_skb_core", "dropped-by-filter",
	 "a rule of nft's family netdev drops them at the ingress of %D",
	 "nft -a list ruleset netdev", {0}},
	{"NETFILTER_DROP", NULL, "__dev_queue_xmit", "dropped-by-filter", "a rule of nft's family netdev drops them at the egress of %D",
	 "nft -a list ruleset netdev", {0}},
	{"NETFILTER_DROP", NULL, "br_handle_frame", "dropped-by-filter",
	 "the bridge's packet filter drops them in PREROUTING as they come in at %D (nft bridge, ebtables; libvirt's nwfilter is there)",
	 "nft -a list ruleset bridge; ebtables -t nat -L --Lc", {0}},
	{"NETFILTER_DROP", NULL, "__br_forward", "dropped-by-filter",
	 "the bridge's packet filter drops them in FORWARD on their way to %D (nft bridge, ebtables)",
	 "nft -a list ruleset bridge; ebtables -L --Lc", {0}},
	{"NETFILTER_DROP", NULL, "br_forward_finish", "dropped-by-filter",
	 "the bridge's packet filter drops them in POSTROUTING on their way to %D (nft bridge, ebtables; libvirt's nwfilter is there)",
	 "nft -a list ruleset bridge; ebtables -t nat -L --Lc", {0}},
	{"NETFILTER_DROP", NULL, "br_pass_frame_up", "dropped-by-filter",
	 "the bridge's packet filter drops them in INPUT (nft bridge, ebtables)",
	 "nft -a list ruleset bridge; ebtables -L --Lc", {0}},
	{"NETFILTER_DROP", NULL, "br_nf_pre_routing", "dropped-by-filter",
	 "the IP packet filter, to which br_netfilter hands bridged packets, drops them in PREROUTING (iptables, nft ip)",
	 "sysctl net.bridge.bridge-nf-call-iptables; iptables -t raw -L -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "br_nf_pre_routing_ipv6", "dropped-by-filter",
	 "the IPv6 packet filter, to which br_netfilter hands bridged packets, drops them in PREROUTING (ip6tables, nft ip6)",
	 "sysctl net.bridge.bridge-nf-call-ip6tables; ip6tables -t raw -L -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "br_nf_forward_ip", "dropped-by-filter",
	 "the IP packet filter, to which br_netfilter hands bridged packets, drops them in FORWARD (iptables: a rule or the chain's policy)",
	 "iptables -L FORWARD -nv; sysctl net.bridge.bridge-nf-call-iptables; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "br_nf_forward", "dropped-by-filter",
	 "the IP packet filter, to which br_netfilter hands bridged packets, drops them in FORWARD (iptables: a rule or the chain's policy)",
	 "iptables -L FORWARD -nv; sysctl net.bridge.bridge-nf-call-iptables; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "br_nf_forward_arp", "dropped-by-filter",
	 "arptables, to which br_netfilter hands bridged ARP, drops them in FORWARD",
	 "arptables -L -n; sysctl net.bridge.bridge-nf-call-arptables", {0}},
	{"NETFILTER_DROP", NULL, "br_nf_post_routing", "dropped-by-filter",
	 "the IP packet filter, to which br_netfilter hands bridged packets, drops them in POSTROUTING (iptables, nft ip)",
	 "iptables -t mangle -L -nv; sysctl net.bridge.bridge-nf-call-iptables; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "ip_rcv", "dropped-by-filter", "the IP packet filter drops them in PREROUTING as they come in at %D",
	 "iptables -t raw -L -nv; iptables -t mangle -L -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "ipv6_rcv", "dropped-by-filter", "the IPv6 packet filter drops them in PREROUTING as they come in at %D",
	 "ip6tables -t raw -L -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "ip_forward", "dropped-by-filter", "the IP packet filter drops them in FORWARD, where this host routes them",
	 "iptables -L FORWARD -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "ip6_forward", "dropped-by-filter", "the IPv6 packet filter drops them in FORWARD, where this host routes them",
	 "ip6tables -L FORWARD -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "ip_output", "dropped-by-filter", "the IP packet filter drops them in POSTROUTING before they leave by %D",
	 "iptables -t nat -L -nv; conntrack -S; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "ip6_output", "dropped-by-filter", "the IPv6 packet filter drops them in POSTROUTING before they leave by %D",
	 "ip6tables -t nat -L -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "ip_local_deliver", "dropped-by-filter",
	 "the IP packet filter drops them in INPUT: they were taken for this host's own",
	 "iptables -L INPUT -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, "__ip_local_out", "dropped-by-filter", "the IP packet filter drops them in OUTPUT",
	 "iptables -L OUTPUT -nv; nft -a list ruleset", {0}},
	{"NETFILTER_DROP", NULL, NULL, "dropped-by-filter", "the packet filter drops them", "nft -a list ruleset; iptables-save -c", {0}},
	/* programs and queues */
	{"TC_INGRESS", NULL, NULL, "dropped-by-tc", "a tc filter or program drops them as they come in at %D",
	 "tc -s filter show dev %D ingress; bpftool net show dev %D", {0}},
	{"TC_EGRESS", NULL, NULL, "dropped-by-tc", "a tc filter or program drops them before they leave by %D",
	 "tc -s filter show dev %D egress; bpftool net show dev %D", {0}},
	{"XDP", NULL, NULL, "dropped-by-xdp", "an XDP program on %D drops them", "ip -d link show dev %D; bpftool net show dev %D", {0}},
	{NULL, "do_xdp_generic", NULL, "dropped-by-xdp", "an XDP program on %D drops them",
	 "ip -d link show dev %D; bpftool net show dev %D", {0}},
	{NULL, "veth_xdp_rcv_skb", NULL, "dropped-by-xdp", "an XDP program on %D drops them",
	 "ip -d link show dev %D; bpftool net show dev %D", {0}},
	{"QDISC_DROP", NULL, NULL, "qdisc-drops", "the queue of %D (tc qdisc) drops them: it is full, or shapes or polices",
	 "tc -s qdisc show dev %D; tc -s class show dev %D", {"backend-down", "uplink-down"}},
	{"QDISC_OVERLIMIT", NULL, NULL, "qdisc-drops", "the queue of %D (tc qdisc) drops them: it is over its limit",
	 "tc -s qdisc show dev %D", {0}},
	{"QDISC_CONGESTED", NULL, NULL, "qdisc-drops", "the queue of %D (tc qdisc) drops them to fight congestion",
	 "tc -s qdisc show dev %D", {0}},
	{NULL, "kfree_skb_list", "__dev_queue_xmit", "qdisc-drops", "the queue of %D (tc qdisc, netem) drops them",
	 "tc -s qdisc show dev %D", {0}},
	{NULL, "kfree_skb_list_reason", "__dev_queue_xmit", "qdisc-drops", "the queue of %D (tc qdisc, netem) drops them",
	 "tc -s qdisc show dev %D", {0}},
	{"CPU_BACKLOG", NULL, NULL, "softnet-drops", "the backlog of a CPU was full when %D handed them over: that CPU cannot keep up",
	 "cat /proc/net/softnet_stat; sysctl net.core.netdev_max_backlog; grep . /sys/class/net/%D/queues/rx-*/rps_cpus", {0}},
	{"FULL_RING", NULL, NULL, "queue-full", "the queue of %D is full, for QEMU or vhost does not take what is in it",
	 "virsh domstate --reason GUEST; ip -s link show dev %D", {0}},
	{"TAP_TXFILTER", NULL, NULL, "refused-by-tap", "a filter that QEMU set on %D does not let them through: their MAC is not the guest's",
	 "ip -s link show dev %D; virsh domiflist GUEST", {0}},
	{"TAP_FILTER", NULL, NULL, "refused-by-tap", "a filter that QEMU set on %D does not let them through", "ip -s link show dev %D", {0}},
	{"DEV_READY", NULL, NULL, "device-down", "%D was not up when they were given to it", "ip -d link show dev %D", {"backend-down",
	 "uplink-down"}},
	/* the bridge */
	{"NO_TX_TARGET", NULL, NULL, "no-port-for-it", "the bridge knows no port for their destination and may flood to none",
	 "bridge fdb show; bridge -d link show", {"no-master", "wrong-master", "backend-down", "flood-off", "uplink-down"}},
	{"BRIDGE_INGRESS_STP_STATE", NULL, NULL, "port-refuses",
	 "the bridge port %D does not forward what comes in (down, no carrier, spanning tree)",
	 "bridge -d link show dev %D; ip -d link show dev %D", {"bridge-down", "port-not-forwarding", "backend-down", "no-carrier"}},
	{NULL, "br_handle_frame", "__netif_receive_skb_core", "port-refuses",
	 "the bridge port %D does not forward what comes in (down, no carrier, spanning tree)",
	 "bridge -d link show dev %D; ip -d link show dev %D", {"bridge-down", "port-not-forwarding", "backend-down", "no-carrier"}},
	{"MAC_INVALID_SOURCE", NULL, NULL, "bad-source-mac", "their source MAC is a group address, which no bridge forwards",
	 "tcpdump -e -ni %D", {0}},
	{NULL, "br_handle_frame_finish", NULL, "bridge-refuses",
	 "the bridge may not deliver them: same port, a port that does not forward, isolation, a locked port or VLANs",
	 "bridge fdb show; bridge -d link show; bridge vlan show",
	 {"port-not-forwarding", "port-isolated", "mac-on-other-port", "port-locked", "guest-vlan-missing"}},
	{NULL, "br_allowed_ingress", NULL, "vlan-refused", "the bridge port %D is not a member of their VLAN",
	 "bridge vlan show", {"guest-vlan-missing"}},
	{NULL, "__allowed_ingress", NULL, "vlan-refused", "the bridge port %D is not a member of their VLAN", "bridge vlan show",
	 {"guest-vlan-missing"}},
	{NULL, "br_dev_queue_push_xmit", NULL, "too-large-for-device", "they are larger than the MTU of %D, and a bridge tells nobody",
	 "ip link show dev %D; ping -M do -s SIZE ADDRESS", {"mtu-smaller"}},
	{NULL, "br_nf_dev_queue_xmit", NULL, "too-large-for-device", "they are larger than the MTU of %D",
	 "ip link show dev %D", {"mtu-smaller"}},
	{NULL, "__dev_forward_skb2", NULL, "too-large-for-device", "they are larger than the MTU of what is behind %D", "ip link show dev %D",
	 {"mtu-smaller"}},
	{"OTHERHOST", NULL, NULL, "taken-by-host", "they came to this host's own IP, and are for another MAC than its own",
	 "bridge fdb show; ip -d link show dev %D", {"no-master", "wrong-master", "mac-local"}},
	/* routing */
	{"PKT_TOO_BIG", NULL, NULL, "too-large-for-device",
	 "they are larger than the next MTU and may not be fragmented; their sender is told by ICMP",
	 "ip link; ip route get ADDRESS; is ICMP 'fragmentation needed' let through to the sender?", {"mtu-smaller"}},
	{"IP_RPFILTER", NULL, NULL, "reverse-path-filter",
	 "the reverse path filter drops them: this host would answer them by another device than %D",
	 "sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.%D.rp_filter; ip route get ADDRESS", {0}},
	{"IP_LOCAL_SOURCE", NULL, NULL, "martian-source", "their source is an address of this host itself",
	 "ip addr; sysctl -w net.ipv4.conf.all.log_martians=1",
	 {0}},
	{"IP_INNOROUTES", NULL, NULL, "no-route", "this host has no route for them", "ip route get ADDRESS; ip route show; ip rule show", {0}},
	{"IP_OUTNOROUTES", NULL, NULL, "no-route", "this host has no route for them", "ip route get ADDRESS; ip route show; ip rule show", {0}},
	{"IP_INADDRERRORS", NULL, NULL, "routing-refused",
	 "this host does not route them: forwarding is off at %D, or their addresses are not valid there",
	 "sysctl net.ipv4.ip_forward net.ipv4.conf.%D.forwarding", {"ip-forward-off"}},
	{NULL, "ip_error", NULL, "routing-refused", "a route of this host refuses them (blackhole, unreachable, prohibit)",
	 "ip route get ADDRESS; ip route show", {"ip-forward-off"}},
	{"IP_INHDR", "ip_forward", NULL, "ttl-expired", "their TTL ends at this host: a loop, or a sender that sets it too low",
	 "traceroute ADDRESS; ip route show", {0}},
	{"IP_CSUM", NULL, NULL, "bad-checksum", "the checksum of their IP header is wrong", "ethtool -k %D; tcpdump -vv -ni %D", {0}},
	{"NEIGH_FAILED", NULL, NULL, "next-hop-unknown", "the next hop on %D does not say its MAC (ARP, neighbour discovery)",
	 "ip neigh show dev %D; ip route get ADDRESS", {0}},
	{"NEIGH_QUEUEFULL", NULL, NULL, "neighbour-discards", "too many wait until the next hop on %D says its MAC",
	 "ip neigh show dev %D; cat /proc/net/stat/arp_cache", {0}},
	{"NEIGH_CREATEFAIL", NULL, NULL, "neighbour-table-full", "this host's neighbour table is full (neighbor table overflow)",
	 "ip neigh | wc -l; sysctl net.ipv4.neigh.default.gc_thresh3", {0}},
	{"NO_SOCKET", NULL, NULL, "taken-by-host", "they were taken for this host's own, and nothing listens here",
	 "ss -lntu; iptables -t nat -L -nv", {0}},
	{"UNHANDLED_PROTO", NULL, NULL, "taken-by-host", "they ended at this host, which has no use for their protocol",
	 "bridge -d link show dev %D", {0}},
	/* tunnels, Open vSwitch */
	{"VXLAN_VNI_NOT_FOUND", NULL, NULL, "vni-unknown", "no VXLAN device of this host has their VNI", "ip -d link show type vxlan", {0}},
	{"OVS_DROP_LAST_ACTION", NULL, NULL, "dropped-by-ovs", "a flow of Open vSwitch drops them", "ovs-appctl dpctl/dump-flows -m; "
	 "ovs-appctl ofproto/trace BRIDGE in_port=PORT,dl_dst=MAC", {0}},
	{"OVS_DROP_EXPLICIT", NULL, NULL, "dropped-by-ovs", "a flow of Open vSwitch drops them", "ovs-appctl dpctl/dump-flows -m", {0}},
	{NULL, "tun_queue_purge", NULL, "backend-closed", "QEMU closed %D while they waited in its queue", "virsh domstate --reason GUEST", {0}},
	{NULL, NULL, NULL, "dropped-by-kernel", NULL, NULL, {0}},
};

static bool fits(const char *wanted, const char *is)
{
	return !wanted || strcmp(wanted, is) == 0;
}

static const struct drop_row *find_row(const struct vmp_cause *cause)
{
	const struct drop_row *row = rows;

	while (!fits(row->reason, cause->reason) || !fits(row->symbol, cause->symbol) || !fits(row->caller, cause->caller))
		row++;
	return row;
}

static const struct vmp_path_fact *find_fact(const struct vmp_run *run, const struct drop_row *row)
{
	for (int i = 0; i < FACTS && row->facts[i]; i++)
		vmp_vec_foreach (fact, &run->path.facts)
			if (strcmp(fact->code, row->facts[i]) == 0)
				return fact;
	return NULL;
}

/* Put the device's name in; text and buf: the result is cut at len. */
static const char *fill_in(const char *text, const char *device, char *buf, size_t len)
{
	size_t n = 0;

	for (; *text && n + 1 < len; text++) {
		if (text[0] == '%' && text[1] == 'D') {
			int put = snprintf(buf + n, len - n, "%s", device[0] ? device : "a device");

			n = put > 0 && (size_t)put < len - n ? n + (size_t)put : len - 1;
			text++;
		} else {
			buf[n++] = *text;
		}
	}
	buf[n] = '\0';
	return buf;
}

/* Which rule or policy it was is more than which hook. */
static bool knows_better(const struct vmp_finding *finding, const struct drop_row *row)
{
	static const char filters[] = "dropped-by-filter", by[] = "dropped-by-";

	return strcmp(row->code, filters) == 0 && strncmp(finding->cause, by, sizeof(by) - 1) == 0;
}

static void tell(struct vmp_run *run, const struct vmp_segment *segment, const struct vmp_cause *cause, struct vmp_finding *finding)
{
	const struct drop_row *row = find_row(cause);
	const char *reason = cause->reason[0] ? cause->reason : "no reason told", *symbol = cause->symbol[0] ? cause->symbol : "?";
	const struct vmp_path_fact *fact = find_fact(run, row);
	char words[256], remedy[256];
	bool most = cause->packets * 2 > segment->lost, first = false;

	if (row->sentence)
		fill_in(row->sentence, cause->device, words, sizeof(words));
	else
		snprintf(words, sizeof(words), "the kernel drops them (%s in %s)", reason, symbol);
	/* A cause of a few of them is not the cause of the loss. */
	if (most && fact)
		first = vmp_finding_explain(finding, fact->code, "%s", fact->detail);
	else if (most && !knows_better(finding, row))
		first = vmp_finding_explain(finding, row->code, "%s", words);
	if (first && !fact && row->remedy)
		vmp_finding_remedy(finding, "%s", fill_in(row->remedy, cause->device, remedy, sizeof(remedy)));
	vmp_finding_evidence(finding, "the kernel says that it dropped %llu of %llu: %s in %s%s%s%s%s, e.g. packet id %llu%s%s", (ull)cause->packets,
			     (ull)segment->lost, reason, symbol, cause->caller[0] ? " < " : "", cause->caller, cause->device[0] ? " on " : "",
			     cause->device, (ull)cause->packet_id, first && !fact ? "" : ": ", first && !fact ? "" : words);
}

int vmp_rule_drops(struct vmp_run *run)
{
	int guest = vmp_rules_hop(run, VMP_ROLE_GUEST);

	vmp_vec_foreach (segment, &run->segments) {
		struct vmp_finding *finding = segment->lost && segment->to != guest ? vmp_rules_loss_at(run, segment) : NULL;
		uint64_t told = 0;

		if (!finding || !run->drops.known)
			continue;
		vmp_vec_foreach (cause, &segment->causes) {
			tell(run, segment, cause, finding);
			told += cause->packets;
		}
		if (told < segment->lost)
			vmp_finding_evidence(finding, "of %llu of them the kernel said nothing%s", (ull)(segment->lost - told),
					     run->drops.missed ? "; but some of what it said was missed" : ": no drop of theirs was seen");
	}
	return 0;
}
