/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic made to be as much work as it can be. Steps along the chains of sightings are counted, not time: no frame may cause more than
 * a constant number of them, and in the long run each causes few.
 *
 * What else is done for a frame has no loops that depend on the traffic, but for tables that are at most half full and keyed
 * (match/homes.c, match/exchange.c), and those that are looked at in a fixed number of places (match/translate.c).
 */
#include "world.h"

#include "match/match_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define START (10 * SEC)

#ifdef VMP_SANITIZERS
enum { FRAMES = 8192 };  /* they take ten times as long */
#else
enum { FRAMES = 65536 };
#endif
/* For one frame, or one that is decided (see GROUP_MOST in match/cut_udp.c, the largest of limits); for each of all in the long run. */
enum { MOST = 3 * 8192, MEAN = 1024 };

struct load {
	struct world world;
	uint64_t before, most, decided;
	unsigned int frames;
};

static void begin(struct load *load)
{
	struct vmp_match_conf conf = {.settle_ns = SEC / 10, .key = {{5, 6}}, .no_fates = true};

	memset(load, 0, sizeof(*load));
	world_init(&load->world, 0);
	load->world.path.hops.v[TAP].kind = VMP_HOP_OTHER; /* may merge */
	world_start(&load->world, &conf);
}

static uint64_t steps_of(const struct load *load)
{
	return load->world.match->pool->steps + load->world.match->lost->steps;
}

/* The steps since then, shared out among a frame and those whose time to be expected or to be decided came. */
static void note(struct load *load)
{
	const struct vmp_match *match = load->world.match;
	uint64_t decided = 2 * match->pool->first + match->n_expired + match->n_settled - load->decided;
	uint64_t steps = (steps_of(load) - load->before) / (1 + decided);

	load->most = steps > load->most ? steps : load->most;
	load->before = steps_of(load);
	load->decided += decided;
}

static void show(struct load *load, int hop, enum vmp_devdir devdir, uint64_t ts_ns, const struct vmp_packet *packet)
{
	assert_int_equal(see(&load->world, hop, devdir, ts_ns, packet), 0);
	note(load);
	vmp_match_settle(load->world.match, ts_ns);
	note(load);
	load->frames++;
}

static void end(struct load *load, const char *name)
{
	uint64_t mean;

	vmp_match_settle_all(load->world.match, START + 10 * SEC);
	note(load);
	mean = steps_of(load) / load->frames;
	print_message("%s: %llu steps for a frame, at most %llu\n", name, (unsigned long long)mean, (unsigned long long)load->most);
	assert_true(load->most <= MOST);
	assert_true(mean <= MEAN);
	world_end(&load->world);
}

/* All alike, half of them lost; all at one time, or one behind the other. */
static void all_the_same(void **state)
{
	struct vmp_packet packet = udp(&mac_guest, &mac_gateway, 0);

	(void)state;
	for (unsigned int gap_ns = 0; gap_ns <= 1000; gap_ns += 1000) {
		struct load load;

		begin(&load);
		for (unsigned int i = 0; i < FRAMES; i++) {
			show(&load, TAP, VMP_DEV_IN, START + i * gap_ns, &packet);
			if (i % 2)
				show(&load, ETH0, VMP_DEV_OUT, START + i * gap_ns, &packet);
		}
		for (unsigned int i = 0; i < FRAMES; i++)
			show(&load, ETH0, VMP_DEV_OUT, START + SEC + i * gap_ns, &packet);
		end(&load, "all the same");
	}
}

