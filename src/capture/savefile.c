/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading bytes, plain or gzip'd, in large pieces; the old format pcap; the frames of each link type as Ethernet frames. */
#include "capture/savefile_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GZ_BUFFER (1U << 18)

enum { PCAP_HEADER = 24, PCAP_RECORD = 16 };

/* https://www.tcpdump.org/linktypes.html */
enum {
	LINK_ETHERNET = 1, LINK_RAW_BSD = 12, LINK_RAW_OPENBSD = 14, LINK_RAW = 101, LINK_SLL = 113, LINK_IPV4 = 228,
	LINK_IPV6 = 229, LINK_SLL2 = 276,
};

/* pcap's first four bytes, and the parts of a second in its times. */
static const struct {
	uint32_t magic;
	uint64_t ticks;
} magics[] = {{0xa1b2c3d4, 1000000}, {0xa1b23c4d, 1000000000}};

#define PCAPNG_MAGIC 0x0a0d0d0aU /* reads alike in both byte orders */

int vmp_savefile_bad(const struct vmp_savefile *file, struct vmp_err *err, const char *what)
{
	return vmp_err_set(err, EINVAL, "capture", file->path, "%s: at byte %" PRIu64 ": %s", file->path, file->offset, what);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

int vmp_savefile_open(const char *path, struct vmp_savefile **ret_file, struct vmp_err *err)
{
	struct vmp_savefile *file = calloc(1, sizeof(*file));
	struct stat st;
	int fd;

	if (!file)
		return vmp_err_set(err, ENOMEM, "capture", path, "out of memory");
	file->path = path;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		free(file);
		return vmp_err_set(err, errno, "capture", path, "opening the capture file %s: %s", path, strerror(errno));
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		free(file);
		return vmp_err_set(err, EISDIR, "capture", path, "%s is not a file: captures are read more than once", path);
	}
	file->buffer = malloc(VMP_SAVEFILE_HEADROOM + VMP_SAVEFILE_BUFFER);
	file->gz = file->buffer ? gzdopen(fd, "rb") : NULL;
	if (!file->gz) {
		close(fd);
		free(file->buffer);
		free(file);
		return vmp_err_set(err, ENOMEM, "capture", path, "out of memory");
	}
	gzbuffer(file->gz, GZ_BUFFER);
	*ret_file = file;
	return 0;
}

void vmp_savefile_close(struct vmp_savefile *file)
{
	if (!file)
		return;
	gzclose(file->gz);
	free(file->buffer);
	free(file);
}

static int fill(struct vmp_savefile *file, struct vmp_err *err)
{
	uint8_t *start = file->buffer + VMP_SAVEFILE_HEADROOM;
	int n;

	memmove(start, file->buffer + file->at, file->end - file->at);
	file->end = VMP_SAVEFILE_HEADROOM + (file->end - file->at);
	file->at = VMP_SAVEFILE_HEADROOM;
	n = gzread(file->gz, file->buffer + file->end, (unsigned int)(VMP_SAVEFILE_HEADROOM + VMP_SAVEFILE_BUFFER - file->end));
	if (n < 0) {
		int code;
		const char *words = gzerror(file->gz, &code);

		/* What was unpacked before a gzip file breaks off is handed out first. */
		if (code == Z_BUF_ERROR || code == Z_DATA_ERROR) {
			file->ended = file->cut_off = true;
			return 0;
		}
		return vmp_err_set(err, EIO, "capture", file->path, "reading %s: %s", file->path,
				   code == Z_ERRNO ? strerror(errno) : words);
	}
	file->ended = n == 0;
	file->end += (size_t)n;
	return 0;
}

uint8_t *vmp_savefile_peek(struct vmp_savefile *file, size_t n, int *ret_code, struct vmp_err *err)
{
	*ret_code = 0;
	while (file->end - file->at < n) {
		if (file->ended)
			return NULL;
		*ret_code = fill(file, err);
		if (*ret_code < 0)
			return NULL;
	}
	return file->buffer + file->at;
}

void vmp_savefile_use(struct vmp_savefile *file, size_t n)
{
	file->at += n;
	file->offset += n;
}

int vmp_savefile_end(struct vmp_savefile *file)
{
	if (file->end > file->at)
		file->cut_off = true;
	if (file->cut_off)
		file->cut_off_at = file->offset;
	return 0;
}

