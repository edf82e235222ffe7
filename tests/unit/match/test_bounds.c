/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture loss is never packet loss: what points lost hides packets, and only what they cannot have hidden is lost. Keys that
 * collide, ids that come round and clocks that jump are in here as well.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define START (100 * SEC)

/* 1000 packets to the guest, 1 ms apart: the tap's capture loses `dropped` of them and the bridge `lost`, one by one in turn. */
struct flood {
	enum vmp_devdir devdir;     /* of the drops that are told */
	unsigned int dropped, lost;
	uint64_t told;              /* frames lost by the point, other guests' traffic included */
	bool data, fragment;        /* TCP data; fragments */
	unsigned int flags;
};

/* n of 1000, in steps of a multiple of five. */
static bool is_every(unsigned int i, unsigned int n)
{
	unsigned int step = n ? 1000 / n / 5 * 5 : 1;

	return i % step == 0 && i / step < n;
}

static struct vmp_segment run_flood(const struct flood *flood)
{
	struct world world;
	struct vmp_segment segment;
	struct vmp_run run;
	unsigned int lost = 0, dropped = 0;

	world_init(&world, flood->flags);
	world_start(&world, NULL);
	for (unsigned int i = 0; i < 1000; i++) {
		struct vmp_packet packet = flood->data ? tcp(&mac_gateway, &mac_guest, (uint16_t)i, 1000 * i, 1000, VMP_TCP_ACK)
						       : udp(&mac_gateway, &mac_guest, (uint16_t)i);

		if (flood->fragment)
			packet.flags |= VMP_PKT_FRAGMENT;
		assert_int_equal(see(&world, ETH0, VMP_DEV_IN, START + i * MS, &packet), 0);
		if (is_every(i, flood->lost)) {
			lost++;
			continue;
		}
		if (is_every(i - 1, flood->dropped)) {
			dropped++;
			continue;
		}
		assert_int_equal(see(&world, TAP, VMP_DEV_OUT, START + i * MS + 10 * US, &packet), 0);
	}
	assert_int_equal(lost, flood->lost);
	assert_int_equal(dropped, flood->dropped);
	vmp_match_drops(world.match, (size_t)world.hop_points[TAP], flood->devdir, flood->told, START, START + SEC);
	world_report(&world, START + 10 * SEC, &run);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	world_clear_run(&run);
	world_end(&world);
	return segment;
}