/* Fragments of one id without end, and whole packets with this id that vanish. */
static void one_id(void **state)
{
	(void)state;
	for (unsigned int six = 0; six < 2; six++) {
		struct load load;

		begin(&load);
		for (unsigned int i = 0; i < FRAMES; i++) {
			struct vmp_packet whole = udp(&mac_guest, &mac_gateway, 9), part = whole;

			whole.payload_len = 30000 + i % 3000;
			whole.ip_len = whole.payload_len + 28;
			whole.sport = (uint16_t)i;
			part.flags = (part.flags & ~(uint32_t)(VMP_PKT_UDP | VMP_PKT_L4)) | VMP_PKT_FRAGMENT;
			part.sport = part.dport = 0;
			part.fragment_offset = (uint16_t)(i * 8);
			part.more_fragments = true;
			part.payload_len = 8;
			part.ip_len = 28;
			if (six) {
				whole.flags = (whole.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
				part.flags = (part.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
				part.ip6_id = 9;
			}
			show(&load, TAP, VMP_DEV_IN, START + i * 4 * US, i % 4 ? &whole : &part);
			part.fragment_offset = (uint16_t)(part.fragment_offset + 4);
			show(&load, ETH0, VMP_DEV_OUT, START + i * 4 * US, &part);
		}
		end(&load, six ? "one id, IPv6" : "one id");
	}
}

/* Numbers come round: large packets, and pieces of one byte of all of them, of this try or of another. */
static void numbers_come_round(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 4; kind++) {
		struct load load;

		begin(&load);
		for (unsigned int i = 0; i < FRAMES; i++) {
			uint16_t id = (uint16_t)(kind & 1 ? 5 : i), next = (uint16_t)(kind & 1 ? 5 : i + 1);
			struct vmp_packet whole = tcp(&mac_guest, &mac_gateway, id, 0xffff8000U + i * 7, 60000, VMP_TCP_ACK);
			struct vmp_packet part = tcp(&mac_guest, &mac_gateway, next, 0xffff8000U + i * 13, 1, VMP_TCP_ACK);

			if (kind & 2) {
				whole.flags = (whole.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
				part.flags = (part.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
				part.tcp_ack = i % 2;
			}
			if (i % 2)
				show(&load, TAP, VMP_DEV_IN, START + i * 4 * US, &whole);
			show(&load, ETH0, VMP_DEV_OUT, START + i * 4 * US, &part);
		}
		end(&load, "numbers come round");
	}
}

/* As many connections as there are ports, between the same hosts, and what is left over of each. */
static void connections(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 4; kind++) {
		struct load load;

		begin(&load);
		for (unsigned int i = 0; i < FRAMES; i++) {
			struct vmp_packet packet = kind & 1 ? tcp(&mac_guest, &mac_gateway, (uint16_t)i, i * 77, 1000, VMP_TCP_ACK)
							    : udp(&mac_guest, &mac_gateway, (uint16_t)i);

			if (kind & 2) {
				packet.flags = (packet.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
				packet.ip_id = 0;
			}
			packet.sport = (uint16_t)i;
			show(&load, TAP, VMP_DEV_IN, START + i * 4 * US, &packet);
			packet.payload_len -= 1 + i % 7;
			packet.sport = (uint16_t)(i % 3 ? i : i / 2);
			show(&load, ETH0, VMP_DEV_OUT, START + i * 4 * US, &packet);
		}
		end(&load, "connections");
	}
}

/* Datagrams without ids of one flow, or of many, that never come out even. */
static void sums(void **state)
{
	(void)state;
	for (unsigned int flows = 1; flows <= FRAMES; flows *= 256) {
		struct load load;

		begin(&load);
		for (unsigned int i = 0; i < FRAMES; i++) {
			struct vmp_packet whole = udp(&mac_guest, &mac_gateway, (uint16_t)i), part;

			whole.flags = (whole.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
			whole.sport = (uint16_t)(i % flows);
			whole.payload_len = 1000;
			part = whole;
			part.payload_len = 1 + i % 900;
			show(&load, TAP, VMP_DEV_IN, START + i * 4 * US, &whole);
			show(&load, ETH0, VMP_DEV_OUT, START + i * 4 * US, &part);
		}
		end(&load, "sums");
	}
}

/* Tens of thousands that are called lost, and then what may be theirs. */
static void late(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 4; kind++) {
		struct load load;

		begin(&load);
		for (unsigned int i = 0; i < 2 * FRAMES; i++) {
			struct vmp_packet packet = kind & 1 ? tcp(&mac_guest, &mac_gateway, (uint16_t)i, i * 1000, 1000, VMP_TCP_ACK)
							    : udp(&mac_guest, &mac_gateway, (uint16_t)(i % 128));

			packet.payload_len = 1000;
			packet.sport = (uint16_t)(kind & 1 ? 1 : i / 128);
			if (kind & 2) {
				packet.flags = (packet.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
				packet.ip_id = 0;
				packet.tcp_tsval = i;
			}
			if (i < FRAMES) {
				show(&load, TAP, VMP_DEV_IN, START + i * 4 * US, &packet);
				continue;
			}
			packet.payload_len = 7;
			packet.sport = 1;
			show(&load, ETH0, VMP_DEV_OUT, START + SEC + i * 4 * US, &packet);
		}
		end(&load, "late");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_the_same), cmocka_unit_test(one_id), cmocka_unit_test(numbers_come_round),
		cmocka_unit_test(connections),  cmocka_unit_test(sums),   cmocka_unit_test(late),
	};

	return cmocka_run_group_tests_name("match: steps", tests, NULL, NULL);
}
