/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

void add(struct bytes *to, const void *bytes, size_t len)
{
	if (len > sizeof(to->b) - to->len)
		abort();
	if (len)
		memcpy(to->b + to->len, bytes, len);
	to->len += len;
}

void add8(struct bytes *to, uint8_t value)
{
	add(to, &value, 1);
}

void add16(struct bytes *to, uint16_t value)
{
	add8(to, (uint8_t)(value >> 8));
	add8(to, (uint8_t)value);
}

void add32(struct bytes *to, uint32_t value)
{
	add16(to, (uint16_t)(value >> 16));
	add16(to, (uint16_t)value);
}

void add_count(struct bytes *to, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		add8(to, (uint8_t)(first + i));
}

struct bytes tcp(uint8_t flags, uint32_t seq, uint16_t sum, const void *options, size_t options_len, size_t payload)
{
	struct bytes l4 = {.len = 0};

	add16(&l4, 40000);
	add16(&l4, 443);
	add32(&l4, seq);
	add32(&l4, 0x01020304);
	add8(&l4, (uint8_t)((20 + options_len) / 4 << 4));
	add8(&l4, flags);
	add16(&l4, 64240);
	add16(&l4, sum);
	add16(&l4, 0);
	add(&l4, options, options_len);
	add_count(&l4, payload, 1);
	return l4;
}

struct bytes udp(uint16_t sport, uint16_t dport, uint16_t sum, const void *payload, size_t payload_len)
{
	struct bytes l4 = {.len = 0};

	add16(&l4, sport);
	add16(&l4, dport);
	add16(&l4, (uint16_t)(8 + payload_len));
	add16(&l4, sum);
	add(&l4, payload, payload_len);
	return l4;
}

struct bytes icmp(uint8_t type, uint8_t code, uint16_t sum, uint16_t id, uint16_t seq, const void *payload,
		  size_t payload_len)
{
	struct bytes l4 = {.len = 0};

	add8(&l4, type);
	add8(&l4, code);
	add16(&l4, sum);
	add16(&l4, id);
	add16(&l4, seq);
	add(&l4, payload, payload_len);
	return l4;
}

static void add_macs(struct bytes *to, uint8_t mac)
{
	const uint8_t dst[6] = {0x52, 0x54, 0, 2, 0x1f, mac}, src[6] = {0x52, 0x54, 0, 0, 0, mac};

	add(to, dst, 6);
	add(to, src, 6);
}

struct bytes ethernet(uint16_t ethertype)
{
	struct bytes frame = {.len = 0};

	add_macs(&frame, 0);
	add16(&frame, ethertype);
	return frame;
}

static void add_ip4(struct bytes *to, const struct spec *spec)
{
	uint32_t len = (uint32_t)(20 + spec->options_len + spec->l4.len);

	add8(to, (uint8_t)(0x40 | (20 + spec->options_len) / 4));
	add8(to, spec->tos);
	add16(to, (uint16_t)(spec->lie ? spec->length : len));
	add16(to, spec->id);
	add16(to, spec->fragment);
	add8(to, spec->ttl ? spec->ttl : 64);
	add8(to, spec->proto);
	add16(to, spec->ip_sum);
	add32(to, 0xc0000201);
	add32(to, 0xc0a880fb);
	add(to, spec->options, spec->options_len);
}

static void add_ip6(struct bytes *to, const struct spec *spec)
{
	static const uint8_t src[16] = {0xfe, 0x80, [15] = 1}, dst[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};
	uint32_t len = (uint32_t)(spec->options_len + (spec->has_fragment ? 8 : 0) + spec->l4.len);
	uint8_t next = spec->options_len ? spec->first_header : spec->has_fragment ? 44 : spec->proto;

	add32(to, 0x60000000U | (uint32_t)spec->tos << 20 | 0x54321);
	add16(to, (uint16_t)(spec->lie ? spec->length : len));
	add8(to, next);
	add8(to, spec->ttl ? spec->ttl : 64);
	add(to, src, 16);
	add(to, dst, 16);
	add(to, spec->options, spec->options_len);
	if (spec->has_fragment) {
		add8(to, spec->proto);
		add8(to, 0);
		add16(to, spec->fragment);
		add32(to, spec->id);
	}
}

