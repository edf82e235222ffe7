/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture file of anybody: pcap, pcapng, gzip'd or not. It is read to its end or to an error that says where, twice with the same
 * result, and each frame's headers are read as analyzing it would.
 */
#include "fuzz.h"

#include "capture/savefile.h"
#include "packet/packet.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES_MOST = 20000, RECORD_MOST = 1 << 19 };

/* What one reading came to. */
struct reading {
	int code;
	uint64_t frames, sum, cut_off_at;
	bool cut_off;
	size_t interfaces;
	char message[sizeof(((struct vmp_err *)0)->message)];
};

static void promise(bool kept)
{
	if (!kept)
		abort();
}

/* A file of these bytes, the same one each time. */
static const char *file_of(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("savefile", MFD_CLOEXEC);
	promise(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static void look(const struct vmp_savefile_frame *frame, struct reading *reading)
{
	static struct vmp_digest_key key;
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;

	if (!key.word[0])
		vmp_digest_key_make(&(struct vmp_hash_key){{1, 2}}, &key);
	promise(frame->frame.cap_len <= RECORD_MOST + 14 && frame->frame.wire_len >= frame->frame.cap_len);
	promise(frame->frame.devdir <= VMP_DEV_UNKNOWN && frame->frame.point == 0);
	vmp_packet_decode(&frame->frame, &packet);
	promise(packet.header_len <= frame->frame.cap_len);
	vmp_packet_fingerprint(&key, &frame->frame, &packet, &fingerprint);
	for (uint32_t i = 0; i < frame->frame.cap_len; i++)
		reading->sum = reading->sum * 31 + frame->frame.data[i];
	reading->sum = (reading->sum * 31 + frame->frame.ts_ns) * 31 + fingerprint.id.h[0];
	if (vmp_packet_decode_vxlan(&frame->frame, packet.dport, &packet))
		promise(packet.inner_offset <= frame->frame.cap_len);
}

static bool is_same(const struct reading *a, const struct reading *b)
{
	return a->code == b->code && a->frames == b->frames && a->sum == b->sum && a->cut_off == b->cut_off &&
	       a->cut_off_at == b->cut_off_at && a->interfaces == b->interfaces && strcmp(a->message, b->message) == 0;
}

static struct reading read_all(struct vmp_savefile *file)
{
	const struct vmp_savefile_interface *interfaces;
	struct vmp_savefile_frame frame;
	struct vmp_err err = {0};
	struct reading reading = {0};

	reading.code = vmp_savefile_begin(file, &err);
	if (reading.code == 0)
		for (reading.code = 1; reading.code > 0 && reading.frames < FRAMES_MOST; reading.frames += reading.code > 0) {
			reading.code = vmp_savefile_next(file, &frame, &err);
			if (reading.code <= 0)
				break;
			interfaces = vmp_savefile_interfaces(file, &reading.interfaces);
			promise(frame.interface < reading.interfaces && reading.interfaces <= VMP_SAVEFILE_INTERFACES);
			promise(memchr(interfaces[frame.interface].name, 0, VMP_SAVEFILE_NAMELEN));
			look(&frame, &reading);
		}
	promise(reading.code >= 0 || ((reading.code == -EINVAL || reading.code == -EIO) && err.code == -reading.code && *err.message));
	reading.cut_off = vmp_savefile_cut_off(file, &reading.cut_off_at);
	memcpy(reading.message, err.message, sizeof(reading.message));
	return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading first, second;
	struct vmp_savefile *file;
	struct vmp_err err = {0};

	promise(vmp_savefile_open(file_of(data, size), &file, &err) == 0);
	first = read_all(file);
	second = read_all(file);
	promise(is_same(&first, &second));
	vmp_savefile_close(file);
	return 0;
}
