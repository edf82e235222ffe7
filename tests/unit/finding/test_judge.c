/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs in, verdicts out: above all where the tool must not be surer than what was seen allows. */
#include "finding/finding.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NETWORK, ETH0, TAP0, GUEST, HOPS };

static const struct {
	const char *name;
	enum vmp_role role;
} hops[HOPS] = {{"network", VMP_ROLE_NETWORK}, {"eth0", VMP_ROLE_UPLINK}, {"tap0", VMP_ROLE_BACKEND}, {"guest", VMP_ROLE_GUEST}};

/* A bridged guest; nothing was seen of it yet. */
static void begin(struct vmp_run *run)
{
	struct vmp_nic *nic;

	memset(run, 0, sizeof(*run));
	nic = vmp_vec_add(&run->guest.nics);
	assert_non_null(nic);
	memset(nic, 0, sizeof(*nic));
	assert_int_equal(vmp_str_set(&run->guest.name, "web01"), 0);
	run->guest.state = VMP_GUEST_RUNNING;
	run->path.mode = VMP_PATH_BRIDGED;
	run->path.backend = TAP0;
	run->path.switch_hop = -1;
	run->path.has_guest_mac = true;
	run->capture_whole = true;
	for (int i = 0; i < HOPS; i++) {
		struct vmp_hop *hop = vmp_vec_add(&run->path.hops);
		struct vmp_hop_seen *seen = vmp_vec_add(&run->seen);
		struct vmp_point *point;

		assert_non_null(hop);
		assert_non_null(seen);
		assert_int_equal(vmp_str_set(&hop->name, hops[i].name), 0);
		hop->role = hops[i].role;
		hop->rank = i;
		if (i == NETWORK || i == GUEST)
			continue;
		point = vmp_vec_add(&run->points);
		assert_non_null(point);
		seen->has_point = true;
		seen->point = run->points.n - 1;
		hop->observed = VMP_OBSERVED_YES;
	}
}

static void add_segment(struct vmp_run *run, enum vmp_direction direction, int from, int to, uint64_t offered, uint64_t lost,
			uint64_t unsure)
{
	struct vmp_segment *segment = vmp_vec_add(&run->segments);

	assert_non_null(segment);
	segment->direction = direction;
	segment->from = from;
	segment->to = to;
	segment->offered = offered;
	segment->lost = lost;
	segment->unsure = unsure;
	segment->delivered = offered - lost - unsure;
}

static void see(struct vmp_run *run, int hop, uint64_t to_guest, uint64_t from_guest)
{
	run->seen.v[hop].to_guest.packets = to_guest;
	run->seen.v[hop].from_guest.packets = from_guest;
}

static void add_echo(struct vmp_run *run, uint64_t asked, uint64_t answered)
{
	struct vmp_exchange *exchange = vmp_vec_add(&run->exchanges);

	assert_non_null(exchange);
	exchange->kind = VMP_EXCHANGE_ICMP_ECHO;
	exchange->direction = VMP_TO_GUEST;
	exchange->asked = exchange->reached = asked;
	exchange->answered = answered;
}

static const struct vmp_finding *find(const struct vmp_run *run, const char *code)
{
	vmp_vec_foreach (finding, &run->findings)
		if (strcmp(finding->code, code) == 0)
			return finding;
	return NULL;
}

static void judge(struct vmp_run *run, enum vmp_state state, const char *code, int status)
{
	assert_int_equal(vmp_finding_judge(run), 0);
	assert_int_equal(run->verdict.state, state);
	assert_string_equal(run->verdict.code, code);
	assert_int_equal(vmp_finding_exit_status(run), status);
}

static void healthy(void **state)
{
	struct vmp_run run;

	(void)state;
	begin(&run);
	see(&run, ETH0, 40, 40);
	see(&run, TAP0, 40, 40);
	add_segment(&run, VMP_TO_GUEST, ETH0, TAP0, 40, 0, 0);
	add_segment(&run, VMP_FROM_GUEST, TAP0, ETH0, 40, 0, 0);
	add_segment(&run, VMP_TO_GUEST, TAP0, GUEST, 40, 0, 0);
	add_echo(&run, 40, 40);
	/* Broadcasts that nobody is owed are seen, and not followed. */
	see(&run, ETH0, 70, 40);
	judge(&run, VMP_STATE_OK, "no-loss", 0);
	assert_non_null(strstr(run.verdict.summary, "40 packets to the guest and 40 from it"));
	assert_int_equal(run.findings.n, 0);
	vmp_run_clear(&run);
}

