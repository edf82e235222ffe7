/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions and answers at both ends of the host. */
#include "world.h"

#include "match/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

static struct vmp_exchange_table *table;
static vmp_exchanges told;

static int begin(void **state)
{
	static const struct vmp_hash_key key = {{7, 8}};

	(void)state;
	table = vmp_exchange_new(&key);
	return table ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	vmp_exchange_free(table);
	vmp_vec_free(&told);
	return 0;
}

static bool is_ours(const void *context, const struct vmp_ip *ip)
{
	struct vmp_ip own4 = ip4(0, 1), own6 = ip6(0, 1);

	(void)context;
	return vmp_ip_equal(ip, &own4) || vmp_ip_equal(ip, &own6);
}

/* The exchange of one kind and direction after all that was seen, judged at 100 s with a patience of 1 s. */
static struct vmp_exchange tell(enum vmp_exchange_kind kind, enum vmp_direction direction)
{
	struct vmp_exchange none = {0};

	vmp_vec_free(&told);
	assert_int_equal(vmp_exchange_report(table, 100 * SEC, SEC, true, is_ours, NULL, &told), 0);
	vmp_vec_foreach (exchange, &told)
		if (exchange->kind == kind && exchange->direction == direction)
			return *exchange;
	return none;
}

static void see_at(enum vmp_exchange_place place, enum vmp_direction direction, uint64_t ts_ns, struct vmp_packet packet)
{
	vmp_exchange_see(table, place, direction, ts_ns, true, &packet);
}

/* A packet to the guest passes the edge, then the backend; one of the guest the other way round. */
static void both(enum vmp_direction direction, uint64_t ts_ns, struct vmp_packet packet)
{
	see_at(direction == VMP_TO_GUEST ? VMP_AT_EDGE : VMP_AT_BACKEND, direction, ts_ns, packet);
	see_at(direction == VMP_TO_GUEST ? VMP_AT_BACKEND : VMP_AT_EDGE, direction, ts_ns + US, packet);
}

static struct vmp_packet arp(bool ask, bool to_guest)
{
	struct vmp_packet made = to_guest ? arp_request(&mac_gateway, ip4(0, 254), ip4(0, 1)) : arp_request(&mac_guest, ip4(0, 1), ip4(0, 254));

	made.arp_op = ask ? 1 : 2;
	if (!ask)
		made.dst_mac = to_guest ? mac_guest : mac_gateway;
	return made;
}

static struct vmp_packet echo(bool ask, bool to_guest, uint16_t seq)
{
	struct vmp_packet made = udp(to_guest ? &mac_gateway : &mac_guest, to_guest ? &mac_guest : &mac_gateway, seq);

	made.flags = VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_ICMP | VMP_PKT_L4;
	made.icmp_type = ask ? 8 : 0;
	made.icmp_id = 77;
	made.icmp_seq = seq;
	return made;
}

static struct vmp_packet nd(bool ask, bool to_guest)
{
	struct vmp_packet made = echo(ask, to_guest, 1);

	made.flags = VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_ICMP6 | VMP_PKT_L4 | VMP_PKT_ND;
	made.icmp_type = ask ? 135 : 136;
	made.src = to_guest ? ip6(0, 254) : ip6(0, 1);
	made.dst = to_guest ? ip6(0, 1) : ip6(0, 254);
	made.nd_target = ask ? made.dst : made.src;
	if (ask)
		made.dst_mac = mac_group;
	return made;
}

static struct vmp_packet segment(bool to_guest, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct vmp_packet made = tcp(to_guest ? &mac_gateway : &mac_guest, to_guest ? &mac_guest : &mac_gateway, 1, seq, 0, flags);
	bool asker_sends = (flags & (VMP_TCP_SYN | VMP_TCP_ACK)) == VMP_TCP_SYN || flags == VMP_TCP_ACK;

	made.tcp_ack = ack;
	made.sport = asker_sends ? 40000 : 22;
	made.dport = asker_sends ? 22 : 40000;
	return made;
}

