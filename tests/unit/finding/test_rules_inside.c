/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What agent and monitor say: what it explains, what it must not, and what stays open. */
#include "finding/finding.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAP0, GUEST };

static const struct vmp_mac card = {{0x52, 0x54, 0, 2, 0x1f, 0}}, other = {{0x52, 0x54, 0, 2, 0x1f, 9}};
static struct vmp_run run;

static struct vmp_ip ip(const char *text)
{
	struct vmp_ip address;

	assert_int_equal(vmp_ip_parse(text, &address), 0);
	return address;
}

static void add_hop(const char *name, enum vmp_role role)
{
	struct vmp_hop *hop = vmp_vec_add(&run.path.hops);

	assert_non_null(hop);
	assert_non_null(vmp_vec_add(&run.seen));
	assert_int_equal(vmp_str_set(&hop->name, name), 0);
	hop->role = role;
}

/* A guest that is given a hundred packets and takes `taken` of them. */
static void given(uint64_t taken)
{
	struct vmp_segment *segment;

	vmp_run_clear(&run);
	assert_non_null(vmp_vec_add(&run.guest.nics));
	run.guest.nics.v[0].has_mac = run.path.has_guest_mac = true;
	run.guest.nics.v[0].mac = run.path.guest_mac = card;
	assert_int_equal(vmp_str_set(&run.guest.name, "web01"), 0);
	run.guest.state = VMP_GUEST_RUNNING;
	run.settle_ns = 1000000000;
	run.capture_whole = true;
	run.path.backend = TAP0;
	run.path.switch_hop = -1;
	add_hop("tap0", VMP_ROLE_BACKEND);
	add_hop("guest", VMP_ROLE_GUEST);
	segment = vmp_vec_add(&run.segments);
	assert_non_null(segment);
	*segment = (struct vmp_segment){
		.direction = VMP_TO_GUEST, .from = TAP0, .to = GUEST, .offered = 100, .lost = 100 - taken, .delivered = taken};
	run.seen.v[TAP0].to_guest.packets = 100;
	run.gauges.backend = (struct vmp_backend_gauge){
		.known = true, .counts_taken = true, .given = 100, .taken = taken, .waiting = 100 - taken, .queue_len = 1000};
}

/* It takes all, and leaves questions of this kind unanswered. */
static struct vmp_exchange *silent(enum vmp_exchange_kind kind, const char *asker, const char *asked_of)
{
	struct vmp_exchange *exchange;

	given(100);
	exchange = vmp_vec_add(&run.exchanges);
	assert_non_null(exchange);
	*exchange = (struct vmp_exchange){
		.kind = kind, .direction = VMP_TO_GUEST, .asked = 100, .reached = 100, .asker = ip(asker), .asked_of = ip(asked_of)};
	return exchange;
}

static const struct vmp_finding *judged(const char *code)
{
	assert_int_equal(vmp_finding_judge(&run), 0);
	vmp_vec_foreach (finding, &run.findings)
		if (strcmp(finding->code, code) == 0)
			return finding;
	return NULL;
}

static void cause(const char *code, const char *expected)
{
	const struct vmp_finding *finding = judged(code);

	if (!finding)
		fail_msg("there is no finding %s", code);
	assert_string_equal(finding->cause, expected);
}

static void alone(const char *code, enum vmp_severity severity)
{
	const struct vmp_finding *finding = judged(code);

	if (!finding)
		fail_msg("there is no finding %s", code);
	assert_int_equal(finding->severity, severity);
	assert_string_equal(finding->cause, "");
}

static bool has_evidence(const struct vmp_finding *finding, const char *text)
{
	vmp_vec_foreach (line, &finding->evidence)
		if (strstr(*line, text))
			return true;
	return false;
}

static const char *const untaken = "not-taken-by-guest";

/* ---- the monitor ---- */

static void status(bool driver_ok)
{
	run.inside.driver.asked = run.inside.driver.has_status = true;
	run.inside.driver.driver_ok = driver_ok;
}

