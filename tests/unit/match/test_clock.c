/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two captures with clocks of their own: what is found of how far they are apart. */
#include "match/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#define MS    1000000ULL
#define US    1000ULL
#define SEC   (1000 * MS)
#define START (1700000000 * SEC)

/* A network side and a guest side. */
struct two {
	struct vmp_clock_sample *network, *guest;
};

static struct two two_new(void)
{
	struct two two = {vmp_clock_sample_new(), vmp_clock_sample_new()};

	assert_true(two.network && two.guest);
	return two;
}

static struct vmp_clock_offset two_end(struct two *two, bool *ret_known)
{
	struct vmp_clock_offset offset;

	*ret_known = vmp_clock_compare(two->network, two->guest, &offset);
	vmp_clock_sample_free(two->network);
	vmp_clock_sample_free(two->guest);
	return offset;
}

/* As a keyed hash: all bits are in use, and the lower ones say whether it is kept. */
static uint64_t id_of(uint64_t n)
{
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9ULL;
	n = (n ^ n >> 27) * 0x94d049bb133111ebULL;
	return n ^ n >> 31;
}

/* What the guest side's clock shows when the network side's shows ts_ns. */
static uint64_t skewed(uint64_t ts_ns, int64_t offset_ns, double drift)
{
	return ts_ns + (uint64_t)offset_ns + (uint64_t)(int64_t)(drift * (double)(ts_ns - START));
}

/* n packets each way, every `every`, which take `delay` on their way. */
static void talk(struct two *two, int directions, unsigned int n, uint64_t every_ns, uint64_t delay_ns, int64_t offset_ns, double drift)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t at = START + i * every_ns, jitter = id_of(i + 7) % 40 * US;

		if (directions & 1) {
			vmp_clock_sample_add(two->network, id_of(2 * i), at, VMP_TO_GUEST, VMP_DEV_IN);
			vmp_clock_sample_add(two->guest, id_of(2 * i), skewed(at + delay_ns + jitter, offset_ns, drift), VMP_TO_GUEST, VMP_DEV_OUT);
		}
		if (directions & 2) {
			vmp_clock_sample_add(two->guest, id_of(2 * i + 1), skewed(at, offset_ns, drift), VMP_FROM_GUEST, VMP_DEV_IN);
			vmp_clock_sample_add(two->network, id_of(2 * i + 1), at + delay_ns + jitter, VMP_FROM_GUEST, VMP_DEV_OUT);
		}
	}
}

static void assert_near(int64_t found, int64_t right, uint64_t by)
{
	if (found > right + (int64_t)by || found < right - (int64_t)by)
		fail_msg("%lld, not %lld", (long long)found, (long long)right);
}

static void one_clock(void **state)
{
	struct two two = two_new();
	struct vmp_clock_offset offset;
	bool known;

	(void)state;
	talk(&two, 3, 500, MS, 30 * US, 0, 0);
	offset = two_end(&two, &known);
	assert_true(known);
	assert_false(offset.corrects);
	assert_false(offset.one_way);
	assert_int_equal(offset.common[VMP_TO_GUEST], 500);
	assert_int_equal(offset.common[VMP_FROM_GUEST], 500);
	assert_in_range(offset.longest_ns, 60 * US, 70 * US);
}

/* Whatever the offset, and long ways as short ones: it is found as near as the shortest ways let it be known, and that is said. */
static void offsets(void **state)
{
	static const int64_t apart[] = {5 * (int64_t)MS, -5 * (int64_t)MS, 3600 * (int64_t)SEC, -86400 * (int64_t)SEC, 700 * (int64_t)US};
	static const uint64_t delays[] = {0, 30 * US, 2 * MS, 80 * MS};

	(void)state;
	for (size_t i = 0; i < sizeof(apart) / sizeof(*apart); i++) {
		for (size_t k = 0; k < sizeof(delays) / sizeof(*delays); k++) {
			struct two two = two_new();
			struct vmp_clock_offset offset;
			bool known;

			talk(&two, 3, 400, MS, delays[k], apart[i], 0);
			offset = two_end(&two, &known);
			assert_true(known);
			/* Ways that are longer than the clocks are apart explain what is seen as well. */
			assert_int_equal(offset.corrects, (uint64_t)llabs(apart[i]) > delays[k]);
			if (!offset.corrects)
				continue;
			assert_near(offset.offset_ns, apart[i], offset.uncertainty_ns + 5 * US);
			assert_true(offset.uncertainty_ns <= delays[k] + 5 * US);
			assert_near((int64_t)offset.longest_ns, (int64_t)(delays[k] + 40 * US), 6 * US);
		}
	}
}

