/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Causes of a loss that the kernel itself tells: one row for each code of rules_drop.c that no counter tells too (catalogue_counters.c;
 * dropped-by-filter is in catalogue_cause.c).
 */
#include "finding/catalogue.h"

#define SEEN   "The lost packets themselves among those that the kernel says it dropped there (tracepoint kfree_skb)."
#define ABSENT "Drops of copies: of a flooded frame at another port, of a capture's or a socket's own."

enum { CAUSE = VMP_CODE_CAUSE, FINDING = VMP_CODE_FINDING };

const struct vmp_code vmp_codes_drop[] = {
	{.code = "dropped-by-conntrack", .kinds = CAUSE,
	 .title = "connection tracking refuses packets",
	 .means = "A hook other than a rule of nft dropped them: connection tracking, when its table is full or it cannot "
		  "insert a connection, "
		  "or a rule of iptables-legacy, which the kernel does not tell from it.",
	 .present = SEEN, .absent = "A rule of nft as the function that dropped them.",
	 .next = "conntrack -C; sysctl net.netfilter.nf_conntrack_max; conntrack -S; dmesg | grep conntrack; iptables-legacy-save -c.",
	 .is_not = "Not packets in state INVALID: those are dropped by a rule.",
	 .words = "nf_conntrack: table full, dropping packet; insert_failed"},
	{.code = "dropped-by-tc", .kinds = CAUSE | FINDING,
	 .title = "a tc filter or program drops them",
	 .means = "A filter, an action or a BPF program attached with tc (clsact, ingress) drops the packets.",
	 .present = SEEN, .absent = ABSENT,
	 .next = "tc -s filter show dev DEVICE ingress; tc -s filter show dev DEVICE egress; bpftool net show.",
	 .is_not = "Not a full queue: that is qdisc-drops.", .words = "TC_INGRESS; TC_EGRESS; clsact; cilium; police"},
	{.code = "dropped-by-xdp", .kinds = CAUSE,
	 .title = "an XDP program drops them",
	 .means = "A program attached to the device drops the packets before any capture sees them there.",
	 .present = SEEN, .absent = ABSENT, .next = "ip -d link show dev DEVICE; bpftool net show.",
	 .is_not = "A program in the driver of a network card leaves no trace at all: then xdp-attached is all there is.",
	 .words = "XDP_DROP; xdpgeneric"},
	{.code = "queue-full", .kinds = CAUSE,
	 .title = "the queue of the guest's device is full",
	 .means = "QEMU or vhost does not take packets as fast as they come, or not at all, so that the tap's queue is full.",
	 .present = SEEN, .absent = ABSENT,
	 .next = "virsh domstate --reason GUEST; virsh domstats --vcpu GUEST; ip -s link show dev DEVICE; ip link set dev "
		  "DEVICE txqueuelen 10000.",
	 .is_not = "Not a queueing discipline of the host's: that is qdisc-drops.", .words = "FULL_RING; tap TX dropped; overruns"},
	{.code = "refused-by-tap", .kinds = CAUSE,
	 .title = "a filter that QEMU set on the tap refuses them",
	 .means = "QEMU told the tap which MACs the guest listens to, and these are none of them.",
	 .present = SEEN, .absent = ABSENT, .next = "Compare the guest's MAC with virsh domiflist GUEST.",
	 .is_not = "Not the host's packet filter.", .words = "TAP_TXFILTER; TUNSETTXFILTER"},
	{.code = "device-down", .kinds = CAUSE,
	 .title = "a device was not up", .means = "Packets were given to a device that is down.", .present = SEEN, .absent = ABSENT,
	 .next = "ip -d link show dev DEVICE; ip link set dev DEVICE up.", .is_not = "Not a cable: that is no-carrier.",
	 .words = "DEV_READY; Network is down"},
	{.code = "no-port-for-it", .kinds = CAUSE,
	 .title = "the bridge has no port for their destination",
	 .means = "The bridge's table does not know the destination, and no other port may be flooded to.",
	 .present = SEEN, .absent = ABSENT, .next = "bridge fdb show; bridge -d link show: is the guest's device a port of "
		  "this bridge, and up?",
	 .is_not = "Not a filter.", .words = "NO_TX_TARGET"},
	{.code = "port-refuses", .kinds = CAUSE,
	 .title = "a bridge port does not take in what comes",
	 .means = "The port that they came in by is not forwarding: the bridge or the port is down, has no carrier, or "
		  "spanning tree holds it.",
	 .present = SEEN, .absent = ABSENT, .next = "bridge -d link show dev DEVICE; ip -d link show dev DEVICE.",
	 .is_not = "Not a filter.", .words = "BRIDGE_INGRESS_STP_STATE; blocking; listening; forward delay"},
	{.code = "bridge-refuses", .kinds = CAUSE,
	 .title = "the bridge may not deliver them",
	 .means = "The bridge knows the port of their destination, and may not send them there: it is the port they came "
		  "from, does not forward, "
		  "both ports are isolated, a port is locked, or their VLAN is not let out there.",
	 .present = SEEN, .absent = "A setting of the path that explains it: that one is the cause then.",
	 .next = "bridge fdb show; bridge -d link show; bridge vlan show.", .is_not = "Not a filter.",
	 .words = "br_handle_frame_finish; hairpin"},
	{.code = "bad-source-mac", .kinds = CAUSE,
	 .title = "their source MAC is a group address", .means = "No bridge forwards frames whose source is a multicast address.",
	 .present = SEEN, .absent = ABSENT, .next = "What sends such frames in the guest? tcpdump -e -ni DEVICE.",
	 .is_not = "Not a filter.",
	 .words = "MAC_INVALID_SOURCE"},
	{.code = "vlan-refused", .kinds = CAUSE,
	 .title = "a bridge port is no member of their VLAN", .means = "The bridge filters VLANs, and the port that they came "
		  "in by does not have theirs.",
	 .present = SEEN, .absent = ABSENT, .next = "bridge vlan show; bridge vlan add dev DEVICE vid VID.", .is_not = "Not a "
		  "packet filter.",
	 .words = "br_allowed_ingress; vlan_filtering"},
	{.code = "too-large-for-device", .kinds = CAUSE | FINDING,
	 .title = "they are larger than an MTU on the way",
	 .means = "A bridge drops what is larger than the MTU of the port it leaves by, and tells nobody; a router tells the "
		  "sender by ICMP.",
	 .present = SEEN, .absent = ABSENT, .next = "ip link show: compare the MTUs of bridge, uplink and backend; virsh edit "
		  "GUEST: <mtu size=.../>.",
	 .is_not = "Small packets pass, so a ping proves nothing; TCP with TSO passes a bridge whatever its MTU.",
	 .words = "PKT_TOO_BIG; only large packets; SSH hangs; MTU black hole; frag needed"},
	{.code = "taken-by-host", .kinds = CAUSE,
	 .title = "this host takes them for its own",
	 .means = "They came to the host's own protocols instead of being forwarded, and end there.",
	 .present = SEEN, .absent = "A bridge whose device is promiscuous: it gives the host a copy of all that it forwards.",
	 .next = "ip link: does a device of the host have the guest's MAC? Is the guest's device in its bridge? iptables -t "
		  "nat -L: is a DNAT missing?",
	 .is_not = "Not a filter.", .words = "OTHERHOST; NO_SOCKET; UNHANDLED_PROTO"},
	{.code = "martian-source", .kinds = CAUSE,
	 .title = "their source is an address of this host", .means = "Somebody else uses an address of this host, or its own "
		  "packets came back.",
	 .present = SEEN, .absent = ABSENT, .next = "ip addr; ip neigh; is the address in use twice?", .is_not = "Not the packet filter.",
	 .words = "IP_LOCAL_SOURCE; martian source"},
	{.code = "routing-refused", .kinds = CAUSE,
	 .title = "this host does not route them",
	 .means = "Forwarding is off for the device that they came in by, or a route refuses them (blackhole, unreachable, prohibit).",
	 .present = SEEN, .absent = ABSENT, .next = "sysctl net.ipv4.ip_forward net.ipv4.conf.all.forwarding; ip route get ADDRESS.",
	 .is_not = "Not the packet filter.", .words = "IP_INADDRERRORS; ip_forward=0; Destination Host Unreachable"},
	{.code = "ttl-expired", .kinds = CAUSE,
	 .title = "their TTL ends at this host", .means = "They were routed too often, or were sent with a TTL too low to get further.",
	 .present = SEEN, .absent = ABSENT, .next = "traceroute ADDRESS; is there a routing loop?", .is_not = "Not a filter.",
	 .words = "Time to live exceeded; TTL expired in transit; hop limit"},
	{.code = "bad-checksum", .kinds = CAUSE,
	 .title = "the checksum of their IP header is wrong", .means = "What sent or forwarded them damaged the header, or "
		  "left the checksum to a card that did "
	 "not make it.", .present = SEEN, .absent = ABSENT, .next = "ethtool -k DEVICE; tcpdump -vv -ni DEVICE.",
	 .is_not = "Not a TCP or UDP checksum: those are the "
	 "receiver's to check.", .words = "IP_CSUM; InCsumErrors"},
	{.code = "next-hop-unknown", .kinds = CAUSE,
	 .title = "the next hop does not say its MAC", .means = "This host asked for the next hop's MAC (ARP, neighbour "
		  "discovery) and got no answer.",
	 .present = SEEN, .absent = ABSENT, .next = "ip neigh show; ip route get ADDRESS; arping.", .is_not = "Not a filter.",
	 .words = "NEIGH_FAILED; FAILED in ip neigh; Destination Host Unreachable"},
	{.code = "vni-unknown", .kinds = CAUSE,
	 .title = "no VXLAN device has their VNI", .means = "Packets of a VXLAN came in with a network identifier that no "
		  "device of this host has.",
	 .present = SEEN, .absent = ABSENT, .next = "ip -d link show type vxlan; compare with the other end.", .is_not = "Not a filter.",
	 .words = "VXLAN_VNI_NOT_FOUND"},
	{.code = "dropped-by-ovs", .kinds = CAUSE,
	 .title = "a flow of Open vSwitch drops them", .means = "The flow that matches them has no action that forwards them.",
	 .present = SEEN, .absent = ABSENT, .next = "ovs-appctl ofproto/trace BRIDGE in_port=PORT,dl_dst=MAC; ovs-ofctl "
		  "dump-flows BRIDGE; is the port's tag "
	 "4095 (the dead VLAN)?", .is_not = "Kernels before 6.6 drop there without a word.", .words = "OVS_DROP_LAST_ACTION; "
		  "OVS_DROP_EXPLICIT; tag 4095"},
	{.code = "backend-closed", .kinds = CAUSE,
	 .title = "QEMU closed the guest's device", .means = "Packets that waited in the tap's queue were thrown away when QEMU closed it.",
	 .present = SEEN, .absent = ABSENT, .next = "virsh domstate --reason GUEST; was it stopped, did it crash, was it "
		  "migrated?", .is_not = "Not a filter.",
	 .words = "tun_queue_purge"},
	{.code = "dropped-by-kernel", .kinds = CAUSE,
	 .title = "the kernel drops them, for a reason that this program has no words for",
	 .means = "The reason and the function are told as the kernel names them.", .present = SEEN, .absent = "A reason that is known.",
	 .next = "Search for the reason and the function in the kernel's sources and lists; include/net/dropreason-core.h "
		  "describes reasons.",
	 .is_not = "Not unsure: the packets are lost, and it is this kernel that dropped them.", .words = "kfree_skb; "
		  "SKB_DROP_REASON; dropwatch"},
	{.code = NULL},
};
