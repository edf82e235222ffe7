/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Causes: what explains a loss and is told with it, and findings about what does not lie on the path of single packets. */
#include "finding/catalogue.h"

enum { CAUSE = VMP_CODE_CAUSE };

const struct vmp_code vmp_codes_cause[] = {
	{.code = "dropped-by-filter", .kinds = CAUSE,
	 .title = "a rule of the host's packet filter drops them",
	 .means = "Between the two hops lies a rule of nftables, iptables or ebtables that drops or rejects, that packets of this guest may "
		 "meet, and that dropped at least as many over the window as are missing. Words like \"most likely\" stand where others' "
		 "packets meet it too, so that whose it dropped is not known; when several fit all are named.",
	 .present = "A loss between two hops, and a rule between them whose counter moved by as much; or the kernel's own word that its packet "
		 "filter dropped them at the hook of the rule.",
	 .absent = "A device, MAC or address in the rule, or on the way to it, by which no packet of this guest comes there; for a rule that "
		 "others' packets meet too, anything else that lies in the way (a port that is not forwarding, say).",
	 .next = "The command shown with it: nft -a list chain, iptables -L -nv or ebtables -L --Lc show the rule and its counter; "
		 "who made it is often told by the name of its chain. It is deleted by its handle: nft delete rule FAMILY TABLE CHAIN "
		 "handle N.",
	 .is_not = "Not a rule inside the guest: what the guest's own firewall drops was taken from the backend. Rules of "
		 "iptables-legacy are not read (iptables-legacy-save -c).",
	 .words = "packets seen on bridge but not on tap; NETFILTER_DROP; nft_do_chain; sendmsg: Operation not permitted; iptables drop; "
		 "docker breaks bridge; firewall blocks guest; ebtables; no internet for VM after firewall change"},
	{.code = "dropped-by-nwfilter", .kinds = CAUSE,
	 .title = "libvirt's nwfilter of the interface drops them",
	 .means = "The interface has a filterref in its domain XML, and libvirt made rules of it (chains libvirt-I-DEVICE for what comes out of the "
		 "guest, libvirt-O-DEVICE for what goes to it, FI-, FO- and HI-DEVICE in iptables). One of them dropped as many as are "
		 "missing. clean-traffic drops all IPv6, and whatever the guest sends from another MAC or address than its own.",
	 .present = "As for dropped-by-filter, with a rule in one of these chains.",
	 .absent = "As for dropped-by-filter.",
	 .next = "virsh nwfilter-binding-list; virsh nwfilter-dumpxml FILTER; the parameters of the filterref (IP) in virsh dumpxml GUEST. When "
		 "the guest's address changed and libvirt had learned the old one: virsh update-device with the right IP, or restart the "
		 "guest.",
	 .is_not = "Not the firewall of the host's administrator: what is changed there by hand libvirt writes anew.",
	 .words = "clean-traffic; no-ip-spoofing; no-mac-spoofing; filterref; libvirt-I-vnet0; libvirt-O-vnet0; IPv6 does not work in VM; VM "
		 "has no network after IP change"},
	{.code = "dropped-by-policy", .kinds = CAUSE,
	 .title = "the policy of a chain of the packet filter drops them",
	 .means = "No rule of the chain decided about these packets, and its policy is to drop. Docker sets the policy of FORWARD to DROP, and "
		 "with br_netfilter loaded that holds for bridged guests too: ARP passes, and IP does not. Chains of iptables and ebtables "
		 "count what comes to the policy; those of nft do not, and are then only named as what may have done it.",
	 .present = "A base chain between the two hops with the policy drop, which counted as many over the window as are missing; or the "
		 "kernel's own word that its packet filter dropped them at this hook.",
	 .absent = "As for dropped-by-filter.",
	 .next = "iptables -L FORWARD -nv. For guests beside Docker: iptables -I DOCKER-USER -i BRIDGE -o BRIDGE -j ACCEPT, or sysctl "
		 "net.bridge.bridge-nf-call-iptables=0 where no rules for bridged packets are wanted.",
	 .is_not = "Not a fault of the bridge: it forwards, and hands its frames to the filter on the way.",
	 .words = "after installing Docker VMs have no network; Chain FORWARD (policy DROP); bridge-nf-call-iptables; br_netfilter; ARP works "
		 "and ping does not"},
	{.code = "kernel-log", .kinds = VMP_CODE_FINDING,
	 .title = "the kernel's log has a line about the path",
	 .means = "While the trace ran the kernel logged that a table of this host was full, or something about a device of the path: its link, "
		 "a queue that does not send any more, a card that hangs. The log is one for all network namespaces, and a container's eth0 "
		 "is called eth0 there too.",
	 .present = "A line in /dev/kmsg from the window that names a device of the path or one of these tables.",
	 .absent = "A finding that the line belongs to: then it is told as its evidence.",
	 .next = "dmesg -T. Of a card that hangs: ethtool -K DEVICE tso off gso off, and its driver's and firmware's versions.",
	 .is_not = "Not a loss by itself.",
	 .words = "NETDEV WATCHDOG: transmit queue timed out; Detected Hardware Unit Hang; nf_conntrack: table full, dropping packet; neighbor "
		 "table overflow; NIC Link is Down"},
	{.code = NULL},
};