static void drift(void **state)
{
	static const double drifts[] = {50e-6, -50e-6, 200e-6};

	(void)state;
	for (size_t i = 0; i < sizeof(drifts) / sizeof(*drifts); i++) {
		struct two two = two_new();
		struct vmp_clock_offset offset;
		bool known;

		/* 100 s: 5 to 20 ms */
		talk(&two, 3, 2000, 50 * MS, 20 * US, 10 * (int64_t)SEC, drifts[i]);
		offset = two_end(&two, &known);
		assert_true(known && offset.corrects);
		assert_near((int64_t)(offset.drift * 1e9), (int64_t)(drifts[i] * 1e9), 2000);
		assert_near(offset.offset_ns, 10 * (int64_t)SEC, 200 * US);
		assert_true(offset.longest_ns < 400 * US);
	}
}

/* One of the clocks is set while both capture: that is noticed, wherever it is, and where the two do not fit no time is trusted. */
static void step(void **state)
{
	static const int64_t steps[] = {3 * (int64_t)MS, -3 * (int64_t)MS, 500 * (int64_t)MS, -30 * (int64_t)SEC, 86400 * (int64_t)SEC};
	static const unsigned int after[] = {20, 200, 380};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) * 3 * 2; i++) {
		int64_t by = steps[i / 6];
		unsigned int at = after[i / 2 % 3], directions = i % 2 ? 3 : 2;
		uint64_t at_ns = START + at * 10 * MS;
		struct two two = two_new();
		struct vmp_clock_offset offset;
		bool known, covers[2] = {false, false};

		for (unsigned int k = 0; k < 400; k++) {
			uint64_t ts_ns = START + k * 10 * MS, guest_ns = ts_ns + (uint64_t)(k >= at ? by : 0);

			if (directions & 1) {
				vmp_clock_sample_add(two.network, id_of(2 * k), ts_ns, VMP_TO_GUEST, VMP_DEV_IN);
				vmp_clock_sample_add(two.guest, id_of(2 * k), guest_ns + 20 * US, VMP_TO_GUEST, VMP_DEV_OUT);
			}
			vmp_clock_sample_add(two.guest, id_of(2 * k + 1), guest_ns, VMP_FROM_GUEST, VMP_DEV_IN);
			vmp_clock_sample_add(two.network, id_of(2 * k + 1), ts_ns + 20 * US, VMP_FROM_GUEST, VMP_DEV_OUT);
		}
		offset = two_end(&two, &known);
		assert_true(known);
		/* In one direction, what is a second or less is as well a way that became longer or shorter. */
		if (offset.one_way && llabs(by) < (int64_t)SEC) {
			assert_true(offset.n_doubts == 0 || offset.jumped);
			continue;
		}
		assert_true(offset.n_doubts > 0 && offset.jumped);
		assert_near(offset.jump_ns, by, 50 * US);
		/* What was found is right for the larger part. */
		if (at != 200)
			assert_near(offset.offset_ns, at < 200 ? by : 0, offset.one_way ? 2 * MS : 50 * US);
		assert_near((int64_t)offset.jump_at_ns, (int64_t)at_ns, 40 * MS);
		/* Each packet fits, or is within a doubt, by the clocks of both. */
		for (unsigned int k = 0; k < 400; k++) {
			uint64_t ts_ns = START + k * 10 * MS, guest_ns = ts_ns + (uint64_t)(k >= at ? by : 0);
			int64_t late = (int64_t)(guest_ns - ts_ns) - offset.offset_ns -
				       (int64_t)(offset.drift * (double)(int64_t)(ts_ns - (offset.ref_ns - (uint64_t)offset.offset_ns)));
			bool doubted = false;

			for (size_t d = 0; d < offset.n_doubts; d++)
				doubted = doubted || (offset.doubts[d].network_from_ns <= ts_ns && offset.doubts[d].network_to_ns >= ts_ns &&
						      offset.doubts[d].guest_from_ns <= guest_ns && offset.doubts[d].guest_to_ns >= guest_ns);
			covers[doubted] = true;
			if (!doubted && llabs(late) > 2 * (int64_t)MS)
				fail_msg("step %lld at %u: packet %u is %lld ns late", (long long)by, at, k, (long long)late);
		}
		assert_true(covers[true]);
	}
}