static void driver_not_ready(void **state)
{
	(void)state;
	given(0);
	status(false);
	cause(untaken, "guest-driver-not-ready");
	given(0);
	status(true);
	cause(untaken, "");
	assert_true(has_evidence(judged(untaken), "has set up the card (DRIVER_OK)"));
	run.inside.driver.needs_reset = true;
	cause(untaken, "guest-driver-not-ready");
	assert_non_null(strstr(judged(untaken)->summary, "until the guest's driver resets it"));
	/* nothing was lost: a warning; a paused guest is paused first */
	given(100);
	status(false);
	alone("guest-driver-not-ready", VMP_SEVERITY_WARNING);
	given(0);
	status(false);
	run.guest.state = VMP_GUEST_PAUSED;
	cause(untaken, "guest-not-running");
	given(0);
	cause(untaken, "");
}

static void queue(uint32_t index, uint16_t before, uint16_t after, int posted)
{
	struct vmp_inside_queue *queue = vmp_inside_queue(&run.inside.driver, index);

	assert_non_null(queue);
	*queue = (struct vmp_inside_queue){
		.index = index, .before_known = true, .after_known = true, .taken_before = before, .taken_after = after, .has_posted = posted >= 0,
		.posted_after = posted >= 0 ? (uint16_t)posted : 0, .size = 256};
}

static void queue_stuck(void **state)
{
	(void)state;
	given(0);
	status(true);
	queue(0, 7, 7, 7);
	queue(1, 1, 90, 90);
	cause(untaken, "guest-rx-queue-stuck");
	assert_non_null(strstr(judged(untaken)->summary, "puts no buffers"));
	given(0);
	queue(0, 7, 7, 80);
	cause(untaken, "guest-rx-queue-stuck");
	assert_non_null(strstr(judged(untaken)->summary, "stands still"));
	/* it moves, round the end of its numbers too */
	given(0);
	queue(0, 65530, 4, 90);
	cause(untaken, "");
	/* something was taken: it is not stuck, whatever the numbers */
	given(40);
	queue(0, 7, 7, 7);
	cause(untaken, "");
	/* one of two moves */
	given(0);
	queue(0, 7, 7, 7);
	queue(2, 7, 8, 9);
	cause(untaken, "");
	/* read once only */
	given(0);
	queue(0, 7, 7, 7);
	run.inside.driver.queues.v[0].before_known = false;
	cause(untaken, "");
	/* it stands still because the guest does */
	given(0);
	queue(0, 7, 7, 7);
	run.guest.state = VMP_GUEST_PAUSED;
	cause(untaken, "guest-not-running");
	/* nothing is lost: nothing is wrong with a queue that has nothing to do */
	given(100);
	queue(0, 7, 7, 7);
	assert_null(judged(untaken));
	assert_int_equal(run.findings.n, 0);
}

static void filter_of(const struct vmp_mac *mac)
{
	run.inside.driver.has_filter = true;
	run.inside.driver.filter = (struct vmp_rx_filter){.has_main_mac = true, .main_mac = *mac};
}

