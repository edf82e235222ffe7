/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/guard.h"

#include "base/clock.h"
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(HAVE_LIBSECCOMP) && !defined(VMP_SANITIZERS)
#define FILTERED true
#else
#define FILTERED false
#endif

#define NO_CAPS "0000000000000000"

static void drop(void)
{
	struct vmp_err err = {0};

	if (vmp_guard_begin(&err) != 0 || vmp_guard_drop(&err) != 0) {
		fprintf(stderr, "# %s\n", err.message);
		_exit(1);
	}
}

static void case_begin(void *context)
{
	struct rlimit limit;

	(void)context;
	CHECK(vmp_guard_begin(NULL) == 0);
	CHECK(umask(022) == 077);
	CHECK(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0);
#ifndef VMP_SANITIZERS
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
#endif
}

static void test_begin(void **state)
{
	(void)state;
	child_run(case_begin, NULL);
}

/* By what the kernel itself says. */
static void case_nothing_left(void *context)
{
	static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
	bool root = geteuid() == 0;
	unsigned int uid, gid;
	char want[64];

	(void)context;
	vmp_guard_ids(&uid, &gid);
	CHECK(!root || (uid != 0 && gid != 0));
	drop();
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		CHECK(strcmp(child_status(sets[i]), NO_CAPS) == 0 || (!root && strcmp(sets[i], "CapBnd") == 0));
	snprintf(want, sizeof(want), "%u\t%u\t%u\t%u", uid, uid, uid, uid);
	CHECK(strcmp(child_status("Uid"), want) == 0);
	snprintf(want, sizeof(want), "%u\t%u\t%u\t%u", gid, gid, gid, gid);
	CHECK(strcmp(child_status("Gid"), want) == 0);
	CHECK(!root || *child_status("Groups") == '\0');
	CHECK(strcmp(child_status("NoNewPrivs"), "1") == 0);
	CHECK(strcmp(child_status("Seccomp"), FILTERED ? "2" : "0") == 0);
#ifndef VMP_SANITIZERS
	CHECK(access("/proc/self/mem", R_OK) != 0);
#endif
	CHECK(vmp_guard_drop(NULL) == 0);
}

static void test_nothing_left(void **state)
{
	(void)state;
	child_root("dropping from root");
	child_run(case_nothing_left, NULL);
}

static void case_no_way_back(void *context)
{
	(void)context;
	drop();
	CHECK(setuid(0) != 0);
	CHECK(seteuid(0) != 0);
	CHECK(setresuid(0, 0, 0) != 0);
	CHECK(setgid(0) != 0);
	CHECK(setgroups(0, NULL) != 0);
	CHECK(socket(AF_PACKET, SOCK_RAW, 0) < 0);
	CHECK(open("/etc/shadow", O_RDONLY) < 0);
}

static void test_no_way_back(void **state)
{
	(void)state;
	if (child_root("ways back to root"))
		child_run(case_no_way_back, NULL);
}

/* Refused, and the program lives on. */
static void case_refused(void *context)
{
	int flag = 0;

	(void)context;
	drop();
	errno = 0;
	CHECK(socket(AF_INET, SOCK_DGRAM, 0) < 0 && errno == EPERM);
	CHECK(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	CHECK(fork() < 0 && errno == EPERM);
	CHECK(kill(getppid(), SIGCONT) < 0 && errno == EPERM);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	CHECK(ioctl(0, TIOCSTI, &flag) < 0 && errno == EPERM);
	CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 && errno == EPERM);
	CHECK(link("/etc/passwd", "/tmp/x") < 0);
	CHECK(chmod("/tmp", 0777) < 0);
	CHECK(syscall(SYS_tgkill, getppid(), getppid(), SIGCONT) < 0 && errno == EPERM);
}

static void test_refused(void **state)
{
	(void)state;
	if (FILTERED)
		child_run(case_refused, NULL);
	else
		print_message("# skipped, no filter in this build: system calls that are refused\n");
}

static void case_execve(void *context)
{
	char name[] = "true";
	char *argv[] = {name, NULL};

	(void)context;
	drop();
	execv("/bin/true", argv);
}

