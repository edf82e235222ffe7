/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragments and ICMP errors of a routed guest, across translation: followed where it is certain what they are, and never lost where not. */
#include "routed.h"

#include "match/datagram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_segment leaving(const struct routed *world)
{
	return routed_segment(world, VMP_FROM_GUEST, VIRBR0, ETH0);
}

static struct vmp_segment coming(const struct routed *world)
{
	return routed_segment(world, VMP_TO_GUEST, ETH0, VIRBR0);
}

static struct story datagram(uint8_t proto, uint16_t ip_id)
{
	return (struct story){.proto = proto, .guest_port = 4000, .outside_port = 61000, .peer_port = 53, .ip_id = ip_id,
			      .outside = OUTSIDE_IP, .seq = ip_id};
}

static struct story fragment(struct story of, uint16_t from, uint16_t to, bool more)
{
	of.is_fragment = true;
	of.from_byte = from;
	of.to_byte = to;
	of.more = more;
	return of;
}

/* 3000 bytes in three fragments. */
static struct story nth(struct story of, int i)
{
	return fragment(of, (uint16_t)(i * 1480), (uint16_t)(i < 2 ? (i + 1) * 1480 : 3000), i < 2);
}

/* ---- fragments --------------------------------------------------------------------------------------------------- */

/* The first of them shows whose all are, in both directions. */
static void fragments_are_followed(void **state)
{
	static const uint8_t protos[] = {1, 17};

	(void)state;
	for (size_t p = 0; p < sizeof(protos); p++) {
		struct routed world;

		routed_start(&world);
		for (uint16_t id = 10; id < 20; id++) {
			for (int i = 0; i < 3; i++) {
				struct story each = nth(datagram(protos[p], id), i);

				routed_out(&world, &each, id == 15 && i == 1);
			}
			for (int i = 0; i < 3; i++) {
				struct story each = nth(datagram(protos[p], (uint16_t)(id + 100)), i);

				assert_true(routed_in(&world, &each, id == 17));
			}
		}
		routed_finish(&world);
		assert_int_equal(leaving(&world).offered, 30);
		assert_int_equal(leaving(&world).delivered, 29);
		assert_int_equal(leaving(&world).lost, 1);
		assert_int_equal(coming(&world).offered, 30);
		assert_int_equal(coming(&world).delivered, 27);
		assert_int_equal(coming(&world).lost, 3);
		routed_end(&world);
	}
}

/* A large datagram is cut up outside, or came in pieces and is put together by this host's tracking; or its pieces are others inside. */
static void cut_anew(void **state)
{
	struct story whole = datagram(17, 5), back = datagram(17, 105);
	struct routed world;

	(void)state;
	routed_start(&world);
	whole.whole = back.whole = 3000;
	assert_true(routed_show(&world, &whole, true, TAP));
	assert_true(routed_show(&world, &whole, true, VIRBR0));
	for (int i = 0; i < 3; i++) {
		struct story each = nth(whole, i);

		assert_true(routed_show(&world, &each, true, ETH0));
	}
	for (int i = 0; i < 3; i++) {
		struct story each = nth(back, i);

		assert_true(routed_show(&world, &each, false, ETH0));
	}
	for (int i = 0; i < 2; i++) {
		struct story each = fragment(back, (uint16_t)(i * 1600), (uint16_t)(i ? 3000 : 1600), !i);

		assert_true(routed_show(&world, &each, false, VIRBR0));
	}
	routed_finish(&world);
	assert_int_equal(leaving(&world).delivered, 1);
	assert_int_equal(leaving(&world).offered, 1);
	assert_int_equal(coming(&world).delivered, 3);
	assert_int_equal(coming(&world).offered, 3);
	routed_end(&world);
}

/* A whole datagram of which fragments left, one of them not. */
static void cut_and_lost(void **state)
{
	struct story whole = datagram(17, 5);
	struct routed world;

	(void)state;
	routed_start(&world);
	whole.whole = 3000;
	assert_true(routed_show(&world, &whole, true, VIRBR0));
	for (int i = 0; i < 3; i += 2) {
		struct story each = nth(whole, i);

		assert_true(routed_show(&world, &each, true, ETH0));
	}
	routed_finish(&world);
	assert_int_equal(leaving(&world).lost, 1);
	assert_int_equal(leaving(&world).partly_lost, 1);
	routed_end(&world);
}

