/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parsers make of kernels' own answers: tests/data/host/scenes tells what was built there. */
#include "recorded.h"

#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_host plain, stacked, ovs;

static const struct vmp_link *named(const struct vmp_host *host, const char *name)
{
	const struct vmp_link *link = vmp_host_link_named(host, name);

	if (!link)
		fail_msg("no link %s", name);
	return link;
}

static struct vmp_mac mac(const char *text)
{
	struct vmp_mac parsed;

	assert_int_equal(vmp_mac_parse(text, &parsed), 0);
	return parsed;
}

static void kinds(void **state)
{
	static const struct {
		const struct vmp_host *host;
		const char *name;
		enum vmp_link_kind kind;
	} links[] = {
		{&plain, "lo", VMP_LINK_LOOPBACK}, {&plain, "br0", VMP_LINK_BRIDGE},    {&plain, "eth0", VMP_LINK_VETH},
		{&plain, "tap0", VMP_LINK_TAP},    {&plain, "tun0", VMP_LINK_TUN},      {&plain, "vx0", VMP_LINK_VXLAN},
		{&plain, "mv0", VMP_LINK_MACVTAP}, {&plain, "ml0", VMP_LINK_MACVLAN},   {&stacked, "bond0", VMP_LINK_BOND},
		{&stacked, "bond0.100", VMP_LINK_VLAN}, {&stacked, "team0", VMP_LINK_TEAM}, {&stacked, "gen0", VMP_LINK_OTHER},
		{&stacked, "dum0", VMP_LINK_OTHER}, {&ovs, "ovs-system", VMP_LINK_OVS}, {&ovs, "ovsbr0", VMP_LINK_OVS},
		{&ovs, "tap0", VMP_LINK_TAP},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (named(links[i].host, links[i].name)->kind != links[i].kind)
			fail_msg("%s is a %s", links[i].name, vmp_link_kind_name(named(links[i].host, links[i].name)->kind));
	assert_string_equal(named(&stacked, "gen0")->kind_name, "geneve");
}

static void common_members(void **state)
{
	const struct vmp_link *tap = named(&plain, "tap0"), *eth = named(&plain, "eth0"), *br = named(&plain, "br0");

	(void)state;
	assert_int_equal(tap->mtu, 1400);
	assert_int_equal(tap->txqueuelen, 500);
	assert_int_equal(tap->master, br->ifindex);
	assert_false(tap->admin_up);
	assert_true(eth->admin_up);
	assert_true(eth->carrier);
	assert_true(eth->promisc);
	assert_false(br->promisc);
	assert_int_equal(br->master, 0);
	assert_int_equal(named(&plain, "lo")->mtu, 65536);
	assert_true(eth->stats.tx_packets > 0);
	assert_true(eth->stats.tx_bytes >= eth->stats.tx_packets * 14);
	assert_false(eth->has_xdp);
}

static void lower_devices(void **state)
{
	const struct vmp_link *eth = named(&plain, "eth0");

	(void)state;
	assert_true(eth->has_lower && eth->lower_elsewhere);
	assert_true(named(&plain, "fwln")->has_lower);
	assert_false(named(&plain, "fwln")->lower_elsewhere);
	assert_int_equal(named(&plain, "fwln")->lower, named(&plain, "fwpr")->ifindex);
	assert_int_equal(named(&plain, "mv0")->lower, named(&plain, "low0")->ifindex);
	assert_int_equal(named(&stacked, "bond0.100")->lower, named(&stacked, "bond0")->ifindex);
	assert_false(named(&plain, "br0")->has_lower);
}

static void bridge_and_ports(void **state)
{
	const struct vmp_link *tap = named(&plain, "tap0"), *eth = named(&plain, "eth0");

	(void)state;
	assert_true(named(&plain, "br0")->stp);
	assert_false(named(&plain, "br0")->mcast_snooping);
	assert_false(named(&plain, "br1")->stp);
	assert_true(named(&plain, "br1")->mcast_snooping);
	assert_string_equal(tap->slave_kind, "bridge");
	assert_true(tap->has_port);
	assert_int_equal(tap->port.state, VMP_PORT_DISABLED);
	assert_true(tap->port.isolated && tap->port.hairpin && !tap->port.learning && tap->port.flood && tap->port.bcast_flood);
	assert_true(eth->has_port && !eth->port.isolated && !eth->port.hairpin && eth->port.learning);
	/* Spanning tree had only just begun when this was recorded. */
	assert_true(eth->port.state == VMP_PORT_LISTENING || eth->port.state == VMP_PORT_LEARNING);
	assert_int_equal(named(&plain, "fwpr")->port.state, VMP_PORT_FORWARDING);
	assert_false(named(&plain, "br0")->has_port);
	assert_int_equal(eth->vlans.n, 0);
}

static void per_kind(void **state)
{
	const struct vmp_link *tap = named(&plain, "tap0"), *bond = named(&stacked, "bond0");

	(void)state;
	assert_true(tap->tun_vnet_hdr && tap->tun_multi_queue && tap->tun_persist);
	assert_false(named(&stacked, "tap0")->tun_vnet_hdr);
	assert_int_equal(named(&plain, "vx0")->vni, 42);
	assert_int_equal(named(&plain, "vx0")->vxlan_port, 4789);
	assert_int_equal(named(&plain, "vx0")->vxlan_lower, named(&plain, "eth0")->ifindex);
	assert_int_equal(named(&plain, "vx0")->vxlan_remote.family, 4);
	assert_int_equal(named(&plain, "vx0")->vxlan_remote.b[3], 1);
	assert_false(named(&plain, "vx0")->vxlan_external);
	assert_true(named(&plain, "vx1")->vxlan_external);
	assert_int_equal(named(&plain, "mv0")->macvlan_mode, 2);
	assert_int_equal(named(&plain, "ml0")->macvlan_mode, 1);
	assert_int_equal(named(&stacked, "bond0.100")->vlan_id, 100);
	assert_true(bond->has_bond_mode);
	assert_int_equal(bond->bond_mode, 1);
	assert_int_equal(bond->bond_active, named(&stacked, "eth0")->ifindex);
	assert_string_equal(named(&stacked, "eth1")->slave_kind, "bond");
	assert_string_equal(named(&ovs, "tap0")->slave_kind, "openvswitch");
	assert_int_equal(named(&ovs, "tap0")->master, named(&ovs, "ovs-system")->ifindex);
}

static void vlan_table(void **state)
{
	static const struct vmp_link_vlan trunk[] = {{10, false, false}, {11, false, false}, {12, false, false}, {100, false, false}};
	const struct vmp_link *dum = named(&stacked, "dum0"), *tap = named(&stacked, "tap1"), *br = named(&stacked, "br1");

	(void)state;
	assert_true(br->vlan_filtering);
	assert_false(named(&stacked, "br0")->vlan_filtering);
	assert_int_equal(dum->vlans.n, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(dum->vlans.v[i].vid, trunk[i].vid);
		assert_false(dum->vlans.v[i].pvid || dum->vlans.v[i].untagged);
	}
	assert_int_equal(tap->vlans.n, 1);
	assert_true(tap->vlans.v[0].vid == 100 && tap->vlans.v[0].pvid && tap->vlans.v[0].untagged);
	assert_int_equal(br->vlans.n, 1);
	assert_int_equal(named(&stacked, "gen0")->vlans.n, 0);
}

static const struct vmp_fdb *find_fdb(const struct vmp_host *host, const char *port, const char *address)
{
	struct vmp_mac wanted = mac(address);

	vmp_vec_foreach (fdb, &host->fdb)
		if (fdb->port == named(host, port)->ifindex && vmp_mac_equal(&fdb->mac, &wanted))
			return fdb;
	return NULL;
}

static void forwarding_tables(void **state)
{
	const struct vmp_fdb *fdb = find_fdb(&plain, "tap0", "52:54:00:00:00:01");

	(void)state;
	assert_non_null(fdb);
	assert_true(fdb->is_static && !fdb->local && !fdb->own && !fdb->has_vlan);
	assert_int_equal(fdb->bridge, named(&plain, "br0")->ifindex);
	fdb = find_fdb(&plain, "tap0", "52:54:00:00:00:77");
	assert_non_null(fdb);
	assert_true(fdb->local && !fdb->own);
	/* The tunnel's own list is no bridge's. */
	fdb = find_fdb(&plain, "vx0", "00:00:00:00:00:00");
	assert_non_null(fdb);
	assert_true(fdb->own && !fdb->local);
	fdb = find_fdb(&stacked, "tap1", "52:54:00:00:00:01");
	assert_non_null(fdb);
	assert_true(fdb->has_vlan);
	assert_int_equal(fdb->vlan, 100);
}

static const struct vmp_route *find_route(const char *dst, uint8_t len)
{
	struct vmp_ip ip;

	assert_int_equal(vmp_ip_parse(dst, &ip), 0);
	vmp_vec_foreach (route, &plain.routes)
		if (vmp_ip_equal(&route->dst, &ip) && route->prefix_len == len)
			return route;
	fail_msg("no route %s", dst);
	return NULL;
}

static void routes(void **state)
{
	const struct vmp_route *route = find_route("0.0.0.0", 0);
	char text[VMP_IP_STRLEN];

	(void)state;
	assert_int_equal(route->oif, named(&plain, "br0")->ifindex);
	assert_int_equal(route->metric, 7);
	assert_int_equal(route->table, RT_TABLE_MAIN);
	assert_int_equal(route->type, RTN_UNICAST);
	assert_true(route->has_gateway);
	assert_string_equal(vmp_ip_format(&route->gateway, text), "10.9.0.254");
	route = find_route("203.0.113.0", 24);
	assert_int_equal(route->type, RTN_BLACKHOLE);
	assert_int_equal(route->oif, 0);
	assert_false(route->has_gateway);
	route = find_route("198.51.100.0", 24);
	assert_int_equal(route->oif, named(&plain, "br0")->ifindex);
	assert_string_equal(vmp_ip_format(&route->gateway, text), "10.9.0.253");
	assert_int_equal(find_route("fd00::", 64)->oif, named(&plain, "br0")->ifindex);
}

static bool has_address(const char *device, const char *text, uint8_t len)
{
	struct vmp_ip ip;

	assert_int_equal(vmp_ip_parse(text, &ip), 0);
	vmp_vec_foreach (address, &plain.addresses)
		if (address->ifindex == named(&plain, device)->ifindex && vmp_ip_equal(&address->ip, &ip) && address->prefix_len == len)
			return true;
	return false;
}

static void addresses_and_neighbours(void **state)
{
	struct vmp_mac wanted = mac("52:54:00:00:00:01");
	size_t four = 0, six = 0;

	(void)state;
	assert_true(has_address("br0", "10.9.0.1", 24));
	assert_true(has_address("br0", "fd00::1", 64));
	/* Of a point-to-point pair the host's own end. */
	assert_true(has_address("low1", "10.8.0.1", 32));
	assert_false(has_address("low1", "10.8.0.2", 32));
	vmp_vec_foreach (neighbour, &plain.neighbours)
		if (neighbour->has_mac && vmp_mac_equal(&neighbour->mac, &wanted)) {
			assert_int_equal(neighbour->ifindex, named(&plain, "br0")->ifindex);
			four += neighbour->ip.family == 4;
			six += neighbour->ip.family == 6;
		}
	assert_int_equal(four, 1);
	assert_int_equal(six, 1);
}

static int read_all(void **state)
{
	(void)state;
	plain = recorded_host("plain.bin");
	stacked = recorded_host("stacked.bin");
	ovs = recorded_host("ovs.bin");
	return 0;
}

static int clear_all(void **state)
{
	(void)state;
	vmp_host_clear(&plain);
	vmp_host_clear(&stacked);
	vmp_host_clear(&ovs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),      cmocka_unit_test(common_members),    cmocka_unit_test(lower_devices),
		cmocka_unit_test(bridge_and_ports), cmocka_unit_test(per_kind),    cmocka_unit_test(vlan_table),
		cmocka_unit_test(forwarding_tables), cmocka_unit_test(routes),     cmocka_unit_test(addresses_and_neighbours),
	};

	return cmocka_run_group_tests(tests, read_all, clear_all);
}
