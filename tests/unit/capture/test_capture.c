/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/capture.h"

#include "base/clock.h"
#include "base/str.h"
#include "net.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST_SEEN 8192

/* What a sink has seen. */
struct seen {
	struct vmp_frame frames[MOST_SEEN];
	uint8_t heads[MOST_SEEN][24];
	size_t n;
	uint64_t complete_ns;   /* promised: nothing earlier comes any more */
	uint64_t broken;        /* promises broken */
	size_t stop_at;         /* return 7 after this many, 0: never */
};

static int sink(void *context, const struct vmp_frame *frame)
{
	struct seen *seen = context;

	assert_true(seen->n < MOST_SEEN);
	if (frame->ts_ns < seen->complete_ns)
		seen->broken++;
	seen->frames[seen->n] = *frame;
	memcpy(seen->heads[seen->n], frame->data, frame->cap_len < 24 ? frame->cap_len : 24);
	seen->n++;
	return seen->stop_at && seen->n == seen->stop_at ? 7 : 0;
}

static struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	assert_non_null(seen);
	return seen;
}

static size_t seen_count(const struct seen *seen, uint32_t point, enum vmp_devdir devdir)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n; i++)
		n += seen->frames[i].point == point && seen->frames[i].devdir == devdir;
	return n;
}

static void points_add(vmp_points *points, const struct tap *tap, const char *filter)
{
	struct vmp_point *point = vmp_vec_add(points);

	assert_non_null(point);
	memcpy(point->name, tap->name, sizeof(point->name));
	point->ifindex = tap->ifindex;
	assert_int_equal(vmp_str_set(&point->filter, filter), 0);
}

static struct vmp_capture *open_or_fail(vmp_points *points, const struct vmp_capture_conf *conf)
{
	struct vmp_capture *capture = NULL;
	struct vmp_err err = {0};

	if (vmp_capture_open(points, conf, &capture, &err) != 0)
		fail_msg("%s", err.message);
	/* Counting begins at opened_ns, which lies a moment ahead. */
	vmp_vec_foreach (point, points)
		while (vmp_clock_realtime_ns() < point->opened_ns)
			;
	return capture;
}

static int poll_once(struct vmp_capture *capture, int timeout_ms, struct seen *seen)
{
	return vmp_capture_poll(capture, timeout_ms, sink, seen, &seen->complete_ns, NULL);
}

/* Poll until all of before now is there; ends with a failure if that takes seconds. */
static void poll_all(struct vmp_capture *capture, struct seen *seen)
{
	uint64_t until_ns = vmp_clock_realtime_ns();
	uint64_t end_ns = vmp_clock_monotonic_ns() + 5 * VMP_NS_PER_S;

	while (seen->complete_ns <= until_ns) {
		assert_int_equal(poll_once(capture, 50, seen), 0);
		assert_true(vmp_clock_monotonic_ns() < end_ns);
	}
}

static void send_out(const struct tap *tap, uint32_t first, uint32_t n)
{
	uint8_t frame[60];

	for (uint32_t i = 0; i < n; i++)
		tap_send_out(tap, frame, frame_make(frame, sizeof(frame), 0, first + i));
}

static void send_in(const struct tap *tap, uint32_t first, uint32_t n)
{
	uint8_t frame[60];

	for (uint32_t i = 0; i < n; i++)
		tap_send_in(tap, frame, frame_make(frame, sizeof(frame), 0, first + i));
}

static void test_filter_check(void **state)
{
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_capture_check_filter("tcp port 80 or (vlan 5 and icmp)", &err), 0);
	assert_int_equal(vmp_capture_check_filter("", &err), 0);
	assert_int_equal(vmp_capture_check_filter("tcp prot 80", &err), -EINVAL);
	assert_non_null(strstr(err.message, "tcp prot 80"));
	assert_non_null(strstr(err.message, "syntax"));
	assert_null(strchr(err.message, '\n'));
	assert_int_equal(vmp_capture_check_filter("ether host 52:54:00:00:00:01) or (tcp", NULL), -EINVAL);
}

