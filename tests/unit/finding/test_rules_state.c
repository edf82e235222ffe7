/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a guest does not take its packets: what explains a loss, what must not, and what leaves it open. */
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

#define S 1000000000ULL

static struct vmp_run run;

static void add_hop(const char *name, enum vmp_role role)
{
	struct vmp_hop *hop = vmp_vec_add(&run.path.hops);

	assert_non_null(hop);
	assert_non_null(vmp_vec_add(&run.seen));
	assert_int_equal(vmp_str_set(&hop->name, name), 0);
	hop->role = role;
}

/* A guest that is given a hundred packets and takes `taken` of them in four seconds. */
static void given(uint64_t taken)
{
	struct vmp_segment *segment;

	vmp_run_clear(&run);
	assert_non_null(vmp_vec_add(&run.guest.nics));
	assert_int_equal(vmp_str_set(&run.guest.name, "web01"), 0);
	run.guest.state = VMP_GUEST_RUNNING;
	run.settle_ns = S;
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

static void count(const char *source, const char *object, const char *name, uint64_t before, uint64_t after)
{
	struct vmp_counter *counter = vmp_gauges_add(&run.gauges, source, object, name, VMP_COUNTER_MOVES);

	assert_non_null(counter);
	counter->before_known = counter->after_known = true;
	counter->before = before;
	counter->after = after;
}

/* A thread over four seconds; letter: its state at both readings. */
static void thread(const char *source, const char *object, uint64_t ran_ns, uint64_t waited_ns, char letter)
{
	count("qemu", "", "elapsed_ns", S, 5 * S);
	count("qemu", "", "pid", 4711, 4711);
	count(source, object, "run_ns", 7, 7 + ran_ns);
	count(source, object, "delay_ns", 9, 9 + waited_ns);
	count(source, object, "stopped", letter == 'T', letter == 'T');
	count(source, object, "runnable", letter == 'R', letter == 'R');
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

static bool has_evidence(const struct vmp_finding *finding, const char *text)
{
	vmp_vec_foreach (line, &finding->evidence)
		if (strstr(*line, text))
			return true;
	return false;
}

static const char *const untaken = "not-taken-by-guest";

static void starved(void **state)
{
	const struct vmp_finding *finding;

	(void)state;
	given(40);
	thread("vcpu", "vcpu 0", S, 2 * S, 'R');
	thread("qemu", "main loop", S / 100, S / 100, 'S');
	cause(untaken, "vcpu-starved");
	finding = judged(untaken);
	assert_non_null(strstr(finding->summary, "waited for a CPU of this host 50 % of the time"));
	assert_true(has_evidence(finding, "waited for a CPU 2.00 s of 4.00 s (50 %) and ran 1.00 s"));
	assert_string_equal(run.verdict.code, untaken);
	/* the thread that reads the tap is as good a reason */
	given(40);
	thread("vcpu", "vcpu 0", S, 0, 'S');
	thread("qemu", "main loop", S, 2 * S, 'R');
	cause(untaken, "vcpu-starved");
	assert_non_null(strstr(judged(untaken)->summary, "the thread that takes its packets"));
	/* one that was ready all the time and never ran: its counter does not move */
	given(0);
	thread("vcpu", "vcpu 0", 0, 0, 'R');
	cause(untaken, "vcpu-starved");
	assert_true(has_evidence(judged(untaken), "never got one"));
	/* held back by a quota */
	given(40);
	thread("vcpu", "vcpu 0", S, 2 * S, 'R');
	count("vcpu", "vcpu 0", "throttled_ns", 5, 5 + 2 * S);
	cause(untaken, "vcpu-starved");
	assert_non_null(strstr(judged(untaken)->summary, "quota"));
	assert_non_null(strstr(judged(untaken)->remedy, "schedinfo"));
}

static void not_starved(void **state)
{
	(void)state;
	/* little waiting */
	given(40);
	thread("vcpu", "vcpu 0", 2 * S, S / 50, 'R');
	thread("qemu", "main loop", S, S / 50, 'S');
	cause(untaken, "");
	assert_true(has_evidence(judged(untaken), "not short of it"));
	/* not a quarter: told, not blamed */
	given(40);
	thread("vcpu", "vcpu 0", 2 * S, S / 2, 'R');
	cause(untaken, "");
	assert_true(has_evidence(judged(untaken), "(13 %)"));
	/* nothing was taken though the guest ran half the time: another reason */
	given(0);
	thread("vcpu", "vcpu 0", 2 * S, 2 * S, 'R');
	cause(untaken, "");
	/* one of four processors */
	given(40);
	thread("vcpu", "vcpu 0", S, 2 * S, 'R');
	for (int i = 1; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vcpu %d", i);
		thread("vcpu", name, S, 0, 'S');
	}
	cause(untaken, "");
	/* an idle one does not run and does not wait */
	given(0);
	thread("vcpu", "vcpu 0", 0, 0, 'S');
	cause(untaken, "");
	/* nothing is lost: nothing is said */
	given(100);
	thread("vcpu", "vcpu 0", S, 3 * S, 'R');
	assert_null(judged(untaken));
	assert_int_equal(run.findings.n, 0);
	/* a link that is down is the reason, whoever waits */
	given(0);
	run.guest.nics.v[0].link_up = VMP_NO;
	thread("vcpu", "vcpu 0", S, 3 * S, 'R');
	cause(untaken, "");
}

static void unknown(void **state)
{
	struct vmp_counter *counter;

	(void)state;
	given(40);
	cause(untaken, "");
	given(40);
	thread("vcpu", "vcpu 0", S, 2 * S, 'R');
	counter = vmp_gauges_add(&run.gauges, "vcpu", "vcpu 0", "delay_ns", VMP_COUNTER_MOVES);
	assert_non_null(counter);
	counter->after_known = false;
	cause(untaken, "");
	assert_false(has_evidence(judged(untaken), "CPU"));
}

static void others_drops(void **state)
{
	(void)state;
	given(100);
	run.gauges.backend.given = 5000;
	run.gauges.backend.dropped = 300;
	thread("vcpu", "vcpu 0", S, 2 * S, 'R');
	cause("queue-drops", "vcpu-starved");
}

static void stopped(void **state)
{
	(void)state;
	given(0);
	thread("vcpu", "vcpu 0", 0, 0, 'T');
	thread("qemu", "main loop", 0, 0, 'T');
	cause(untaken, "qemu-stopped");
	assert_non_null(strstr(judged(untaken)->remedy, "kill -CONT 4711"));
	/* only when it began */
	given(40);
	thread("qemu", "main loop", S, 0, 'T');
	vmp_gauges_add(&run.gauges, "qemu", "main loop", "stopped", VMP_COUNTER_MOVES)->after = 0;
	cause(untaken, "");
}

static void paused(void **state)
{
	const struct vmp_finding *finding;

	(void)state;
	given(0);
	run.guest.state = VMP_GUEST_PAUSED;
	assert_int_equal(vmp_str_set(&run.guest.state_reason, "I/O error"), 0);
	cause(untaken, "guest-not-running");
	finding = judged(untaken);
	assert_non_null(strstr(finding->summary, "the guest is paused (I/O error)"));
	assert_non_null(strstr(finding->remedy, "virsh domblkerror web01"));
	assert_null(judged("guest-not-running"));
	/* it does not wait for a CPU then, and what it waited before is not the first reason */
	thread("vcpu", "vcpu 0", 0, 3 * S, 'S');
	cause(untaken, "guest-not-running");
	assert_false(has_evidence(judged(untaken), "CPU"));
	/* without a loss it is a finding of its own */
	given(100);
	run.guest.state = VMP_GUEST_PAUSED;
	finding = judged("guest-not-running");
	assert_non_null(finding);
	assert_int_equal(finding->severity, VMP_SEVERITY_CRITICAL);
	/* one that was paused when the trace began, and runs now */
	given(60);
	run.guest.has_state_before = true;
	run.guest.state_before = VMP_GUEST_PAUSED;
	assert_int_equal(vmp_str_set(&run.guest.reason_before, "migrating"), 0);
	cause(untaken, "guest-not-running");
	assert_non_null(strstr(judged(untaken)->summary, "was, when the trace began, paused (migrating)"));
	/* and one that ran all the time */
	given(60);
	run.guest.has_state_before = true;
	run.guest.state_before = VMP_GUEST_RUNNING;
	cause(untaken, "");
	assert_true(has_evidence(judged(untaken), "libvirt says that the guest is running"));
}

static void silent(void **state)
{
	struct vmp_exchange *exchange;

	(void)state;
	given(100);
	exchange = vmp_vec_add(&run.exchanges);
	assert_non_null(exchange);
	*exchange = (struct vmp_exchange){.kind = VMP_EXCHANGE_ICMP_ECHO, .direction = VMP_TO_GUEST, .asked = 100, .reached = 100};
	exchange->asker = vmp_ip_from_octets(4, (const uint8_t[]){10, 0, 0, 254});
	exchange->asked_of = vmp_ip_from_octets(4, (const uint8_t[]){10, 0, 0, 1});
	thread("vcpu", "vcpu 0", S, 2 * S, 'R');
	cause("guest-silent", ""); /* it would be late, not silent */
	thread("vcpu", "vcpu 0", 0, 0, 'R');
	cause("guest-silent", "vcpu-starved");
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
		cmocka_unit_test_teardown(starved, end), cmocka_unit_test_teardown(not_starved, end), cmocka_unit_test_teardown(unknown, end),
		cmocka_unit_test_teardown(others_drops, end), cmocka_unit_test_teardown(stopped, end), cmocka_unit_test_teardown(paused, end),
		cmocka_unit_test_teardown(silent, end),
	};

	return cmocka_run_group_tests_name("rules_state", tests, NULL, NULL);
}
