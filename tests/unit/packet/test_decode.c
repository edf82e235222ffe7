/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the headers say. */
#include "frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRANSPORTS (VMP_PKT_L4 | VMP_PKT_TCP | VMP_PKT_UDP | VMP_PKT_ICMP | VMP_PKT_ICMP6 | VMP_PKT_ND | VMP_PKT_DHCP)

static struct vmp_packet decode_cut(const struct bytes *frame, size_t cap_len)
{
	struct vmp_packet packet;
	struct vmp_fingerprint fingerprint;

	look(frame, cap_len, frame->len, &packet, &fingerprint);
	return packet;
}

static struct vmp_packet decode(const struct bytes *frame)
{
	return decode_cut(frame, frame->len);
}

static struct vmp_packet decode_spec(const struct spec *spec)
{
	struct bytes frame = frame_of(spec);

	return decode(&frame);
}

static struct bytes named(const char *wanted)
{
	struct bytes frame;
	const char *name;

	for (size_t i = 0; corpus(i, &frame, &name); i++)
		if (strcmp(name, wanted) == 0)
			return frame;
	fail_msg("no frame is called %s", wanted);
	abort();
}

static void assert_ip(const struct vmp_ip *ip, const char *expected)
{
	char text[VMP_IP_STRLEN];

	assert_string_equal(vmp_ip_format(ip, text), expected);
}

static void assert_mac(const struct vmp_mac *mac, const char *expected)
{
	char text[VMP_MAC_STRLEN];

	assert_string_equal(vmp_mac_format(mac, text), expected);
}

static void reads_arp(void **state)
{
	struct bytes frame = arp(2, 18);
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_ARP);
	assert_int_equal(packet.arp_op, 2);
	assert_ip(&packet.src, "192.168.128.251");
	assert_ip(&packet.dst, "192.168.129.247");
	assert_mac(&packet.arp_sender_mac, "00:16:3e:02:1f:00");
	assert_mac(&packet.arp_target_mac, "a0:a1:a2:a3:a4:a5");
	assert_int_equal(packet.header_len, 42);
}

static void reads_no_foreign_arp(void **state)
{
	struct bytes frame = arp(1, 0);
	struct vmp_packet packet;

	(void)state;
	frame.b[18] = 8; /* addresses of eight octets */
	packet = decode(&frame);
	assert_int_equal(packet.flags, VMP_PKT_ETH);
	assert_int_equal(packet.header_len, 14);
}

static void reads_tags(void **state)
{
	static const uint16_t tpids[] = {0x8100, 0x88a8, 0x9100};

	(void)state;
	for (size_t i = 0; i < sizeof(tpids) / sizeof(*tpids); i++) {
		struct spec spec = {.tags = 3, .tpid = tpids[i], .proto = 17, .l4 = udp(53, 99, 0, "x", 1)};
		struct vmp_packet packet = decode_spec(&spec);

		assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_L4 | VMP_PKT_UDP);
		assert_int_equal(packet.vlan_count, 2);
		assert_int_equal(packet.vlan[0], 100);
		assert_int_equal(packet.vlan[1], 101);
		assert_int_equal(packet.ethertype, 0x0800);
		assert_int_equal(packet.l3_offset, 14 + 12);
		assert_int_equal(packet.sport, 53);
		assert_mac(&packet.dst_mac, "52:54:00:02:1f:00");
		assert_mac(&packet.src_mac, "52:54:00:00:00:00");
	}
}

static void gives_up_on_endless_tags(void **state)
{
	struct bytes frame = named("nine tags");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_MALFORMED);
}