/* All of the very first frames, the right way round, with nanoseconds; each direction on its own handle. */
static void test_directions_and_times(void **state)
{
	struct seen *seen = seen_new();
	struct vmp_capture *capture;
	uint64_t before_ns, after_ns;
	vmp_points points = {0};
	bool fine = false;
	struct tap tap;

	(void)state;
	if (!net_ready("directions, times and counts of a live capture"))
		goto end;
	tap = tap_make("cap0");
	points_add(&points, &tap, NULL);
	capture = open_or_fail(&points, NULL);
	assert_true(points.v[0].opened);
	before_ns = vmp_clock_realtime_ns();
	assert_true(points.v[0].opened_ns <= before_ns);
	send_out(&tap, 100, 30);
	send_in(&tap, 200, 20);
	after_ns = vmp_clock_realtime_ns();
	poll_all(capture, seen);
	assert_int_equal(seen->n, 50);
	assert_int_equal(seen_count(seen, 0, VMP_DEV_OUT), 30);
	assert_int_equal(seen_count(seen, 0, VMP_DEV_IN), 20);
	for (size_t i = 0; i < seen->n; i++) {
		uint32_t number = frame_number(seen->heads[i], false);

		assert_int_equal(seen->frames[i].devdir, number < 200 ? VMP_DEV_OUT : VMP_DEV_IN);
		assert_in_range(seen->frames[i].ts_ns, before_ns, after_ns);
		assert_int_equal(seen->frames[i].wire_len, 60);
		assert_int_equal(seen->frames[i].cap_len, 60);
		fine |= seen->frames[i].ts_ns % 1000 != 0;
	}
	assert_true(fine);
	vmp_capture_stats(capture);
	assert_int_equal(points.v[0].received, 50);
	assert_int_equal(points.v[0].dropped, 0);
	vmp_capture_close(capture);
	tap_end(&tap);
end:
	vmp_points_clear(&points);
	free(seen);
}

/* Frames of before the second handle was ready are nobody's. */
static void test_nothing_before_opened(void **state)
{
	struct seen *seen = seen_new();
	vmp_points points = {0};
	int status;
	struct tap tap;
	pid_t pid;

	(void)state;
	if (!net_ready("traffic while the capture is being opened"))
		goto end;
	tap = tap_make("cap1");
	points_add(&points, &tap, NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (uint32_t i = 0; i < 400; i++) {
			send_out(&tap, i, 1);
			send_in(&tap, i, 1);
			usleep(500);
		}
		_exit(0);
	}
	usleep(20000);
	{
		struct vmp_capture *capture = open_or_fail(&points, NULL);
		uint32_t least[2] = {UINT32_MAX, UINT32_MAX};

		assert_int_equal(waitpid(pid, &status, 0), pid);
		poll_all(capture, seen);
		for (size_t i = 0; i < seen->n; i++) {
			uint32_t number = frame_number(seen->heads[i], false);
			enum vmp_devdir devdir = seen->frames[i].devdir;

			assert_true(seen->frames[i].ts_ns >= points.v[0].opened_ns);
			if (number < least[devdir])
				least[devdir] = number;
		}
		/* Both directions begin with the same exchange, give or take the one that was under way, and miss none. */
		assert_true(least[0] > 0 && least[0] < 400);
		assert_in_range(least[1], least[0] - 1, least[0] + 1);
		assert_int_equal(seen_count(seen, 0, VMP_DEV_IN), 400 - least[VMP_DEV_IN]);
		assert_int_equal(seen_count(seen, 0, VMP_DEV_OUT), 400 - least[VMP_DEV_OUT]);
		vmp_capture_stats(capture);
		assert_int_equal(points.v[0].received, seen->n);
		vmp_capture_close(capture);
	}
	tap_end(&tap);
end:
	vmp_points_clear(&points);
	free(seen);
}