/* Where clocks go steadily there is no doubt of them, whatever the ways are. */
static void no_doubts(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		struct two two = two_new();
		struct vmp_clock_offset offset;
		bool known;

		for (unsigned int k = 0; k < 400; k++) {
			uint64_t ts_ns = START + k * 10 * MS, busy = k % 100 > 60 ? (k % 100 - 60) * 10 * MS : 0;
			/* Longer to the guest, with a queue that fills, in another order, and each as it likes. */
			uint64_t to = kind == 0 ? 90 * MS : kind == 1 ? busy : kind == 2 ? (3 - k % 4) * 15 * MS : id_of(k) % (400 * MS);
			uint64_t from = kind == 3 ? id_of(k + 1000) % (400 * MS) : 20 * US;

			vmp_clock_sample_add(two.network, id_of(2 * k), ts_ns, VMP_TO_GUEST, VMP_DEV_IN);
			vmp_clock_sample_add(two.guest, id_of(2 * k), ts_ns + to + 7 * SEC, VMP_TO_GUEST, VMP_DEV_OUT);
			vmp_clock_sample_add(two.guest, id_of(2 * k + 1), ts_ns + 7 * SEC, VMP_FROM_GUEST, VMP_DEV_IN);
			vmp_clock_sample_add(two.network, id_of(2 * k + 1), ts_ns + from, VMP_FROM_GUEST, VMP_DEV_OUT);
		}
		offset = two_end(&two, &known);
		assert_true(known && offset.corrects);
		assert_int_equal(offset.n_doubts, 0);
		assert_false(offset.jumped);
		/* Nobody can tell how a longer way shares itself out between the two directions: known to half of it. */
		assert_near(offset.offset_ns, 7 * (int64_t)SEC, offset.uncertainty_ns + 10 * US);
		assert_true(offset.uncertainty_ns <= (kind == 0 ? 46 * MS : kind == 3 ? 10 * MS : 20 * US));
	}
}

/* From few packets there is an offset, and what it is worth, but no drift. */
static void few(void **state)
{
	(void)state;
	for (unsigned int n = 1; n < 8; n++) {
		struct two two = two_new();
		struct vmp_clock_offset offset;
		bool known;

		talk(&two, 3, n, 10 * SEC, 30 * US, 2 * (int64_t)SEC, n > 1 ? 100e-6 : 0);
		offset = two_end(&two, &known);
		assert_true(known && offset.corrects && offset.drift == 0);
		assert_int_equal(offset.common[VMP_TO_GUEST], n);
		assert_near(offset.offset_ns, 2 * (int64_t)SEC + (int64_t)(n - 1) * 500 * (int64_t)US, offset.uncertainty_ns + 600 * US);
	}
}

/* More doubts than are kept are one, to the end: hostile packets cannot make the list longer, nor hide a time. */
static void doubts_without_end(void **state)
{
	struct two two = two_new();
	struct vmp_clock_offset offset;
	uint64_t packets = 0;
	bool known;

	(void)state;
	for (unsigned int k = 0; k < 1000; k++) {
		uint64_t ts_ns = START + k * 10 * MS;

		vmp_clock_sample_add(two.network, id_of(k), ts_ns, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.guest, id_of(k), ts_ns + (k % 10 == 9 ? 20 * SEC : 10 * US), VMP_TO_GUEST, VMP_DEV_OUT);
	}
	offset = two_end(&two, &known);
	assert_true(known && !offset.corrects);
	assert_int_equal(offset.n_doubts, VMP_CLOCK_DOUBTS);
	for (size_t d = 0; d < offset.n_doubts; d++)
		packets += offset.doubts[d].packets;
	assert_int_equal(packets, 100);
	assert_true(offset.doubts[VMP_CLOCK_DOUBTS - 1].network_to_ns == UINT64_MAX &&
		    offset.doubts[VMP_CLOCK_DOUBTS - 1].guest_to_ns == UINT64_MAX);
	assert_false(offset.jumped);
}

