/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of queues and neighbour tables out of messages, good, old and broken ones; and all counters of the running kernel. */
#include "host/parse.h"

#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/gen_stats.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { STATS_PKT64 = 8 };

static struct vmp_reading reading;

static int begin(void **state)
{
	struct vmp_reading_device *device = vmp_vec_add(&reading.devices);

	(void)state;
	assert_non_null(device);
	device->ifindex = 7;
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmp_reading_clear(&reading);
	return 0;
}

static struct nl_msg *new_queue(int type, int ifindex, const char *kind)
{
	struct tcmsg info = {.tcm_ifindex = ifindex, .tcm_handle = 0x10000, .tcm_parent = TC_H_ROOT};
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put_string(msg, TCA_KIND, kind), 0);
	return msg;
}

static void put_stats(struct nl_msg *msg, uint32_t drops, uint64_t packets64)
{
	struct gnet_stats_queue queue = {.qlen = 3, .backlog = 4500, .drops = drops, .overlimits = 99};
	struct gnet_stats_basic basic = {.bytes = 1000, .packets = 17};
	struct nlattr *nest = nla_nest_start(msg, TCA_STATS2);

	nla_put(msg, TCA_STATS_BASIC, sizeof(basic), &basic);
	nla_put(msg, TCA_STATS_QUEUE, sizeof(queue), &queue);
	if (packets64)
		nla_put(msg, STATS_PKT64, sizeof(packets64), &packets64);
	nla_nest_end(msg, nest);
}

static int parse(struct nl_msg *msg)
{
	int code = vmp_host_parse_queue(nlmsg_hdr(msg), &reading);

	nlmsg_free(msg);
	return code;
}

static void queues(void **state)
{
	struct nl_msg *msg = new_queue(RTM_NEWQDISC, 7, "tbf");

	(void)state;
	put_stats(msg, 42, 0);
	assert_int_equal(parse(msg), 0);
	assert_int_equal(reading.queues.n, 1);
	assert_string_equal(reading.queues.v[0].kind, "tbf");
	assert_int_equal(reading.queues.v[0].drops, 42);
	assert_int_equal(reading.queues.v[0].packets, 17);
	assert_int_equal(reading.queues.v[0].backlog_bytes, 4500);
	assert_int_equal(reading.queues.v[0].overlimits, 99);
	assert_false(reading.queues.v[0].is_class);
	msg = new_queue(RTM_NEWTCLASS, 7, "htb");
	put_stats(msg, 1, 1ULL << 40);
	assert_int_equal(parse(msg), 0);
	assert_true(reading.queues.v[1].is_class);
	assert_int_equal(reading.queues.v[1].packets, 1ULL << 40);
}

static void queues_that_do_not_count(void **state)
{
	struct nl_msg *msg = new_queue(RTM_NEWQDISC, 8, "tbf");
	struct nlattr *nest;

	(void)state;
	put_stats(msg, 42, 0);
	assert_int_equal(parse(msg), 0);        /* another device's */
	assert_int_equal(parse(new_queue(RTM_NEWQDISC, 7, "old")), 0);
	msg = new_queue(RTM_NEWQDISC, 7, "short");
	nest = nla_nest_start(msg, TCA_STATS2);
	nla_put_u32(msg, TCA_STATS_QUEUE, 5);
	nla_nest_end(msg, nest);
	assert_int_equal(parse(msg), 0);
	assert_int_equal(parse(new_queue(RTM_NEWLINK, 7, "link")), 0);
	assert_int_equal(reading.queues.n, 0);
}

static struct nl_msg *new_table(const char *name, size_t stats_len)
{
	struct ndt_stats stats = {.ndts_res_failed = 5, .ndts_forced_gc_runs = 6, .ndts_table_fulls = 7};
	struct ndt_config config = {.ndtc_entries = 1024};
	struct ndtmsg info = {.ndtm_family = AF_INET};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWNEIGHTBL, 0);

	assert_non_null(msg);
	nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO);
	nla_put_string(msg, NDTA_NAME, name);
	nla_put_u32(msg, NDTA_THRESH3, 1024);
	nla_put(msg, NDTA_CONFIG, sizeof(config), &config);
	if (stats_len)
		nla_put(msg, NDTA_STATS, (int)stats_len, &stats);
	return msg;
}

static int parse_table(struct nl_msg *msg)
{
	int code = vmp_host_parse_neighbour_table(nlmsg_hdr(msg), &reading);

	nlmsg_free(msg);
	return code;
}

static void neighbour_tables(void **state)
{
	(void)state;
	assert_int_equal(parse_table(new_table("arp_cache", sizeof(struct ndt_stats))), 0);
	assert_int_equal(reading.tables.n, 1);
	assert_string_equal(reading.tables.v[0].name, "arp_cache");
	assert_int_equal(reading.tables.v[0].entries, 1024);
	assert_int_equal(reading.tables.v[0].limit, 1024);
	assert_true(reading.tables.v[0].has_fulls);
	assert_int_equal(reading.tables.v[0].table_fulls, 7);
	/* Kernels before 4.3 do not count it. */
	assert_int_equal(parse_table(new_table("arp_cache", offsetof(struct ndt_stats, ndts_table_fulls))), 0);
	assert_false(reading.tables.v[1].has_fulls);
	assert_int_equal(reading.tables.v[1].forced_gc_runs, 6);
	assert_int_equal(parse_table(new_table("arp_cache", 0)), 0);
	assert_int_equal(reading.tables.n, 2);
}

