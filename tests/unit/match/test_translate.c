/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A routed guest: its packets are found again beyond routing and translation, and nothing that is not known to be lost is called so. */
#include "routed.h"

#include "match/translate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void masquerade(void **state)
{
	struct story syn = {.proto = 6, .guest_port = 40000, .outside_port = 61000, .peer_port = 443, .ip_id = 7, .outside = OUTSIDE_IP,
			    .seq = 100, .flags = VMP_TCP_SYN};
	struct story answer = syn, other = syn;
	struct routed world;

	(void)state;
	routed_start(&world);
	answer.seq = 900;
	answer.flags = VMP_TCP_SYN | VMP_TCP_ACK;
	/* an answer to somebody else's connection is not this guest's */
	other.outside_port = 50000;
	assert_false(routed_show(&world, &other, false, ETH0));
	routed_out(&world, &syn, false);
	assert_true(routed_in(&world, &answer, false));
	answer.seq++;
	assert_true(routed_in(&world, &answer, true));
	syn.seq = 101;
	syn.ip_id++;
	syn.flags = VMP_TCP_ACK;
	routed_out(&world, &syn, true);
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).delivered, 1);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).lost, 1);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).delivered, 1);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).lost, 1);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, VIRBR0, TAP).delivered, 1);
	assert_int_equal(world.run.translations.n, 1);
	assert_int_equal(world.run.translations.v[0].outside_port, 61000);
	assert_int_equal(world.run.translations.v[0].guest_port, 40000);
	assert_true(vmp_ip_equal(&world.run.translations.v[0].outside, &(struct vmp_ip){4, {198, 51, 100, 2}}));
	routed_end(&world);
}

/* A connection from outside shows how it is called there when its first packet has come in. */
static void from_outside(void **state)
{
	struct story syn = {.proto = 6, .guest_port = 22, .outside_port = 8022, .peer_port = 5555, .ip_id = 7, .outside = OUTSIDE_IP,
			    .seq = 100, .flags = VMP_TCP_SYN};
	struct routed world;

	(void)state;
	routed_start(&world);
	assert_false(routed_in(&world, &syn, false));
	syn.seq += 20;
	syn.flags = VMP_TCP_ACK;
	assert_true(routed_in(&world, &syn, false));
	syn.seq += 20;
	assert_true(routed_in(&world, &syn, true));
	routed_out(&world, &syn, false);
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).delivered, 1);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).lost, 1);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).delivered, 1);
	routed_end(&world);
}

/* The port is given to somebody else's connection: its answers are not owed to this guest. */
static void port_given_anew(void **state)
{
	struct story mine = {.proto = 6, .guest_port = 40000, .outside_port = 61000, .peer_port = 443, .ip_id = 7, .outside = OUTSIDE_IP,
			     .seq = 100, .flags = VMP_TCP_SYN};
	struct story others = mine, ping = {.proto = 1, .guest_port = 3, .outside_port = 3, .ip_id = 9, .outside = OUTSIDE_IP, .seq = 1};
	struct routed world;

	(void)state;
	routed_start(&world);
	routed_out(&world, &mine, false);
	others.seq = 777;
	others.ip_id = 99;
	assert_false(routed_show(&world, &others, true, ETH0));
	others.flags = VMP_TCP_SYN | VMP_TCP_ACK;
	assert_false(routed_show(&world, &others, false, ETH0));
	/* what has no end is forgotten when it was silent for long */
	routed_out(&world, &ping, false);
	assert_true(routed_in(&world, &ping, false));
	world.now_ns += 31 * SEC;
	assert_false(routed_show(&world, &ping, false, ETH0));
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).lost, 0);
	routed_end(&world);
}

static void stays_here(void **state)
{
	struct story syn = {.proto = 6, .guest_port = 40000, .outside_port = 1, .peer_port = 80, .ip_id = 7, .outside = OUTSIDE_IP, .seq = 100,
			    .flags = VMP_TCP_SYN};
	struct story answer = syn, refused = syn;
	struct routed world;

	(void)state;
	/* a proxy answers */
	routed_start(&world);
	routed_out(&world, &syn, true);
	answer.flags = VMP_TCP_SYN | VMP_TCP_ACK;
	assert_true(routed_show(&world, &answer, false, VIRBR0));
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).lost, 0);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).unsure, 1);
	routed_end(&world);
	/* a rule rejects */
	routed_start(&world);
	routed_out(&world, &syn, true);
	refused.flags = VMP_TCP_RST | VMP_TCP_ACK;
	assert_true(routed_show(&world, &refused, false, VIRBR0));
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).lost, 1);
	routed_end(&world);
	/* this host has rules of its own about where to send what */
	routed_start(&world);
	world.path.leads_unsure = true;
	routed_out(&world, &syn, true);
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).lost, 0);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).unsure, 1);
	routed_end(&world);
}

