/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a kernel tell: trees like /proc and /sys, made for the test. */
#include "host/kernel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static char root[64];
static struct vmp_probe probes[VMP_SIGHTS];

static int begin(void **state)
{
	(void)state;
	strcpy(root, "/tmp/vmpath-kernel-XXXXXX");
	memset(probes, 0, sizeof(probes));
	return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void make_folders(char *path)
{
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(path, 0700) != 0)
			assert_int_equal(errno, EEXIST);
		*p = '/';
	}
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	make_folders(path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void put_gzip(const char *name, const char *text)
{
	char path[256];
	gzFile file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	make_folders(path);
	file = gzopen(path, "w");
	assert_non_null(file);
	gzputs(file, text);
	gzclose(file);
}

static void is(enum vmp_sight sight, enum vmp_tristate there, const char *detail)
{
	assert_int_equal(probes[sight].there, there);
	if (!strstr(probes[sight].detail, detail))
		fail_msg("\"%s\" is not in \"%s\"", detail, probes[sight].detail);
}

static void everything(void **state)
{
	(void)state;
	put("/sys/kernel/btf/vmlinux", "x");
	put("/proc/self/mounts", "proc /proc proc rw 0 0\ntracefs /t tracefs rw 0 0\n");
	put("/t/events/skb/kfree_skb/format", "\tfield:enum skb_drop_reason reason;\toffset:28;\n");
	put("/proc/sys/net/netfilter/nf_conntrack_count", "17\n");
	put("/proc/sys/net/netfilter/nf_conntrack_max", "262144\n");
	put("/proc/sys/kernel/seccomp/actions_avail", "kill_process\n");
	put_gzip("/proc/config.gz", "CONFIG_BPF_SYSCALL=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_NET_DROP_MONITOR=m\nCONFIG_NF_CONNTRACK=m\n"
				    "# CONFIG_NF_TABLES is not set\nCONFIG_SECCOMP_FILTER=y\nCONFIG_TUN=y\nCONFIG_BRIDGE_NETFILTER=y\n"
				    "CONFIG_TUN_VNET_CROSS_LE=m\n");
	vmp_kernel_read(root, "6.1.0-13-amd64", probes);
	is(VMP_SIGHT_KERNEL, VMP_YES, "6.1.0-13-amd64");
	is(VMP_SIGHT_BTF, VMP_YES, "");
	is(VMP_SIGHT_TRACEPOINT, VMP_YES, "/t, with reasons");
	is(VMP_SIGHT_CONNTRACK, VMP_YES, "17 connections of at most 262144");
	is(VMP_SIGHT_SECCOMP, VMP_YES, "");
	is(VMP_SIGHT_CONFIG, VMP_YES, "NET_DROP_MONITOR as a module, NF_CONNTRACK as a module, NF_TABLES not built");
}

static void nothing(void **state)
{
	(void)state;
	vmp_kernel_read(root, "5.10.0", probes);
	is(VMP_SIGHT_KERNEL, VMP_NO, "5.10.0");
	is(VMP_SIGHT_BTF, VMP_NO, "No such file");
	is(VMP_SIGHT_TRACEPOINT, VMP_NO, "no tracefs is mounted");
	is(VMP_SIGHT_CONNTRACK, VMP_YES, "not in use");
	is(VMP_SIGHT_SECCOMP, VMP_NO, "");
	is(VMP_SIGHT_CONFIG, VMP_UNKNOWN, "/boot/config-5.10.0");
}

static void releases(void **state)
{
	static const struct {
		const char *release;
		enum vmp_tristate reasons;
	} rows[] = {{"5.16.9", VMP_NO}, {"5.17.0", VMP_YES}, {"6.0", VMP_YES}, {"4.18.0-553.el8", VMP_NO}, {"strange", VMP_UNKNOWN}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		vmp_kernel_read(root, rows[i].release, probes);
		is(VMP_SIGHT_KERNEL, rows[i].reasons, rows[i].release);
	}
}

static void config_in_boot(void **state)
{
	(void)state;
	put("/boot/config-6.1.0", "CONFIG_BPF_SYSCALL=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_NET_DROP_MONITOR=y\nCONFIG_NF_CONNTRACK=y\n"
				  "CONFIG_NF_TABLES=y\nCONFIG_SECCOMP_FILTER=y\nCONFIG_TUN=y\nCONFIG_BRIDGE_NETFILTER=y\n");
	vmp_kernel_read(root, "6.1.0", probes);
	is(VMP_SIGHT_CONFIG, VMP_YES, "all that matters here is built in");
}

static void tracefs_without_the_event(void **state)
{
	(void)state;
	put("/proc/self/mounts", "tracefs /t tracefs rw 0 0\n");
	vmp_kernel_read(root, "6.1.0", probes);
	is(VMP_SIGHT_TRACEPOINT, VMP_NO, "/t/events/skb/kfree_skb/format: No such file");
	put("/t/events/skb/kfree_skb/format", "\tfield:void * location;\toffset:16;\n");
	vmp_kernel_read(root, "6.1.0", probes);
	is(VMP_SIGHT_TRACEPOINT, VMP_YES, "without reasons");
}

/* The kernel that this runs on answers, whoever asks. */
static void asked(void **state)
{
	(void)state;
	vmp_kernel_ask(probes);
	is(VMP_SIGHT_NETLINK, VMP_YES, "device");
	assert_int_not_equal(probes[VMP_SIGHT_DROP_MONITOR].there, VMP_UNKNOWN);
	assert_int_not_equal(probes[VMP_SIGHT_ETHTOOL].there, VMP_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything, begin, end),
		cmocka_unit_test_setup_teardown(nothing, begin, end),
		cmocka_unit_test_setup_teardown(releases, begin, end),
		cmocka_unit_test_setup_teardown(config_in_boot, begin, end),
		cmocka_unit_test_setup_teardown(tracefs_without_the_event, begin, end),
		cmocka_unit_test_setup_teardown(asked, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
