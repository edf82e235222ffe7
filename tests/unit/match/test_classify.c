/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every role, device direction and kind of MAC: what is such a frame, and where must it show up next? */
#include "world.h"

#include "match/classify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define ANY     VMP_EXPECT_ANY
#define NOWHERE VMP_EXPECT_NOWHERE

enum { G, P, W, H, O, ALL, GRP }; /* guest, peer, gateway, host, other, broadcast, multicast */

static const struct vmp_mac *const macs[] = {&mac_guest, &mac_peer, &mac_gateway, &mac_host, &mac_other, &mac_all, &mac_group};

enum { OWED = 1, UNOBSERVED = 2, REFLECTED = 4, FOREIGN = 8, MISADDRESSED = 16 };

static const struct frame_case {
	const char *what;
	unsigned int world;
	int hop;
	enum vmp_devdir devdir;
	int src, dst;
	enum vmp_sort sort;
	enum vmp_direction direction;
	int expect, next;
	unsigned int marks;
} cases[] = {
	/* uplink, received */
	{"to the guest", 0, ETH0, VMP_DEV_IN, W, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, OWED},
	{"to a peer", 0, ETH0, VMP_DEV_IN, W, P, VMP_SORT_STRAY, 0, NOWHERE, -1, 0},
	{"broadcast", 0, ETH0, VMP_DEV_IN, W, ALL, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, 0},
	{"multicast", 0, ETH0, VMP_DEV_IN, W, GRP, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, 0},
	{"reflected", 0, ETH0, VMP_DEV_IN, G, W, VMP_SORT_STRAY, 0, NOWHERE, -1, REFLECTED},
	{"reflected to all", 0, ETH0, VMP_DEV_IN, G, ALL, VMP_SORT_STRAY, 0, NOWHERE, -1, REFLECTED},
	{"the guest to itself from outside", 0, ETH0, VMP_DEV_IN, G, G, VMP_SORT_STRAY, 0, NOWHERE, -1, REFLECTED},
	/* uplink, sent */
	{"from the guest", 0, ETH0, VMP_DEV_OUT, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, OWED},
	{"from the guest to all", 0, ETH0, VMP_DEV_OUT, G, ALL, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, OWED},
	{"for the guest, leaving", 0, ETH0, VMP_DEV_OUT, P, G, VMP_SORT_ELSEWHERE, VMP_TO_GUEST, NOWHERE, -1, 0},
	{"a peer's", 0, ETH0, VMP_DEV_OUT, P, W, VMP_SORT_STRAY, 0, NOWHERE, -1, 0},
	/* bond: slaves, then the bond itself */
	{"slave", WORLD_BOND, ETH0, VMP_DEV_IN, W, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, BOND, BOND, OWED},
	{"inactive slave", WORLD_BOND, ETH1, VMP_DEV_IN, W, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, BOND, BOND, OWED},
	{"inactive slave, broadcast", WORLD_BOND, ETH1, VMP_DEV_IN, W, ALL, VMP_SORT_STRAY, 0, NOWHERE, -1, 0},
	{"bond", WORLD_BOND, BOND, VMP_DEV_IN, W, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, OWED},
	{"bond, sent", WORLD_BOND, BOND, VMP_DEV_OUT, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, OWED},
	{"slave, sent", WORLD_BOND, ETH1, VMP_DEV_OUT, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, OWED},
	{"guest over a bond", WORLD_BOND, TAP, VMP_DEV_IN, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, BOND, OWED},
	/* peer */
	{"peer to guest", 0, PEER, VMP_DEV_IN, P, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, OWED},
	{"peer to all", 0, PEER, VMP_DEV_IN, P, ALL, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, 0},
	{"peer to gateway", 0, PEER, VMP_DEV_IN, P, W, VMP_SORT_STRAY, 0, NOWHERE, -1, 0},
	{"peer with the guest's MAC", 0, PEER, VMP_DEV_IN, G, W, VMP_SORT_STRAY, 0, NOWHERE, -1, 0},
	{"guest to peer, arriving", 0, PEER, VMP_DEV_OUT, G, P, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, 0},
	{"guest to all, a copy", 0, PEER, VMP_DEV_OUT, G, ALL, VMP_SORT_COPY, VMP_FROM_GUEST, NOWHERE, -1, 0},
	{"for the guest, at a peer", 0, PEER, VMP_DEV_OUT, W, G, VMP_SORT_ELSEWHERE, VMP_TO_GUEST, NOWHERE, -1, 0},
	/* the switch's own device */
	{"host to guest", 0, BR0, VMP_DEV_OUT, H, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, OWED},
	{"host to all", 0, BR0, VMP_DEV_OUT, H, ALL, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, 0},
	{"guest to host, arriving", 0, BR0, VMP_DEV_IN, G, H, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, 0},
	{"guest to all, at the bridge", 0, BR0, VMP_DEV_IN, G, ALL, VMP_SORT_COPY, VMP_FROM_GUEST, NOWHERE, -1, 0},
	{"taken up by the host", 0, BR0, VMP_DEV_IN, W, G, VMP_SORT_ELSEWHERE, VMP_TO_GUEST, NOWHERE, -1, 0},
	{"promiscuous: a copy", WORLD_PROMISC, BR0, VMP_DEV_IN, W, G, VMP_SORT_COPY, VMP_TO_GUEST, NOWHERE, -1, 0},
	{"promiscuous: a copy out", WORLD_PROMISC, BR0, VMP_DEV_IN, G, W, VMP_SORT_COPY, VMP_FROM_GUEST, NOWHERE, -1, 0},
	{"routed: to the guest", WORLD_ROUTED, BR0, VMP_DEV_OUT, H, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, OWED},
	{"routed: from the guest", WORLD_ROUTED, BR0, VMP_DEV_IN, G, H, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, 0},
	{"routed: the network side", WORLD_ROUTED, ETH0, VMP_DEV_IN, W, G, VMP_SORT_STRAY, 0, NOWHERE, -1, 0},
	/* backend, to the guest */
	{"arriving", 0, TAP, VMP_DEV_OUT, W, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, NOWHERE, -1, 0},
	{"arriving, to all", 0, TAP, VMP_DEV_OUT, W, ALL, VMP_SORT_ON_PATH, VMP_TO_GUEST, NOWHERE, -1, 0},
	{"misaddressed", 0, TAP, VMP_DEV_OUT, W, P, VMP_SORT_STRAY, 0, NOWHERE, -1, MISADDRESSED},
	{"its own, come back", 0, TAP, VMP_DEV_OUT, G, ALL, VMP_SORT_STRAY, 0, NOWHERE, -1, 0},
	/* backend, from the guest */
	{"to the gateway", 0, TAP, VMP_DEV_IN, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, OWED},
	{"to a peer", 0, TAP, VMP_DEV_IN, G, P, VMP_SORT_ON_PATH, VMP_FROM_GUEST, PEER, PEER, OWED},
	{"to the host", 0, TAP, VMP_DEV_IN, G, H, VMP_SORT_ON_PATH, VMP_FROM_GUEST, BR0, BR0, OWED},
	{"to all", 0, TAP, VMP_DEV_IN, G, ALL, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, OWED},
	{"to some", 0, TAP, VMP_DEV_IN, G, GRP, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, 0},
	{"to an unknown one", 0, TAP, VMP_DEV_IN, G, O, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, OWED},
	{"to an unknown one, ports unobserved", WORLD_UNOBSERVED, TAP, VMP_DEV_IN, G, O, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0,
	 UNOBSERVED},
	{"to a known one, ports unobserved", WORLD_UNOBSERVED, TAP, VMP_DEV_IN, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, OWED},
	{"to itself", 0, TAP, VMP_DEV_IN, G, G, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, 0},
	{"foreign source", 0, TAP, VMP_DEV_IN, O, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, FOREIGN},
	/* macvtap: the other way round, and neighbours' frames come back as if received */
	{"macvtap to guest", WORLD_MACVTAP, TAP, VMP_DEV_IN, W, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, NOWHERE, -1, 0},
	{"macvtap from guest", WORLD_MACVTAP, TAP, VMP_DEV_OUT, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, OWED},
	{"macvtap re-injected", WORLD_MACVTAP, ETH0, VMP_DEV_IN, G, O, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, 0},
	/* Open vSwitch: its flows decide; what it never learned may go anywhere */
	{"ovs to guest", WORLD_OVS, ETH0, VMP_DEV_IN, W, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, OWED},
	{"ovs to a known one", WORLD_OVS, TAP, VMP_DEV_IN, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, OWED},
	{"ovs to an unknown one", WORLD_OVS, TAP, VMP_DEV_IN, G, O, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, UNOBSERVED},
	{"ovs to all", WORLD_OVS, TAP, VMP_DEV_IN, G, ALL, VMP_SORT_ON_PATH, VMP_FROM_GUEST, ANY, ETH0, 0},
	/* a foreign capture does not know directions: the MACs tell */
	{"unknown direction to guest", 0, ETH0, VMP_DEV_UNKNOWN, W, G, VMP_SORT_ON_PATH, VMP_TO_GUEST, TAP, TAP, OWED},
	{"unknown direction from guest", 0, ETH0, VMP_DEV_UNKNOWN, G, W, VMP_SORT_ON_PATH, VMP_FROM_GUEST, NOWHERE, -1, OWED},
	/* ends of the path are no devices */
	{"network", 0, NET, VMP_DEV_IN, W, G, VMP_SORT_STRAY, 0, NOWHERE, -1, 0},
};