static void answered_of_each_kind(void **state)
{
	(void)state;
	for (int to_guest = 0; to_guest < 2; to_guest++) {
		enum vmp_direction ask = to_guest ? VMP_TO_GUEST : VMP_FROM_GUEST, reply = to_guest ? VMP_FROM_GUEST : VMP_TO_GUEST;

		both(ask, SEC, arp(true, to_guest));
		both(reply, SEC + MS, arp(false, !to_guest));
		both(ask, 2 * SEC, echo(true, to_guest, 1));
		both(reply, 2 * SEC + MS, echo(false, !to_guest, 1));
		both(ask, 3 * SEC, nd(true, to_guest));
		both(reply, 3 * SEC + MS, nd(false, !to_guest));
		both(ask, 4 * SEC, segment(to_guest, VMP_TCP_SYN, 1000, 0));
		both(reply, 4 * SEC + MS, segment(!to_guest, VMP_TCP_SYN | VMP_TCP_ACK, 5, 1001));
		for (int kind = 0; kind < VMP_EXCHANGE_KINDS; kind++) {
			struct vmp_exchange exchange = tell((enum vmp_exchange_kind)kind, ask);

			assert_int_equal(exchange.asked, 1);
			assert_int_equal(exchange.reached, 1);
			assert_int_equal(exchange.answered, 1);
			assert_int_equal(exchange.asked_again + exchange.pending + exchange.refused + exchange.answers_lost_inside, 0);
		}
	}
}

static void no_answer(void **state)
{
	struct vmp_exchange exchange;

	(void)state;
	for (uint16_t i = 0; i < 5; i++)
		both(VMP_TO_GUEST, SEC * (i + 1U), echo(true, true, i));
	see_at(VMP_AT_EDGE, VMP_TO_GUEST, 10 * SEC, echo(true, true, 9)); /* never reached the backend */
	exchange = tell(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST);
	assert_int_equal(exchange.asked, 6);
	assert_int_equal(exchange.reached, 5);
	assert_int_equal(exchange.answered, 0);
	assert_int_equal(exchange.first_ns, SEC);
	assert_int_equal(exchange.last_ns, 10 * SEC);
}

/* Nobody owes an answer to these. */
static void no_questions(void **state)
{
	struct vmp_packet probe = arp(true, true), gratuitous = arp(true, true), dad = nd(true, true), announcement = nd(false, true);

	(void)state;
	probe.src = ip4(0, 0);
	probe.src.b[0] = 0;
	gratuitous.src = gratuitous.dst;
	dad.src = ip6(0, 0);
	dad.src.b[0] = 0;
	announcement.dst = ip6(0, 1);
	announcement.dst.b[0] = 0xff;
	for (int i = 0; i < 3; i++) {
		both(VMP_TO_GUEST, SEC * (unsigned int)(i + 1), probe);
		both(VMP_TO_GUEST, SEC * (unsigned int)(i + 1), gratuitous);
		both(VMP_TO_GUEST, SEC * (unsigned int)(i + 1), dad);
		both(VMP_TO_GUEST, SEC * (unsigned int)(i + 1), announcement);
		both(VMP_TO_GUEST, SEC * (unsigned int)(i + 1), udp(&mac_gateway, &mac_guest, 1));
		both(VMP_TO_GUEST, SEC * (unsigned int)(i + 1), segment(true, VMP_TCP_ACK, 1, 1));
	}
	tell(VMP_EXCHANGE_ARP, VMP_TO_GUEST);
	assert_int_equal(told.n, 0);
}

/* Asked of everybody: the guest owes an answer only for its own address; asked of it alone it does. */
static void others_addresses(void **state)
{
	struct vmp_packet question = arp(true, true);

	(void)state;
	question.dst = ip4(0, 200);
	for (unsigned int i = 0; i < 3; i++)
		both(VMP_TO_GUEST, SEC * (i + 1), question);
	assert_int_equal(tell(VMP_EXCHANGE_ARP, VMP_TO_GUEST).asked, 0);
	question.dst_mac = mac_guest;
	both(VMP_TO_GUEST, 5 * SEC, question);
	assert_int_equal(tell(VMP_EXCHANGE_ARP, VMP_TO_GUEST).asked, 4);
}

