/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts the matcher is made of: pool, order, latencies, homes. */
#include "world.h"

#include "match/homes.h"
#include "match/latency.h"
#include "match/order.h"
#include "match/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- pool -------------------------------------------------------------------------------------------------------- */

static struct vmp_sight sight(uint64_t number, uint64_t hash)
{
	struct vmp_sight made;

	memset(&made, 0, sizeof(made));
	made.ts_ns = number;
	made.packet_id = number;
	made.id.h[0] = hash;
	return made;
}

/* Ten thousand sightings on five chains, through growth and around the ring, each chain in the order of its members. */
static void pool_grows_and_turns(void **state)
{
	struct vmp_pool *pool = vmp_pool_new(20000, true);
	uint64_t next = 0, gone = 0;

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 10000 - (round ? 5000 : 0); i++, next++) {
			struct vmp_sight one = sight(next, next % 5);
			uint32_t slot = vmp_pool_push(pool, &one);

			assert_int_not_equal(slot, VMP_POOL_NONE);
			vmp_pool_chain(pool, VMP_CHAIN_SPARE, slot);
			vmp_pool_chain(pool, VMP_CHAIN_SPARE, slot); /* twice is once */
		}
		for (uint64_t hash = 0; hash < 5; hash++) {
			struct vmp_sight like = sight(0, hash);
			uint64_t expected = gone + (hash + 5 - gone % 5) % 5, n = 0;
			uint32_t slot = vmp_pool_first(pool, VMP_CHAIN_SPARE, &like, 0), last = VMP_POOL_NONE;

			for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(pool, VMP_CHAIN_SPARE, slot), n++, expected += 5) {
				assert_int_equal(vmp_pool_at(pool, slot)->packet_id, expected);
				assert_int_equal(vmp_pool_previous(pool, VMP_CHAIN_SPARE, slot), last);
				last = slot;
			}
			assert_int_equal(n, (next - gone) / 5);
			assert_int_equal(vmp_pool_last(pool, VMP_CHAIN_SPARE, &like, 0), last);
		}
		for (int i = 0; i < 5000; i++, gone++) {
			assert_int_equal(vmp_pool_at(pool, vmp_pool_oldest(pool))->packet_id, gone);
			vmp_pool_pop(pool);
		}
	}
	assert_int_equal(vmp_pool_at(pool, vmp_pool_nth(pool, 3))->packet_id, gone + 3);
	assert_int_equal(vmp_pool_nth(pool, next - gone), VMP_POOL_NONE);
	vmp_pool_free(pool);
}

static void pool_takes_out_of_the_middle(void **state)
{
	struct vmp_pool *pool = vmp_pool_new(100, true);
	struct vmp_sight like = sight(0, 7);
	uint32_t slots[5], slot;

	(void)state;
	assert_int_equal(vmp_pool_oldest(pool), VMP_POOL_NONE);
	vmp_pool_pop(pool);
	assert_int_equal(vmp_pool_first(pool, VMP_CHAIN_OPEN, &like, 0), VMP_POOL_NONE);
	for (uint64_t i = 0; i < 5; i++) {
		struct vmp_sight one = sight(i, 7);

		slots[i] = vmp_pool_push(pool, &one);
		vmp_pool_chain(pool, VMP_CHAIN_SPARE, slots[i]);
	}
	vmp_pool_unchain(pool, VMP_CHAIN_SPARE, slots[2]);
	vmp_pool_unchain(pool, VMP_CHAIN_SPARE, slots[2]);
	vmp_pool_unchain(pool, VMP_CHAIN_SPARE, slots[4]);
	vmp_pool_unchain(pool, VMP_CHAIN_SPARE, slots[0]);
	slot = vmp_pool_first(pool, VMP_CHAIN_SPARE, &like, 0);
	assert_int_equal(slot, slots[1]);
	assert_int_equal(vmp_pool_next(pool, VMP_CHAIN_SPARE, slot), slots[3]);
	assert_int_equal(vmp_pool_last(pool, VMP_CHAIN_SPARE, &like, 0), slots[3]);
	vmp_pool_chain(pool, VMP_CHAIN_SPARE, slots[2]);
	assert_int_equal(vmp_pool_last(pool, VMP_CHAIN_SPARE, &like, 0), slots[2]);
	vmp_pool_free(pool);
}

