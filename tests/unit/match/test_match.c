/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stories of single packets, told to the matcher frame by frame. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#define START (10 * SEC)
#define END   (20 * SEC)

static const struct vmp_match_conf window = {.start_ns = START, .settle_ns = SEC, .key = {{5, 6}}};

static void begin(struct world *world, unsigned int flags)
{
	world_init(world, flags);
	world_start(world, &window);
	vmp_match_close_window(world->match, END);
}

/* Ends a story: what became of the packets of one segment? */
static void expect(struct world *world, enum vmp_direction direction, int from, int to, uint64_t delivered, uint64_t lost,
		   uint64_t unsure)
{
	struct vmp_segment segment;
	struct vmp_run run;

	world_report(world, END + 2 * SEC, &run);
	segment = segment_of(&run, direction, from, to);
	assert_int_equal(segment.delivered, delivered);
	assert_int_equal(segment.lost, lost);
	assert_int_equal(segment.unsure, unsure);
	world_clear_run(&run);
	world_end(world);
}

static void to_guest(struct world *world, uint64_t ts_ns, uint16_t id, bool arrives)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, id);

	see(world, ETH0, VMP_DEV_IN, ts_ns, &packet);
	if (arrives)
		see(world, TAP, VMP_DEV_OUT, ts_ns + 5 * US, &packet);
}

static void delivered(void **state)
{
	struct vmp_packet answer = udp(&mac_guest, &mac_gateway, 9);
	struct vmp_segment segment;
	struct vmp_settled settled[2];
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	to_guest(&world, START + 1, 1, true);
	see(&world, TAP, VMP_DEV_IN, START + MS, &answer);
	see(&world, ETH0, VMP_DEV_OUT, START + MS + 7 * US, &answer);
	world_report(&world, END + 2 * SEC, &run);
	assert_true(vmp_match_next(world.match, &settled[0]) && vmp_match_next(world.match, &settled[1]));
	assert_int_equal(settled[0].fate, VMP_FATE_DELIVERED);
	assert_int_equal(settled[0].next_hop, TAP);
	assert_int_equal(settled[1].fate, VMP_FATE_NONE);
	assert_int_equal(settled[0].packet_id, settled[1].packet_id);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.delivered, 1);
	assert_true(segment.latency.known && segment.latency.max_us > 4.9 && segment.latency.max_us < 5.1);
	assert_int_equal(segment_of(&run, VMP_FROM_GUEST, TAP, ETH0).delivered, 1);
	assert_int_equal(run.seen.v[ETH0].to_guest.packets, 1);
	assert_int_equal(run.seen.v[TAP].from_guest.packets, 1);
	world_clear_run(&run);
	world_end(&world);
}

/* The matcher is told from how long on a packet is to be named: those, and no others, whatever the rest took. */
static void named_when_slow(void **state)
{
	struct vmp_match_conf conf = {.settle_ns = SEC, .key = {{1, 2}}, .start_ns = START, .slow_ns = 300 * US};
	struct vmp_packet packet;
	struct vmp_segment segment;
	struct world world;
	struct vmp_run run;

	(void)state;
	world_init(&world, 0);
	world_start(&world, &conf);
	vmp_match_close_window(world.match, END);
	for (uint16_t i = 1; i <= 40; i++) {
		packet = udp(&mac_gateway, &mac_guest, i);
		see(&world, ETH0, VMP_DEV_IN, START + i * MS, &packet);
		see(&world, TAP, VMP_DEV_OUT, START + i * MS + i * 10 * US, &packet);
	}
	world_report(&world, END + 2 * SEC, &run);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.delivered, 40);
	assert_int_equal(segment.latency.took_long, 11); /* 300 us to 400 us */
	assert_int_equal(segment.latency.n_slow, 11);
	for (size_t i = 0; i < 11; i++) {
		assert_int_equal(segment.latency.slow[i].latency_ns, 400 * US - i * 10 * US);
		assert_int_equal(segment.latency.slow[i].seen_ns, START + (40 - i) * MS);
	}
	assert_int_equal(segment_of(&run, VMP_FROM_GUEST, TAP, ETH0).latency.took_long, 0);
	world_clear_run(&run);
	world_end(&world);
}