/* Which fragments are seen before the router, as bits, once or (twice) again, and what became of those that do not go on. */
static void what_is_not_whole_is_not_lost(void **state)
{
	static const struct {
		unsigned int seen, twice;
		unsigned int lost, unsure;
	} cases[] = {{7, 0, 3, 0}, {3, 0, 0, 2}, {5, 0, 0, 2}, {6, 0, 0, 2}, {1, 0, 0, 1}, {7, 2, 0, 4}, {5, 1, 0, 3}, {7, 7, 0, 6}};

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		struct story first = datagram(17, 9);
		struct routed world;

		routed_start(&world);
		routed_out(&world, &first, false); /* so the connection is known outside */
		for (int way = 0; way < 2; way++)
			for (int i = 0; i < 6; i++) {
				struct story each = nth(datagram(17, 10), i % 3);

				if (!((i < 3 ? cases[c].seen : cases[c].twice) & 1U << i % 3))
					continue;
				if (way == 0)
					assert_true(routed_show(&world, &each, true, VIRBR0));
				else if ((cases[c].seen & 1) || i % 3 == 0)
					assert_true(routed_show(&world, &each, false, ETH0));
				else
					assert_false(routed_show(&world, &each, false, ETH0)); /* without the first it is nobody's */
			}
		routed_finish(&world);
		assert_int_equal(leaving(&world).lost, cases[c].lost);
		assert_int_equal(leaving(&world).unsure, cases[c].unsure);
		if (cases[c].seen & 1) {
			assert_int_equal(coming(&world).lost, cases[c].lost);
			assert_int_equal(coming(&world).unsure, cases[c].unsure);
			assert_int_equal(coming(&world).unsure_why[VMP_UNSURE_FRAGMENTS], cases[c].unsure);
		}
		routed_end(&world);
	}
}

/* One that leaves before its first, or after an other host's with the same id, is not known outside; it is not lost therefore. */
static void nobodys_fragments(void **state)
{
	struct story others = nth(datagram(17, 10), 1);
	struct routed world;

	(void)state;
	routed_start(&world);
	for (int i = 0; i < 3; i++) {
		struct story each = nth(datagram(17, 10), i);

		assert_true(routed_show(&world, &each, true, VIRBR0));
	}
	for (int i = 2; i >= 0; i--) {
		struct story each = nth(datagram(17, 10), i);

		assert_true(routed_show(&world, &each, true, ETH0));
	}
	/* and one that cannot be */
	others.ip_id = 77;
	assert_false(routed_show(&world, &others, true, ETH0));
	routed_finish(&world);
	assert_int_equal(leaving(&world).delivered, 1);
	assert_int_equal(leaving(&world).lost, 0);
	assert_int_equal(leaving(&world).unsure_why[VMP_UNSURE_IDENTITY], 2);
	assert_int_equal(world.run.seen.v[ETH0].from_guest.packets, 1);
	routed_end(&world);
}

/* A proxy on this host takes fragments too. */
static void a_proxy_answers(void **state)
{
	struct story answer = datagram(17, 11);
	struct routed world;

	(void)state;
	routed_start(&world);
	for (int i = 0; i < 3; i++) {
		struct story each = nth(datagram(17, 10), i);

		routed_out(&world, &each, true);
	}
	assert_true(routed_show(&world, &answer, false, VIRBR0));
	routed_finish(&world);
	assert_int_equal(leaving(&world).lost, 0);
	assert_int_equal(leaving(&world).unsure, 3);
	routed_end(&world);
}

/* The guest's own address outside too: all fragments are known by it, in whatever order they come. */
static void not_translated(void **state)
{
	struct routed world;

	(void)state;
	routed_start(&world);
	world.path.nat = false;
	*(struct vmp_nic_address *)vmp_vec_add(&world.nic.addresses) = (struct vmp_nic_address){.ip = GUEST_IP};
	vmp_match_free(world.match);
	routed_begin(&world);
	for (int i = 2; i >= 0; i--) {
		struct story each = nth(datagram(17, 10), i);

		each.outside = GUEST_IP;
		each.outside_port = each.guest_port;
		assert_true(routed_in(&world, &each, true));
		routed_out(&world, &each, false);
	}
	routed_finish(&world);
	assert_int_equal(coming(&world).lost, 3);
	assert_int_equal(leaving(&world).delivered, 3);
	routed_end(&world);
}

/* ---- ICMP errors ------------------------------------------------------------------------------------------------- */

