/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points -> frames, with libpcap: two handles per point, one for each direction, since Ethernet frames do not tell it.
 */
#ifndef VMP_CAPTURE_CAPTURE_H
#define VMP_CAPTURE_CAPTURE_H

#include "base/err.h"
#include "model/doctor.h"
#include "model/frame.h"
#include "model/point.h"

#include <stddef.h>
#include <stdint.h>

struct vmp_capture;

struct vmp_capture_conf {
	uint32_t snap_bytes;    /* longest prefix of a frame to keep; 0: 256 */
	uint32_t buffer_bytes;  /* ring of one handle, at least 1 MiB; 0: a share of 64 MiB, 4 to 16 MiB */
};

/* Called for each frame; frame->data is valid during the call only. A non-zero return ends the poll with that value. */
typedef int vmp_capture_sink(void *context, const struct vmp_frame *frame);

/* Could packets be captured? For vmpath doctor: opens a packet socket that is bound to nothing, and closes it. */
void vmp_capture_probe(struct vmp_probe *probe);

/*
 * Check a pcap filter text without a device or privilege. Errors: EINVAL with libpcap's words.
 */
int vmp_capture_check_filter(const char *text, struct vmp_err *err);

/*
 * Open every point before any counts. points: borrowed for the life of the capture; opened, opened_ns, why_not are
 * set. A point whose device is gone, down or refuses is left unopened with why_not; the call fails only if none could
 * be opened, for want of privilege (EPERM: says that root or CAP_NET_RAW is needed) or for a bad filter (EINVAL).
 * conf: may be NULL. Takes about 12 ms per handle. Caller closes.
 */
int vmp_capture_open(vmp_points *points, const struct vmp_capture_conf *conf, struct vmp_capture **ret_capture,
		     struct vmp_err *err);

/*
 * Hand over what has arrived; waits at most timeout_ms for something. Needs no privilege. ret_complete_ns:
 * CLOCK_REALTIME up to which no further frame can come from any living point. A device that vanishes or is set down is
 * marked in its point (vanished, why_not), and is no error. Under a flood it returns before all is read, so that the
 * caller stays in charge; the next call goes on at once. Returns 0, the sink's non-zero value, or -errno (-EINTR: a
 * signal arrived; call again or end).
 */
int vmp_capture_poll(struct vmp_capture *capture, int timeout_ms, vmp_capture_sink *sink, void *context,
		     uint64_t *ret_complete_ns, struct vmp_err *err);

/* Bring received and dropped of the points up to date. */
void vmp_capture_stats(struct vmp_capture *capture);

/* Close all; NULL is allowed. May take 25 ms per handle; a program that ends anyway may skip it. */
void vmp_capture_close(struct vmp_capture *capture);

#endif