static void lost(void **state)
{
	struct vmp_segment segment;
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	for (uint16_t id = 0; id < 10; id++)
		to_guest(&world, START + id * MS, id, id % 3 != 1);
	world_report(&world, END + 2 * SEC, &run);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.delivered, 7);
	assert_int_equal(segment.lost, 3);
	assert_true(segment.has_first_lost);
	assert_int_equal(segment.first_lost_ns, START + MS);
	assert_int_equal(segment.last_lost_ns, START + 7 * MS);
	assert_int_equal(segment.shortest_lost, 128);
	world_clear_run(&run);
	world_end(&world);
}

static void near_the_end_of_all(void **state)
{
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	to_guest(&world, END - 500 * MS, 1, false);
	world_report(&world, END, &run);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).unsure_why[VMP_UNSURE_WINDOW], 1);
	world_clear_run(&run);
	world_end(&world);
}

static void outside_the_window(void **state)
{
	struct world world;

	(void)state;
	begin(&world, 0);
	to_guest(&world, START - 1, 1, false);
	to_guest(&world, START, 2, false);
	to_guest(&world, END, 3, false);
	to_guest(&world, END + 1, 4, false);
	expect(&world, VMP_TO_GUEST, ETH0, TAP, 0, 2, 0);
}

/* What the points missed, and what gone devices would have seen. from, to: in ms around a packet without other half. */
static void gaps(void **state)
{
	static const struct {
		int point_of;
		int64_t from_ms, to_ms;
		bool unsure;
	} cases[] = {
		{TAP, -5, 5, true},   {TAP, 999, 2000, true}, {TAP, -100, -1, false}, {TAP, 1001, 1002, false},
		{ETH0, -5, 5, false}, {PEER, -5, 5, false},   {TAP, -9000, 9000, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t at = 15 * SEC;
		struct world world;

		begin(&world, 0);
		to_guest(&world, at, 1, false);
		vmp_match_gap(world.match, (size_t)world.hop_points[cases[i].point_of], at + (uint64_t)(cases[i].from_ms * (int64_t)MS),
			      at + (uint64_t)(cases[i].to_ms * (int64_t)MS), VMP_UNSURE_CAPTURE_LOSS);
		expect(&world, VMP_TO_GUEST, ETH0, TAP, 0, !cases[i].unsure, cases[i].unsure);
	}
}

static void vanished(void **state)
{
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	to_guest(&world, START + MS, 1, false);
	to_guest(&world, START + 5 * SEC, 2, false);
	vmp_match_gap(world.match, (size_t)world.hop_points[TAP], START + 4 * SEC, UINT64_MAX, VMP_UNSURE_VANISHED);
	/* A gap after the endless one must not shorten it, nor may many others. */
	for (uint64_t i = 0; i < 200; i++)
		vmp_match_gap(world.match, (size_t)world.hop_points[TAP], START + 4 * SEC + i * SEC / 100, START + 4 * SEC + i * SEC / 100,
			      i % 2 ? VMP_UNSURE_CAPTURE_LOSS : VMP_UNSURE_IDENTITY);
	to_guest(&world, END, 3, false);
	world_report(&world, END + 2 * SEC, &run);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).lost, 1);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).unsure, 2);
	world_clear_run(&run);
	world_end(&world);
}

/* Many gaps far apart become one, which covers what lies between. */
static void many_gaps(void **state)
{
	struct world world;

	(void)state;
	begin(&world, 0);
	to_guest(&world, START + 5 * SEC + 500 * MS, 1, false);
	for (uint64_t i = 0; i < 100; i++)
		vmp_match_gap(world.match, (size_t)world.hop_points[TAP], i * SEC, i * SEC + 1, VMP_UNSURE_CAPTURE_LOSS);
	expect(&world, VMP_TO_GUEST, ETH0, TAP, 0, 0, 1);
}

/* Identical packets: the k-th with the k-th; how many are missing is exact. */
static void identical(void **state)
{
	struct world world;

	(void)state;
	begin(&world, 0);
	for (int i = 0; i < 100; i++)
		to_guest(&world, START + SEC + (uint64_t)i * 3 * MS, 7, i % 4 != 2);
	expect(&world, VMP_TO_GUEST, ETH0, TAP, 75, 25, 0);
}