/* The kernel filters, and a filter with `vlan` means the same behind the direction as alone. */
static void test_filters(void **state)
{
	static const struct {
		const char *filter;
		size_t in, out;
	} cases[] = {
		/* A received tag has left the bytes before the filter sees them; a raw sender's is still inside. */
		{"ether proto 0x88b5", 15, 5},
		{"ether src 52:54:00:00:00:02", 15, 15},
		{"ether src 52:54:00:00:00:01", 0, 0},
		{"vlan 5", 10, 10},
		{"vlan 5 and ether proto 0x88b5", 10, 10},
		{"vlan 6", 0, 0},
		{"ether proto 0x88b5 or (vlan 5 and ether proto 0x88b5)", 15, 15},
		{"not vlan", 5, 5},
		{"greater 100", 0, 0},
	};

	(void)state;
	if (!net_ready("filters in the kernel, with and without VLAN tags"))
		return;
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		struct seen *seen = seen_new();
		struct tap tap = tap_make("capf");
		struct vmp_capture *capture;
		vmp_points points = {0};
		uint8_t frame[64];

		points_add(&points, &tap, cases[c].filter);
		capture = open_or_fail(&points, NULL);
		send_out(&tap, 0, 5);
		send_in(&tap, 0, 5);
		for (uint32_t i = 0; i < 10; i++) {
			frame_make(frame, sizeof(frame), 5, i);
			tap_send_out(&tap, frame, sizeof(frame));
			tap_send_in(&tap, frame, sizeof(frame));
		}
		poll_all(capture, seen);
		if (seen_count(seen, 0, VMP_DEV_IN) != cases[c].in || seen_count(seen, 0, VMP_DEV_OUT) != cases[c].out)
			fail_msg("\"%s\": in %zu, out %zu", cases[c].filter, seen_count(seen, 0, VMP_DEV_IN),
				 seen_count(seen, 0, VMP_DEV_OUT));
		/* The tag is in the bytes, also where the kernel had taken it out. */
		for (size_t i = 0; i < seen->n; i++)
			assert_int_equal(seen->frames[i].wire_len, seen->heads[i][12] == 0x81 ? 64 : 60);
		vmp_capture_close(capture);
		vmp_points_clear(&points);
		tap_end(&tap);
		free(seen);
	}
}

static void test_snap(void **state)
{
	const struct vmp_capture_conf conf = {.snap_bytes = 64};
	struct seen *seen = seen_new();
	struct vmp_capture *capture;
	vmp_points points = {0};
	uint8_t frame[1000];
	struct tap tap;

	(void)state;
	if (!net_ready("short snapshots"))
		goto end;
	tap = tap_make("caps");
	points_add(&points, &tap, NULL);
	capture = open_or_fail(&points, &conf);
	frame_make(frame, sizeof(frame), 0, 1);
	tap_send_out(&tap, frame, sizeof(frame));
	frame_make(frame, sizeof(frame), 5, 1);
	tap_send_in(&tap, frame, sizeof(frame));
	poll_all(capture, seen);
	assert_int_equal(seen->n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(seen->frames[i].cap_len, 64);
		assert_int_equal(seen->frames[i].wire_len, 1000);
	}
	vmp_capture_close(capture);
	tap_end(&tap);
end:
	vmp_points_clear(&points);
	free(seen);
}

