/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files of anybody -> frames: pcap and pcapng, plain or gzip'd, as Ethernet frames whatever the link type. The file is
 * hostile input: every size in it is bounded, and an error names the file and the place in it.
 */
#ifndef VMP_CAPTURE_SAVEFILE_H
#define VMP_CAPTURE_SAVEFILE_H

#include "base/err.h"
#include "model/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMP_SAVEFILE_INTERFACES 64  /* of one file; more are an error */
#define VMP_SAVEFILE_NAMELEN    64

/* No state is shared between two of them, so each may be read by a thread of its own. */
struct vmp_savefile;

/* One interface of a file. A pcap file has one without a name; of "-i any" in cooked form v2 each ifindex is one. */
struct vmp_savefile_interface {
	char name[VMP_SAVEFILE_NAMELEN];    /* "" when the file does not say */
	uint32_t snap_bytes;                /* 0: no limit is told */
	bool has_start, has_end;            /* when the capture ran: only pcapng may say */
	uint64_t start_ns, end_ns;
	bool has_drops;                     /* drops is known: frames that the capture missed */
	uint64_t drops;
};

/* A frame with what is not known of it. */
struct vmp_savefile_frame {
	struct vmp_frame frame;             /* data: valid until the next call, changed in place; point is left at 0 */
	uint32_t interface;                 /* index of its interface */
	uint32_t ifindex;                   /* cooked form v2 only, else 0 */
	bool no_dst_mac;                    /* cooked: the destination's MAC is not recorded; zeros stand for it unless it is a group's */
	bool no_macs;                       /* bare IP packets */
	uint16_t arphrd;                    /* cooked: type of the device's addresses (ARPHRD_*) */
};

/*
 * Open a file for reading; nothing of its content is looked at yet, so privilege can be given up in between. path: borrowed for the
 * life of the file. ret_file: caller closes. Errors: those of open(2), EISDIR, ENOMEM.
 */
int vmp_savefile_open(const char *path, struct vmp_savefile **ret_file, struct vmp_err *err);

/* Close; NULL is allowed. */
void vmp_savefile_close(struct vmp_savefile *file);

/* (Again) to the first frame. Errors: EINVAL (not a capture file, a link type that is not read), EIO. */
int vmp_savefile_begin(struct vmp_savefile *file, struct vmp_err *err);

/*
 * The next frame. Returns 1 and sets *ret_frame, 0 at the end (also where the last record is cut off: then
 * vmp_savefile_cut_off() says where), or -EINVAL, -EIO.
 */
int vmp_savefile_next(struct vmp_savefile *file, struct vmp_savefile_frame *ret_frame, struct vmp_err *err);

/* Interfaces seen so far; index-aligned with struct vmp_savefile_frame.interface. Borrowed. */
const struct vmp_savefile_interface *vmp_savefile_interfaces(const struct vmp_savefile *file, size_t *ret_n);

/* True when the file ended within a record. ret_offset: where that record begins, in bytes of what was unpacked. */
bool vmp_savefile_cut_off(const struct vmp_savefile *file, uint64_t *ret_offset);

#endif