/* Several identical ones wait in a queue; none of them is missing. */
static void identical_queued(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 7);
	struct world world;

	(void)state;
	begin(&world, 0);
	for (int i = 0; i < 5; i++)
		see(&world, ETH0, VMP_DEV_IN, START + (uint64_t)i * MS, &packet);
	for (int i = 0; i < 5; i++)
		see(&world, TAP, VMP_DEV_OUT, START + 900 * MS + (uint64_t)i, &packet);
	expect(&world, VMP_TO_GUEST, ETH0, TAP, 5, 0, 0);
}

/* A gap hides the first half of a row of identical packets: the one left over at the end is not lost for sure. */
static void identical_and_gap(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 7);
	struct world world;

	(void)state;
	begin(&world, 0);
	for (int i = 0; i < 50; i++) {
		uint64_t at = START + SEC + (uint64_t)i * 100 * MS;

		see(&world, ETH0, VMP_DEV_IN, at, &packet);
		if (i != 3)
			see(&world, TAP, VMP_DEV_OUT, at + 5 * US, &packet);
	}
	vmp_match_gap(world.match, (size_t)world.hop_points[TAP], START + SEC + 299 * MS, START + SEC + 301 * MS,
		      VMP_UNSURE_CAPTURE_LOSS);
	expect(&world, VMP_TO_GUEST, ETH0, TAP, 49, 0, 1);
}

/*
 * Two are hidden by the gap. One of those is given up before the next of the others comes: the doubt must not end with it.
 */
static void identical_with_pauses(void **state)
{
	static const uint64_t at_ms[] = {0, 10, 300, 1200};
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 7);
	struct world world;

	(void)state;
	begin(&world, 0);
	for (int i = 0; i < 4; i++) {
		see(&world, ETH0, VMP_DEV_IN, START + SEC + at_ms[i] * MS, &packet);
		if (i >= 2)
			see(&world, TAP, VMP_DEV_OUT, START + SEC + at_ms[i] * MS + 5 * US, &packet);
	}
	vmp_match_gap(world.match, (size_t)world.hop_points[TAP], START + SEC, START + SEC + 20 * MS, VMP_UNSURE_CAPTURE_LOSS);
	expect(&world, VMP_TO_GUEST, ETH0, TAP, 2, 0, 2);
}

/* ... and at the edges of the window. The one before it is missing, or the last one in it. */
static void identical_at_the_edges(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 7);

	(void)state;
	for (int edge = 0; edge < 2; edge++) {
		uint64_t first = edge ? END : START;
		struct world world;
		struct vmp_run run;
		struct vmp_segment segment;

		begin(&world, 0);
		for (int i = 0; i < 20; i++) {
			uint64_t at = first - SEC + 5 * MS + (uint64_t)i * 100 * MS;

			see(&world, ETH0, VMP_DEV_IN, at, &packet);
			if (i != 9)
				see(&world, TAP, VMP_DEV_OUT, at + 5 * US, &packet);
		}
		world_report(&world, END + 3 * SEC, &run);
		segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
		assert_int_equal(segment.lost, 0);
		assert_int_equal(segment.unsure_why[VMP_UNSURE_WINDOW], 1);
		world_clear_run(&run);
		world_end(&world);
	}
}

static void late(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 7), other = udp(&mac_gateway, &mac_guest, 8);

	(void)state;
	for (int settled = 0; settled < 2; settled++) {
		struct world world;
		struct vmp_segment segment;
		struct vmp_run run;

		begin(&world, 0);
		see(&world, ETH0, VMP_DEV_IN, START, &packet);
		see(&world, ETH0, VMP_DEV_IN, START + 5 * SEC, &other);
		if (settled)
			vmp_match_settle(world.match, START + 2 * SEC);
		see(&world, TAP, VMP_DEV_OUT, START + 6 * SEC - 1, &packet);
		world_report(&world, END + 2 * SEC, &run);
		segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
		assert_int_equal(segment.delivered, 1);
		/* The other one may be as late, and still to come. */
		assert_int_equal(segment.lost, 0);
		assert_int_equal(segment.unsure, 1);
		assert_false(segment.has_first_lost);
		world_clear_run(&run);
		world_end(&world);
	}
}