/* A chain whose order is not that of time keeps its order when the pool grows. */
static void pool_keeps_order(void **state)
{
	struct vmp_pool *pool = vmp_pool_new(100000, true);
	struct vmp_sight like = sight(0, 9);
	uint32_t slot;

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		struct vmp_sight one = sight(i, 9);

		vmp_pool_push(pool, &one);
	}
	for (size_t i = 3; i-- > 0;)
		vmp_pool_chain(pool, VMP_CHAIN_LATE, vmp_pool_nth(pool, i));
	for (uint64_t i = 3; i < 50000; i++) {
		struct vmp_sight one = sight(i, i + 1000);

		assert_int_not_equal(vmp_pool_push(pool, &one), VMP_POOL_NONE);
	}
	slot = vmp_pool_first(pool, VMP_CHAIN_LATE, &like, 0);
	for (uint64_t i = 3; i-- > 0; slot = vmp_pool_next(pool, VMP_CHAIN_LATE, slot))
		assert_int_equal(vmp_pool_at(pool, slot)->packet_id, i);
	assert_int_equal(slot, VMP_POOL_NONE);
	vmp_pool_free(pool);
}

/* Nine of ten are done before their turn: their slots are used again, and what became of them comes in its place. */
static void pool_reuses_slots(void **state)
{
	struct vmp_pool *pool = vmp_pool_new(1000, true);
	uint64_t next = 0, gone = 0;

	(void)state;
	while (next < 8000) {
		struct vmp_sight one = sight(next, next % 7);

		one.next_hop = (int16_t)(next % 100);
		one.fate = VMP_FATE_DELIVERED;
		if (next % 10 == 5) {
			assert_true(vmp_pool_pass(pool, &one));
		} else {
			uint32_t slot = vmp_pool_push(pool, &one);

			assert_true(slot < VMP_POOL_DONE);
			vmp_pool_chain(pool, VMP_CHAIN_SPARE, slot);
			if (next % 10)
				vmp_pool_release(pool, slot);
		}
		next++;
	}
	for (uint64_t key = 0; key < 7; key++) {
		struct vmp_sight like = sight(0, key);

		for (uint32_t slot = vmp_pool_first(pool, VMP_CHAIN_SPARE, &like, 0); slot != VMP_POOL_NONE;
		     slot = vmp_pool_next(pool, VMP_CHAIN_SPARE, slot))
			assert_int_equal(vmp_pool_at(pool, slot)->packet_id % 10, 0);
	}
	for (; gone < next; gone++) {
		struct vmp_outcome outcome = vmp_pool_outcome(pool);

		assert_int_equal(outcome.packet_id, gone);
		assert_int_equal(outcome.next_hop, gone % 100);
		assert_int_equal(outcome.fate, VMP_FATE_DELIVERED);
		assert_int_equal(vmp_pool_oldest(pool) == VMP_POOL_DONE, gone % 10 != 0);
		vmp_pool_pop(pool);
	}
	assert_int_equal(vmp_pool_oldest(pool), VMP_POOL_NONE);
	vmp_pool_free(pool);
}

