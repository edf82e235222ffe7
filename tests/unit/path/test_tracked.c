/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's table of connections, read as what a routed guest looks like outside. */
#include "path/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ETH0 = 1, VIRBR0 = 3 };

static struct vmp_path path;
static struct vmp_nic nic;
static struct vmp_tracking tracking;
static vmp_translations list;

static struct vmp_ip ip(const char *text)
{
	struct vmp_ip made;

	assert_int_equal(vmp_ip_parse(text, &made), 0);
	return made;
}

static void lead(const char *dst, uint8_t len, int hop)
{
	*(struct vmp_lead *)vmp_vec_add(&path.leads) = (struct vmp_lead){.dst = ip(dst), .prefix_len = len, .hop = hop};
}

static void own(int hop, const char *address, uint8_t len)
{
	*(struct vmp_host_address *)vmp_vec_add(&path.own) = (struct vmp_host_address){hop + 10, ip(address), len};
}

static int begin(void **state)
{
	static const char *const names[] = {"network", "eth0", "host", "virbr0", "tap0", "guest"};

	(void)state;
	memset(&path, 0, sizeof(path));
	for (int i = 0; i < 6; i++)
		*(struct vmp_hop *)vmp_vec_add(&path.hops) = (struct vmp_hop){.name = strdup(names[i]), .routed = i == ETH0, .ifindex = i + 10};
	own(ETH0, "198.51.100.2", 24);
	own(VIRBR0, "192.168.122.1", 24);
	lead("192.168.122.1", 32, -1);
	lead("198.51.100.2", 32, -1);
	lead("192.168.122.0", 24, -1);
	lead("0.0.0.0", 0, ETH0);
	lead("::", 0, ETH0);
	memset(&nic, 0, sizeof(nic));
	assert_int_equal(vmp_nic_add_address(&nic, &(struct vmp_ip){4, {192, 168, 122, 5}}, VMP_ADDRESS_CAPTURE), 0);
	/* A guest can claim the host's own address; it gets nothing by it. */
	assert_int_equal(vmp_nic_add_address(&nic, &(struct vmp_ip){4, {198, 51, 100, 2}}, VMP_ADDRESS_CAPTURE), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmp_path_clear(&path);
	vmp_nic_clear(&nic);
	vmp_tracking_clear(&tracking);
	vmp_vec_free(&list);
	return 0;
}

static struct vmp_tuple tuple(const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	return (struct vmp_tuple){ip(src), ip(dst), sport, dport};
}

static void track(uint8_t proto, struct vmp_tuple original, struct vmp_tuple reply)
{
	*(struct vmp_tracked *)vmp_vec_add(&tracking.connections) =
		(struct vmp_tracked){.proto = proto, .left_s = 77, .original = original, .reply = reply};
}

static void expect(size_t i, const char *text)
{
	char buf[512], s[4][VMP_IP_STRLEN];
	const struct vmp_translation *each = &list.v[i];

	assert_true(i < list.n);
	snprintf(buf, sizeof(buf), "%s:%u is %s:%u, with %s:%u as %s:%u", vmp_ip_format(&each->guest, s[0]), each->guest_port,
		 vmp_ip_format(&each->outside, s[1]), each->outside_port, vmp_ip_format(&each->far, s[2]), each->far_port,
		 vmp_ip_format(&each->peer, s[3]), each->peer_port);
	assert_string_equal(buf, text);
	assert_int_equal(each->hop, ETH0);
	assert_int_equal(each->source, VMP_TRANSLATION_CONNTRACK);
	assert_int_equal(each->left_s, 77);
	assert_int_equal(each->since_ns, 5);
}

static void each_sort(void **state)
{
	(void)state;
	/* masqueraded */
	track(6, tuple("192.168.122.5", 40000, "203.0.113.9", 443), tuple("203.0.113.9", 443, "198.51.100.2", 61000));
	/* published */
	track(6, tuple("203.0.113.9", 5555, "198.51.100.2", 2222), tuple("192.168.122.5", 22, "203.0.113.9", 5555));
	/* published, and the source translated as well */
	track(6, tuple("203.0.113.9", 5555, "198.51.100.2", 2223), tuple("192.168.122.5", 22, "192.168.122.1", 7000));
	/* led to another resolver than asked */
	track(17, tuple("192.168.122.5", 5000, "192.168.122.1", 53), tuple("203.0.113.53", 5353, "198.51.100.2", 5000));
	/* an echo, whose id is given anew */
	track(1, tuple("192.168.122.5", 7, "203.0.113.9", 7), tuple("203.0.113.9", 8, "198.51.100.2", 8));
	assert_int_equal(vmp_path_tracked(&path, &nic, NULL, &tracking, 5, &list), 0);
	assert_int_equal(list.n, 5);
	expect(0, "192.168.122.5:40000 is 198.51.100.2:61000, with 203.0.113.9:443 as 203.0.113.9:443");
	expect(1, "192.168.122.5:22 is 198.51.100.2:2222, with 203.0.113.9:5555 as 203.0.113.9:5555");
	expect(2, "192.168.122.5:22 is 198.51.100.2:2223, with 203.0.113.9:5555 as 192.168.122.1:7000");
	expect(3, "192.168.122.5:5000 is 198.51.100.2:5000, with 203.0.113.53:5353 as 192.168.122.1:53");
	expect(4, "192.168.122.5:7 is 198.51.100.2:8, with 203.0.113.9:0 as 203.0.113.9:0");
}

static void left_out(void **state)
{
	(void)state;
	/* not translated; between two inside; the guest with itself; the host's own, whatever the guest claims; another guest's */
	track(6, tuple("192.168.122.5", 1, "203.0.113.9", 443), tuple("203.0.113.9", 443, "192.168.122.5", 1));
	track(6, tuple("192.168.122.5", 1, "198.51.100.2", 80), tuple("192.168.122.6", 80, "192.168.122.5", 1));
	track(6, tuple("192.168.122.5", 1, "198.51.100.2", 80), tuple("192.168.122.5", 80, "192.168.122.5", 1));
	track(6, tuple("198.51.100.2", 1, "203.0.113.9", 80), tuple("203.0.113.10", 80, "198.51.100.2", 1));
	track(6, tuple("192.168.122.6", 1, "203.0.113.9", 80), tuple("203.0.113.9", 80, "198.51.100.2", 1));
	assert_int_equal(vmp_path_tracked(&path, &nic, NULL, &tracking, 5, &list), 0);
	assert_int_equal(list.n, 0);
}

/* The peer that is asked for may be named as either side knows it; the guest's own address asks for all. */
static void of_one_peer(void **state)
{
	static const struct {
		const char *address;
		size_t n;
	} cases[] = {{"203.0.113.9", 1}, {"203.0.113.53", 1}, {"192.168.122.1", 1}, {"203.0.113.10", 0}, {"192.168.122.5", 2}};

	(void)state;
	track(6, tuple("192.168.122.5", 40000, "203.0.113.9", 443), tuple("203.0.113.9", 443, "198.51.100.2", 61000));
	track(17, tuple("192.168.122.5", 5000, "192.168.122.1", 53), tuple("203.0.113.53", 5353, "198.51.100.2", 5000));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_ip address = ip(cases[i].address);

		vmp_vec_free(&list);
		assert_int_equal(vmp_path_tracked(&path, &nic, &address, &tracking, 5, &list), 0);
		assert_int_equal(list.n, cases[i].n);
	}
}

