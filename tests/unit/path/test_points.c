/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hops -> points, and the text of their filters. */
#include "path/filter.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAC     "ether host 52:54:00:00:00:01"
#define MAC_ND  "(" MAC " and (host 192.0.2.10 or arp or (icmp6 and ip6[40] >= 133 and ip6[40] <= 137)))"
#define ADDRESS MAC_ND " or (ether multicast and host 192.0.2.10)"
#define TAGGED(filter) "(" filter ") or (vlan and (" filter ")) or (vlan and (" filter "))"

static const struct vmp_mac guest_mac = {{0x52, 0x54, 0, 0, 0, 1}};

static void expect(bool mac, const char *address, const char *more, bool unicast, const char *expected)
{
	struct vmp_ip ip;
	struct vmp_filter_parts parts = {.mac = mac ? &guest_mac : NULL, .address = address ? &ip : NULL, .operator_filter = more,
					 .unicast_only = unicast};
	char *text = NULL;

	if (address)
		assert_int_equal(vmp_ip_parse(address, &ip), 0);
	assert_int_equal(vmp_filter_make(&parts, &text), 0);
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
	free(text);
}

/* What the guest sends is seen whatever MAC it sends with. */
static void expect_backend(const char *address, const char *expected)
{
	struct vmp_ip ip;
	struct vmp_filter_parts parts = {.mac = &guest_mac, .address = address ? &ip : NULL, .all_from = "inbound"};
	char *text = NULL;

	if (address)
		assert_int_equal(vmp_ip_parse(address, &ip), 0);
	assert_int_equal(vmp_filter_make(&parts, &text), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void filters(void **state)
{
	(void)state;
	expect(true, NULL, NULL, false, MAC " or ether multicast");
	expect(true, NULL, NULL, true, MAC);
	expect_backend(NULL, MAC " or ether multicast or inbound");
	expect_backend("192.0.2.10", TAGGED(MAC_ND " or (inbound and (host 192.0.2.10 or arp or (icmp6 and ip6[40] >= 133 and "
						   "ip6[40] <= 137))) or (ether multicast and host 192.0.2.10)"));
	expect(false, NULL, NULL, false, NULL);
	expect(false, NULL, "", false, NULL);
	expect(true, "192.0.2.10", NULL, false, TAGGED(ADDRESS));
	expect(true, "192.0.2.10", NULL, true, TAGGED(MAC_ND));
	expect(true, NULL, "tcp port 80", false, TAGGED("(" MAC " or ether multicast) and (tcp port 80)"));
	expect(false, NULL, "tcp port 80", false, TAGGED("tcp port 80"));
	/* Who writes vlan has said where the tag is. */
	expect(true, NULL, "vlan 7 and icmp", false, "(" MAC " or ether multicast) and (vlan 7 and icmp)");
	expect(true, NULL, "pppoes 7 and icmp", false, "(" MAC " or ether multicast) and (pppoes 7 and icmp)");
	expect(true, NULL, " \t ", false, MAC " or ether multicast");
	expect(true, NULL, "host vlanhost", true, TAGGED("(" MAC ") and (host vlanhost)"));
}

/* The inner MACs, in IPv4 and IPv6, with the outer frame tagged or not; what else is asked for is no part of it. */
static void tunnel(void **state)
{
	static const struct vmp_tunnel vxlan = {42, 4790};
	struct vmp_filter_parts parts = {.mac = &guest_mac, .operator_filter = "tcp port 80", .tunnel = &vxlan};
	static const char plain[] = "(ip and udp dst port 4790 and (udp[16] & 1 = 1 or (udp[16:4] = 0x52540000 and udp[20:2] = 0x0001) or "
				    "(udp[22:2] = 0x5254 and udp[24:4] = 0x00000001))) or (ip6 and udp dst port 4790 and (ip6[56] & 1 = 1 or "
				    "(ip6[56:4] = 0x52540000 and ip6[60:2] = 0x0001) or (ip6[62:2] = 0x5254 and ip6[64:4] = 0x00000001)))";
	char *text = NULL, *expected = NULL;

	(void)state;
	assert_true(asprintf(&expected, "(%s) or (vlan and (%s))", plain, plain) > 0);
	assert_int_equal(vmp_filter_make(&parts, &text), 0);
	assert_string_equal(text, expected);
	free(text);
	free(expected);
}

static void ipv6_target(void **state)
{
	struct vmp_ip ip;
	struct vmp_filter_parts parts = {.mac = &guest_mac, .address = &ip};
	char *text = NULL;

	(void)state;
	assert_int_equal(vmp_ip_parse("2001:db8::1", &ip), 0);
	assert_int_equal(vmp_filter_make(&parts, &text), 0);
	assert_non_null(strstr(text, "ip6[48:4] = 0x20010db8 and ip6[52:4] = 0x00000000 and ip6[56:4] = 0x00000000 and "
				     "ip6[60:4] = 0x00000001"));
	free(text);
}

static void points(void **state)
{
	struct vmp_host host = world_host("br0 bridge; eth0 nic in=br0; tap0 tap in=br0; tap1 tap in=br0");
	struct vmp_guest guest = world_guest("bridge target=tap0 bridge=br0");
	static const char *const names[] = {"eth0", "br0", "tap1", "tap0"};
	struct vmp_path path;
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_path_build(&guest, 0, &host, NULL, &path, &err), 0);
	for (int promisc = 0; promisc < 2; promisc++) {
		vmp_points list = {0};
		int hop_points[16];

		assert_int_equal(vmp_path_points(&path, &guest.nics.v[0], NULL, NULL, promisc, &list, hop_points, &err), 0);
		assert_int_equal(list.n, 4);
		for (size_t i = 0; i < 4; i++) {
			assert_string_equal(list.v[i].name, names[i]);
			assert_int_equal(list.v[i].promisc, promisc && i == 1);
			assert_string_equal(list.v[i].filter, i == 2   ? MAC
							      : i == 3 ? MAC " or ether multicast or inbound"
								       : MAC " or ether multicast");
			assert_int_equal(hop_points[i + 1], i);
		}
		assert_int_equal(hop_points[0], -1);
		assert_int_equal(hop_points[5], -1);
		vmp_points_clear(&list);
	}
	vmp_path_clear(&path);
	vmp_guest_clear(&guest);
	vmp_host_clear(&host);
}

static void unseen_hops_have_no_point(void **state)
{
	struct vmp_host host = world_host("eth0 nic; virbr0 bridge; tap0 tap in=virbr0; address eth0 198.51.100.2/24; "
						  "address virbr0 192.168.122.1/24; route 0.0.0.0/0 dev eth0; set forward");
	struct vmp_guest guest = world_guest("network target=tap0 bridge=virbr0");
	struct vmp_path_hints hints = {.nat = true};
	vmp_points list = {0};
	struct vmp_path path;
	struct vmp_err err = {0};
	int hop_points[16];
	struct vmp_ip ip;

	(void)state;
	assert_int_equal(vmp_path_build(&guest, 0, &host, &hints, &path, &err), 0);
	assert_true(path.nat);
	assert_int_equal(vmp_path_points(&path, &guest.nics.v[0], NULL, NULL, false, &list, hop_points, &err), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.v[0].name, "eth0");
	assert_non_null(strstr(list.v[0].filter, "host 198.51.100.2"));
	assert_non_null(strstr(list.v[0].filter, "net 192.168.122.0/24"));
	assert_null(strstr(list.v[0].filter, "ether host"));
	assert_string_equal(list.v[1].name, "virbr0");
	assert_int_equal(hop_points[2], -1);
	vmp_points_clear(&list);
	/* A peer's address says more; one that is inside is the guest's. */
	assert_int_equal(vmp_ip_parse("203.0.113.9", &ip), 0);
	assert_int_equal(vmp_path_points(&path, &guest.nics.v[0], &ip, NULL, false, &list, hop_points, &err), 0);
	assert_non_null(strstr(list.v[0].filter, "host 203.0.113.9"));
	assert_null(strstr(list.v[0].filter, "host 198.51.100.2"));
	vmp_points_clear(&list);
	assert_int_equal(vmp_ip_parse("192.168.122.9", &ip), 0);
	assert_int_equal(vmp_path_points(&path, &guest.nics.v[0], &ip, NULL, false, &list, hop_points, &err), 0);
	assert_non_null(strstr(list.v[0].filter, "host 198.51.100.2"));
	vmp_points_clear(&list);
	vmp_path_clear(&path);
	vmp_guest_clear(&guest);
	vmp_host_clear(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters),
		cmocka_unit_test(tunnel), cmocka_unit_test(ipv6_target),
		cmocka_unit_test(points),
		cmocka_unit_test(unseen_hops_have_no_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
