/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the running kernel. The first cases need no privilege; those that make devices are skipped without it. */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void reads_this_host(void **state)
{
	struct vmp_host_reader *reader = NULL;
	struct vmp_host host;
	struct vmp_err err = {0};
	const struct vmp_link *lo;

	(void)state;
	assert_int_equal(vmp_host_open(&reader, &err), 0);
	assert_int_equal(vmp_host_read(reader, &host, &err), 0);
	lo = vmp_host_link_named(&host, "lo");
	assert_non_null(lo);
	assert_int_equal(lo->kind, VMP_LINK_LOOPBACK);
	assert_int_equal(lo->ifindex, if_nametoindex("lo"));
	assert_non_null(host.name);
	assert_true(host.read_ns > 0);
	vmp_host_clear(&host);
	vmp_host_close(reader);
}

static void counters_of_one_device(void **state)
{
	struct vmp_host_reader *reader = NULL;
	struct vmp_link_stats stats = {.rx_packets = 77};
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_host_open(&reader, &err), 0);
	assert_int_equal(vmp_host_read_stats(reader, 0x7ffffff0, &stats, &err), -ENODEV);
	assert_int_equal(err.code, ENODEV);
	assert_int_equal(stats.rx_packets, 77);
	assert_int_equal(vmp_host_read_stats(reader, 0, &stats, &err), -ENODEV);
	assert_int_equal(vmp_host_read_stats(reader, -1, &stats, &err), -ENODEV);
	assert_int_equal(vmp_host_read_stats(reader, (int)if_nametoindex("lo"), &stats, &err), 0);
	assert_int_equal(stats.rx_packets, stats.tx_packets);
	vmp_host_close(reader);
}

static int open_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	strcpy(request.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A case that needs a network namespace of its own runs in a child: its exit status says how far it got. */
enum { CHILD_OK, CHILD_SKIP = 77 };

static void in_own_namespace(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ? CHILD_SKIP : run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP)
		skip();
	if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_OK)
		fail_msg("the child ended with 0x%x (exit status: number of the step that failed)", (unsigned int)status);
}

/* The socket opened before serves on after root is given up; and a device that goes away is told as gone. */
static int without_privilege(void)
{
	struct vmp_host_reader *reader = NULL;
	struct vmp_link_stats stats;
	struct vmp_err err = {0};
	struct vmp_host host;
	int tap = open_tap("tap0"), ifindex = (int)if_nametoindex("tap0");

	if (tap < 0)
		return CHILD_SKIP;
	if (vmp_host_open(&reader, &err) < 0)
		return 1;
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		return CHILD_SKIP;
	if (vmp_host_read_stats(reader, ifindex, &stats, &err) < 0)
		return 2;
	if (vmp_host_read(reader, &host, &err) < 0)
		return 3;
	if (!vmp_host_link(&host, ifindex) || vmp_host_link(&host, ifindex)->kind != VMP_LINK_TAP)
		return 4;
	vmp_host_clear(&host);
	close(tap);
	if (vmp_host_read_stats(reader, ifindex, &stats, &err) != -ENODEV)
		return 5;
	vmp_host_close(reader);
	return CHILD_OK;
}

static void works_without_privilege(void **state)
{
	(void)state;
	in_own_namespace(without_privilege);
}

/* Devices come and go while the tables are read: every answer is whole or marked as torn, and none is an error. */
static int under_change(void)
{
	enum { STEADY = 40, READS = 150 };
	struct vmp_host_reader *reader = NULL;
	struct vmp_err err = {0};
	int result = CHILD_OK;
	pid_t pid;

	for (int i = 0; i < STEADY; i++) {
		char name[IFNAMSIZ];

		snprintf(name, sizeof(name), "steady%d", i);
		if (open_tap(name) < 0)
			return CHILD_SKIP;
	}
	pid = fork();
	if (pid == 0)
		for (;;)
			close(open_tap("coming%d"));
	if (pid < 0 || vmp_host_open(&reader, &err) < 0)
		result = 1;
	for (int i = 0; result == CHILD_OK && i < READS; i++) {
		struct vmp_host host;
		size_t steady = 0;

		if (vmp_host_read(reader, &host, &err) < 0) {
			result = 2;
			break;
		}
		vmp_vec_foreach (link, &host.links)
			steady += strncmp(link->name, "steady", 6) == 0;
		if (steady != STEADY && !host.links_torn)
			result = 3;
		vmp_host_clear(&host);
	}
	vmp_host_close(reader);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return result;
}

static void whole_or_torn_under_change(void **state)
{
	(void)state;
	in_own_namespace(under_change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_this_host),
		cmocka_unit_test(counters_of_one_device),
		cmocka_unit_test(works_without_privilege),
		cmocka_unit_test(whole_or_torn_under_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