static bool see_arp(struct routed *world, enum vmp_devdir devdir, uint16_t op, struct vmp_ip src, struct vmp_ip dst)
{
	struct vmp_packet packet = {.flags = VMP_PKT_ETH | VMP_PKT_ARP, .ethertype = 0x0806, .arp_op = op, .src = src, .dst = dst,
				    .src_mac = devdir == VMP_DEV_OUT ? mac_uplink : mac_gateway,
				    .dst_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}};
	uint8_t bytes[42] = {0};
	struct vmp_frame frame = {.ts_ns = world->now_ns, .devdir = devdir, .wire_len = 42, .cap_len = 42, .data = bytes};
	struct vmp_fingerprint fingerprint = {.id = {{world->now_ns, op}}, .usable = true};

	if (!vmp_match_translate(world->match, &frame, &packet))
		return false;
	assert_int_equal(vmp_match_add(world->match, &frame, &packet, &fingerprint), 0);
	return true;
}

/* What is said to all in the network beyond is not said to the guest, not even a question for the ADDRESS of the call. */
static void others_questions(void **state)
{
	struct routed world;

	(void)state;
	routed_start(&world);
	assert_false(see_arp(&world, VMP_DEV_IN, 1, ip(198, 51, 100, 77), PEER_IP));
	assert_true(see_arp(&world, VMP_DEV_OUT, 1, OUTSIDE_IP, ip(198, 51, 100, 1)));
	/* This one was asked for, and now asks itself: it lives. */
	assert_true(see_arp(&world, VMP_DEV_IN, 1, ip(198, 51, 100, 1), PEER_IP));
	world.now_ns += MS;
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).offered, 0);
	assert_int_equal(world.run.seen.v[ETH0].to_guest.packets, 0);
	routed_end(&world);
}

/* Whether a next hop answers is not known of those that there is no room for: their packets are no loss. */
static void many_next_hops(void **state)
{
	struct routed world;

	(void)state;
	routed_start(&world);
	world.path.leads.v[3].has_gateway = false;
	for (unsigned int i = 0; i < 600; i++)
		see_arp(&world, VMP_DEV_OUT, 1, OUTSIDE_IP, ip(198, 51, (uint8_t)(101 + i / 256), (uint8_t)i));
	routed_out(&world, &(struct story){.proto = 1, .guest_port = 3, .outside_port = 3, .ip_id = 9, .outside = OUTSIDE_IP, .seq = 1}, true);
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).lost, 0);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).unsure_why[VMP_UNSURE_IDENTITY], 1);
	routed_end(&world);
}

/* A source that is not of the network inside: what this host makes of it is not known, and the capture outside may not show it. */
static void strange_source(void **state)
{
	struct story ping = {.proto = 1, .guest_port = 3, .outside_port = 3, .ip_id = 9, .outside = OUTSIDE_IP, .seq = 1};
	struct routed world;

	(void)state;
	routed_start(&world);
	world.path.own.v[1].ip = ip(10, 0, 0, 1);
	routed_out(&world, &ping, true);
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, TAP, VIRBR0).delivered, 1);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).offered, 0);
	routed_end(&world);
}

static void dead_next_hop(void **state)
{
	struct story ping = {.proto = 1, .guest_port = 3, .outside_port = 3, .ip_id = 9, .outside = OUTSIDE_IP, .seq = 1};
	struct routed world;

	(void)state;
	for (int answers = 0; answers <= 1; answers++) {
		routed_start(&world);
		see_arp(&world, VMP_DEV_OUT, 1, OUTSIDE_IP, ip(198, 51, 100, 1));
		world.now_ns += MS;
		if (answers)
			see_arp(&world, VMP_DEV_IN, 2, ip(198, 51, 100, 1), OUTSIDE_IP);
		world.now_ns += MS;
		routed_out(&world, &ping, true);
		routed_finish(&world);
		assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).lost, answers);
		assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).unsure_why[VMP_UNSURE_NEIGHBOUR], !answers);
		routed_end(&world);
	}
}

/* A connection as the kernel tells it at the start. */
static struct vmp_translation told(uint8_t proto, uint16_t guest_port, uint16_t outside_port, uint16_t peer_port, uint32_t left_s)
{
	return (struct vmp_translation){
		.hop = ETH0, .source = VMP_TRANSLATION_CONNTRACK, .proto = proto, .guest = GUEST_IP, .outside = OUTSIDE_IP, .peer = PEER_IP,
		.far = PEER_IP, .guest_port = guest_port, .outside_port = outside_port, .peer_port = peer_port, .far_port = peer_port,
		.left_s = left_s, .since_ns = T0 - SEC};
}

