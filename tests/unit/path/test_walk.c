/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Topologies in, hops and facts out. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NET "0 network, "
#define TAP "bridge target=tap0 bridge=br0"

static const struct topology {
	const char *name, *host, *guest, *hops, *facts;
	struct vmp_path_hints hints;
} topologies[] = {
	{"NIC in a bridge", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"bridge in promiscuous mode", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch out, 2 tap0 tap backend out, 3 guest", "", {.promisc = true}},
	{"a veth into another namespace plays the NIC", "br0 bridge; eth0 veth in=br0 outside; tap0 tap in=br0", TAP,
	 NET "1 eth0 veth uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"beside a NIC, a veth into another namespace is a container's",
	 "br0 bridge; eth0 nic in=br0; c0 veth in=br0 outside; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 1 c0 veth peer in, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"a veth to the host's own stack is the way out when there is no other",
	 "br0 bridge; v0 veth in=br0; v1 veth peer=v0; tap0 tap in=br0", TAP,
	 NET "1 v0 veth uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"VLAN over a bond",
	 "br0 bridge; bond0 bond mode=1 active=3; eth0 nic in=bond0; eth1 nic in=bond0; v100 vlan on=bond0 in=br0 vid=100;"
	 "tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in tag=100, 1 eth1 nic uplink in tag=100 inactive, 2 bond0 bond transit in tag=100, "
	     "3 v100 vlan transit in, 3 br0 bridge switch partly, 4 tap0 tap backend out, 5 guest",
	 "inactive-slave@eth1", {0}},
	{"bond without an active slave: none is called inactive",
	 "br0 bridge; bond0 bond mode=1 in=br0; eth0 nic in=bond0; eth1 nic in=bond0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 1 eth1 nic uplink in, 2 bond0 bond transit in, 2 br0 bridge switch partly, "
	     "3 tap0 tap backend out, 4 guest", "", {0}},
	{"VLAN in a VLAN: the outer tag is on the NIC",
	 "br0 bridge; eth0 nic; v7 vlan on=eth0 vid=7; v9 vlan on=v7 vid=9 in=br0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in tag=7, 2 v7 vlan transit in tag=9, 3 v9 vlan transit in, 3 br0 bridge switch partly, "
	     "4 tap0 tap backend out, 5 guest", "", {0}},
	{"two ways of different length share the rank at the switch",
	 "br0 bridge; eth0 nic; v7 vlan on=eth0 vid=7 in=br0; eth1 nic in=br0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in tag=7, 2 v7 vlan transit in, 2 eth1 nic uplink in, 2 br0 bridge switch partly, "
	     "3 tap0 tap backend out, 4 guest", "", {0}},
	{"two VLANs of one NIC in one bridge: the NIC has no one tag",
	 "br0 bridge; eth0 nic; v7 vlan on=eth0 vid=7 in=br0; v8 vlan on=eth0 vid=8 in=br0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 2 v7 vlan transit in, 2 v8 vlan transit in, 2 br0 bridge switch partly, "
	     "3 tap0 tap backend out, 4 guest", "", {0}},
	{"a NIC plugged in itself and by its VLAN stands at the longer way's place",
	 "br0 bridge; eth0 nic in=br0; v7 vlan on=eth0 vid=7 in=br0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 2 v7 vlan transit in, 2 br0 bridge switch partly, 3 tap0 tap backend out, 4 guest", "", {0}},
	{"VLAN whose NIC is in another namespace", "br0 bridge; v7 vlan outside vid=7 in=br0; tap0 tap in=br0", TAP,
	 NET "1 v7 vlan uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"tunnel", "br0 bridge; vx0 vxlan in=br0 mtu=1450; tap0 tap in=br0 mtu=1450", TAP,
	 NET "1 vx0 vxlan uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"tunnel bound to a NIC", "br0 bridge; eth0 nic; vx0 vxlan in=br0 over=eth0 vni=42; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in vni=42, 2 vx0 vxlan transit in, 2 br0 bridge switch partly, 3 tap0 tap backend out, 4 guest", "", {0}},
	{"tunnel over a VLAN of a bond: the tags are the outer frame's",
	 "br0 bridge; bond0 bond; eth0 nic in=bond0; v7 vlan on=bond0 vid=7; vx0 vxlan in=br0 over=v7 vni=42; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in vni=42, 2 bond0 bond transit in vni=42, 3 v7 vlan transit in vni=42, 4 vx0 vxlan transit in, "
	     "4 br0 bridge switch partly, 5 tap0 tap backend out, 6 guest", "", {0}},
	{"tunnel bound to a port of a switch: that carries no packets of the host",
	 "br0 bridge; br1 bridge; eth0 nic in=br1; vx0 vxlan in=br0 over=eth0 vni=42; tap0 tap in=br0", TAP,
	 NET "1 vx0 vxlan uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"tunnel over another bridge, where the host has its address",
	 "br0 bridge; br1 bridge; eth0 nic in=br1; vx0 vxlan in=br0 over=br1 vni=42; tap0 tap in=br0", TAP,
	 NET "1 br1 bridge uplink in vni=42, 2 vx0 vxlan transit in, 2 br0 bridge switch partly, 3 tap0 tap backend out, 4 guest", "", {0}},
	{"two tunnels over one NIC: one is looked into",
	 "br0 bridge; eth0 nic; vx0 vxlan in=br0 over=eth0 vni=42; vx1 vxlan in=br0 over=eth0 vni=43; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in vni=42, 2 vx0 vxlan transit in, 2 vx1 vxlan uplink in, 2 br0 bridge switch partly, "
	     "3 tap0 tap backend out, 4 guest", "", {0}},
	{"tunnel in a tunnel: the outer one's device is the last",
	 "br0 bridge; eth0 nic; vx1 vxlan over=eth0 vni=43; vx0 vxlan in=br0 over=vx1 vni=42; tap0 tap in=br0", TAP,
	 NET "1 vx0 vxlan uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"tunnel of a kind without handler", "br0 bridge; gen0 geneve in=br0; tap0 tap in=br0", TAP,
	 NET "1 gen0 other uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"other guests are peers, with their owner; a down one is none",
	 "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; tap1 tap in=br0; tap2 tap in=br0; old tap in=br0 down", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 1 tap1 tap peer in owner=db02, 1 tap2 tap peer in, "
	     "2 tap0 tap backend out, 3 guest", "",
	 {.owners = (const struct vmp_path_owner[]){{"tap1", "db02", {{2}}}, {"tap9", "x", {{2}}}}, .n_owners = 2}},
	{"eight peers at most, first the one that has the guest's MAC",
	 "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; a tap in=br0; b tap in=br0; c tap in=br0; d tap in=br0; e tap in=br0;"
	 "f tap in=br0; g tap in=br0; h tap in=br0; i tap in=br0; j tap in=br0; fdb j 52:54:00:00:00:01", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 1 j tap peer in, 1 a tap peer in, 1 b tap peer in, "
	     "1 c tap peer in, 1 d tap peer in, 1 e tap peer in, 1 f tap peer in, 1 g tap peer in, 2 tap0 tap backend out, 3 guest",
	 "other-ports-not-observed, mac-on-other-port@j", {0}},
	{"a port that leads nowhere is not observed, and that is told", "br0 bridge; eth0 nic in=br0; d0 dummy in=br0; tap0 tap in=br0",
	 TAP, NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "other-ports-not-observed", {0}},

	/* A second switch */
	{"Proxmox firewall bridge",
	 "br0 bridge; vm0 bridge; eth0 nic in=vm0; fwpr veth in=vm0; fwln veth in=br0 peer=fwpr; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 1 vm0 bridge transit unseen, 2 fwpr veth uplink out, 3 fwln veth transit in, "
	     "3 br0 bridge switch partly, 4 tap0 tap backend out, 5 guest", "", {0}},
	{"the second bridge puts the guest into a VLAN",
	 "br0 bridge; vm0 bridge filtering; eth0 nic in=vm0 vid=7; fwpr veth in=vm0 pvid=7; fwln veth in=br0 peer=fwpr;"
	 "tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in tag=7, 1 vm0 bridge transit unseen, 2 fwpr veth uplink out, 3 fwln veth transit in, "
	     "3 br0 bridge switch partly, 4 tap0 tap backend out, 5 guest", "", {0}},
	{"OpenStack hybrid: a bridge before Open vSwitch",
	 "qbr bridge; ovs-system ovs; br-int ovs in=ovs-system; eth0 nic in=ovs-system; qvo veth in=ovs-system;"
	 "qvb veth in=qbr peer=qvo; tap0 tap in=qbr", "bridge target=tap0 bridge=qbr",
	 NET "1 eth0 nic uplink in, 1 ovs-system ovs transit unseen, 2 qvo veth uplink out, 3 qvb veth transit in, "
	     "3 qbr bridge switch partly, 4 tap0 tap backend out, 5 guest", "", {0}},
	{"two bridges joined twice do not loop",
	 "br0 bridge; br1 bridge; a0 veth in=br0; a1 veth in=br1 peer=a0; b0 veth in=br0; b1 veth in=br1 peer=b0; eth0 nic in=br1;"
	 "tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 1 br1 bridge transit unseen, 2 a1 veth uplink out, 3 a0 veth transit in, "
	     "3 br0 bridge switch partly, 3 b0 veth peer in, 4 tap0 tap backend out, 5 guest", "", {0}},
	{"a second bridge that leads nowhere is no way out",
	 "br0 bridge; br1 bridge; a0 veth in=br0; a1 veth in=br1 peer=a0; eth0 nic in=br0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 1 a0 veth peer in, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"VLAN device on a bridge, in a bridge",
	 "vm0 bridge; eth0 nic in=vm0; v7 vlan on=vm0 vid=7; br0 bridge", "bridge target=tap0 bridge=br0",
	 NET "1 br0 bridge switch partly, 2 guest", "backend-missing, no-uplink@br0", {0}},
	{"VLAN device on a bridge", "vm0 bridge; eth0 nic in=vm0; br0 bridge; v7 vlan on=vm0 vid=7 in=br0; tap0 tap in=br0", TAP,
	 NET "1 eth0 nic uplink in, 2 vm0 bridge uplink in tag=7, 3 v7 vlan transit in, 3 br0 bridge switch partly, "
	     "4 tap0 tap backend out, 5 guest", "", {0}},

	/* VLAN filtering */
	{"guest in a VLAN that leaves tagged", "br0 bridge filtering; eth0 nic in=br0 vid=7; tap0 tap in=br0 pvid=7", TAP,
	 NET "1 eth0 nic uplink in tag=7, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"guest in a VLAN that leaves untagged", "br0 bridge filtering; eth0 nic in=br0 pvid=7; tap0 tap in=br0 pvid=7", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"a guest that has tagged VLANs besides has no one tag",
	 "br0 bridge filtering; eth0 nic in=br0 vid=7 vid=8; tap0 tap in=br0 pvid=7 vid=8", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"only the uplink with the guest's VLAN is one",
	 "br0 bridge filtering; eth0 nic in=br0 vid=7; eth1 nic in=br0 vid=9; tap0 tap in=br0 pvid=7", TAP,
	 NET "1 eth0 nic uplink in tag=7, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest",
	 "other-ports-not-observed", {0}},
	{"no uplink has the guest's VLAN", "br0 bridge filtering; eth0 nic in=br0 vid=9; tap0 tap in=br0 pvid=7", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "guest-vlan-missing@eth0", {0}},
	{"the guest's port has no VLAN for untagged frames", "br0 bridge filtering; eth0 nic in=br0 vid=9; tap0 tap in=br0 vid=9", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "guest-vlan-missing@tap0", {0}},

	/* macvtap */
	{"macvtap", "eth0 nic; mv0 macvtap on=eth0 mac=52:54:00:00:00:01; mv1 macvtap on=eth0", "direct target=mv0 source=eth0",
	 NET "1 eth0 nic uplink in, 2 mv0 macvtap backend in, 3 guest", "", {0}},
	{"macvtap on a VLAN on a bond",
	 "bond0 bond mode=4; eth0 nic in=bond0; eth1 nic in=bond0; v7 vlan on=bond0 vid=7; mv0 macvtap on=v7 mac=52:54:00:00:00:01",
	 "direct target=mv0 source=v7",
	 NET "1 eth0 nic uplink in tag=7, 1 eth1 nic uplink in tag=7, 2 bond0 bond transit in tag=7, 3 v7 vlan transit in, "
	     "4 mv0 macvtap backend in, 5 guest", "", {0}},
	{"macvtap from another namespace", "mv0 macvtap outside mac=52:54:00:00:00:01", "direct target=mv0 source=eth0",
	 NET "1 mv0 macvtap backend in, 2 guest", "no-uplink", {0}},
	{"macvtap with another MAC", "eth0 nic; mv0 macvtap on=eth0", "direct target=mv0 source=eth0",
	 NET "1 eth0 nic uplink in, 2 mv0 macvtap backend in, 3 guest", "macvtap-mac-differs@mv0", {0}},
	{"macvtap that is not there", "eth0 nic", "direct target=mv0 source=eth0",
	 NET "1 eth0 nic uplink in, 2 guest", "backend-missing", {0}},

	/* Open vSwitch */
	{"Open vSwitch", "ovs-system ovs down nocarrier; ovsbr0 ovs in=ovs-system; eth0 nic in=ovs-system; tap0 tap in=ovs-system;"
	 "tap1 tap in=ovs-system", "bridge target=tap0 bridge=ovsbr0 vport=openvswitch",
	 NET "1 eth0 nic uplink in, 1 ovsbr0 ovs switch unseen, 1 tap1 tap peer in, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"Open vSwitch, a bond as its uplink, no bridge in the XML",
	 "ovs-system ovs; bond0 bond in=ovs-system; eth0 nic in=bond0; tap0 tap in=ovs-system", "ethernet target=tap0",
	 NET "1 eth0 nic uplink in, 2 bond0 bond transit in, 2 ovs-system ovs switch unseen, 3 tap0 tap backend out, 4 guest", "", {0}},
	{"Open vSwitch where the XML says a bridge", "ovs-system ovs; eth0 nic in=ovs-system; tap0 tap in=ovs-system", TAP,
	 NET "1 eth0 nic uplink in, 1 ovs-system ovs switch unseen, 2 tap0 tap backend out, 3 guest", "wrong-master@tap0", {0}},

	/* Routed */
	{"NATed libvirt network",
	 "eth0 nic; virbr0 bridge; tap0 tap in=virbr0; tap1 tap in=virbr0; address virbr0 192.168.122.1/24;"
	 "route 0.0.0.0/0 dev eth0; set forward", "network target=tap0 bridge=virbr0",
	 NET "1 eth0 nic uplink in, 2 host, 3 virbr0 bridge switch out, 3 tap1 tap peer in, 4 tap0 tap backend out, 5 guest", "",
	 {.nat = true}},
	{"the same from a file, without libvirt's word for it",
	 "eth0 nic; virbr0 bridge; tap0 tap in=virbr0; address virbr0 192.168.122.1/24; route 0.0.0.0/0 dev eth0; set forward",
	 "bridge target=tap0 bridge=virbr0",
	 NET "1 eth0 nic uplink in, 2 host, 3 virbr0 bridge switch out, 4 tap0 tap backend out, 5 guest", "", {0}},
	{"a container on the NATed network is a peer",
	 "eth0 nic; virbr0 bridge; tap0 tap in=virbr0; c0 veth in=virbr0 outside; address virbr0 192.168.122.1/24;"
	 "route 0.0.0.0/0 dev eth0; set forward", "network target=tap0 bridge=virbr0",
	 NET "1 eth0 nic uplink in, 2 host, 3 virbr0 bridge switch out, 3 c0 veth peer in, 4 tap0 tap backend out, 5 guest", "",
	 {.nat = true}},
	{"routing is off", "eth0 nic; virbr0 bridge; tap0 tap in=virbr0; address virbr0 192.168.122.1/24; route 0.0.0.0/0 dev eth0",
	 "network target=tap0 bridge=virbr0",
	 NET "1 eth0 nic uplink in, 2 host, 3 virbr0 bridge switch out, 4 tap0 tap backend out, 5 guest", "ip-forward-off",
	 {.routed = true}},
	{"the smaller metric is the default route, and IPv4 before IPv6",
	 "eth0 nic; eth1 nic; virbr0 bridge; tap0 tap in=virbr0; address virbr0 10.0.0.1/24; route ::/0 dev eth0;"
	 "route 0.0.0.0/0 dev eth0 metric=200; route 0.0.0.0/0 dev eth1 metric=100; set forward", "network target=tap0 bridge=virbr0",
	 NET "1 eth1 nic uplink in, 1 eth0 nic uplink in, 2 host, 3 virbr0 bridge switch out, 4 tap0 tap backend out, 5 guest", "", {.nat = true}},
	{"a tap with a route of its own (Calico)",
	 "eth0 nic; tap0 tap; route 0.0.0.0/0 dev eth0; route 192.0.2.10/32 dev tap0; set forward", "ethernet target=tap0",
	 NET "1 eth0 nic routed unseen, 2 host, 3 tap0 tap backend out, 4 guest", "", {0}},
	{"libvirt network that stays on the host", "virbr1 bridge; tap0 tap in=virbr1; address virbr1 10.0.0.1/24; set forward",
	 "network target=tap0 bridge=virbr1", NET "1 virbr1 bridge switch partly, 2 tap0 tap backend out, 3 guest",
	 "isolated-network@virbr1", {.isolated = true}},
	{"the host's own default route leads to a bridge that lost its NIC",
	 "eth0 nic; br0 bridge; tap0 tap in=br0; address br0 192.0.2.2/24; route 0.0.0.0/0 dev br0; set forward", TAP,
	 NET "1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "no-uplink@br0", {0}},
	{"a link-local address makes no router", "br0 bridge; tap0 tap in=br0; address br0 fe80::1/64; set forward", TAP,
	 NET "1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "no-uplink@br0", {0}},

	/* Xen */
	{"Xen netback", "br0 bridge; eth0 nic in=br0; vif1.0 vif in=br0; vif2.0 vif in=br0", "bridge target=vif1.0 bridge=br0",
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 1 vif2.0 vif peer in, 2 vif1.0 vif backend out, 3 guest", "", {0}},
	{"Xen with the emulated twin: the bridge tells which lives",
	 "br0 bridge; eth0 nic in=br0; vif1.0 vif in=br0; vif1.0-emu tap in=br0; fdb vif1.0-emu 52:54:00:00:00:01",
	 "bridge target=vif1.0 bridge=br0",
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 vif1.0-emu tap backend out, 3 guest", "other-ports-not-observed", {0}},
	{"Xen with the emulated twin at rest",
	 "br0 bridge; eth0 nic in=br0; vif1.0 vif in=br0; vif1.0-emu tap in=br0; fdb vif1.0 52:54:00:00:00:01",
	 "bridge target=vif1.0 bridge=br0",
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 vif1.0 vif backend out, 3 guest", "other-ports-not-observed", {0}},

	/* What is not as it should be */
	{"no backend", "br0 bridge; eth0 nic in=br0", TAP, NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 guest",
	 "backend-missing", {0}},
	{"nothing at all", "", TAP, "0 network, 1 guest", "backend-missing", {0}},
	{"no device by its type", "eth0 nic", "hostdev why=vfio", "0 network, 1 guest", "no-host-device", {0}},
	{"guest is off", "br0 bridge; eth0 nic in=br0", "bridge bridge=br0; off",
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 guest", "guest-not-running", {0}},
	{"tap in no bridge: what the bridge gets is still shown", "br0 bridge; eth0 nic in=br0; tap0 tap", TAP,
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "no-master@tap0", {0}},
	{"tap in no bridge, and the bridge is not there", "tap0 tap", TAP, NET "1 tap0 tap backend out, 2 guest", "no-master@tap0", {0}},
	{"tap that nobody plugged in", "eth0 nic; tap0 tap", "ethernet target=tap0", NET "1 tap0 tap backend out, 2 guest",
	 "no-master@tap0", {0}},
	{"the XML names the bridge by another name of it", "br0 bridge altname=lan-of-the-lab; eth0 nic in=br0; tap0 tap in=br0",
	 "bridge target=tap0 bridge=lan-of-the-lab",
	 NET "1 eth0 nic uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest", "", {0}},
	{"tap in the wrong bridge: the kernel is right", "br0 bridge; br1 bridge; eth0 nic in=br0; eth1 nic in=br1; tap0 tap in=br1", TAP,
	 NET "1 eth1 nic uplink in, 1 br1 bridge switch partly, 2 tap0 tap backend out, 3 guest", "wrong-master@tap0", {0}},
	{"tap in a VRF",
	 "vrf0 vrf; tap0 tap in=vrf0; route 192.0.2.10/32 dev tap0; route 0.0.0.0/0 dev vrf0 table=7; set forward",
	 "ethernet target=tap0",
	 NET "1 host, 2 tap0 tap backend out, 3 guest", "", {0}},
};

static void gives(void **state)
{
	const struct topology *topology = *state;
	struct vmp_host host = world_host(topology->host);
	struct vmp_guest guest = world_guest(topology->guest);
	struct vmp_path path;
	struct vmp_err err = {0};
	char *hops, *facts;

	assert_int_equal(vmp_path_build(&guest, 0, &host, &topology->hints, &path, &err), 0);
	hops = world_hops(&path);
	facts = world_facts(&path);
	assert_string_equal(hops, topology->hops);
	assert_string_equal(facts, topology->facts);
	free(hops);
	free(facts);
	vmp_path_clear(&path);
	vmp_guest_clear(&guest);
	vmp_host_clear(&host);
}

enum { TOPOLOGIES = sizeof(topologies) / sizeof(*topologies) };

/* What is not looked into is told, by its kind. */
static void tunnels_not_looked_into(void **state)
{
	static const struct {
		const char *host, *words;
	} cases[] = {
		{"br0 bridge; gen0 geneve in=br0; tap0 tap in=br0", "carry the tunnel of gen0: frames inside geneve are not looked for there"},
		{"br0 bridge; vx0 vxlan in=br0; tap0 tap in=br0", "carry the tunnel of vx0: frames inside this VXLAN are not looked for there"},
		{"br0 bridge; eth0 nic; vx0 vxlan in=br0 over=eth0 vni=42; tap0 tap in=br0", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_host host = world_host(cases[i].host);
		struct vmp_guest guest = world_guest(TAP);
		struct vmp_path path;
		struct vmp_err err = {0};

		assert_int_equal(vmp_path_build(&guest, 0, &host, NULL, &path, &err), 0);
		assert_int_equal(strstr(path.hops.v[0].why, cases[i].words ? cases[i].words : "tunnel") != NULL, cases[i].words != NULL);
		vmp_path_clear(&path);
		vmp_guest_clear(&guest);
		vmp_host_clear(&host);
	}
}

int main(void)
{
	struct CMUnitTest tests[TOPOLOGIES + 1] = {cmocka_unit_test(tunnels_not_looked_into)};

	for (size_t i = 0; i < TOPOLOGIES; i++)
		tests[i + 1] = (struct CMUnitTest){.name = topologies[i].name, .test_func = gives,
					       .initial_state = (void *)(uintptr_t)&topologies[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