static void pool_is_bounded(void **state)
{
	struct vmp_pool *pool = vmp_pool_new(3, true);
	struct vmp_sight one = sight(0, 1);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(vmp_pool_push(pool, &one), VMP_POOL_NONE);
	assert_int_equal(vmp_pool_push(pool, &one), VMP_POOL_NONE);
	vmp_pool_pop(pool);
	assert_int_not_equal(vmp_pool_push(pool, &one), VMP_POOL_NONE);
	/* Of what is done more are kept, but not without end: eight to a slot. */
	for (int i = 0; i < 3 * 8 - 3; i++)
		assert_true(vmp_pool_pass(pool, &one));
	assert_false(vmp_pool_pass(pool, &one));
	vmp_pool_free(pool);
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static int push(struct vmp_order *order, uint64_t ts_ns, uint8_t mark)
{
	struct vmp_frame frame = {.ts_ns = ts_ns, .cap_len = 1, .wire_len = 1, .data = &mark};

	return vmp_order_push(order, &frame);
}

static void order_sorts(void **state)
{
	struct vmp_order *order = vmp_order_new(0);
	struct vmp_frame frame;
	uint64_t last_ns = 0;
	uint8_t last = 0;
	unsigned int n = 0, seed = 12345;

	(void)state;
	/* Few times, many frames: equal ones keep the order they came in, told by the mark. */
	for (unsigned int i = 0; i < 250; i++) {
		seed = seed * 1103515245U + 12345U;
		assert_int_equal(push(order, 100 + (seed >> 16) % 7, (uint8_t)i), 0);
	}
	assert_false(vmp_order_pop(order, 99, &frame));
	while (vmp_order_pop(order, 103, &frame)) {
		assert_true(frame.ts_ns > last_ns || (frame.ts_ns == last_ns && frame.data[0] > last));
		last_ns = frame.ts_ns;
		last = frame.data[0];
		n++;
	}
	assert_int_equal(last_ns, 103);
	assert_int_equal(vmp_order_late(order), 0);
	/* One that comes after later ones were handed out is handed out all the same, and counted. */
	assert_int_equal(push(order, 50, 0), 0);
	assert_int_equal(vmp_order_late(order), 1);
	assert_true(vmp_order_pop(order, 103, &frame));
	assert_int_equal(frame.ts_ns, 50);
	while (vmp_order_pop(order, UINT64_MAX, &frame))
		n++;
	assert_int_equal(n, 250);
	vmp_order_free(order);
}

/* Sources that are in order but for a few frames, and one too many of them; sizes that fill chunks and are larger than one. */
static void order_merges(void **state)
{
	static uint8_t bytes[100000];
	static bool seen[20000];
	struct vmp_order *order = vmp_order_new(0);
	uint64_t random = 88172645463325252ULL, last_ns = 0;
	uint32_t n = 0, out = 0;
	struct vmp_frame frame;

	(void)state;
	for (uint64_t now = 1000; n < 20000; now += 10) {
		for (int i = 0; i < 7; i++, n++) {
			bool late = (random ^= random << 13, random ^= random >> 7, random ^= random << 17, random % 20 == 0);
			uint32_t len = 4 + (uint32_t)(random >> 20) % (random % 5000 == 1 ? sizeof(bytes) - 4 : 300);
			struct vmp_frame in = {.ts_ns = now + 500 - (late ? random % 400 : 0), .point = i < 6 ? (uint32_t)i : 1000,
					       .devdir = random & 32 ? VMP_DEV_IN : VMP_DEV_OUT, .cap_len = len, .wire_len = n, .data = bytes};

			if (n >= 20000)
				break;
			memset(bytes, (int)(n & 255), len);
			assert_int_equal(vmp_order_push(order, &in), 0);
		}
		for (uint64_t next_ns; next_ns = vmp_order_next_ns(order), vmp_order_pop(order, n >= 20000 ? UINT64_MAX : now + 50, &frame);) {
			assert_true(frame.ts_ns >= last_ns);
			assert_true(frame.ts_ns == next_ns);
			last_ns = frame.ts_ns;
			assert_false(seen[frame.wire_len]);
			seen[frame.wire_len] = true;
			for (uint32_t k = 0; k < frame.cap_len; k++)
				assert_int_equal(frame.data[k], frame.wire_len & 255);
			out++;
		}
	}
	assert_int_equal(out, 20000);
	assert_true(vmp_order_next_ns(order) == UINT64_MAX);
	assert_int_equal(vmp_order_late(order), 0);
	vmp_order_free(order);
}

static void order_is_bounded(void **state)
{
	struct vmp_order *order = vmp_order_new(2000);
	struct vmp_frame frame;
	int n = 0;

	(void)state;
	while (push(order, (uint64_t)n, 1) == 0 && n < 1000)
		n++;
	assert_in_range(n, 2, 100);
	assert_int_equal(push(order, 0, 1), -ENOBUFS);
	assert_true(vmp_order_pop(order, UINT64_MAX, &frame));
	assert_int_equal(push(order, 5000, 1), 0);
	vmp_order_free(order);
	vmp_order_free(NULL);
}

/* ---- latencies --------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void latency_against_sorting(void **state)
{
	static uint64_t all[5000];
	uint64_t random = 88172645463325252ULL;

	(void)state;
	for (int run = 0; run < 50; run++) {
		struct vmp_latencies latencies = {0};
		size_t n = run ? (size_t)run * 100 : 1;
		struct vmp_latency told;
		double p50, p99;

		for (size_t i = 0; i < n; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			all[i] = random >> (22 + random % 41); /* from nothing to an hour */
			vmp_latency_add(&latencies, all[i]);
		}
		qsort(all, n, sizeof(*all), compare);
		told = vmp_latency_summary(&latencies);
		p50 = (double)all[(n * 50 + 99) / 100 - 1] / 1e3;
		p99 = (double)all[(n * 99 + 99) / 100 - 1] / 1e3;
		assert_true(told.known);
		assert_true(told.p50_us >= p50 && told.p50_us <= p50 * 1.07 + 0.001);
		assert_true(told.p99_us >= p99 && told.p99_us <= p99 * 1.07 + 0.001);
		assert_true(told.max_us == (double)all[n - 1] / 1e3 && told.p99_us <= told.max_us);
	}
}