/* Cut at every octet, and with any of them changed: never more than is there, never a crash. */
static void damaged(void **state)
{
	struct nl_msg *msgs[2] = {new_queue(RTM_NEWQDISC, 7, "tbf"), new_table("ndisc_cache", sizeof(struct ndt_stats))};

	(void)state;
	put_stats(msgs[0], 42, 5);
	for (size_t i = 0; i < 2; i++) {
		const struct nlmsghdr *msg = nlmsg_hdr(msgs[i]);

		for (uint32_t len = sizeof(*msg); len <= msg->nlmsg_len; len++)
			for (unsigned int change = 0; change < 4; change++) {
				struct nlmsghdr *copy = malloc(len);
				int code;

				assert_non_null(copy);
				memcpy(copy, msg, len);
				copy->nlmsg_len = len;
				if (change && len > sizeof(*msg))
					((uint8_t *)copy)[sizeof(*msg) + (len * 7 + change * 13) % (len - sizeof(*msg))] ^= (uint8_t)(change * 85);
				code = i ? vmp_host_parse_neighbour_table(copy, &reading) : vmp_host_parse_queue(copy, &reading);
				assert_true(code == 0 || code == -EBADMSG);
				free(copy);
			}
		nlmsg_free(msgs[i]);
	}
}

static void bounded(void **state)
{
	struct nl_msg *msg = new_queue(RTM_NEWQDISC, 7, "tbf");

	(void)state;
	put_stats(msg, 42, 0);
	for (size_t i = 0; i < VMP_HOST_ROWS_MAX; i++)
		assert_int_equal(vmp_host_parse_queue(nlmsg_hdr(msg), &reading), 0);
	assert_int_equal(vmp_host_parse_queue(nlmsg_hdr(msg), &reading), -EOVERFLOW);
	nlmsg_free(msg);
}

/* ---- the running kernel ----------------------------------------------------------------------------------------------- */

enum { CHILD_OK, CHILD_SKIP = 77 };

static void want(const char *path)
{
	struct vmp_reading_file *file = vmp_vec_add(&reading.files);

	if (file)
		snprintf(file->path, sizeof(file->path), "%s", path);
}

static const struct vmp_reading_file *file_of(const char *path)
{
	vmp_vec_foreach (file, &reading.files)
		if (strcmp(file->path, path) == 0)
			return file;
	return NULL;
}

static int open_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(request.ifr_name, name);
	if (fd < 0 || any < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		return -1;
	request.ifr_flags = IFF_UP;
	return ioctl(any, SIOCSIFFLAGS, &request) < 0 ? -1 : fd;
}

/* What was opened before serves on after root is given up, as a process that is not dumpable. Returns the step that failed. */
static int without_privilege(void)
{
	struct vmp_host_counters *counters = NULL;
	struct vmp_host_reader *reader = NULL;
	struct vmp_err err = {0};
	bool arp = false;

	if (open_tap("tap0") < 0)
		return CHILD_SKIP;
	reading.devices.v[0].ifindex = (int)if_nametoindex("tap0");
	strcpy(reading.devices.v[0].name, "tap0");
	want("/proc/net/softnet_stat");
	want("/proc/net/snmp");
	want("/proc/sys/net/ipv4/ip_forward");
	want("/proc/interrupts");
	want("/proc/net/there_is_no_such_file");
	if (vmp_host_open(&reader, &err) < 0 || vmp_host_counters_open(reader, &reading, &counters, &err) < 0)
		return 1;
	if (vmp_host_counters_read(counters, &reading, &err) < 0)
		return 2;
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0 || prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) < 0)
		return CHILD_SKIP;
	if (vmp_host_counters_read(counters, &reading, &err) < 0)
		return 3;
	vmp_vec_foreach (file, &reading.files)
		if ((file->text == NULL) != (file->error != 0))
			return 4;
	if (!file_of("/proc/net/softnet_stat")->text || !strstr(file_of("/proc/net/snmp")->text, "Ip: "))
		return 5;
	if (file_of("/proc/net/there_is_no_such_file")->error != ENOENT || strlen(file_of("/proc/sys/net/ipv4/ip_forward")->text) != 2)
		return 6;
	vmp_vec_foreach (table, &reading.tables)
		arp = arp || (strcmp(table->name, "arp_cache") == 0 && table->limit > 0);
	if (!reading.tables_known || !arp)
		return 7;
	if (!reading.queues_known || reading.queues.n == 0 || reading.queues.v[0].ifindex != reading.devices.v[0].ifindex)
		return 8;
	if (strcmp(reading.devices.v[0].driver, "tun") != 0 || reading.devices.v[0].has_counters)
		return 9;
	vmp_host_counters_close(counters);
	vmp_host_close(reader);
	vmp_reading_clear(&reading);
	return CHILD_OK;
}

static void works_without_privilege(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ? CHILD_SKIP : without_privilege());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP)
		skip();
	if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_OK)
		fail_msg("the child ended with 0x%x (exit status: number of the step that failed)", (unsigned int)status);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(queues), CASE(queues_that_do_not_count), CASE(neighbour_tables), CASE(damaged), CASE(bounded), CASE(works_without_privilege),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