struct bytes frame_of(const struct spec *spec)
{
	struct bytes frame = {.len = 0};

	add_macs(&frame, spec->mac);
	for (unsigned int i = 0; i < spec->tags; i++) {
		add16(&frame, spec->tpid ? spec->tpid : 0x8100);
		add16(&frame, (uint16_t)(0x6000 + 100 + i));
	}
	add16(&frame, spec->ip == 6 ? 0x86dd : 0x0800);
	if (spec->ip == 6)
		add_ip6(&frame, spec);
	else
		add_ip4(&frame, spec);
	add(&frame, spec->l4.b, spec->l4.len);
	for (size_t i = 0; i < spec->pad; i++)
		add8(&frame, spec->pad_byte);
	return frame;
}

struct bytes arp(uint16_t op, size_t pad)
{
	static const uint8_t kind[6] = {0, 1, 8, 0, 6, 4};
	static const uint8_t sender[6] = {0, 0x16, 0x3e, 2, 0x1f, 0};
	struct bytes frame = ethernet(0x0806);

	add(&frame, kind, 6);
	add16(&frame, op);
	add(&frame, sender, 6);
	add32(&frame, 0xc0a880fb);
	add_count(&frame, 6, 0xa0);
	add32(&frame, 0xc0a881f7);
	for (size_t i = 0; i < pad; i++)
		add8(&frame, 0);
	return frame;
}

static const uint8_t timestamps[12] = {1, 1, 8, 10, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 9};
static const uint8_t syn_options[20] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};
static const uint8_t endless_options[40] = {[0] = 8, 0, 8, 0, [39] = 8};

/* 2 destination options headers of 8 bytes, then what the spec's proto says. */
static void two_destination_options(struct spec *spec)
{
	static const uint8_t headers[16] = {60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0};

	memcpy(spec->options, headers, sizeof(headers));
	spec->options_len = sizeof(headers);
	spec->first_header = 60;
}

static void many_options(struct spec *spec)
{
	for (size_t i = 0; i < 256; i += 8) {
		spec->options[i] = i + 8 < 256 ? 60 : 17;
		spec->options[i + 1] = 0;
	}
	spec->options_len = 256;
	spec->first_header = 60;
}

static struct bytes solicitation(uint8_t option_units)
{
	struct bytes l4 = {.len = 0};

	add32(&l4, 135U << 24);
	add32(&l4, 0);
	add_count(&l4, 16, 0x20);
	add8(&l4, 1);
	add8(&l4, option_units);
	add_count(&l4, 6, 0x50);
	return l4;
}

static struct bytes bootp(void)
{
	struct bytes message = {.len = 0};

	add32(&message, 0x01010600);
	add_count(&message, 24, 0);
	add_count(&message, 6, 0x60);
	add_count(&message, 206 + 60, 0);
	return udp(68, 67, 0x1111, message.b, message.len);
}

/* VXLAN with a TCP segment inside. */
static struct bytes vxlan(void)
{
	struct bytes inner = {.len = 0}, frame;
	struct spec spec = {.proto = 6, .l4 = tcp(VMP_TCP_ACK, 7, 0x2222, timestamps, 12, 100)};

	add32(&inner, 0x08000000);
	add32(&inner, 0x00001200);
	frame = frame_of(&spec);
	add(&inner, frame.b, frame.len);
	return udp(50000, 4789, 0, inner.b, inner.len);
}

static struct bytes quoting(uint8_t type)
{
	struct spec quoted = {.proto = 17, .l4 = udp(53, 5353, 1, "payload!payload!", 16)};
	struct bytes frame = frame_of(&quoted);

	return icmp(type, 1, 0x3333, 0, 0, frame.b + 14, frame.len - 14);
}

static struct bytes bpdu(void)
{
	struct bytes frame = ethernet(38);

	add32(&frame, 0x42420300);
	add_count(&frame, 34, 1);
	while (frame.len < 60)
		add8(&frame, 0);
	return frame;
}

#define SPEC(...) frame = frame_of(&(struct spec){__VA_ARGS__})

