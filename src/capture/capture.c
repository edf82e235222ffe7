/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/capture.h"

#include "base/clock.h"
#include "base/str.h"
#include "capture/handle.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Handles take turns of this many frames, and so many turns make one poll: a flood at one point starves no other. */
#define TURN_FRAMES 256
#define POLL_TURNS  32

/* While a vanished device's ring is read out, its fd tells nothing; look again after this. */
#define DRAIN_POLL_MS 10

/*
 * What all rings share unless their size is given. On a machine that is busy forwarding, this program may wait 100 ms for its turn:
 * at 400,000 small packets a second a ring of 4 MiB is full by then.
 */
#define BUFFERS_BYTES      (64U << 20)
#define BUFFER_LEAST_BYTES (4U << 20)
#define BUFFER_MOST_BYTES  (16U << 20)

struct vmp_capture {
	vmp_points *points;             /* borrowed */
	struct vmp_handle *handles;     /* of opened points, two each */
	struct pollfd *fds;             /* index-aligned with handles */
	size_t n;
};

enum { QUOTED_MAX = 160 }; /* of a filter in a message: what is wrong with it must fit in too */

int vmp_capture_check_filter(const char *text, struct vmp_err *err)
{
	struct bpf_program program;
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
	int r = 0;

	if (!dead)
		return vmp_err_set(err, ENOMEM, "capture", text, "out of memory");
	if (pcap_compile(dead, &program, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
		r = vmp_err_set(err, EINVAL, "capture", text, "filter \"%.*s%s\": %s; pcap-filter(7) has the syntax", QUOTED_MAX, text,
				strlen(text) > QUOTED_MAX ? "..." : "", pcap_geterr(dead));
	else
		pcap_freecode(&program);
	pcap_close(dead);
	return r;
}

/* Both directions of a point, or neither. It counts from the time at which the second one is ready. */
static int point_open(struct vmp_capture *capture, uint32_t id, const struct vmp_capture_conf *conf,
		      struct vmp_err *err)
{
	struct vmp_point *point = &capture->points->v[id];
	struct vmp_handle *pair = &capture->handles[capture->n];
	int r;

	r = vmp_handle_open(point, id, VMP_DEV_IN, conf, &pair[0], err);
	if (r == 0)
		r = vmp_handle_open(point, id, VMP_DEV_OUT, conf, &pair[1], err);
	if (r != 0) {
		vmp_handle_close(&pair[0]);
		return r;
	}
	pair[0].from_ns = pair[0].complete_ns = pair[1].from_ns;
	pair[0].from_monotonic_ns = pair[1].from_monotonic_ns;
	point->opened = true;
	point->opened_ns = pair[1].from_ns;
	for (size_t i = 0; i < 2; i++)
		capture->fds[capture->n + i] = (struct pollfd){.fd = pair[i].fd, .events = POLLIN};
	capture->n += 2;
	return 0;
}

/* Open what can be opened. Want of privilege ends it: no other point would fare better. */
static int open_points(struct vmp_capture *capture, const struct vmp_capture_conf *conf, struct vmp_err *err)
{
	struct vmp_err first = {0};
	int first_r = 0;

	for (size_t i = 0; i < capture->points->n; i++) {
		struct vmp_point *point = &capture->points->v[i];
		struct vmp_err why = {0};
		int r = point_open(capture, (uint32_t)i, conf, &why);

		if (r == 0)
			continue;
		if (first_r == 0) {
			first = why;
			first_r = r;
		}
		if (vmp_str_set(&point->why_not, why.message) != 0)
			return vmp_err_set(err, ENOMEM, "capture", point->name, "out of memory");
		if (r == -EPERM || r == -ENOMEM || r == -EINVAL) {
			*err = why;
			return r;
		}
	}
	if (capture->n > 0)
		return 0;
	if (first_r == 0)
		return vmp_err_set(err, ENODEV, "capture", NULL, "there is no device to capture on");
	*err = first;
	return first_r;
}

static uint32_t share_of_buffers(size_t n_points)
{
	size_t share = n_points ? BUFFERS_BYTES / (2 * n_points) : BUFFER_MOST_BYTES;

	if (share < BUFFER_LEAST_BYTES)
		return BUFFER_LEAST_BYTES;
	return share < BUFFER_MOST_BYTES ? (uint32_t)share : BUFFER_MOST_BYTES;
}

int vmp_capture_open(vmp_points *points, const struct vmp_capture_conf *conf, struct vmp_capture **ret_capture,
		     struct vmp_err *err)
{
	struct vmp_capture *capture = calloc(1, sizeof(*capture));
	struct vmp_capture_conf own_conf = conf ? *conf : (struct vmp_capture_conf){0};
	struct vmp_err own = {0};
	int r;

	if (!own_conf.buffer_bytes)
		own_conf.buffer_bytes = share_of_buffers(points->n);
	if (capture) {
		capture->points = points;
		capture->handles = calloc(2 * points->n + 1, sizeof(*capture->handles));
		capture->fds = calloc(2 * points->n + 1, sizeof(*capture->fds));
	}
	if (!capture || !capture->handles || !capture->fds)
		r = vmp_err_set(&own, ENOMEM, "capture", NULL, "out of memory");
	else
		r = open_points(capture, &own_conf, &own);
	if (r != 0) {
		if (err)
			*err = own;
		vmp_capture_close(capture);
		return r;
	}
	*ret_capture = capture;
	return 0;
}

/* Note in the point what became of its device, and let both its handles read out what they still hold. */
static void point_vanish(struct vmp_capture *capture, uint32_t id, int why)
{
	struct vmp_point *point = &capture->points->v[id];

	if (!point->vanished) {
		point->vanished = true;
		point->vanished_ns = vmp_clock_realtime_ns();
		free(point->why_not);
		point->why_not = vmp_str_printf(why == -ENETDOWN ? "%s was set down during the capture"
								 : "%s vanished during the capture", point->name);
	}
	for (size_t i = 0; i < capture->n; i++) {
		if (capture->handles[i].point != id)
			continue;
		vmp_handle_drain(&capture->handles[i]);
		capture->fds[i].fd = -1;
	}
}

/*
 * Wait for the first frame, and notice what the wait tells about devices. A device that was down and is up again has
 * passed frames before its sockets were back, so it counts as set down all the same. Returns 0 or -errno.
 */
static int capture_wait(struct vmp_capture *capture, int timeout_ms, struct vmp_err *err)
{
	for (size_t i = 0; i < capture->n; i++) {
		if (capture->handles[i].more)
			timeout_ms = 0;
		else if (capture->handles[i].state == VMP_HANDLE_DRAINING && timeout_ms > DRAIN_POLL_MS)
			timeout_ms = DRAIN_POLL_MS;
	}
	if (poll(capture->fds, capture->n, timeout_ms) < 0)
		return vmp_err_set(err, errno, "capture", NULL, "waiting for frames: %s", strerror(errno));
	for (size_t i = 0; i < capture->n; i++) {
		struct vmp_handle *handle = &capture->handles[i];
		int r;

		if (handle->state != VMP_HANDLE_LIVE || !(capture->fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			continue;
		r = vmp_handle_check_device(handle);
		point_vanish(capture, handle->point, r != 0 ? r : -ENETDOWN);
	}
	return 0;
}

/*
 * Whether to read it in this poll. Not on suspicion: libpcap asks an empty ring's socket for errors itself, and would
 * keep to itself that a device was down for a moment.
 */
static bool handle_has_something(const struct vmp_handle *handle, const struct pollfd *fd)
{
	return handle->more || handle->state == VMP_HANDLE_DRAINING || (fd->fd >= 0 && fd->revents & POLLIN);
}

/* One turn for every handle with `more`. ret_more: some handle stopped for the length of the turn only. */
static int capture_turn(struct vmp_capture *capture, vmp_capture_sink *sink, void *context, bool *ret_more,
			struct vmp_err *err)
{
	*ret_more = false;
	for (size_t i = 0; i < capture->n; i++) {
		struct vmp_handle *handle = &capture->handles[i];
		int r;

		if (handle->state == VMP_HANDLE_ENDED || !handle->more)
			continue;
		r = vmp_handle_read(handle, TURN_FRAMES, sink, context, err);
		if (r == -ENODEV && handle->state == VMP_HANDLE_LIVE)
			point_vanish(capture, handle->point, vmp_handle_check_device(handle));
		else if (r != 0 && r != -ENODEV)
			return r;
		*ret_more |= handle->more;
	}
	return 0;
}

/* What no living handle can add to any more: the earliest of their times, or now when none lives. */
static uint64_t capture_complete(const struct vmp_capture *capture, uint64_t now_ns)
{
	uint64_t complete_ns = now_ns;

	for (size_t i = 0; i < capture->n; i++)
		if (capture->handles[i].state != VMP_HANDLE_ENDED && capture->handles[i].complete_ns < complete_ns)
			complete_ns = capture->handles[i].complete_ns;
	return complete_ns;
}

int vmp_capture_poll(struct vmp_capture *capture, int timeout_ms, vmp_capture_sink *sink, void *context,
		     uint64_t *ret_complete_ns, struct vmp_err *err)
{
	bool more = true;
	uint64_t now_ns;
	int r;

	r = capture_wait(capture, timeout_ms, err);
	if (r != 0)
		return r;
	now_ns = vmp_clock_realtime_ns();
	for (size_t i = 0; i < capture->n; i++) {
		vmp_handle_mark(&capture->handles[i], now_ns);
		capture->handles[i].more = handle_has_something(&capture->handles[i], &capture->fds[i]);
	}
	for (int turn = 0; turn < POLL_TURNS && more; turn++) {
		r = capture_turn(capture, sink, context, &more, err);
		if (r != 0)
			return r;
	}
	for (size_t i = 0; i < capture->n; i++)
		vmp_handle_settle(&capture->handles[i]);
	*ret_complete_ns = capture_complete(capture, now_ns);
	return 0;
}

void vmp_capture_stats(struct vmp_capture *capture)
{
	vmp_points *points = capture->points;

	vmp_vec_foreach (point, points)
		point->received = point->dropped = point->dropped_in = point->dropped_out = 0;
	for (size_t i = 0; i < capture->n; i++) {
		struct vmp_handle *handle = &capture->handles[i];
		struct vmp_point *point = &points->v[handle->point];

		vmp_handle_stats(handle);
		/* What was there before the point counted belongs to nobody's count. */
		point->received += handle->received - handle->skipped;
		point->dropped += handle->dropped;
		*(handle->devdir == VMP_DEV_OUT ? &point->dropped_out : &point->dropped_in) += handle->dropped;
	}
}

void vmp_capture_close(struct vmp_capture *capture)
{
	if (!capture)
		return;
	for (size_t i = 0; i < capture->n; i++)
		vmp_handle_close(&capture->handles[i]);
	free(capture->handles);
	free(capture->fds);
	free(capture);
}
