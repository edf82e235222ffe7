/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gauge/gauge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ULL
#define RING 1000U

/*
 * A tap as the kernel keeps it, so that a test tells a story of frames given and taken and the readings follow from
 * it: also from what happens between two of them.
 */
struct model {
	uint64_t now_ns;
	uint64_t given;         /* what the frame counter says */
	uint64_t taken, dropped, waiting;
	struct vmp_backend_watch watch;
};

static void give(struct model *m, uint64_t n)
{
	m->given += n;
	m->waiting += n;
	if (m->waiting > RING) {
		m->dropped += m->waiting - RING;
		m->waiting = RING;
	}
}

static void take(struct model *m, uint64_t n)
{
	if (n > m->waiting)
		n = m->waiting;
	m->waiting -= n;
	m->taken += n;
}

static struct vmp_link_stats stats_of(const struct model *m)
{
	return (struct vmp_link_stats){.tx_packets = m->taken, .tx_dropped = m->dropped, .rx_packets = 5};
}

/* What happens between the three readings of one look. */
typedef void between(struct model *m);

static void nothing(struct model *m)
{
	(void)m;
}

/* A busy healthy guest: frames keep coming and are taken. */
static void busy(struct model *m)
{
	give(m, 7);
	take(m, 9);
	give(m, 3);
}

static void flood(struct model *m)
{
	give(m, 20);
}

static struct vmp_backend_reading look(struct model *m, between *meanwhile)
{
	struct vmp_backend_reading r = {.at_ns = m->now_ns};

	r.before = stats_of(m);
	meanwhile(m);
	r.given = m->given;
	meanwhile(m);
	r.after = stats_of(m);
	return r;
}

static void begin_kind(struct model *m, enum vmp_hop_kind kind, between *meanwhile)
{
	char name[] = "021f00";
	const struct vmp_hop hop = {.name = name, .kind = kind};
	struct vmp_backend_reading first = look(m, meanwhile);

	vmp_backend_begin(&m->watch, &hop, RING, &first);
}

static void begin(struct model *m, between *meanwhile)
{
	begin_kind(m, VMP_HOP_TAP, meanwhile);
}

static void sample(struct model *m, uint64_t after_ms, between *meanwhile)
{
	struct vmp_backend_reading r;

	m->now_ns += after_ms * MS;
	r = look(m, meanwhile);
	vmp_backend_sample(&m->watch, &r);
}

static struct vmp_backend_gauge finish(const struct model *m)
{
	struct vmp_backend_gauge gauge;

	assert_int_equal(vmp_backend_finish(&m->watch, &gauge), 0);
	return gauge;
}

static void test_idle(void **state)
{
	struct model m = {.now_ns = 5, .taken = 123456, .dropped = 77};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	for (int i = 0; i < 50; i++)
		sample(&m, 200, nothing);
	g = finish(&m);
	assert_true(g.known && g.counts_taken);
	assert_null(g.why_not);
	assert_int_equal(g.given + g.taken + g.dropped + g.waiting + g.slack + g.waited_ns, 0);
	assert_int_equal(g.queue_len, RING);
}

static void test_healthy_exact(void **state)
{
	struct model m = {.now_ns = 5, .taken = 10};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	for (int i = 0; i < 50; i++) {
		give(&m, 100);
		take(&m, 100);
		sample(&m, 200, nothing);
	}
	g = finish(&m);
	assert_int_equal(g.given, 5000);
	assert_int_equal(g.taken, 5000);
	assert_int_equal(g.dropped, 0);
	assert_int_equal(g.waiting, 0);
}

/* However the readings fall between the frames, at whatever time the run ends: never more waiting than slack. */
static void test_healthy_races(void **state)
{
	struct model m = {.now_ns = 5, .taken = 10};

	(void)state;
	begin(&m, busy);
	srand(1);
	for (int i = 0; i < 5000; i++) {
		struct vmp_backend_gauge g;

		give(&m, (uint64_t)rand() % 300);
		take(&m, RING);
		give(&m, (uint64_t)rand() % 200);       /* under way when we look */
		sample(&m, (uint64_t)rand() % 250, busy);
		g = finish(&m);
		assert_true(g.known);
		assert_true(g.waiting <= g.slack);
		assert_true(g.given <= g.taken + g.dropped + g.waiting + g.slack);
	}
}