/* Only one direction: the offset and the way's time cannot be told apart, and small differences are left alone. */
static void one_way(void **state)
{
	(void)state;
	for (int directions = 1; directions <= 2; directions++) {
		struct two two = two_new();
		struct vmp_clock_offset offset;
		bool known;

		talk(&two, directions, 100, MS, 200 * MS, 0, 0);
		offset = two_end(&two, &known);
		assert_true(known && offset.one_way);
		assert_false(offset.corrects);
		assert_near((int64_t)offset.longest_ns, 200 * (int64_t)MS, MS);
		/* A packet that arrives before it was sent, or hours later. */
		for (int64_t apart = -7200; apart <= 7200; apart += 14400) {
			two = two_new();
			talk(&two, directions, 100, MS, 100 * US, apart * (int64_t)SEC, 0);
			offset = two_end(&two, &known);
			assert_true(known && offset.one_way && offset.corrects);
			assert_near(offset.offset_ns, apart * (int64_t)SEC, 2 * MS);
		}
	}
}

static void nothing_in_common(void **state)
{
	struct two two = two_new();
	bool known;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		vmp_clock_sample_add(two.network, id_of(i), START + i, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.guest, id_of(i + 1000), START + i, VMP_TO_GUEST, VMP_DEV_OUT);
		/* the same in the other direction is another packet */
		vmp_clock_sample_add(two.network, id_of(i + 2000), START + i, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.guest, id_of(i + 2000), START + i, VMP_FROM_GUEST, VMP_DEV_IN);
	}
	two_end(&two, &known);
	assert_false(known);
	two = two_new();
	two_end(&two, &known);
	assert_false(known);
	vmp_clock_sample_free(NULL);
}

/* Packets that are alike say nothing, and a few that are taken for another far away do not move the offset. */
static void mistaken(void **state)
{
	struct two two = two_new();
	struct vmp_clock_offset offset;
	bool known;

	(void)state;
	talk(&two, 3, 300, MS, 30 * US, 20 * (int64_t)MS, 0);
	for (uint64_t i = 0; i < 50; i++) {
		vmp_clock_sample_add(two.network, id_of(100000), START + i * MS, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.guest, id_of(100000), START + i * MS + 3 * SEC, VMP_TO_GUEST, VMP_DEV_OUT);
	}
	for (uint64_t i = 0; i < 10; i++) {
		vmp_clock_sample_add(two.network, id_of(200000 + i), START + i * MS, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.guest, id_of(200000 + i), START + i * MS - 9 * SEC, VMP_TO_GUEST, VMP_DEV_OUT);
		vmp_clock_sample_add(two.guest, id_of(300000 + i), START + i * MS, VMP_FROM_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.network, id_of(300000 + i), START + i * MS - 9 * SEC, VMP_FROM_GUEST, VMP_DEV_OUT);
	}
	offset = two_end(&two, &known);
	assert_true(known && offset.corrects);
	assert_near(offset.offset_ns, 20 * (int64_t)MS, 50 * US);
	assert_int_equal(offset.common[VMP_TO_GUEST], 310);
}

/* Far more packets than are kept: both sides keep the same ones, whatever else each has seen. */
static void more_than_are_kept(void **state)
{
	struct two two = two_new();
	struct vmp_clock_offset offset;
	bool known;

	(void)state;
	for (uint64_t i = 0; i < 300000; i++)
		vmp_clock_sample_add(two.guest, id_of(1000000 + i), START + i * US, VMP_FROM_GUEST, VMP_DEV_IN);
	talk(&two, 3, 200000, 10 * US, 30 * US, -4 * (int64_t)SEC, 0);
	offset = two_end(&two, &known);
	assert_true(known && offset.corrects);
	assert_true(offset.common[VMP_TO_GUEST] > 2000 && offset.common[VMP_TO_GUEST] < 16384);
	assert_near(offset.offset_ns, -4 * (int64_t)SEC, 50 * US);
}