/* From the peer or a router on the way to it, about what the guest sent. */
static void errors_come_in(void **state)
{
	static const uint8_t protos[] = {1, 6, 17}, types[] = {3, 4, 11, 12};

	(void)state;
	for (size_t p = 0; p < sizeof(protos); p++)
		for (size_t t = 0; t < sizeof(types); t++) {
			struct story sent = datagram(protos[p], 9), error = sent;
			struct routed world;

			routed_start(&world);
			sent.flags = VMP_TCP_SYN;
			error.is_error = true;
			error.error_type = types[t];
			assert_false(routed_show(&world, &error, false, ETH0)); /* about nothing that is known yet */
			routed_out(&world, &sent, false);
			error.seq++;
			assert_true(routed_in(&world, &error, false));
			error.seq++;
			error.has_router = true;
			error.router = ip(203, 0, 113, 200);
			assert_true(routed_in(&world, &error, false));
			error.seq++;
			assert_true(routed_in(&world, &error, true));
			/* another's port outside */
			error.outside_port++;
			assert_false(routed_show(&world, &error, false, ETH0));
			routed_finish(&world);
			assert_int_equal(coming(&world).offered, 3);
			assert_int_equal(coming(&world).delivered, 2);
			assert_int_equal(coming(&world).lost, 1);
			routed_end(&world);
		}
}

/* After long silence the kernel may have forgotten the connection, whatever its protocol. */
static void errors_about_what_is_forgotten(void **state)
{
	struct story sent = datagram(6, 9), error = sent;
	struct routed world;

	(void)state;
	routed_start(&world);
	sent.flags = VMP_TCP_SYN;
	error.is_error = true;
	routed_out(&world, &sent, false);
	world.now_ns += 31 * SEC;
	assert_false(routed_show(&world, &error, false, ETH0));
	routed_finish(&world);
	assert_int_equal(coming(&world).offered, 0);
	routed_end(&world);
}

/* Of the guest, about what it got. Others that this host makes itself look the same outside. */
static void errors_leave(void **state)
{
	struct story question = datagram(17, 9), answer = datagram(17, 10), error = datagram(17, 11), hosts;
	struct routed world;

	(void)state;
	routed_start(&world);
	error.is_error = true;
	hosts = error;
	hosts.ip_id = 99;
	/* nothing of the connection is known outside: what becomes of it there cannot be told */
	routed_out(&world, &error, true);
	routed_out(&world, &question, false);
	assert_true(routed_in(&world, &answer, false));
	error.ip_id++;
	routed_out(&world, &error, false);
	error.ip_id++;
	routed_out(&world, &error, true);
	assert_false(routed_show(&world, &hosts, true, ETH0));
	routed_finish(&world);
	assert_int_equal(leaving(&world).offered, 4);
	assert_int_equal(leaving(&world).delivered, 2);
	assert_int_equal(leaving(&world).lost, 1);
	assert_int_equal(leaving(&world).unsure_why[VMP_UNSURE_UNOBSERVED], 1);
	assert_int_equal(world.run.seen.v[ETH0].from_guest.packets, 2);
	routed_end(&world);
}

/* What the guest asks of one is led to another, so an error about it comes from there, and looks as if it came from whom it asked. */
static void errors_of_one_led_elsewhere(void **state)
{
	struct vmp_translation list = {
		.hop = ETH0, .source = VMP_TRANSLATION_CONNTRACK, .proto = 17, .guest = GUEST_IP, .outside = OUTSIDE_IP, .peer = PEER_IP,
		.far = ip(203, 0, 113, 77), .guest_port = 4000, .outside_port = 61000, .peer_port = 53, .far_port = 5353, .left_s = 29,
		.since_ns = T0 - SEC};
	struct story inside = datagram(17, 9), outside = inside;
	struct routed world;

	(void)state;
	routed_start(&world);
	vmp_match_begin_with(world.match, &list, 1);
	inside.is_error = outside.is_error = outside.has_peer = true;
	outside.peer = list.far;
	outside.peer_port = 5353;
	assert_true(routed_show(&world, &outside, false, ETH0));
	assert_true(routed_show(&world, &inside, false, VIRBR0));
	outside.has_router = true;
	outside.router = ip(203, 0, 113, 200);
	outside.ip_id = ++inside.ip_id;
	assert_true(routed_show(&world, &outside, false, ETH0));
	assert_true(routed_show(&world, &inside, false, VIRBR0));
	outside.ip_id = ++inside.ip_id;
	assert_true(routed_show(&world, &inside, true, VIRBR0));
	assert_true(routed_show(&world, &outside, true, ETH0));
	routed_finish(&world);
	assert_int_equal(coming(&world).delivered, 2);
	assert_int_equal(coming(&world).offered, 2);
	assert_int_equal(leaving(&world).delivered, 1);
	assert_int_equal(leaving(&world).offered, 1);
	routed_end(&world);
}

