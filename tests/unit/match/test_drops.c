/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says it dropped explains the very packets that were lost, and nothing else. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define START (100 * SEC)

enum { LATER = 2 };

struct scene {
	struct world world;
	struct vmp_run run;
	uint64_t now;
};

static void begin(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	world_init(&scene->world, 0);
	world_start(&scene->world, NULL);
	scene->now = START;
}

static void end(struct scene *scene)
{
	world_clear_run(&scene->run);
	world_end(&scene->world);
}

/* The number of a kind of drop at the device of a hop; hop -1: one that is not on the path. */
static unsigned int kind_at(struct scene *scene, const char *reason, const char *caller, int hop, enum vmp_drop_place place)
{
	const struct vmp_hop *at = hop >= 0 ? &scene->world.path.hops.v[hop] : NULL;
	struct vmp_drop drop = {.reason = reason, .symbol = "nft_do_chain", .caller = caller, .device = at ? at->name : "ifb0",
				.ifindex = at ? at->ifindex : 99};

	return vmp_drops_kind(&scene->run.drops, &drop, place, vmp_match_is_copy(&drop, place, false));
}

/* wire: bytes of which the kernel told the first only; usable: enough for the fingerprint. */
static void drop(struct scene *scene, const struct vmp_packet *packet, unsigned int number, uint64_t ts_ns, bool usable)
{
	struct vmp_frame frame = {.ts_ns = ts_ns, .wire_len = packet->ip_len + 14};
	struct vmp_fingerprint fingerprint = fingerprint_of(packet);

	fingerprint.usable = usable;
	if (!usable)
		fingerprint.id.h[0] ^= 1;
	vmp_match_dropped(scene->world.match, &frame, packet, &fingerprint, &scene->run.drops.kinds.v[number - 1], number);
}

static struct vmp_segment report(struct scene *scene, enum vmp_direction direction, int from, int to)
{
	struct vmp_drops drops = scene->run.drops;

	memset(&scene->run.drops, 0, sizeof(scene->run.drops));
	memset(&scene->run, 0, sizeof(scene->run));
	scene->run.drops = drops;
	vmp_match_settle_all(scene->world.match, scene->now + 5 * SEC);
	assert_int_equal(vmp_match_report(scene->world.match, &scene->run), 0);
	return segment_of(&scene->run, direction, from, to);
}

static void to_guest(struct scene *scene, const struct vmp_packet *packet)
{
	assert_int_equal(see(&scene->world, ETH0, VMP_DEV_IN, scene->now, packet), 0);
}

static uint64_t explained(const struct vmp_segment *segment)
{
	uint64_t n = 0;

	vmp_vec_foreach (cause, &segment->causes)
		n += cause->packets;
	return n;
}

static void the_very_packet(void **state)
{
	struct vmp_segment segment;
	struct scene scene;
	unsigned int kind;

	(void)state;
	begin(&scene);
	kind = kind_at(&scene, "NETFILTER_DROP", "__br_forward", TAP, VMP_DROP_ON_PATH);
	for (uint16_t i = 0; i < 100; i++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, i);

		to_guest(&scene, &packet);
		if (i % 10 == 0) /* with and without its payload */
			drop(&scene, &packet, kind, scene.now + 10 * US, i % 20 == 0);
		else if (i % 10 != 1) /* one in ten vanishes without a word */
			see(&scene.world, TAP, VMP_DEV_OUT, scene.now + 10 * US, &packet);
		scene.now += MS;
	}
	segment = report(&scene, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.lost, 20);
	assert_int_equal(segment.causes.n, 1);
	assert_int_equal(segment.causes.v[0].packets, 10);
	assert_string_equal(segment.causes.v[0].reason, "NETFILTER_DROP");
	assert_string_equal(segment.causes.v[0].caller, "__br_forward");
	assert_string_equal(segment.causes.v[0].device, "tap0");
	assert_int_equal(segment.causes.v[0].packet_id, 1);
	end(&scene);
}

