/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/counter.h"

#include "net.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Far more than the counter's ring holds, both ways at once, in portions of odd size. */
static void test_counts_exactly(void **state)
{
	struct vmp_counter *out = NULL, *in = NULL;
	uint64_t n_out = 0, n_in = 0;
	uint8_t frame[60];
	struct tap tap;

	(void)state;
	if (!net_ready("counting frames without reading them"))
		return;
	tap = tap_make("cnt0");
	assert_int_equal(vmp_counter_open(tap.ifindex, VMP_DEV_OUT, &out, NULL), 0);
	assert_int_equal(vmp_counter_open(tap.ifindex, VMP_DEV_IN, &in, NULL), 0);
	assert_int_equal(vmp_counter_read(out, &n_out, NULL), 0);
	assert_int_equal(n_out, 0);
	for (uint32_t i = 1; i <= 5000; i++) {
		frame_make(frame, sizeof(frame), 0, i);
		tap_send_out(&tap, frame, sizeof(frame));
		if (i % 5 == 0)
			tap_send_in(&tap, frame, sizeof(frame));
		if (i % 777 != 0)
			continue;
		assert_int_equal(vmp_counter_read(out, &n_out, NULL), 0);
		assert_int_equal(n_out, i);
	}
	assert_int_equal(vmp_counter_read(out, &n_out, NULL), 0);
	assert_int_equal(vmp_counter_read(in, &n_in, NULL), 0);
	assert_int_equal(n_out, 5000);
	assert_int_equal(n_in, 1000);
	vmp_counter_close(in);
	vmp_counter_close(out);
	tap_end(&tap);
}

/* A device that goes away leaves its count. */
static void test_device_gone(void **state)
{
	struct vmp_counter *counter = NULL;
	struct vmp_err err = {0};
	uint8_t frame[60];
	uint64_t n = 0;
	struct tap tap;

	(void)state;
	if (!net_ready("counting on a device that vanishes"))
		return;
	assert_int_equal(vmp_counter_open(9999, VMP_DEV_OUT, &counter, &err), -ENODEV);
	assert_non_null(strstr(err.message, "9999"));
	assert_null(counter);
	tap = tap_make("cnt1");
	assert_int_equal(vmp_counter_open(tap.ifindex, VMP_DEV_OUT, &counter, NULL), 0);
	frame_make(frame, sizeof(frame), 0, 1);
	for (int i = 0; i < 7; i++)
		tap_send_out(&tap, frame, sizeof(frame));
	tap_end(&tap);
	assert_int_equal(vmp_counter_read(counter, &n, NULL), 0);
	assert_int_equal(n, 7);
	vmp_counter_close(counter);
	vmp_counter_close(NULL);
}

static void test_needs_privilege(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("# skipped, needs root to give it up: EPERM of the counter\n");
		return;
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct vmp_counter *counter;
		struct vmp_err err = {0};
		int r;

		if (setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		r = vmp_counter_open(1, VMP_DEV_OUT, &counter, &err);
		_exit(r == -EPERM && strstr(err.message, "CAP_NET_RAW") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_exactly),
		cmocka_unit_test(test_device_gone),
		cmocka_unit_test(test_needs_privilege),
	};

	net_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
