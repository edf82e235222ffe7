/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's counters say: told with the loss that they explain, or by itself where no loss of this guest is proven. */
#include "finding/catalogue.h"

enum { FINDING = VMP_CODE_FINDING, CAUSE = VMP_CODE_CAUSE };

const struct vmp_code vmp_codes_counters[] = {
	{.code = "qdisc-drops", .kinds = CAUSE | FINDING,
	 .title = "the queueing discipline of a device drops packets",
	 .means = "The queue in front of a device is full, or a limit of bandwidth is reached, and what is too much is dropped before it "
		 "leaves: by libvirt's <bandwidth>, by tc, or by a default discipline such as fq_codel.",
	 .present = "The discipline's count of drops rose over the window; as the cause of a loss: by at least as many as were lost on the way "
		 "to that very device. Or the "
		 "kernel itself said it dropped these packets for it.",
	 .absent = "A reason of the kernel's own for these packets that is another one. Overlimits alone are no drops: they only waited.",
	 .next = "tc -s qdisc show dev DEVICE; tc -s class show dev DEVICE; virsh domiftune GUEST INTERFACE. Raise the limit or the "
		 "queue's length, or send less.",
	 .is_not = "Not the tap's own queue, from which the guest takes packets too slowly: that is behind the discipline. A few drops of "
		 "fq_codel or CAKE on a busy uplink are how these keep queues short.",
	 .words = "tc dropped overlimits; htb drops; tbf drops; fq_codel drop; bandwidth limit; domiftune; packets dropped qdisc"},
	{.code = "conntrack-full", .kinds = CAUSE | FINDING,
	 .title = "this host's table of connections is full",
	 .means = "The kernel tracks every connection that passes the packet filter, of all guests together. There are as many as "
		 "nf_conntrack_max allows, so packets of new ones are dropped, while those that are in the table go on.",
	 .present = "As many connections as are allowed, and a count of dropped packets, or of connections thrown out early, that rose over the "
		 "window; as the cause of a loss: by at least as many as were lost where packets are tracked.",
	 .absent = "Lost ARP in the same place, which is not tracked; packets that do not pass the packet filter at all.",
	 .next = "conntrack -S; conntrack -C; who fills it: conntrack -L. More room: sysctl -w net.netfilter.nf_conntrack_max=N. Less "
		 "to track: a notrack rule in the raw table, or net.bridge.bridge-nf-call-iptables=0 where bridged packets need no filter.",
	 .is_not = "Not a rule that drops: connections from before go on, and ARP and what was allowed before work. Which guest fills the table "
		 "is another question than whom it hits.",
	 .words = "nf_conntrack: table full, dropping packet; nf_conntrack: nf_conntrack: table full, dropping packet; ip_conntrack: table "
		 "full; only new connections fail; ping: sendmsg: Operation not permitted; nf_conntrack_count"},
	{.code = "conntrack-nearly-full", .kinds = FINDING,
	 .title = "this host's table of connections is nearly full",
	 .means = "Nine tenths of the connections that nf_conntrack_max allows are there. Nothing was dropped for it yet.",
	 .present = "A count of connections of at least nine tenths of its limit, on a path whose packets are tracked.",
	 .absent = "A count of dropped packets that rose: then it is full.",
	 .next = "conntrack -C; conntrack -L; sysctl -w net.netfilter.nf_conntrack_max=N before it is full.",
	 .is_not = "No loss. Connections that are over stay in the table for a while, so a high count need not mean many users.",
	 .words = "nf_conntrack_max; conntrack usage high"},
	{.code = "conntrack-insert-failed", .kinds = CAUSE | FINDING,
	 .title = "connections could not be entered in the table of connections",
	 .means = "A packet of a new connection was dropped at the last moment, since its entry clashed with another one: there is no port left "
		 "that NAT could give it, or two packets of the same new connection raced each other.",
	 .present = "insert_failed rose over the window while there is room in the table; as the cause of a loss: by at least as many as were "
		 "lost where packets are tracked.",
	 .absent = "A full table, which explains it better.",
	 .next = "conntrack -S; count what uses one address for NAT: conntrack -L -g | wc -l. More addresses or ports for masquerade or "
		 "snat; for races of two DNS questions at once: options single-request in the guest.",
	 .is_not = "Not a full table: more room does not help. Single ones are normal where guests ask DNS twice at once.",
	 .words = "insert_failed; SNAT port exhaustion; masquerade ports exhausted; DNS timeout 5 seconds; conntrack clash"},
	{.code = "neighbour-table-full", .kinds = CAUSE | FINDING,
	 .title = "the kernel's table of neighbours is full",
	 .means = "For each address that this host talks to itself there is an entry with its MAC. There are gc_thresh3 of them, in all "
		 "network namespaces together, and no room for another: packets for new neighbours are dropped, whose turn it is is chance.",
	 .present = "table_fulls rose over the window; as the cause of a loss: by at least as many as were lost where this host routes. Or the "
		 "kernel itself said it dropped these packets for it.",
	 .absent = "A guest that is only bridged: for its packets the host needs no neighbour.",
	 .next = "ip -s ntable show; ip neigh show | wc -l; sysctl -w net.ipv4.neigh.default.gc_thresh3=8192 (gc_thresh2 and gc_thresh1 "
		 "below it; net.ipv6.neigh for IPv6).",
	 .is_not = "Not a guest that does not answer ARP: it may answer, and there is no room to write it down.",
	 .words = "neighbor table overflow; neighbour: arp_cache: neighbor table overflow!; Neighbour table overflow; gc_thresh3; No buffer "
		 "space available; random guests unreachable"},
	{.code = "neighbour-discards", .kinds = CAUSE | FINDING,
	 .title = "packets waited for a neighbour that does not say its MAC, and were too many",
	 .means = "While this host asks for the MAC of a next hop, packets for it wait, a few of them; more were thrown away.",
	 .present = "unresolved_discards rose over the window on a path that this host routes. Or the "
		 "kernel itself said it dropped these packets for it.",
	 .absent = "A guest that is only bridged. Outside of the first network namespace the kernel does not tell this counter.",
	 .next = "ip neigh show nud incomplete; ip neigh show nud failed; does the next hop answer ARP? Is its address still in use?",
	 .is_not = "Not a full table of neighbours. For an address where nobody is it is what has to happen.",
	 .words = "unresolved_discards; Destination Host Unreachable; ARP incomplete; neigh failed"},
	{.code = "reverse-path-filter", .kinds = CAUSE | FINDING,
	 .title = "the reverse path filter drops packets",
	 .means = "A packet came in by a device by which this host would not send to its source address, and rp_filter says that such packets "
		 "are to be dropped without a word.",
	 .present = "IPReversePathFilter rose over the window; as the cause of a loss: by at least as many as were lost where this host routes, "
		 "with rp_filter on at the device where they come in. Or the "
		 "kernel itself said it dropped these packets for it.",
	 .absent = "rp_filter off there and for all devices; bridged packets, which are not looked at.",
	 .next = "ip route get SOURCE; sysctl -a | grep rp_filter. Set the route right, or, where the way back differs on purpose, "
		 "sysctl -w net.ipv4.conf.DEVICE.rp_filter=2.",
	 .is_not = "Not a firewall rule, though it looks like one: nothing is logged unless log_martians is set.",
	 .words = "rp_filter; martian source; asymmetric routing; IPReversePathFilter; packets arrive but are ignored"},
	{.code = "no-route", .kinds = CAUSE | FINDING,
	 .title = "this host has no route for packets that it has to route",
	 .means = "Packets came in that this host has to hand on, and no routing table says where to. Their sender gets an ICMP error, though "
		 "not for each of them.",
	 .present = "InNoRoutes or OutNoRoutes rose over the window; as the cause of a loss: by at least as many as were lost where this host "
		 "routes. Or the "
		 "kernel itself said it dropped these packets for it.",
	 .absent = "Bridged packets, which need no route. Blackhole and prohibit routes count nowhere.",
	 .next = "ip route get ADDRESS; ip -6 route get ADDRESS; ip rule show; is a default route there, and did its device go down?",
	 .is_not = "Not the network's fault: the packet never left. A route that leads to nobody is another thing.",
	 .words = "Network is unreachable; No route to host; InNoRoutes; Destination Net Unreachable"},
	{.code = "ip-header-errors", .kinds = CAUSE | FINDING,
	 .title = "packets with a wrong IP header, or whose TTL does not reach",
	 .means = "This host had to route packets whose header is damaged, whose checksum is wrong, or whose TTL was used up.",
	 .present = "InHdrErrors rose over the window; as the cause of a loss: by at least as many as were lost where this host routes.",
	 .absent = "Bridged packets, whose TTL nobody looks at.",
	 .next = "nstat -az IpInHdrErrors IpExtInCsumErrors; tcpdump -v shows the TTL. A TTL of 1 is often meant: traceroute, "
		 "multicast, some VPNs.",
	 .is_not = "traceroute makes these on purpose.",
	 .words = "Time to live exceeded; TTL expired in transit; InHdrErrors; bad IP checksum"},
	{.code = "reassembly-fails", .kinds = CAUSE | FINDING,
	 .title = "fragments were given up, since others did not come",
	 .means = "Packets in pieces are put together where this host filters or translates them. Pieces of some did not come, or there was no "
		 "room for them, so the rest was thrown away.",
	 .present = "ReasmFails rose over the window on a path where packets are put together.",
	 .absent = "A bridge whose packets pass no filter: there pieces go their way one by one.",
	 .next = "nstat -az | grep -i Reasm; sysctl net.ipv4.ipfrag_high_thresh net.ipv4.ipfrag_time; why do pieces get lost before this "
		 "host? Better no fragments at all: a smaller MTU at the sender.",
	 .is_not = "Rarely this host's own fault: most often a piece was lost on the way here, half a minute before.",
	 .words = "packet reassembles failed; ReasmFails; ReasmTimeout; fragments dropped; large UDP packets lost"},
	{.code = "udp-receive-errors", .kinds = FINDING,
	 .title = "sockets of this host refused UDP packets",
	 .means = "Programs of this host did not read their sockets fast enough, so that buffers were full (RcvbufErrors), or checksums were "
		 "wrong. Among them may be what the guest's traffic needs: dnsmasq, or the socket of a tunnel.",
	 .present = "RcvbufErrors or MemErrors rose over the window on a path that this host routes or that has a tunnel; InErrors with a tunnel.",
	 .absent = "A bridge without a tunnel: no socket of this host has a part in its traffic.",
	 .next = "ss -uamnp, where d in skmem is what a socket dropped; sysctl net.core.rmem_default; look at the program that is slow.",
	 .is_not = "Not a loss of packets that pass this host: these reach no socket.",
	 .words = "RcvbufErrors; receive buffer errors; UDP packet receive errors; dnsmasq slow; DHCP request ignored"},
	{.code = "nic-ring-full", .kinds = FINDING,
	 .title = "a card had no room for frames that came in",
	 .means = "Frames came in faster than the kernel emptied the card's receive ring, and the card threw away what did not fit. No capture "
		 "sees such frames: they count as never arrived.",
	 .present = "rx_missed_errors, rx_fifo_errors or the driver's own counter of the like rose over the window at a device of the path.",
	 .absent = "Counters that only tell of a queue that had to wait.",
	 .next = "ethtool -S DEVICE; ethtool -g DEVICE; ethtool -G DEVICE rx N; spread its interrupts; does one processor get all the work?",
	 .is_not = "Not a loss in the network, though it looks like one: the frame was at this host's door.",
	 .words = "rx_missed_errors; rx_no_dma_resources; rx_out_of_buffer; rx_discards; overruns; rx_fifo_errors; missed"},
	{.code = "nic-ring-small", .kinds = FINDING,
	 .title = "a card's receive ring was too small once, and can be larger",
	 .means = "The card lost frames for want of room at some time since it came up, not in this window, and its ring is below its maximum.",
	 .present = "A count of missed frames that is not zero, and a ring of less than its maximum.",
	 .absent = "Frames missed in the window: that is nic-ring-full.",
	 .next = "ethtool -G DEVICE rx N in a quiet moment: most drivers take the link down for it.",
	 .is_not = "No loss now. A card that never missed a frame needs no larger ring.",
	 .words = "ethtool -g; ring parameters; rx ring size"},
	{.code = "nic-errors", .kinds = FINDING,
	 .title = "a card gets damaged frames from the wire",
	 .means = "Frames came in with a wrong checksum, length or symbols: the cable, the module, or the port at the other end is bad, or the "
		 "two ends do not agree on speed and duplex.",
	 .present = "rx_crc_errors or the driver's own counter of damaged frames rose over the window.",
	 .absent = "Wrong checksums of IP, TCP or UDP, which no wire makes.",
	 .next = "ethtool DEVICE; ethtool -S DEVICE; ethtool -m DEVICE; change the cable or module; look at the switch's port.",
	 .is_not = "Not a matter of load: the ring had room.",
	 .words = "CRC errors; FCS errors; rx_crc_errors; symbol errors; bad cable; duplex mismatch"},
	{.code = "nic-drops", .kinds = FINDING,
	 .title = "a card or its driver throws frames away",
	 .means = "The driver had no memory, the link went down, the card refused what it was to send, or, in a virtual machine, the "
		 "hypervisor above dropped it.",
	 .present = "tx_dropped, tx_errors, or a counter of the driver that means a drop rose over the window at a device of the path.",
	 .absent = "rx_dropped alone, in which the kernel counts frames that nobody here wanted.",
	 .next = "ethtool -S DEVICE; ip -s -s link show dev DEVICE; dmesg | grep DEVICE.",
	 .is_not = "A queue that was stopped for a while (tx_restart_queue, stop_queue) lost nothing.",
	 .words = "tx_dropped; TX errors; NETDEV WATCHDOG; pps_allowance_exceeded; tx_no_space; drv dropped tx total"},
	{.code = "softnet-drops", .kinds = CAUSE | FINDING,
	 .title = "processors drop packets at their full backlog",
	 .means = "Packets that one processor hands to another (RPS), or that come out of a virtual cable, wait in a backlog of the processor "
		 "that is to handle them. It was full, since that processor was too busy.",
	 .present = "Dropped packets in /proc/net/softnet_stat over the window; it is about this path when one of its devices counts drops on "
		 "receiving as well. Or the "
		 "kernel itself said it dropped these packets for it.",
	 .absent = "Cards without RPS, whose packets pass no backlog.",
	 .next = "cat /proc/net/softnet_stat; mpstat -P ALL 1; sysctl -w net.core.netdev_max_backlog=10000; give the work to more processors.",
	 .is_not = "No capture sees these packets at that device, so they look as if they had never come.",
	 .words = "softnet_stat dropped; netdev_max_backlog; CPU_BACKLOG; ksoftirqd 100%"},
	{.code = "softnet-squeezed", .kinds = FINDING,
	 .title = "processors do not get through the packets that wait for them",
	 .means = "Rounds of receiving packets ended before all was done, since their budget of time or packets was used up: packets wait for "
		 "the next round.",
	 .present = "At least ten such rounds a second (time_squeeze in /proc/net/softnet_stat).",
	 .absent = "Single ones, which are normal under load.",
	 .next = "mpstat -P ALL 1; sysctl net.core.netdev_budget net.core.netdev_budget_usecs; spread interrupts and queues.",
	 .is_not = "No loss: packets come later. A ring that gets full meanwhile is told as such.",
	 .words = "time_squeeze; netdev_budget; softirq; ksoftirqd"},
	{.code = "interrupts-on-one-cpu", .kinds = FINDING,
	 .title = "one processor takes all interrupts of a card and is overloaded",
	 .means = "The card interrupts only one processor, which does not get through the packets, while others are idle and nothing spreads "
		 "the work.",
	 .present = "At least nine tenths of the card's interrupts on one processor that dropped or squeezed packets, several processors, and "
		 "RPS known to be off.",
	 .absent = "A processor that does its work: a card with one queue interrupts one processor, and that is well.",
	 .next = "grep DEVICE /proc/interrupts; ethtool -l DEVICE; ethtool -L DEVICE combined N; irqbalance; echo MASK "
		 ">/sys/class/net/DEVICE/queues/rx-0/rps_cpus.",
	 .is_not = "More processors for the guest do not help: this is the host's work.",
	 .words = "irqbalance; smp_affinity; RPS; RSS; one CPU at 100% softirq"},
	{.code = NULL},
};