static void latency_extremes(void **state)
{
	struct vmp_latencies latencies = {0};

	(void)state;
	assert_false(vmp_latency_summary(&latencies).known);
	vmp_latency_add(&latencies, UINT64_MAX);
	vmp_latency_add(&latencies, 0);
	assert_true(vmp_latency_summary(&latencies).p50_us == 0.0);
	assert_true(vmp_latency_summary(&latencies).max_us > 1e16);
}

/* ---- homes ------------------------------------------------------------------------------------------------------- */

/* The slowest are kept in order, those that are not slow are left out, and the histogram counts all. */
static void latency_slowest(void **state)
{
	struct vmp_latencies *latencies = calloc(1, sizeof(*latencies));
	struct vmp_latency out;
	uint64_t sum = 0;

	(void)state;
	assert_non_null(latencies);
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t ns = i % 100 == 99 ? 900000 + i * 1000 : 5 + i;

		vmp_latency_add(latencies, ns);
		vmp_latency_note(latencies, i, i, ns);
	}
	out = vmp_latency_summary(latencies);
	assert_int_equal(out.n_slow, 9); /* 999 us is not slow */
	for (size_t i = 0; i < out.n_slow; i++)
		assert_int_equal(out.slow[i].packet_id, 999 - i * 100);
	for (unsigned int i = 0; i < VMP_LATENCY_OCTAVES; i++)
		sum += out.octave[i];
	assert_int_equal(sum, 1000);
	assert_int_equal(out.octave[2], 3); /* 5, 6, 7 */
	assert_int_equal(out.octave[3], 8);
	assert_int_equal(out.octave[20], 9);
	free(latencies);
}

