/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same bytes in other pieces at the next hop: TCP, UDP, fragments. Told to the matcher frame by frame. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define START (10 * SEC)
#define END   (20 * SEC)

static const struct vmp_match_conf window = {.start_ns = START, .settle_ns = SEC, .key = {{5, 6}}};

static void begin(struct world *world, unsigned int flags)
{
	world_init(world, flags);
	world_start(world, &window);
	vmp_match_close_window(world->match, END);
}

/* Ends a story: what became of the packets of one segment, and how many of their bytes are missing? */
static void expect_all(struct world *world, enum vmp_direction direction, int from, int to, uint64_t delivered, uint64_t lost,
		       uint64_t unsure, uint64_t partly, uint64_t bytes)
{
	struct vmp_segment segment;
	struct vmp_run run;

	world_report(world, END + 2 * SEC, &run);
	segment = segment_of(&run, direction, from, to);
	assert_int_equal(segment.delivered, delivered);
	assert_int_equal(segment.lost, lost);
	assert_int_equal(segment.unsure, unsure);
	assert_int_equal(segment.partly_lost, partly);
	if (bytes)
		assert_int_equal(segment.lost_bytes, bytes);
	world_clear_run(&run);
	world_end(world);
}

static void expect(struct world *world, enum vmp_direction direction, int from, int to, uint64_t delivered, uint64_t lost,
		   uint64_t unsure)
{
	expect_all(world, direction, from, to, delivered, lost, unsure, 0, 0);
}

/* ---- TCP --------------------------------------------------------------------------------------------------------- */

/* One large frame of 45 pieces at one side; which of them are missing at the other, and what is said of the large one. */
static void split(void **state)
{
	static const struct {
		int missing_from, missing_to;
		uint64_t lost, partly, bytes;
	} cases[] = {{0, 0, 0, 0, 0}, {20, 21, 1, 1, 1448}, {0, 44, 1, 1, 44 * 1448}, {44, 45, 1, 1, 100}, {0, 45, 1, 0, 44 * 1448 + 140}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_packet whole = tcp(&mac_guest, &mac_gateway, 65530, 0xfffffff0, 44 * 1448 + 100, VMP_TCP_ACK);
		struct world world;

		begin(&world, 0);
		see(&world, TAP, VMP_DEV_IN, START, &whole);
		for (int k = 0; k < 45; k++) {
			uint32_t len = k < 44 ? 1448 : 100;
			struct vmp_packet piece = tcp(&mac_guest, &mac_gateway, (uint16_t)(65530 + k), 0xfffffff0 + (uint32_t)k * 1448, len,
						      VMP_TCP_ACK);

			if (k < cases[i].missing_from || k >= cases[i].missing_to)
				see(&world, ETH0, VMP_DEV_OUT, START + 10 * US + (uint64_t)k, &piece);
		}
		expect_all(&world, VMP_FROM_GUEST, TAP, ETH0, !cases[i].lost, cases[i].lost, 0, cases[i].partly, cases[i].bytes);
	}
}

static void merged(void **state)
{
	struct vmp_packet whole = tcp(&mac_gateway, &mac_guest, 100, 5000, 10 * 1448, VMP_TCP_ACK);

	(void)state;
	for (int arrives = 0; arrives < 2; arrives++) {
		struct world world;

		begin(&world, 0);
		for (int k = 0; k < 10; k++) {
			struct vmp_packet piece = tcp(&mac_gateway, &mac_guest, (uint16_t)(100 + k), 5000 + (uint32_t)k * 1448, 1448,
						      VMP_TCP_ACK);

			see(&world, ETH0, VMP_DEV_IN, START + (uint64_t)k * US, &piece);
		}
		if (arrives)
			see(&world, TAP, VMP_DEV_OUT, START + 20 * US, &whole);
		expect(&world, VMP_TO_GUEST, ETH0, TAP, arrives ? 10 : 0, arrives ? 0 : 10, 0);
	}
}