static void rx_filter(void **state)
{
	(void)state;
	silent(VMP_EXCHANGE_ICMP_ECHO, "10.0.0.254", "10.0.0.1");
	filter_of(&other);
	cause("guest-silent", "guest-rx-filter");
	assert_non_null(strstr(judged("guest-silent")->summary, "52:54:00:02:1f:09"));
	silent(VMP_EXCHANGE_ICMP_ECHO, "10.0.0.254", "10.0.0.1");
	filter_of(&card);
	cause("guest-silent", "");
	/* what is promiscuous takes all; vhost passes by the filter */
	silent(VMP_EXCHANGE_ICMP_ECHO, "10.0.0.254", "10.0.0.1");
	filter_of(&other);
	run.inside.driver.filter.promiscuous = true;
	cause("guest-silent", "");
	run.inside.driver.filter.promiscuous = false;
	run.inside.driver.vhost_started = true;
	cause("guest-silent", "");
	/* the group of its address matters to neighbour discovery */
	silent(VMP_EXCHANGE_ND, "fd00::1", "fd00::12:3456");
	filter_of(&card);
	cause("guest-silent", "guest-rx-filter");
	assert_non_null(strstr(judged("guest-silent")->summary, "33:33:ff:12:34:56"));
	*(struct vmp_inside_mac *)vmp_vec_add(&run.inside.driver.filter.multicast_table) =
		(struct vmp_inside_mac){{{0x33, 0x33, 0xff, 0x12, 0x34, 0x56}}};
	cause("guest-silent", "");
	/* what was not taken was not filtered */
	given(0);
	filter_of(&other);
	cause(untaken, "");
	/* without a loss it is a warning */
	given(100);
	filter_of(&other);
	alone("guest-rx-filter", VMP_SEVERITY_WARNING);
}

/* ---- the agent ---- */

static void interface(const char *name, const struct vmp_mac *mac, const char *address, int prefix)
{
	struct vmp_inside_interface *interface = vmp_vec_add(&run.inside.agent.interfaces);
	struct vmp_inside_address *slot;

	assert_non_null(interface);
	run.inside.agent.asked = run.inside.agent.answered = true;
	assert_int_equal(vmp_str_set(&interface->name, name), 0);
	interface->has_mac = true;
	interface->mac = *mac;
	if (!address)
		return;
	slot = vmp_vec_add(&interface->addresses);
	assert_non_null(slot);
	*slot = (struct vmp_inside_address){.ip = ip(address), .has_prefix = true, .prefix_len = (uint8_t)prefix};
}

static void addresses(void **state)
{
	(void)state;
	silent(VMP_EXCHANGE_ARP, "10.0.0.254", "10.0.0.1");
	interface("eth0", &card, "10.0.0.77", 24);
	cause("guest-silent", "guest-address-differs");
	silent(VMP_EXCHANGE_ARP, "10.0.0.254", "10.0.0.1");
	interface("eth0", &card, NULL, 0);
	cause("guest-silent", "guest-no-address");
	silent(VMP_EXCHANGE_ARP, "10.0.0.254", "10.0.0.1");
	interface("eth1", &other, "10.0.0.77", 24);
	cause("guest-silent", "guest-interface-missing");
	/* it has the address: on the card, or elsewhere, as a guest with a bridge of its own has */
	silent(VMP_EXCHANGE_ARP, "10.0.0.254", "10.0.0.1");
	interface("eth0", &card, "10.0.0.1", 24);
	cause("guest-silent", "");
	silent(VMP_EXCHANGE_ARP, "10.0.0.254", "10.0.0.1");
	interface("eth0", &card, NULL, 0);
	interface("br0", &other, "10.0.0.1", 24);
	cause("guest-silent", "");
	/* what was cut says nothing, nor does an agent that did not answer */
	silent(VMP_EXCHANGE_ARP, "10.0.0.254", "10.0.0.1");
	interface("eth0", &card, "10.0.0.77", 24);
	run.inside.agent.cut = true;
	cause("guest-silent", "");
	run.inside.agent.cut = false;
	run.inside.agent.answered = false;
	cause("guest-silent", "");
	/* packets that were not taken have another reason than an address */
	given(0);
	run.has_address = true;
	run.address = ip("10.0.0.1");
	interface("eth0", &card, "10.0.0.77", 24);
	cause(untaken, "");
	alone("guest-address-differs", VMP_SEVERITY_WARNING);
	/* but a card that the guest does not have explains both */
	given(0);
	interface("eth1", &other, "10.0.0.1", 24);
	cause(untaken, "guest-interface-missing");
}

