/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passing packets say of why others fail (rules_signs.c). */
#include "finding/catalogue.h"

enum { FINDING = VMP_CODE_FINDING, CAUSE = VMP_CODE_CAUSE };

const struct vmp_code vmp_codes_traffic[] = {
	{.code = "packet-too-big", .kinds = FINDING | CAUSE,
	 .title = "a router says that packets are too large for the next link",
	 .means = "An ICMP error (fragmentation needed, packet too big) quotes a packet with DF set, or of IPv6, and tells the MTU of "
		 "the next link. A sender that hears it sends smaller ones; one that goes on does not get the errors or ignores them.",
	 .present = "ICMP errors that quote the guest's packets, or packets to it. As a cause: all lost packets of a stretch are "
		 "larger than the size that was told.",
	 .absent = "Nothing. Told once or twice it is how path MTU discovery works, and an info.",
	 .next = "Compare MTUs along the way: tracepath ADDRESS; ip link show. Lower the sender's MTU or its TCP MSS, and let these "
		 "ICMP errors through everywhere.",
	 .is_not = "Not a filter, and not a bridge: a bridge drops what is too large without a word (mtu-smaller).",
	 .words = "fragmentation needed and DF set; Frag needed; Message too long; PMTU black hole; ssh hangs; Packet too big"},
	{.code = "destination-unreachable", .kinds = FINDING | CAUSE,
	 .title = "a router or host says that a destination cannot be reached",
	 .means = "An ICMP error says that there is no route, that the last router got no answer for the address, or that a filter "
		 "prohibits it.",
	 .present = "ICMP errors of type 3 (ICMPv6: 1) that quote the guest's packets, or packets to it. As a cause: the guest asks "
		 "that destination in vain.",
	 .absent = "Port unreachable and fragmentation needed, which have codes of their own.",
	 .next = "Look at the one that says it: its route to the destination, its neighbour table, its packet filter.",
	 .is_not = "Not a loss: somebody says no. It is not this host unless the sender's address is one of its own.",
	 .words = "Destination Host Unreachable; Destination Net Unreachable; No route to host; Packet filtered; Communication "
		 "administratively prohibited; Network is unreachable"},
	{.code = "port-unreachable", .kinds = FINDING,
	 .title = "nothing listens on a UDP port, as its host says",
	 .means = "The host that was asked answers with an ICMP error: no program has the port, or a packet filter rejects it.",
	 .present = "ICMP errors of type 3 code 2 or 3 (ICMPv6: type 1 code 4) that quote a packet of the guest or to it.",
	 .absent = "Nothing.",
	 .next = "At the one that was asked: ss -lun; its packet filter. traceroute by UDP ends like this on purpose.",
	 .is_not = "Not a loss.",
	 .words = "Connection refused; ICMP port unreachable; read: Connection refused on UDP"},
	{.code = "ttl-exceeded", .kinds = FINDING,
	 .title = "packets use up their hop limit (TTL) on the way",
	 .means = "A router says that a packet came to it with its last hop. traceroute lives of that; many of them from one router "
		 "are a routing loop.",
	 .present = "ICMP errors of type 11 (ICMPv6: 3) that quote packets of the guest or to it.",
	 .absent = "Nothing. Fewer than ten from one router are an info.",
	 .next = "traceroute -n towards the destination: does the way come back to the same router?",
	 .is_not = "Not a filter.",
	 .words = "Time to live exceeded; TTL exceeded in transit; routing loop"},
	{.code = "ttl-too-small", .kinds = FINDING | CAUSE,
	 .title = "packets arrive with their last hop where this host has to route them",
	 .means = "This host routes for the guest, and a packet with TTL (hop limit) 1 ends at every router.",
	 .present = "Packets of the guest or to it with TTL 1 or 0, on the side from which they have to be routed. As a cause: as "
		 "many of them as are lost.",
	 .absent = "A destination that is this host itself.",
	 .next = "traceroute sends such packets on purpose; else raise the sender's TTL (sysctl net.ipv4.ip_default_ttl), or look for "
		 "a loop.",
	 .is_not = "Not a filter. On a bridged path nobody looks at the TTL.",
	 .words = "Time to live exceeded; InHdrErrors; IP_INHDR; multicast TTL 1"},
	{.code = "duplicate-address", .kinds = FINDING | CAUSE,
	 .title = "another station has the guest's address too",
	 .means = "Somebody else says by ARP or neighbour discovery that he has the guest's address, and the guest goes on using it. "
		 "Peers and the gateway send now to one and now to the other.",
	 .present = "The guest claims the address itself; frames from outside claim it with another MAC; and the guest uses it at "
		 "least twice after that.",
	 .absent = "A MAC of the guest's own other cards, of this host, or of a bridge that answers for its guests; and a guest that "
		 "stops using it, as in a failover (keepalived, VRRP).",
	 .next = "Find the MAC on the switches and on this host: bridge fdb show | grep -i MAC. Give one of the two another address. "
		 "arping -D -I DEVICE ADDRESS asks who has it.",
	 .is_not = "Not the same MAC twice: that is guest-mac-from-outside or duplicate-mac.",
	 .words = "duplicate IP address; IP address conflict; Windows detected an IP address conflict; arp: is using my IP address; "
		 "DAD failed"},
	{.code = "address-claimed-twice", .kinds = FINDING,
	 .title = "two stations answer for one address by turns",
	 .means = "Two MACs claim one address that the guest hears of, its gateway's perhaps: what is sent there goes now to one and "
		 "now to the other.",
	 .present = "ARP or neighbour advertisements from two MACs for one address, each again after the other.",
	 .absent = "One that takes over once and for all, as a failover does; GLBP, which gives one address several MACs on purpose; "
		 "this host itself.",
	 .next = "Find both MACs on the switches. One host with two cards in the same network answers with both (ARP flux): sysctl "
		 "net.ipv4.conf.all.arp_ignore=1.",
	 .is_not = "Not the guest's own address: that is duplicate-address.",
	 .words = "arp flux; gateway MAC flapping; ARP spoofing; arpwatch flip flop"},
	{.code = "wrong-guest-mac", .kinds = FINDING,
	 .title = "packets for the guest's address are sent to another MAC",
	 .means = "They reach the guest's device, as a bridge floods what it has no place for, but the guest's card takes frames for "
		 "its own MAC alone. Their sender has a stale or wrong entry for the guest.",
	 .present = "Frames on their way out of the guest's device, for an address that the guest claims, to a MAC that is none of "
		 "its cards'.",
	 .absent = "Nothing. The capture of a trace takes frames with the guest's MAC alone, so that this shows in captures of "
		 "others.",
	 .next = "At who sends them: ip neigh show ADDRESS; ip neigh del ADDRESS dev DEVICE. Was the card changed, is the entry "
		 "permanent?",
	 .is_not = "Not a fault of the bridge.",
	 .words = "stale ARP entry; after changing the MAC unreachable; ip neigh PERMANENT"},
	{.code = "unexpected-vlan-tag", .kinds = FINDING,
	 .title = "packets to the guest carry a VLAN tag, and its own carry none",
	 .means = "A bridge without VLAN filtering passes tags on, and a guest that does not know the VLAN drops what has one. The "
		 "switch port is a trunk where the guest is in no VLAN, or the VLAN device is missing.",
	 .present = "Packets to the guest alone with a tag, on a device whose frames should have none.",
	 .absent = "The same tag on packets out of the guest: then it knows the VLAN. Without a question that it leaves unanswered it "
		 "is an info.",
	 .next = "Compare the switch port with the host: ip -d link show; bridge vlan show. Put the guest's bridge on a VLAN device, "
		 "or make the port an access port.",
	 .is_not = "Not a loss on this host; where the path has a tag of its own a wrong one is told with the loss.",
	 .words = "trunk port; native VLAN mismatch; DHCP offer arrives tagged; tcpdump shows vlan"},
	{.code = "connections-refused", .kinds = FINDING,
	 .title = "TCP connections are refused with a reset",
	 .means = "The one that was asked says no: nothing listens on that port, or a packet filter rejects. The network works in "
		 "both directions.",
	 .present = "At least two resets that answer attempts to connect.",
	 .absent = "Nothing.",
	 .next = "At the one that was asked: ss -ltn; does the service run, and on this address? its packet filter.",
	 .is_not = "Not a loss, and no fault of this host.",
	 .words = "Connection refused; ECONNREFUSED; connect: Connection refused"},
	{.code = "dhcp-unanswered", .kinds = FINDING,
	 .title = "the guest asks for an address by DHCP and no server answers",
	 .means = "Requests leave the guest's device again and again, and no answer to its MAC was seen at any hop.",
	 .present = "At least two DHCP requests of the guest.",
	 .absent = "An answer at any hop, a filter or ADDRESS that could have left answers out, and captures with gaps.",
	 .next = "Is the DHCP server, or the relay, alive and in this VLAN? On a libvirt network: pgrep -a dnsmasq; virsh net-dumpxml "
		 "NETWORK. With spanning tree see port-not-forwarding.",
	 .is_not = "Where requests are lost on this host that is told by itself.",
	 .words = "no DHCPOFFERS received; PXE-E51; DHCPDISCOVER; 169.254; APIPA; No lease, failing"},
	{.code = "router-silent", .kinds = FINDING,
	 .title = "the guest asks for an IPv6 router and none answers",
	 .means = "Router solicitations leave the guest, and no advertisement was seen. Without one it has link-local IPv6 alone.",
	 .present = "At least three router solicitations of the guest.",
	 .absent = "An advertisement at any hop, a filter or ADDRESS that could have left it out, and captures with gaps.",
	 .next = "In a network with IPv6: does the router advertise (radvd)? Does multicast snooping keep it away: bridge mdb show; "
		 "is there a querier?",
	 .is_not = "No fault in a network without IPv6.",
	 .words = "no IPv6 address; SLAAC; no Router Advertisement; radvd"},
	{.code = "broadcast-storm", .kinds = FINDING,
	 .title = "a thousand or more broadcasts and multicasts a second",
	 .means = "Everybody on the network gets them, the guest as well: its queue fills and its processor is busy with them. A loop "
		 "multiplies frames, a broken station or a scanner makes them.",
	 .present = "So many frames to all at the edge of this host, or out of the guest.",
	 .absent = "Nothing. A source is named when more than half are from it.",
	 .next = "Find the source on the switches: bridge fdb show | grep -i MAC. The same frame over and over is a loop: spanning "
		 "tree, a cable or a bridge that joins one network twice.",
	 .is_not = "Not what the guest answers with: only frames to all are counted.",
	 .words = "broadcast storm; ARP storm; network loop; received packet with own address as source address"},
	{.code = NULL},
};