static void bounds(void **state)
{
	static const struct {
		struct flood flood;
		uint64_t lost, unsure, unsure_lost;
	} cases[] = {
		/* At least 40, at most 55 of 1000. */
		{{.devdir = VMP_DEV_OUT, .dropped = 15, .lost = 40, .told = 15}, 0, 55, 40},
		/* The point lost others' frames too. */
		{{.devdir = VMP_DEV_OUT, .dropped = 15, .lost = 40, .told = 30}, 0, 55, 25},
		{{.devdir = VMP_DEV_OUT, .dropped = 15, .lost = 40, .told = 900}, 0, 55, 0},
		{{.devdir = VMP_DEV_OUT, .dropped = 100, .lost = 0, .told = 100}, 0, 100, 0},
		/* It was in the other direction that the point lost frames. */
		{{.devdir = VMP_DEV_IN, .dropped = 0, .lost = 40, .told = 500}, 40, 0, 0},
		/* Which direction is not known: then how many can be hidden is not either. */
		{{.devdir = VMP_DEV_UNKNOWN, .dropped = 15, .lost = 40, .told = 15}, 0, 55, 0},
		/* One frame may stand for several of these. */
		{{.devdir = VMP_DEV_OUT, .dropped = 15, .lost = 40, .told = 15, .data = true}, 0, 55, 0},
		{{.devdir = VMP_DEV_OUT, .dropped = 15, .lost = 40, .told = 15, .fragment = true}, 0, 55, 0},
		/* A device of a kind nobody knows lies between. */
		{{.devdir = VMP_DEV_OUT, .dropped = 15, .lost = 40, .told = 15, .flags = WORLD_OTHER_BETWEEN}, 0, 55, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_segment segment = run_flood(&cases[i].flood);

		assert_int_equal(segment.offered, 1000);
		assert_int_equal(segment.delivered, 1000 - cases[i].flood.dropped - cases[i].flood.lost);
		assert_int_equal(segment.lost, cases[i].lost);
		assert_int_equal(segment.unsure, cases[i].unsure);
		assert_int_equal(segment.unsure_why[VMP_UNSURE_CAPTURE_LOSS], cases[i].unsure);
		assert_int_equal(segment.unsure_lost, cases[i].unsure_lost);
	}
}

/* What is missing may be missing for another reason as well; then no bound rests on it. */
static void not_only_by_drops(void **state)
{
	enum { OTHER_GAP, TWO_POINTS, EDGE, LATE, CASES };

	(void)state;
	for (int what = 0; what < CASES; what++) {
		struct vmp_match_conf conf = {.start_ns = START - SEC, .settle_ns = SEC};
		struct world world;
		struct vmp_run run;
		struct vmp_segment segment;
		uint64_t until = START + 10 * SEC;

		world_init(&world, 0);
		world_start(&world, &conf);
		for (uint16_t i = 0; i < 20; i++) {
			struct vmp_packet packet = udp(&mac_gateway, &mac_guest, i);

			see(&world, ETH0, VMP_DEV_IN, START + i * MS, &packet);
		}
		vmp_match_drops(world.match, (size_t)world.hop_points[TAP], VMP_DEV_OUT, 5, START, START + 20 * MS);
		if (what == OTHER_GAP)
			vmp_match_gap(world.match, (size_t)world.hop_points[TAP], START, START + SEC, VMP_UNSURE_VANISHED);
		if (what == TWO_POINTS) /* no packet of these is expected there */
			vmp_match_drops(world.match, (size_t)world.hop_points[PEER], VMP_DEV_OUT, 5, START, START + 20 * MS);
		if (what == EDGE)
			until = START + SEC / 2;
		if (what == LATE) {
			vmp_match_settle(world.match, START + 2 * SEC);
			for (uint16_t i = 0; i < 18; i++) {
				struct vmp_packet packet = udp(&mac_gateway, &mac_guest, i);

				see(&world, TAP, VMP_DEV_OUT, START + 2 * SEC + i * MS, &packet);
			}
		}
		world_report(&world, until, &run);
		segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
		assert_int_equal(segment.offered, 20);
		assert_int_equal(segment.lost, 0);
		assert_int_equal(segment.delivered, what == LATE ? 18 : 0);
		assert_int_equal(segment.unsure_lost, what == TWO_POINTS ? 15 : 0);
		world_clear_run(&run);
		world_end(&world);
	}
}

/* A point that lost frames often, in both directions by turns, and for longer than its gaps can be told apart. */
static void many_drops(void **state)
{
	struct world world;
	struct vmp_run run;
	struct vmp_segment segment;

	(void)state;
	world_init(&world, 0);
	world_start(&world, NULL);
	for (unsigned int i = 0; i < 400; i++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, (uint16_t)i);
		uint64_t at = START + i * SEC;

		see(&world, ETH0, VMP_DEV_IN, at, &packet);
		if (i % 4 == 0)
			see(&world, TAP, VMP_DEV_OUT, at + 10 * US, &packet);
		vmp_match_drops(world.match, (size_t)world.hop_points[TAP], i % 2 ? VMP_DEV_OUT : VMP_DEV_IN, 1, at, at + MS);
	}
	world_report(&world, START + 500 * SEC, &run);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.delivered, 100);
	/* 300 are missing; 200 frames that went this way were lost by the capture. */
	assert_int_equal(segment.lost + segment.unsure, 300);
	assert_true(segment.lost + segment.unsure_lost <= 100);
	world_clear_run(&run);
	world_end(&world);
}

