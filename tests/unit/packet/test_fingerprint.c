/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One packet has one fingerprint at every hop, and another packet has another. */
#include "frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_fingerprint fingerprint_cut(const struct bytes *frame, size_t cap_len, size_t wire_len)
{
	struct vmp_packet packet;
	struct vmp_fingerprint fingerprint;

	look(frame, cap_len, wire_len, &packet, &fingerprint);
	return fingerprint;
}

static struct vmp_fingerprint fingerprint(const struct bytes *frame)
{
	return fingerprint_cut(frame, frame->len, frame->len);
}

static void assert_same_frames(const struct bytes *a, const struct bytes *b, const char *what)
{
	struct vmp_fingerprint fa = fingerprint(a), fb = fingerprint(b);

	if (!fa.usable || !fb.usable || !vmp_fingerprint_equal(&fa, &fb))
		fail_msg("%s tells one packet from itself", what);
}

static void assert_other_frames(const struct bytes *a, const struct bytes *b, const char *what)
{
	struct vmp_fingerprint fa = fingerprint(a), fb = fingerprint(b);

	if (!fa.usable || !fb.usable || vmp_fingerprint_equal(&fa, &fb))
		fail_msg("%s does not tell two packets apart", what);
}

static void assert_same(const struct spec *a, const struct spec *b, const char *what)
{
	struct bytes fa = frame_of(a), fb = frame_of(b);

	assert_same_frames(&fa, &fb, what);
}

static void assert_other(const struct spec *a, const struct spec *b, const char *what)
{
	struct bytes fa = frame_of(a), fb = frame_of(b);

	assert_other_frames(&fa, &fb, what);
}

static const uint8_t mss_first[8] = {2, 4, 5, 0xb4, 1, 3, 3, 7}, mss_clamped[8] = {2, 4, 5, 0x78, 1, 3, 3, 7};
static const uint8_t mss_last[8] = {1, 3, 3, 7, 2, 4, 5, 0xb4}, mss_last_clamped[8] = {1, 3, 3, 7, 2, 4, 4, 0};
static const uint8_t other_scale[8] = {2, 4, 5, 0xb4, 1, 3, 3, 8};

static struct bytes echo(uint16_t sum, uint16_t seq)
{
	return icmp(8, 0, sum, 1, seq, "0123456789", 10);
}

/* Make the spec of each transport over each IP version. Returns false past the last. */
static bool transport(size_t index, uint16_t sum, struct spec *ret_spec)
{
	struct spec spec = {.ip = index % 2 ? 6 : 4};

	switch (index / 2) {
	case 0: spec.proto = 6; spec.l4 = tcp(VMP_TCP_ACK, 1000, sum, mss_first, 8, 200); break;
	case 1: spec.proto = 17; spec.l4 = udp(53, 5353, sum, "an answer", 9); break;
	case 2: spec.proto = index % 2 ? 58 : 1; spec.l4 = echo(sum, 5); break;
	case 3: spec.proto = 136; spec.l4 = udp(1, 2, sum, "UDP-Lite", 8); break;
	case 4: spec.proto = 132; spec.l4 = icmp(0, 7, 0, 1, 2, "\0\0\0\0 an SCTP chunk", 18);
		memcpy(spec.l4.b + 8, &sum, 2); break;
	default: return false;
	}
	*ret_spec = spec;
	return true;
}

static void forwarding_keeps_it(void **state)
{
	struct spec here, there;

	(void)state;
	for (size_t i = 0; transport(i, 0x1234, &here); i++) {
		there = here;
		there.tags = 1;
		assert_same(&here, &there, "a tag");
		there.tags = 2;
		there.tpid = 0x88a8;
		assert_same(&here, &there, "two tags");
		there = here;
		there.ttl = 63;
		there.ip_sum = 0x4321;
		assert_same(&here, &there, "a router");
		there = here;
		there.mac = 9;
		assert_same(&here, &there, "another MAC");
		there = here;
		there.tos = 0xb8 | 3;
		assert_same(&here, &there, "a DSCP mark");
		there = here;
		there.pad = 20;
		there.pad_byte = 0x5a;
		assert_same(&here, &there, "padding");
		transport(i, 0x9999, &there);
		assert_same(&here, &there, "a checksum that was partial");
	}
}

static void tells_ip_packets_apart(void **state)
{
	struct spec here, there;

	(void)state;
	for (size_t i = 0; transport(i, 0x1234, &here); i++) {
		if (here.ip == 6) {
			here.has_fragment = true;
			here.fragment = 1;
		}
		there = here;
		there.id = 1;
		assert_other(&here, &there, "the IP id");
		there = here;
		there.fragment = here.ip == 6 ? 8 : 0x2000;
		assert_other(&here, &there, "the fragment field");
		there = here;
		there.proto = 200;
		assert_other(&here, &there, "the protocol");
		there = here;
		add8(&there.l4, 0);
		assert_other(&here, &there, "the length");
	}
}

