/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an ICMP error quotes says whose packet it is about, and translation of that packet does not make another error of it. */
#include "frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ETHERNET = 14, IP4_SRC = ETHERNET + 12, IP4_DST = ETHERNET + 16, QUOTED4 = ETHERNET + 20 + 8, QUOTED6 = ETHERNET + 40 + 8 };

/* One kind of quoted packet. */
struct quoted {
	int ip;
	uint8_t proto;
	uint8_t type;           /* of the error */
	bool echo;
	size_t len;             /* bytes quoted, 0: all */
	size_t options_len;     /* of the quoted IPv4 header */
};

static const struct quoted kinds[] = {
	{4, 17, 3, false, 0, 0}, {4, 6, 3, false, 0, 0},  {4, 6, 11, false, 28, 0},   {4, 17, 12, false, 0, 8},  {4, 1, 3, true, 0, 0},
	{4, 17, 4, false, 28, 0}, {6, 17, 1, false, 0, 0}, {6, 6, 2, false, 0, 0},    {6, 58, 3, true, 0, 0},    {4, 17, 3, false, 0, 40},
};

static struct bytes error_about(const struct quoted *kind, uint16_t sum)
{
	struct spec inner = {.ip = kind->ip, .proto = kind->proto, .id = 0x4321, .ip_sum = sum, .options_len = kind->options_len};
	struct spec outer = {.ip = kind->ip, .proto = kind->ip == 6 ? 58 : 1, .id = 7};
	struct bytes quoted;

	memset(inner.options, 1, sizeof(inner.options));
	if (kind->proto == 17)
		inner.l4 = udp(4000, 53, sum, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
	else if (kind->proto == 6)
		inner.l4 = tcp(VMP_TCP_ACK, 1000, sum, NULL, 0, 20);
	else
		inner.l4 = icmp(kind->ip == 6 ? 128 : 8, 0, sum, 77, 3, "0123456789abcdef", 16);
	quoted = frame_of(&inner);
	outer.l4 = icmp(kind->type, kind->ip == 6 ? 0 : 4, sum, 0, 1400, quoted.b + ETHERNET, kind->len ? kind->len : quoted.len - ETHERNET);
	return frame_of(&outer);
}

static struct vmp_packet decode(const struct bytes *frame)
{
	struct vmp_packet packet;
	struct vmp_fingerprint fingerprint;

	look(frame, frame->len, frame->len, &packet, &fingerprint);
	return packet;
}

static void reads_whose_packet_it_is_about(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct bytes frame = error_about(&kinds[i], 1);
		struct vmp_packet packet = decode(&frame);

		if (!(packet.flags & VMP_PKT_QUOTED_ENDS))
			fail_msg("kind %zu: nothing is read of the quoted packet", i);
		assert_int_equal(packet.quote.proto, kinds[i].proto);
		assert_int_equal(packet.quote.src.family, kinds[i].ip);
		assert_int_equal(packet.quote.dst.family, kinds[i].ip);
		/* The quoted packet went between the same two hosts of frames.c as the error does there. */
		assert_true(vmp_ip_equal(&packet.quote.src, &packet.src) && vmp_ip_equal(&packet.quote.dst, &packet.dst));
		assert_int_equal(packet.quote.sport, kinds[i].echo ? 77 : kinds[i].proto == 6 ? packet.quote.sport : 4000);
		if (kinds[i].proto == 17)
			assert_int_equal(packet.quote.dport, 53);
		/* Evidence is cut there, and must be read again. */
		for (size_t cap = 0; cap <= frame.len; cap++) {
			struct vmp_fingerprint ignored;

			look(&frame, cap, frame.len, &packet, &ignored);
			assert_int_equal((packet.flags & VMP_PKT_QUOTED_ENDS) != 0, cap >= decode(&frame).header_len);
		}
	}
}

/* Messages that quote nothing, and packets without ports in their place. */
static void reads_nothing_else(void **state)
{
	struct bytes frame = error_about(&kinds[0], 1), changed;
	static const uint8_t others[] = {0, 1, 2, 5, 6, 8, 9, 10, 13, 14, 40, 128, 255};

	(void)state;
	for (size_t i = 0; i < sizeof(others); i++) {
		changed = frame;
		changed.b[QUOTED4 - 8] = others[i];
		assert_false(decode(&changed).flags & VMP_PKT_QUOTED_ENDS);
	}
	changed = frame;
	changed.b[QUOTED4] = 0x65;
	assert_false(decode(&changed).flags & VMP_PKT_QUOTED_ENDS);
	changed = frame;
	changed.b[QUOTED4] = 0x44;
	assert_false(decode(&changed).flags & VMP_PKT_QUOTED_ENDS);
	changed = frame;
	changed.b[QUOTED4 + 7] = 1; /* a later fragment */
	assert_false(decode(&changed).flags & VMP_PKT_QUOTED_ENDS);
	changed = frame;
	changed.b[QUOTED4 + 6] = 0x20; /* a first one */
	assert_true(decode(&changed).flags & VMP_PKT_QUOTED_ENDS);
	changed = frame;
	changed.b[QUOTED4 + 9] = 47;
	assert_false(decode(&changed).flags & VMP_PKT_QUOTED_ENDS);
	/* ICMP about something else than an echo, as an error about an error would be */
	frame = error_about(&kinds[4], 1);
	frame.b[QUOTED4 + 20] = 3;
	assert_false(decode(&frame).flags & VMP_PKT_QUOTED_ENDS);
}