/* Packets take three seconds here, and when the last one's time came, nobody looked. */
static void late_and_gap(void **state)
{
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	for (uint16_t id = 0; id < 3; id++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, id);

		see(&world, ETH0, VMP_DEV_IN, START + id, &packet);
	}
	vmp_match_settle(world.match, START + 2 * SEC);
	for (uint16_t id = 0; id < 2; id++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, id);

		see(&world, TAP, VMP_DEV_OUT, START + 2500 * MS + id, &packet);
	}
	vmp_match_gap(world.match, (size_t)world.hop_points[TAP], START + 2600 * MS, START + 2700 * MS, VMP_UNSURE_CAPTURE_LOSS);
	world_report(&world, END + 2 * SEC, &run);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).delivered, 2);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).unsure_why[VMP_UNSURE_CAPTURE_LOSS], 1);
	world_clear_run(&run);
	world_end(&world);
}

static void groups(void **state)
{
	struct vmp_packet to_all = udp(&mac_gateway, &mac_all, 1);
	struct vmp_packet other = arp_request(&mac_gateway, ip4(0, 254), ip4(0, 77));
	struct vmp_packet ours = arp_request(&mac_gateway, ip4(0, 254), ip4(0, 1));
	struct vmp_packet said = arp_request(&mac_guest, ip4(0, 1), ip4(0, 254));
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	/* The guest's own address shows in what it sends; that goes to the uplink, and its copy to a peer is no loss. */
	see(&world, TAP, VMP_DEV_IN, START + 1, &said);
	see(&world, ETH0, VMP_DEV_OUT, START + 2, &said);
	see(&world, PEER, VMP_DEV_OUT, START + 3, &said);
	see(&world, ETH0, VMP_DEV_IN, START + 4, &to_all);
	see(&world, ETH0, VMP_DEV_IN, START + 5, &other);
	see(&world, ETH0, VMP_DEV_IN, START + 6, &ours);
	world_report(&world, END + 2 * SEC, &run);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).offered, 1);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).group_lost, 1);
	assert_int_equal(segment_of(&run, VMP_FROM_GUEST, TAP, ETH0).delivered, 1);
	world_clear_run(&run);
	world_end(&world);
}

static void elsewhere(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1);
	struct vmp_segment segment;
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	see(&world, ETH0, VMP_DEV_IN, START, &packet);
	see(&world, PEER, VMP_DEV_OUT, START + US, &packet);
	world_report(&world, END + 2 * SEC, &run);
	segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.lost, 1);
	assert_int_equal(segment.elsewhere, 1);
	assert_int_equal(segment.elsewhere_hop, PEER);
	world_clear_run(&run);
	world_end(&world);
}

/* What the guest sent and what left at another port than its destination was last seen at is not lost. */
static void moved_away(void **state)
{
	struct vmp_packet packet = udp(&mac_guest, &mac_peer, 1);
	struct world world;

	(void)state;
	begin(&world, 0);
	see(&world, TAP, VMP_DEV_IN, START, &packet);
	see(&world, ETH0, VMP_DEV_OUT, START + US, &packet);
	expect(&world, VMP_FROM_GUEST, TAP, PEER, 0, 0, 1);
}