/* Frames of just before the end are still handed over, the other point goes on, and nothing is an error. */
static void test_vanish(bool down, const char *words)
{
	struct seen *seen = seen_new();
	struct vmp_capture *capture;
	vmp_points points = {0};
	struct tap a = tap_make("capa"), b = tap_make("capb");

	points_add(&points, &a, NULL);
	points_add(&points, &b, NULL);
	capture = open_or_fail(&points, NULL);
	send_out(&a, 0, 10);
	send_out(&b, 0, 10);
	if (down)
		tap_down(&a);
	else
		tap_end(&a);
	send_out(&b, 10, 10);
	poll_all(capture, seen);
	assert_true(points.v[0].vanished);
	assert_true(points.v[0].vanished_ns >= points.v[0].opened_ns);
	assert_non_null(points.v[0].why_not);
	assert_non_null(strstr(points.v[0].why_not, words));
	assert_false(points.v[1].vanished);
	send_out(&b, 20, 10);
	poll_all(capture, seen);
	assert_int_equal(seen_count(seen, 0, VMP_DEV_OUT), 10);
	assert_int_equal(seen_count(seen, 1, VMP_DEV_OUT), 30);
	tap_end(&b);
	poll_all(capture, seen);
	assert_true(points.v[1].vanished);
	assert_int_equal(poll_once(capture, 10, seen), 0);
	vmp_capture_stats(capture);
	assert_int_equal(points.v[0].received, 10);
	assert_int_equal(points.v[1].received, 30);
	vmp_capture_close(capture);
	vmp_points_clear(&points);
	tap_end(&a);
	free(seen);
}

static void test_device_vanishes(void **state)
{
	(void)state;
	if (net_ready("a device that vanishes during the capture"))
		test_vanish(false, "capa vanished during");
}

static void test_device_set_down(void **state)
{
	(void)state;
	if (net_ready("a device that is set down during the capture"))
		test_vanish(true, "capa was set down during");
}

/* Down and up again between two polls: what it passed meanwhile was not seen, and that must show. */
static void test_device_flaps(void **state)
{
	struct seen *seen = seen_new();
	struct vmp_capture *capture;
	vmp_points points = {0};
	struct tap tap;

	(void)state;
	if (!net_ready("a device that is down for a moment"))
		goto end;
	tap = tap_make("capl");
	points_add(&points, &tap, NULL);
	capture = open_or_fail(&points, NULL);
	send_out(&tap, 0, 10);
	tap_down(&tap);
	tap_up(&tap);
	send_out(&tap, 10, 10);
	poll_all(capture, seen);
	assert_true(points.v[0].vanished);
	assert_non_null(strstr(points.v[0].why_not, "set down"));
	assert_in_range(seen->n, 10, 20);
	vmp_capture_close(capture);
	tap_end(&tap);
end:
	vmp_points_clear(&points);
	free(seen);
}

/* More than the ring holds, while nobody reads: every frame is either handed over or counted as dropped. */
static void test_overflow(void **state)
{
	const struct vmp_capture_conf conf = {.snap_bytes = 2048, .buffer_bytes = 1};
	struct seen *seen = seen_new();
	struct vmp_capture *capture;
	vmp_points points = {0};
	uint8_t frame[1400];
	struct tap tap;

	(void)state;
	if (!net_ready("an overflowing ring"))
		goto end;
	tap = tap_make("capo");
	points_add(&points, &tap, NULL);
	capture = open_or_fail(&points, &conf);
	for (uint32_t i = 0; i < 4000; i++)
		tap_send_out(&tap, frame, frame_make(frame, sizeof(frame), 0, i));
	vmp_capture_stats(capture);
	assert_int_equal(points.v[0].received, 4000);
	assert_true(points.v[0].dropped > 0);
	poll_all(capture, seen);
	assert_int_equal(seen->n, 4000 - points.v[0].dropped);
	send_out(&tap, 5000, 10);
	poll_all(capture, seen);
	vmp_capture_stats(capture);
	assert_int_equal(points.v[0].received, 4010);
	assert_int_equal(seen->n, points.v[0].received - points.v[0].dropped);
	assert_int_equal(frame_number(seen->heads[seen->n - 1], false), 5009);
	vmp_capture_close(capture);
	tap_end(&tap);
end:
	vmp_points_clear(&points);
	free(seen);
}