static void neighbour(struct routed *world, bool asks)
{
	struct vmp_packet packet = {.flags = VMP_PKT_ETH | VMP_PKT_ARP, .arp_op = asks ? 1 : 2, .src = asks ? BRIDGE_IP : GUEST_IP,
				    .dst = asks ? GUEST_IP : BRIDGE_IP, .src_mac = asks ? mac_bridge : mac_guest,
				    .dst_mac = asks ? (struct vmp_mac){{255, 255, 255, 255, 255, 255}} : mac_bridge};
	uint8_t bytes[42] = {0};
	struct vmp_frame frame = {.ts_ns = world->now_ns, .point = 1, .wire_len = 42, .cap_len = 42, .data = bytes,
				  .devdir = asks ? VMP_DEV_OUT : VMP_DEV_IN};

	world->now_ns += 10000;
	assert_true(vmp_match_translate(world->match, &frame, &packet));
}

/* A guest that does not say where it is gets nothing, and that is not this host's loss; one that said so and gets nothing is. */
static void silent_guest(void **state)
{
	struct vmp_translation list = told(6, 22, 2222, 5555, 0);

	(void)state;
	for (int answers = 0; answers < 2; answers++) {
		struct story again = {.proto = 6, .guest_port = 22, .outside_port = 2222, .peer_port = 5555, .ip_id = 7, .outside = OUTSIDE_IP,
				      .seq = 100, .flags = VMP_TCP_ACK};
		struct routed world;

		routed_start(&world);
		vmp_match_begin_with(world.match, &list, 1);
		for (int i = 0; i < 3; i++, again.seq += 20, again.ip_id++) {
			assert_true(routed_in(&world, &again, true));
			neighbour(&world, true);
			world.now_ns += 100 * MS;
			if (answers)
				neighbour(&world, false);
		}
		routed_finish(&world);
		assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).lost, answers ? 3 : 0);
		assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).unsure_why[VMP_UNSURE_NEIGHBOUR], answers ? 0 : 3);
		routed_end(&world);
	}
}

/* What an earlier judgement learned is taken over at its time, and nothing else is. */
static void known_already(void **state)
{
	struct story syn = {.proto = 6, .guest_port = 40000, .outside_port = 61000, .peer_port = 443, .ip_id = 7, .outside = OUTSIDE_IP,
			    .seq = 100, .flags = VMP_TCP_SYN};
	struct story unknown = syn;
	struct vmp_translation list = {.hop = ETH0, .proto = 6, .guest = GUEST_IP, .outside = OUTSIDE_IP, .peer = PEER_IP, .guest_port = 40000,
				       .outside_port = 61000, .peer_port = 443, .far = PEER_IP, .far_port = 443, .since_ns = T0 + 20000};
	struct routed world;

	(void)state;
	routed_start(&world);
	vmp_match_know(world.match, &list, 1);
	assert_false(routed_show(&world, &syn, false, ETH0));
	unknown.guest_port = unknown.outside_port = 5;
	assert_true(routed_show(&world, &unknown, true, VIRBR0));
	assert_false(routed_show(&world, &unknown, true, ETH0));
	routed_out(&world, &syn, false);
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).delivered, 1);
	routed_end(&world);
}

/* Of a connection that the kernel knew nothing gets through: only so is it known whose it is. New ones are learned all the same. */
static void told_before(void **state)
{
	struct vmp_translation list[] = {told(6, 22, 2222, 5555, 0), told(1, 7, 8, 0, 29)};
	struct story again = {.proto = 6, .guest_port = 22, .outside_port = 2222, .peer_port = 5555, .ip_id = 7, .outside = OUTSIDE_IP,
			      .seq = 100, .flags = VMP_TCP_ACK};
	struct story ping = {.proto = 1, .guest_port = 7, .outside_port = 8, .ip_id = 9, .outside = OUTSIDE_IP, .seq = 1};
	struct story fresh = again;
	struct routed world;

	(void)state;
	routed_start(&world);
	vmp_match_begin_with(world.match, list, 2);
	for (int i = 0; i < 3; i++, again.seq += 20, again.ip_id++)
		assert_true(routed_in(&world, &again, true));
	assert_true(routed_in(&world, &ping, false));
	fresh.outside_port = 3333;
	fresh.peer_port = 6666;
	assert_false(routed_in(&world, &fresh, false));
	fresh.seq += 20;
	assert_true(routed_in(&world, &fresh, false));
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).lost, 3);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).delivered, 2);
	assert_int_equal(vmp_match_learned(world.match, &world.run), 0);
	assert_int_equal(world.run.translations.n, 3);
	assert_int_equal(world.run.translations.v[0].source, VMP_TRANSLATION_CONNTRACK);
	assert_int_equal(world.run.translations.v[1].left_s, 29);
	assert_int_equal(world.run.translations.v[2].source, VMP_TRANSLATION_PACKETS);
	assert_int_equal(world.run.translations.v[2].outside_port, 3333);
	routed_end(&world);
}