static void tells_addresses_apart(void **state)
{
	struct spec spec;

	(void)state;
	for (size_t i = 0; transport(i, 1, &spec); i++) {
		struct bytes here = frame_of(&spec);
		size_t first = spec.ip == 6 ? 22 : 26, last = spec.ip == 6 ? 54 : 34;

		for (size_t at = first; at < last; at++) {
			struct bytes there = here;

			there.b[at] ^= 0x10;
			assert_other_frames(&here, &there, "an address");
		}
	}
}

static void tells_flow_labels_apart(void **state)
{
	struct spec spec = {.ip = 6, .proto = 17, .l4 = udp(1, 2, 3, "x", 1)};
	struct bytes here = frame_of(&spec), there = here;

	(void)state;
	there.b[17] ^= 1;
	assert_other_frames(&here, &there, "the flow label");
}

/* Each bit of a transport header but the checksum's, and of the first bytes of payload. */
static void each_transport_bit_counts(void **state)
{
	struct spec spec;

	(void)state;
	for (size_t i = 0; transport(i, 0x1234, &spec); i++) {
		struct bytes here = frame_of(&spec);
		size_t start = spec.ip == 6 ? 54 : 34;
		bool like_udp = spec.proto == 17 || spec.proto == 136;
		size_t sum = spec.proto == 6 ? 16 : like_udp ? 6 : spec.proto == 132 ? 8 : 2;
		size_t sum_len = spec.proto == 132 ? 4 : 2;
		size_t covered = spec.proto == 6 ? 28 + VMP_FINGERPRINT_PAYLOAD : spec.l4.len;

		for (size_t at = 0; at < spec.l4.len; at++) {
			struct bytes there = here;
			struct vmp_fingerprint a = fingerprint(&here), b;
			bool counts = at < covered && (at < sum || at >= sum + sum_len);

			there.b[start + at] ^= 0x01;
			b = fingerprint(&there);
			if (!b.usable || vmp_fingerprint_equal(&a, &b) == counts)
				fail_msg("IPv%d protocol %u: byte %zu %s", spec.ip, spec.proto, at,
					 counts ? "does not count" : "counts");
		}
	}
}

/* In a later fragment there is no transport header: where a checksum would stand is payload. */
static void each_byte_of_a_later_fragment_counts(void **state)
{
	struct spec spec;

	(void)state;
	for (size_t i = 0; transport(i, 0x1234, &spec); i++) {
		struct bytes here, there;

		spec.has_fragment = spec.ip == 6;
		spec.fragment = spec.ip == 6 ? 800 : 100;
		here = frame_of(&spec);
		for (size_t at = spec.ip == 6 ? 62 : 34; at < here.len && at < (spec.ip == 6 ? 62U : 34U) + 64; at++) {
			there = here;
			there.b[at] ^= 1;
			assert_other_frames(&here, &there, "a byte of a fragment");
		}
	}
}

static void a_clamped_mss_is_the_same_syn(void **state)
{
	struct spec here = {.proto = 6}, there = {.proto = 6};

	(void)state;
	here.l4 = tcp(VMP_TCP_SYN, 1, 2, mss_first, 8, 0);
	there.l4 = tcp(VMP_TCP_SYN, 1, 2, mss_clamped, 8, 0);
	assert_same(&here, &there, "a clamped MSS");
	there.l4 = tcp(VMP_TCP_SYN, 1, 2, other_scale, 8, 0);
	assert_other(&here, &there, "the window scale");
	here.l4 = tcp(VMP_TCP_SYN, 1, 2, mss_last, 8, 0);
	there.l4 = tcp(VMP_TCP_SYN, 1, 2, mss_last_clamped, 8, 0);
	assert_same(&here, &there, "a clamped MSS at the end");
}

/* tunnel: VXLAN on 4789 or 8472, GENEVE, GRE, IP in IP; around a TCP segment with this checksum. */
static struct spec tunnelled(int tunnel, uint16_t sum, uint32_t seq)
{
	struct spec inner = {.proto = 6, .tags = tunnel == 1, .l4 = tcp(VMP_TCP_ACK, seq, sum, NULL, 0, 100)};
	struct spec outer = {.proto = 17};
	struct bytes frame = frame_of(&inner), payload = {.len = 0};

