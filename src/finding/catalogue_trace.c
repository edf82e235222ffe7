/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts, and what only a trace can find. */
#include "finding/catalogue.h"

enum { VERDICT = VMP_CODE_VERDICT, FINDING = VMP_CODE_FINDING, PATH = VMP_CODE_PATH };

const struct vmp_code vmp_codes_trace[] = {
	{.code = "no-loss", .kinds = VERDICT,
	 .title = "packets flowed, and none was lost on this host",
	 .means = "Packets of the guest were followed through this host in both directions, as far as there were any, and all of them "
		 "arrived.",
	 .present = "Packets that were seen at one hop and again at the next.",
	 .absent = "A lost packet, a silent guest, an asker that keeps asking, and more unsure packets than sure ones in either "
		 "direction.",
	 .next = "When users still complain, look beyond this host and inside the guest, or trace again while they do: a fault that "
		 "comes and goes has to be watched while it is there.",
	 .is_not = "No proof that the network beyond this host or the guest's applications are well."},
	{.code = "lost-in-host", .kinds = VERDICT | FINDING,
	 .title = "packets vanish between two hops of this host",
	 .means = "Packets were seen at one device and never came to the next one that they have to pass, which was watched all the "
		 "time. What lies between the two lost them: the bridge, the packet filter, a queue, an MTU, routing.",
	 .present = "Packets seen before the place, and the point behind it open all the while and without a gap of its own.",
	 .absent = "Anything that makes them unsure: a capture that lost frames, a device that went away, packets merged, split or "
		 "translated beyond recognition, the end of the window.",
	 .next = "Follow the finding's own remedy; its cause, when one is known, is told with it. Otherwise: nft -a list ruleset; "
		 "iptables -L -nv; bridge -d link; bridge fdb show; tc -s qdisc; ip -s link.",
	 .is_not = "No fault of the guest and none of the network: both ends of the stretch are devices of this host.",
	 .words = "packets visible on bridge not on tap; guest unreachable; packet loss on the hypervisor; tcpdump sees it on eth0 "
		 "but not on vnet0"},
	{.code = "not-taken-by-guest", .kinds = VERDICT | FINDING,
	 .title = "packets reach the guest's device and the guest does not take them",
	 .means = "The host gives packets to the backend, and QEMU or vhost does not take them out: they wait in its queue or are "
		 "dropped where it is full. The guest is paused, has no driver running, is starved of processor time, or its link is "
		 "set down.",
	 .present = "Frames that left towards the guest, and counters of the backend that say they were dropped or are still waiting.",
	 .absent = "A count of taken frames (tx_packets of the tap) that has grown by as many as were given.",
	 .next = "virsh domstate --reason GUEST; virsh domstats --vcpu GUEST; look at the guest's console and its network driver. For "
		 "bursts: ip link set dev DEVICE txqueuelen 10000; more queues.",
	 .is_not = "Not a loss in the bridge or in a filter: the packets had passed both. Errors of the physical network look "
		 "otherwise.",
	 .words = "TX dropped on vnet; tap tx_dropped; overruns on tap device; guest network hangs; guest network frozen"},
	{.code = "guest-silent", .kinds = VERDICT | FINDING,
	 .title = "the guest is given questions and answers none of them",
	 .means = "ARP requests, pings or connection attempts were given to the guest, and nothing that answers them came out of its "
		 "device.",
	 .present = "Questions seen at the backend, and no answer there within the time that an answer may take.",
	 .absent = "A loss on the last hop that would explain it, a gap in the capture of the guest's frames, and a guest that itself "
		 "asks in vain for the one who waits.",
	 .next = "Look inside the guest (virsh console GUEST): is its interface up, the address set, a packet filter active, a "
		 "service listening?",
	 .is_not = "Not a loss of answers on this host: those would be seen at the guest's device. A guest that refuses (RST, ICMP) "
		 "is not silent.",
	 .words = "is it the host or the guest; no ping reply; Destination Host Unreachable; No route to host; Connection timed out"},
	{.code = "lost-beyond-host", .kinds = VERDICT | FINDING,
	 .title = "the guest's answers leave this host and the asker keeps asking",
	 .means = "A peer repeats its question although the guest's answer had left at the uplink: it does not get it. The answer is "
		 "lost in the network or at the peer.",
	 .present = "The same question at least twice again, each after an answer had left this host.",
	 .absent = "Lost answers inside this host. With ARP and neighbour discovery alone it stays a hint, since tools like arping "
		 "ask for ever.",
	 .next = "Capture at the peer and at the switch. Check the VLAN of the switch port, the switch's MAC table for the peer, and "
		 "the way back.",
	 .is_not = "No fault of this host or of the guest, as far as packets can show it; what a network card does not put on the "
		 "wire shows like this too (ethtool -S)."},
	{.code = "nothing-arrives", .kinds = VERDICT | FINDING,
	 .title = "the guest's questions leave and nothing comes back, or nothing is addressed to it",
	 .means = "What the guest asks leaves this host, and no answer comes in; or, as a verdict without a finding, the guest sends "
		 "and not one packet is for it.",
	 .present = "At least two questions at the edge of this host, none of them answered, and no other traffic to the guest.",
	 .absent = "A loss inside this host in either direction, an answer to anything else, and captures with gaps that could hide "
		 "answers.",
	 .next = "Is the one that is asked alive, and in the same network and VLAN? Check the switch port behind the uplink, the "
		 "guest's gateway and netmask.",
	 .is_not = "Not a loss on this host. When other traffic comes in it is the one asked that is silent: questions-unanswered.",
	 .words = "gateway not reachable; no DHCP offer; after migration no network; switch port VLAN missing"},
	{.code = "no-traffic", .kinds = VERDICT,
	 .title = "no packet was seen, so nothing can be said",
	 .means = "While the trace ran nothing of the guest passed that it could follow: nobody sent, the filter or ADDRESS fits "
		 "nothing, or only broadcasts came by.",
	 .present = "Captures that were open and whole.",
	 .absent = "Packets of the guest.",
	 .next = "Make traffic while the trace runs (ping the guest), name its ADDRESS, leave out -f, watch longer (-d). A known "
		 "fault of the path is told beside it: vmpath path GUEST.",
	 .is_not = "Neither health nor loss."},
	{.code = "capture-incomplete", .kinds = VERDICT,
	 .title = "the captures missed too much for an answer",
	 .means = "Captures lost frames, a device went away, or capture files do not cover one another, and so most packets are "
		 "unsure.",
	 .present = "A gap in what was captured, or more unsure packets than sure ones.",
	 .absent = "A loss that the gaps cannot explain: that would be told.",
	 .next = "Give the captures more room (--buffer) or less to do: ADDRESS, -f. Of files: begin the capture nearest the guest "
		 "first, end it last.",
	 .is_not = "Not a loss of packets.",
	 .words = "packets dropped by kernel"},
	{.code = "guest-not-running", .kinds = FINDING | PATH | VMP_CODE_CAUSE,
	 .title = "the guest does not run",
	 .means = "libvirt says that the guest is paused, shut off, crashed or suspended. Its virtual processors do not run, so it "
		 "neither takes packets nor answers.",
	 .present = "A state of the domain other than running or blocked, when the trace ended or when it began.",
	 .absent = "Nothing: the state is known from libvirt.",
	 .next = "virsh domstate --reason GUEST; virsh resume GUEST, or virsh start GUEST. A full disk pauses guests, too (I/O "
		 "error).",
	 .is_not = "Nothing that the network could have done.",
	 .words = "paused (I/O error); paused (migrating)"},
	{.code = "queue-drops", .kinds = FINDING,
	 .title = "the backend dropped frames at its full queue, perhaps none of this trace",
	 .means = "The counter of frames that found the guest's queue full has grown, and it is not known whose frames they were.",
	 .present = "tx_dropped of the tap (rx_dropped of a macvtap) that grew over the window.",
	 .absent = "Proof that packets of this trace are among them: that would be not-taken-by-guest.",
	 .next = "Trace all traffic of the interface: leave out ADDRESS and -f. virsh domstats --vcpu GUEST; ip link set dev DEVICE "
		 "txqueuelen 10000.",
	 .is_not = "Not the network card's ring, and not a filter.",
	 .words = "TX dropped on vnet; what does tx_dropped on the tap mean"},
	{.code = "guest-ignores-answers", .kinds = FINDING,
	 .title = "the guest repeats questions although they are answered",
	 .means = "The answers reach the guest's device, and the guest asks again: its driver or network stack drops what it is "
		 "given.",
	 .present = "At least two questions repeated after an answer had reached the backend.",
	 .absent = "An answer that had not come yet. With ARP and neighbour discovery alone it stays a hint: a tool may ask on "
		 "purpose.",
	 .next = "On the guest's console look at its network driver and packet filter; setting its link down and up again is a known "
		 "cure: virsh domif-setlink GUEST DEVICE down, then up. Try another model of card, or ethtool -K DEVICE tx off on the "
		 "host.",
	 .is_not = "Not a loss on this host: the answers were handed over.",
	 .words = "works with e1000; virtio network stops receiving; NetKVM"},
	{.code = "guest-answers-partly", .kinds = FINDING,
	 .title = "the guest answers some questions and not others",
	 .means = "Of the questions that reached the guest a part got no answer: a busy or limited listener, a packet filter, or "
		 "drops inside the guest.",
	 .present = "Answers, and at least three and a tenth of the questions without one.",
	 .absent = "Drops at the backend, or a gap in the capture, that would explain the missing ones.",
	 .next = "Look inside the guest: packet filter, listen queues (ss -ltn), load, receive errors (ip -s link, nstat).",
	 .is_not = "Not a loss on this host. A guest that is being scanned leaves most attempts alone on purpose."},
	{.code = "guest-uses-other-mac", .kinds = FINDING,
	 .title = "the guest sends with another MAC address than the domain XML says",
	 .means = "Frames out of the guest's device carry a source MAC that is not the interface's. Such frames are not followed; "
		 "filters against spoofing drop them, and a macvtap does not receive for that MAC.",
	 .present = "Frames from the backend with another source MAC.",
	 .absent = "Nothing; that it sends with its own MAC too makes it an info: it bridges or routes for others.",
	 .next = "Compare the MAC inside the guest with virsh domiflist GUEST; set one of them right. Nested guests and bonds in the "
		 "guest do this on purpose.",
	 .is_not = "Not by itself a loss.",
	 .words = "MAC spoofing; changed MAC address in guest; trustGuestRxFilters"},
	{.code = "guest-mac-from-outside", .kinds = FINDING,
	 .title = "frames with the guest's MAC address come in from the network",
	 .means = "Somebody out there uses the guest's MAC, or its frames come back in a loop. The bridge then believes the guest to "
		 "be outside, and frames for it go there until it sends again.",
	 .present = "Frames that came in at the uplink with the guest's MAC as their source, and that had not just left there.",
	 .absent = "Nothing.",
	 .next = "Look for the MAC on the switches and on other hosts: a clone of the guest, a copy that still runs after a "
		 "migration, a loop in the network.",
	 .is_not = "Not a fault of this host's bridge, though its table (bridge fdb show) flaps because of it.",
	 .words = "received packet on eth0 with own address as source address; duplicate MAC; MAC flapping; cloned VM"},
	{.code = "wrong-vni", .kinds = FINDING,
	 .title = "frames to the guest's MAC come in with another VNI than its path's",
	 .means = "VXLAN packets that arrive carry frames to the guest inside a network number that the guest's bridge is not "
		 "connected with.",
	 .present = "Such frames in tunnel packets at the uplink.",
	 .absent = "Frames with the right number: then it is an info, since a VNI is a network of its own and may hold the same MAC.",
	 .next = "Compare the VNI at both ends of the tunnel: ip -d link show type vxlan.",
	 .is_not = "Not a lost packet of this path."},
	{.code = "capture-lost-frames", .kinds = FINDING,
	 .title = "a capture lost frames for want of buffer space",
	 .means = "The kernel could not hand over every frame that passed a point. What is missing there is unsure. Where more is "
		 "missing than the capture lost, the difference is lost for sure, and the report gives bounds.",
	 .present = "The kernel's count of dropped frames for that capture.",
	 .absent = "Nothing.",
	 .next = "Give the captures a larger buffer (--buffer), or narrow the trace: ADDRESS, -f FILTER.",
	 .is_not = "No loss of packets: they passed, unseen.",
	 .words = "packets dropped by kernel"},
	{.code = "queueing", .kinds = FINDING,
	 .title = "packets wait on this host before they go on",
	 .means = "Many packets took milliseconds between two devices of this host where microseconds are normal: they stand in a "
		 "queue, as a shaper has one.",
	 .present = "At least ten packets, and a tenth of all, that took 4 ms or more in one stretch.",
	 .absent = "Nothing; it is no loss.",
	 .next = "tc -s qdisc show dev DEVICE; virsh domiftune GUEST DEVICE; is the host short of processor time?",
	 .is_not = "Not latency of the network or of the guest: both ends of the stretch are on this host.",
	 .words = "high latency VM network; bandwidth limit; domiftune; tbf; htb"},
	{.code = "next-hop-silent", .kinds = FINDING,
	 .title = "this host asks in vain for the MAC of the next hop",
	 .means = "The guest's packets are routed by this host, and the next hop (or the guest) does not answer this host's ARP or "
		 "neighbour discovery. The packets wait for it, and are given up after some seconds.",
	 .present = "Packets that do not come out, and this host's questions for their next hop without an answer.",
	 .absent = "An answer to these questions.",
	 .next = "ip neigh show dev DEVICE; is the next hop alive, and in the same network and VLAN?",
	 .is_not = "Not a drop by this host's filter.",
	 .words = "neighbour FAILED; ip neigh INCOMPLETE; Destination Host Unreachable"},
	{.code = "answers-refused", .kinds = FINDING,
	 .title = "an asker gets answers, refuses them with a reset and asks again",
	 .means = "The answer comes from an address that the asker had not asked: a DNAT rule leads the question on, and the answer "
		 "does not come back by the host that has the rule.",
	 .present = "At least two connection attempts repeated, each after a reset for the answer it had got.",
	 .absent = "Nothing.",
	 .next = "Let the answers come back by the host with the DNAT rule: make it their next hop, or let it translate the source as "
		 "well (SNAT).",
	 .is_not = "No lost packet, and no closed port: that would be a reset from the one that is asked.",
	 .words = "hairpin NAT; asymmetric routing; port forwarding does not work from inside"},
	{.code = "questions-unanswered", .kinds = FINDING,
	 .title = "something the guest asks does not answer, while other traffic comes in",
	 .means = "One neighbour or service is silent, and the network is not: the guest hears from others.",
	 .present = "At least two questions of one kind that left this host, none of them answered, and other packets to the guest.",
	 .absent = "A loss inside this host.",
	 .next = "Is the one that is asked alive, and at that address?",
	 .is_not = "Not a loss on this host."},
	{.code = NULL},
};
