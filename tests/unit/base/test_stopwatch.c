/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A window of ten seconds while the clock is set, is slewed, and is read slowly. */
#include "base/stopwatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S       VMP_NS_PER_S
#define MS      VMP_NS_PER_MS
#define EPOCH   (1700000000ULL * S)
#define BOOT    (5000 * S)
#define HOUR    ((int64_t)(3600 * S))
#define LASTS   (10 * S)

/* Both clocks so long after the start, with the one on the wall ahead by so much of what it would show. */
static struct vmp_moment at(uint64_t after_ns, int64_t ahead_ns)
{
	return (struct vmp_moment){.real_ns = EPOCH + after_ns + (uint64_t)ahead_ns, .mono_ns = BOOT + after_ns, .within_ns = 100};
}

static struct vmp_stopwatch started(void)
{
	struct vmp_moment now = at(0, 0);
	struct vmp_stopwatch watch;

	vmp_stopwatch_start(&watch, &now, LASTS);
	return watch;
}

static int64_t look(struct vmp_stopwatch *watch, uint64_t after_ns, int64_t ahead_ns)
{
	struct vmp_moment now = at(after_ns, ahead_ns);

	return vmp_stopwatch_look(watch, &now);
}

static void runs_as_long_as_told(void **state)
{
	struct vmp_stopwatch watch = started();

	(void)state;
	assert_false(vmp_stopwatch_is_over(&watch, 0));
	for (uint64_t ms = 50; ms < 10000; ms += 50) {
		assert_int_equal(look(&watch, ms * MS, 0), 0);
		assert_false(vmp_stopwatch_is_over(&watch, 0));
		assert_int_equal(watch.end_ns, EPOCH + LASTS);
		assert_int_equal(vmp_stopwatch_ran_ns(&watch), ms * MS);
	}
	look(&watch, LASTS, 0);
	assert_true(vmp_stopwatch_is_over(&watch, 0));
	assert_false(vmp_stopwatch_is_over(&watch, S));
	look(&watch, LASTS + S, 0);
	assert_true(vmp_stopwatch_is_over(&watch, S));
	assert_int_equal(watch.end_ns, EPOCH + LASTS);
}

/* Set by an hour in the middle: told once, and the end is where it would have been. */
static void set(int64_t by_ns)
{
	struct vmp_stopwatch watch = started();
	uint64_t looks = 0;

	assert_int_equal(look(&watch, 4 * S, 0), 0);
	assert_int_equal(look(&watch, 4 * S + 50 * MS, by_ns), by_ns);
	assert_int_equal(watch.end_ns, EPOCH + LASTS + (uint64_t)by_ns);
	for (uint64_t after_ns = 4 * S + 100 * MS; !vmp_stopwatch_is_over(&watch, 0); after_ns += 50 * MS, looks++)
		assert_int_equal(look(&watch, after_ns, by_ns), 0);
	assert_int_equal(looks, 119); /* of 50 ms each: 5.95 s */
	assert_int_equal(vmp_stopwatch_ran_ns(&watch), LASTS);
	assert_int_equal(watch.seen.real_ns, watch.end_ns);
	/* ... and while what came last settles, back again */
	assert_int_equal(look(&watch, LASTS + 50 * MS, 0), -by_ns);
	assert_int_equal(watch.end_ns, EPOCH + LASTS);
	assert_false(vmp_stopwatch_is_over(&watch, S));
	look(&watch, LASTS + S, 0);
	assert_true(vmp_stopwatch_is_over(&watch, S));
}

static void set_back(void **state)
{
	(void)state;
	set(-HOUR);
	set(-(int64_t)(25 * MS));
}

static void set_forward(void **state)
{
	(void)state;
	set(HOUR);
	set((int64_t)(25 * MS));
}

/* To before the epoch, which is absurd and must not hang either. */
static void set_to_nothing(void **state)
{
	struct vmp_stopwatch watch = started();

	(void)state;
	assert_int_equal(look(&watch, S, -(int64_t)EPOCH), -(int64_t)EPOCH);
	look(&watch, LASTS, -(int64_t)EPOCH);
	assert_true(vmp_stopwatch_is_over(&watch, 0));
	assert_int_equal(watch.end_ns, LASTS);
}

/* Slewing by 1 ms in every look is not setting, however much it becomes; and the end does not stay behind. */
static void slewed(void **state)
{
	struct vmp_stopwatch watch = started();

	(void)state;
	for (uint64_t i = 1; i <= 200; i++) {
		assert_int_equal(look(&watch, i * 50 * MS, (int64_t)(i * MS)), 0);
		assert_in_range(watch.end_ns, EPOCH + LASTS + (i - 2) * MS, EPOCH + LASTS + i * MS);
		assert_int_equal(vmp_stopwatch_is_over(&watch, 0), i == 200);
	}
}

/* A reading that took long may show the clocks apart: that is no step, unless it is more than the reading took. */
static void read_slowly(void **state)
{
	struct vmp_stopwatch watch = started();
	struct vmp_moment now = at(S, 80 * MS);

	(void)state;
	now.within_ns = 80 * MS;
	assert_int_equal(vmp_stopwatch_look(&watch, &now), 0);
	assert_int_equal(watch.end_ns, EPOCH + LASTS);
	assert_int_equal(look(&watch, 2 * S, 0), 0);
	assert_int_equal(watch.end_ns, EPOCH + LASTS);
	now = at(3 * S, HOUR);
	now.within_ns = 80 * MS;
	assert_int_equal(vmp_stopwatch_look(&watch, &now), HOUR);
}

static void stopped_early(void **state)
{
	struct vmp_stopwatch watch = started();

	(void)state;
	look(&watch, 3 * S, -HOUR);
	vmp_stopwatch_stop(&watch);
	assert_true(vmp_stopwatch_is_over(&watch, 0));
	assert_int_equal(watch.lasts_ns, 3 * S);
	assert_int_equal(watch.end_ns, EPOCH + 3 * S - (uint64_t)HOUR);
	assert_false(vmp_stopwatch_is_over(&watch, S));
	/* Past its end there is nothing to stop. */
	watch = started();
	look(&watch, 12 * S, 0);
	vmp_stopwatch_stop(&watch);
	assert_int_equal(watch.lasts_ns, LASTS);
	assert_int_equal(watch.end_ns, EPOCH + LASTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_as_long_as_told),
		cmocka_unit_test(set_back),
		cmocka_unit_test(set_forward),
		cmocka_unit_test(set_to_nothing),
		cmocka_unit_test(slewed),
		cmocka_unit_test(read_slowly),
		cmocka_unit_test(stopped_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
