/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gauge/gauge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void host_add(struct vmp_host *host, int ifindex, const char *name, uint64_t rx)
{
	struct vmp_link *link = vmp_vec_add(&host->links);

	assert_non_null(link);
	link->ifindex = ifindex;
	snprintf(link->name, sizeof(link->name), "%s", name);
	link->stats.rx_packets = rx;
	link->stats.rx_otherhost = rx;
}

static void path_add(struct vmp_path *path, int ifindex)
{
	struct vmp_hop *hop = vmp_vec_add(&path->hops);

	assert_non_null(hop);
	hop->ifindex = ifindex;
}

static void test_before_and_after(void **state)
{
	struct vmp_host before = {.read_ns = 10}, after = {.read_ns = 20};
	struct vmp_gauges gauges = {0};
	const struct vmp_device_gauge *gauge;
	struct vmp_path path = {0};

	(void)state;
	path_add(&path, 0);     /* the network: no device */
	path_add(&path, 2);
	path_add(&path, 3);
	path_add(&path, 4);
	path_add(&path, 77);    /* gone already */
	path_add(&path, 2);     /* twice on the path */
	host_add(&before, 2, "eth0", 100);
	host_add(&before, 3, "br0", 50);
	host_add(&before, 4, "tap0", 70);
	host_add(&before, 5, "other", 70);
	host_add(&after, 4, "tap0", 5);         /* counts anew */
	host_add(&after, 2, "uplink", 160);     /* renamed */

	assert_int_equal(vmp_gauge_before(&gauges, &path, &before), 0);
	assert_int_equal(vmp_gauge_before(&gauges, &path, &before), 0);
	assert_int_equal(gauges.devices.n, 3);
	vmp_gauge_after(&gauges, &after);

	gauge = vmp_gauges_device(&gauges, 2);
	assert_true(gauge->before_known && gauge->after_known);
	assert_string_equal(gauge->name, "eth0");
	assert_int_equal(gauge->after.rx_packets - gauge->before.rx_packets, 60);
	assert_int_equal(gauge->before_ns, 10);
	assert_int_equal(gauge->after_ns, 20);
	assert_true(vmp_gauges_device(&gauges, 3)->before_known);
	assert_false(vmp_gauges_device(&gauges, 3)->after_known);
	assert_false(vmp_gauges_device(&gauges, 4)->after_known);
	assert_null(vmp_gauges_device(&gauges, 5));
	assert_null(vmp_gauges_device(&gauges, 77));

	vmp_gauges_clear(&gauges);
	vmp_path_clear(&path);
	vmp_host_clear(&before);
	vmp_host_clear(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_and_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
