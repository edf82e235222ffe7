/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that say why others fail: what is kept of them, and what must not be taken for it. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static struct world world;
static struct vmp_run run;

static int begin(void **state)
{
	(void)state;
	world_init(&world, 0);
	world_start(&world, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	world_clear_run(&run);
	world_end(&world);
	return 0;
}

static size_t count_signs(enum vmp_sign_kind kind)
{
	size_t n = 0;

	vmp_vec_foreach (sign, &run.signs)
		n += sign->kind == kind;
	return n;
}

/* The sign of this kind seen at this hop; fails when there is none. */
static const struct vmp_sign *sign_of(enum vmp_sign_kind kind, int hop)
{
	vmp_vec_foreach (sign, &run.signs)
		if (sign->kind == kind && sign->hop == hop)
			return sign;
	fail_msg("no sign %d at hop %d", (int)kind, hop);
	return NULL;
}

static uint64_t clock_ns = SEC;

/* A packet passes the host whole. */
static void to_guest(struct vmp_packet packet)
{
	clock_ns += 10 * MS;
	assert_int_equal(see(&world, ETH0, VMP_DEV_IN, clock_ns, &packet), 0);
	assert_int_equal(see(&world, TAP, VMP_DEV_OUT, clock_ns + US, &packet), 0);
}

static void from_guest(struct vmp_packet packet)
{
	clock_ns += 10 * MS;
	assert_int_equal(see(&world, TAP, VMP_DEV_IN, clock_ns, &packet), 0);
	assert_int_equal(see(&world, ETH0, VMP_DEV_OUT, clock_ns + US, &packet), 0);
}

static void report(void)
{
	world_report(&world, clock_ns + 10 * SEC, &run);
}

static struct vmp_packet icmp_error(uint8_t type, uint8_t code, uint16_t mtu)
{
	static uint16_t id;
	struct vmp_packet made = udp(&mac_gateway, &mac_guest, ++id);

	made.flags = VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_ICMP | VMP_PKT_L4 | VMP_PKT_QUOTE;
	made.proto = 1;
	made.icmp_type = type;
	made.icmp_code = code;
	made.icmp_seq = mtu;
	made.quoted_src = ip4(0, 1);
	made.quoted_dst = ip4(7, 7);
	made.quoted_proto = 17;
	made.quoted_dport = 53;
	return made;
}

static void errors(void **state)
{
	struct vmp_packet forged = icmp_error(3, 1, 0);

	(void)state;
	for (int i = 0; i < 3; i++)
		to_guest(icmp_error(3, 4, i == 1 ? 1300 : 1400));
	to_guest(icmp_error(11, 0, 0));
	forged.quoted_src = ip4(9, 9); /* of a packet that the one who gets this never sent */
	to_guest(forged);
	report();
	assert_int_equal(count_signs(VMP_SIGN_ICMP_ERROR), 4); /* two, each at two hops */
	assert_int_equal(sign_of(VMP_SIGN_ICMP_ERROR, ETH0)->packets, 3);
	assert_int_equal(sign_of(VMP_SIGN_ICMP_ERROR, TAP)->mtu, 1300);
	assert_int_equal(sign_of(VMP_SIGN_ICMP_ERROR, TAP)->port, 53);
	assert_int_equal(sign_of(VMP_SIGN_ICMP_ERROR, TAP)->direction, VMP_TO_GUEST);
}

static struct vmp_packet arp(const struct vmp_mac *who, struct vmp_ip ip)
{
	return arp_request(who, ip, ip4(0, 200));
}

static void duplicate_address(void **state)
{
	(void)state;
	to_guest(arp(&mac_other, ip4(0, 1))); /* not known to be the guest's yet */
	from_guest(arp(&mac_guest, ip4(0, 1)));
	to_guest(arp(&mac_other, ip4(0, 1)));
	from_guest(udp(&mac_guest, &mac_gateway, 1));
	from_guest(arp(&mac_guest, ip4(0, 1)));
	report();
	assert_int_equal(count_signs(VMP_SIGN_OTHER_OWNER), 1);
	assert_int_equal(sign_of(VMP_SIGN_OTHER_OWNER, ETH0)->packets, 1);
	assert_int_equal(sign_of(VMP_SIGN_OTHER_OWNER, ETH0)->again, 2);
	assert_true(vmp_mac_equal(&sign_of(VMP_SIGN_OTHER_OWNER, ETH0)->mac, &mac_other));
}

/* The guest has handed its address over: it is not two's. */
static void handed_over(void **state)
{
	(void)state;
	from_guest(arp(&mac_guest, ip4(0, 1)));
	to_guest(arp(&mac_other, ip4(0, 1)));
	report();
	assert_int_equal(sign_of(VMP_SIGN_OTHER_OWNER, ETH0)->again, 0);
}

/* A host that answers for the guest, other addresses, and the guest's own MAC mean nothing. */
static void no_duplicate(void **state)
{
	struct vmp_packet probe = arp(&mac_other, ip4(0, 1));

	(void)state;
	from_guest(arp(&mac_guest, ip4(0, 1)));
	to_guest(arp(&mac_host, ip4(0, 1)));
	to_guest(arp(&mac_other, ip4(0, 9)));
	memset(probe.src.b, 0, sizeof(probe.src.b)); /* RFC 5227: asks whether it is free */
	to_guest(probe);
	from_guest(udp(&mac_guest, &mac_gateway, 1));
	report();
	assert_int_equal(count_signs(VMP_SIGN_OTHER_OWNER), 0);
	assert_int_equal(count_signs(VMP_SIGN_TWO_OWNERS), 0);
}

static void two_owners(void **state)
{
	static const struct vmp_mac glbp1 = {{0x00, 0x07, 0xb4, 0, 1, 1}}, glbp2 = {{0x00, 0x07, 0xb4, 0, 1, 2}};

	(void)state;
	for (int i = 0; i < 3; i++) {
		to_guest(arp(&mac_gateway, ip4(0, 254)));
		to_guest(arp(&mac_other, ip4(0, 254)));
		to_guest(arp(&glbp1, ip4(0, 253)));
		to_guest(arp(&glbp2, ip4(0, 253)));
	}
	report();
	assert_int_equal(count_signs(VMP_SIGN_TWO_OWNERS), 1);
	assert_int_equal(sign_of(VMP_SIGN_TWO_OWNERS, ETH0)->packets, 3);
	assert_int_equal(sign_of(VMP_SIGN_TWO_OWNERS, ETH0)->again, 2);
}

/* Failover: one takes over from the other once and for all. */
static void taken_over(void **state)
{
	(void)state;
	to_guest(arp(&mac_gateway, ip4(0, 254)));
	for (int i = 0; i < 3; i++)
		to_guest(arp(&mac_other, ip4(0, 254)));
	report();
	assert_int_equal(sign_of(VMP_SIGN_TWO_OWNERS, ETH0)->again, 0);
}

static void wrong_mac(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_other, 1);

	(void)state;
	from_guest(arp(&mac_guest, ip4(0, 1)));
	packet.dst = ip4(0, 1);
	assert_int_equal(see(&world, TAP, VMP_DEV_OUT, clock_ns += MS, &packet), 0);
	packet.dst = ip4(0, 77); /* flooded, and somebody else's */
	assert_int_equal(see(&world, TAP, VMP_DEV_OUT, clock_ns += MS, &packet), 0);
	report();
	assert_int_equal(count_signs(VMP_SIGN_WRONG_MAC), 1);
	assert_int_equal(sign_of(VMP_SIGN_WRONG_MAC, TAP)->packets, 1);
}