/* ARP requests for a guest whose address nobody knows stop at the bridge: all that is known is that nothing was followed. */
static void only_broadcasts(void **state)
{
	struct vmp_run run;

	(void)state;
	begin(&run);
	see(&run, ETH0, 40, 0);
	add_segment(&run, VMP_TO_GUEST, ETH0, TAP0, 0, 0, 0);
	judge(&run, VMP_STATE_INCONCLUSIVE, "no-traffic", 3);
	assert_non_null(strstr(run.verdict.summary, "none of them at tap0"));
	see(&run, TAP0, 40, 0);
	judge(&run, VMP_STATE_INCONCLUSIVE, "no-traffic", 3);
	assert_null(strstr(run.verdict.summary, "tap0"));
	vmp_run_clear(&run);
}

static void another_mac(void **state)
{
	struct vmp_run run;

	(void)state;
	begin(&run);
	see(&run, TAP0, 3, 40);
	run.observations.foreign_source_mac = 60;
	add_segment(&run, VMP_FROM_GUEST, TAP0, ETH0, 0, 0, 0);
	judge(&run, VMP_STATE_INCONCLUSIVE, "no-traffic", 1);
	assert_non_null(strstr(run.verdict.summary, "another"));
	/* A bridge inside the guest: its own frames are there too. */
	run.segments.v[0].offered = run.segments.v[0].delivered = 5;
	judge(&run, VMP_STATE_OK, "no-loss", 0);
	assert_int_equal(find(&run, "guest-uses-other-mac")->severity, VMP_SEVERITY_INFO);
	vmp_run_clear(&run);
}

/* Captures whose clock was set: what is missing in one of them is all in the same time, so that a few unsure ones are no health. */
static void clock_of_captures(void **state)
{
	(void)state;
	for (int stepped = 0; stepped < 2; stepped++) {
		struct vmp_run run;

		begin(&run);
		run.foreign = run.offline = true;
		run.observations.clock_stepped = stepped;
		see(&run, ETH0, 100, 100);
		see(&run, TAP0, 80, 100);
		add_segment(&run, VMP_TO_GUEST, ETH0, TAP0, 100, 0, 20);
		add_segment(&run, VMP_FROM_GUEST, TAP0, ETH0, 100, 0, 0);
		if (stepped)
			judge(&run, VMP_STATE_INCONCLUSIVE, "capture-incomplete", 3);
		else
			judge(&run, VMP_STATE_OK, "no-loss", 0);
		assert_true((strstr(run.verdict.summary, "a clock was set") != NULL) == stepped);
		vmp_run_clear(&run);
	}
}

/* The queue dropped frames that may all be of other traffic: no loss of this trace, yet no health either. */
static void drops_of_somebody(void **state)
{
	struct vmp_run run;

	(void)state;
	begin(&run);
	see(&run, ETH0, 40, 34);
	see(&run, TAP0, 40, 34);
	add_segment(&run, VMP_TO_GUEST, ETH0, TAP0, 40, 0, 0);
	add_segment(&run, VMP_TO_GUEST, TAP0, GUEST, 40, 0, 40);
	add_echo(&run, 40, 34);
	run.gauges.backend = (struct vmp_backend_gauge){.known = true, .counts_taken = true, .given = 10000, .taken = 8500, .dropped = 1500};
	judge(&run, VMP_STATE_OK, "no-loss", 1);
	assert_non_null(find(&run, "queue-drops"));
	/* Nor is the guest to blame for not answering what may have been dropped. */
	assert_null(find(&run, "guest-answers-partly"));
	run.gauges.backend.dropped = 0;
	judge(&run, VMP_STATE_OK, "no-loss", 1);
	assert_null(find(&run, "queue-drops"));
	assert_non_null(find(&run, "guest-answers-partly"));
	run.segments.v[1].lost = 20;
	run.segments.v[1].unsure = 20;
	run.gauges.backend.dropped = 1500;
	judge(&run, VMP_STATE_LOSS, "not-taken-by-guest", 2);
	assert_null(find(&run, "queue-drops"));
	vmp_run_clear(&run);
}