/* One frame arrives the moment before the end. */
static void test_last_frame_in_transit(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	for (int i = 0; i < 10; i++)
		sample(&m, 200, nothing);
	give(&m, 1);
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_int_equal(g.waiting, 1);
	assert_int_equal(g.slack, 1);
	assert_int_equal(g.waited_ns, 0);
}

/* Two looks at the end right after one another must not make a young frame an old one. */
static void test_two_quick_looks(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	sample(&m, 200, nothing);
	give(&m, 40);
	sample(&m, 1, nothing);
	sample(&m, 20, nothing);
	g = finish(&m);
	assert_int_equal(g.waiting, 40);
	assert_true(g.slack >= g.waiting);
	sample(&m, 200, nothing);
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_int_equal(g.waiting, 40);
	assert_int_equal(g.slack, 0);
}

/* The guest is suspended all along: few frames, then more than the ring holds. */
static void test_suspended(void **state)
{
	struct model m = {.now_ns = 5, .taken = 99};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	for (int i = 0; i < 25; i++) {
		give(&m, 2);
		sample(&m, 200, nothing);
	}
	g = finish(&m);
	assert_int_equal(g.given, 50);
	assert_int_equal(g.taken, 0);
	assert_int_equal(g.dropped, 0);
	assert_int_equal(g.waiting, 50);
	assert_true(g.slack < 5);
	assert_int_equal(g.waited_ns, 24 * 200 * MS);
	give(&m, 2000);
	sample(&m, 200, flood);
	sample(&m, 200, flood);
	g = finish(&m);
	assert_int_equal(g.taken, 0);
	assert_true(g.waiting >= RING - 40 && g.waiting <= RING);
	assert_true(g.waiting > g.slack);
	assert_true(g.dropped >= 1050);
	assert_int_equal(g.waited_ns, 26 * 200 * MS);
}

/* It freezes in the middle of heavy traffic, with readings that never match. */
static void test_freezes_under_load(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, busy);
	for (int i = 0; i < 10; i++) {
		give(&m, 500);
		take(&m, RING);
		sample(&m, 200, busy);
	}
	for (int i = 0; i < 10; i++) {
		give(&m, 50);
		sample(&m, 200, flood);
	}
	g = finish(&m);
	assert_true(g.waiting > g.slack);
	assert_true(g.waiting + g.slack >= 500);
	assert_true(g.waited_ns >= 8 * 200 * MS);
}

static void test_resumes(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	for (int i = 0; i < 10; i++) {
		give(&m, 30);
		sample(&m, 200, nothing);
	}
	assert_int_equal(finish(&m).waiting, 300);
	take(&m, RING);
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_int_equal(g.taken, 300);
	assert_int_equal(g.waiting, 0);
	assert_int_equal(g.waited_ns, 0);
}

/* A full ring of before the run is no credit: after it was taken, a freeze still shows. */
static void test_backlog_of_before(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	give(&m, 900);
	begin(&m, nothing);
	give(&m, 10);
	sample(&m, 200, nothing);
	take(&m, RING);
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_int_equal(g.given, 10);
	assert_int_equal(g.taken, 910);
	assert_int_equal(g.waiting, 0);
	give(&m, 60);
	sample(&m, 200, nothing);
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_int_equal(g.waiting, 60);
	assert_int_equal(g.slack, 0);
	assert_int_equal(g.waited_ns, 200 * MS);
}

/* A slow guest that always takes something is not stuck, full ring or not. */
static void test_slow_guest(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	for (int i = 0; i < 30; i++) {
		give(&m, 3000);
		take(&m, 600);
		sample(&m, 200, nothing);
	}
	g = finish(&m);
	assert_int_equal(g.waited_ns, 0);
	assert_true(g.dropped > 60000);
	assert_int_equal(g.given, g.taken + g.dropped + g.waiting);
}

/* Frames that no packet socket sees (XDP redirect) are taken beyond what was given: nothing waits for that. */
static void test_taken_without_given(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	for (int i = 0; i < 10; i++) {
		m.taken += 1000;
		give(&m, 10);
		take(&m, 10);
		sample(&m, 200, busy);
		g = finish(&m);
		assert_true(g.waiting <= g.slack);
	}
}

static void test_made_anew(void **state)
{
	struct model m = {.now_ns = 5, .taken = 5000, .given = 10};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	give(&m, 10);
	take(&m, 10);
	sample(&m, 200, nothing);
	m.taken = 3;
	sample(&m, 200, nothing);
	m.taken = 900000;
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_false(g.known);
	assert_non_null(strstr(g.why_not, "021f00"));
	assert_non_null(strstr(g.why_not, "backwards"));
	assert_int_equal(g.given, 10);
	assert_int_equal(g.taken, 10);
	free(g.why_not);
}

