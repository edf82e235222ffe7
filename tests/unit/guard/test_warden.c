/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tasks of these tests look at the warden from inside. */
#include "guard/guard.h"

#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(HAVE_LIBSECCOMP) && !defined(VMP_SANITIZERS)
#define FILTERED true
#else
#define FILTERED false
#endif

enum task { ECHO, FAIL, STATUS, TRY, BIG, LARGE, DIE, SPIN, PID };

static int task_echo(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)err;
	vmp_buf_printf(out, "%s", (const char *)context);
	return 0;
}

static int task_fail(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)context;
	vmp_buf_printf(out, "half an answer");
	return vmp_err_set(err, EPERM, "test", NULL, "the kernel would not");
}

/* What the kernel says of it, and how many descriptors it has beside the one that looks. */
static int task_status(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	static const char *const fields[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Uid", "NoNewPrivs", "Seccomp"};
	DIR *dir = opendir("/proc/self/fd");
	int fds = 0;

	(void)context;
	(void)err;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		vmp_buf_printf(out, "%s=%s\n", fields[i], child_status(fields[i]));
	while (dir && readdir(dir))
		fds++;
	vmp_buf_printf(out, "fds=%d\n", fds - 3); /* ".", ".." and its own */
	if (dir)
		closedir(dir);
	return 0;
}

static void attempt(struct vmp_buf *out, const char *what, bool done)
{
	vmp_buf_printf(out, "%s=%s\n", what, done ? "yes" : "no");
}

static int task_try(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)context;
	(void)err;
	attempt(out, "netfilter", socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) >= 0);
	attempt(out, "route", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0);
	attempt(out, "packet", socket(AF_PACKET, SOCK_RAW, 0) >= 0);
	attempt(out, "audit", socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT) >= 0);
	attempt(out, "inet", socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	attempt(out, "unix", socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	attempt(out, "shadow", open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0);
	attempt(out, "write", open("/etc/vmpath-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
	attempt(out, "fork", fork() >= 0);
	attempt(out, "kill", kill(getppid(), 0) == 0);
	attempt(out, "root", setuid(0) == 0);
	return 0;
}

static int task_big(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	static const char chunk[1 << 16];

	(void)err;
	for (size_t len = 0; len < *(const size_t *)context; len += sizeof(chunk))
		vmp_buf_add(out, chunk, sizeof(chunk));
	return 0;
}

static int task_die(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)context;
	(void)out;
	(void)err;
	_exit(7);
}

static int task_spin(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)context;
	(void)out;
	(void)err;
	for (volatile uint64_t i = 0; i < UINT64_MAX; i++)
		;
	return 0;
}

static int task_pid(void *context, struct vmp_buf *out, struct vmp_err *err)
{
	(void)context;
	(void)err;
	vmp_buf_printf(out, "%d", getpid());
	return 0;
}

static char words[] = "as it was at the start";
static size_t big = VMP_WARDEN_REPLY_MAX + 1UL, large = VMP_WARDEN_REPLY_MAX;

static const struct vmp_warden_task tasks[] = {
	[ECHO] = {task_echo, words}, [FAIL] = {task_fail, NULL}, [STATUS] = {task_status, NULL}, [TRY] = {task_try, NULL},
	[BIG] = {task_big, &big},    [LARGE] = {task_big, &large}, [DIE] = {task_die, NULL},     [SPIN] = {task_spin, NULL},
	[PID] = {task_pid, NULL},
};

static struct vmp_warden *start(void)
{
	struct vmp_warden *warden = NULL;
	struct vmp_err err = {0};

	if (vmp_guard_begin(&err) != 0 || vmp_warden_start(tasks, sizeof(tasks) / sizeof(*tasks), &warden, &err) != 0 ||
	    vmp_guard_drop(&err) != 0) {
		fprintf(stderr, "# %s\n", err.message);
		_exit(1);
	}
	return warden;
}

/* The tracer's life: what it asks for after it has given up all, it gets; and a task that fails does not end the others. */
static void case_asked(void *context)
{
	struct vmp_buf reply = {0};
	struct vmp_err err = {0};
	struct vmp_warden *warden;

	(void)context;
	warden = start();
	words[0] = 'X'; /* of the tracer's memory it sees nothing any more */
	CHECK(vmp_warden_ask(warden, FAIL, &reply, &err) == -EPERM);
	CHECK(strcmp(err.message, "the kernel would not") == 0 && reply.len == 0);
	CHECK(vmp_warden_ask(warden, ECHO, &reply, &err) == 0);
	CHECK(strcmp(reply.s, "as it was at the start") == 0);
	vmp_buf_clear(&reply);
	CHECK(vmp_warden_ask(warden, LARGE, &reply, &err) == 0 && reply.len == VMP_WARDEN_REPLY_MAX);
	vmp_buf_clear(&reply);
	CHECK(vmp_warden_ask(warden, BIG, &reply, &err) == -EFBIG && reply.len == 0);
	CHECK(vmp_warden_ask(warden, ECHO, &reply, &err) == 0);
	vmp_buf_clear(&reply);
	vmp_warden_end(warden);
	vmp_warden_end(NULL);
}

static void test_asked(void **state)
{
	(void)state;
	child_run(case_asked, NULL);
}

static void expect(const struct vmp_buf *reply, const char *line)
{
	const char *found = strstr(reply->s, line);

	if (!found || (found != reply->s && found[-1] != '\n') || found[strlen(line)] != '\n') {
		fprintf(stderr, "# not there: %s in\n%s", line, reply->s);
		_exit(1);
	}
}

/* CAP_NET_ADMIN is 12. As the program would hold sockets and rings: the warden must not have them. */
static void case_small(void *context)
{
	bool root = geteuid() == 0;
	struct vmp_buf reply = {0};
	struct vmp_err err = {0};
	struct vmp_warden *warden;
	unsigned int uid, gid;
	char line[64];

	(void)context;
	CHECK(dup2(STDERR_FILENO, 7) == 7 && dup2(STDERR_FILENO, 77) == 77);
	vmp_guard_ids(&uid, &gid);
	warden = start();
	CHECK(vmp_warden_ask(warden, STATUS, &reply, &err) == 0);
	if (root) {
		expect(&reply, "CapPrm=0000000000001000");
		expect(&reply, "CapEff=0000000000001000");
		expect(&reply, "CapBnd=0000000000000000");
	}
	expect(&reply, "CapInh=0000000000000000");
	expect(&reply, "CapAmb=0000000000000000");
	expect(&reply, "NoNewPrivs=1");
	expect(&reply, FILTERED ? "Seccomp=2" : "Seccomp=0");
	expect(&reply, "fds=4");
	snprintf(line, sizeof(line), "Uid=%u\t%u\t%u\t%u", uid, uid, uid, uid);
	expect(&reply, line);
	vmp_buf_clear(&reply);
	vmp_warden_end(warden);
}

static void test_small(void **state)
{
	(void)state;
	child_root("what is left to a warden of root");
	child_run(case_small, NULL);
}

static void case_refused(void *context)
{
	static const char *const refused[] = {"packet=no", "audit=no", "inet=no", "unix=no", "shadow=no",
					      "write=no",  "fork=no",  "kill=no", "root=no"};
	struct vmp_buf reply = {0};
	struct vmp_err err = {0};
	struct vmp_warden *warden = start();

	(void)context;
	CHECK(vmp_warden_ask(warden, TRY, &reply, &err) == 0);
	expect(&reply, "netfilter=yes");
	expect(&reply, "route=yes");
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		expect(&reply, refused[i]);
	vmp_buf_clear(&reply);
	vmp_warden_end(warden);
}

static void test_refused(void **state)
{
	(void)state;
	if (FILTERED)
		child_run(case_refused, NULL);
	else
		print_message("# skipped, no filter in this build: what the warden is refused\n");
}

/* One that dies, or is asked for what there is not, is gone for good, and nobody waits for it. */
static void case_gone(void *context)
{
	struct vmp_buf reply = {0};
	struct vmp_err err = {0};
	struct vmp_warden *warden = start();

	CHECK(vmp_warden_ask(warden, *(const size_t *)context, &reply, &err) == -EPIPE);
	CHECK(strstr(err.message, "is gone") != NULL);
	CHECK(vmp_warden_ask(warden, ECHO, &reply, &err) == -EPIPE);
	CHECK(reply.len == 0);
	vmp_warden_end(warden);
}

static void test_gone(void **state)
{
	size_t tasks_of[] = {DIE, sizeof(tasks) / sizeof(*tasks), 255};

	(void)state;
	for (size_t i = 0; i < sizeof(tasks_of) / sizeof(*tasks_of); i++)
		child_run(case_gone, &tasks_of[i]);
}

/* Its parent dies, waiting for an answer or not. */
static void case_parent_dies(void *context)
{
	struct vmp_warden *warden;
	struct vmp_buf reply = {0};
	struct vmp_err err = {0};
	pid_t *pids = context;

	CHECK(vmp_warden_start(tasks, sizeof(tasks) / sizeof(*tasks), &warden, &err) == 0);
	CHECK(vmp_warden_ask(warden, PID, &reply, &err) == 0);
	pids[0] = (pid_t)atoi(reply.s);
	vmp_buf_clear(&reply);
	if (!pids[1])
		raise(SIGKILL);
	alarm(1);
	vmp_warden_ask(warden, SPIN, &reply, &err);
}

static void test_parent_dies(void **state)
{
	pid_t *pids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(pids != MAP_FAILED);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	for (int busy = 0; busy < 2; busy++) {
		pids[0] = 0;
		pids[1] = busy;
		assert_int_equal(child_run_to_death(case_parent_dies, pids), busy ? SIGALRM : SIGKILL);
		assert_true(pids[0] > 0);
		/* it is ours now: waiting ends when it does */
		assert_int_equal(waitpid(pids[0], NULL, 0), pids[0]);
	}
	munmap(pids, 4096);
}

/* Ctrl-C goes to the whole process group; the warden still answers. */
static void case_interrupted(void *context)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct vmp_warden *warden;
	struct vmp_buf reply = {0};

	(void)context;
	CHECK(setpgid(0, 0) == 0);
	for (size_t i = 0; i < 3; i++)
		CHECK(signal(signals[i], SIG_IGN) != SIG_ERR);
	CHECK(vmp_warden_start(tasks, sizeof(tasks) / sizeof(*tasks), &warden, NULL) == 0);
	for (size_t i = 0; i < 3; i++)
		CHECK(kill(0, signals[i]) == 0);
	CHECK(vmp_warden_ask(warden, ECHO, &reply, NULL) == 0);
	vmp_buf_clear(&reply);
	vmp_warden_end(warden);
}

static void test_interrupt(void **state)
{
	(void)state;
	child_run(case_interrupted, NULL);
}

int main(void)
{
	const struct CMUnitTest tests_all[] = {
		cmocka_unit_test(test_asked),       cmocka_unit_test(test_small),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_gone),        cmocka_unit_test(test_interrupt), cmocka_unit_test(test_parent_dies),
	};

	return cmocka_run_group_tests_name("warden", tests_all, NULL, NULL);
}