/* Points that were opened late, or whose clock jumped, prove nothing, however many are missing. */
static void opened_late_and_clock(void **state)
{
	(void)state;
	for (int clock = 0; clock < 2; clock++) {
		struct world world;
		struct vmp_run run;
		struct vmp_segment segment;

		world_init(&world, 0);
		world_start(&world, NULL);
		for (uint16_t i = 0; i < 100; i++) {
			struct vmp_packet packet = udp(&mac_gateway, &mac_guest, i);
			uint64_t at = START + i * 10 * MS;

			see(&world, ETH0, VMP_DEV_IN, at, &packet);
			/* The clock is set back by 5 s after the half: the rest is seen before it was sent. Or the point opens then. */
			if (clock && i < 50)
				see(&world, TAP, VMP_DEV_OUT, at + 10 * US, &packet);
			else if (!clock && i >= 50)
				see(&world, TAP, VMP_DEV_OUT, at + 10 * US, &packet);
		}
		vmp_match_gap(world.match, (size_t)world.hop_points[TAP], 0, clock ? UINT64_MAX : START + 500 * MS,
			      clock ? VMP_UNSURE_CLOCK : VMP_UNSURE_VANISHED);
		world_report(&world, START + 10 * SEC, &run);
		segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
		assert_int_equal(segment.delivered, 50);
		assert_int_equal(segment.lost + segment.unsure_lost, 0);
		assert_int_equal(segment.unsure_why[clock ? VMP_UNSURE_CLOCK : VMP_UNSURE_VANISHED], 50);
		world_clear_run(&run);
		world_end(&world);
	}
}

/* A packet that was seen further on a little before is remembered for as long as it may be missing, whenever settling cuts in between. */
static void seen_before_it_came(void **state)
{
	(void)state;
	for (int quiet = 0; quiet < 2; quiet++) {
		struct vmp_match_conf conf = {.no_fates = quiet};
		struct vmp_settled settled;
		struct vmp_segment segment;
		struct world world;
		struct vmp_run run;

		world_init(&world, 0);
		world_start(&world, &conf);
		for (uint16_t i = 1; i <= 2000; i++) {
			struct vmp_packet packet = udp(&mac_gateway, &mac_guest, i);
			uint64_t at = START + i * 3 * MS;

			see(&world, TAP, VMP_DEV_OUT, at - 2 * MS, &packet);
			vmp_match_settle(world.match, at - MS);
			while (vmp_match_next(world.match, &settled))
				assert_true(settled.fate != VMP_FATE_LOST);
			see(&world, ETH0, VMP_DEV_IN, at, &packet);
		}
		world_report(&world, START + 20 * SEC, &run);
		segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
		assert_int_equal(segment.unsure_why[VMP_UNSURE_CLOCK], 2000);
		assert_int_equal(segment.lost + segment.unsure_lost, 0);
		world_clear_run(&run);
		world_end(&world);
	}
}

/* A frame with a fingerprint that is made up. */
static void see_as(struct world *world, int hop, enum vmp_devdir devdir, uint64_t ts_ns, const struct vmp_packet *packet,
		   const struct vmp_fingerprint *fingerprint)
{
	struct vmp_frame frame = {.ts_ns = ts_ns, .point = (uint32_t)world->hop_points[hop], .devdir = devdir, .wire_len = 142};

	assert_int_equal(vmp_match_add(world->match, &frame, packet, fingerprint), 0);
}

/* Thousands of packets in one bucket of every chain, some of them lost: all are told apart by the rest of their keys. */
static void one_bucket(void **state)
{
	enum { MANY = 3000 };
	struct world world;
	struct vmp_run run;
	struct vmp_segment segment;

	(void)state;
	world_init(&world, 0);
	world_start(&world, NULL);
	for (unsigned int i = 0; i < MANY; i++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, (uint16_t)i);
		struct vmp_fingerprint fingerprint = {.id = {{42, i}}, .usable = true};

		see_as(&world, ETH0, VMP_DEV_IN, START + i * 100 * US, &packet, &fingerprint);
		if (i % 10)
			see_as(&world, TAP, VMP_DEV_OUT, START + i * 100 * US + 10 * US, &packet, &fingerprint);
	}
	world_report(&world, START + 10 * SEC, &run);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.offered, MANY);
	assert_int_equal(segment.delivered, MANY - MANY / 10);
	assert_int_equal(segment.lost, MANY / 10);
	world_clear_run(&run);
	world_end(&world);
}

