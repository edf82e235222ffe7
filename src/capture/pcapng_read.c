/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng (draft-ietf-opsawg-pcapng). Read here and not by libpcap, which refuses files whose interfaces differ in link type or snap
 * length (dumpcap -i a -i b makes such), and does not tell names, directions, coverage or drops.
 */
#include "capture/savefile_internal.h"

#include "base/clock.h"
#include "base/cursor.h"

#include <errno.h>
#include <string.h>

enum {
	BLOCK_INTERFACE = 1, BLOCK_PACKET = 2, BLOCK_SIMPLE = 3, BLOCK_STATISTICS = 5, BLOCK_ENHANCED = 6,
	BLOCK_LEAST = 12, BLOCK_HEAD = 8, BLOCK_TAIL = 4,
};
#define BLOCK_SECTION 0x0a0d0d0aU
#define ORDER_MAGIC   0x1a2b3c4dU

enum { OPTION_END = 0, IF_NAME = 2, IF_TSRESOL = 9, IF_TSOFFSET = 14, EPB_FLAGS = 2, EPB_DROPS = 4, ISB_START = 2, ISB_END = 3,
       ISB_IFDROP = 5, ISB_OSDROP = 7 };

static uint16_t u16(const struct vmp_savefile *file, struct vmp_cursor *c)
{
	const uint8_t *p = vmp_cursor_take(c, 2);

	return p ? vmp_savefile_u16(file, p) : 0;
}

static uint32_t u32(const struct vmp_savefile *file, struct vmp_cursor *c)
{
	const uint8_t *p = vmp_cursor_take(c, 4);

	return p ? vmp_savefile_u32(file, p) : 0;
}

static uint64_t u64(const struct vmp_savefile *file, struct vmp_cursor *c)
{
	uint64_t first = u32(file, c), second = u32(file, c);

	return file->swapped ? first << 32 | second : second << 32 | first;
}

/* One option; its value is a cursor of just its length. False at the end. */
static bool next_option(const struct vmp_savefile *file, struct vmp_cursor *c, uint16_t *ret_code, struct vmp_cursor *ret_value)
{
	const uint8_t *value;
	uint16_t len;

	if (c->left < 4)
		return false;
	*ret_code = u16(file, c);
	len = u16(file, c);
	if (*ret_code == OPTION_END)
		return false;
	value = vmp_cursor_take(c, len);
	if (!value)
		return false;
	*ret_value = vmp_cursor_make(value, len);
	vmp_cursor_take(c, (4 - len % 4) % 4);
	return true;
}

/* if_tsresol: a power of ten, or with the upper bit set of two. */
static uint64_t ticks_of(uint8_t resolution)
{
	uint64_t ticks = 1;

	if (resolution & 0x80)
		return (resolution & 0x7f) < 64 ? 1ULL << (resolution & 0x7f) : 0;
	if (resolution > 19)
		return 0;
	while (resolution--)
		ticks *= 10;
	return ticks;
}

static uint64_t to_ns(const struct vmp_savefile_link *link, uint64_t stamp)
{
	uint64_t seconds = stamp / link->ticks, rest = stamp % link->ticks;

	return (seconds + (uint64_t)link->offset_s) * VMP_NS_PER_S + (uint64_t)((unsigned __int128)rest * VMP_NS_PER_S / link->ticks);
}

static int read_interface(struct vmp_savefile *file, struct vmp_cursor c, struct vmp_err *err)
{
	uint16_t type = u16(file, &c), code;
	uint32_t snap;
	struct vmp_cursor value;
	struct vmp_savefile_interface *interface;
	struct vmp_savefile_link *link;
	int result;

	vmp_cursor_take(&c, 2);
	snap = u32(file, &c);
	if (c.bad)
		return vmp_savefile_bad(file, err, "an interface block is too short");
	result = vmp_savefile_add_interface(file, type, snap, err);
	if (result < 0)
		return result;
	interface = &file->interfaces[file->n_interfaces - 1];
	link = &file->links[file->n_interfaces - 1];
	while (next_option(file, &c, &code, &value)) {
		if (code == IF_NAME) {
			size_t len = value.left < sizeof(interface->name) - 1 ? value.left : sizeof(interface->name) - 1;

			vmp_cursor_copy(&value, interface->name, len);
		} else if (code == IF_TSRESOL) {
			link->ticks = ticks_of(vmp_cursor_u8(&value));
		} else if (code == IF_TSOFFSET) {
			link->offset_s = (int64_t)u64(file, &value);
		}
	}
	return link->ticks ? 0 : vmp_savefile_bad(file, err, "an interface's times are finer than can be counted");
}