/* Translated: other addresses, ports and checksums, in the quoted packet too. */
static struct bytes translated(const struct quoted *kind, struct vmp_packet *ret_inside)
{
	struct bytes inside = error_about(kind, 0x1111), outside = error_about(kind, 0x2222);
	size_t quoted = kind->ip == 6 ? QUOTED6 : QUOTED4, addresses = kind->ip == 6 ? 8 : 12, len = kind->ip == 6 ? 16 : 4;
	size_t transport = kind->ip == 6 ? 40 : 20 + kind->options_len;

	*ret_inside = decode(&inside);
	outside.b[ETHERNET + addresses + 2 * len - 1] ^= 0x55;            /* who gets the error is who sent the packet */
	outside.b[quoted + addresses + len - 1] ^= 0x55;
	outside.b[quoted + addresses + 2 * len - 1] ^= 0x0f;
	outside.b[quoted + transport + (kind->echo ? 4 : 0)] ^= 0x21;
	if (!kind->echo)
		outside.b[quoted + transport + 3] ^= 0x42;
	return outside;
}

static struct vmp_fingerprint fingerprint_of(const struct bytes *frame, const struct vmp_packet *packet, uint32_t most_bytes)
{
	struct vmp_hash_key random = {{5, 6}};
	struct vmp_digest_key key;
	struct vmp_frame whole = {.wire_len = (uint32_t)frame->len, .cap_len = (uint32_t)frame->len, .data = frame->b};
	struct vmp_fingerprint made;

	vmp_digest_key_make(&random, &key);
	vmp_packet_fingerprint_short(&key, &whole, packet, most_bytes, &made);
	assert_true(made.usable);
	return made;
}

static void translation_makes_no_other_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct vmp_packet inside, packet;
		struct bytes frame = error_about(&kinds[i], 0x1111), outside = translated(&kinds[i], &inside);
		static const uint32_t most[] = {UINT32_MAX, 96, 60, 44, 30};

		for (size_t k = 0; k < sizeof(most) / sizeof(*most); k++) {
			struct vmp_fingerprint a = fingerprint_of(&frame, &inside, most[k]), b;

			packet = decode(&outside);
			b = fingerprint_of(&outside, &packet, most[k]);
			if (most[k] == UINT32_MAX)
				assert_false(vmp_fingerprint_equal(&a, &b));
			packet.flags |= VMP_PKT_TRANSLATED;
			packet.src = inside.src;
			packet.dst = inside.dst;
			packet.quote = inside.quote;
			b = fingerprint_of(&outside, &packet, most[k]);
			if (!vmp_fingerprint_equal(&a, &b))
				fail_msg("kind %zu of %u bytes at most: translation makes another error of it", i, most[k]);
		}
	}
}

/* What translation leaves alone tells two errors apart. */
static void the_rest_counts(void **state)
{
	struct bytes frame = error_about(&kinds[0], 1);
	struct vmp_packet packet = decode(&frame);
	struct vmp_fingerprint a = fingerprint_of(&frame, &packet, UINT32_MAX);
	static const size_t blank[] = {10, 11, 26, 27};

	(void)state;
	for (size_t at = 2; at < 20 + 8 + 20; at++) {
		struct bytes changed = frame;
		bool counts = at != 9;  /* of another protocol it is no UDP checksum that is left out */
		struct vmp_fingerprint b;

		if (at == 6 || at == 7)
			continue;       /* a fragment's has none */
		changed.b[QUOTED4 + at] ^= 1;
		packet = decode(&changed);
		b = fingerprint_of(&changed, &packet, UINT32_MAX);
		for (size_t i = 0; i < sizeof(blank) / sizeof(*blank); i++)
			counts = counts && at != blank[i];
		if (at != 9 && vmp_fingerprint_equal(&a, &b) == counts)
			fail_msg("byte %zu of the quoted packet %s", at, counts ? "does not count" : "counts");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_whose_packet_it_is_about), cmocka_unit_test(reads_nothing_else),
		cmocka_unit_test(translation_makes_no_other_error), cmocka_unit_test(the_rest_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
