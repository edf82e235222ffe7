/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What agents and monitors answer: real ones, and what a guest may make of them. */
#include "domain/reply.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct vmp_mac card = {{0x52, 0x54, 0, 2, 0x1f, 0}};
static struct vmp_agent agent;
static struct vmp_driver driver;
static struct vmp_gauges gauges;
static struct vmp_err err;

static int end(void **state)
{
	struct vmp_inside inside = {.agent = agent, .driver = driver};

	(void)state;
	vmp_inside_clear(&inside);
	vmp_gauges_clear(&gauges);
	memset(&agent, 0, sizeof(agent));
	memset(&driver, 0, sizeof(driver));
	memset(&err, 0, sizeof(err));
	return 0;
}

static int interfaces(const char *text, bool after)
{
	memset(&err, 0, sizeof(err));
	return vmp_reply_interfaces(text, strlen(text), &card, after, &agent, &gauges, &err);
}

static int routes(const char *text)
{
	memset(&err, 0, sizeof(err));
	return vmp_reply_routes(text, strlen(text), &agent, &err);
}

static int filter(const char *text)
{
	memset(&err, 0, sizeof(err));
	return vmp_reply_rx_filter(text, strlen(text), &driver, &err);
}

static int status(const char *text)
{
	memset(&err, 0, sizeof(err));
	return vmp_reply_virtio_status(text, strlen(text), &driver, &err);
}

static int queue(const char *text, uint32_t index, bool after)
{
	memset(&err, 0, sizeof(err));
	return vmp_reply_virtio_queue(text, strlen(text), index, after, &driver, &err);
}

#define ETH0(rx)                                                                                                             \
	"{\"name\":\"eth0\",\"hardware-address\":\"52:54:00:02:1f:00\",\"ip-addresses\":["                                \
	"{\"ip-address-type\":\"ipv4\",\"ip-address\":\"192.0.2.10\",\"prefix\":24},"                                      \
	"{\"ip-address-type\":\"ipv6\",\"ip-address\":\"fe80::5054:ff:fe02:1f00%eth0\",\"prefix\":64}],"                   \
	"\"statistics\":{\"rx-packets\":" rx ",\"rx-dropped\":3,\"rx-errs\":0,\"tx-packets\":9,\"tx-errs\":0,\"tx-dropped\":0}}"

static void reads_interfaces(void **state)
{
	const struct vmp_counter *counter;

	(void)state;
	assert_int_equal(interfaces("{\"return\":[{\"name\":\"lo\",\"ip-addresses\":[{\"ip-address\":\"127.0.0.1\",\"prefix\":8}],"
				    "\"statistics\":{\"rx-dropped\":77}}," ETH0("100") ","
				    "{\"name\":\"eth1\",\"hardware-address\":\"52:54:00:02:1f:01\"}]}",
				    false), 0);
	assert_true(agent.answered && !agent.cut && !agent.routes_known);
	assert_int_equal(agent.interfaces.n, 3);
	assert_string_equal(agent.interfaces.v[1].name, "eth0");
	assert_false(agent.interfaces.v[0].has_mac);
	assert_int_equal(agent.interfaces.v[1].addresses.n, 2);
	assert_int_equal(agent.interfaces.v[1].addresses.v[0].prefix_len, 24);
	assert_int_equal(agent.interfaces.v[1].addresses.v[1].ip.family, 6);
	assert_int_equal(agent.interfaces.v[2].addresses.n, 0);
	/* only the card's own counters */
	assert_int_equal(gauges.counters.n, 6);
	counter = vmp_gauges_counter(&gauges, "agent", "eth0", "rx_packets");
	assert_true(counter && counter->before_known && counter->before == 100 && !counter->after_known);
	/* the second answer takes the place of the first, and its counters go beside them */
	assert_int_equal(interfaces("{\"return\":[" ETH0("18446744073709551615") "]}", true), 0);
	assert_int_equal(agent.interfaces.n, 1);
	counter = vmp_gauges_counter(&gauges, "agent", "eth0", "rx_packets");
	assert_true(counter->after_known && counter->after == UINT64_MAX && counter->before == 100);
	/* one that cannot be read leaves what was known */
	assert_int_equal(interfaces("{\"return\":[{\"name\":\"eth0\",\"ip-addresses\":[{\"ip-address\":\"300.1.1.1\"}]}]}", true), -EINVAL);
	assert_int_equal(agent.interfaces.n, 1);
	assert_int_equal(agent.interfaces.v[0].addresses.n, 2);
}