static void reads_tcp(void **state)
{
	struct bytes frame = named("tcp");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_L4 | VMP_PKT_TCP | VMP_PKT_TCP_TS);
	assert_ip(&packet.src, "192.0.2.1");
	assert_ip(&packet.dst, "192.168.128.251");
	assert_int_equal(packet.sport, 40000);
	assert_int_equal(packet.dport, 443);
	assert_int_equal(packet.tcp_seq, 5);
	assert_int_equal(packet.tcp_ack, 0x01020304);
	assert_int_equal(packet.tcp_flags, VMP_TCP_ACK | VMP_TCP_PSH);
	assert_int_equal(packet.tcp_window, 64240);
	assert_int_equal(packet.tcp_tsval, 0x11223344);
	assert_int_equal(packet.ttl, 64);
	assert_int_equal(packet.ip_id, 7);
	assert_true(packet.dont_fragment);
	assert_int_equal(packet.ip_len, 152);
	assert_int_equal(packet.l4_offset, 34);
	assert_int_equal(packet.payload_len, 100);
	assert_int_equal(packet.header_len, 14 + 20 + 32);
}

static void finds_the_timestamp_among_options(void **state)
{
	struct bytes frame = named("syn");

	(void)state;
	assert_int_equal(decode(&frame).tcp_tsval, 0x01020304);
	frame = named("options of length 0");
	assert_int_equal(decode(&frame).flags & (VMP_PKT_TCP_TS | VMP_PKT_MALFORMED), 0);
	frame = named("options without end");
	assert_int_equal(decode(&frame).flags & VMP_PKT_MALFORMED, 0);
}

static void a_wrong_data_offset_is_no_tcp(void **state)
{
	static const char *const names[] = {"data offset too small", "data offset too big"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bytes frame = named(names[i]);
		struct vmp_packet packet = decode(&frame);

		assert_int_equal(packet.flags & (TRANSPORTS | VMP_PKT_MALFORMED), VMP_PKT_MALFORMED);
	}
}

static void padding_is_no_payload(void **state)
{
	struct spec spec = {.proto = 17, .l4 = udp(53, 99, 0, "answer", 6), .pad = 12, .pad_byte = 0xaa};
	struct vmp_packet packet = decode_spec(&spec);

	(void)state;
	assert_int_equal(packet.payload_len, 6);
	assert_int_equal(packet.header_len, 14 + 20 + 8);
}

static void reads_fragments(void **state)
{
	struct bytes frame = named("first fragment");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_FRAGMENT | VMP_PKT_L4 | VMP_PKT_UDP);
	assert_true(packet.more_fragments);
	frame = named("last fragment");
	packet = decode(&frame);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_FRAGMENT);
	assert_false(packet.more_fragments);
	assert_int_equal(packet.fragment_offset, 16);
	assert_int_equal(packet.payload_len, 16);
	assert_int_equal(packet.header_len, 34);
	frame = named("fragment6");
	packet = decode(&frame);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_FRAGMENT | VMP_PKT_L4 | VMP_PKT_UDP);
	assert_int_equal(packet.ip6_id, 99);
	frame = named("later fragment6");
	packet = decode(&frame);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_FRAGMENT);
	assert_int_equal(packet.fragment_offset, 8);
	assert_int_equal(packet.proto, 17);
}

/* The UDP header in a first fragment promises more than the fragment holds: that is no contradiction. */
static void first_fragment_keeps_its_ports(void **state)
{
	struct spec spec = {.proto = 17, .fragment = 0x2000, .l4 = udp(9, 10, 7, "fragment", 8)};
	struct vmp_packet packet;

	(void)state;
	spec.l4.b[4] = 0x10;
	packet = decode_spec(&spec);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_FRAGMENT | VMP_PKT_L4 | VMP_PKT_UDP);
	spec.fragment = 0;
	packet = decode_spec(&spec);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_MALFORMED);
}

static void an_atomic_fragment_is_whole(void **state)
{
	struct spec spec = {.ip = 6, .has_fragment = true, .id = 5, .proto = 17, .l4 = udp(9, 10, 7, "atom", 4)};
	struct vmp_packet packet = decode_spec(&spec);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_L4 | VMP_PKT_UDP);
}

static void steps_over_options_and_extension_headers(void **state)
{
	struct bytes frame = named("IPv4 options");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.l4_offset, 14 + 28);
	assert_true(packet.flags & VMP_PKT_UDP);
	frame = named("extension headers");
	packet = decode(&frame);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_L4 | VMP_PKT_UDP);
	assert_int_equal(packet.l4_offset, 14 + 40 + 16);
	assert_int_equal(packet.payload_len, 9);
}