static void neighbours(void **state)
{
	static const struct {
		const struct vmp_mac *src, *dst;
		enum vmp_direction direction;
		int from, to;
		enum vmp_devdir out, in;
	} cases[] = {
		{&mac_peer, &mac_guest, VMP_TO_GUEST, PEER, TAP, VMP_DEV_IN, VMP_DEV_OUT},
		{&mac_guest, &mac_peer, VMP_FROM_GUEST, TAP, PEER, VMP_DEV_IN, VMP_DEV_OUT},
		{&mac_host, &mac_guest, VMP_TO_GUEST, BR0, TAP, VMP_DEV_OUT, VMP_DEV_OUT},
		{&mac_guest, &mac_host, VMP_FROM_GUEST, TAP, BR0, VMP_DEV_IN, VMP_DEV_IN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_packet passes = udp(cases[i].src, cases[i].dst, 1), vanishes = udp(cases[i].src, cases[i].dst, 2);
		struct world world;

		begin(&world, 0);
		see(&world, cases[i].from, cases[i].out, START, &passes);
		see(&world, cases[i].to, cases[i].in, START + US, &passes);
		see(&world, cases[i].from, cases[i].out, START + MS, &vanishes);
		expect(&world, cases[i].direction, cases[i].from, cases[i].to, 1, 1, 0);
	}
}

/* An unknown destination that turns out to live at a port nobody watches: its ARP reply shows it. */
static void unwatched_port(void **state)
{
	struct vmp_packet reply = udp(&mac_other, &mac_guest, 1), question = udp(&mac_guest, &mac_other, 2);
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	see(&world, TAP, VMP_DEV_OUT, START, &reply);
	see(&world, TAP, VMP_DEV_IN, START + MS, &question);
	world_report(&world, END + 2 * SEC, &run);
	assert_int_equal(segment_of(&run, VMP_FROM_GUEST, TAP, ETH0).offered, 0);
	world_clear_run(&run);
	world_end(&world);
}

/* eth0 and eth1 under bond0, eth1 a spare. The switch floods what it has no home for to both. */
static void bond(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1), answer = udp(&mac_guest, &mac_gateway, 2);
	struct vmp_packet astray = udp(&mac_gateway, &mac_guest, 3);
	struct world world;
	struct vmp_run run;

	(void)state;
	for (int spare_first = 0; spare_first < 2; spare_first++) {
		begin(&world, WORLD_BOND);
		see(&world, spare_first ? ETH1 : ETH0, VMP_DEV_IN, START, &packet);
		see(&world, spare_first ? ETH0 : ETH1, VMP_DEV_IN, START + 1, &packet);
		see(&world, BOND, VMP_DEV_IN, START + 2, &packet);
		see(&world, TAP, VMP_DEV_OUT, START + 3, &packet);
		see(&world, TAP, VMP_DEV_IN, START + MS, &answer);
		see(&world, BOND, VMP_DEV_OUT, START + MS + 1, &answer);
		see(&world, ETH0, VMP_DEV_OUT, START + MS + 2, &answer);
		/* Sent to the spare one alone: that is a loss. */
		see(&world, ETH1, VMP_DEV_IN, START + 2 * MS, &astray);
		world_report(&world, END + 2 * SEC, &run);
		assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, BOND).delivered, 1);
		assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, BOND).lost, 0);
		assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH1, BOND).offered, 1);
		assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH1, BOND).lost, 1);
		assert_int_equal(segment_of(&run, VMP_TO_GUEST, BOND, TAP).delivered, 1);
		assert_int_equal(segment_of(&run, VMP_FROM_GUEST, TAP, BOND).delivered, 1);
		assert_int_equal(segment_of(&run, VMP_FROM_GUEST, BOND, ETH0).delivered, 1);
		world_clear_run(&run);
		world_end(&world);
	}
}

/* The network floods to both slaves: of what the bond drops, one copy is lost; after a failover that is not known. */
static void bond_flooded(void **state)
{
	(void)state;
	for (int failed_over = 0; failed_over < 2; failed_over++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1), dropped = udp(&mac_gateway, &mac_guest, 2);
		struct world world;
		struct vmp_run run;

		begin(&world, WORLD_BOND);
		/* eth1 is the active one by now: what is seen there goes on before the copy at eth0 is seen. */
		see(&world, ETH1, VMP_DEV_IN, START, &packet);
		if (failed_over)
			see(&world, BOND, VMP_DEV_IN, START, &packet);
		see(&world, ETH0, VMP_DEV_IN, START + US, &packet);
		if (!failed_over)
			see(&world, BOND, VMP_DEV_IN, START + US, &packet);
		see(&world, ETH0, VMP_DEV_IN, START + MS, &dropped);
		see(&world, ETH1, VMP_DEV_IN, START + MS, &dropped);
		world_report(&world, END + 2 * SEC, &run);
		assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, BOND).lost, failed_over ? 0 : 1);
		assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, BOND).unsure, failed_over ? 2 : 0);
		assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH1, BOND).lost, 0);
		world_clear_run(&run);
		world_end(&world);
	}
}

/* The middle hop missed it, the last one did not: no loss. */
static void seen_beyond(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1);
	struct world world;

	(void)state;
	begin(&world, WORLD_BOND);
	see(&world, ETH0, VMP_DEV_IN, START, &packet);
	see(&world, TAP, VMP_DEV_OUT, START + 3, &packet);
	expect(&world, VMP_TO_GUEST, ETH0, BOND, 0, 0, 1);
}

