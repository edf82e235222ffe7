/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/guard.h"

#include "base/clock.h"
#include "guard/child.h"
#include "guard/filter.h"

#include <cap-ng.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A ruleset of some 20,000 rules takes less; what would take more is not worth a host's memory. */
#define MEMORY_MAX (1024UL << 20)

struct vmp_warden {
	pid_t pid;
	int fd;
	bool lost;              /* it did not answer in time, or not as it should */
};

/* Before every answer; `len` bytes follow: the answer, or the error's message. */
struct reply {
	int32_t code;           /* 0 or negative errno */
	uint32_t len;
};

/* ---- the warden's side ------------------------------------------------------------------------------------------- */

/* Keep what the kernel looks at when it is asked about its packet filter, and nothing else. */
static int warden_drop(void)
{
	unsigned int uid, gid;
	bool root = geteuid() == 0, may;

	vmp_guard_ids(&uid, &gid);
	if (capng_get_caps_process() != 0)
		return -EIO;
	may = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);
	capng_clear(CAPNG_SELECT_BOTH);
	if (may && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) != 0)
		return -EIO;
	if (root ? capng_change_id((int)uid, (int)gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) != 0
		 : capng_apply(CAPNG_SELECT_CAPS) != 0)
		return -EPERM;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno;
}

/*
 * Changing ids has undone an earlier death signal. A parent that died before it was set has closed its end of the socket, which tells.
 * Nothing has to be cleaned up, so it may die at any moment.
 */
static int warden_limit(void)
{
#ifndef VMP_SANITIZERS
	const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};

	if (setrlimit(RLIMIT_AS, &memory) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -errno;
#endif
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 ? 0 : -errno;
}

static bool send_all(const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t sent = send(VMP_CHILD_SOCKET, at, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		len -= (size_t)sent;
	}
	return true;
}

static bool send_reply(int code, const char *bytes, size_t len)
{
	struct reply reply = {.code = code, .len = (uint32_t)len};

	return send_all(&reply, sizeof(reply)) && send_all(bytes, len);
}

static bool run_task(const struct vmp_warden_task *task)
{
	struct vmp_buf out = {0};
	struct vmp_err err = {0};
	int code = task->run(task->context, &out, &err);
	bool sent;

	if (code == 0 && (out.oom || out.len > VMP_WARDEN_REPLY_MAX))
		code = vmp_err_set(&err, out.oom ? ENOMEM : EFBIG, "guard", NULL, "%s", out.oom ? "out of memory" : "there is too much of it");
	sent = code == 0 ? send_reply(0, out.s, out.len) : send_reply(code, err.message, strlen(err.message));
	vmp_buf_clear(&out);
	return sent;
}

/* Serve until the other end is closed. A number that is none of the tasks' ends it: the tracer that it was started by sends none. */
static void warden_serve(const struct vmp_warden_task *tasks, size_t n)
{
	unsigned char request;

	for (;;) {
		ssize_t len = recv(VMP_CHILD_SOCKET, &request, sizeof(request), 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len != 1 || request >= n || !run_task(&tasks[request]))
			return;
	}
}

static void warden_run(const struct vmp_warden_task *tasks, size_t n, int fd) __attribute__((noreturn));

/* The first message is about itself: whether it got where it must be. */
static void warden_run(const struct vmp_warden_task *tasks, size_t n, int fd)
{
	struct vmp_err err = {0};
	int code;

	vmp_child_ignore_signals();
	code = vmp_child_take_fds(&fd, 1);
	if (code != 0)
		_exit(1);
	code = warden_drop();
	if (code == 0)
		code = warden_limit();
	if (code == 0)
		code = vmp_filter_install(VMP_FILTER_WARDEN, &err);
	if (send_reply(code, "", 0) && code == 0)
		warden_serve(tasks, n);
	_exit(0);
}

/* ---- the parent's side ------------------------------------------------------------------------------------------- */