static void refuses_interfaces(void **state)
{
	static const char *const wrong[] = {
		"", "{", "[]", "null", "{\"return\":{}}", "{\"return\":[1]}", "{\"return\":[{}]}", "{\"return\":[{\"name\":\"\"}]}",
		"{\"return\":[{\"name\":7}]}", "{\"return\":[]} x", "{\"return\":[{\"name\":\"\xbe\xbe\"}]}", "{\"return\":[]}{\"return\":[]}",
		"{\"return\":[{\"name\":\"a\",\"ip-addresses\":[null]}]}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (interfaces(wrong[i], false) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
		assert_false(agent.answered);
		assert_non_null(strstr(err.message, "guest-network-get-interfaces"));
	}
	assert_int_equal(vmp_reply_interfaces("x", VMP_REPLY_MAX + 1, &card, false, &agent, &gauges, &err), -EFBIG);
	assert_int_equal(interfaces("{\"error\":{\"class\":\"GenericError\",\"desc\":\"a\\nb\"}}", false), -EIO);
	assert_null(strchr(err.message, '\n'));
	assert_int_equal(interfaces("{\"error\":{\"class\":\"CommandNotFound\"}}", false), -EOPNOTSUPP);
}

/* More than is kept is said; a name that is too long is cut, and not in the middle of a character. */
static void bounds_the_agent(void **state)
{
	char *text = malloc(1 << 20);
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	len += (size_t)sprintf(text + len, "{\"return\":[");
	for (int i = 0; i < 300; i++)
		len += (size_t)sprintf(text + len, "%s{\"name\":\"%0*d\"}", i ? "," : "", i == 0 ? 200 : 3, i);
	sprintf(text + len, "]}");
	assert_int_equal(interfaces(text, false), 0);
	assert_true(agent.cut);
	assert_int_equal(agent.interfaces.n, VMP_INSIDE_INTERFACES_MAX);
	assert_int_equal(strlen(agent.interfaces.v[0].name), VMP_INSIDE_NAME_MAX);
	len = (size_t)sprintf(text, "{\"return\":[{\"name\":\"%062d\xc3\xa9\"}]}", 0);
	assert_int_equal(interfaces(text, false), 0);
	assert_int_equal(strlen(agent.interfaces.v[0].name), 62);
	free(text);
}

static void reads_routes(void **state)
{
	(void)state;
	assert_int_equal(routes("{\"return\":[{\"iface\":\"eth0\",\"destination\":\"0.0.0.0\","
				"\"mask\":\"0.0.0.0\",\"gateway\":\"192.0.2.1\",\"version\":4},"
				"{\"iface\":\"eth0\",\"destination\":\"192.0.2.0\",\"mask\":\"255.255.255.0\",\"gateway\":\"0.0.0.0\",\"version\":4},"
				"{\"iface\":\"eth0\",\"destination\":\"fe80::\",\"desprefixlen\":\"64\",\"nexthop\":\"::\",\"version\":6}]}"), 0);
	assert_true(agent.routes_known);
	assert_int_equal(agent.routes.n, 3);
	assert_true(agent.routes.v[0].has_gateway && agent.routes.v[0].prefix_len == 0);
	assert_true(!agent.routes.v[1].has_gateway && agent.routes.v[1].prefix_len == 24);
	assert_true(!agent.routes.v[2].has_gateway && agent.routes.v[2].prefix_len == 64);
	/* a mask with a hole is none, and then nothing is known */
	agent.routes_known = false;
	assert_int_equal(routes("{\"return\":[{\"destination\":\"10.0.0.0\",\"mask\":\"255.0.255.0\"}]}"), -EINVAL);
	assert_int_equal(routes("{\"return\":[{\"destination\":\"fe80::\",\"desprefixlen\":\"129\"}]}"), -EINVAL);
	assert_int_equal(routes("{\"return\":[{\"destination\":\"fe80::\"}]}"), -EINVAL);
	assert_false(agent.routes_known);
	assert_int_equal(agent.routes.n, 3);
}

#define FILTER(promisc, unicast, main)                                                                                                \
	"{\"return\":[{\"unicast\":\"" unicast "\",\"vlan-table\":[0,100],\"vlan\":\"normal\",\"broadcast-allowed\":true,"                 \
	"\"multicast\":\"normal\",\"multicast-overflow\":false,\"promiscuous\":" promisc ",\"name\":\"net0\",\"unicast-table\":[],"      \
	"\"main-mac\":\"" main "\",\"unicast-overflow\":false,\"multicast-table\":[\"33:33:00:00:00:01\"]}],\"id\":\"libvirt-25\"}"

