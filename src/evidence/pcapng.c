/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence/pcapng.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* A text option longer than this is cut: its length field holds 16 bits, and readers have limits of their own. */
#define TEXT_MAX 4096U

enum block_type {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_NAMES = 4,
	BLOCK_STATISTICS = 5,
	BLOCK_FRAME = 6,
};

/* Option codes are per block, OPT_END and OPT_COMMENT apart. */
enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_HARDWARE = 2,
	SHB_OS = 3,
	SHB_APPLICATION = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_MAC = 6,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
	EPB_PACKETID = 5,
	ISB_START = 2,
	ISB_END = 3,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
};

static void put(struct vmp_pcapng *out, const void *data, size_t len)
{
	size_t want = out->cap ? out->cap : 4096;
	uint8_t *grown;

	if (out->oom)
		return;
	while (want < out->n + len)
		want *= 2;
	if (want > out->cap) {
		grown = realloc(out->v, want);
		if (!grown) {
			out->oom = true;
			return;
		}
		out->v = grown;
		out->cap = want;
	}
	if (len > 0)
		memcpy(out->v + out->n, data, len);
	out->n += len;
}

static void put16(struct vmp_pcapng *out, uint16_t value)
{
	uint8_t b[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

	put(out, b, sizeof(b));
}

static void store32(uint8_t *b, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		b[i] = (uint8_t)(value >> (8 * i));
}

static void put32(struct vmp_pcapng *out, uint32_t value)
{
	uint8_t b[4];

	store32(b, value);
	put(out, b, sizeof(b));
}

static void put64(struct vmp_pcapng *out, uint64_t value)
{
	put32(out, (uint32_t)value);
	put32(out, (uint32_t)(value >> 32));
}

/* A time: the upper half first, whatever the byte order. */
static void put_time(struct vmp_pcapng *out, uint64_t ns)
{
	put32(out, (uint32_t)(ns >> 32));
	put32(out, (uint32_t)ns);
}

/* Fill up to a multiple of four bytes. All blocks are such multiples, so the start of the buffer is the measure. */
static void pad(struct vmp_pcapng *out)
{
	static const uint8_t zeros[4];

	put(out, zeros, (4 - out->n % 4) % 4);
}

static void begin(struct vmp_pcapng *out, enum block_type type)
{
	out->start = out->n;
	put32(out, (uint32_t)type);
	put32(out, 0);
}

static void end(struct vmp_pcapng *out)
{
	uint32_t len = (uint32_t)(out->n - out->start + 4);

	put32(out, len);
	if (!out->oom)
		store32(out->v + out->start + 4, len);
}

static void put_option(struct vmp_pcapng *out, enum option code, const void *data, size_t len)
{
	put16(out, (uint16_t)code);
	put16(out, (uint16_t)len);
	put(out, data, len);
	pad(out);
}

static void put_option64(struct vmp_pcapng *out, enum option code, uint64_t value)
{
	put16(out, (uint16_t)code);
	put16(out, 8);
	put64(out, value);
}

static void put_option_time(struct vmp_pcapng *out, enum option code, uint64_t ns)
{
	if (ns == 0)
		return;
	put16(out, (uint16_t)code);
	put16(out, 8);
	put_time(out, ns);
}

static void put_end_of_options(struct vmp_pcapng *out)
{
	put32(out, OPT_END);
}

/* Length of a text when it is cut to at most `most` bytes and between code points. */
static size_t text_length(const char *text, size_t most)
{
	size_t len = strlen(text);

	if (len <= most)
		return len;
	for (len = most; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		;
	return len;
}

/* A text option: UTF-8 by the format, and shown on terminals by its readers. prefix: bytes in front of the text. */
static void put_text(struct vmp_pcapng *out, enum option code, const char *prefix, size_t prefix_len, const char *text)
{
	struct vmp_buf safe = {0};

	if (!text || !*text)
		return;
	vmp_buf_add(&safe, prefix, prefix_len);
	vmp_buf_escape(&safe, text);
	if (safe.oom)
		out->oom = true;
	else
		put_option(out, code, safe.s, prefix_len + text_length(safe.s + prefix_len, TEXT_MAX));
	vmp_buf_clear(&safe);
}

static void put_option_text(struct vmp_pcapng *out, enum option code, const char *text)
{
	put_text(out, code, "", 0, text);
}

void vmp_pcapng_section(struct vmp_pcapng *out, const struct vmp_pcapng_section *section)
{
	begin(out, BLOCK_SECTION);
	put32(out, 0x1a2b3c4d);
	put16(out, 1);
	put16(out, 0);
	put64(out, UINT64_MAX); /* the section's length is not known when it begins */
	put_option_text(out, OPT_COMMENT, section->comment);
	put_option_text(out, SHB_HARDWARE, section->hardware);
	put_option_text(out, SHB_OS, section->os);
	put_option_text(out, SHB_APPLICATION, section->application);
	put_end_of_options(out);
	end(out);
}

void vmp_pcapng_interface(struct vmp_pcapng *out, const struct vmp_pcapng_interface *interface)
{
	static const uint8_t nanoseconds = 9;

	begin(out, BLOCK_INTERFACE);
	put16(out, 1); /* LINKTYPE_ETHERNET */
	put16(out, 0);
	put32(out, VMP_PCAPNG_SNAPLEN);
	put_option_text(out, IF_NAME, interface->name);
	put_option_text(out, IF_DESCRIPTION, interface->description);
	if (interface->mac)
		put_option(out, IF_MAC, interface->mac->b, sizeof(interface->mac->b));
	put_option(out, IF_TSRESOL, &nanoseconds, 1);
	put_text(out, IF_FILTER, "", 1, interface->filter); /* first byte 0: text in libpcap's language */
	put_end_of_options(out);
	end(out);
}

void vmp_pcapng_names(struct vmp_pcapng *out, const char *name, const struct vmp_ip *ips, size_t n_ips)
{
	struct vmp_buf safe = {0};

	vmp_buf_escape(&safe, name);
	out->oom |= safe.oom;
	if (n_ips == 0 || !safe.s) {
		vmp_buf_clear(&safe);
		return;
	}
	begin(out, BLOCK_NAMES);
	for (size_t i = 0; i < n_ips; i++) {
		size_t ip_len = ips[i].family == 4 ? 4 : 16, name_len = text_length(safe.s, 255);

		put16(out, ips[i].family == 4 ? 1 : 2);
		put16(out, (uint16_t)(ip_len + name_len + 1));
		put(out, ips[i].b, ip_len);
		put(out, safe.s, name_len);
		put(out, "", 1);
		pad(out);
	}
	put32(out, 0); /* nrb_record_end */
	end(out);
	vmp_buf_clear(&safe);
}

void vmp_pcapng_frame(struct vmp_pcapng *out, const struct vmp_pcapng_frame *frame)
{
	static const uint32_t directions[] = {[VMP_DEV_IN] = 1, [VMP_DEV_OUT] = 2, [VMP_DEV_UNKNOWN] = 0};

	begin(out, BLOCK_FRAME);
	put32(out, frame->interface);
	put_time(out, frame->ts_ns);
	put32(out, frame->cap_len);
	put32(out, frame->wire_len);
	put(out, frame->data, frame->cap_len);
	pad(out);
	put_option_text(out, OPT_COMMENT, frame->comment);
	put16(out, EPB_FLAGS);
	put16(out, 4);
	put32(out, directions[frame->devdir]);
	put_option64(out, EPB_PACKETID, frame->packet_id);
	put_end_of_options(out);
	end(out);
}

void vmp_pcapng_statistics(struct vmp_pcapng *out, const struct vmp_pcapng_statistics *statistics)
{
	begin(out, BLOCK_STATISTICS);
	put32(out, statistics->interface);
	put_time(out, statistics->ts_ns);
	put_option_text(out, OPT_COMMENT, statistics->comment);
	put_option_time(out, ISB_START, statistics->start_ns);
	put_option_time(out, ISB_END, statistics->end_ns);
	if (statistics->has_counts) {
		put_option64(out, ISB_IFRECV, statistics->received);
		put_option64(out, ISB_IFDROP, statistics->dropped);
	}
	put_end_of_options(out);
	end(out);
}

void vmp_pcapng_clear(struct vmp_pcapng *out)
{
	free(out->v);
	memset(out, 0, sizeof(*out));
}