/* What no packet comes of is reported too, so that the path is whole; and one judges again from the list as from the kernel's word. */
static void told_is_kept(void **state)
{
	struct vmp_translation list = told(6, 22, 2222, 5555, 0);
	struct story again = {.proto = 6, .guest_port = 22, .outside_port = 2222, .peer_port = 5555, .ip_id = 7, .outside = OUTSIDE_IP,
			      .seq = 100, .flags = VMP_TCP_ACK};
	struct routed world, second;

	(void)state;
	routed_start(&world);
	vmp_match_begin_with(world.match, &list, 1);
	assert_int_equal(vmp_match_learned(world.match, &world.run), 0);
	assert_int_equal(world.run.translations.n, 1);
	routed_start(&second);
	vmp_match_know(second.match, world.run.translations.v, world.run.translations.n);
	assert_true(routed_in(&second, &again, true));
	routed_finish(&second);
	assert_int_equal(routed_segment(&second, VMP_TO_GUEST, ETH0, VIRBR0).lost, 1);
	routed_end(&second);
	routed_end(&world);
}

/* The kernel forgets what has no end when nothing passes: then the port may be another's, and its answers are not owed to this guest. */
static void told_and_forgotten(void **state)
{
	static const struct {
		uint32_t left_s, after_s;
		bool is_known;
	} cases[] = {{29, 2, true}, {29, 29, false}, {3, 1, true}, {3, 3, false}, {0, 1, false}, {120, 25, true}, {120, 40, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_translation list = told(17, 5000, 5000, 53, cases[i].left_s);
		struct story answer = {.proto = 17, .guest_port = 5000, .outside_port = 5000, .peer_port = 53, .ip_id = 7, .outside = OUTSIDE_IP,
				       .seq = 100};
		struct routed world;

		routed_start(&world);
		vmp_match_begin_with(world.match, &list, 1);
		world.now_ns += cases[i].after_s * SEC;
		assert_int_equal(routed_show(&world, &answer, false, ETH0), cases[i].is_known);
		routed_finish(&world);
		routed_end(&world);
	}
}

/* A SYN that leaves by its port and was not seen inside is another's, whatever the kernel knew at the start. */
static void told_and_given_anew(void **state)
{
	struct vmp_translation list = told(6, 40000, 61000, 443, 0);
	struct story others = {.proto = 6, .guest_port = 40000, .outside_port = 61000, .peer_port = 443, .ip_id = 7, .outside = OUTSIDE_IP,
			       .seq = 100, .flags = VMP_TCP_SYN};
	struct routed world;

	(void)state;
	routed_start(&world);
	vmp_match_begin_with(world.match, &list, 1);
	assert_false(routed_show(&world, &others, true, ETH0));
	others.flags = VMP_TCP_SYN | VMP_TCP_ACK;
	assert_false(routed_show(&world, &others, false, ETH0));
	routed_finish(&world);
	assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).offered, 0);
	routed_end(&world);
}

/* What the guest asks of one is led to another: outside the peer has another address and port, and is the same all the same. */
static void led_elsewhere(void **state)
{
	static const uint8_t protos[] = {6, 17, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(protos); i++) {
		bool echo = protos[i] == 1;
		struct vmp_translation list = told(protos[i], 40000, 61000, echo ? 0 : 53, 29);
		struct story inside = {.proto = protos[i], .guest_port = 40000, .outside_port = 61000, .peer_port = echo ? 0 : 53, .ip_id = 7,
				       .outside = OUTSIDE_IP, .seq = 100, .flags = VMP_TCP_SYN};
		struct story outside = inside;
		struct routed world;

		routed_start(&world);
		list.far = ip(203, 0, 113, 77);
		list.far_port = outside.peer_port = echo ? 0 : 5353;
		vmp_match_begin_with(world.match, &list, 1);
		outside.has_peer = true;
		outside.peer = list.far;
		/* A SYN sent again does not look like another's. */
		for (int again = 0; again < 2; again++) {
			assert_true(routed_show(&world, &inside, true, TAP));
			assert_true(routed_show(&world, &inside, true, VIRBR0));
			assert_true(routed_show(&world, &outside, true, ETH0));
			inside.ip_id = outside.ip_id = 8;
		}
		outside.flags = inside.flags = VMP_TCP_SYN | VMP_TCP_ACK;
		assert_true(routed_show(&world, &outside, false, ETH0));
		assert_true(routed_show(&world, &inside, false, VIRBR0));
		assert_true(routed_show(&world, &inside, false, TAP));
		routed_finish(&world);
		assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).delivered, 2);
		assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).delivered, 1);
		routed_end(&world);
	}
}

