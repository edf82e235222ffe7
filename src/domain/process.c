/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/process.h"

#include "base/clock.h"
#include "base/str.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 1024, CMDLINE_MAX = 1 << 18, CGROUP_MAX = 512 };

struct thread {
	enum vmp_thread_kind kind;
	pid_t pid, tid;         /* pid: of the process that it is a thread of */
	char object[32];
};

struct vmp_process {
	pid_t pid;
	VMP_VEC(struct thread) threads;
};

/* Read the beginning of a file, at most size - 1 bytes, NUL-terminated. Returns the bytes, or -errno. */
static ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		got = read(fd, text + len, size - 1 - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	got = got < 0 ? -errno : (ssize_t)len;
	close(fd);
	text[len] = '\0';
	return got;
}

static __attribute__((format(printf, 3, 4))) ssize_t read_proc(char *text, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return len < (int)sizeof(path) ? read_text(path, text, size) : -ENAMETOOLONG;
}

/* The number that a folder of /proc is named after, 0: none. */
static pid_t number_of(const struct dirent *entry)
{
	char *end;
	long number;

	if (!isdigit((unsigned char)entry->d_name[0]))
		return 0;
	errno = 0;
	number = strtol(entry->d_name, &end, 10);
	return *end || errno || number > INT_MAX ? 0 : (pid_t)number;
}

/* The processes whose command line names the UUID. Returns how many, *ret_pid is the last; or -errno. */
static int find_pid(const char *uuid, pid_t *ret_pid)
{
	char *cmdline = malloc(CMDLINE_MAX);
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int found = dir ? 0 : -errno;

	while (cmdline && dir && (entry = readdir(dir)) != NULL) {
		pid_t pid = number_of(entry);
		ssize_t len = pid ? read_proc(cmdline, CMDLINE_MAX, "/proc/%d/cmdline", (int)pid) : 0;

		if (len > 0 && vmp_process_is_qemu(cmdline, (size_t)len, uuid)) {
			*ret_pid = pid;
			found++;
		}
	}
	if (dir)
		closedir(dir);
	free(cmdline);
	return cmdline ? found : -ENOMEM;
}

static int add_thread(struct vmp_process *process, pid_t pid, pid_t tid)
{
	unsigned int number = 0;
	enum vmp_thread_kind kind;
	struct thread *thread;
	char comm[64];
	ssize_t len = read_proc(comm, sizeof(comm), "/proc/%d/task/%d/comm", (int)pid, (int)tid);

	if (len <= 0 || process->threads.n >= THREADS_MAX)
		return 0;
	kind = vmp_process_thread_kind(comm, process->pid, tid, &number);
	if (kind == VMP_THREAD_OTHER)
		return 0;
	thread = vmp_vec_add(&process->threads);
	if (!thread)
		return -ENOMEM;
	*thread = (struct thread){.kind = kind, .pid = pid, .tid = tid};
	if (kind == VMP_THREAD_VCPU)
		snprintf(thread->object, sizeof(thread->object), "vcpu %u", number);
	else
		snprintf(thread->object, sizeof(thread->object), kind == VMP_THREAD_MAIN ? "main loop" : "vhost %d", (int)tid);
	return 0;
}

static int find_threads(struct vmp_process *process)
{
	struct dirent *entry;
	char path[64];
	int code = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)process->pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (code == 0 && (entry = readdir(dir)) != NULL) {
		pid_t tid = number_of(entry);

		code = tid ? add_thread(process, process->pid, tid) : 0;
	}
	closedir(dir);
	return code;
}

/* Before Linux 6.4 vhost's workers are threads of the kernel, named after the process that they work for. */
static int find_kernel_vhost(struct vmp_process *process)
{
	char wanted[32], comm[64];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int code = 0;

	if (!dir)
		return -errno;
	snprintf(wanted, sizeof(wanted), "vhost-%d\n", (int)process->pid);
	while (code == 0 && (entry = readdir(dir)) != NULL) {
		pid_t pid = number_of(entry);

		if (pid && read_proc(comm, sizeof(comm), "/proc/%d/comm", (int)pid) > 0 && strcmp(comm, wanted) == 0)
			code = add_thread(process, pid, pid);
	}
	closedir(dir);
	return code;
}

