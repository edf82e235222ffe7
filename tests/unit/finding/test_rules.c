/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each rule: a run that raises it, one that must not, one that leaves it unsure; then the order, the verdict, the status. */
#include "finding/finding.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NET, ETH0, TAP0, GUEST, HOPS };

static struct vmp_run run;

static void add_hop(const char *name, enum vmp_role role, int rank)
{
	struct vmp_hop *hop = vmp_vec_add(&run.path.hops);
	struct vmp_hop_seen *seen = vmp_vec_add(&run.seen);

	assert_non_null(hop);
	assert_non_null(seen);
	assert_int_equal(vmp_str_set(&hop->name, name), 0);
	hop->role = role;
	hop->rank = rank;
	if (role == VMP_ROLE_NETWORK || role == VMP_ROLE_GUEST)
		return;
	hop->observed = VMP_OBSERVED_YES;
	hop->ifindex = rank;
	seen->has_point = true;
	seen->point = run.points.n;
	assert_non_null(vmp_vec_add(&run.points));
	run.points.v[seen->point].opened = true;
}

static struct vmp_segment *add_segment(enum vmp_direction direction, int from, int to, uint64_t offered, uint64_t lost,
				       uint64_t unsure)
{
	struct vmp_segment *segment = vmp_vec_add(&run.segments);

	assert_non_null(segment);
	segment->direction = direction;
	segment->from = from;
	segment->to = to;
	segment->offered = offered;
	segment->lost = lost;
	segment->unsure = unsure;
	segment->delivered = offered - lost - unsure;
	return segment;
}

static struct vmp_exchange *add_exchange(enum vmp_exchange_kind kind, enum vmp_direction direction, uint64_t asked, uint64_t answered)
{
	static const uint8_t far[4] = {10, 0, 0, 254}, near[4] = {10, 0, 0, 1};
	struct vmp_exchange *exchange = vmp_vec_add(&run.exchanges);

	assert_non_null(exchange);
	exchange->kind = kind;
	exchange->direction = direction;
	exchange->asked = exchange->reached = asked;
	exchange->answered = answered;
	exchange->asker = vmp_ip_from_octets(4, direction == VMP_TO_GUEST ? far : near);
	exchange->asked_of = vmp_ip_from_octets(4, direction == VMP_TO_GUEST ? near : far);
	return exchange;
}