static void addresses_in_use(void **state)
{
	struct vmp_exchange *exchange;

	(void)state;
	/* asked for, and answered: a container's, whatever the agent says */
	exchange = silent(VMP_EXCHANGE_ARP, "10.0.0.254", "10.0.0.1");
	exchange->answered = 100;
	run.has_address = true;
	run.address = ip("10.0.0.1");
	interface("eth0", &card, "10.0.0.77", 24);
	assert_null(judged("guest-address-differs"));
	/* a peer's address is not the guest's to have */
	given(100);
	run.has_address = run.observations.address_is_peers = true;
	run.address = ip("10.0.0.254");
	interface("eth0", &card, "10.0.0.77", 24);
	assert_null(judged("guest-address-differs"));
	/* nobody asked for one: a card without any is a guest's own choice */
	given(100);
	interface("eth0", &card, NULL, 0);
	assert_int_equal((judged("guest-no-address"), run.findings.n), 0);
}

static void route(const char *dst, int prefix)
{
	struct vmp_inside_route *route = vmp_vec_add(&run.inside.agent.routes);

	assert_non_null(route);
	run.inside.agent.routes_known = true;
	route->dst = ip(dst);
	route->prefix_len = (uint8_t)prefix;
}

static void no_route(void **state)
{
	(void)state;
	silent(VMP_EXCHANGE_ICMP_ECHO, "198.51.100.7", "10.0.0.1");
	interface("eth0", &card, "10.0.0.1", 24);
	route("10.0.0.0", 24);
	cause("guest-silent", "guest-no-route");
	route("0.0.0.0", 0);
	cause("guest-silent", "");
	/* on its own link */
	silent(VMP_EXCHANGE_ICMP_ECHO, "10.0.0.254", "10.0.0.1");
	interface("eth0", &card, "10.0.0.1", 24);
	route("192.0.2.0", 24);
	cause("guest-silent", "");
	/* an old agent tells no routes */
	silent(VMP_EXCHANGE_ICMP_ECHO, "198.51.100.7", "10.0.0.1");
	interface("eth0", &card, "10.0.0.1", 24);
	cause("guest-silent", "");
}

static void count(const char *name, uint64_t before, uint64_t after)
{
	struct vmp_counter *counter = vmp_gauges_add(&run.gauges, "agent", "eth0", name, VMP_COUNTER_MOVES);

	assert_non_null(counter);
	counter->before_known = counter->after_known = true;
	counter->before = before;
	counter->after = after;
}

static void drops(void **state)
{
	(void)state;
	silent(VMP_EXCHANGE_ICMP_ECHO, "10.0.0.254", "10.0.0.1");
	count("rx_packets", 1000, 1100);
	count("rx_dropped", 50, 145);
	cause("guest-silent", "guest-drops");
	/* too few for all those answers that are missing */
	silent(VMP_EXCHANGE_ICMP_ECHO, "10.0.0.254", "10.0.0.1");
	count("rx_packets", 1000, 1100);
	count("rx_dropped", 50, 52);
	cause("guest-silent", "");
	alone("guest-drops", VMP_SEVERITY_INFO);
	given(100);
	count("rx_packets", 1000, 1100);
	count("rx_errors", 0, 30);
	alone("guest-drops", VMP_SEVERITY_WARNING);
	/* old ones, and a counter that went back */
	given(100);
	count("rx_dropped", 50, 50);
	assert_null(judged("guest-drops"));
	given(100);
	count("rx_dropped", 50, 3);
	assert_null(judged("guest-drops"));
}

static int end(void **state)
{
	(void)state;
	vmp_run_clear(&run);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(driver_not_ready, end), cmocka_unit_test_teardown(queue_stuck, end),
		cmocka_unit_test_teardown(rx_filter, end), cmocka_unit_test_teardown(addresses, end),
		cmocka_unit_test_teardown(addresses_in_use, end), cmocka_unit_test_teardown(no_route, end), cmocka_unit_test_teardown(drops, end),
	};

	return cmocka_run_group_tests_name("rules_inside", tests, NULL, NULL);
}