int vmp_process_find(const struct vmp_guest *guest, struct vmp_process **ret_process, struct vmp_err *err)
{
	struct vmp_process *process;
	pid_t pid = 0;
	int found = guest->uuid ? find_pid(guest->uuid, &pid) : 0, code;

	if (found < 0)
		return vmp_err_set(err, -found, "domain", guest->name, "looking for the process of guest %.128s: %s", guest->name,
				   strerror(-found));
	if (found != 1)
		return vmp_err_set(err, found ? EEXIST : ENOENT, "domain", guest->name, "looking for the process of guest %.128s: %s", guest->name,
				   found ? "several have its UUID" : "none with its UUID is to be seen in /proc");
	process = calloc(1, sizeof(*process));
	code = process ? 0 : -ENOMEM;
	if (code == 0) {
		process->pid = pid;
		code = find_threads(process);
	}
	if (code == 0 && !vmp_process_has_vhost(process))
		code = find_kernel_vhost(process);
	if (code < 0) {
		vmp_process_free(process);
		return vmp_err_set(err, -code, "domain", guest->name, "reading the threads of guest %.128s: %s", guest->name, strerror(-code));
	}
	*ret_process = process;
	return 0;
}

bool vmp_process_has_vhost(const struct vmp_process *process)
{
	vmp_vec_foreach (thread, &process->threads)
		if (thread->kind == VMP_THREAD_VHOST)
			return true;
	return false;
}

void vmp_process_free(struct vmp_process *process)
{
	if (!process)
		return;
	vmp_vec_free(&process->threads);
	free(process);
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static int set(struct vmp_gauges *gauges, const char *source, const char *object, const char *name, enum vmp_counter_kind kind,
	       bool after, uint64_t value)
{
	struct vmp_counter *counter = vmp_gauges_add(gauges, source, object, name, kind);

	if (!counter)
		return gauges->counters.n >= VMP_COUNTERS_MAX ? 0 : -ENOMEM;
	*(after ? &counter->after_known : &counter->before_known) = true;
	*(after ? &counter->after : &counter->before) = value;
	return 0;
}

/* The cgroup that a thread is in and all above it may have a quota: by all of them together it was throttled so long at most. */
static bool read_throttled(const struct thread *thread, uint64_t *ret_ns)
{
	static const char *const mounts_v1[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}, *const mount_v2[] = {"/sys/fs/cgroup"};
	char text[4096], path[CGROUP_MAX];
	bool v2, known = false;

	if (read_proc(text, sizeof(text), "/proc/%d/task/%d/cgroup", (int)thread->pid, (int)thread->tid) <= 0 ||
	    !vmp_process_parse_cgroup(text, path, sizeof(path), &v2))
		return false;
	*ret_ns = 0;
	if (strcmp(path, "/") == 0)
		path[0] = '\0';
	for (char *end = path + strlen(path); end; end = strrchr(path, '/')) {
		*end = '\0';
		for (size_t i = 0; i < (v2 ? 1 : 2); i++) {
			uint64_t ns;

			if (read_proc(text, sizeof(text), "%s%s/cpu.stat", v2 ? mount_v2[i] : mounts_v1[i], path) > 0 &&
			    vmp_process_parse_throttled(text, &ns)) {
				*ret_ns += ns;
				known = true;
			}
		}
	}
	return known;
}

static int read_thread(const struct thread *thread, bool after, struct vmp_gauges *gauges)
{
	const char *source = thread->kind == VMP_THREAD_VCPU ? "vcpu" : "qemu";
	uint64_t run_ns, delay_ns, throttled_ns;
	char text[1024], state;
	int code = 0;

	if (read_proc(text, sizeof(text), "/proc/%d/task/%d/schedstat", (int)thread->pid, (int)thread->tid) > 0 &&
	    vmp_process_parse_schedstat(text, &run_ns, &delay_ns)) {
		code = set(gauges, source, thread->object, "run_ns", VMP_COUNTER_MOVES, after, run_ns);
		if (code == 0)
			code = set(gauges, source, thread->object, "delay_ns", VMP_COUNTER_MOVES, after, delay_ns);
	}
	if (code == 0 && read_proc(text, sizeof(text), "/proc/%d/task/%d/stat", (int)thread->pid, (int)thread->tid) > 0) {
		state = vmp_process_parse_state(text);
		if (state)
			code = set(gauges, source, thread->object, "stopped", VMP_COUNTER_FILLS, after, state == 'T' || state == 't');
		if (state && code == 0)
			code = set(gauges, source, thread->object, "runnable", VMP_COUNTER_FILLS, after, state == 'R');
	}
	if (code == 0 && read_throttled(thread, &throttled_ns))
		code = set(gauges, source, thread->object, "throttled_ns", VMP_COUNTER_MOVES, after, throttled_ns);
	return code;
}

int vmp_process_read(const struct vmp_process *process, bool after, struct vmp_gauges *gauges)
{
	int code = set(gauges, "qemu", "", "elapsed_ns", VMP_COUNTER_MOVES, after, vmp_clock_monotonic_ns());

	if (code == 0)
		code = set(gauges, "qemu", "", "pid", VMP_COUNTER_FILLS, after, (uint64_t)process->pid);
	for (size_t i = 0; code == 0 && i < process->threads.n; i++)
		code = read_thread(&process->threads.v[i], after, gauges);
	return code;
}