/* A large frame is lost whole and sent again: the pieces of the second try are not the first one's. */
static void sent_again(void **state)
{
	struct world world;

	(void)state;
	begin(&world, 0);
	for (uint16_t try = 0; try < 2; try++) {
		struct vmp_packet whole = tcp(&mac_guest, &mac_gateway, (uint16_t)(100 + 10 * try), 5000, 10 * 1448, VMP_TCP_ACK);

		see(&world, TAP, VMP_DEV_IN, START + try * 200 * MS, &whole);
		for (uint16_t k = 0; try && k < 10; k++) {
			struct vmp_packet piece = tcp(&mac_guest, &mac_gateway, (uint16_t)(110 + k), 5000 + k * 1448U, 1448, VMP_TCP_ACK);

			see(&world, ETH0, VMP_DEV_OUT, START + try * 200 * MS + 10 * US + k, &piece);
		}
	}
	expect(&world, VMP_FROM_GUEST, TAP, ETH0, 1, 1, 0);
}

/* IPv6 has no id. The same bytes twice, the second try in pieces; a gap hides the first, or not; soon after it, or late. */
static void sent_again_without_id(void **state)
{
	static const struct {
		uint64_t after_ms;
		bool gap;
		uint64_t lost, unsure;
	} cases[] = {{20, false, 1, 0}, {20, true, 0, 1}, {3000, false, 1, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t second = START + MS + cases[i].after_ms * MS;
		struct world world;

		begin(&world, 0);
		for (int try = 0; try < 2; try++) {
			struct vmp_packet whole = tcp(&mac_guest, &mac_gateway, 0, 5000, 3 * 1448, VMP_TCP_ACK);

			whole.flags = (whole.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
			whole.tcp_ack = (uint32_t)try;
			see(&world, TAP, VMP_DEV_IN, try ? second : START + MS, &whole);
			vmp_match_settle(world.match, try ? second : START + MS);
		}
		vmp_match_settle(world.match, second);
		for (uint16_t k = 0; k < 3; k++) {
			struct vmp_packet piece = tcp(&mac_guest, &mac_gateway, 0, 5000 + k * 1448U, 1448, VMP_TCP_ACK);

			piece.tcp_ack = 1;
			piece.flags = (piece.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
			see(&world, ETH0, VMP_DEV_OUT, second + 10 * US + k, &piece);
		}
		if (cases[i].gap)
			vmp_match_gap(world.match, (size_t)world.hop_points[ETH0], START + MS, START + 2 * MS, VMP_UNSURE_CAPTURE_LOSS);
		expect(&world, VMP_FROM_GUEST, TAP, ETH0, 1, cases[i].lost, cases[i].unsure);
	}
}

/* Through a shaper: the pieces come after more than the settle time. */
static void late_pieces(void **state)
{
	struct vmp_packet whole = tcp(&mac_guest, &mac_gateway, 100, 5000, 3 * 1448, VMP_TCP_ACK);
	struct world world;

	(void)state;
	begin(&world, 0);
	see(&world, TAP, VMP_DEV_IN, START, &whole);
	vmp_match_settle(world.match, START + 2 * SEC);
	for (uint16_t k = 0; k < 3; k++) {
		struct vmp_packet piece = tcp(&mac_guest, &mac_gateway, (uint16_t)(100 + k), 5000 + k * 1448U, 1448, VMP_TCP_ACK);

		see(&world, ETH0, VMP_DEV_OUT, START + 3 * SEC + k, &piece);
	}
	expect(&world, VMP_FROM_GUEST, TAP, ETH0, 0, 0, 1);
}

static struct vmp_packet over_ip6(struct vmp_packet packet)
{
	packet.flags = (packet.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
	packet.src = ip6(1, packet.src.b[3]);
	packet.dst = ip6(1, packet.dst.b[3]);
	packet.ip_id = 0;
	return packet;
}

/*
 * IPv6 with timestamps: one of ten pieces is missing, and two of them are sent again as one larger frame. Soon after, late, or within
 * the same tick of the clock, where the tries cannot be told apart.
 */
static void missing_piece_without_id(void **state)
{
	static const struct {
		uint64_t after_ns;
		uint32_t ticks;
		uint64_t delivered, lost, unsure;
	} cases[] = {{3 * MS, 3, 1, 1, 0}, {400 * MS, 400, 1, 1, 0}, {300 * US, 0, 0, 0, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world world;

		begin(&world, 0);
		for (uint32_t try = 0; try < 2; try++) {
			uint64_t at = START + try * cases[i].after_ns;
			struct vmp_packet whole = over_ip6(tcp(&mac_guest, &mac_gateway, 0, 5000 + 1448 * 4 * try, 1448 * (try ? 2 : 10),
							       VMP_TCP_ACK));

			whole.flags |= VMP_PKT_TCP_TS;
			whole.tcp_tsval = 7 + try * cases[i].ticks;
			see(&world, TAP, VMP_DEV_IN, at, &whole);
			for (uint32_t k = 0; k < (try ? 2 : 10); k++) {
				struct vmp_packet piece = whole;

				piece.tcp_seq += k * 1448;
				piece.payload_len = 1448;
				piece.ip_len = 1488;
				if (try || k != 5)
					see(&world, ETH0, VMP_DEV_OUT, at + 10 * US + k, &piece);
			}
		}
		expect_all(&world, VMP_FROM_GUEST, TAP, ETH0, cases[i].delivered, cases[i].lost, cases[i].unsure, cases[i].lost,
			   cases[i].lost * 1448);
	}
}

/* The clock is set back a little between the large frame and its pieces: nothing is lost. */
static void pieces_before_the_whole(void **state)
{
	struct vmp_packet whole = tcp(&mac_guest, &mac_gateway, 100, 5000, 3 * 1448, VMP_TCP_ACK);
	struct world world;

	(void)state;
	begin(&world, 0);
	for (uint16_t k = 0; k < 3; k++) {
		struct vmp_packet piece = tcp(&mac_guest, &mac_gateway, (uint16_t)(100 + k), 5000 + k * 1448U, 1448, VMP_TCP_ACK);

		if (k == 1)
			see(&world, TAP, VMP_DEV_IN, START + 5 * US, &whole);
		see(&world, ETH0, VMP_DEV_OUT, START + k * 10 * US, &piece);
	}
	expect(&world, VMP_FROM_GUEST, TAP, ETH0, 0, 0, 1);
}

/* Pieces put together otherwise on the way: 4 and 4 and 2 become 3 and 3 and 4; then one of these is lost. */
static void regrouped(void **state)
{
	static const uint32_t here[] = {4, 4, 2}, there[] = {3, 3, 4};

	(void)state;
	for (int missing = -1; missing < 3; missing++) {
		uint32_t before = 0;
		struct world world;

		begin(&world, 0);
		for (int k = 0; k < 3; before += here[k++]) {
			struct vmp_packet packet = tcp(&mac_guest, &mac_gateway, (uint16_t)(100 + before), 5000 + before * 1000, here[k] * 1000,
						       VMP_TCP_ACK);

			packet.flags |= VMP_PKT_TCP_TS;
			see(&world, TAP, VMP_DEV_IN, START + (uint64_t)k, &packet);
		}
		before = 0;
		for (int k = 0; k < 3; before += there[k++]) {
			struct vmp_packet packet = tcp(&mac_guest, &mac_gateway, (uint16_t)(100 + before), 5000 + before * 1000, there[k] * 1000,
						       VMP_TCP_ACK);

			packet.flags |= VMP_PKT_TCP_TS;
			if (k != missing)
				see(&world, ETH0, VMP_DEV_OUT, START + 10 * US + (uint64_t)k, &packet);
		}
		/* The first lies in the first of the others and in a piece of the second, and so on. */
		expect_all(&world, VMP_FROM_GUEST, TAP, ETH0, missing < 0 ? 3 : missing == 0 ? 2 : 1, missing < 0 ? 0 : missing == 0 ? 1 : 2,
			   0, missing < 0 ? 0 : missing == 2 ? 1 : missing + 1U, missing < 0 ? 0 : there[missing] * 1000 + (missing == 2 ? 40 : 0));
	}
}

/* ---- UDP --------------------------------------------------------------------------------------------------------- */

static struct vmp_packet datagram(uint16_t id, uint32_t len, bool ip6)
{
	struct vmp_packet packet = udp(&mac_guest, &mac_gateway, id);

	packet.payload_len = len;
	packet.ip_len = len + 28;
	return ip6 ? over_ip6(packet) : packet;
}

/* A large one of ten datagrams, the last short; which are missing, and whether the pieces or the whole come first. */
static void udp_split_and_merged(void **state)
{
	static const struct {
		bool ip6, merged;
		int missing_from, missing_to;
		uint64_t delivered, lost, unsure, partly, bytes;
	} cases[] = {
		{false, false, 0, 0, 1, 0, 0, 0, 0},      {false, false, 3, 5, 0, 1, 0, 1, 2400},
		{false, false, 0, 1, 0, 0, 1, 0, 0},      {false, false, 9, 10, 0, 1, 0, 1, 500},
		{false, false, 0, 9, 0, 0, 1, 0, 0},      {false, false, 1, 10, 0, 0, 1, 0, 0},
		{false, false, 0, 10, 0, 1, 0, 0, 11328}, {false, true, 0, 0, 10, 0, 0, 0, 0},
		{false, true, 0, 10, 0, 10, 0, 0, 11580}, {true, false, 0, 0, 1, 0, 0, 0, 0},
		{true, false, 3, 5, 0, 1, 0, 1, 2400},    {true, false, 0, 10, 0, 1, 0, 0, 0},
		{true, true, 0, 0, 10, 0, 0, 0, 0},       {true, true, 0, 10, 0, 10, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_packet whole = datagram(65530, 9 * 1200 + 500, cases[i].ip6);
		bool merged = cases[i].merged;
		struct world world;

		begin(&world, 0);
		if (!merged)
			see(&world, TAP, VMP_DEV_IN, START, &whole);
		for (int k = 0; k < 10; k++) {
			struct vmp_packet piece = datagram((uint16_t)(65530 + k), k < 9 ? 1200 : 500, cases[i].ip6);

			piece.tcp_ack = (uint32_t)k; /* other bytes */
			if (merged || k < cases[i].missing_from || k >= cases[i].missing_to)
				see(&world, merged ? TAP : ETH0, merged ? VMP_DEV_IN : VMP_DEV_OUT, START + 10 * US + (uint64_t)k, &piece);
		}
		if (merged && cases[i].missing_to == 0)
			see(&world, ETH0, VMP_DEV_OUT, START + 30 * US, &whole);
		expect_all(&world, VMP_FROM_GUEST, TAP, ETH0, cases[i].delivered, cases[i].lost, cases[i].unsure, cases[i].partly,
			   cases[i].bytes);
	}
}

/*
 * Without ids, two large ones one behind the other in a queue, three datagrams each. When none is missing none is lost; when one is,
 * nobody can tell whose it was. Apart in time they can be told apart.
 */
static void udp_sums(void **state)
{
	static const struct {
		bool queued;
		int missing;
		uint64_t delivered, lost, unsure;
	} cases[] = {{true, -1, 2, 0, 0}, {true, 1, 0, 0, 2}, {true, 4, 0, 0, 2}, {false, -1, 2, 0, 0}, {false, 4, 1, 1, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world world;

		begin(&world, 0);
		for (int k = 0; k < 6; k++) {
			struct vmp_packet whole = datagram(0, 3000, true), piece = datagram(0, 1000, true);
			uint64_t at = START + 20 * US + (uint64_t)k * US;

			whole.tcp_ack = (uint32_t)k / 3;
			piece.tcp_ack = 10 + (uint32_t)k;
			if (k % 3 == 0 && !cases[i].queued)
				see(&world, TAP, VMP_DEV_IN, at, &whole);
			for (int n = 0; n < 2 && k == 0 && cases[i].queued; n++) {
				whole.tcp_ack = (uint32_t)n;
				see(&world, TAP, VMP_DEV_IN, START + (uint64_t)n, &whole);
			}
			if (k != cases[i].missing)
				see(&world, ETH0, VMP_DEV_OUT, at, &piece);
		}
		expect_all(&world, VMP_FROM_GUEST, TAP, ETH0, cases[i].delivered, cases[i].lost, cases[i].unsure, cases[i].lost,
			   cases[i].lost * 1000);
	}
}

/* One that only looks like a first piece: the same datagram, its payload rewritten by a helper on the way. Not lost. */
static void udp_rewritten(void **state)
{
	(void)state;
	for (uint32_t len = 480; len <= 520; len += 40) {
		struct vmp_packet before = datagram(9, 500, false), after = datagram(9, len, false);
		struct world world;

		begin(&world, 0);
		see(&world, TAP, VMP_DEV_IN, START, &before);
		see(&world, ETH0, VMP_DEV_OUT, START + US, &after);
		expect(&world, VMP_FROM_GUEST, TAP, ETH0, len > 500, 0, len < 500);
	}
}

/*
 * A datagram is missing in front of the first large one at the next hop, which was not seen before it: its bytes are not those of a
 * later, smaller datagram whose id comes next.
 */
static void udp_not_its_piece(void **state)
{
	struct vmp_packet merged = datagram(100, 3000, false), later = datagram(103, 200, false), first = datagram(100, 1000, false);

	(void)state;
	for (int known = 0; known < 2; known++) {
		struct world world;

		begin(&world, 0);
		if (known)
			see(&world, TAP, VMP_DEV_IN, START, &first);
		see(&world, TAP, VMP_DEV_IN, START + US, &later);
		see(&world, ETH0, VMP_DEV_OUT, START + 2 * US, &merged);
		expect(&world, VMP_FROM_GUEST, TAP, ETH0, known, known, !known);
	}
}

/*
 * Devices that lie on one another give a frame one and the same time, and its datagrams may be read first. That one of them is lost
 * further on does not take it from the large one.
 */
static void udp_lost_behind(void **state)
{
	struct vmp_packet whole = udp(&mac_gateway, &mac_guest, 100), pieces[3];
	struct vmp_run run;
	struct world world;

	(void)state;
	begin(&world, WORLD_BOND);
	whole.payload_len = 91;
	whole.ip_len = 119;
	for (int i = 0; i < 3; i++) {
		pieces[i] = udp(&mac_gateway, &mac_guest, (uint16_t)(100 + i));
		pieces[i].payload_len = i < 2 ? 40 : 11;
		pieces[i].ip_len = pieces[i].payload_len + 28;
		see(&world, BOND, VMP_DEV_IN, START, &pieces[i]);
	}
	see(&world, ETH0, VMP_DEV_IN, START, &whole);
	see(&world, TAP, VMP_DEV_OUT, START + US, &pieces[0]);
	see(&world, TAP, VMP_DEV_OUT, START + US, &pieces[2]);
	world_report(&world, END + 2 * SEC, &run);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, ETH0, BOND).delivered, 1);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, BOND, TAP).delivered, 2);
	assert_int_equal(segment_of(&run, VMP_TO_GUEST, BOND, TAP).lost_bytes, 68);
	world_clear_run(&run);
	world_end(&world);
}

/* Pieces after more than the settle time are those of one called lost: it is not. */
static void udp_late(void **state)
{
	struct vmp_packet whole = datagram(130, 3000, false), piece = datagram(126 + 4 + 2, 1000, false);
	struct world world;

	(void)state;
	begin(&world, 0);
	see(&world, TAP, VMP_DEV_IN, START, &whole);
	vmp_match_settle(world.match, START + 2 * SEC);
	see(&world, ETH0, VMP_DEV_OUT, START + 3 * SEC, &piece);
	expect(&world, VMP_FROM_GUEST, TAP, ETH0, 0, 0, 1);
}

/* Without ids all datagrams of two hosts come together: many of another flow do not hide what became of a packet. */
static void udp_beside_many(void **state)
{
	struct vmp_packet vanishes = datagram(0, 500, true), piece = datagram(0, 700, true);
	struct world world;

	(void)state;
	begin(&world, 0);
	see(&world, TAP, VMP_DEV_IN, START, &vanishes);
	piece.sport = 7;
	for (uint16_t i = 0; i < 4000; i++) {
		piece.ip_id = i; /* nobody looks at it: only to tell them apart */
		see(&world, ETH0, VMP_DEV_OUT, START + i * US, &piece);
	}
	expect(&world, VMP_FROM_GUEST, TAP, ETH0, 0, 1, 0);
}

/* Where sums alone tell, and packets take longer than is waited for, what comes is what was given up, or what was sent since. */
static void udp_sums_late(void **state)
{
	struct vmp_packet single = datagram(0, 700, true), whole = datagram(0, 1400, true), piece = datagram(0, 700, true);

	(void)state;
	for (int late = 0; late < 2; late++) {
		struct world world;

		begin(&world, 0);
		single.sport = 7;
		see(&world, TAP, VMP_DEV_IN, START, &single);
		see(&world, ETH0, VMP_DEV_OUT, START + (late ? 1200 * MS : MS), &single);
		see(&world, TAP, VMP_DEV_IN, START + 2 * SEC, &whole);
		for (uint16_t i = 0; i < 2; i++) {
			piece.ip_id = i;
			see(&world, ETH0, VMP_DEV_OUT, START + 2 * SEC + MS, &piece);
		}
		expect(&world, VMP_FROM_GUEST, TAP, ETH0, late ? 1 : 2, 0, late);
	}
}

/* More leftovers than are looked at, for some pieces are missing: nothing else is lost for that. */
static void udp_sums_many(void **state)
{
	enum { WHOLES = 2000, PIECES = 6 };
	struct vmp_packet whole = datagram(0, PIECES * 200, true), piece = datagram(0, 200, true);
	struct vmp_segment segment;
	struct world world;
	struct vmp_run run;

	(void)state;
	begin(&world, 0);
	for (uint16_t i = 0; i < WHOLES; i++) {
		whole.ip_id = i; /* nobody looks at it: only to tell them apart */
		see(&world, TAP, VMP_DEV_IN, START + i * 400 * US, &whole);
		for (uint16_t k = 0; k < PIECES; k++) {
			piece.ip_id = (uint16_t)(i * PIECES + k);
			if (i % 300 || k > 0)
				see(&world, ETH0, VMP_DEV_OUT, START + i * 400 * US + 10 * US, &piece);
		}
	}
	world_report(&world, END, &run);
	segment = segment_of(&run, VMP_FROM_GUEST, TAP, ETH0);
	assert_int_equal(segment.offered, WHOLES);
	assert_int_equal(segment.lost, 0);
	world_clear_run(&run);
	world_end(&world);
}

/*
 * A steady stream without ids, each 10 ms under way: the first is lost, so what arrives says nothing of which, also not for those
 * that were sent when that was found out, nor for one of them that is lost too.
 */
static void udp_sums_under_way(void **state)
{
	enum { WHOLES = 1500, LATER = 1110, DELAY_MS = 10 };
	struct vmp_packet whole = datagram(0, 400, true), piece = datagram(0, 200, true);
	int order[WHOLES * 3], n = 0;
	struct vmp_settled settled;
	struct world world;

	(void)state;
	begin(&world, 0);
	for (int i = 0; i < WHOLES + DELAY_MS; i++) {
		int came = i - DELAY_MS;

		whole.ip_id = (uint16_t)i;
		if (i < WHOLES) {
			see(&world, TAP, VMP_DEV_IN, START + (uint64_t)i * MS, &whole);
			order[n++] = i;
		}
		for (int k = 0; k < 2 && came > 0 && came != LATER; k++) {
			piece.ip_id = (uint16_t)(came * 2 + k);
			see(&world, ETH0, VMP_DEV_OUT, START + (uint64_t)i * MS + 500 * US, &piece);
			order[n++] = -1;
		}
		if (i == LATER - 5)
			vmp_match_settle(world.match, START + (uint64_t)i * MS);
	}
	vmp_match_settle_all(world.match, END);
	for (int i = 0; vmp_match_next(world.match, &settled); i++)
		if (order[i] == 0 || order[i] == LATER)
			assert_int_equal(settled.fate, VMP_FATE_UNSURE);
	world_end(&world);
}

/* ---- fragments --------------------------------------------------------------------------------------------------- */

static struct vmp_packet fragment(uint16_t id, uint32_t from, uint32_t to, uint32_t all)
{
	struct vmp_packet packet = datagram(id, 0, false);

	packet.flags |= VMP_PKT_FRAGMENT;
	if (from > 0) {
		packet.flags &= ~(uint32_t)(VMP_PKT_UDP | VMP_PKT_L4);
		packet.sport = packet.dport = 0;
	}
	packet.fragment_offset = (uint16_t)from;
	packet.more_fragments = to < all;
	packet.payload_len = to - from;
	packet.ip_len = 20 + to - from;
	return packet;
}

static void fragments(void **state)
{
	static const uint32_t thirds[] = {0, 1480, 2960, 4008}, halves[] = {0, 2000, 4008};
	static const struct {
		const uint32_t *here, *there; /* NULL: whole */
		int missing;                  /* there */
		uint64_t delivered, lost, unsure, partly, bytes;
	} cases[] = {
		{thirds, NULL, -1, 3, 0, 0, 0, 0},   {thirds, NULL, 0, 0, 3, 0, 0, 0},      {NULL, thirds, -1, 1, 0, 0, 0, 0},
		{NULL, thirds, 1, 0, 1, 0, 1, 1480}, {NULL, thirds, 2, 0, 1, 0, 1, 1048},   {thirds, halves, -1, 3, 0, 0, 0, 0},
		{thirds, halves, 1, 1, 2, 0, 1, 0},  {halves, thirds, 0, 1, 1, 0, 1, 1480}, {thirds, thirds, 2, 2, 1, 0, 0, 1068},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world world;

		begin(&world, 0);
		for (int side = 0; side < 2; side++) {
			const uint32_t *cuts = side ? cases[i].there : cases[i].here;

			for (int k = 0; k == 0 || (cuts && cuts[k] < 4008); k++) {
				struct vmp_packet packet = cuts ? fragment(77, cuts[k], cuts[k + 1], 4008) : datagram(77, 4000, false);

				if (!side || k != cases[i].missing)
					see(&world, side ? ETH0 : TAP, side ? VMP_DEV_OUT : VMP_DEV_IN, START + (unsigned int)(side * 10 + k) * US,
					    &packet);
			}
		}
		expect_all(&world, VMP_FROM_GUEST, TAP, ETH0, cases[i].delivered, cases[i].lost, cases[i].unsure, cases[i].partly,
			   cases[i].bytes);
	}
}

/* Two flows between the same hosts use one id at a time; one of the two is lost. */
static void fragments_of_another(void **state)
{
	struct vmp_packet lost = datagram(77, 3000, false), whole = datagram(77, 4000, false);
	struct world world;

	(void)state;
	begin(&world, 0);
	lost.sport = 7;
	see(&world, TAP, VMP_DEV_IN, START, &lost);
	see(&world, TAP, VMP_DEV_IN, START + US, &whole);
	for (uint32_t from = 0; from < 4008; from += 1480) {
		struct vmp_packet piece = fragment(77, from, from + 1480 < 4008 ? from + 1480 : 4008, 4008);

		see(&world, ETH0, VMP_DEV_OUT, START + 2 * US, &piece);
	}
	expect(&world, VMP_FROM_GUEST, TAP, ETH0, 1, 0, 1);
}

/* Over IPv6 a whole packet has no id, and who cuts it up again takes another: seen so, a fragment is neither lost nor delivered. */
/*
 * Fragments come after more than the settle time: then those of another packet may have come when nobody looked, or not yet. One that
 * can have done neither is lost.
 */
static void fragments_late(void **state)
{
	struct vmp_packet late = datagram(7, 2000, false), other = datagram(700, 2000, false);
	struct vmp_packet first = fragment(7, 0, 1480, 2008), second = fragment(7, 1480, 2008, 2008);

	(void)state;
	for (int i = 0; i < 4; i++) {
		bool comes_late = i != 3, gap = i == 1 || i == 3, ends = i == 2;
		uint64_t at = ends ? END - SEC : START + MS;
		struct world world;

		begin(&world, 0);
		if (gap)
			vmp_match_gap(world.match, (size_t)world.hop_points[ETH0], at + 1500 * MS, at + 1600 * MS, VMP_UNSURE_CAPTURE_LOSS);
		see(&world, TAP, VMP_DEV_IN, START, &late);
		see(&world, TAP, VMP_DEV_IN, START + MS, &late); /* so that the first is not all that is missing */
		if (!ends)
			see(&world, TAP, VMP_DEV_IN, at, &other);
		vmp_match_settle(world.match, START + 1100 * MS);
		if (comes_late) {
			see(&world, ETH0, VMP_DEV_OUT, START + 1200 * MS, &first);
			see(&world, ETH0, VMP_DEV_OUT, START + 1200 * MS, &second);
		}
		if (ends)
			see(&world, TAP, VMP_DEV_IN, at, &other);
		expect(&world, VMP_FROM_GUEST, TAP, ETH0, 0, !comes_late ? 3 : gap || ends ? 0 : 1, !comes_late ? 0 : gap || ends ? 3 : 2);
	}
}

static void fragments_without_proof(void **state)
{
	(void)state;
	for (int whole = 0; whole < 4; whole++) {
		struct vmp_packet here = over_ip6(fragment(0, 0, 1480, 4008)), there = over_ip6(fragment(0, 0, 1400, 4008));
		struct vmp_packet rest = over_ip6(fragment(0, 1480, 4008, 4008));
		struct world world;

		here.ip6_id = rest.ip6_id = 5;
		there.ip6_id = 6;
		if (whole == 1)
			there = over_ip6(datagram(0, 4000, false));
		begin(&world, 0);
		see(&world, TAP, VMP_DEV_IN, START, &here);
		if (whole < 2)
			see(&world, ETH0, VMP_DEV_OUT, START + US, &there);
		/* Where the rest did not come it may be held up; where it came all of it is lost. */
		if (whole == 3)
			see(&world, TAP, VMP_DEV_IN, START + US, &rest);
		expect(&world, VMP_FROM_GUEST, TAP, ETH0, 0, whole == 3 ? 2 : 0, whole < 3);
	}
}

/* TCP that may be fragmented, and is. */
static void tcp_fragments(void **state)
{
	(void)state;
	for (int cut = 0; cut < 2; cut++) {
		struct vmp_packet whole = tcp(&mac_guest, &mac_gateway, 77, 5000, 1000, VMP_TCP_ACK);
		struct world world;

		begin(&world, 0);
		see(&world, TAP, VMP_DEV_IN, START, &whole);
		for (int k = 0; cut && k < 2; k++) {
			struct vmp_packet piece = fragment(77, k ? 600 : 0, k ? 1020 : 600, 1020);

			piece.proto = 6;
			piece.flags &= ~(uint32_t)(VMP_PKT_UDP | VMP_PKT_L4);
			piece.flags |= k ? 0 : VMP_PKT_TCP | VMP_PKT_L4;
			see(&world, ETH0, VMP_DEV_OUT, START + US, &piece);
		}
		expect(&world, VMP_FROM_GUEST, TAP, ETH0, cut, !cut, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split),
		cmocka_unit_test(merged),
		cmocka_unit_test(sent_again),
		cmocka_unit_test(sent_again_without_id),
		cmocka_unit_test(late_pieces),
		cmocka_unit_test(missing_piece_without_id),
		cmocka_unit_test(pieces_before_the_whole),
		cmocka_unit_test(regrouped),
		cmocka_unit_test(udp_split_and_merged),
		cmocka_unit_test(udp_sums),
		cmocka_unit_test(udp_rewritten),
		cmocka_unit_test(udp_not_its_piece),
		cmocka_unit_test(udp_lost_behind),
		cmocka_unit_test(udp_late),
		cmocka_unit_test(udp_beside_many),
		cmocka_unit_test(udp_sums_late),
		cmocka_unit_test(udp_sums_many),
		cmocka_unit_test(udp_sums_under_way),
		cmocka_unit_test(fragments),
		cmocka_unit_test(fragments_late),
		cmocka_unit_test(fragments_of_another),
		cmocka_unit_test(fragments_without_proof),
		cmocka_unit_test(tcp_fragments),
	};

	return cmocka_run_group_tests_name("pieces", tests, NULL, NULL);
}
