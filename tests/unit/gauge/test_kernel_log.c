/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as /dev/kmsg gives them (kernel 6.18 and 6.1), the drivers' words from their sources. */
#include "gauge/kernel_log.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_path path;
static struct vmp_gauges gauges;

static void add_hop(const char *name, int ifindex, enum vmp_role role)
{
	struct vmp_hop *hop = vmp_vec_add(&path.hops);

	assert_non_null(hop);
	assert_int_equal(vmp_str_set(&hop->name, name), 0);
	hop->ifindex = ifindex;
	hop->role = role;
}

static int begin(void **state)
{
	(void)state;
	memset(&path, 0, sizeof(path));
	memset(&gauges, 0, sizeof(gauges));
	add_hop("network", 0, VMP_ROLE_NETWORK);
	add_hop("eth1", 2, VMP_ROLE_UPLINK);
	add_hop("eth1.7", 3, VMP_ROLE_TRANSIT);
	add_hop("vnet3", 4, VMP_ROLE_PEER);
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmp_path_clear(&path);
	vmp_gauges_clear(&gauges);
	return 0;
}

static void take(const char *records)
{
	assert_int_equal(vmp_gauge_kernel_log(&gauges, &path, records, strlen(records)), 0);
}

static void says(const char *object, const char *name, uint64_t lines, const char *text)
{
	const struct vmp_counter *counter = vmp_gauges_counter(&gauges, "kernel-log", object, name);

	assert_non_null(counter);
	assert_int_equal(vmp_counter_grew(counter), lines);
	assert_string_equal(counter->text, text);
}

static void tables(void **state)
{
	(void)state;
	take("4,2201,11700000000,-;nf_conntrack: nf_conntrack: table full, dropping packet\n"
	     "4,2202,11700000001,-;nf_conntrack: nf_conntrack: table full in netns 4026531840, dropping packet\n"
	     "6,2203,11700000002,-;neighbour: arp_cache: neighbor table overflow!\n");
	assert_int_equal(gauges.counters.n, 2);
	says("", "table full", 2, "nf_conntrack: nf_conntrack: table full, dropping packet");
	says("", "neighbour table overflow", 1, "neighbour: arp_cache: neighbor table overflow!");
}

static void devices(void **state)
{
	(void)state;
	take("4,1,1,-;NETDEV WATCHDOG: eth1 (e1000e): transmit queue 0 timed out\n SUBSYSTEM=net\n DEVICE=n2\n"
	     "3,2,2,-;e1000e 0000:00:1f.6 eth1: Detected Hardware Unit Hang:\\x0a  TDH\n"
	     "6,3,3,-;igb 0000:01:00.0 eth1: igb: eth1 NIC Link is Down\n"
	     "6,4,4,-;eth1.7: link is not ready\n");
	says("eth1", "transmit timeout", 1, "NETDEV WATCHDOG: eth1 (e1000e): transmit queue 0 timed out");
	says("eth1", "hang", 1, "e1000e 0000:00:1f.6 eth1: Detected Hardware Unit Hang:\\x0a  TDH");
	says("eth1", "link", 1, "igb 0000:01:00.0 eth1: igb: eth1 NIC Link is Down");
	says("eth1.7", "link", 1, "eth1.7: link is not ready");
	assert_int_equal(gauges.counters.n, 4);
	assert_int_equal(gauges.counters.v[0].ifindex, 2);
}

/* Other devices, other ports of the bridge, words of other matters, and what is no record. */
static void innocent(void **state)
{
	(void)state;
	take("6,3,3,-;igb 0000:01:00.0 eth10: igb: eth10 NIC Link is Down\n"
	     "6,3,3,-;my-eth1: Link is Down\n"
	     "6,3,3,-;eth1.77: Link is Down\n"
	     "6,3,3,-;vnet3: Link is Down\n"
	     "6,3,3,-;br0: port 1(eth1) entered forwarding state\n"
	     "6,3,3,-;device eth1 entered promiscuous mode\n"
	     " eth1: Link is Down\n"
	     "no record of eth1: Link is Down\n"
	     "6,3,3,-\n;\n\n6");
	assert_int_equal(gauges.counters.n, 0);
}

/* A line of any length is kept in part, and ends where the records do. */
static void long_line(void **state)
{
	char *records = malloc(20000);

	(void)state;
	assert_non_null(records);
	memset(records, 'x', 20000);
	memcpy(records, "4,1,1,-;nf_conntrack: table full", 32);
	assert_int_equal(vmp_gauge_kernel_log(&gauges, &path, records, 20000), 0);
	assert_int_equal(strlen(gauges.counters.v[0].text), 300);
	assert_int_equal(vmp_gauge_kernel_log(&gauges, &path, records, 30), 0);
	assert_int_equal(vmp_counter_grew(&gauges.counters.v[0]), 1);
	free(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tables, begin, end),
		cmocka_unit_test_setup_teardown(devices, begin, end),
		cmocka_unit_test_setup_teardown(innocent, begin, end),
		cmocka_unit_test_setup_teardown(long_line, begin, end),
	};

	return cmocka_run_group_tests_name("kernel_log", tests, NULL, NULL);
}