static bool hostile(size_t index, struct bytes *ret_frame, const char **ret_name)
{
	struct bytes frame = {.len = 0};
	struct spec spec = {.ip = 6, .proto = 17, .l4 = udp(1, 2, 3, "extension", 9)};
	const char *name;

	switch (index) {
	case 0: name = "empty"; break;
	case 1: name = "no IP header"; frame = ethernet(0x0800); break;
	case 2: name = "no ARP"; frame = ethernet(0x0806); add32(&frame, 0x00010800); break;
	case 3: name = "nine tags"; SPEC(.tags = 9, .proto = 17, .l4 = udp(1, 2, 3, "tags", 4)); break;
	case 4:
		name = "total length too long";
		SPEC(.proto = 17, .lie = true, .length = 1500, .l4 = udp(1, 2, 3, "x", 1));
		break;
	case 5:
		name = "total length shorter than the header";
		SPEC(.proto = 17, .lie = true, .length = 19);
		break;
	case 6: name = "total length 0"; SPEC(.proto = 17, .lie = true, .l4 = udp(1, 2, 3, "x", 1)); break;
	case 7:
		name = "options of length 0";
		SPEC(.proto = 6, .l4 = tcp(VMP_TCP_SYN, 1, 2, endless_options, 40, 0));
		break;
	case 8:
		name = "options without end";
		SPEC(.proto = 6, .l4 = tcp(VMP_TCP_SYN, 1, 2, syn_options + 1, 16, 3));
		break;
	case 9:
		name = "data offset too small";
		SPEC(.proto = 6, .l4 = tcp(2, 1, 2, NULL, 0, 9)); frame.b[46] = 0x10;
		break;
	case 10:
		name = "data offset too big";
		SPEC(.proto = 6, .l4 = tcp(2, 1, 2, NULL, 0, 9)); frame.b[46] = 0xf0;
		break;
	case 11:
		name = "UDP length too long";
		SPEC(.proto = 17, .l4 = udp(1, 2, 3, "x", 1)); frame.b[38] = 0x77;
		break;
	case 12: name = "extension headers without end"; many_options(&spec); frame = frame_of(&spec); break;
	case 13:
		name = "IPv6 length too long";
		SPEC(.ip = 6, .proto = 17, .lie = true, .length = 999, .l4 = spec.l4);
		break;
	case 14:
		name = "jumbo that lies";
		SPEC(.ip = 6, .lie = true, .options_len = 8, .options = {17, 0, 0xc2, 4, 0xff, 0xff, 0xff, 0xff},
		     .l4 = spec.l4);
		break;
	case 15:
		name = "ND option of length 0";
		SPEC(.ip = 6, .ttl = 255, .proto = 58, .l4 = solicitation(0));
		break;
	case 16:
		name = "ping of death";
		SPEC(.proto = 1, .fragment = 0x1fff, .l4 = udp(1, 2, 3, "0123456789", 10));
		break;
	case 17: name = "IPv4 version 5"; SPEC(.proto = 17, .l4 = spec.l4); frame.b[14] = 0x55; break;
	case 18:
		name = "GENEVE cut off";
		SPEC(.proto = 17, .l4 = udp(1, 6081, 3, "\x3f\0\x65\x58", 4));
		break;
	case 19: name = "GRE cut off"; SPEC(.proto = 47, .l4 = udp(0xb000, 0x6558, 0, "", 0)); break;
	case 20: name = "no next header"; SPEC(.ip = 6, .proto = 59, .pad = 6); break;
	case 21:
		name = "AH of length 0";
		SPEC(.ip = 6, .options_len = 8, .first_header = 51, .options = {17, 0}, .l4 = spec.l4);
		break;
	default: return false;
	}
	*ret_frame = frame;
	*ret_name = name;
	return true;
}