/* Who asks for the way to the guest sends what this router answers itself. */
static void over_at_the_router(void **state)
{
	struct story syn = {.proto = 6, .guest_port = 22, .outside_port = 8022, .peer_port = 5555, .ip_id = 7, .outside = OUTSIDE_IP, .seq = 100};
	struct routed world;

	(void)state;
	routed_start(&world);
	assert_false(routed_in(&world, &syn, false));
	for (syn.ttl = 2; syn.ttl > 0; syn.ttl--) {
		syn.ip_id++;
		syn.seq += 20;
		assert_true(routed_show(&world, &syn, false, ETH0));
	}
	routed_finish(&world);
	assert_int_equal(coming(&world).lost, 1);
	assert_int_equal(coming(&world).offered, 1);
	routed_end(&world);
}

/* ---- which packets came whole ------------------------------------------------------------------------------------- */

static struct vmp_sight piece(uint64_t flow, uint32_t id, uint32_t from, uint32_t to, bool more)
{
	static uint64_t now_ns = T0;
	struct vmp_sight sight;

	memset(&sight, 0, sizeof(sight));
	sight.ts_ns = now_ns += 1000;
	sight.flow = flow;
	sight.ip_id = id;
	sight.first_byte = from;
	sight.data_len = to - from;
	sight.more_fragments = more;
	return sight;
}

static void see(struct vmp_datagrams *datagrams, uint32_t id, uint32_t from, uint32_t to, bool more)
{
	struct vmp_sight sight = piece(7, id, from, to, more);

	vmp_datagrams_see(datagrams, &sight);
}

static enum vmp_datagram ask(struct vmp_datagrams *datagrams, uint32_t id)
{
	struct vmp_sight sight = piece(7, id, 0, 8, true);

	return vmp_datagrams_ask(datagrams, &sight, 0);
}

static void pieces_make_a_whole(void **state)
{
	struct vmp_datagrams *datagrams = vmp_datagrams_new();

	(void)state;
	assert_int_equal(ask(datagrams, 1), VMP_DATAGRAM_FORGOTTEN);
	see(datagrams, 1, 16, 24, true);
	see(datagrams, 1, 24, 30, false);
	assert_int_equal(ask(datagrams, 1), VMP_DATAGRAM_PART);
	see(datagrams, 1, 0, 16, true);
	assert_int_equal(ask(datagrams, 1), VMP_DATAGRAM_WHOLE);
	/* as long in all, with one piece twice and another missing, and with sums that are right */
	see(datagrams, 2, 0, 8, true);
	see(datagrams, 2, 8, 16, true);
	see(datagrams, 2, 8, 16, true);
	see(datagrams, 2, 24, 32, false);
	assert_int_equal(ask(datagrams, 2), VMP_DATAGRAM_TWICE);
	see(datagrams, 3, 8, 16, true);
	see(datagrams, 3, 8, 16, true);
	see(datagrams, 3, 8, 16, true);
	see(datagrams, 3, 24, 32, false);
	assert_int_equal(ask(datagrams, 3), VMP_DATAGRAM_TWICE);
	/* overlapping */
	see(datagrams, 4, 0, 16, true);
	see(datagrams, 4, 8, 32, false);
	assert_int_equal(ask(datagrams, 4), VMP_DATAGRAM_PART);
	/* the same id again at once: which is whose is not known; a while later it is */
	see(datagrams, 1, 0, 16, true);
	see(datagrams, 1, 16, 30, false);
	assert_int_equal(ask(datagrams, 1), VMP_DATAGRAM_TWICE);
	vmp_datagrams_free(datagrams);
}

static void many_datagrams(void **state)
{
	struct vmp_datagrams *datagrams = vmp_datagrams_new();

	(void)state;
	for (uint32_t id = 0; id < 40000; id++) {
		see(datagrams, id, 0, 16, true);
		see(datagrams, id, 16, 30, id % 2);
	}
	for (uint32_t id = 0; id < 40000; id++)
		assert_int_equal(ask(datagrams, id), id < 40000 - (1 << 14) ? VMP_DATAGRAM_FORGOTTEN
						     : id % 2		    ? VMP_DATAGRAM_PART
									    : VMP_DATAGRAM_WHOLE);
	vmp_datagrams_free(datagrams);
}

/* ---- random stories ---------------------------------------------------------------------------------------------- */