/* Different packets whose whole keys are alike: as many are lost as are missing, whichever they are. */
static void same_keys(void **state)
{
	struct vmp_fingerprint fingerprint = {.id = {{7, 7}}, .usable = true};
	struct world world;
	struct vmp_run run;
	struct vmp_segment segment;

	(void)state;
	world_init(&world, 0);
	world_start(&world, NULL);
	for (uint16_t i = 0; i < 200; i++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, i);

		see_as(&world, ETH0, VMP_DEV_IN, START + i * MS, &packet, &fingerprint);
		if (i % 4)
			see_as(&world, TAP, VMP_DEV_OUT, START + i * MS + 10 * US, &packet, &fingerprint);
	}
	world_report(&world, START + 10 * SEC, &run);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.offered, 200);
	assert_true(segment.lost <= 50);
	assert_int_equal(segment.lost + segment.unsure, 50);
	world_clear_run(&run);
	world_end(&world);
}

/* 16-bit ids come round within the settle time: 200000 packets of one flow per second that differ in their id alone. */
static void ids_come_round(void **state)
{
	enum { PACKETS = 200000 };
	struct world world;
	struct vmp_run run;
	struct vmp_segment segment;
	unsigned int lost = 0;

	(void)state;
	world_init(&world, 0);
	world_start(&world, NULL);
	for (unsigned int i = 0; i < PACKETS; i++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, (uint16_t)i);
		struct vmp_settled settled;
		uint64_t at = START + i * 5 * US;

		assert_int_equal(see(&world, ETH0, VMP_DEV_IN, at, &packet), 0);
		if (i % 1000 == 999)
			lost++;
		else
			assert_int_equal(see(&world, TAP, VMP_DEV_OUT, at + 3 * US, &packet), 0);
		vmp_match_settle(world.match, at);
		while (vmp_match_next(world.match, &settled))
			;
	}
	world_report(&world, START + 10 * SEC, &run);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.offered, PACKETS);
	assert_true(segment.lost <= lost);
	assert_int_equal(segment.lost + segment.unsure, lost);
	world_clear_run(&run);
	world_end(&world);
}

/*
 * A copy is no second delivery. Copied between the hops; copied before the first one, by the id; two equal packets without an id, or
 * long after one another, are two.
 */
static void duplicates(void **state)
{
	static const struct {
		uint16_t id;
		unsigned int here, there;       /* sightings at the first and the second hop */
		uint64_t apart_ns;
		uint64_t duplicates_here, duplicates_there, offered;
	} cases[] = {
		{7, 1, 2, 20 * US, 0, 1, 1}, {0, 1, 2, 20 * US, 0, 1, 1}, {7, 1, 4, 20 * US, 0, 3, 1}, {7, 2, 2, 20 * US, 1, 1, 2},
		{0, 2, 2, 20 * US, 0, 0, 2}, {7, 2, 2, 200 * MS, 0, 0, 2}, {7, 1, 2, 200 * MS, 0, 0, 1}, {7, 1, 1, 0, 0, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, cases[i].id);
		struct vmp_segment segment;
		struct world world;
		struct vmp_run run;

		world_init(&world, 0);
		world_start(&world, NULL);
		for (unsigned int k = 0; k < 4; k++) {
			if (k < cases[i].here)
				see(&world, ETH0, VMP_DEV_IN, START + k * cases[i].apart_ns, &packet);
			if (k < cases[i].there)
				see(&world, TAP, VMP_DEV_OUT, START + k * cases[i].apart_ns + US, &packet);
		}
		world_report(&world, START + 10 * SEC, &run);
		segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
		assert_int_equal(run.seen.v[ETH0].duplicates, cases[i].duplicates_here);
		assert_int_equal(run.seen.v[TAP].duplicates, cases[i].duplicates_there);
		assert_int_equal(segment.offered, cases[i].offered);
		assert_int_equal(segment.delivered, cases[i].offered);
		world_clear_run(&run);
		world_end(&world);
	}
}