static void steps_over_an_authentication_header(void **state)
{
	struct spec spec = {
		.ip = 6, .options_len = 24, .first_header = 51, .options = {17, 4}, .l4 = udp(5, 6, 0, "ah", 2)};
	struct vmp_packet packet = decode_spec(&spec);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_L4 | VMP_PKT_UDP);
	assert_int_equal(packet.sport, 5);
	assert_int_equal(packet.proto, 17);
}

static void bounds_extension_headers(void **state)
{
	struct bytes frame = named("extension headers without end");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_MALFORMED);
}

static void reads_big_tcp(void **state)
{
	struct spec spec = {.proto = 6, .lie = true, .length = 0, .l4 = tcp(16, 1, 2, NULL, 0, 100)};
	struct bytes frame = frame_of(&spec);
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;

	(void)state;
	look(&frame, frame.len, 14 + 20 + 20 + 150000, &packet, &fingerprint);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_L4 | VMP_PKT_TCP);
	assert_int_equal(packet.ip_len, 40 + 150000);
	assert_int_equal(packet.payload_len, 150000);
	spec.ip = 6;
	frame = frame_of(&spec);
	look(&frame, frame.len, 14 + 40 + 20 + 150000, &packet, &fingerprint);
	assert_int_equal(packet.payload_len, 150000);
}

static void reads_a_jumbogram(void **state)
{
	struct spec spec = {.ip = 6, .lie = true, .options_len = 8, .options = {6, 0, 0xc2, 4, 0, 2, 0, 0x20},
			    .l4 = tcp(16, 1, 2, NULL, 0, 100)};
	struct bytes frame = frame_of(&spec);
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;

	(void)state;
	look(&frame, frame.len, 54 + 0x20020, &packet, &fingerprint);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_L4 | VMP_PKT_TCP);
	assert_int_equal(packet.ip_len, 40 + 0x20020);
	assert_int_equal(packet.payload_len, 0x20020 - 8 - 20);
	look(&frame, frame.len, 54 + 0x2001f, &packet, &fingerprint);
	assert_int_equal(packet.flags & (TRANSPORTS | VMP_PKT_MALFORMED), VMP_PKT_MALFORMED);
}

static void nothing_may_follow_no_next_header(void **state)
{
	struct bytes frame = named("no next header");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6);
	assert_int_equal(packet.payload_len, 0);
	assert_int_equal(packet.ip_len, 40);
}

static void reads_echo(void **state)
{
	struct bytes frame = named("ping");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_L4 | VMP_PKT_ICMP);
	assert_int_equal(packet.icmp_type, 8);
	assert_int_equal(packet.icmp_id, 77);
	assert_int_equal(packet.icmp_seq, 3);
	assert_int_equal(packet.header_len, 14 + 20 + 8);
	frame = named("ping6");
	packet = decode(&frame);
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_L4 | VMP_PKT_ICMP6);
	assert_int_equal(packet.icmp_type, 128);
	assert_int_equal(packet.icmp_id, 77);
	assert_int_equal(packet.icmp_seq, 3);
}

/* ICMP belongs to IPv4, ICMPv6 to IPv6: the other way round neither is read. */
static struct vmp_packet decoded(const struct spec *spec)
{
	struct bytes frame = frame_of(spec);

	return decode(&frame);
}