/* Equal packets: each drop explains one. A drop of something delivered explains nothing. */
static void each_once(void **state)
{
	struct vmp_packet same = udp(&mac_gateway, &mac_guest, 7), fine = udp(&mac_gateway, &mac_guest, 8);
	struct vmp_segment segment;
	struct scene scene;
	unsigned int kind;

	(void)state;
	begin(&scene);
	kind = kind_at(&scene, "QDISC_DROP", "__dev_queue_xmit", TAP, VMP_DROP_ON_PATH);
	for (int i = 0; i < 5; i++) {
		to_guest(&scene, &same);
		if (i < 3)
			drop(&scene, &same, kind, scene.now, true);
		scene.now += MS;
	}
	to_guest(&scene, &fine);
	see(&scene.world, TAP, VMP_DEV_OUT, scene.now + US, &fine);
	drop(&scene, &fine, kind, scene.now + US, true);
	segment = report(&scene, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.lost, 5);
	assert_int_equal(explained(&segment), 3);
	end(&scene);
}

static const struct place_case {
	const char *what, *reason, *caller;
	int hop;                /* -1: a device of nobody */
	enum vmp_drop_place place;
	bool group;
	uint64_t after_ns;
	bool before;
	uint64_t explained;
} place_cases[] = {
	{"at the tap", "X", "__br_forward", TAP, VMP_DROP_ON_PATH, false, US, false, 1},
	{"at an ifb", "QDISC_DROP", "tcf_mirred_to_dev", -1, VMP_DROP_BESIDE, false, US, false, 1},
	{"its copy at another port", "X", "__br_forward", PEER, VMP_DROP_OTHER_PORT, false, US, false, 0},
	{"by the bridge's own device", "OTHERHOST", "ip_rcv", BR0, VMP_DROP_BRIDGE, false, US, false, 1},
	{"a broadcast at the tap", "X", "__br_forward", TAP, VMP_DROP_ON_PATH, true, US, false, 1},
	{"the host's copy of a broadcast", "X", "ip_rcv", BR0, VMP_DROP_BRIDGE, true, US, false, 0},
	{"a broadcast before it is copied", "X", "br_nf_pre_routing", BR0, VMP_DROP_BRIDGE, true, US, false, 1},
	{"a broadcast at a device of nobody", "X", "", -1, VMP_DROP_BESIDE, true, US, false, 0},
	{"a capture's copy", "PACKET_SOCK_ERROR", "tpacket_rcv", ETH0, VMP_DROP_ON_PATH, false, US, false, 0},
	{"a socket's queue", "QUEUE_PURGE", "packet_release", ETH0, VMP_DROP_ON_PATH, false, US, false, 0},
	{"long before it was seen", "X", "", TAP, VMP_DROP_ON_PATH, false, 100 * MS, true, 0},
	{"long after it was given up", "X", "", TAP, VMP_DROP_ON_PATH, false, 1500 * MS, false, 0},
};

static void where_and_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(place_cases) / sizeof(*place_cases); i++) {
		const struct place_case *one = &place_cases[i];
		struct vmp_packet packet = one->group ? arp_request(&mac_gateway, ip4(0, 254), ip4(0, 1)) : udp(&mac_gateway, &mac_guest, 3);
		struct vmp_packet said = arp_request(&mac_guest, ip4(0, 1), ip4(0, 254));
		struct vmp_segment segment;
		struct scene scene;
		unsigned int kind;

		begin(&scene);
		kind = kind_at(&scene, one->reason, one->caller, one->hop, one->place);
		/* so that it is known whose address it is */
		see(&scene.world, TAP, VMP_DEV_IN, scene.now - 3 * MS, &said);
		to_guest(&scene, &packet);
		drop(&scene, &packet, kind, one->before ? scene.now - one->after_ns : scene.now + one->after_ns, true);
		segment = report(&scene, VMP_TO_GUEST, ETH0, TAP);
		print_message("# %s\n", one->what);
		assert_int_equal(segment.lost, 1);
		assert_int_equal(explained(&segment), one->explained);
		end(&scene);
	}
}