static void feed_for_a_while(const struct tap *a, const struct tap *b)
{
	for (uint32_t i = 0; i < 1500; i++) {
		send_out(a, i, 1);
		send_in(b, i, i % 50 == 0 ? 40 : 1);
		usleep(i % 100 == 0 ? 30000 : 500);
	}
	_exit(0);
}

/* The promise of ret_complete_ns under odd traffic, and that it keeps up. */
static void test_complete_never_lies(void **state)
{
	struct seen *seen = seen_new();
	uint64_t most_behind_ns = 0;
	struct vmp_capture *capture;
	vmp_points points = {0};
	struct tap a, b;
	pid_t pid;

	(void)state;
	if (!net_ready("the time up to which a capture is complete"))
		goto end;
	a = tap_make("capa");
	b = tap_make("capb");
	points_add(&points, &a, NULL);
	points_add(&points, &b, NULL);
	capture = open_or_fail(&points, NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		feed_for_a_while(&a, &b);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		uint64_t now_ns, had_ns = seen->complete_ns;

		assert_int_equal(poll_once(capture, 37, seen), 0);
		assert_true(seen->complete_ns >= had_ns);
		now_ns = vmp_clock_realtime_ns();
		assert_true(seen->complete_ns < now_ns);
		if (now_ns - seen->complete_ns > most_behind_ns)
			most_behind_ns = now_ns - seen->complete_ns;
	}
	poll_all(capture, seen);
	assert_int_equal(seen->broken, 0);
	assert_int_equal(seen_count(seen, 0, VMP_DEV_OUT), 1500);
	assert_int_equal(seen_count(seen, 1, VMP_DEV_IN), 1500 + 30 * 39);
	print_message("# complete was at most %llu ms behind\n", (unsigned long long)(most_behind_ns / VMP_NS_PER_MS));
	assert_true(most_behind_ns < 2 * VMP_NS_PER_S);
	vmp_capture_close(capture);
	tap_end(&a);
	tap_end(&b);
end:
	vmp_points_clear(&points);
	free(seen);
}

/* A sink that asks for an end gets it, what it has not seen keeps, and complete does not run ahead of it. */
static void test_sink_stops(void **state)
{
	struct seen *seen = seen_new();
	struct vmp_capture *capture;
	vmp_points points = {0};
	uint64_t last_ns;
	struct tap tap;
	int r = 0;

	(void)state;
	if (!net_ready("a sink that asks for an end"))
		goto end;
	tap = tap_make("capp");
	points_add(&points, &tap, NULL);
	capture = open_or_fail(&points, NULL);
	send_out(&tap, 0, 1000);
	seen->stop_at = 3;
	while (r == 0)
		r = poll_once(capture, 200, seen);
	assert_int_equal(r, 7);
	assert_int_equal(seen->n, 3);
	last_ns = seen->frames[2].ts_ns;
	assert_true(seen->complete_ns <= last_ns);
	seen->stop_at = 4;
	assert_int_equal(poll_once(capture, 200, seen), 7);
	assert_int_equal(seen->n, 4);
	seen->stop_at = 0;
	poll_all(capture, seen);
	assert_int_equal(seen->n, 1000);
	assert_int_equal(seen->broken, 0);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(frame_number(seen->heads[i], false), i);
	vmp_capture_close(capture);
	tap_end(&tap);
end:
	vmp_points_clear(&points);
	free(seen);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void test_signal_ends_wait(void **state)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct itimerval soon = {.it_value = {.tv_usec = 50000}};
	struct seen *seen = seen_new();
	struct vmp_capture *capture;
	vmp_points points = {0};
	struct tap tap;

	(void)state;
	if (!net_ready("a signal while waiting for frames"))
		goto end;
	tap = tap_make("capi");
	points_add(&points, &tap, NULL);
	capture = open_or_fail(&points, NULL);
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(poll_once(capture, 10000, seen), -EINTR);
	send_out(&tap, 0, 5);
	poll_all(capture, seen);
	assert_int_equal(seen->n, 5);
	vmp_capture_close(capture);
	tap_end(&tap);
end:
	vmp_points_clear(&points);
	free(seen);
}