struct setting {
	struct world world;
	struct vmp_homes *homes;
	struct vmp_class_context context;
};

static void set(struct setting *setting, unsigned int flags)
{
	static const struct vmp_hash_key key = {{1, 2}};

	memset(setting, 0, sizeof(*setting));
	world_init(&setting->world, flags);
	setting->homes = vmp_homes_new(&setting->world.path, &key);
	setting->context.path = &setting->world.path;
	setting->context.homes = setting->homes;
	setting->context.ports_unobserved = flags & WORLD_UNOBSERVED;
}

static void unset(struct setting *setting)
{
	vmp_homes_free(setting->homes);
	world_end(&setting->world);
}

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct frame_case *one = &cases[i];
		struct vmp_packet packet = udp(macs[one->src], macs[one->dst], 1);
		struct setting setting;
		struct vmp_class class;
		unsigned int marks;

		set(&setting, one->world);
		class = vmp_classify(&setting.context, one->hop, one->devdir, &packet);
		marks = (class.owed ? OWED : 0) | (class.unobserved ? UNOBSERVED : 0) | (class.reflected ? REFLECTED : 0) |
			(class.foreign_source ? FOREIGN : 0) | (class.misaddressed ? MISADDRESSED : 0);
		if (class.sort != one->sort || (class.sort != VMP_SORT_STRAY && class.direction != one->direction) ||
		    class.expect != one->expect || class.next != one->next || marks != one->marks)
			fail_msg("%s (%zu): sort %d direction %d expect %d next %d marks %u", one->what, i, class.sort, class.direction,
				 class.expect, class.next, marks);
		unset(&setting);
	}
}