/* An ICMP error quotes the packet that it is about; what it says is read as far as it is there and of that IP. */
static void icmp_quotes(void **state)
{
	uint8_t four[28] = {0x45, [9] = 17, [12] = 10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 53, 0, 8, 0, 0};
	uint8_t six[48] = {0x60, [6] = 6, [8] = 0xfd, [23] = 1, [24] = 0xfd, [39] = 2, [40] = 0x12, 0x34, 0, 80};
	struct spec spec = {.proto = 1, .l4 = icmp(3, 4, 1, 0, 1400, four, sizeof(four))};
	struct vmp_packet packet = decoded(&spec);

	(void)state;
	assert_true(packet.flags & VMP_PKT_QUOTE);
	assert_int_equal(packet.icmp_seq, 1400);
	assert_int_equal(packet.quoted_proto, 17);
	assert_int_equal(packet.quoted_dport, 53);
	assert_int_equal(packet.quoted_src.b[3], 1);
	assert_int_equal(packet.quoted_dst.b[3], 2);
	four[7] = 1; /* a later fragment has no ports */
	spec.l4 = icmp(3, 4, 1, 0, 1400, four, sizeof(four));
	assert_int_equal(decoded(&spec).quoted_dport, 0);
	four[0] = 0x44; /* a header that cannot be */
	spec.l4 = icmp(3, 4, 1, 0, 1400, four, sizeof(four));
	assert_false(decoded(&spec).flags & VMP_PKT_QUOTE);
	four[0] = 0x45;
	spec.l4 = icmp(3, 4, 1, 0, 1400, four, 19); /* cut short */
	assert_false(decoded(&spec).flags & VMP_PKT_QUOTE);
	spec.l4 = icmp(8, 0, 1, 0, 1400, four, sizeof(four)); /* quotes nothing */
	assert_false(decoded(&spec).flags & VMP_PKT_QUOTE);

	spec = (struct spec){.ip = 6, .proto = 58, .l4 = icmp(2, 0, 1, 0, 1280, six, sizeof(six))};
	packet = decoded(&spec);
	assert_true(packet.flags & VMP_PKT_QUOTE);
	assert_int_equal(packet.quoted_dport, 80);
	assert_int_equal(packet.quoted_src.family, 6);
	assert_int_equal(packet.quoted_dst.b[15], 2);
	spec.l4 = icmp(2, 0, 1, 0, 1280, four, sizeof(four)); /* of the other version */
	assert_false(decoded(&spec).flags & VMP_PKT_QUOTE);
}

static void each_icmp_belongs_to_its_ip(void **state)
{
	struct spec spec = {.ip = 6, .proto = 1, .l4 = icmp(8, 0, 1, 77, 3, "", 0)};

	(void)state;
	assert_int_equal(decode_spec(&spec).flags, VMP_PKT_ETH | VMP_PKT_IP6);
	spec.ip = 4;
	spec.proto = 58;
	assert_int_equal(decode_spec(&spec).flags, VMP_PKT_ETH | VMP_PKT_IP4);
}

static void keeps_the_ports_an_error_quotes(void **state)
{
	struct bytes frame = named("unreachable");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.header_len, 14 + 20 + 8 + 20 + 8);
	assert_true(packet.header_len < frame.len);
}

static void reads_neighbour_discovery(void **state)
{
	struct bytes frame = named("solicitation");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags,
			 VMP_PKT_ETH | VMP_PKT_IP6 | VMP_PKT_L4 | VMP_PKT_ICMP6 | VMP_PKT_ND | VMP_PKT_ND_LLADDR);
	assert_ip(&packet.nd_target, "2021:2223:2425:2627:2829:2a2b:2c2d:2e2f");
	assert_mac(&packet.nd_mac, "50:51:52:53:54:55");
	assert_int_equal(packet.header_len, frame.len);
	frame.b[54] = 136; /* an advertisement has the target's address, option 2 */
	assert_int_equal(decode(&frame).flags & (VMP_PKT_ND | VMP_PKT_ND_LLADDR), VMP_PKT_ND);
	frame.b[78] = 2;
	assert_true(decode(&frame).flags & VMP_PKT_ND_LLADDR);
}