/* A whole datagram of 40 to 9000 bytes that goes one way: as seen on both sides of the router, cut up otherwise on each or not at all. */
static uint64_t cross(struct routed *world, struct story story, bool leaves, bool lost, unsigned int *ret_lost)
{
	uint16_t len = (uint16_t)(40 + random() % 9000), steps[2] = {0};
	int sides[2] = {leaves ? VIRBR0 : ETH0, leaves ? ETH0 : VIRBR0};
	uint64_t shown = 0;

	for (int i = 0; i < 2; i++)
		steps[i] = (uint16_t)(random() % 3 == 0 ? 0 : 8 + random() % 400 * 8);
	for (int i = 0; i < (lost ? 1 : 2); i++) {
		struct story each = story;

		each.whole = len;
		if (!steps[i] || steps[i] >= len) {
			routed_show(world, &each, leaves, sides[i]);
			shown += i == 0;
			continue;
		}
		for (uint32_t at = 0; at < len; at += steps[i]) {
			uint32_t to = at + steps[i] < len ? at + steps[i] : len;

			each = fragment(story, (uint16_t)at, (uint16_t)to, to < len);
			routed_show(world, &each, leaves, sides[i]);
			shown += i == 0;
		}
	}
	*ret_lost += lost;
	return shown;
}

static void random_datagrams(void **state)
{
	enum { STORIES = 200, CONNECTIONS = 20, PACKETS = 400 };
	uint64_t all_lost = 0, all_unsure = 0, truly = 0;

	(void)state;
	for (unsigned int seed = 1; seed <= STORIES; seed++) {
		uint64_t may_lose[2] = {0}, offered[2] = {0};
		struct routed world;
		struct vmp_segment segments[2];

		srandom(seed);
		routed_start(&world);
		for (uint16_t i = 0; i < CONNECTIONS; i++) {
			struct story opens = {.proto = (uint8_t)(i % 2 ? 17 : 1), .guest_port = (uint16_t)(1000 + i),
					      .outside_port = (uint16_t)(2000 + i * 7), .peer_port = 53, .ip_id = (uint16_t)(60000 + i),
					      .outside = OUTSIDE_IP, .seq = i};

			routed_out(&world, &opens, false);
			offered[0]++;
		}
		for (uint16_t id = 1; id <= PACKETS; id++) {
			uint16_t i = (uint16_t)(random() % CONNECTIONS);
			struct story story = {.proto = (uint8_t)(i % 2 ? 17 : 1), .guest_port = (uint16_t)(1000 + i),
					      .outside_port = (uint16_t)(2000 + i * 7), .peer_port = 53, .ip_id = id, .outside = OUTSIDE_IP,
					      .seq = id};
			bool leaves = random() % 2, lost = random() % 8 == 0;
			unsigned int n = 0;
			uint64_t shown = cross(&world, story, leaves, lost, &n);

			offered[!leaves] += shown;
			may_lose[!leaves] += lost ? shown : 0;
			world.now_ns += (uint64_t)(random() % 3000) * 1000;
			vmp_match_settle(world.match, world.now_ns);
			for (struct vmp_settled settled; vmp_match_next(world.match, &settled);)
				;
		}
		routed_finish(&world);
		segments[0] = leaving(&world);
		segments[1] = coming(&world);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(segments[i].offered, offered[i]);
			/* Of many small pieces not all can be looked for; what was lost is never called delivered. */
			assert_true(segments[i].lost <= may_lose[i]);
			assert_true(segments[i].delivered <= offered[i] - may_lose[i]);
			all_lost += segments[i].lost;
			truly += may_lose[i];
			all_unsure += segments[i].unsure;
		}
		routed_end(&world);
	}
	assert_true(all_lost + all_unsure >= truly);
	assert_true(all_unsure * 20 < all_lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_are_followed), cmocka_unit_test(cut_anew), cmocka_unit_test(cut_and_lost),
		cmocka_unit_test(what_is_not_whole_is_not_lost), cmocka_unit_test(nobodys_fragments), cmocka_unit_test(a_proxy_answers),
		cmocka_unit_test(not_translated), cmocka_unit_test(errors_come_in), cmocka_unit_test(errors_about_what_is_forgotten),
		cmocka_unit_test(errors_leave), cmocka_unit_test(errors_of_one_led_elsewhere), cmocka_unit_test(over_at_the_router),
		cmocka_unit_test(pieces_make_a_whole), cmocka_unit_test(many_datagrams), cmocka_unit_test(random_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