/* More connections than there is room for: it is said, and those that are known stay so. */
static void too_many(void **state)
{
	struct routed world;

	(void)state;
	routed_start(&world);
	for (uint32_t i = 0; i < 20000; i++) {
		struct story syn = {.proto = 6, .guest_port = (uint16_t)(i % 60000 + 1), .outside_port = (uint16_t)(i % 60000 + 1), .peer_port = 443,
				    .ip_id = (uint16_t)i, .outside = OUTSIDE_IP, .seq = i, .flags = VMP_TCP_SYN};

		routed_show(&world, &syn, true, VIRBR0);
		routed_show(&world, &syn, true, ETH0);
		vmp_match_settle(world.match, world.now_ns);
		for (struct vmp_settled settled; vmp_match_next(world.match, &settled);)
			;
	}
	assert_true(vmp_match_is_overwhelmed(world.match));
	routed_end(&world);
}

/* Random stories: many connections with ports that are translated to others' former ones, losses at the router in both directions. */
static void random_stories(void **state)
{
	enum { STORIES = 40, CONNECTIONS = 60, PACKETS = 1500 };

	(void)state;
	for (unsigned int seed = 1; seed <= STORIES; seed++) {
		struct story connections[CONNECTIONS];
		uint64_t lost_out = 0, lost_in = 0, sent_out = 0, sent_in = 0;
		bool begun[CONNECTIONS] = {false};
		struct routed world;

		srandom(seed);
		routed_start(&world);
		for (int i = 0; i < CONNECTIONS; i++)
			connections[i] = (struct story){
				.proto = (uint8_t[]){1, 6, 17}[random() % 3], .guest_port = (uint16_t)(1000 + i),
				.outside_port = (uint16_t)(2000 + i * 7),
				.peer_port = (uint16_t)(random() % 2 ? 443 : 53), .ip_id = (uint16_t)random(), .outside = OUTSIDE_IP,
				.seq = (uint32_t)random()};
		for (int i = 0; i < PACKETS; i++) {
			int which = (int)(random() % CONNECTIONS);
			struct story *story = &connections[which];
			bool leaves = !begun[which] || random() % 2, lost = random() % 10 == 0;

			world.now_ns += (uint64_t)(random() % 3000) * 1000;
			story->ip_id++;
			story->seq += 20;
			if (leaves) {
				routed_out(&world, story, lost);
				lost_out += lost;
				sent_out++;
				begun[which] = begun[which] || !lost;
			} else {
				assert_true(routed_in(&world, story, lost));
				lost_in += lost;
				sent_in++;
			}
			vmp_match_settle(world.match, world.now_ns);
			for (struct vmp_settled settled; vmp_match_next(world.match, &settled);)
				;
		}
		routed_finish(&world);
		assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).offered, sent_out);
		assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).lost, lost_out);
		assert_int_equal(routed_segment(&world, VMP_FROM_GUEST, VIRBR0, ETH0).unsure, 0);
		assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).offered, sent_in);
		assert_int_equal(routed_segment(&world, VMP_TO_GUEST, ETH0, VIRBR0).lost, lost_in);
		assert_int_equal(routed_segment(&world, VMP_TO_GUEST, VIRBR0, TAP).lost, 0);
		routed_end(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masquerade), cmocka_unit_test(from_outside), cmocka_unit_test(port_given_anew), cmocka_unit_test(stays_here),
		cmocka_unit_test(dead_next_hop), cmocka_unit_test(known_already), cmocka_unit_test(told_before), cmocka_unit_test(told_is_kept),
		cmocka_unit_test(told_and_forgotten), cmocka_unit_test(told_and_given_anew), cmocka_unit_test(led_elsewhere),
		cmocka_unit_test(too_many), cmocka_unit_test(random_stories), cmocka_unit_test(silent_guest),
		cmocka_unit_test(others_questions), cmocka_unit_test(many_next_hops), cmocka_unit_test(strange_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