bool vmp_savefile_cut_off(const struct vmp_savefile *file, uint64_t *ret_offset)
{
	*ret_offset = file->cut_off_at;
	return file->cut_off;
}

uint16_t vmp_savefile_u16(const struct vmp_savefile *file, const uint8_t *p)
{
	return file->swapped ? (uint16_t)(p[0] << 8 | p[1]) : (uint16_t)(p[1] << 8 | p[0]);
}

uint32_t vmp_savefile_u32(const struct vmp_savefile *file, const uint8_t *p)
{
	uint32_t low = vmp_savefile_u16(file, p), high = vmp_savefile_u16(file, p + 2);

	return file->swapped ? low << 16 | high : high << 16 | low;
}

/* ---- link types -------------------------------------------------------------------------------------------------- */

static bool is_raw(uint16_t type)
{
	return type == LINK_RAW_BSD || type == LINK_RAW_OPENBSD || type == LINK_RAW || type == LINK_IPV4 || type == LINK_IPV6;
}

/* Packet types of Linux (if_packet.h) in a cooked header: the direction, and as much of the destination as they tell. */
static void put_cooked_type(unsigned int type, uint8_t *dst, struct vmp_savefile_frame *frame)
{
	enum { BROADCAST = 1, MULTICAST = 2, OUTGOING = 4 };

	memset(dst, type == BROADCAST ? 0xff : 0, 6);
	if (type == MULTICAST)
		dst[0] = 1;
	frame->no_dst_mac = type != BROADCAST;
	frame->frame.devdir = type == OUTGOING ? VMP_DEV_OUT : VMP_DEV_IN;
}

static void convert_sll(uint8_t *data, struct vmp_savefile_frame *frame)
{
	unsigned int type = (unsigned int)(data[0] << 8 | data[1]);

	frame->arphrd = (uint16_t)(data[2] << 8 | data[3]);
	memmove(data + 8, data + 6, 6);
	put_cooked_type(type, data + 2, frame);
}

static void convert_sll2(uint8_t *data, struct vmp_savefile_frame *frame)
{
	unsigned int type = data[10];
	uint8_t protocol[2] = {data[0], data[1]};

	frame->ifindex = (uint32_t)data[4] << 24 | (uint32_t)data[5] << 16 | (uint32_t)data[6] << 8 | data[7];
	frame->arphrd = (uint16_t)(data[8] << 8 | data[9]);
	memcpy(data + 18, protocol, 2);
	put_cooked_type(type, data + 6, frame);
}

void vmp_savefile_convert(const struct vmp_savefile_link *link, uint8_t *data, uint32_t len, uint32_t wire_len,
			  struct vmp_savefile_frame *frame)
{
	uint32_t cooked = link->type == LINK_SLL ? 16 : link->type == LINK_SLL2 ? 20 : 0;

	if (wire_len < len)
		wire_len = len;
	if (cooked && len < cooked)
		len = 0; /* cut off within the cooked header: nothing of it is known */
	else if (cooked == 16)
		convert_sll(data, frame);
	else if (cooked)
		convert_sll2(data, frame);
	if (cooked && len > 0) {
		data += cooked - 14;
		len -= cooked - 14;
		wire_len -= cooked - 14;
	}
	if (is_raw(link->type) && len > 0) {
		bool six = data[0] >> 4 == 6;

		data -= 14;
		len += 14;
		wire_len = wire_len < UINT32_MAX - 14 ? wire_len + 14 : UINT32_MAX;
		memset(data, 0, 12);
		data[12] = six ? 0x86 : 0x08;
		data[13] = six ? 0xdd : 0x00;
		frame->no_macs = frame->no_dst_mac = true;
	}
	frame->frame.data = data;
	frame->frame.cap_len = len;
	frame->frame.wire_len = wire_len;
}

int vmp_savefile_add_interface(struct vmp_savefile *file, uint16_t type, uint32_t snap, struct vmp_err *err)
{
	struct vmp_savefile_interface *interface;

	if (file->n_interfaces == VMP_SAVEFILE_INTERFACES)
		return vmp_savefile_bad(file, err, "the file has too many interfaces");
	if (type != LINK_ETHERNET && type != LINK_SLL && type != LINK_SLL2 && !is_raw(type))
		return vmp_err_set(err, EINVAL, "capture", file->path, "%s: link type %u is not read here, only Ethernet, Linux cooked and "
				   "bare IP; see https://www.tcpdump.org/linktypes.html", file->path, type);
	interface = &file->interfaces[file->n_interfaces];
	memset(interface, 0, sizeof(*interface));
	interface->snap_bytes = snap;
	file->links[file->n_interfaces] = (struct vmp_savefile_link){.type = type, .ticks = 1000000};
	file->n_interfaces++;
	return 0;
}

