/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame inside a VXLAN packet is what it is outside. */
#include "frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PORT 4789U
#define VNI  0x00abcdU

static const struct vmp_hash_key short_key = {{1, 2}};

/* What carries the inner frame. */
struct outer {
	int ip;
	unsigned int tags;
	uint16_t port;
	uint8_t flags;          /* of the VXLAN header */
	uint16_t fragment;      /* the field, or that of IPv6's header */
	size_t first_bytes;     /* of a first fragment: so many of the UDP payload; 0: all */
};

static struct bytes wrap(const struct bytes *inner, const struct outer *outer)
{
	struct spec spec = {.ip = outer->ip, .tags = outer->tags, .proto = 17, .id = 77, .fragment = outer->fragment,
			    .has_fragment = outer->ip == 6 && outer->fragment};
	struct bytes payload = {.len = 0};

	add8(&payload, outer->flags);
	add(&payload, "\0\0\0", 3);
	add32(&payload, VNI << 8);
	add(&payload, inner->b, inner->len);
	spec.l4 = udp(50000, outer->port, 0, payload.b, payload.len);
	if (outer->first_bytes && spec.l4.len > outer->first_bytes + 8)
		spec.l4.len = outer->first_bytes + 8;
	return frame_of(&spec);
}

/* Decode and fingerprint a copy that ends where its memory ends. */
static bool look_inside(const struct bytes *frame, size_t cap_len, struct vmp_packet *ret_packet, struct vmp_fingerprint *ret_fingerprint)
{
	uint8_t *copy = malloc(cap_len + 1);
	struct vmp_frame one = {.wire_len = (uint32_t)frame->len, .cap_len = (uint32_t)cap_len, .data = copy + 1};
	struct vmp_digest_key key;
	bool found;

	vmp_digest_key_make(&short_key, &key);
	assert_non_null(copy);
	memcpy(copy + 1, frame->b, cap_len);
	found = vmp_packet_decode_vxlan(&one, PORT, ret_packet);
	vmp_packet_fingerprint(&key, &one, ret_packet, ret_fingerprint);
	free(copy);
	return found;
}

static const struct outer outers[] = {
	{.ip = 4, .port = PORT, .flags = 8},
	{.ip = 6, .port = PORT, .flags = 8},
	{.ip = 4, .port = PORT, .flags = 8, .tags = 1},
	{.ip = 6, .port = PORT, .flags = 0xff, .tags = 2},
};

static void same_inside(void **state)
{
	struct vmp_digest_key key;
	struct bytes inner;
	const char *name;

	(void)state;
	vmp_digest_key_make(&short_key, &key);
	for (size_t i = 0; i < HEALTHY && corpus(i, &inner, &name); i++) {
		struct vmp_packet plain, packet;
		struct vmp_frame bare = {.wire_len = (uint32_t)inner.len, .cap_len = (uint32_t)inner.len, .data = inner.b};
		struct vmp_fingerprint outside, inside;

		vmp_packet_decode(&bare, &plain);
		vmp_packet_fingerprint(&key, &bare, &plain, &outside);
		for (size_t k = 0; k < sizeof(outers) / sizeof(*outers); k++) {
			struct bytes frame = wrap(&inner, &outers[k]);
			uint32_t offset;

			assert_true(look_inside(&frame, frame.len, &packet, &inside));
			offset = packet.inner_offset;
			assert_int_equal(packet.vni, VNI);
			assert_int_equal(offset, frame.len - inner.len);
			assert_int_equal(packet.header_len, plain.header_len + offset);
			assert_int_equal(inside.usable, outside.usable);
			assert_true(!inside.usable || vmp_fingerprint_equal(&inside, &outside));
			/* But for where they are, the headers are the same. */
			packet.l3_offset -= offset;
			packet.l4_offset -= packet.l4_offset ? offset : 0;
			packet.header_len -= offset;
			packet.vni = packet.inner_offset = 0;
			assert_memory_equal(&packet, &plain, sizeof(plain));
		}
	}
}

/* However much of it was captured: another fingerprint is never usable, and no offset lies outside. */
static void cut(void **state)
{
	struct bytes inner;
	const char *name;

	(void)state;
	for (size_t i = 0; corpus(i, &inner, &name); i++) {
		struct vmp_packet packet;
		struct vmp_fingerprint whole, part;
		struct bytes frame;

		if (inner.len + 200 > FRAME_MAX)
			continue;
		frame = wrap(&inner, &outers[i % 4]);
		look_inside(&frame, frame.len, &packet, &whole);
		for (size_t len = 0; len < frame.len; len += len < 300 ? 1 : 13) {
			bool found = look_inside(&frame, len, &packet, &part);

			assert_true(packet.header_len <= len && packet.l3_offset <= len && packet.l4_offset <= len && packet.inner_offset <= len);
			if (found && part.usable)
				assert_true(vmp_fingerprint_equal(&whole, &part));
		}
	}
}

static void no_tunnel(void **state)
{
	static const struct outer others[] = {
		{.ip = 4, .port = PORT + 1, .flags = 8}, {.ip = 4, .port = PORT, .flags = 0}, {.ip = 6, .port = PORT, .flags = 0xf7},
		{.ip = 4, .port = PORT, .flags = 8, .fragment = 185}, {.ip = 6, .port = PORT, .flags = 8, .fragment = 1448},
	};
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;
	struct bytes inner, frame;
	const char *name;

	(void)state;
	assert_true(corpus(0, &inner, &name));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		frame = wrap(&inner, &others[i]);
		assert_false(look_inside(&frame, frame.len, &packet, &fingerprint));
		assert_int_equal(packet.flags & VMP_PKT_ETH, 0);
	}
	assert_false(look_inside(&inner, inner.len, &packet, &fingerprint));
}

/* The headers of a packet that came in fragments are in the first one, and so is what identifies it. */
static void first_fragment(void **state)
{
	static const struct outer whole = {.ip = 4, .port = PORT, .flags = 8};
	static const struct outer first = {.ip = 4, .port = PORT, .flags = 8, .fragment = 0x2000, .first_bytes = 600};
	struct spec spec = {.proto = 17, .id = 5};
	struct vmp_fingerprint known, found;
	struct vmp_packet packet;
	struct bytes inner, frame;
	uint8_t payload[1000] = {1, 2, 3};

	(void)state;
	spec.l4 = udp(1, 2, 0, payload, sizeof(payload));
	inner = frame_of(&spec);
	frame = wrap(&inner, &whole);
	assert_true(look_inside(&frame, frame.len, &packet, &known));
	assert_true(known.usable);
	frame = wrap(&inner, &first);
	assert_true(frame.len < inner.len);
	assert_true(look_inside(&frame, frame.len, &packet, &found));
	assert_true(packet.flags & VMP_PKT_OUTER_FRAGMENT);
	assert_false(packet.flags & (VMP_PKT_MALFORMED | VMP_PKT_FRAGMENT));
	assert_true(found.usable && vmp_fingerprint_equal(&known, &found));
	assert_int_equal(packet.payload_len, sizeof(payload));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_inside),
		cmocka_unit_test(cut),
		cmocka_unit_test(no_tunnel),
		cmocka_unit_test(first_fragment),
	};

	return cmocka_run_group_tests_name("packet: tunnel", tests, NULL, NULL);
}