static void takes_no_void_neighbour_discovery(void **state)
{
	struct spec fragmented = {.ip = 6, .ttl = 255, .proto = 58, .has_fragment = true, .fragment = 1};
	struct bytes frame = named("solicitation");

	(void)state;
	frame.b[21] = 254; /* came over a router */
	assert_false(decode(&frame).flags & VMP_PKT_ND);
	frame = named("solicitation");
	frame.b[55] = 1; /* code */
	assert_false(decode(&frame).flags & VMP_PKT_ND);
	fragmented.l4 = icmp(135, 0, 1, 0, 0, "0123456789abcdef", 16);
	assert_int_equal(decode_spec(&fragmented).flags & (VMP_PKT_ICMP6 | VMP_PKT_ND), VMP_PKT_ICMP6);
	frame = named("ND option of length 0");
	assert_int_equal(decode(&frame).flags & (VMP_PKT_ND | VMP_PKT_MALFORMED), VMP_PKT_MALFORMED);
}

static void reads_the_dhcp_client(void **state)
{
	struct bytes frame = named("dhcp");
	struct vmp_packet packet = decode(&frame);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_L4 | VMP_PKT_UDP | VMP_PKT_DHCP);
	assert_mac(&packet.dhcp_mac, "60:61:62:63:64:65");
	assert_int_equal(packet.header_len, frame.len);
	packet = decode_cut(&frame, 14 + 20 + 8 + 34);
	assert_true(packet.flags & VMP_PKT_DHCP);
	packet = decode_cut(&frame, 14 + 20 + 8 + 33);
	assert_int_equal(packet.flags & (VMP_PKT_DHCP | VMP_PKT_TRUNCATED), VMP_PKT_TRUNCATED);
	assert_int_equal(packet.header_len, 14 + 20 + 8);
	frame.b[37] = 69; /* another port */
	assert_false(decode(&frame).flags & VMP_PKT_DHCP);
}

static void keeps_no_payload_on_dhcp_ports(void **state)
{
	struct spec spec = {.proto = 17, .l4 = udp(68, 67, 0, "my private words", 16)};
	struct vmp_packet packet = decode_spec(&spec);

	(void)state;
	assert_int_equal(packet.flags, VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_L4 | VMP_PKT_UDP);
	assert_int_equal(packet.header_len, 14 + 20 + 8);
}

static void keeps_only_known_link_protocols(void **state)
{
	struct bytes frame = named("bpdu");

	(void)state;
	assert_int_equal(decode(&frame).header_len, 14 + 38);
	frame = named("lldp");
	assert_int_equal(decode(&frame).header_len, frame.len);
	frame = named("pppoe");
	assert_int_equal(decode(&frame).header_len, 14);
	frame = named("esp");
	assert_int_equal(decode(&frame).header_len, 14 + 20 + 8);
}

static void lying_lengths_are_malformed(void **state)
{
	static const char *const names[] = {
		"no IP header", "total length too long", "total length shorter than the header", "total length 0",
		"UDP length too long", "IPv6 length too long", "jumbo that lies", "ping of death", "IPv4 version 5",
		"AH of length 0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct bytes frame = named(names[i]);

		if ((decode(&frame).flags & (TRANSPORTS | VMP_PKT_MALFORMED | VMP_PKT_TRUNCATED)) != VMP_PKT_MALFORMED)
			fail_msg("%s: flags %x", names[i], decode(&frame).flags);
	}
}

/* A short snapshot says nothing against the packet: never malformed, never more than was captured, the same fields. */
static void a_short_capture_is_truncated_only(void **state)
{
	struct bytes frame;
	const char *name;

	(void)state;
	for (size_t i = 0; corpus(i, &frame, &name); i++) {
		struct vmp_packet whole = decode(&frame);

		for (size_t cap = 0; cap < frame.len; cap++) {
			struct vmp_packet packet = decode_cut(&frame, cap);
			uint32_t transports = packet.flags & TRANSPORTS & ~(uint32_t)VMP_PKT_ND;

			if (i < HEALTHY && (packet.flags & VMP_PKT_MALFORMED))
				fail_msg("%s cut to %zu is called malformed", name, cap);
			if (packet.header_len > cap || (i < HEALTHY && packet.header_len > whole.header_len))
				fail_msg("%s cut to %zu keeps %u bytes", name, cap, packet.header_len);
			if (i < HEALTHY && cap < whole.header_len && !(packet.flags & VMP_PKT_TRUNCATED) &&
			    packet.header_len < cap)
				fail_msg("%s cut to %zu in its headers is not called truncated", name, cap);
			if (transports & ~whole.flags)
				fail_msg("%s cut to %zu has more headers than whole", name, cap);
			if ((packet.flags & VMP_PKT_L4) && packet.payload_len != whole.payload_len)
				fail_msg("%s cut to %zu: another payload length", name, cap);
		}
	}
}