const struct vmp_savefile_interface *vmp_savefile_interfaces(const struct vmp_savefile *file, size_t *ret_n)
{
	*ret_n = file->n_interfaces;
	return file->interfaces;
}

/* ---- pcap -------------------------------------------------------------------------------------------------------- */

static int begin_pcap(struct vmp_savefile *file, const uint8_t *header, uint64_t ticks, struct vmp_err *err)
{
	/* The upper half of the last word tells of a frame check sequence, which Linux does not capture. */
	int code = vmp_savefile_add_interface(file, (uint16_t)vmp_savefile_u32(file, header + 20), vmp_savefile_u32(file, header + 16), err);

	if (code < 0)
		return code;
	file->links[0].ticks = ticks;
	vmp_savefile_use(file, PCAP_HEADER);
	return 0;
}

int vmp_savefile_begin(struct vmp_savefile *file, struct vmp_err *err)
{
	const uint8_t *header;
	int code;

	gzclearerr(file->gz); /* of damage that an earlier reading came to */
	if (gzrewind(file->gz) != 0)
		return vmp_err_set(err, EIO, "capture", file->path, "reading %s from its start: %s", file->path, strerror(errno));
	file->at = file->end = VMP_SAVEFILE_HEADROOM;
	file->offset = file->cut_off_at = 0;
	file->ended = file->cut_off = file->is_pcapng = false;
	file->n_interfaces = file->section = 0;
	header = vmp_savefile_peek(file, PCAP_HEADER, &code, err);
	if (code < 0)
		return code;
	if (!header && file->cut_off)
		return vmp_err_set(err, EINVAL, "capture", file->path, "%s is a damaged gzip file; gzip -t tells more", file->path);
	if (!header)
		return vmp_err_set(err, EINVAL, "capture", file->path, "%s is too short for a capture file", file->path);
	for (int swapped = 0; swapped < 2; swapped++) {
		file->swapped = swapped;
		for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
			if (vmp_savefile_u32(file, header) == magics[i].magic)
				return begin_pcap(file, header, magics[i].ticks, err);
	}
	file->is_pcapng = vmp_savefile_u32(file, header) == PCAPNG_MAGIC;
	return file->is_pcapng ? 0
			       : vmp_err_set(err, EINVAL, "capture", file->path, "%s is no capture file: neither pcap nor pcapng", file->path);
}

static int next_pcap(struct vmp_savefile *file, struct vmp_savefile_frame *ret_frame, struct vmp_err *err)
{
	uint32_t seconds, parts, len, wire_len;
	uint64_t unit = VMP_NS_PER_S / file->links[0].ticks;
	uint8_t *p;
	int code;

	p = vmp_savefile_peek(file, PCAP_RECORD, &code, err);
	if (!p)
		return code < 0 ? code : vmp_savefile_end(file);
	seconds = vmp_savefile_u32(file, p);
	parts = vmp_savefile_u32(file, p + 4);
	len = vmp_savefile_u32(file, p + 8);
	wire_len = vmp_savefile_u32(file, p + 12);
	if (len > VMP_SAVEFILE_RECORD_MOST - PCAP_RECORD)
		return vmp_savefile_bad(file, err, "a frame is longer than any capture makes them: the file is damaged");
	p = vmp_savefile_peek(file, PCAP_RECORD + len, &code, err);
	if (!p)
		return code < 0 ? code : vmp_savefile_end(file);
	memset(ret_frame, 0, sizeof(*ret_frame));
	ret_frame->frame.ts_ns = seconds * VMP_NS_PER_S + parts * unit;
	ret_frame->frame.devdir = VMP_DEV_UNKNOWN;
	vmp_savefile_use(file, PCAP_RECORD + len);
	vmp_savefile_convert(&file->links[0], p + PCAP_RECORD, len, wire_len, ret_frame);
	return 1;
}

int vmp_savefile_next(struct vmp_savefile *file, struct vmp_savefile_frame *ret_frame, struct vmp_err *err)
{
	return file->is_pcapng ? vmp_pcapng_next(file, ret_frame, err) : next_pcap(file, ret_frame, err);
}