static int find_interface(const struct vmp_savefile *file, uint32_t id, uint32_t *ret_interface, struct vmp_err *err)
{
	if (id >= file->n_interfaces - file->section)
		return vmp_savefile_bad(file, err, "a block is of an interface that the file does not describe");
	*ret_interface = (uint32_t)file->section + id;
	return 0;
}

/* dumpcap tells these times in microseconds, whatever the resolution of its packets is: then they would lie long ago. */
static uint64_t statistics_ns(const struct vmp_savefile_link *link, uint64_t stamp)
{
	static const uint64_t long_ago_ns = 1000000000ULL * VMP_NS_PER_S; /* September 2001 */
	struct vmp_savefile_link micro = *link;
	uint64_t ns = to_ns(link, stamp);

	micro.ticks = 1000000;
	return ns < long_ago_ns && to_ns(&micro, stamp) >= long_ago_ns ? to_ns(&micro, stamp) : ns;
}

static int read_statistics(struct vmp_savefile *file, struct vmp_cursor c, struct vmp_err *err)
{
	struct vmp_savefile_interface *interface;
	const struct vmp_savefile_link *link;
	struct vmp_cursor value;
	uint64_t ifdrop = 0, osdrop = 0;
	uint32_t index = 0;
	uint16_t code;
	int result = find_interface(file, u32(file, &c), &index, err);

	if (result < 0)
		return result;
	interface = &file->interfaces[index];
	link = &file->links[index];
	vmp_cursor_take(&c, 8);
	while (next_option(file, &c, &code, &value)) {
		/* Times stand with their upper half first in either byte order, as in packets. */
		uint64_t high, low;

		if (value.left < 8)
			continue;
		if (code == ISB_IFDROP || code == ISB_OSDROP) {
			*(code == ISB_IFDROP ? &ifdrop : &osdrop) = u64(file, &value);
			interface->has_drops = true;
			continue;
		}
		if (code != ISB_START && code != ISB_END)
			continue;
		high = u32(file, &value);
		low = u32(file, &value);
		*(code == ISB_START ? &interface->start_ns : &interface->end_ns) = statistics_ns(link, high << 32 | low);
		*(code == ISB_START ? &interface->has_start : &interface->has_end) = true;
	}
	/* The counts are since the start of the capture, so the last block's stand. */
	if (interface->has_drops && ifdrop + osdrop > interface->drops)
		interface->drops = ifdrop + osdrop;
	return 0;
}

/* Options of a packet: its direction, and how many were missed before it. */
static void read_packet_options(struct vmp_savefile *file, struct vmp_cursor c, struct vmp_savefile_frame *frame)
{
	static const enum vmp_devdir directions[] = {VMP_DEV_UNKNOWN, VMP_DEV_IN, VMP_DEV_OUT, VMP_DEV_UNKNOWN};
	struct vmp_savefile_interface *interface = &file->interfaces[frame->interface];
	struct vmp_cursor value;
	uint16_t code;

	while (next_option(file, &c, &code, &value)) {
		if (code == EPB_FLAGS && value.left >= 4) {
			frame->frame.devdir = directions[u32(file, &value) & 3];
		} else if (code == EPB_DROPS && value.left >= 8) {
			interface->has_drops = true;
			interface->drops += u64(file, &value);
		}
	}
}

static int read_packet(struct vmp_savefile *file, uint8_t *body, size_t len, uint32_t block, struct vmp_savefile_frame *frame,
		       struct vmp_err *err)
{
	struct vmp_cursor c = vmp_cursor_make(body, len);
	uint32_t id = block == BLOCK_PACKET ? u16(file, &c) : u32(file, &c), cap_len, wire_len;
	uint64_t high, low;
	const uint8_t *data;
	int code;