/* The answer left the host, and the question comes again: it was not heard. A probe of a known neighbour is no repetition. */
static void asked_again(void **state)
{
	struct vmp_packet probe = arp(true, true);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		both(VMP_TO_GUEST, SEC * (i + 1), arp(true, true));
		both(VMP_FROM_GUEST, SEC * (i + 1) + MS, arp(false, false));
	}
	assert_int_equal(tell(VMP_EXCHANGE_ARP, VMP_TO_GUEST).asked_again, 3);
	assert_int_equal(tell(VMP_EXCHANGE_ARP, VMP_TO_GUEST).answered, 4);
	/* What it sends to the guest's MAC shows that it knows it after all. */
	both(VMP_TO_GUEST, 10 * SEC, udp(&mac_gateway, &mac_guest, 1));
	assert_int_equal(tell(VMP_EXCHANGE_ARP, VMP_TO_GUEST).asked_again, 0);
	probe.dst_mac = mac_guest;
	for (unsigned int i = 0; i < 4; i++)
		both(VMP_TO_GUEST, SEC * (i + 20), probe);
	assert_int_equal(tell(VMP_EXCHANGE_ARP, VMP_TO_GUEST).asked_again, 0);
}

/* It crossed its own answer on the way. */
static void crossed(void **state)
{
	(void)state;
	both(VMP_TO_GUEST, SEC, arp(true, true));
	both(VMP_FROM_GUEST, SEC + MS, arp(false, false));
	both(VMP_TO_GUEST, SEC + 2 * MS, arp(true, true));
	assert_int_equal(tell(VMP_EXCHANGE_ARP, VMP_TO_GUEST).asked_again, 0);
}

static void handshake(void **state)
{
	struct vmp_exchange exchange;

	(void)state;
	/* A retransmitted SYN is one question; sent after the SYN-ACK had left, it is a repetition. */
	both(VMP_TO_GUEST, SEC, segment(true, VMP_TCP_SYN, 1000, 0));
	both(VMP_TO_GUEST, 2 * SEC, segment(true, VMP_TCP_SYN, 1000, 0));
	exchange = tell(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST);
	assert_int_equal(exchange.asked, 1);
	assert_int_equal(exchange.asked_again, 0);
	/* The answer to another connection is none to this one. */
	both(VMP_FROM_GUEST, 3 * SEC, segment(false, VMP_TCP_SYN | VMP_TCP_ACK, 5, 4711));
	assert_int_equal(tell(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST).answered, 0);
	both(VMP_FROM_GUEST, 3 * SEC, segment(false, VMP_TCP_SYN | VMP_TCP_ACK, 5, 1001));
	both(VMP_TO_GUEST, 4 * SEC, segment(true, VMP_TCP_SYN, 1000, 0));
	exchange = tell(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST);
	assert_int_equal(exchange.asked, 1);
	assert_int_equal(exchange.answered, 1);
	assert_int_equal(exchange.asked_again, 1);
	/* The ACK shows that the answer was heard after all. */
	both(VMP_TO_GUEST, 5 * SEC, segment(true, VMP_TCP_ACK, 1001, 6));
	assert_int_equal(tell(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST).asked_again, 0);
}