/* A large TCP packet of which the kernel dropped pieces, and a retransmission, which is another packet. */
static void tcp_bytes(void **state)
{
	struct vmp_packet whole = tcp(&mac_guest, &mac_gateway, 100, 1000, 14000, VMP_TCP_ACK);
	struct vmp_packet piece = tcp(&mac_guest, &mac_gateway, 105, 1000 + 5 * 1400, 1400, VMP_TCP_ACK);
	struct vmp_packet again = tcp(&mac_guest, &mac_gateway, 300, 1000, 14000, VMP_TCP_ACK);
	struct vmp_packet beyond = tcp(&mac_guest, &mac_gateway, 111, 1000 + 14000, 1400, VMP_TCP_ACK);
	const struct {
		const struct vmp_packet *dropped;
		uint64_t explained;
	} tries[] = {{&whole, 1}, {&piece, 1}, {&again, 0}, {&beyond, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		struct vmp_segment segment;
		struct scene scene;
		unsigned int kind;

		begin(&scene);
		kind = kind_at(&scene, "QDISC_DROP", "__dev_queue_xmit", ETH0, VMP_DROP_ON_PATH);
		see(&scene.world, TAP, VMP_DEV_IN, scene.now, &whole);
		drop(&scene, tries[i].dropped, kind, scene.now + US, false);
		segment = report(&scene, VMP_FROM_GUEST, TAP, ETH0);
		assert_int_equal(segment.lost, 1);
		assert_int_equal(explained(&segment), tries[i].explained);
		end(&scene);
	}
}

/* What a guest sends to another one is dropped at that one's port. */
static void at_the_peers_port(void **state)
{
	struct vmp_packet packet = udp(&mac_guest, &mac_peer, 3);
	struct vmp_segment segment;
	struct scene scene;
	unsigned int kind;

	(void)state;
	begin(&scene);
	kind = kind_at(&scene, "NETFILTER_DROP", "__br_forward", PEER, VMP_DROP_OTHER_PORT);
	see(&scene.world, TAP, VMP_DEV_IN, scene.now, &packet);
	drop(&scene, &packet, kind, scene.now + US, true);
	segment = report(&scene, VMP_FROM_GUEST, TAP, PEER);
	assert_int_equal(segment.lost, 1);
	assert_int_equal(explained(&segment), 1);
	end(&scene);
}

/* What turns up late after all was not lost, so nothing explains it. And who judges again is told by number. */
static void taken_back_and_again(void **state)
{
	struct vmp_packet packet = udp(&mac_gateway, &mac_guest, 3), other = udp(&mac_gateway, &mac_guest, 4);
	struct vmp_segment segment;
	struct scene scene;
	unsigned int kind;

	(void)state;
	begin(&scene);
	kind = kind_at(&scene, "X", "", TAP, VMP_DROP_ON_PATH);
	to_guest(&scene, &packet);
	drop(&scene, &packet, kind, scene.now + US, true);
	vmp_match_settle(scene.world.match, scene.now + 1100 * MS);
	see(&scene.world, TAP, VMP_DEV_OUT, scene.now + 1200 * MS, &packet);
	scene.now += LATER * SEC;
	vmp_match_explain(scene.world.match, kind);
	to_guest(&scene, &other);
	segment = report(&scene, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.lost, 1);
	assert_int_equal(explained(&segment), 1);
	assert_int_equal(segment.causes.v[0].packet_id, 2);
	end(&scene);
}

/* More drops than are remembered: the newest are. */
static void many(void **state)
{
	struct vmp_segment segment;
	struct scene scene;
	unsigned int kind;

	(void)state;
	begin(&scene);
	kind = kind_at(&scene, "X", "", TAP, VMP_DROP_ON_PATH);
	for (unsigned int i = 0; i < 40000; i++) {
		struct vmp_packet packet = udp(&mac_gateway, &mac_guest, (uint16_t)i);

		packet.sport = (uint16_t)(i >> 16);
		to_guest(&scene, &packet);
		drop(&scene, &packet, kind, scene.now, true);
		scene.now += 10 * US;
	}
	segment = report(&scene, VMP_TO_GUEST, ETH0, TAP);
	assert_int_equal(segment.lost, 40000);
	assert_true(explained(&segment) >= 1 << 14);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_very_packet),
		cmocka_unit_test(each_once),
		cmocka_unit_test(where_and_when),
		cmocka_unit_test(tcp_bytes),
		cmocka_unit_test(at_the_peers_port),
		cmocka_unit_test(taken_back_and_again),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests_name("drops", tests, NULL, NULL);
}