static void not_ethernet(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1);
	struct setting setting;

	(void)state;
	set(&setting, 0);
	packet.flags = 0;
	assert_int_equal(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &packet).sort, VMP_SORT_STRAY);
	unset(&setting);
}

/* Group frames that are meant for the guest in particular. */
static void meant_for_the_guest(void **state)
{
	const struct vmp_ip addresses[2] = {ip4(0, 1), ip6(0, 1)};
	bool proven[2] = {false, false};
	struct vmp_ip perhaps = ip4(0, 9);
	struct vmp_packet arp = arp_request(&mac_gateway, ip4(0, 254), ip4(0, 1)), nd = udp(&mac_gateway, &mac_group, 1);
	struct vmp_packet dhcp = udp(&mac_gateway, &mac_all, 1);
	struct setting setting;
	struct vmp_class class;

	(void)state;
	set(&setting, 0);
	setting.context.addresses = addresses;
	setting.context.proven = proven;
	setting.context.n_addresses = 2;
	assert_true(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &arp).owed);
	arp.dst = ip4(0, 9);
	assert_false(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &arp).owed);
	setting.context.perhaps = &perhaps;
	assert_true(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &arp).owed);

	/* Neighbour solicitations go where the switch's snooping says: owed only when the guest surely has the address. */
	nd.flags = VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_ICMP6 | VMP_PKT_L4 | VMP_PKT_ND;
	nd.icmp_type = 135;
	nd.nd_target = ip6(0, 1);
	class = vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &nd);
	assert_true(!class.owed && class.unobserved);
	proven[1] = true;
	class = vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &nd);
	assert_true(class.owed && !class.unobserved);
	nd.icmp_type = 136;
	class = vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &nd);
	assert_true(!class.owed && !class.unobserved);

	dhcp.flags |= VMP_PKT_DHCP;
	dhcp.dhcp_mac = mac_guest;
	assert_true(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &dhcp).owed);
	dhcp.dhcp_mac = mac_peer;
	assert_false(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &dhcp).owed);

	/* In another VLAN the same address is somebody else's. */
	arp.vlan_count = 1;
	arp.vlan[0] = 30;
	assert_false(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &arp).owed);
	/* Where the bridge answers for others, it passes no questions on. */
	arp.vlan_count = 0;
	setting.context.switch_answers = true;
	assert_false(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &arp).owed);
	arp = arp_request(&mac_guest, ip4(0, 1), ip4(0, 254));
	assert_false(vmp_classify(&setting.context, TAP, VMP_DEV_IN, &arp).owed);
	unset(&setting);
}

