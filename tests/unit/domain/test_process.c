/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's process: the texts of /proc, and a process of this test's own that looks like a QEMU. */
#include "base/str.h"
#include "domain/process.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define UUID "7a5d0000-1111-4222-8333-00000000beef"

static bool is_qemu(const char *words, size_t len)
{
	char *copy = malloc(len);
	bool is;

	assert_non_null(copy);
	memcpy(copy, words, len);
	is = vmp_process_is_qemu(copy, len, UUID);
	free(copy);
	return is;
}

#define IS_QEMU(words) is_qemu(words, sizeof(words)) /* with the NUL of its last word */

static void knows_the_command_line(void **state)
{
	(void)state;
	assert_true(IS_QEMU("qemu-system-x86_64\0-name\0guest=web01\0-uuid\0" UUID));
	assert_true(IS_QEMU("qemu\0-uuid\0007A5D0000-1111-4222-8333-00000000BEEF\0-m\00096"));
	assert_false(IS_QEMU("grep\0" UUID));
	assert_false(IS_QEMU("virsh\0domstate\0-uuid"));
	assert_false(IS_QEMU("qemu\0-uuid\0" UUID "0"));
	assert_false(IS_QEMU("qemu\0-uuid\0-uuid"));
	assert_false(is_qemu("qemu\0-uuid\0" UUID, sizeof("qemu\0-uuid\0" UUID) - 1)); /* cut: it may go on */
	assert_false(is_qemu("", 0));
}

static void knows_the_threads(void **state)
{
	unsigned int number = 99;

	(void)state;
	assert_int_equal(vmp_process_thread_kind("CPU 0/KVM\n", 10, 11, &number), VMP_THREAD_VCPU);
	assert_int_equal(number, 0);
	assert_int_equal(vmp_process_thread_kind("CPU 127/TCG\n", 10, 11, &number), VMP_THREAD_VCPU);
	assert_int_equal(number, 127);
	assert_int_equal(vmp_process_thread_kind("qemu-system-x86\n", 10, 10, &number), VMP_THREAD_MAIN);
	assert_int_equal(vmp_process_thread_kind("vhost-10\n", 10, 12, &number), VMP_THREAD_VHOST);
	assert_int_equal(vmp_process_thread_kind("worker\n", 10, 13, &number), VMP_THREAD_OTHER);
	assert_int_equal(vmp_process_thread_kind("CPU hog\n", 10, 13, &number), VMP_THREAD_OTHER);
	assert_int_equal(vmp_process_thread_kind("CPU 1/QUUX\n", 10, 13, &number), VMP_THREAD_OTHER);
}

static void reads_the_times(void **state)
{
	uint64_t run = 7, delay = 7;

	(void)state;
	assert_true(vmp_process_parse_schedstat("3898167 4275362 3\n", &run, &delay));
	assert_int_equal(run, 3898167);
	assert_int_equal(delay, 4275362);
	/* a kernel that does not count */
	assert_false(vmp_process_parse_schedstat("0 0 0\n", &run, &delay));
	assert_false(vmp_process_parse_schedstat("", &run, &delay));
	assert_false(vmp_process_parse_schedstat("1 2\n", &run, &delay));
	assert_int_equal(run, 3898167);
	assert_int_equal(vmp_process_parse_state("12 (CPU 0/KVM) R 1 2 3"), 'R');
	assert_int_equal(vmp_process_parse_state("12 (a) T (b) S 1 2 3"), 'S');
	assert_int_equal(vmp_process_parse_state("12 (cut"), 0);
	assert_int_equal(vmp_process_parse_state("12 (cut)"), 0);
	assert_true(vmp_process_parse_throttled("nr_periods 10\nnr_throttled 7\nthrottled_usec 1500\n", &run));
	assert_int_equal(run, 1500000);
	assert_true(vmp_process_parse_throttled("nr_periods 10\nnr_throttled 7\nthrottled_time 1500", &run));
	assert_int_equal(run, 1500);
	assert_false(vmp_process_parse_throttled("usage_usec 12\nsystem_usec 12\n", &run));
}