static void equal_times(void **state)
{
	struct vmp_packet packet = udp(&mac_guest, &mac_host, 1);

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct world world;

		begin(&world, 0);
		see(&world, order ? BR0 : TAP, VMP_DEV_IN, START, &packet);
		see(&world, order ? TAP : BR0, VMP_DEV_IN, START, &packet);
		expect(&world, VMP_FROM_GUEST, TAP, BR0, 1, 0, 0);
	}
}

/*
 * One time for three: the peer's question at the guest, a packet to the peer, the question where it came in. Until the time is over
 * the peer has not moved to a port that nobody watches.
 */
static void equal_times_of_question(void **state)
{
	struct vmp_packet question = arp_request(&mac_peer, ip4(0, 2), ip4(0, 1)), packet = udp(&mac_guest, &mac_peer, 1);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		bool arrives = i & 1, moved = i & 2;
		struct world world;

		begin(&world, 0);
		see(&world, TAP, VMP_DEV_OUT, START, &question);
		see(&world, TAP, VMP_DEV_IN, START + moved, &packet);
		if (!moved)
			see(&world, PEER, VMP_DEV_IN, START, &question);
		if (arrives)
			see(&world, PEER, VMP_DEV_OUT, START + MS, &packet);
		expect(&world, VMP_FROM_GUEST, TAP, PEER, arrives && !moved, !arrives && !moved, 0);
	}
}

/* The clock went back by 10 ms between the two sightings. */
static void clock_back(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1);
	struct world world;

	(void)state;
	begin(&world, 0);
	see(&world, TAP, VMP_DEV_OUT, START + 90 * MS, &packet);
	see(&world, ETH0, VMP_DEV_IN, START + 100 * MS, &packet);
	expect(&world, VMP_TO_GUEST, ETH0, TAP, 0, 0, 1);
}

static void pool_full(void **state)
{
	struct vmp_match_conf small = window;
	struct vmp_packet packet;
	struct vmp_settled settled;
	struct world world;
	struct vmp_run run;
	int refused = 0;

	(void)state;
	small.max_pending = 100;
	world_init(&world, 0);
	world_start(&world, &small);
	for (uint16_t id = 0; id < 150; id++) {
		packet = udp(&mac_gateway, &mac_guest, id);
		refused += see(&world, ETH0, VMP_DEV_IN, START + id * US, &packet) == -ENOBUFS;
	}
	assert_int_equal(refused, 50);
	vmp_match_settle(world.match, START + 3 * SEC);
	for (int i = 0; i < 100; i++) {
		assert_true(vmp_match_next(world.match, &settled));
		assert_int_equal(settled.fate, VMP_FATE_UNSURE);
	}
	assert_false(vmp_match_next(world.match, &settled));
	/* Long after, everything is as before. */
	packet = udp(&mac_gateway, &mac_guest, 999);
	assert_int_equal(see(&world, ETH0, VMP_DEV_IN, START + 5 * SEC, &packet), 0);
	world_report(&world, END, &run);
	assert_int_equal(run.observations.table_full, 50);
	assert_int_equal(run.notes.n, 1);
	assert_non_null(strstr(run.notes.v[0], "more packets were on their way at one time than can be remembered (100): of 50"));
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).unsure_why[VMP_UNSURE_IDENTITY], 100);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).lost, 1);
	world_clear_run(&run);
	world_end(&world);
}