/* A point that cannot be opened says why and does not keep the others from it; none at all is an error. */
static void test_points_that_fail(void **state)
{
	struct tap absent = {.name = "nosuch0", .ifindex = 0}, stale, down, tap;
	struct vmp_capture *capture = NULL;
	struct vmp_err err = {0};
	vmp_points points = {0};

	(void)state;
	if (!net_ready("devices that cannot be captured on"))
		return;
	points_add(&points, &absent, NULL);
	assert_int_equal(vmp_capture_open(&points, NULL, &capture, &err), -ENODEV);
	assert_non_null(strstr(err.message, "nosuch0"));
	tap = tap_make("capx");
	stale = tap;
	stale.ifindex += 1000;
	down = tap_make("capd");
	tap_down(&down);
	points_add(&points, &stale, NULL);
	points_add(&points, &down, NULL);
	points_add(&points, &tap, NULL);
	capture = open_or_fail(&points, NULL);
	assert_false(points.v[0].opened);
	assert_non_null(strstr(points.v[0].why_not, "no device nosuch0"));
	assert_false(points.v[1].opened);
	assert_non_null(strstr(points.v[1].why_not, "replaced"));
	assert_false(points.v[2].opened);
	assert_non_null(strstr(points.v[2].why_not, "capd is down"));
	assert_true(points.v[3].opened);
	assert_null(points.v[3].why_not);
	vmp_capture_close(capture);
	capture = NULL;
	vmp_points_clear(&points);
	points_add(&points, &tap, "tcp prot 80");
	assert_int_equal(vmp_capture_open(&points, NULL, &capture, &err), -EINVAL);
	assert_non_null(strstr(err.message, "tcp prot 80"));
	assert_null(capture);
	vmp_points_clear(&points);
	assert_int_equal(vmp_capture_open(&points, NULL, &capture, &err), -ENODEV);
	tap_end(&tap);
	tap_end(&down);
}

static int child_status(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

/* Reading, counting and noticing that a device is gone work for nobody; opening does not. */
static void test_without_privilege(void **state)
{
	vmp_points points = {0};
	struct tap tap;
	pid_t pid;

	(void)state;
	if (!net_ready("reading after privileges were given up, and EPERM without them"))
		return;
	tap = tap_make("capu");
	points_add(&points, &tap, NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct vmp_capture *capture = open_or_fail(&points, NULL), *other = NULL;
		struct seen *seen = seen_new();
		struct vmp_err err = {0};

		send_out(&tap, 0, 25);
		if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		poll_all(capture, seen);
		vmp_capture_stats(capture);
		if (seen->n != 25 || points.v[0].received != 25)
			_exit(3);
		tap_end(&tap);
		for (int i = 0; i < 100 && !points.v[0].vanished; i++)
			poll_once(capture, 50, seen);
		if (vmp_capture_open(&points, NULL, &other, &err) != -EPERM || !strstr(err.message, "CAP_NET_RAW"))
			_exit(4);
		vmp_capture_close(capture);
		_exit(0);
	}
	assert_int_equal(child_status(pid), 0);
	vmp_points_clear(&points);
	tap_end(&tap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_check),
		cmocka_unit_test(test_directions_and_times),
		cmocka_unit_test(test_nothing_before_opened),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_snap),
		cmocka_unit_test(test_device_vanishes),
		cmocka_unit_test(test_device_set_down),
		cmocka_unit_test(test_device_flaps),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_complete_never_lies),
		cmocka_unit_test(test_sink_stops),
		cmocka_unit_test(test_signal_ends_wait),
		cmocka_unit_test(test_points_that_fail),
		cmocka_unit_test(test_without_privilege),
	};

	net_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
