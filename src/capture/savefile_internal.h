/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of the two formats share. Private to capture/. */
#ifndef VMP_CAPTURE_SAVEFILE_INTERNAL_H
#define VMP_CAPTURE_SAVEFILE_INTERNAL_H

#include "capture/savefile.h"

#include <zlib.h>

enum {
	VMP_SAVEFILE_HEADROOM = 32,         /* before what was read, so that a frame's header can be put in front of it */
	VMP_SAVEFILE_BUFFER = 1 << 20,
	VMP_SAVEFILE_RECORD_MOST = 1 << 19, /* bytes of one record; snap lengths are at most 256 KiB */
};

/* Link type and unit of time of one interface. */
struct vmp_savefile_link {
	uint16_t type;
	uint64_t ticks;             /* per second; 0: a power of ten or two too large to use */
	int64_t offset_s;
};

struct vmp_savefile {
	const char *path;
	int fd;
	gzFile gz;
	uint8_t *buffer;
	size_t at, end;             /* of what was read and not yet used */
	uint64_t offset;            /* in the file, of buffer[at] */
	bool ended;                 /* nothing more is to be read */
	bool is_pcapng, swapped;
	bool cut_off;
	uint64_t cut_off_at;
	size_t n_interfaces, section; /* all, and the first of the current pcapng section */
	struct vmp_savefile_interface interfaces[VMP_SAVEFILE_INTERFACES];
	struct vmp_savefile_link links[VMP_SAVEFILE_INTERFACES];
};

/* One line about this place in the file. */
int vmp_savefile_bad(const struct vmp_savefile *file, struct vmp_err *err, const char *what) __attribute__((nonnull(3)));

/*
 * The next n bytes, in one piece, without using them up: NULL when the file ends before (ret_code 0: at its end or in the middle),
 * or it cannot be read (ret_code -EIO). n: at most VMP_SAVEFILE_RECORD_MOST.
 */
uint8_t *vmp_savefile_peek(struct vmp_savefile *file, size_t n, int *ret_code, struct vmp_err *err);

/* Use up n bytes that were peeked at. */
void vmp_savefile_use(struct vmp_savefile *file, size_t n);

/* Numbers in the byte order of the file. */
uint16_t vmp_savefile_u16(const struct vmp_savefile *file, const uint8_t *p);
uint32_t vmp_savefile_u32(const struct vmp_savefile *file, const uint8_t *p);

/* The file ends inside a record, or before one. Returns 0. */
int vmp_savefile_end(struct vmp_savefile *file);

/* Add an interface; NULL (and err set) when there are too many or the link type is not read. */
int vmp_savefile_add_interface(struct vmp_savefile *file, uint16_t type, uint32_t snap, struct vmp_err *err);

/* Make an Ethernet frame of what was captured: len bytes in front of which VMP_SAVEFILE_HEADROOM bytes may be overwritten. */
void vmp_savefile_convert(const struct vmp_savefile_link *link, uint8_t *data, uint32_t len, uint32_t wire_len,
			  struct vmp_savefile_frame *frame);

/* The formats: begin at the file's first byte, and read one frame (1), come to the end (0) or fail. */
int vmp_pcapng_next(struct vmp_savefile *file, struct vmp_savefile_frame *ret_frame, struct vmp_err *err);

#endif