static bool healthy(size_t index, struct bytes *ret_frame, const char **ret_name)
{
	struct bytes frame = {.len = 0};
	struct spec spec = {.ip = 6, .proto = 17, .l4 = udp(1, 2, 3, "extension", 9)};
	const char *name;

	switch (index) {
	case 0: name = "arp"; frame = arp(1, 18); break;
	case 1:
		name = "tcp";
		SPEC(.proto = 6, .id = 7, .fragment = 0x4000, .l4 = tcp(24, 5, 6, timestamps, 12, 100));
		break;
	case 2: name = "syn"; SPEC(.proto = 6, .l4 = tcp(VMP_TCP_SYN, 5, 6, syn_options, 20, 0)); break;
	case 3:
		name = "tagged udp";
		SPEC(.tags = 1, .proto = 17, .l4 = udp(53, 5353, 7, "answer", 6), .pad = 4);
		break;
	case 4: name = "ping"; SPEC(.proto = 1, .l4 = icmp(8, 0, 1, 77, 3, "0123456789abcdef", 16)); break;
	case 5: name = "unreachable"; SPEC(.proto = 1, .l4 = quoting(3)); break;
	case 6: name = "dhcp"; SPEC(.proto = 17, .l4 = bootp()); break;
	case 7:
		name = "first fragment";
		SPEC(.proto = 17, .fragment = 0x2000, .l4 = udp(9, 10, 7, "fragment", 8));
		break;
	case 8:
		name = "last fragment";
		SPEC(.proto = 17, .fragment = 2, .l4 = udp(9, 10, 7, "fragment", 8));
		break;
	case 9:
		name = "IPv4 options";
		SPEC(.proto = 17, .options_len = 8, .options = {7, 7, 4}, .l4 = spec.l4);
		break;
	case 10: name = "tcp6"; SPEC(.ip = 6, .proto = 6, .l4 = tcp(16, 5, 6, timestamps, 12, 50)); break;
	case 11:
		name = "ping6";
		SPEC(.ip = 6, .proto = 58, .l4 = icmp(128, 0, 1, 77, 3, "0123456789abcdef", 16));
		break;
	case 12: name = "solicitation"; SPEC(.ip = 6, .ttl = 255, .proto = 58, .l4 = solicitation(1)); break;
	case 13: name = "extension headers"; two_destination_options(&spec); frame = frame_of(&spec); break;
	case 14:
		name = "fragment6";
		SPEC(.ip = 6, .has_fragment = true, .fragment = 1, .id = 99, .proto = 17, .l4 = spec.l4);
		break;
	case 15:
		name = "later fragment6";
		SPEC(.ip = 6, .has_fragment = true, .fragment = 8, .proto = 17, .l4 = spec.l4);
		break;
	case 16: name = "vxlan"; SPEC(.proto = 17, .l4 = vxlan()); break;
	case 17: name = "bpdu"; frame = bpdu(); break;
	case 18: name = "lldp"; frame = ethernet(0x88cc); add_count(&frame, 90, 2); break;
	case 19: name = "pppoe"; frame = ethernet(0x8864); add_count(&frame, 300, 2); break;
	case 20: name = "esp"; SPEC(.proto = 50, .l4 = udp(0, 9, 8, "0123456789", 10)); break;
	case 21:
		name = "two tags";
		SPEC(.tags = 2, .tpid = 0x88a8, .proto = 6, .l4 = tcp(16, 5, 6, timestamps, 12, 50));
		break;
	default: return false;
	}
	*ret_frame = frame;
	*ret_name = name;
	return true;
}

bool corpus(size_t index, struct bytes *ret_frame, const char **ret_name)
{
	return index < HEALTHY ? healthy(index, ret_frame, ret_name) : hostile(index - HEALTHY, ret_frame, ret_name);
}

void look(const struct bytes *frame, size_t cap_len, size_t wire_len, struct vmp_packet *ret_packet,
	  struct vmp_fingerprint *ret_fingerprint)
{
	static const struct vmp_hash_key short_key = {{1, 2}};
	struct vmp_digest_key key;
	uint8_t *copy = malloc(cap_len ? cap_len : 1);
	struct vmp_frame view = {.wire_len = (uint32_t)wire_len, .cap_len = (uint32_t)cap_len};

	if (!copy || cap_len > frame->len)
		abort();
	memcpy(copy, frame->b, cap_len);
	view.data = cap_len ? copy : NULL;
	vmp_digest_key_make(&short_key, &key);
	vmp_packet_decode(&view, ret_packet);
	vmp_packet_fingerprint(&key, &view, ret_packet, ret_fingerprint);
	free(copy);
}
