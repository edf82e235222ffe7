/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the backend's counters to what the guest took: never more lost than must be of this trace. */
#include "world.h"

#include "match/last_hop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static const struct hop_case {
	const char *what;
	uint64_t offered;
	bool known, counts_taken;
	uint64_t given, taken, dropped, waiting, slack, waited_ms;
	uint64_t lost, unsure;
} cases[] = {
	{"all taken", 100, true, true, 100, 100, 0, 0, 0, 0, 0, 0},
	{"all taken, much other traffic", 100, true, true, 5000, 5000, 0, 0, 0, 0, 0, 0},
	{"all dropped", 100, true, true, 100, 0, 100, 0, 0, 0, 100, 0},
	{"some dropped, all ours", 100, true, true, 100, 70, 30, 0, 0, 0, 30, 0},
	{"dropped, perhaps others'", 100, true, true, 500, 470, 30, 0, 0, 0, 0, 30},
	{"dropped, some must be ours", 100, true, true, 120, 70, 50, 0, 0, 0, 30, 20},
	{"stuck", 100, true, true, 100, 0, 0, 100, 0, 5000, 100, 0},
	{"stuck among others", 100, true, true, 150, 0, 0, 150, 0, 5000, 100, 0},
	{"just given, not taken yet", 100, true, true, 100, 90, 0, 10, 0, 0, 0, 10},
	{"waiting for less than the settle time", 100, true, true, 100, 90, 0, 10, 0, 999, 0, 10},
	{"readings not of one instant", 100, true, true, 100, 97, 0, 3, 3, 5000, 0, 0},
	{"stuck, partly within the slack", 100, true, true, 100, 90, 0, 10, 3, 5000, 7, 0},
	{"not known", 100, false, true, 0, 0, 0, 0, 0, 0, 0, 100},
	{"nothing offered, others dropped", 0, true, true, 500, 0, 500, 0, 0, 0, 0, 0},
	{"given counts fewer than offered", 100, true, true, 90, 90, 0, 0, 0, 0, 0, 10},
	{"more taken than given", 100, true, true, 100, 120, 0, 0, 0, 0, 0, 0},
	{"few taken, all the others' may be", 100, true, true, 1000, 10, 900, 90, 0, 0, 0, 100},
	{"macvtap, dropped, ours", 100, true, false, 100, 0, 40, 0, 0, 0, 40, 60},
	{"macvtap, dropped, perhaps others'", 100, true, false, 1000, 0, 40, 0, 0, 0, 0, 100},
};

static void add_hop(struct vmp_run *run, enum vmp_role role, const char *name)
{
	struct vmp_hop *hop = vmp_vec_add(&run->path.hops);

	hop->role = role;
	hop->name = strdup(name);
	assert_non_null(vmp_vec_add(&run->seen));
}

static void make_run(struct vmp_run *run, const struct hop_case *one)
{
	struct vmp_backend_gauge *gauge = &run->gauges.backend;

	memset(run, 0, sizeof(*run));
	assert_non_null(vmp_vec_add(&run->guest.nics));
	add_hop(run, VMP_ROLE_BACKEND, "tap0");
	add_hop(run, VMP_ROLE_GUEST, "guest");
	run->settle_ns = SEC;
	run->seen.v[0].to_guest.packets = one->offered;
	gauge->known = one->known;
	gauge->counts_taken = one->counts_taken;
	gauge->given = one->given;
	gauge->taken = one->taken;
	gauge->dropped = one->dropped;
	gauge->waiting = one->waiting;
	gauge->slack = one->slack;
	gauge->waited_ns = one->waited_ms * MS;
}

static void bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct hop_case *one = &cases[i];
		struct vmp_segment *segment;
		struct vmp_run run;

		make_run(&run, one);
		assert_int_equal(vmp_match_last_hop(&run), 0);
		assert_int_equal(run.segments.n, 1);
		segment = &run.segments.v[0];
		assert_int_equal(segment->offered, one->offered);
		assert_int_equal(segment->delivered + segment->lost + segment->unsure, one->offered);
		assert_int_equal(segment->unsure_why[VMP_UNSURE_ACCOUNTING], segment->unsure);
		if (segment->lost != one->lost || segment->unsure != one->unsure)
			fail_msg("%s: %llu lost, %llu unsure", one->what, (unsigned long long)segment->lost,
				 (unsigned long long)segment->unsure);
		assert_int_equal(segment->causes.n, one->lost > 0 && one->dropped > 0);
		vmp_run_clear(&run);
	}
}

static void link_down(void **state)
{
	const struct hop_case taken = {"", 100, true, true, 100, 100, 0, 0, 0, 0, 0, 0};
	struct vmp_run run;

	(void)state;
	make_run(&run, &taken);
	run.guest.nics.v[0].link_up = VMP_NO;
	assert_int_equal(vmp_match_last_hop(&run), 0);
	assert_int_equal(run.segments.v[0].lost, 100);
	assert_string_equal(run.segments.v[0].causes.v[0].reason, "LINK_DOWN");
	vmp_run_clear(&run);
}

/* A macvtap does not count what was taken; a guest that answers takes. */
static void macvtap_witness(void **state)
{
	const struct hop_case some = {"", 100, true, false, 1000, 0, 40, 0, 0, 0, 0, 0};
	struct vmp_exchange *exchange;
	struct vmp_run run;

	(void)state;
	make_run(&run, &some);
	exchange = vmp_vec_add(&run.exchanges);
	exchange->direction = VMP_TO_GUEST;
	exchange->answered = 1;
	assert_int_equal(vmp_match_last_hop(&run), 0);
	assert_int_equal(run.segments.v[0].lost, 0);
	assert_int_equal(run.segments.v[0].unsure, 40);
	vmp_run_clear(&run);
}

/* What the kernel told of drops at the device; the rest is what the counter says. */
static void told_reasons(void **state)
{
	const struct hop_case dropped = {"", 100, true, true, 100, 60, 40, 0, 0, 0, 0, 0};
	const struct vmp_drop_kind told = {.reason = "TAP_TXFILTER", .symbol = "tun_net_xmit", .device = "tap0", .ifindex = 7, .packets = 30};
	struct vmp_run run;

	(void)state;
	make_run(&run, &dropped);
	run.path.hops.v[run.path.backend].ifindex = 7;
	*(struct vmp_drop_kind *)vmp_vec_add(&run.drops.kinds) = told;
	assert_int_equal(vmp_match_last_hop(&run), 0);
	assert_int_equal(run.segments.v[0].lost, 40);
	assert_int_equal(run.segments.v[0].causes.n, 2);
	assert_string_equal(run.segments.v[0].causes.v[0].reason, "TAP_TXFILTER");
	assert_int_equal(run.segments.v[0].causes.v[0].packets, 30);
	assert_string_equal(run.segments.v[0].causes.v[1].reason, "FULL_RING");
	assert_int_equal(run.segments.v[0].causes.v[1].packets, 10);
	vmp_run_clear(&run);
}

static void no_backend(void **state)
{
	const struct hop_case some = {"", 100, true, true, 100, 100, 0, 0, 0, 0, 0, 0};
	struct vmp_run run;

	(void)state;
	make_run(&run, &some);
	run.path.backend = -1;
	assert_int_equal(vmp_match_last_hop(&run), 0);
	assert_int_equal(run.segments.n, 0);
	vmp_run_clear(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(bounds), cmocka_unit_test(link_down), cmocka_unit_test(macvtap_witness),
					   cmocka_unit_test(told_reasons),
					   cmocka_unit_test(no_backend)};

	return cmocka_run_group_tests_name("last hop", tests, NULL, NULL);
}