/* With a time asked for: all that took so long are counted, the slowest hundred are named, and p50 has no say. */
static void latency_over_threshold(void **state)
{
	struct vmp_latencies *latencies = calloc(1, sizeof(*latencies));
	struct vmp_latency out;

	(void)state;
	assert_non_null(latencies);
	latencies->slow_ns = 5000;
	assert_int_equal(vmp_latency_summary(latencies).took_long, 0);
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t ns = 4900 + i * 7 % 1000; /* each of 4900 .. 5899 once: 7 and 1000 have no common divisor */

		vmp_latency_add(latencies, ns);
		vmp_latency_note(latencies, i, 2 * i, ns);
		if (ns == 5899)
			assert_int_equal(vmp_latency_summary(latencies).slow[0].packet_id, i);
	}
	out = vmp_latency_summary(latencies);
	assert_int_equal(out.took_long, 900); /* 5000 .. 5899 */
	assert_int_equal(out.n_slow, VMP_SLOW_MOST);
	for (size_t i = 0; i < out.n_slow; i++) {
		assert_int_equal(out.slow[i].latency_ns, 5899 - i);
		assert_int_equal(4900 + out.slow[i].packet_id * 7 % 1000, 5899 - i);
		assert_int_equal(out.slow[i].seen_ns, 2 * out.slow[i].packet_id);
	}
	free(latencies);
}

static void homes_learn_and_forget_nothing(void **state)
{
	const struct vmp_hash_key key = {{1, 2}};
	struct vmp_homes *homes;
	struct world world;

	(void)state;
	world_init(&world, 0);
	homes = vmp_homes_new(&world.path, &key);
	assert_int_equal(vmp_homes_find(homes, &mac_gateway, 1), ETH0);
	assert_int_equal(vmp_homes_find(homes, &mac_peer, 1), PEER);
	assert_int_equal(vmp_homes_find(homes, &mac_other, 1), VMP_HOME_UNKNOWN);
	assert_true(vmp_homes_is_host(homes, &mac_host));
	assert_false(vmp_homes_is_host(homes, &mac_gateway));
	vmp_homes_learn(homes, &mac_peer, ETH0);
	assert_int_equal(vmp_homes_find(homes, &mac_peer, 1), ETH0);
	vmp_homes_miss(homes, &mac_peer, 5);
	vmp_homes_miss(homes, &mac_peer, 7);
	assert_int_equal(vmp_homes_find(homes, &mac_peer, 5), ETH0);
	assert_int_equal(vmp_homes_find(homes, &mac_peer, 6), VMP_HOME_UNOBSERVED);
	vmp_homes_hear(homes, &mac_peer, ETH0, 8);
	assert_int_equal(vmp_homes_find(homes, &mac_peer, 8), ETH0);
	vmp_homes_learn(homes, &mac_all, PEER);
	assert_int_equal(vmp_homes_find(homes, &mac_all, 1), VMP_HOME_UNKNOWN);
	/* A flood of sources fills the table; what is known stays, what is not may be anywhere. */
	for (uint32_t i = 0; i < 100000; i++) {
		struct vmp_mac mac = {{2, 1, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};

		vmp_homes_learn(homes, &mac, PEER);
	}
	assert_int_equal(vmp_homes_find(homes, &mac_gateway, 1), ETH0);
	assert_int_equal(vmp_homes_find(homes, &mac_other, 1), VMP_HOME_UNOBSERVED);
	vmp_homes_learn(homes, &mac_peer, PEER);
	assert_int_equal(vmp_homes_find(homes, &mac_peer, 1), PEER);
	vmp_homes_free(homes);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_grows_and_turns),
		cmocka_unit_test(pool_takes_out_of_the_middle),
		cmocka_unit_test(pool_keeps_order),
		cmocka_unit_test(pool_reuses_slots),
		cmocka_unit_test(pool_is_bounded),
		cmocka_unit_test(order_sorts),
		cmocka_unit_test(order_merges),
		cmocka_unit_test(order_is_bounded),
		cmocka_unit_test(latency_against_sorting),
		cmocka_unit_test(latency_extremes),
		cmocka_unit_test(latency_slowest),
		cmocka_unit_test(latency_over_threshold),
		cmocka_unit_test(homes_learn_and_forget_nothing),
	};

	return cmocka_run_group_tests_name("parts of match", tests, NULL, NULL);
}