/* What XDP drops on the tap, the guest has sent: its silence is not certain. */
static void silent_behind_xdp(void **state)
{
	struct vmp_run run;

	(void)state;
	begin(&run);
	see(&run, ETH0, 40, 0);
	see(&run, TAP0, 40, 0);
	add_segment(&run, VMP_TO_GUEST, ETH0, TAP0, 40, 0, 0);
	add_segment(&run, VMP_TO_GUEST, TAP0, GUEST, 40, 0, 0);
	add_echo(&run, 40, 0);
	for (int hop = -1; hop <= TAP0; hop++) {
		struct vmp_path_fact *fact;

		judge(&run, VMP_STATE_LOSS, "guest-silent", 2);
		assert_int_equal(run.verdict.confidence, VMP_CONFIDENCE_CERTAIN);
		assert_null(strstr(run.verdict.summary, "XDP"));
		fact = vmp_vec_add(&run.path.facts);
		assert_non_null(fact);
		fact->hop = hop < 0 ? ETH0 : hop;
		snprintf(fact->code, sizeof(fact->code), "xdp-attached");
		assert_int_equal(vmp_str_set(&fact->detail, "an XDP program is attached"), 0);
	}
	judge(&run, VMP_STATE_LOSS, "guest-silent", 2);
	assert_int_equal(run.verdict.confidence, VMP_CONFIDENCE_LIKELY);
	assert_non_null(strstr(run.verdict.summary, "XDP"));
	vmp_run_clear(&run);
}

static void add_fact(struct vmp_run *run, const char *code, int hop)
{
	struct vmp_path_fact *fact = vmp_vec_add(&run->path.facts);

	assert_non_null(fact);
	fact->hop = hop;
	snprintf(fact->code, sizeof(fact->code), "%s", code);
	assert_int_equal(vmp_str_set(&fact->detail, "it is down"), 0);
}

/* Without traffic to follow, what is broken is named all the same. */
static void tap_is_down(void **state)
{
	struct vmp_run run;

	(void)state;
	begin(&run);
	add_fact(&run, "backend-down", TAP0);
	judge(&run, VMP_STATE_INCONCLUSIVE, "no-traffic", 2);
	assert_true(run.verdict.has_place);
	assert_int_equal(run.verdict.direction, VMP_TO_GUEST);
	assert_int_equal(run.verdict.to, TAP0);
	assert_non_null(strstr(run.verdict.summary, "tap0 is down"));
	vmp_run_clear(&run);
}

static void uplink_is_down(void **state)
{
	struct vmp_segment *peer;
	struct vmp_run run;

	(void)state;
	begin(&run);
	add_fact(&run, "uplink-down", ETH0);
	run.points.v[1].opened = true;
	see(&run, TAP0, 0, 20);
	add_echo(&run, 20, 0);
	run.exchanges.v[0].direction = VMP_FROM_GUEST;
	run.exchanges.v[0].reached = 0;
	judge(&run, VMP_STATE_LOSS, "lost-in-host", 2);
	assert_int_equal(run.verdict.direction, VMP_FROM_GUEST);
	assert_int_equal(run.verdict.from, TAP0);
	assert_int_equal(run.verdict.to, ETH0);
	/* That the questions were flooded to other guests' ports changes nothing. */
	run.exchanges.v[0].reached = 20;
	judge(&run, VMP_STATE_LOSS, "lost-in-host", 2);
	/* Another guest of the same bridge is asked, at the port that the bridge knows for it: it needs no uplink. */
	peer = vmp_vec_add(&run.segments);
	assert_non_null(peer);
	*peer = (struct vmp_segment){.direction = VMP_FROM_GUEST, .from = TAP0, .to = ETH0, .offered = 20, .delivered = 20};
	assert_int_equal(vmp_finding_judge(&run), 0);
	assert_null(find(&run, "lost-in-host"));
	vmp_run_clear(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy),
		cmocka_unit_test(only_broadcasts),
		cmocka_unit_test(another_mac),
		cmocka_unit_test(clock_of_captures),
		cmocka_unit_test(drops_of_somebody),
		cmocka_unit_test(silent_behind_xdp),
		cmocka_unit_test(tap_is_down),
		cmocka_unit_test(uplink_is_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