static void wrong_tag(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1);
	struct setting setting;
	struct vmp_class class;

	(void)state;
	set(&setting, 0);
	setting.world.path.hops.v[ETH0].has_tag = true;
	setting.world.path.hops.v[ETH0].tag = 700;
	class = vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &packet);
	assert_true(class.wrong_tag && class.tag == 0);
	packet.vlan_count = 1;
	packet.vlan[0] = 701;
	class = vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &packet);
	assert_true(class.wrong_tag && class.owed && class.tag == 701);
	packet.vlan[0] = 700;
	assert_false(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &packet).wrong_tag);
	unset(&setting);
}

/* A hop that is not observed is passed over; where none is left, nothing is expected. */
static void unobserved_hops(void **state)
{
	struct vmp_packet in = udp(&mac_gateway, &mac_guest, 1), out = udp(&mac_guest, &mac_gateway, 2);
	struct vmp_packet to_peer = udp(&mac_guest, &mac_peer, 3), to_host = udp(&mac_guest, &mac_host, 4);
	struct setting setting;

	(void)state;
	set(&setting, WORLD_BOND);
	setting.world.path.hops.v[BOND].observed = VMP_OBSERVED_NO;
	assert_int_equal(vmp_classify(&setting.context, ETH0, VMP_DEV_IN, &in).expect, TAP);
	assert_int_equal(vmp_classify(&setting.context, TAP, VMP_DEV_IN, &out).next, ETH0);
	setting.world.path.hops.v[ETH0].observed = setting.world.path.hops.v[ETH1].observed = VMP_OBSERVED_NO;
	assert_int_equal(vmp_classify(&setting.context, TAP, VMP_DEV_IN, &out).expect, NOWHERE);
	setting.world.path.hops.v[PEER].observed = setting.world.path.hops.v[BR0].observed = VMP_OBSERVED_NO;
	assert_int_equal(vmp_classify(&setting.context, TAP, VMP_DEV_IN, &to_peer).expect, NOWHERE);
	assert_int_equal(vmp_classify(&setting.context, TAP, VMP_DEV_IN, &to_host).expect, NOWHERE);
	unset(&setting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),	   cmocka_unit_test(not_ethernet), cmocka_unit_test(meant_for_the_guest),
		cmocka_unit_test(wrong_tag),	   cmocka_unit_test(unobserved_hops),
	};

	return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