static void test_vanishes(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	give(&m, 10);
	sample(&m, 200, nothing);
	vmp_backend_lose(&m.watch, "the device vanished");
	vmp_backend_lose(&m.watch, "something later");
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_false(g.known);
	assert_non_null(strstr(g.why_not, "the device vanished"));
	free(g.why_not);
}

static void test_macvtap(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_reading r;
	struct vmp_backend_gauge g;

	(void)state;
	begin_kind(&m, VMP_HOP_MACVTAP, nothing);
	give(&m, 10);
	r = look(&m, nothing);
	r.at_ns += 200 * MS;
	r.before.rx_dropped = 3;
	r.after.rx_dropped = 4;
	vmp_backend_sample(&m.watch, &r);
	g = finish(&m);
	assert_true(g.known);
	assert_false(g.counts_taken);
	assert_int_equal(g.given, 10);
	assert_int_equal(g.dropped, 4);
	assert_int_equal(g.waiting, 0);
}

static void test_other_kind(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin_kind(&m, VMP_HOP_VETH, nothing);
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_false(g.known);
	assert_non_null(g.why_not);
	free(g.why_not);
}

/* Without any look after the first nothing is claimed. */
static void test_no_sample(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, flood);
	g = finish(&m);
	assert_true(g.waiting <= g.slack);
	assert_int_equal(g.given, 0);
}

/* What is given and dropped while the window's last frames settle is not the window's. */
static void test_drops_after_the_window(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	for (int i = 0; i < 10; i++) {
		give(&m, 1300);
		take(&m, RING);
		sample(&m, 200, nothing);
	}
	vmp_backend_close_window(&m.watch);
	for (int i = 0; i < 5; i++) {
		give(&m, 1700);
		take(&m, RING);
		sample(&m, 200, nothing);
	}
	g = finish(&m);
	assert_int_equal(g.given, 13000);
	assert_int_equal(g.dropped, 3000);
	assert_int_equal(g.taken, 10000);
	assert_int_equal(g.waiting, 0);
}

/* The guest takes nothing: of what waits, the frames given after the window stand behind those of the window. */
static void test_waiting_after_the_window(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	give(&m, 60);
	sample(&m, 200, nothing);
	vmp_backend_close_window(&m.watch);
	give(&m, 40);
	sample(&m, 200, nothing);
	sample(&m, 800, nothing);
	g = finish(&m);
	assert_int_equal(g.given, 60);
	assert_int_equal(g.taken, 0);
	assert_int_equal(g.waiting, 60);
	assert_int_equal(g.slack, 0);
	take(&m, 70);
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_int_equal(g.waiting, 0);
	assert_int_equal(g.taken, 60);
}

/* The same window, with a queue that is full and goes on dropping. */
static void test_full_after_the_window(void **state)
{
	struct model m = {.now_ns = 5};
	struct vmp_backend_gauge g;

	(void)state;
	begin(&m, nothing);
	give(&m, 700);
	sample(&m, 200, nothing);
	vmp_backend_close_window(&m.watch);
	give(&m, 900);
	sample(&m, 200, nothing);
	g = finish(&m);
	assert_int_equal(g.given, 700);
	assert_int_equal(g.dropped, 0);
	assert_int_equal(g.waiting, 700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_healthy_exact),
		cmocka_unit_test(test_healthy_races),
		cmocka_unit_test(test_last_frame_in_transit),
		cmocka_unit_test(test_two_quick_looks),
		cmocka_unit_test(test_suspended),
		cmocka_unit_test(test_freezes_under_load),
		cmocka_unit_test(test_resumes),
		cmocka_unit_test(test_backlog_of_before),
		cmocka_unit_test(test_slow_guest),
		cmocka_unit_test(test_taken_without_given),
		cmocka_unit_test(test_made_anew),
		cmocka_unit_test(test_vanishes),
		cmocka_unit_test(test_macvtap),
		cmocka_unit_test(test_other_kind),
		cmocka_unit_test(test_no_sample),
		cmocka_unit_test(test_drops_after_the_window),
		cmocka_unit_test(test_waiting_after_the_window),
		cmocka_unit_test(test_full_after_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