/* Ids that are no hashes, as if made to be kept: the table has a bound all the same. */
static void ids_made_to_be_kept(void **state)
{
	struct two two = two_new();
	struct vmp_clock_offset offset;
	bool known;

	(void)state;
	for (uint64_t i = 1; i <= 100000; i++) {
		vmp_clock_sample_add(two.network, i << 40, START + i * US, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.guest, i << 40, START + i * US + 10, VMP_TO_GUEST, VMP_DEV_OUT);
	}
	offset = two_end(&two, &known);
	assert_true(known);
	assert_in_range(offset.common[VMP_TO_GUEST], 1, 16384);
}

/* A packet that passes one capture in both directions says that it is of more than one device. */
static void both_ways(void **state)
{
	struct vmp_clock_sample *sample = vmp_clock_sample_new();

	(void)state;
	assert_non_null(sample);
	for (uint64_t i = 0; i < 10; i++) {
		vmp_clock_sample_add(sample, id_of(i), START + i * MS, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(sample, id_of(i), START + i * MS + US, VMP_TO_GUEST, VMP_DEV_OUT);
		vmp_clock_sample_add(sample, id_of(100 + i), START + i * MS, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(sample, id_of(100 + i), START + i * MS + US, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(sample, id_of(200 + i), START + i * MS, VMP_TO_GUEST, VMP_DEV_UNKNOWN);
		vmp_clock_sample_add(sample, id_of(200 + i), START + i * MS + US, VMP_TO_GUEST, VMP_DEV_OUT);
		vmp_clock_sample_add(sample, id_of(300 + i), START + i * MS, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(sample, id_of(300 + i), START + i * MS + 2 * SEC, VMP_TO_GUEST, VMP_DEV_OUT);
	}
	assert_int_equal(vmp_clock_sample_both_ways(sample), 10);
	vmp_clock_sample_free(sample);
}

/* Times at both ends of what 64 bits hold overflow nothing (UBSan). */
static void absurd_times(void **state)
{
	struct two two = two_new();
	struct vmp_clock_offset offset;
	bool known;

	(void)state;
	for (uint64_t i = 0; i < 20; i++) {
		vmp_clock_sample_add(two.network, id_of(i), i, VMP_TO_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.guest, id_of(i), UINT64_MAX - i, VMP_TO_GUEST, VMP_DEV_OUT);
		vmp_clock_sample_add(two.guest, id_of(100 + i), 1ULL << 63, VMP_FROM_GUEST, VMP_DEV_IN);
		vmp_clock_sample_add(two.network, id_of(100 + i), (1ULL << 63) + i * SEC, VMP_FROM_GUEST, VMP_DEV_OUT);
	}
	two_end(&two, &known);
	assert_false(known);
	/* As far apart as is allowed, in both directions, and going at any speed. */
	for (int directions = 1; directions <= 3; directions++) {
		two = two_new();
		for (uint64_t i = 0; i < 40; i++) {
			uint64_t early = id_of(i) >> 2 & (i & 1 ? UINT64_MAX : 0xffff), late = early + (id_of(i + 50) >> 3);

			if (directions & 1) {
				vmp_clock_sample_add(two.network, id_of(i), early, VMP_TO_GUEST, VMP_DEV_IN);
				vmp_clock_sample_add(two.guest, id_of(i), late, VMP_TO_GUEST, VMP_DEV_OUT);
			}
			if (directions & 2) {
				vmp_clock_sample_add(two.network, id_of(100 + i), late, VMP_FROM_GUEST, VMP_DEV_OUT);
				vmp_clock_sample_add(two.guest, id_of(100 + i), early, VMP_FROM_GUEST, VMP_DEV_IN);
			}
		}
		offset = two_end(&two, &known);
		assert_true(known);
		assert_true(offset.longest_ns <= SEC && offset.drift < 0.011 && offset.drift > -0.011);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_clock),
		cmocka_unit_test(offsets),
		cmocka_unit_test(drift),
		cmocka_unit_test(step),
		cmocka_unit_test(no_doubts),
		cmocka_unit_test(few),
		cmocka_unit_test(doubts_without_end),
		cmocka_unit_test(one_way),
		cmocka_unit_test(nothing_in_common),
		cmocka_unit_test(mistaken),
		cmocka_unit_test(more_than_are_kept),
		cmocka_unit_test(ids_made_to_be_kept),
		cmocka_unit_test(both_ways),
		cmocka_unit_test(absurd_times),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