/*
 * What the guest sends leaves by another port than the one where its destination lives. Lost only if that is sure: it was heard there
 * before and since, in frames to the guest, and nowhere else.
 */
static void wrong_port(void **state)
{
	static const struct {
		bool before, since, moved, tagged;
		uint64_t lost;
	} cases[] = {
		{true, true, false, false, 10}, {true, false, false, false, 0}, {true, true, true, false, 0}, {true, true, false, true, 0},
		{false, true, false, false, 10}, {false, false, false, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_packet comes = udp(&mac_gateway, &mac_guest, 1000);
		struct vmp_segment segment;
		struct world world;
		struct vmp_run run;

		world_init(&world, 0);
		world_start(&world, NULL);
		comes.vlan_count = cases[i].tagged;
		comes.vlan[0] = 9;
		if (cases[i].before)
			see(&world, ETH0, VMP_DEV_IN, START - 5 * SEC, &comes);
		comes.ip_id++;
		if (cases[i].moved)
			see(&world, PEER, VMP_DEV_IN, START - SEC, &comes);
		comes.ip_id++;
		if (cases[i].moved)
			see(&world, ETH0, VMP_DEV_IN, START - SEC / 2, &comes);
		for (uint16_t k = 0; k < 10; k++) {
			struct vmp_packet goes = udp(&mac_guest, &mac_gateway, k);

			see(&world, TAP, VMP_DEV_IN, START + k * MS, &goes);
			see(&world, PEER, VMP_DEV_OUT, START + k * MS + 5 * US, &goes);
		}
		comes.ip_id++;
		if (cases[i].since)
			see(&world, ETH0, VMP_DEV_IN, START + 100 * MS, &comes);
		world_report(&world, START + 10 * SEC, &run);
		segment = segment_of(&run, VMP_FROM_GUEST, TAP, ETH0);
		assert_int_equal(segment.offered, 10);
		assert_int_equal(segment.lost, cases[i].lost);
		assert_int_equal(segment.elsewhere, cases[i].lost);
		if (segment.elsewhere)
			assert_int_equal(segment.elsewhere_hop, PEER);
		assert_int_equal(segment.unsure_why[VMP_UNSURE_UNOBSERVED], 10 - cases[i].lost);
		world_clear_run(&run);
		world_end(&world);
	}
}

/* Until then settling changes nothing, and then it does: who passes over the time between judges alike. */
static void due(void **state)
{
	struct world world;
	struct vmp_settled settled;
	struct vmp_packet first = udp(&mac_gateway, &mac_guest, 1), second = udp(&mac_gateway, &mac_guest, 2);

	(void)state;
	world_init(&world, 0);
	world_start(&world, NULL);
	assert_true(vmp_match_due_ns(world.match) == UINT64_MAX);
	see(&world, ETH0, VMP_DEV_IN, START, &first);
	see(&world, ETH0, VMP_DEV_IN, START + 300 * MS, &second);
	for (uint64_t sent = START; sent <= START + 300 * MS; sent += 300 * MS) {
		uint64_t due_ns = vmp_match_due_ns(world.match);

		assert_true(due_ns == sent + SEC);
		vmp_match_settle(world.match, due_ns - 1);
		assert_false(vmp_match_next(world.match, &settled));
		vmp_match_settle(world.match, due_ns);
		assert_true(vmp_match_next(world.match, &settled));
		assert_int_equal(settled.fate, VMP_FATE_LOST);
		assert_false(vmp_match_next(world.match, &settled));
	}
	assert_true(vmp_match_due_ns(world.match) == UINT64_MAX);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),     cmocka_unit_test(not_only_by_drops), cmocka_unit_test(many_drops),
		cmocka_unit_test(opened_late_and_clock), cmocka_unit_test(seen_before_it_came), cmocka_unit_test(one_bucket),
		cmocka_unit_test(same_keys), cmocka_unit_test(ids_come_round), cmocka_unit_test(duplicates),
		cmocka_unit_test(wrong_port), cmocka_unit_test(due),
	};

	return cmocka_run_group_tests_name("match: bounds", tests, NULL, NULL);
}