/* A running guest behind a bridge; a hundred packets each way, all delivered and taken. */
static int begin(void **state)
{
	(void)state;
	memset(&run, 0, sizeof(run));
	assert_non_null(vmp_vec_add(&run.guest.nics));
	assert_int_equal(vmp_str_set(&run.guest.name, "web01"), 0);
	run.guest.state = VMP_GUEST_RUNNING;
	run.settle_ns = 1000000000ULL;
	run.capture_whole = true;
	run.path.mode = VMP_PATH_BRIDGED;
	run.path.backend = TAP0;
	run.path.switch_hop = -1;
	run.path.has_guest_mac = true;
	add_hop("network", VMP_ROLE_NETWORK, 0);
	add_hop("eth0", VMP_ROLE_UPLINK, 1);
	add_hop("tap0", VMP_ROLE_BACKEND, 2);
	add_hop("guest", VMP_ROLE_GUEST, 3);
	for (int i = ETH0; i <= TAP0; i++) {
		run.seen.v[i].to_guest.packets = run.seen.v[i].from_guest.packets = 100;
		run.seen.v[i].unicast_to_guest = 100;
	}
	add_segment(VMP_TO_GUEST, ETH0, TAP0, 100, 0, 0);
	add_segment(VMP_TO_GUEST, TAP0, GUEST, 100, 0, 0);
	add_segment(VMP_FROM_GUEST, TAP0, ETH0, 100, 0, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmp_run_clear(&run);
	return 0;
}

enum { TO_TAP, TO_GUEST, FROM_GUEST };

static void lose(int segment, uint64_t lost)
{
	run.segments.v[segment].lost = lost;
	run.segments.v[segment].delivered = run.segments.v[segment].offered - lost - run.segments.v[segment].unsure;
}

static const struct vmp_finding *find(const char *code)
{
	vmp_vec_foreach (finding, &run.findings)
		if (strcmp(finding->code, code) == 0)
			return finding;
	return NULL;
}

/* Judge, and check the verdict and the exit status. */
static void verdict(enum vmp_state state, const char *code, int status)
{
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_string_equal(run.verdict.code, code);
	assert_int_equal(run.verdict.state, state);
	assert_int_equal(vmp_finding_exit_status(&run), status);
	assert_non_null(run.verdict.summary);
}

static void place(enum vmp_direction direction, int from, int to)
{
	assert_true(run.verdict.has_place);
	assert_int_equal(run.verdict.direction, direction);
	assert_int_equal(run.verdict.from, from);
	assert_int_equal(run.verdict.to, to);
}

static bool has_evidence(const struct vmp_finding *finding, const char *text)
{
	vmp_vec_foreach (line, &finding->evidence)
		if (strstr(*line, text))
			return true;
	return false;
}

/* ---- loss in the host -------------------------------------------------------------------------------------------- */

static void healthy(void **state)
{
	(void)state;
	add_exchange(VMP_EXCHANGE_ARP, VMP_TO_GUEST, 3, 3);
	add_exchange(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_FROM_GUEST, 20, 20);
	verdict(VMP_STATE_OK, "no-loss", 0);
	assert_int_equal(run.verdict.confidence, VMP_CONFIDENCE_CERTAIN);
	assert_int_equal(run.findings.n, 0);
}

static void one_lost(void **state)
{
	(void)state;
	lose(TO_TAP, 1);
	verdict(VMP_STATE_LOSS, "lost-in-host", 2);
	place(VMP_TO_GUEST, ETH0, TAP0);
	assert_int_equal(run.verdict.confidence, VMP_CONFIDENCE_CERTAIN);
}

static void unsure_is_not_lost(void **state)
{
	(void)state;
	run.segments.v[TO_TAP].unsure = 30;
	run.segments.v[TO_TAP].delivered = 70;
	verdict(VMP_STATE_OK, "no-loss", 0);
	assert_int_equal(run.verdict.confidence, VMP_CONFIDENCE_LIKELY);
	/* One direction of which nothing is known is not well, however many packets go the other way. */
	run.segments.v[FROM_GUEST].unsure = 60;
	run.segments.v[FROM_GUEST].delivered = 40;
	verdict(VMP_STATE_INCONCLUSIVE, "capture-incomplete", 3);
	run.capture_whole = false;
	for (int i = 0; i < 3; i++) {
		run.segments.v[i].unsure = 90;
		run.segments.v[i].delivered = 10;
	}
	verdict(VMP_STATE_INCONCLUSIVE, "capture-incomplete", 3);
}

/* What the captures lost cannot be all that is missing: the rest is lost, with bounds. */
static void bounds(void **state)
{
	struct vmp_segment *segment = &run.segments.v[TO_TAP];

	(void)state;
	run.capture_whole = false;
	segment->unsure = segment->unsure_why[VMP_UNSURE_CAPTURE_LOSS] = 55;
	segment->delivered = 45;
	segment->unsure_lost = 40;
	verdict(VMP_STATE_LOSS, "lost-in-host", 2);
	place(VMP_TO_GUEST, ETH0, TAP0);
	assert_non_null(strstr(run.verdict.summary, "at least 40, at most 55 of 100 packets"));
	assert_true(has_evidence(find("lost-in-host"), "these can have been 15 of them at most"));
	segment->unsure_lost = 0;
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_null(find("lost-in-host"));
}

/* Answers that the capture may have lost are no silence; those of which it lost too few are. */
static void answers_unseen(void **state)
{
	static const struct {
		enum vmp_direction asked;
		int hop;
		uint64_t in, out;
		const char *code;
		bool found;
	} cases[] = {
		{VMP_TO_GUEST, TAP0, 9, 0, "guest-silent", true},   {VMP_TO_GUEST, TAP0, 10, 0, "guest-silent", false},
		{VMP_TO_GUEST, TAP0, 0, 500, "guest-silent", true}, {VMP_TO_GUEST, ETH0, 500, 500, "guest-silent", true},
		{VMP_FROM_GUEST, ETH0, 9, 0, "nothing-arrives", true},
		{VMP_FROM_GUEST, ETH0, 10, 0, "nothing-arrives", false},
		{VMP_FROM_GUEST, ETH0, 0, 500, "nothing-arrives", true},
		{VMP_FROM_GUEST, TAP0, 500, 500, "nothing-arrives", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		end(state);
		begin(state);
		for (int hop = ETH0; hop <= TAP0; hop++) {
			struct vmp_point *point = &run.points.v[run.seen.v[hop].point];

			run.seen.v[hop].unicast_to_guest = cases[i].asked == VMP_TO_GUEST ? 100 : 0;
			run.path.hops.v[hop].to_guest = hop == TAP0 ? VMP_DEV_OUT : VMP_DEV_IN;
			if (hop != cases[i].hop)
				continue;
			point->dropped_in = cases[i].in;
			point->dropped_out = cases[i].out;
			point->dropped = cases[i].in + cases[i].out;
			point->received = 1000;
		}
		run.capture_whole = false;
		add_exchange(VMP_EXCHANGE_ICMP_ECHO, cases[i].asked, 10, 0);
		assert_int_equal(vmp_finding_judge(&run), 0);
		assert_int_equal(find(cases[i].code) != NULL, cases[i].found);
		assert_non_null(find("capture-lost-frames"));
	}
}

/* A queue that delays and loses nothing is told, and no reason for alarm; a few slow ones are no queue. */
static void queueing(void **state)
{
	struct vmp_latency *latency = &run.segments.v[FROM_GUEST].latency;

	for (unsigned int slow = 9; slow <= 12; slow++) {
		*latency = (struct vmp_latency){.known = true, .p50_us = 5, .p99_us = 90000, .max_us = 120000, .n_slow = 1};
		latency->slow[0] = (struct vmp_slow){7, 0, 120000000};
		latency->octave[12] = slow == 12 ? 200 : 50;
		latency->octave[26] = slow;
		assert_int_equal(vmp_finding_judge(&run), 0);
		assert_int_equal(find("queueing") != NULL, slow == 10 || slow == 11);
		if (find("queueing"))
			assert_int_equal(find("queueing")->severity, VMP_SEVERITY_INFO);
		end(state);
		begin(state);
		latency = &run.segments.v[FROM_GUEST].latency;
	}
}

static void which_end(void **state)
{
	struct vmp_segment *segment = &run.segments.v[FROM_GUEST];

	(void)state;
	lose(FROM_GUEST, 10);
	segment->longest_delivered = 1000;
	segment->shortest_lost = 1400;
	segment->wrong_tag = 3;
	segment->wrong_tag_id = 77;
	verdict(VMP_STATE_LOSS, "lost-in-host", 2);
	place(VMP_FROM_GUEST, TAP0, ETH0);
	assert_true(has_evidence(find("lost-in-host"), "only large packets"));
	assert_true(has_evidence(find("lost-in-host"), "tag 77"));
	segment->shortest_lost = 900;
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_false(has_evidence(find("lost-in-host"), "only large packets"));
}

/* ---- the guest's side -------------------------------------------------------------------------------------------- */

static void not_taken(void **state)
{
	(void)state;
	lose(TO_GUEST, 100);
	verdict(VMP_STATE_LOSS, "not-taken-by-guest", 2);
	place(VMP_TO_GUEST, TAP0, GUEST);
	/* It cannot be blamed for not answering what it did not take. */
	add_exchange(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST, 100, 0);
	verdict(VMP_STATE_LOSS, "not-taken-by-guest", 2);
	assert_null(find("guest-silent"));
}

static void link_is_down(void **state)
{
	(void)state;
	lose(TO_GUEST, 100);
	run.guest.nics.v[0].link_up = VMP_NO;
	verdict(VMP_STATE_LOSS, "not-taken-by-guest", 2);
	assert_non_null(strstr(find("not-taken-by-guest")->remedy, "domif-setlink"));
}

static void drops_of_perhaps_others(void **state)
{
	(void)state;
	run.gauges.backend.known = run.gauges.backend.counts_taken = true;
	run.gauges.backend.given = 1000;
	run.gauges.backend.dropped = 5;
	verdict(VMP_STATE_OK, "no-loss", 1);
	assert_non_null(find("queue-drops"));
	assert_null(find("not-taken-by-guest"));
}

static void not_running(void **state)
{
	(void)state;
	run.guest.state = VMP_GUEST_PAUSED;
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_non_null(find("guest-not-running"));
	assert_int_equal(vmp_finding_exit_status(&run), 2);
	run.guest.state = VMP_GUEST_BLOCKED;
	verdict(VMP_STATE_OK, "no-loss", 0);
}

/* Questions that reached the guest, how many it answered, and what that says. */
static void silent(void **state)
{
	static const struct {
		enum vmp_exchange_kind kind;
		uint64_t reached, answered;
		bool assumed;
		const char *finding; /* NULL: none */
		int severity, confidence;
		int status;
	} cases[] = {
		{VMP_EXCHANGE_ICMP_ECHO, 10, 10, false, NULL, 0, 0, 0},
		{VMP_EXCHANGE_ICMP_ECHO, 10, 0, false, "guest-silent", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN, 2},
		{VMP_EXCHANGE_ICMP_ECHO, 10, 0, true, "guest-silent", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_LIKELY, 2},
		{VMP_EXCHANGE_ICMP_ECHO, 2, 0, false, "guest-silent", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_LIKELY, 2},
		{VMP_EXCHANGE_ICMP_ECHO, 1, 0, false, "guest-silent", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_WEAK, 1},
		{VMP_EXCHANGE_ICMP_ECHO, 10, 8, false, NULL, 0, 0, 0},
		{VMP_EXCHANGE_ICMP_ECHO, 100, 95, false, NULL, 0, 0, 0},
		{VMP_EXCHANGE_ICMP_ECHO, 10, 5, false, "guest-answers-partly", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_LIKELY, 1},
		{VMP_EXCHANGE_TCP_HANDSHAKE, 10, 5, false, "guest-answers-partly", VMP_SEVERITY_INFO, VMP_CONFIDENCE_LIKELY, 0},
		{VMP_EXCHANGE_TCP_HANDSHAKE, 10, 0, false, "guest-silent", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN, 2},
		{VMP_EXCHANGE_ARP, 5, 0, false, "guest-silent", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN, 2},
		{VMP_EXCHANGE_ND, 5, 0, false, "guest-silent", VMP_SEVERITY_CRITICAL, VMP_CONFIDENCE_CERTAIN, 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct vmp_finding *finding;

		if (i) {
			end(state);
			begin(state);
		}
		add_exchange(cases[i].kind, VMP_TO_GUEST, cases[i].reached, cases[i].answered);
		run.observations.address_assumed = cases[i].assumed;
		assert_int_equal(vmp_finding_judge(&run), 0);
		finding = cases[i].finding ? find(cases[i].finding) : NULL;
		if (cases[i].finding ? !finding || (int)finding->severity != cases[i].severity || (int)finding->confidence != cases[i].confidence
				     : run.findings.n > 0)
			fail_msg("case %zu: %s", i, run.findings.n ? run.findings.v[0].code : "no finding");
		assert_int_equal(vmp_finding_exit_status(&run), cases[i].status);
		if (finding && strcmp(finding->code, "guest-silent") == 0)
			place(VMP_FROM_GUEST, GUEST, TAP0);
	}
}

/* A guest that talks TCP all the time and leaves some ports alone is being scanned, not silent. */
static void scanned(void **state)
{
	(void)state;
	add_exchange(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST, 10, 0);
	run.observations.guest_tcp_packets = 5000;
	verdict(VMP_STATE_OK, "no-loss", 0);
	assert_null(find("guest-silent"));
}

/* The gateway does not answer its ARP: then it cannot answer, and silence is not its fault. */
static void cannot_answer(void **state)
{
	(void)state;
	add_exchange(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST, 10, 0);
	add_exchange(VMP_EXCHANGE_ARP, VMP_FROM_GUEST, 10, 0);
	verdict(VMP_STATE_LOSS, "nothing-arrives", 2);
	place(VMP_TO_GUEST, NET, ETH0);
	assert_null(find("guest-silent"));
}

/* The ticket: delivered, answered, and asked for ever. */
static void deaf_guest(void **state)
{
	(void)state;
	add_exchange(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST, 10, 0);
	add_exchange(VMP_EXCHANGE_ARP, VMP_FROM_GUEST, 10, 10)->asked_again = 9;
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_non_null(find("guest-ignores-answers"));
	assert_int_equal(run.verdict.state, VMP_STATE_LOSS);
	assert_true(strcmp(run.verdict.code, "guest-silent") == 0 || strcmp(run.verdict.code, "not-taken-by-guest") == 0);
	assert_int_equal(vmp_finding_exit_status(&run), 2);
}

static void foreign_macs(void **state)
{
	(void)state;
	run.observations.foreign_source_mac = 5;
	run.observations.from_outside_with_guest_mac = 2;
	verdict(VMP_STATE_OK, "no-loss", 1);
	assert_int_equal(find("guest-uses-other-mac")->severity, VMP_SEVERITY_INFO);
	assert_int_equal(find("guest-mac-from-outside")->severity, VMP_SEVERITY_WARNING);
}

/* ---- beyond the host --------------------------------------------------------------------------------------------- */

static void beyond_the_host(void **state)
{
	struct vmp_exchange *exchange = add_exchange(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST, 5, 5);

	(void)state;
	exchange->asked_again = 1; /* once is no pattern */
	verdict(VMP_STATE_OK, "no-loss", 0);
	exchange->asked_again = 8;
	verdict(VMP_STATE_LOSS, "lost-beyond-host", 2);
	place(VMP_FROM_GUEST, ETH0, NET);
	assert_int_equal(run.verdict.confidence, VMP_CONFIDENCE_LIKELY);
	/* Answers that vanish in this host explain it. */
	lose(FROM_GUEST, 5);
	verdict(VMP_STATE_LOSS, "lost-in-host", 2);
	assert_null(find("lost-beyond-host"));
}

/* Nothing is lost then, and it does not work either. */
static void answers_refused(void **state)
{
	struct vmp_exchange *exchange = add_exchange(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST, 5, 5);

	(void)state;
	exchange->answers_refused = 1;
	verdict(VMP_STATE_OK, "no-loss", 0);
	exchange->answers_refused = 8;
	verdict(VMP_STATE_OK, "no-loss", 1);
	assert_int_equal(find("answers-refused")->severity, VMP_SEVERITY_WARNING);
	assert_null(find("lost-beyond-host"));
}

static void nothing_arrives(void **state)
{
	(void)state;
	run.seen.v[ETH0].unicast_to_guest = run.seen.v[TAP0].unicast_to_guest = 0;
	add_exchange(VMP_EXCHANGE_ARP, VMP_FROM_GUEST, 10, 0);
	verdict(VMP_STATE_LOSS, "nothing-arrives", 2);
	/* Others are answered: then the network is there. */
	add_exchange(VMP_EXCHANGE_ICMP_ECHO, VMP_FROM_GUEST, 3, 1);
	verdict(VMP_STATE_OK, "no-loss", 0);
}

/* One neighbour does not answer, but other traffic comes in. */
static void one_neighbour(void **state)
{
	(void)state;
	add_exchange(VMP_EXCHANGE_ARP, VMP_FROM_GUEST, 10, 0);
	verdict(VMP_STATE_OK, "no-loss", 0);
	assert_int_equal(find("questions-unanswered")->severity, VMP_SEVERITY_INFO);
}

/* Behind this host's own routing nobody looked. */
static void routed(void **state)
{
	(void)state;
	run.path.mode = VMP_PATH_ROUTED;
	run.path.hops.v[ETH0].role = VMP_ROLE_SWITCH;
	/* That this host answers ARP says nothing of what lies beyond it. */
	add_exchange(VMP_EXCHANGE_ARP, VMP_FROM_GUEST, 10, 10);
	add_exchange(VMP_EXCHANGE_ICMP_ECHO, VMP_FROM_GUEST, 10, 0);
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_non_null(find("nothing-arrives"));
	assert_int_not_equal(run.verdict.state, VMP_STATE_LOSS);
	assert_int_equal(run.verdict.confidence, VMP_CONFIDENCE_WEAK);
}

/* The gateway is this host, and does not answer: that is told, and not laid at the network's door. */
static void routed_gateway(void **state)
{
	(void)state;
	run.path.mode = VMP_PATH_ROUTED;
	run.path.hops.v[ETH0].role = VMP_ROLE_SWITCH;
	add_exchange(VMP_EXCHANGE_ARP, VMP_FROM_GUEST, 10, 0);
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_non_null(find("nothing-arrives"));
	assert_int_not_equal(run.verdict.state, VMP_STATE_LOSS);
}

/* An ARP request for ever may be a tool's; a connection attempt repeated is not. */
static void arping(void **state)
{
	struct vmp_exchange *exchange = add_exchange(VMP_EXCHANGE_ARP, VMP_TO_GUEST, 10, 10);

	(void)state;
	exchange->asked_again = 9;
	verdict(VMP_STATE_INCONCLUSIVE, "lost-beyond-host", 1);
	assert_int_equal(run.verdict.confidence, VMP_CONFIDENCE_WEAK);
}

/* ---- order, verdict, status -------------------------------------------------------------------------------------- */

static void weighed(void **state)
{
	struct vmp_exchange *exchange = add_exchange(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST, 50, 0);

	(void)state;
	lose(TO_TAP, 2);
	verdict(VMP_STATE_LOSS, "guest-silent", 2);
	/* As many packets: the one nearer to the source. */
	exchange->reached = exchange->asked = 2;
	lose(TO_TAP, 2);
	verdict(VMP_STATE_LOSS, "lost-in-host", 2);
	for (size_t i = 1; i < run.findings.n; i++)
		assert_true(run.findings.v[i - 1].severity >= run.findings.v[i].severity);
	/* Judged again, nothing is there twice. */
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_int_equal(run.findings.n, 2);
}

static void nothing_seen(void **state)
{
	(void)state;
	for (int i = 0; i < HOPS; i++)
		memset(&run.seen.v[i].to_guest, 0, 2 * sizeof(run.seen.v[i].to_guest));
	for (int i = 0; i < 3; i++)
		run.segments.v[i].offered = run.segments.v[i].delivered = 0;
	verdict(VMP_STATE_INCONCLUSIVE, "no-traffic", 3);
	run.capture_whole = false;
	verdict(VMP_STATE_INCONCLUSIVE, "capture-incomplete", 3);
	/* Something known to be wrong weighs more than that nothing was seen. */
	run.guest.state = VMP_GUEST_PAUSED;
	verdict(VMP_STATE_INCONCLUSIVE, "capture-incomplete", 2);
}

static void statuses(void **state)
{
	static const struct {
		enum vmp_state state;
		bool any;
		enum vmp_severity severity;
		int status;
	} cases[] = {
		{VMP_STATE_OK, false, 0, 0},
		{VMP_STATE_OK, true, VMP_SEVERITY_INFO, 0},
		{VMP_STATE_OK, true, VMP_SEVERITY_WARNING, 1},
		{VMP_STATE_OK, true, VMP_SEVERITY_CRITICAL, 2},
		{VMP_STATE_LOSS, false, 0, 2},
		{VMP_STATE_LOSS, true, VMP_SEVERITY_WARNING, 2},
		{VMP_STATE_INCONCLUSIVE, false, 0, 3},
		{VMP_STATE_INCONCLUSIVE, true, VMP_SEVERITY_INFO, 3},
		{VMP_STATE_INCONCLUSIVE, true, VMP_SEVERITY_WARNING, 1},
		{VMP_STATE_INCONCLUSIVE, true, VMP_SEVERITY_CRITICAL, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		vmp_findings_clear(&run.findings);
		run.verdict.state = cases[i].state;
		if (cases[i].any)
			assert_non_null(vmp_finding_add(&run.findings, "x", cases[i].severity, VMP_CONFIDENCE_CERTAIN, "x"));
		assert_int_equal(vmp_finding_exit_status(&run), cases[i].status);
		assert_int_equal(vmp_findings_exit_status(&run.findings), cases[i].any ? (int)cases[i].severity : 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(healthy),	     TEST(one_lost),	TEST(unsure_is_not_lost), TEST(bounds),
		TEST(answers_unseen), TEST(queueing),	TEST(which_end),	TEST(not_taken),
		TEST(link_is_down),  TEST(drops_of_perhaps_others), TEST(not_running), TEST(silent),	TEST(scanned),
		TEST(cannot_answer), TEST(deaf_guest),	TEST(foreign_macs),	  TEST(beyond_the_host), TEST(answers_refused), TEST(nothing_arrives),
		TEST(one_neighbour), TEST(routed), TEST(routed_gateway), TEST(arping),	TEST(weighed),
		TEST(nothing_seen), TEST(statuses),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
