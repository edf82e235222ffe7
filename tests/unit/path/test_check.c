/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is already wrong, one fault at a time on a path that is otherwise sound; and what must not be called wrong. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TAP   "bridge target=tap0 bridge=br0"
#define GUEST "52:54:00:00:00:01"
#define NATED  "eth0 nic; tun0 tun; virbr0 bridge; tap0 tap in=virbr0; address virbr0 192.168.122.1/24; set forward"
#define ROUTED "network target=tap0 bridge=virbr0 ip=192.168.122.50"

static const struct vmp_path_owner twin[] = {{"tap0", "web01", {{0x52, 0x54, 0, 0, 0, 1}}}, {"tap1", "db02", {{0x52, 0x54, 0, 0, 0, 1}}}};

static const struct fault {
	const char *name, *host, *guest, *facts;
	struct vmp_path_hints hints;
} faults[] = {
	{"sound", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; fdb tap0 " GUEST "; fdb tap0 fe:54:00:00:00:01 local", TAP, "", {0}},
	{"link down in the XML", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0", TAP " down", "guest-link-down@tap0", {0}},

	/* Devices */
	{"backend down: its port is not called stopped besides", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 down state=disabled", TAP,
	 "backend-down@tap0", {0}},
	{"nobody has the tap open", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 nocarrier state=disabled", TAP, "no-carrier@tap0", {0}},
	{"bridge down: its ports are not called stopped besides",
	 "br0 bridge down; eth0 nic in=br0 state=disabled; tap0 tap in=br0 state=disabled", TAP, "bridge-down@br0", {0}},
	{"the only uplink down", "br0 bridge; eth0 nic in=br0 down; tap0 tap in=br0", TAP, "uplink-down@eth0", {0}},
	{"the only uplink without carrier", "br0 bridge; eth0 nic in=br0 nocarrier; tap0 tap in=br0", TAP, "no-carrier@eth0", {0}},
	{"one slave of two down", "br0 bridge; bond0 bond in=br0; eth0 nic in=bond0 down; eth1 nic in=bond0; tap0 tap in=br0", TAP,
	 "one-uplink-down@eth0", {0}},
	{"one slave of two without carrier",
	 "br0 bridge; bond0 bond in=br0; eth0 nic in=bond0; eth1 nic in=bond0 nocarrier; tap0 tap in=br0", TAP,
	 "one-uplink-no-carrier@eth1", {0}},
	{"both slaves and with them the bond",
	 "br0 bridge; bond0 bond in=br0 nocarrier; eth0 nic in=bond0 nocarrier; eth1 nic in=bond0 down; tap0 tap in=br0", TAP,
	 "no-carrier@eth0, uplink-down@eth1, no-carrier@bond0", {0}},
	{"the default route's device of a routed guest",
	 "eth0 nic down; virbr0 bridge; tap0 tap in=virbr0; route 0.0.0.0/0 dev eth0; set forward", "network target=tap0 bridge=virbr0",
	 "uplink-down@eth0", {.nat = true}},
	{"the datapath device of Open vSwitch may be down", "ovs-system ovs down; eth0 nic in=ovs-system; tap0 tap in=ovs-system",
	 "ethernet target=tap0", "", {0}},
	{"XDP on the NIC; not a peer's", "br0 bridge; eth0 nic in=br0 xdp; tap0 tap in=br0; tap1 tap in=br0 xdp", TAP,
	 "xdp-attached@eth0", {0}},
	{"br_netfilter", "br0 bridge nf; eth0 nic in=br0; tap0 tap in=br0", TAP, "bridge-nf-on@br0", {0}},

	{"the bridge answers ARP for a port", "br0 bridge; eth0 nic in=br0 suppress; tap0 tap in=br0", TAP, "neigh-suppress@br0", {0}},

	/* MTU */
	{"tap smaller than the NIC", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 mtu=1400", TAP, "mtu-smaller@tap0", {0}},
	{"NIC smaller than the tap", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 mtu=9000", TAP, "mtu-smaller@eth0", {0}},
	{"NIC larger than the VLAN on it is fine", "br0 bridge; eth0 nic mtu=9000; v7 vlan on=eth0 vid=7 in=br0; tap0 tap in=br0", TAP,
	 "", {0}},
	{"slave smaller than its bond", "br0 bridge; bond0 bond in=br0; eth0 nic in=bond0 mtu=1400; tap0 tap in=br0", TAP,
	 "mtu-smaller@eth0", {0}},
	{"tunnel smaller than the tap", "br0 bridge; vx0 vxlan in=br0 mtu=1450; tap0 tap in=br0", TAP, "mtu-smaller@vx0", {0}},
	{"the guest was told a larger MTU", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0", TAP " mtu=9000", "mtu-smaller@tap0", {0}},
	{"a bridge's own MTU does not limit what it forwards", "br0 bridge mtu=576; eth0 nic in=br0; tap0 tap in=br0", TAP, "", {0}},
	{"but it does where the host routes", "eth0 nic; virbr0 bridge mtu=9000; tap0 tap in=virbr0; route 0.0.0.0/0 dev eth0; set forward",
	 "network target=tap0 bridge=virbr0", "mtu-smaller@tap0", {.nat = true}},

	/* Routes */
	{"a routed guest with ways out and back",
	 NATED "; route 0.0.0.0/0 dev eth0; route 192.168.122.0/24 dev virbr0; route 192.168.0.0/16 dev tun0", ROUTED, "", {.nat = true}},
	{"no default route", NATED "; route 192.168.122.0/24 dev virbr0; route 10.0.0.0/8 dev eth0", ROUTED, "no-default-route",
	 {.nat = true}},
	{"a default route back into the guest's network is no way out", NATED "; route 0.0.0.0/0 dev virbr0", ROUTED, "no-default-route",
	 {.nat = true}},
	{"a default route in a table that a rule may choose", NATED "; route 192.168.122.0/24 dev virbr0; route 0.0.0.0/0 dev eth0 table=100",
	 ROUTED, "", {.nat = true}},
	{"two halves are a default route", NATED "; route 0.0.0.0/1 dev tun0; route 192.168.122.0/24 dev virbr0", ROUTED, "", {.nat = true}},
	{"routes that could not be read whole accuse nobody", NATED "; route 192.168.122.0/25 dev tun0; set torn=routes", ROUTED,
	 "dump-incomplete", {.nat = true}},
	{"a VPN's narrower route takes the guest's address",
	 NATED "; route 0.0.0.0/0 dev eth0; route 192.168.122.0/24 dev virbr0; route 192.168.122.0/25 dev tun0", ROUTED, "route-elsewhere",
	 {.nat = true}},
	{"that route in another table is not known to be asked",
	 NATED "; route 0.0.0.0/0 dev eth0; route 192.168.122.0/24 dev virbr0; route 192.168.122.0/25 dev tun0 table=100", ROUTED, "",
	 {.nat = true}},
	{"an address that is not of the bridge's network may be a claim", NATED "; route 0.0.0.0/0 dev eth0; route 192.168.122.0/24 dev virbr0",
	 "network target=tap0 bridge=virbr0 ip=192.0.2.53 ip=169.254.7.7", "", {.nat = true}},
	{"a bridge that is down has lost its routes",
	 "eth0 nic; virbr0 bridge down; tap0 tap in=virbr0; address virbr0 192.168.122.1/24; set forward; route 0.0.0.0/0 dev eth0", ROUTED,
	 "bridge-down@virbr0", {.nat = true}},
	{"routes are nothing to a bridged guest", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; address br0 192.0.2.1/24", TAP " ip=192.0.2.9",
	 "", {0}},

	/* Ports */
	{"port does not forward", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 state=listening", TAP, "port-not-forwarding@tap0", {0}},
	{"uplink port does not forward", "br0 bridge; eth0 nic in=br0 state=blocking; tap0 tap in=br0", TAP,
	 "port-not-forwarding@eth0", {0}},
	{"one of two uplink ports is kept out by spanning tree",
	 "br0 bridge; eth0 nic in=br0; eth1 nic in=br0 state=blocking; tap0 tap in=br0", TAP, "uplink-port-blocked@eth1", {0}},
	{"both ports isolated", "br0 bridge; eth0 nic in=br0 isolated; tap0 tap in=br0 isolated", TAP, "port-isolated@tap0", {0}},
	{"only the guest's port isolated", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 isolated", TAP, "port-isolated-alone@tap0", {0}},
	{"isolated from one uplink of two", "br0 bridge; eth0 nic in=br0 isolated; eth1 nic in=br0; tap0 tap in=br0 isolated", TAP,
	 "port-isolated-alone@tap0", {0}},
	{"only the uplink isolated", "br0 bridge; eth0 nic in=br0 isolated; tap0 tap in=br0", TAP, "", {0}},
	{"not flooded and not known", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 noflood", TAP, "flood-off@tap0", {0}},
	{"not flooded but known", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 noflood; fdb tap0 " GUEST " static", TAP, "", {0}},
	{"not flooded, and the FDB could not be read", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 noflood; set torn=fdb", TAP,
	 "dump-incomplete", {0}},
	{"no broadcasts, no multicasts", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 nobcast nomcast", TAP,
	 "broadcast-off@tap0, multicast-off@tap0", {0}},
	{"locked", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 locked", TAP, "port-locked@tap0", {0}},
	{"VLAN tables that could not be read whole accuse nobody",
	 "br0 bridge filtering; eth0 nic in=br0; tap0 tap in=br0; set torn=links", TAP, "dump-incomplete", {0}},

	/* MACs */
	{"learned on the uplink", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; fdb eth0 " GUEST, TAP, "mac-on-other-port@eth0", {0}},
	{"learned on the uplink in another VLAN",
	 "br0 bridge filtering; eth0 nic in=br0 vid=7 vid=8; tap0 tap in=br0 pvid=7; fdb eth0 " GUEST " vlan=8; fdb tap0 " GUEST " vlan=7",
	 TAP, "", {0}},
	{"in a device's own list", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; fdb eth0 " GUEST " own", TAP, "", {0}},
	{"on another bridge", "br0 bridge; br1 bridge; eth0 nic in=br0; tap0 tap in=br0; eth1 nic in=br1; fdb eth1 " GUEST, TAP, "", {0}},
	{"local by the FDB", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; fdb tap0 " GUEST " local", TAP, "mac-local@br0", {0}},
	{"the bridge's own", "br0 bridge mac=" GUEST "; eth0 nic in=br0; tap0 tap in=br0", TAP, "mac-local@br0", {0}},
	{"the tap's own", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0 mac=" GUEST, TAP, "mac-local@br0", {0}},
	{"a macvtap has the guest's MAC by design", "eth0 nic; mv0 macvtap on=eth0 mac=" GUEST, "direct target=mv0 source=eth0", "", {0}},
	{"two guests with one MAC in one bridge", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; tap1 tap in=br0", TAP,
	 "duplicate-mac@tap0", {.owners = twin, .n_owners = 2}},
	{"two guests with one MAC in two bridges", "br0 bridge; br1 bridge; eth0 nic in=br0; tap0 tap in=br0; tap1 tap in=br1", TAP, "",
	 {.owners = twin, .n_owners = 2}},
	{"two interfaces of one guest with one MAC in one bridge", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; tap1 tap in=br0",
	 TAP ";bridge target=tap1 bridge=br0", "duplicate-mac@tap0", {0}},
	{"without a MAC nothing is said about it", "br0 bridge; eth0 nic in=br0; tap0 tap in=br0; fdb eth0 00:00:00:00:00:00",
	 "bridge target=tap0 bridge=br0 nomac mac=00:00:00:00:00:00", "", {0}},
};

static void tells(void **state)
{
	const struct fault *fault = *state;
	struct vmp_host host = world_host(fault->host);
	struct vmp_guest guest = world_guest(fault->guest);
	struct vmp_path path;
	struct vmp_err err = {0};
	char *facts;

	assert_int_equal(vmp_path_build(&guest, 0, &host, &fault->hints, &path, &err), 0);
	facts = world_facts(&path);
	assert_string_equal(facts, fault->facts);
	free(facts);
	vmp_path_clear(&path);
	vmp_guest_clear(&guest);
	vmp_host_clear(&host);
}

/* Homes and the host's own MACs, as the matcher needs them. */
static void homes(void **state)
{
	struct vmp_host host = world_host("br0 bridge mac=02:00:00:00:00:aa; eth0 nic in=br0; tap0 tap in=br0; d0 dummy in=br0;"
					  "fdb tap0 " GUEST "; fdb eth0 02:00:00:00:00:01; fdb d0 02:00:00:00:00:02;"
					  "fdb tap0 fe:54:00:00:00:01 local; fdb br0 02:00:00:00:00:bb local; fdb eth0 33:33:00:00:00:01;"
					  "fdb eth0 02:00:00:00:00:03 own");
	struct vmp_guest guest = world_guest(TAP);
	struct vmp_path path;
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_path_build(&guest, 0, &host, NULL, &path, &err), 0);
	assert_int_equal(path.mode, VMP_PATH_BRIDGED);
	assert_int_equal(path.homes.n, 5);
	assert_int_equal(path.homes.v[0].hop, path.backend);
	assert_string_equal(path.hops.v[path.homes.v[1].hop].name, "eth0");
	assert_int_equal(path.homes.v[2].hop, -1);
	assert_false(path.homes.v[2].local);
	assert_true(path.homes.v[3].local && path.homes.v[4].local);
	assert_int_equal(path.homes.v[4].hop, path.switch_hop);
	assert_int_equal(path.host_macs.n, 3);
	vmp_path_clear(&path);
	vmp_guest_clear(&guest);
	vmp_host_clear(&host);
}

enum { FAULTS = sizeof(faults) / sizeof(*faults) };

int main(void)
{
	struct CMUnitTest tests[FAULTS + 1] = {0};

	for (size_t i = 0; i < FAULTS; i++)
		tests[i] = (struct CMUnitTest){.name = faults[i].name, .test_func = tells,
					       .initial_state = (void *)(uintptr_t)&faults[i]};
	tests[FAULTS] = (struct CMUnitTest)cmocka_unit_test(homes);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