static void finds_the_cgroup(void **state)
{
	static const struct {
		const char *text, *path;
		bool v2;
	} cases[] = {
		{"0::/machine.slice/machine-qemu.scope/libvirt/vcpu0\n", "/machine.slice/machine-qemu.scope/libvirt/vcpu0", true},
		{"4:memory:/m\n1:cpu,cpuacct:/machine/vcpu0\n0::/other\n", "/machine/vcpu0", false},
		{"0::/other\n1:cpu:/machine/vcpu0\n", "/machine/vcpu0", false},
		{"4:cpuset:/m\n3:cpuacct:/n\n", NULL, false},
		{"0::/../../else\n", NULL, false},
		{"0::/name:with:colons", "/name:with:colons", true},
		{"garbage\n\n::\n", NULL, false},
		{"", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char path[64];
		bool v2;
		bool found = vmp_process_parse_cgroup(cases[i].text, path, sizeof(path), &v2);

		assert_int_equal(found, cases[i].path != NULL);
		if (!found)
			continue;
		assert_string_equal(path, cases[i].path);
		assert_int_equal(v2, cases[i].v2);
	}
	{
		char small[8];
		bool v2;

		assert_false(vmp_process_parse_cgroup("0::/longer-than-that\n", small, sizeof(small), &v2));
	}
}

/* ---- alive ---------------------------------------------------------------------------------------------------------- */

/* A process with such words in its command line, which does nothing. Waits until it is what it is to be. */
static pid_t start(const char *uuid)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "qemu", "-c", "kill -STOP $$; kill -STOP $$", "-uuid", uuid, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	return pid;
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void reads_a_process(void **state)
{
	struct vmp_guest guest = {0};
	struct vmp_process *process = NULL;
	const struct vmp_counter *counter;
	struct vmp_gauges gauges = {0};
	struct vmp_err err = {0};
	pid_t pid, second;

	(void)state;
	assert_int_equal(vmp_str_set(&guest.name, "web01"), 0);
	assert_int_equal(vmp_process_find(&guest, &process, &err), -ENOENT);
	assert_int_equal(vmp_str_set(&guest.uuid, UUID), 0);
	assert_int_equal(vmp_process_find(&guest, &process, &err), -ENOENT);
	assert_non_null(strstr(err.message, "web01"));
	pid = start(UUID);
	assert_int_equal(vmp_process_find(&guest, &process, &err), 0);
	assert_false(vmp_process_has_vhost(process));
	assert_int_equal(vmp_process_read(process, false, &gauges), 0);
	counter = vmp_gauges_counter(&gauges, "qemu", "main loop", "stopped");
	assert_non_null(counter);
	assert_true(counter->before_known && counter->before == 1 && !counter->after_known);
	counter = vmp_gauges_counter(&gauges, "qemu", "main loop", "delay_ns");
	assert_non_null(counter);
	assert_int_equal(vmp_gauges_counter(&gauges, "qemu", "", "pid")->before, (uint64_t)pid);
	/* two of them: neither is taken for the guest */
	second = start(UUID);
	{
		struct vmp_process *none = NULL;

		assert_int_equal(vmp_process_find(&guest, &none, &err), -EEXIST);
		assert_null(none);
	}
	finish(second);
	finish(pid);
	/* one that has gone is not known any more */
	assert_int_equal(vmp_process_read(process, true, &gauges), 0);
	assert_false(vmp_gauges_counter(&gauges, "qemu", "main loop", "stopped")->after_known);
	assert_true(vmp_counter_grew(vmp_gauges_counter(&gauges, "qemu", "", "elapsed_ns")) > 0);
	vmp_process_free(process);
	vmp_gauges_clear(&gauges);
	vmp_guest_clear(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_command_line), cmocka_unit_test(knows_the_threads), cmocka_unit_test(reads_the_times),
		cmocka_unit_test(finds_the_cgroup), cmocka_unit_test(reads_a_process),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