static void case_ptrace(void *context)
{
	(void)context;
	drop();
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void case_mount(void *context)
{
	(void)context;
	drop();
	mount("none", "/tmp", "tmpfs", 0, NULL);
}

static void case_bpf(void *context)
{
	(void)context;
	drop();
	syscall(SYS_bpf, 0, NULL, 0);
}

static void case_module(void *context)
{
	(void)context;
	drop();
	syscall(SYS_finit_module, 0, "", 0);
}

static void test_deadly(void **state)
{
	static child_case *const cases[] = {case_execve, case_ptrace, case_mount, case_bpf, case_module};

	(void)state;
	if (!FILTERED) {
		print_message("# skipped, no filter in this build: system calls that are death\n");
		return;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(child_run_to_death(cases[i], NULL), SIGSYS);
}

/* What the program does after the drop: files below an open folder, open sockets, clocks, memory, waiting, stdio. */
static void case_allowed(void *context)
{
	int dir_fd = *(int *)context, pair[2], fd;
	char buffer[64], text[VMP_RFC3339_STRLEN];
	struct pollfd wait;
	struct stat st;
	void *memory;
	FILE *f;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	drop();
	fd = openat(dir_fd, "trace.pcapng", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	f = fdopen(fd, "w");
	CHECK(f && fprintf(f, "%s %f\n", vmp_clock_rfc3339(vmp_clock_realtime_ns(), text), 1.5) > 0);
	CHECK(fflush(f) == 0 && fsync(fd) == 0 && fstat(fd, &st) == 0 && st.st_size > 30);
	CHECK(fseek(f, 0, SEEK_SET) == 0 && fclose(f) == 0);
	CHECK(renameat(dir_fd, "trace.pcapng", dir_fd, "b") == 0 && unlinkat(dir_fd, "b", 0) == 0);
	CHECK(send(pair[0], "hello", 5, MSG_NOSIGNAL) == 5 && recv(pair[1], buffer, sizeof(buffer), 0) == 5);
	wait = (struct pollfd){.fd = pair[0], .events = POLLIN};
	CHECK(poll(&wait, 1, 1) == 0);
	CHECK(nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL) == 0);
	CHECK(getrandom(buffer, sizeof(buffer), 0) == sizeof(buffer));
	memory = malloc(64U << 20);
	CHECK(memory != NULL);
	memset(memory, 1, 64U << 20);
	memory = realloc(memory, 128U << 20);
	CHECK(memory != NULL);
	free(memory);
	CHECK(signal(SIGALRM, SIG_IGN) != SIG_ERR);
	CHECK(localtime(&(time_t){0}) != NULL);
	CHECK(isatty(pair[0]) == 0 && errno == ENOTTY);
	CHECK(close(pair[0]) == 0);
}

static void test_allowed(void **state)
{
	char path[] = "/tmp/vmp-test-drop.XXXXXX";
	unsigned int uid, gid;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	vmp_guard_ids(&uid, &gid);
	assert_int_equal(fchown(fd, uid, gid), 0);
	child_run(case_allowed, &fd);
	close(fd);
	assert_int_equal(rmdir(path), 0);
}

static void case_abort(void *context)
{
	(void)context;
	drop();
	abort();
}

/* A failed assertion must be able to end the program. */
static void test_abort(void **state)
{
	(void)state;
	assert_int_equal(child_run_to_death(case_abort, NULL), SIGABRT);
}

static int released;

static void *thread_socket(void *context)
{
	int *result = context;

	while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE))
		usleep(1000);
	*result = socket(AF_INET, SOCK_DGRAM, 0) < 0 && getuid() != 0 ? errno : 0;
	return NULL;
}

/* A thread that a library started before is held to the same. */
static void case_threads(void *context)
{
	pthread_t thread;
	int result = 0;

	(void)context;
	CHECK(pthread_create(&thread, NULL, thread_socket, &result) == 0);
	drop();
	__atomic_store_n(&released, 1, __ATOMIC_RELEASE);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(result == EPERM);
}

static void test_threads(void **state)
{
	(void)state;
	if (FILTERED && child_root("threads started before the drop"))
		child_run(case_threads, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test(test_no_way_back),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_deadly),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