	switch (tunnel) {
	case 0:
	case 1:
		add32(&payload, 0x08000000);
		add32(&payload, 0x00001200);
		add(&payload, frame.b, frame.len);
		outer.l4 = udp(50000, tunnel ? 8472 : 4789, sum, payload.b, payload.len);
		break;
	case 2:
		add32(&payload, 0x01006558);
		add32(&payload, 0x00001200);
		add32(&payload, 0x01020300);
		add(&payload, frame.b, frame.len);
		outer.l4 = udp(50000, 6081, sum, payload.b, payload.len);
		break;
	case 3:
		outer.proto = 47;
		add32(&payload, 0xa0000800);
		add16(&payload, sum);
		add16(&payload, 0);
		add32(&payload, 99);
		add(&payload, frame.b + 14, frame.len - 14);
		outer.l4 = payload;
		break;
	default:
		outer.proto = 4;
		add(&payload, frame.b + 14, frame.len - 14);
		outer.l4 = payload;
	}
	return outer;
}

static void an_inner_checksum_may_come_late(void **state)
{
	(void)state;
	for (int tunnel = 0; tunnel < 5; tunnel++) {
		struct spec here = tunnelled(tunnel, 0x1111, 5), there = tunnelled(tunnel, 0x2222, 5);
		struct spec other = tunnelled(tunnel, 0x1111, 6);

		assert_same(&here, &there, "the checksum inside a tunnel");
		assert_other(&here, &other, "the sequence number inside a tunnel");
	}
}

static void arp_is_told_by_its_fields(void **state)
{
	struct bytes here = arp(1, 0), there = arp(1, 18);

	(void)state;
	assert_same_frames(&here, &there, "padded ARP");
	there.b[5] ^= 1;
	assert_same_frames(&here, &there, "ARP to another MAC");
	for (size_t at = 20; at < 42; at++) {
		there = here;
		there.b[at] ^= 2;
		assert_other_frames(&here, &there, "ARP's op and addresses");
	}
}

static void other_frames_are_told_by_their_bytes(void **state)
{
	struct bytes here = ethernet(0x88b5), there, tagged = {.len = 0};

	(void)state;
	add_count(&here, 30, 1);
	there = here;
	for (int i = 0; i < 16; i++)
		add8(&there, 0);
	assert_same_frames(&here, &there, "a padded frame");
	add(&tagged, here.b, 12);
	add32(&tagged, 0x81000007);
	add(&tagged, here.b + 12, here.len - 12);
	assert_same_frames(&here, &tagged, "a tagged frame");
	there = here;
	there.b[20] ^= 1;
	assert_other_frames(&here, &there, "its content");
	there = here;
	there.b[13] ^= 1;
	assert_other_frames(&here, &there, "its ethertype");
	add_count(&here, 400, 0);
	there = here;
	add8(&there, 0);
	assert_other_frames(&here, &there, "its length");
}

static void a_bpdu_ends_where_it_says(void **state)
{
	struct bytes here = ethernet(38), there;

	(void)state;
	add32(&here, 0x42420300);
	add_count(&here, 34, 1);
	there = here;
	add_count(&there, 8, 0x77);
	assert_same_frames(&here, &there, "a padded BPDU");
}

/* Whatever was captured: a fingerprint that is called usable is that of the whole packet. */
static void a_short_capture_is_the_same_or_unusable(void **state)
{
	struct bytes frame;
	const char *name;

	(void)state;
	for (size_t i = 0; corpus(i, &frame, &name); i++) {
		struct vmp_fingerprint whole = fingerprint(&frame);
		bool was_usable = false;

		for (size_t cap = 0; cap < frame.len; cap++) {
			struct vmp_fingerprint cut = fingerprint_cut(&frame, cap, frame.len);

			if (cut.usable && !vmp_fingerprint_equal(&cut, &whole))
				fail_msg("%s cut to %zu passes for another packet", name, cap);
			if (was_usable && !cut.usable)
				fail_msg("%s cut to %zu is worse than cut shorter", name, cap);
			was_usable = cut.usable;
		}
		if (was_usable && !whole.usable)
			fail_msg("%s is worse whole", name);
		if (i < HEALTHY && !whole.usable)
			fail_msg("%s is unusable whole", name);
	}
}

/* The same for packets whose length stands where a short capture may not reach, or nowhere. */
static void a_short_capture_of_a_jumbogram_is_unusable(void **state)
{
	struct spec spec = {.ip = 6, .lie = true, .options_len = 16, .first_header = 0,
			    .options = {6, 1, 1, 6, [10] = 0xc2, 4, 0, 2, 0, 0}, .l4 = tcp(16, 1, 2, NULL, 0, 100)};
	struct bytes frame = frame_of(&spec);
	struct vmp_fingerprint whole = fingerprint_cut(&frame, frame.len, 54 + 0x20000);

	(void)state;
	assert_true(whole.usable);
	for (size_t cap = 0; cap < frame.len; cap++) {
		struct vmp_fingerprint cut;
		struct vmp_packet packet;

		look(&frame, cap, 54 + 0x20000, &packet, &cut);
		assert_int_equal(cut.usable, cap >= 54 + 16 + 20 + 64);
		assert_false(packet.flags & VMP_PKT_MALFORMED);
	}
}