/* A reset for the answer shows that it arrived: what is asked again then was not asked of the guest. Only one for this very answer does. */
static void unwanted(void **state)
{
	static const struct {
		uint32_t seq;
		bool is_unwanted;
	} resets[] = {{1001, true}, {1000, false}, {1002, false}, {77, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(resets) / sizeof(*resets); i++) {
		struct vmp_packet no = segment(true, VMP_TCP_RST, resets[i].seq, 0);
		struct vmp_exchange exchange;

		no.sport = 40000;
		no.dport = 22;
		end(NULL);
		begin(NULL);
		both(VMP_TO_GUEST, SEC, segment(true, VMP_TCP_SYN, 1000, 0));
		both(VMP_FROM_GUEST, SEC + MS, segment(false, VMP_TCP_SYN | VMP_TCP_ACK, 5, 1001));
		both(VMP_TO_GUEST, SEC + 2 * MS, no);
		both(VMP_TO_GUEST, 2 * SEC, segment(true, VMP_TCP_SYN, 1000, 0));
		both(VMP_TO_GUEST, 4 * SEC, segment(true, VMP_TCP_SYN, 1000, 0));
		exchange = tell(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST);
		assert_int_equal(exchange.asked, 1);
		assert_int_equal(exchange.answered, 1);
		assert_int_equal(exchange.answers_refused, resets[i].is_unwanted ? 2 : 0);
		assert_int_equal(exchange.asked_again, resets[i].is_unwanted ? 0 : 2);
		/* A new connection on the same ports has got nothing yet. */
		both(VMP_TO_GUEST, 5 * SEC, segment(true, VMP_TCP_SYN, 9000, 0));
		both(VMP_FROM_GUEST, 5 * SEC + MS, segment(false, VMP_TCP_SYN | VMP_TCP_ACK, 5, 9001));
		both(VMP_TO_GUEST, 6 * SEC, segment(true, VMP_TCP_SYN, 9000, 0));
		exchange = tell(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST);
		assert_int_equal(exchange.answers_refused, resets[i].is_unwanted ? 2 : 0);
		assert_int_equal(exchange.asked_again, resets[i].is_unwanted ? 1 : 3);
	}
}

static void refused(void **state)
{
	struct vmp_exchange exchange;

	(void)state;
	both(VMP_TO_GUEST, SEC, segment(true, VMP_TCP_SYN, 1000, 0));
	both(VMP_FROM_GUEST, SEC + MS, segment(false, VMP_TCP_RST | VMP_TCP_ACK, 0, 1001));
	exchange = tell(VMP_EXCHANGE_TCP_HANDSHAKE, VMP_TO_GUEST);
	assert_int_equal(exchange.answered, 1);
	assert_int_equal(exchange.refused, 1);
}

static void pending(void **state)
{
	struct vmp_exchange exchange;

	(void)state;
	both(VMP_TO_GUEST, SEC, echo(true, true, 1));
	both(VMP_TO_GUEST, 99 * SEC + 500 * MS, echo(true, true, 2));
	exchange = tell(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST);
	assert_int_equal(exchange.asked, 1);
	assert_int_equal(exchange.pending, 1);
}

static void outside_the_window(void **state)
{
	struct vmp_packet question = echo(true, true, 1);

	(void)state;
	vmp_exchange_see(table, VMP_AT_BACKEND, VMP_TO_GUEST, SEC, false, &question);
	assert_int_equal(tell(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST).asked, 0);
}

static void answer_lost_inside(void **state)
{
	(void)state;
	both(VMP_TO_GUEST, SEC, echo(true, true, 1));
	see_at(VMP_AT_BACKEND, VMP_FROM_GUEST, SEC + MS, echo(false, false, 1));
	assert_int_equal(tell(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST).answered, 1);
	assert_int_equal(tell(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST).answers_lost_inside, 1);
}

/* A flood of questions fills the table: it stays correct for those it holds, and answers of others are not confused. */
static void full(void **state)
{
	uint64_t asked;

	(void)state;
	for (uint32_t i = 0; i < 60000; i++) {
		struct vmp_packet question = echo(true, true, (uint16_t)i), reply = echo(false, false, (uint16_t)i);

		question.icmp_id = reply.icmp_id = (uint16_t)(i >> 16);
		both(VMP_TO_GUEST, SEC + i * US, question);
		both(VMP_FROM_GUEST, SEC + i * US + 100, reply);
	}
	asked = tell(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST).asked;
	assert_int_equal(asked, 16384);
	assert_int_equal(tell(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST).answered, asked);
	assert_int_equal(vmp_exchange_overlooked(table), 2 * (60000 - 16384));
}

/* Who judges again has another key: which questions have room and which one is shown must not depend on it. */
static void any_key(void **state)
{
	struct vmp_exchange first = {0};

	(void)state;
	for (uint64_t k = 0; k < 8; k++) {
		struct vmp_hash_key key = {{k, 3 * k}};
		struct vmp_exchange exchange;

		vmp_exchange_free(table);
		table = vmp_exchange_new(&key);
		assert_non_null(table);
		for (uint16_t i = 0; i < 20; i++) {
			struct vmp_packet question = echo(true, true, i);

			question.src = ip4(1, i);
			/* Half of them at the same time; none is answered. */
			both(VMP_TO_GUEST, SEC + (i / 2) * MS, question);
		}
		exchange = tell(VMP_EXCHANGE_ICMP_ECHO, VMP_TO_GUEST);
		assert_int_equal(exchange.asked, 20);
		assert_int_equal(vmp_exchange_overlooked(table), 0);
		if (k == 0)
			first = exchange;
		assert_true(vmp_ip_equal(&exchange.asker, &first.asker));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answered_of_each_kind), TEST(no_answer), TEST(no_questions), TEST(others_addresses),
		TEST(unwanted), TEST(asked_again),	     TEST(crossed),   TEST(handshake),	  TEST(refused),
		TEST(pending),		     TEST(outside_the_window), TEST(answer_lost_inside), TEST(full),
		TEST(any_key),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