	if (block == BLOCK_PACKET)
		vmp_cursor_take(&c, 2);
	high = u32(file, &c);
	low = u32(file, &c);
	cap_len = u32(file, &c);
	wire_len = u32(file, &c);
	data = vmp_cursor_take(&c, cap_len);
	if (!data)
		return vmp_savefile_bad(file, err, "a packet block is shorter than the frame that it is said to hold");
	memset(frame, 0, sizeof(*frame));
	code = find_interface(file, id, &frame->interface, err);
	if (code < 0)
		return code;
	frame->frame.ts_ns = to_ns(&file->links[frame->interface], high << 32 | low);
	frame->frame.devdir = VMP_DEV_UNKNOWN;
	vmp_cursor_take(&c, (4 - cap_len % 4) % 4);
	if (c.left >= 4)
		read_packet_options(file, c, frame);
	vmp_savefile_convert(&file->links[frame->interface], body + (data - body), cap_len, wire_len, frame);
	return 1;
}

/* The byte order may change from section to section. */
static int begin_section(struct vmp_savefile *file, struct vmp_err *err)
{
	const uint8_t *p;
	int code;

	p = vmp_savefile_peek(file, BLOCK_HEAD + 4, &code, err);
	if (!p)
		return code;
	for (int swapped = 0; swapped < 2; swapped++) {
		file->swapped = swapped;
		if (vmp_savefile_u32(file, p + BLOCK_HEAD) == ORDER_MAGIC) {
			file->section = file->n_interfaces;
			return 0;
		}
	}
	return vmp_savefile_bad(file, err, "a section's byte order is unknown");
}

/* What is not needed may be of any size. Returns false at the end of the file. */
static bool skip(struct vmp_savefile *file, uint32_t len, int *ret_code, struct vmp_err *err)
{
	while (len > 0) {
		uint32_t part = len < VMP_SAVEFILE_RECORD_MOST ? len : VMP_SAVEFILE_RECORD_MOST;

		if (!vmp_savefile_peek(file, part, ret_code, err))
			return false;
		vmp_savefile_use(file, part);
		len -= part;
	}
	return true;
}

static bool is_wanted(uint32_t block)
{
	return block == BLOCK_INTERFACE || block == BLOCK_PACKET || block == BLOCK_SIMPLE || block == BLOCK_STATISTICS ||
	       block == BLOCK_ENHANCED;
}

/* One block. Returns 1 with a frame, 0 without; ret_end: the file ends here. */
static int read_block(struct vmp_savefile *file, struct vmp_savefile_frame *ret_frame, bool *ret_end, struct vmp_err *err)
{
	uint32_t block, len;
	uint8_t *p;
	int code;

	*ret_end = true;
	p = vmp_savefile_peek(file, BLOCK_HEAD, &code, err);
	if (!p)
		return code;
	block = vmp_savefile_u32(file, p);
	if (block == BLOCK_SECTION) {
		code = begin_section(file, err);
		if (code < 0)
			return code;
		p = vmp_savefile_peek(file, BLOCK_HEAD, &code, err);
		if (!p)
			return code;
	}
	len = vmp_savefile_u32(file, p + 4);
	if (len < BLOCK_LEAST || len % 4 != 0)
		return vmp_savefile_bad(file, err, "a block's length cannot be: the file is damaged");
	if (!is_wanted(block)) {
		*ret_end = !skip(file, len, &code, err);
		return code;
	}
	if (len > VMP_SAVEFILE_RECORD_MOST)
		return vmp_savefile_bad(file, err, "a block is longer than any capture makes them: the file is damaged");
	p = vmp_savefile_peek(file, len, &code, err);
	if (!p)
		return code;
	*ret_end = false;
	code = 0;
	if (block == BLOCK_INTERFACE)
		code = read_interface(file, vmp_cursor_make(p + BLOCK_HEAD, len - BLOCK_LEAST), err);
	else if (block == BLOCK_STATISTICS)
		code = read_statistics(file, vmp_cursor_make(p + BLOCK_HEAD, len - BLOCK_LEAST), err);
	else if (block == BLOCK_SIMPLE)
		code = vmp_savefile_bad(file, err, "a packet without a time (simple packet block): nothing can be said from that");
	else
		code = read_packet(file, p + BLOCK_HEAD, len - BLOCK_LEAST, block, ret_frame, err);
	if (code >= 0)
		vmp_savefile_use(file, len);
	return code;
}

int vmp_pcapng_next(struct vmp_savefile *file, struct vmp_savefile_frame *ret_frame, struct vmp_err *err)
{
	bool end = false;
	int code = 0;

	while (code == 0 && !end)
		code = read_block(file, ret_frame, &end, err);
	return end && code == 0 ? vmp_savefile_end(file) : code;
}