/* A total length of 0 in a frame that may be padded says nothing, so the padding must not count. */
static void a_short_frame_is_no_big_tcp(void **state)
{
	struct spec spec = {.proto = 6, .lie = true, .length = 0, .l4 = tcp(16, 1, 2, NULL, 0, 0)};
	struct bytes here = frame_of(&spec), there;

	(void)state;
	spec.pad = 6;
	there = frame_of(&spec);
	assert_same_frames(&here, &there, "padding of a short frame");
}

static void needs_header_and_payload(void **state)
{
	struct spec spec = {.proto = 6, .l4 = tcp(VMP_TCP_ACK, 1, 2, mss_first, 8, 200)};
	struct bytes frame = frame_of(&spec);
	size_t need = 14 + 20 + 28 + VMP_FINGERPRINT_PAYLOAD;

	(void)state;
	assert_true(fingerprint_cut(&frame, need, frame.len).usable);
	assert_false(fingerprint_cut(&frame, need - 1, frame.len).usable);
	spec.tags = 1;
	frame = frame_of(&spec);
	assert_true(fingerprint_cut(&frame, need + 4, frame.len).usable);
	assert_false(fingerprint_cut(&frame, need + 3, frame.len).usable);
}

/* GSO: a record of 64 KiB of which a snapshot was taken; and the length counts, for the segments are other packets. */
static void a_big_packet_needs_no_more_than_its_start(void **state)
{
	struct spec spec = {.proto = 6, .lie = true, .length = 65000, .l4 = tcp(VMP_TCP_ACK, 1, 2, NULL, 0, 300)};
	struct bytes frame = frame_of(&spec);
	struct vmp_fingerprint big = fingerprint_cut(&frame, 256, 65014), small;

	(void)state;
	assert_true(big.usable);
	spec.length = 0;
	frame = frame_of(&spec);
	small = fingerprint_cut(&frame, 256, 70000);
	assert_true(small.usable);
	assert_false(vmp_fingerprint_equal(&big, &small));
	big = fingerprint_cut(&frame, 256, 70001);
	assert_false(vmp_fingerprint_equal(&big, &small));
}

static void tags_without_end_are_unusable(void **state)
{
	struct spec spec = {.tags = 9, .proto = 17, .l4 = udp(1, 2, 3, "x", 1)};
	struct bytes frame = frame_of(&spec);

	(void)state;
	assert_false(fingerprint(&frame).usable);
	spec.tags = 8;
	frame = frame_of(&spec);
	assert_true(fingerprint(&frame).usable);
}

static void another_key_is_another_fingerprint(void **state)
{
	static const struct vmp_hash_key short_keys[2] = {{{1, 2}}, {{1, 3}}};
	struct vmp_digest_key keys[2];
	struct bytes bytes = arp(1, 0);
	struct vmp_frame frame = {.wire_len = 42, .cap_len = 42, .data = bytes.b};
	struct vmp_fingerprint a, b;
	struct vmp_packet packet;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		vmp_digest_key_make(&short_keys[i], &keys[i]);
	vmp_packet_decode(&frame, &packet);
	vmp_packet_fingerprint(&keys[0], &frame, &packet, &a);
	vmp_packet_fingerprint(&keys[1], &frame, &packet, &b);
	assert_false(vmp_fingerprint_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwarding_keeps_it),
		cmocka_unit_test(tells_ip_packets_apart),
		cmocka_unit_test(tells_addresses_apart),
		cmocka_unit_test(tells_flow_labels_apart),
		cmocka_unit_test(each_transport_bit_counts),
		cmocka_unit_test(each_byte_of_a_later_fragment_counts),
		cmocka_unit_test(a_clamped_mss_is_the_same_syn),
		cmocka_unit_test(an_inner_checksum_may_come_late),
		cmocka_unit_test(arp_is_told_by_its_fields),
		cmocka_unit_test(other_frames_are_told_by_their_bytes),
		cmocka_unit_test(a_bpdu_ends_where_it_says),
		cmocka_unit_test(a_short_capture_is_the_same_or_unusable),
		cmocka_unit_test(a_short_capture_of_a_jumbogram_is_unusable),
		cmocka_unit_test(a_short_frame_is_no_big_tcp),
		cmocka_unit_test(needs_header_and_payload),
		cmocka_unit_test(a_big_packet_needs_no_more_than_its_start),
		cmocka_unit_test(tags_without_end_are_unusable),
		cmocka_unit_test(another_key_is_another_fingerprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