/* Read all of len bytes before the deadline. Returns 0, -ETIMEDOUT or -EPIPE. */
static int receive_all(int fd, void *bytes, size_t len, uint64_t deadline_ns)
{
	char *at = bytes;

	while (len > 0) {
		uint64_t now_ns = vmp_clock_monotonic_ns();
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (now_ns >= deadline_ns || poll(&ready, 1, (int)((deadline_ns - now_ns) / VMP_NS_PER_MS) + 1) == 0)
			return -ETIMEDOUT;
		got = recv(fd, at, len, MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return -EPIPE;
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

static uint64_t deadline_ns(void)
{
	return vmp_clock_monotonic_ns() + VMP_WARDEN_WAIT_MS * VMP_NS_PER_MS;
}

/* One that may hang in the kernel is not waited for: it dies with this process. */
static void warden_reap(struct vmp_warden *warden)
{
	close(warden->fd);
	while (waitpid(warden->pid, NULL, warden->lost ? WNOHANG : 0) < 0 && errno == EINTR)
		;
	free(warden);
}

int vmp_warden_start(const struct vmp_warden_task *tasks, size_t n, struct vmp_warden **ret_warden, struct vmp_err *err)
{
	struct vmp_warden *warden = calloc(1, sizeof(*warden));
	struct reply ready;
	int pair[2], code;

	if (!warden || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		code = warden ? errno : ENOMEM;
		free(warden);
		return vmp_err_set(err, code, "guard", NULL, "starting the process that reads the packet filter: %s", strerror(code));
	}
	warden->pid = fork();
	if (warden->pid == 0)
		warden_run(tasks, n, pair[1]);
	code = warden->pid < 0 ? -errno : 0;
	close(pair[1]);
	warden->fd = pair[0];
	if (code < 0) {
		close(pair[0]);
		free(warden);
		return vmp_err_set(err, -code, "guard", NULL, "starting the process that reads the packet filter: %s", strerror(-code));
	}
	code = receive_all(warden->fd, &ready, sizeof(ready), deadline_ns());
	if (code == 0)
		code = ready.code;
	if (code != 0) {
		warden_reap(warden);
		return vmp_err_set(err, -code, "guard", NULL, "starting the process that reads the packet filter: %s", strerror(-code));
	}
	*ret_warden = warden;
	return 0;
}

static int receive_reply(struct vmp_warden *warden, struct vmp_buf *ret_reply, struct vmp_err *err)
{
	uint64_t until_ns = deadline_ns();
	struct reply reply;
	char *bytes;
	int code = receive_all(warden->fd, &reply, sizeof(reply), until_ns);

	if (code < 0)
		return code;
	if (reply.code > 0 || reply.len > VMP_WARDEN_REPLY_MAX)
		return -EPROTO;
	bytes = malloc(reply.len + 1UL);
	code = bytes ? receive_all(warden->fd, bytes, reply.len, until_ns) : -ENOMEM;
	if (code == 0 && reply.code == 0)
		vmp_buf_add(ret_reply, bytes, reply.len);
	if (code == 0 && reply.code < 0) {
		bytes[reply.len] = '\0';
		vmp_err_set(err, -reply.code, "guard", NULL, "%s", bytes);
	}
	free(bytes);
	return code == 0 && ret_reply->oom ? -ENOMEM : code;
}

int vmp_warden_ask(struct vmp_warden *warden, size_t task, struct vmp_buf *ret_reply, struct vmp_err *err)
{
	const unsigned char request = (unsigned char)task;
	struct vmp_err told = {0};
	int code = -EPIPE;

	if (!warden->lost)
		code = send(warden->fd, &request, 1, MSG_NOSIGNAL) == 1 ? receive_reply(warden, ret_reply, &told) : -errno;
	if (code < 0) {
		warden->lost = true;
		return vmp_err_set(err, -code, "guard", NULL, "the process that asks the kernel about it %s",
				   code == -ETIMEDOUT ? "did not answer in time" : "is gone");
	}
	return told.code ? vmp_err_set(err, told.code, "guard", NULL, "%s", told.message) : 0;
}

void vmp_warden_end(struct vmp_warden *warden)
{
	if (warden)
		warden_reap(warden);
}