static void reads_the_filter(void **state)
{
	struct vmp_mac all_nodes = {{0x33, 0x33, 0, 0, 0, 1}}, other_group = {{0x33, 0x33, 0, 0, 0, 2}}, other = {{2, 0, 0, 0, 0, 1}};

	(void)state;
	assert_int_equal(filter(FILTER("false", "normal", "52:54:00:02:1f:00")), 0);
	assert_true(driver.has_filter);
	assert_true(vmp_rx_filter_takes(&driver.filter, &card));
	assert_false(vmp_rx_filter_takes(&driver.filter, &other));
	assert_true(vmp_rx_filter_takes(&driver.filter, &all_nodes));
	assert_false(vmp_rx_filter_takes(&driver.filter, &other_group));
	assert_true(vmp_rx_filter_takes_vlan(&driver.filter, 100));
	assert_false(vmp_rx_filter_takes_vlan(&driver.filter, 101));
	driver.filter.multicast_overflow = true;
	assert_true(vmp_rx_filter_takes(&driver.filter, &other_group));
	assert_int_equal(filter(FILTER("true", "none", "52:54:00:02:1f:00")), 0);
	assert_true(vmp_rx_filter_takes(&driver.filter, &other));
	assert_int_equal(filter(FILTER("false", "none", "52:54:00:02:1f:00")), 0);
	assert_false(vmp_rx_filter_takes(&driver.filter, &card));
	assert_int_equal(filter(FILTER("false", "all", "02:00:00:00:00:09")), 0);
	assert_true(vmp_rx_filter_takes(&driver.filter, &card));
	/* what is not just so says nothing */
	driver.has_filter = false;
	assert_int_equal(filter(FILTER("0", "normal", "52:54:00:02:1f:00")), -EINVAL);
	assert_int_equal(filter(FILTER("false", "some", "52:54:00:02:1f:00")), -EINVAL);
	assert_int_equal(filter("{\"return\":[]}"), -EINVAL);
	assert_int_equal(filter("{\"error\":{\"class\":\"GenericError\",\"desc\":\"invalid net client name: net7\"}}"), -EIO);
	assert_non_null(strstr(err.message, "invalid net client name"));
	assert_false(driver.has_filter);
}

static void reads_the_device(void **state)
{
	(void)state;
	assert_int_equal(status("{\"return\":{\"vhost-started\":false,\"broken\":false,\"started\":true,\"status\":{\"statuses\":["
				"\"VIRTIO_CONFIG_S_ACKNOWLEDGE: Valid virtio device found\","
				"\"VIRTIO_CONFIG_S_DRIVER: Guest OS compatible with device\","
				"\"VIRTIO_CONFIG_S_FEATURES_OK: Feature negotiation complete\","
				"\"VIRTIO_CONFIG_S_DRIVER_OK: Driver setup and ready\"]}}}"), 0);
	assert_true(driver.has_status && driver.driver_ok && !driver.failed && !driver.needs_reset && !driver.vhost_started);
	/* the driver is there and not ready */
	assert_int_equal(status("{\"return\":{\"vhost-started\":false,\"status\":{\"statuses\":["
				"\"VIRTIO_CONFIG_S_DRIVER: Guest OS compatible with device\","
				"\"VIRTIO_CONFIG_S_FAILED: says DRIVER_OK in its words\"]}}}"), 0);
	assert_true(driver.has_status && !driver.driver_ok && driver.failed);
	assert_int_equal(status("{\"return\":{\"status\":{\"statuses\":[]}}}"), 0);
	assert_true(driver.has_status && !driver.driver_ok && !driver.failed);
	driver.has_status = false;
	assert_int_equal(status("{\"return\":{\"status\":\"DRIVER_OK\"}}"), -EINVAL);
	assert_int_equal(status("{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"no\"}}"), -EOPNOTSUPP);
	assert_false(driver.has_status);
}

static void reads_queues(void **state)
{
	(void)state;
	assert_int_equal(queue("{\"return\":{\"last-avail-idx\":65530,\"shadow-avail-idx\":65535,\"vring-num\":256,\"used-idx\":3}}", 0, false), 0);
	assert_int_equal(queue("{\"return\":{\"last-avail-idx\":4,\"shadow-avail-idx\":4,\"vring-num\":256,\"used-idx\":3}}", 0, true), 0);
	assert_int_equal(queue("{\"return\":{\"last-avail-idx\":7,\"vring-num\":0}}", 1, true), 0);
	assert_int_equal(driver.queues.n, 2);
	assert_true(driver.queues.v[0].before_known && driver.queues.v[0].after_known && driver.queues.v[0].has_posted);
	assert_int_equal((uint16_t)(driver.queues.v[0].taken_after - driver.queues.v[0].taken_before), 10);
	assert_false(driver.queues.v[1].before_known || driver.queues.v[1].has_posted);
	assert_int_equal(queue("{\"return\":{\"last-avail-idx\":65536}}", 2, true), -EINVAL);
	assert_int_equal(queue("{\"return\":{\"last-avail-idx\":-1}}", 2, true), -EINVAL);
	assert_int_equal(queue("{\"return\":{}}", 2, true), -EINVAL);
	assert_int_equal(driver.queues.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_interfaces, end), cmocka_unit_test_teardown(refuses_interfaces, end),
		cmocka_unit_test_teardown(bounds_the_agent, end), cmocka_unit_test_teardown(reads_routes, end),
		cmocka_unit_test_teardown(reads_the_filter, end), cmocka_unit_test_teardown(reads_the_device, end),
		cmocka_unit_test_teardown(reads_queues, end),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