static void tagged(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1);

	(void)state;
	packet.vlan_count = 1;
	packet.vlan[0] = 0; /* a priority tag is no VLAN */
	to_guest(packet);
	packet.ip_id = 2;
	packet.vlan[0] = 100;
	to_guest(packet);
	report();
	assert_int_equal(count_signs(VMP_SIGN_TAGGED), 2);
	assert_int_equal(sign_of(VMP_SIGN_TAGGED, TAP)->tag, 100);
}

static void refused(void **state)
{
	struct vmp_packet reset = tcp(&mac_guest, &mac_gateway, 1, 0, 0, VMP_TCP_RST | VMP_TCP_ACK);

	(void)state;
	reset.sport = 80;
	from_guest(reset);
	reset.ip_id = 2;
	reset.tcp_seq = 77; /* in the middle of a connection */
	from_guest(reset);
	reset.ip_id = 3;
	reset.tcp_seq = 0;
	reset.tcp_flags = VMP_TCP_RST; /* for something that acknowledged */
	from_guest(reset);
	report();
	assert_int_equal(count_signs(VMP_SIGN_REFUSAL), 1);
	assert_int_equal(sign_of(VMP_SIGN_REFUSAL, TAP)->packets, 1);
	assert_int_equal(sign_of(VMP_SIGN_REFUSAL, TAP)->port, 80);
}