/* Addresses outside that are on no device are let through by the filter of the uplink, a few of them. */
static void addresses_outside(void **state)
{
	vmp_points points = {0};
	struct vmp_err err = {0};
	int hop_points[6];

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct vmp_tuple in = tuple("203.0.113.9", 1, "198.51.100.77", 1);

		in.dst.b[3] = (uint8_t)(70 + i / 4);
		in.dport = (uint16_t)i;
		track(6, in, tuple("192.168.122.5", 22, "203.0.113.9", 1));
	}
	assert_int_equal(vmp_path_add_outside(&path, &nic, &tracking), 0);
	assert_int_equal(path.own.n, 2 + 16);
	assert_int_equal(path.own.v[2].ifindex, ETH0 + 10);
	assert_false(path.flowtables || path.leads_unsure);
	for (size_t i = 0; i < path.hops.n; i++)
		path.hops.v[i].observed = i == ETH0 ? VMP_OBSERVED_YES : VMP_OBSERVED_NO;
	assert_int_equal(vmp_path_points(&path, &nic, NULL, NULL, false, &points, hop_points, &err), 0);
	assert_int_equal(points.n, 1);
	assert_non_null(strstr(points.v[0].filter, "host 198.51.100.70 "));
	assert_non_null(strstr(points.v[0].filter, "host 198.51.100.85"));
	assert_null(strstr(points.v[0].filter, "host 198.51.100.86"));
	vmp_points_clear(&points);
}

static void other_ways(void **state)
{
	(void)state;
	tracking.policies = true;
	assert_int_equal(vmp_path_add_outside(&path, &nic, &tracking), 0);
	assert_true(path.leads_unsure && !path.flowtables);
	track(6, tuple("192.168.122.5", 1, "203.0.113.9", 443), tuple("203.0.113.9", 443, "192.168.122.5", 1));
	tracking.connections.v[0].offloaded = true;
	assert_int_equal(vmp_path_add_outside(&path, &nic, &tracking), 0);
	assert_true(path.flowtables);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(each_sort), TEST(left_out), TEST(of_one_peer), TEST(addresses_outside), TEST(other_ways)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