static void decoding_is_deterministic(void **state)
{
	struct bytes frame;
	const char *name;

	(void)state;
	for (size_t i = 0; corpus(i, &frame, &name); i++) {
		struct vmp_packet a, b;
		struct vmp_fingerprint fa, fb;

		memset(&a, 0xff, sizeof(a));
		memset(&b, 0x55, sizeof(b));
		look(&frame, frame.len, frame.len, &a, &fa);
		look(&frame, frame.len, frame.len, &b, &fb);
		assert_memory_equal(&a, &b, sizeof(a));
		assert_true(vmp_fingerprint_equal(&fa, &fb) && fa.usable == fb.usable);
	}
}

/* Bytes at random, and bytes that were a frame before somebody flipped one: nothing may be read past the end. */
static void survives_anything(void **state)
{
	struct bytes frame;
	const char *name;
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; corpus(i, &frame, &name); i++) {
		for (size_t at = 0; at < frame.len * 8; at++) {
			struct bytes flipped = frame;

			flipped.b[at / 8] ^= (uint8_t)(1U << at % 8);
			assert_true(decode(&flipped).header_len <= flipped.len);
		}
	}
	for (int round = 0; round < 20000; round++) {
		frame.len = (seed >> 8) % 120;
		for (size_t at = 0; at < frame.len; at++) {
			seed = seed * 1664525 + 1013904223;
			frame.b[at] = (uint8_t)(seed >> 24);
		}
		if (round % 3 && frame.len > 15)
			memcpy(frame.b + 12, round % 3 == 1 ? "\x08\x00\x45" : "\x86\xdd\x60", 3);
		assert_true(decode(&frame).header_len <= frame.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_arp),
		cmocka_unit_test(reads_no_foreign_arp),
		cmocka_unit_test(reads_tags),
		cmocka_unit_test(gives_up_on_endless_tags),
		cmocka_unit_test(reads_tcp),
		cmocka_unit_test(finds_the_timestamp_among_options),
		cmocka_unit_test(a_wrong_data_offset_is_no_tcp),
		cmocka_unit_test(padding_is_no_payload),
		cmocka_unit_test(reads_fragments),
		cmocka_unit_test(first_fragment_keeps_its_ports),
		cmocka_unit_test(an_atomic_fragment_is_whole),
		cmocka_unit_test(steps_over_options_and_extension_headers),
		cmocka_unit_test(steps_over_an_authentication_header),
		cmocka_unit_test(bounds_extension_headers),
		cmocka_unit_test(reads_big_tcp),
		cmocka_unit_test(reads_a_jumbogram),
		cmocka_unit_test(nothing_may_follow_no_next_header),
		cmocka_unit_test(reads_echo),
		cmocka_unit_test(icmp_quotes),
		cmocka_unit_test(each_icmp_belongs_to_its_ip),
		cmocka_unit_test(keeps_the_ports_an_error_quotes),
		cmocka_unit_test(reads_neighbour_discovery),
		cmocka_unit_test(takes_no_void_neighbour_discovery),
		cmocka_unit_test(reads_the_dhcp_client),
		cmocka_unit_test(keeps_no_payload_on_dhcp_ports),
		cmocka_unit_test(keeps_only_known_link_protocols),
		cmocka_unit_test(lying_lengths_are_malformed),
		cmocka_unit_test(a_short_capture_is_truncated_only),
		cmocka_unit_test(decoding_is_deterministic),
		cmocka_unit_test(survives_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