/* Who does not ask for the fates of single packets gets the same sums. */
static void fates_not_asked(void **state)
{
	struct vmp_match_conf quiet = window;
	struct vmp_settled settled;
	struct world world;
	struct vmp_run run;

	(void)state;
	quiet.no_fates = true;
	quiet.max_pending = 400;
	world_init(&world, 0);
	world_start(&world, &quiet);
	/* More sightings than would be held, were those kept that nothing is expected of. */
	for (uint16_t id = 0; id < 2000; id++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, id);

		assert_int_equal(see(&world, ETH0, VMP_DEV_IN, START + id * US, &packet), 0);
		if (id % 100)
			assert_int_equal(see(&world, TAP, VMP_DEV_OUT, START + id * US + 1, &packet), 0);
		if (id % 500 == 0)
			vmp_match_settle(world.match, START + id * US);
	}
	vmp_match_settle(world.match, START + 2 * SEC);
	assert_false(vmp_match_next(world.match, &settled));
	/* Nor are there any when all is over, whatever waited then. */
	for (uint16_t id = 2000; id < 2010; id++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, id);

		assert_int_equal(see(&world, ETH0, VMP_DEV_IN, START + 2 * SEC + id * US, &packet), 0);
		assert_int_equal(see(&world, TAP, VMP_DEV_OUT, START + 2 * SEC + id * US + 1, &packet), 0);
	}
	vmp_match_settle_all(world.match, START + 4 * SEC);
	assert_false(vmp_match_next(world.match, &settled));
	world_report(&world, END, &run);
	assert_int_equal(run.observations.table_full, 0);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).delivered, 1990);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, TAP).lost, 20);
	world_clear_run(&run);
	world_end(&world);
}

static void unusable(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 1);
	struct world world;

	(void)state;
	begin(&world, 0);
	packet.flags |= VMP_PKT_TRUNCATED; /* world.c: no usable fingerprint */
	see(&world, ETH0, VMP_DEV_IN, START, &packet);
	see(&world, TAP, VMP_DEV_OUT, START + 1, &packet);
	expect(&world, VMP_TO_GUEST, ETH0, TAP, 0, 0, 1);
}

/* ---- VLANs ------------------------------------------------------------------------------------------------------- */

static void tags(void **state)
{
	struct vmp_packet right = udp(&mac_gateway, &mac_guest, 1), wrong = udp(&mac_gateway, &mac_guest, 2);
	struct vmp_packet out = udp(&mac_guest, &mac_gateway, 3);
	struct vmp_segment segment;
	struct vmp_run run;

	(void)state;
	right.vlan_count = wrong.vlan_count = out.vlan_count = 1;
	right.vlan[0] = 700;
	wrong.vlan[0] = out.vlan[0] = 800;
	for (int twin = 0; twin < 2; twin++) {
		struct world world;

		begin(&world, 0);
		world.path.hops.v[ETH0].has_tag = true;
		world.path.hops.v[ETH0].tag = 700;
		see(&world, ETH0, VMP_DEV_IN, START, &right);
		see(&world, TAP, VMP_DEV_OUT, START + 1, &right);
		see(&world, ETH0, VMP_DEV_IN, START + 2, &wrong);
		/* Somebody on this host answers with the same MAC in that VLAN: then it is theirs. */
		if (twin)
			see(&world, ETH0, VMP_DEV_OUT, START + 3, &out);
		world_report(&world, END + 2 * SEC, &run);
		segment = segment_of(&run, VMP_TO_GUEST, ETH0, TAP);
		assert_int_equal(segment.delivered, 1);
		assert_int_equal(segment.lost, !twin);
		assert_int_equal(segment.wrong_tag, !twin);
		assert_int_equal(segment.wrong_tag_id, twin ? 0 : 800);
		world_clear_run(&run);
		world_end(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivered),
		cmocka_unit_test(named_when_slow),
		cmocka_unit_test(lost),
		cmocka_unit_test(near_the_end_of_all),
		cmocka_unit_test(outside_the_window),
		cmocka_unit_test(gaps),
		cmocka_unit_test(vanished),
		cmocka_unit_test(many_gaps),
		cmocka_unit_test(identical),
		cmocka_unit_test(identical_queued),
		cmocka_unit_test(identical_and_gap),
		cmocka_unit_test(identical_with_pauses),
		cmocka_unit_test(identical_at_the_edges),
		cmocka_unit_test(late),
		cmocka_unit_test(late_and_gap),
		cmocka_unit_test(groups),
		cmocka_unit_test(elsewhere),
		cmocka_unit_test(moved_away),
		cmocka_unit_test(neighbours),
		cmocka_unit_test(unwatched_port),
		cmocka_unit_test(bond),
		cmocka_unit_test(bond_flooded),
		cmocka_unit_test(seen_beyond),
		cmocka_unit_test(equal_times),
		cmocka_unit_test(equal_times_of_question),
		cmocka_unit_test(clock_back),
		cmocka_unit_test(pool_full),
		cmocka_unit_test(fates_not_asked),
		cmocka_unit_test(unusable),
		cmocka_unit_test(tags),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