static struct vmp_packet dhcp(bool asks, const struct vmp_mac *client)
{
	static uint16_t id;
	struct vmp_packet made = udp(asks ? client : &mac_gateway, &mac_all, ++id);

	made.flags |= VMP_PKT_DHCP;
	made.dhcp_op = asks ? 1 : 2;
	made.dhcp_mac = *client;
	return made;
}

static void dhcp_and_routers(void **state)
{
	struct vmp_packet solicitation = udp(&mac_guest, &mac_group, 1), advertisement = udp(&mac_gateway, &mac_group, 2);

	(void)state;
	from_guest(dhcp(true, &mac_guest));
	from_guest(dhcp(true, &mac_guest));
	to_guest(dhcp(false, &mac_other)); /* somebody else's */
	solicitation.flags = advertisement.flags = VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_ICMP6 | VMP_PKT_L4;
	solicitation.src = ip6(0, 1);
	advertisement.src = ip6(0, 254);
	solicitation.icmp_type = 133;
	advertisement.icmp_type = 134;
	from_guest(solicitation);
	to_guest(advertisement);
	report();
	assert_int_equal(sign_of(VMP_SIGN_DHCP, TAP)->packets, 2);
	assert_int_equal(sign_of(VMP_SIGN_DHCP, TAP)->again, 0);
	assert_int_equal(sign_of(VMP_SIGN_ROUTER, TAP)->packets, 1);
	assert_true(sign_of(VMP_SIGN_ROUTER, TAP)->again > 0);
}

static void storm(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		struct vmp_mac mac = {{2, 1, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}};
		struct vmp_packet packet = arp_request(i % 3 ? &mac_other : &mac, ip4(3, i), ip4(4, i));

		packet.arp_target_mac.b[5] = (uint8_t)(i >> 4); /* no two alike */
		to_guest(packet);
	}
	report();
	assert_int_equal(count_signs(VMP_SIGN_GROUP), 1);
	assert_int_equal(sign_of(VMP_SIGN_GROUP, ETH0)->packets, 3000);
	assert_int_equal(sign_of(VMP_SIGN_GROUP, ETH0)->arp, 3000);
	assert_true(vmp_mac_equal(&sign_of(VMP_SIGN_GROUP, ETH0)->mac, &mac_other));
	assert_true(sign_of(VMP_SIGN_GROUP, ETH0)->again > 1500);
	assert_true(sign_of(VMP_SIGN_GROUP, ETH0)->again <= 2000);
}

/* A hostile guest makes as many as it likes: a few are kept, and that there were more is said. */
static void bounded(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 500; i++) {
		struct vmp_packet reset = tcp(&mac_guest, &mac_gateway, (uint16_t)i, 0, 0, VMP_TCP_RST | VMP_TCP_ACK);

		reset.sport = (uint16_t)i;
		from_guest(reset);
	}
	to_guest(icmp_error(3, 1, 0));
	report();
	assert_int_equal(count_signs(VMP_SIGN_REFUSAL), VMP_SIGNS_OF_A_KIND);
	assert_int_equal(count_signs(VMP_SIGN_ICMP_ERROR), 2);
	assert_int_equal(run.notes.n, 1);
	assert_non_null(strstr(run.notes.v[0], "484 of them are not told"));
}

/* What is seen before the window opens, or after, is context. */
static void outside_the_window(void **state)
{
	struct vmp_match_conf conf = {.start_ns = 1000 * SEC, .settle_ns = SEC, .key = {{1, 2}}};

	(void)state;
	vmp_match_free(world.match);
	world_start(&world, &conf);
	to_guest(icmp_error(3, 1, 0));
	report();
	assert_int_equal(run.signs.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(errors, begin, end),
		cmocka_unit_test_setup_teardown(duplicate_address, begin, end),
		cmocka_unit_test_setup_teardown(handed_over, begin, end),
		cmocka_unit_test_setup_teardown(no_duplicate, begin, end),
		cmocka_unit_test_setup_teardown(two_owners, begin, end),
		cmocka_unit_test_setup_teardown(taken_over, begin, end),
		cmocka_unit_test_setup_teardown(wrong_mac, begin, end),
		cmocka_unit_test_setup_teardown(tagged, begin, end),
		cmocka_unit_test_setup_teardown(refused, begin, end),
		cmocka_unit_test_setup_teardown(dhcp_and_routers, begin, end),
		cmocka_unit_test_setup_teardown(storm, begin, end),
		cmocka_unit_test_setup_teardown(bounded, begin, end),
		cmocka_unit_test_setup_teardown(outside_the_window, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
