/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/guard.h"

#include "base/str.h"
#include "guard/child.h"
#include "guard/filter.h"
#include "guard/folder.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct vmp_keeper {
	struct vmp_folder folder;
	char *parent;
	pid_t pid;
	int fd;
};

/* The one request there is besides going away: publish. */
#define REQUEST_PUBLISH 'P'

struct reply {
	int32_t code;           /* 0 or negative errno */
	uint32_t step;          /* enum vmp_folder_step */
	uint32_t number;        /* appended to the final name, 0: none */
};

/* ---- the keeper's side ------------------------------------------------------------------------------------------- */

/* Where the keeper holds its three descriptors; all others are closed. */
enum { KEEPER_SOCKET = VMP_CHILD_SOCKET, KEEPER_PARENT, KEEPER_DIR };

static int keeper_take_fds(struct vmp_folder *folder, int fd)
{
	const int fds[] = {fd, folder->parent_fd, folder->dir_fd};
	int r = vmp_child_take_fds(fds, sizeof(fds) / sizeof(*fds));

	if (r == 0) {
		folder->parent_fd = KEEPER_PARENT;
		folder->dir_fd = KEEPER_DIR;
	}
	return r;
}

/* Keep what it takes to handle another user's files in any folder, and nothing else. */
static int keeper_drop(struct vmp_err *err)
{
	if (geteuid() == 0 && setgroups(0, NULL) != 0)
		return -errno;
	if (capng_get_caps_process() != 0)
		return -EIO;
	capng_clear(CAPNG_SELECT_BOTH);
	if (geteuid() == 0 && capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_CHOWN, CAP_DAC_OVERRIDE,
					    CAP_FOWNER, -1) != 0)
		return -EIO;
	if (capng_apply(geteuid() == 0 ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) != 0)
		return -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	return vmp_filter_install(VMP_FILTER_KEEPER, err);
}

/*
 * Serve until the other end is closed, by vmp_keeper_end() or by the death of the parent. Returns whether it was
 * published.
 */
static bool keeper_serve(const struct vmp_folder *folder)
{
	bool published = false;
	char request;

	for (;;) {
		ssize_t len = recv(KEEPER_SOCKET, &request, sizeof(request), 0);
		enum vmp_folder_step step = VMP_FOLDER_FILES;
		struct reply reply = {0};

		if (len < 0 && errno == EINTR)
			continue;
		if (len != 1)
			return published;
		reply.code = -EPROTO;
		if (request == REQUEST_PUBLISH && !published) {
			reply.code = vmp_folder_publish(folder, &reply.number, &step);
			reply.step = step;
			published = reply.code == 0;
		}
		send(KEEPER_SOCKET, &reply, sizeof(reply), MSG_NOSIGNAL);
	}
}

static void keeper_run(struct vmp_folder folder, int fd) __attribute__((noreturn));

/* The first message is about itself: whether it got where it must be. */
static void keeper_run(struct vmp_folder folder, int fd)
{
	struct reply ready = {0};
	struct vmp_err err = {0};

	vmp_child_ignore_signals(); /* a death signal would only cut the cleaning short */
	ready.code = keeper_take_fds(&folder, fd);
	if (ready.code != 0) {
		send(fd, &ready, sizeof(ready), MSG_NOSIGNAL);
		_exit(1);
	}
	ready.code = keeper_drop(&err);
	send(KEEPER_SOCKET, &ready, sizeof(ready), MSG_NOSIGNAL);
	if (ready.code != 0 || !keeper_serve(&folder))
		vmp_folder_remove(&folder);
	_exit(0);
}

/* ---- the parent's side ------------------------------------------------------------------------------------------- */

/* Returns 0, or -EPIPE when the keeper is gone. */
static int reply_receive(int fd, struct reply *ret_reply)
{
	ssize_t len;

	do
		len = recv(fd, ret_reply, sizeof(*ret_reply), 0);
	while (len < 0 && errno == EINTR);
	return len == (ssize_t)sizeof(*ret_reply) ? 0 : -EPIPE;
}

static void keeper_reap(struct vmp_keeper *keeper)
{
	close(keeper->fd);
	while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Fork, and hear from the keeper that it is ready. The folder is the keeper's from here on, in the good case. */
static int keeper_fork(struct vmp_keeper *keeper)
{
	struct reply ready;
	int pair[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	keeper->pid = fork();
	if (keeper->pid < 0) {
		r = -errno;
		close(pair[0]);
		close(pair[1]);
		return r;
	}
	if (keeper->pid == 0)
		keeper_run(keeper->folder, pair[1]);
	close(pair[1]);
	keeper->fd = pair[0];
	r = reply_receive(keeper->fd, &ready);
	if (r == 0)
		r = ready.code;
	if (r != 0)
		keeper_reap(keeper);
	return r;
}

static void keeper_free(struct vmp_keeper *keeper)
{
	vmp_folder_close(&keeper->folder);
	free(keeper->parent);
	free(keeper);
}

int vmp_keeper_start(const char *parent, const char *final_name, struct vmp_keeper **ret_keeper, int *ret_dir_fd,
		     struct vmp_err *err)
{
	struct vmp_keeper *keeper = calloc(1, sizeof(*keeper));
	int r;

	if (keeper)
		keeper->parent = strdup(parent);
	if (!keeper || !keeper->parent) {
		free(keeper);
		return vmp_err_set(err, ENOMEM, "guard", parent, "out of memory");
	}
	keeper->folder.parent_fd = keeper->folder.dir_fd = -1;
	r = vmp_folder_create(parent, final_name, &keeper->folder, err);
	if (r != 0) {
		keeper_free(keeper);
		return r;
	}
	r = keeper_fork(keeper);
	if (r != 0) {
		vmp_folder_remove(&keeper->folder);
		keeper_free(keeper);
		return vmp_err_set(err, -r, "guard", parent, "starting the keeper of the evidence folder: %s",
				   strerror(-r));
	}
	close(keeper->folder.parent_fd);
	keeper->folder.parent_fd = -1;
	*ret_keeper = keeper;
	*ret_dir_fd = keeper->folder.dir_fd;
	return 0;
}

static int publish_failed(const struct vmp_keeper *keeper, int code, uint32_t step, struct vmp_err *err)
{
	static const char *const steps[] = {
		[VMP_FOLDER_FILES] = "giving the files to their owner",
		[VMP_FOLDER_SYNC] = "writing the folder to disk",
		[VMP_FOLDER_RENAME] = "renaming the folder",
		[VMP_FOLDER_MOVED] = "the temporary folder was moved away by someone",
	};

	return vmp_err_set(err, -code, "guard", keeper->parent, "publishing the evidence in %s: %s: %s", keeper->parent,
			   step < sizeof(steps) / sizeof(*steps) ? steps[step] : "asking the keeper", strerror(-code));
}

int vmp_keeper_publish(struct vmp_keeper *keeper, char **ret_path, struct vmp_err *err)
{
	const char request = REQUEST_PUBLISH;
	const char *slash = keeper->parent[strlen(keeper->parent) - 1] == '/' ? "" : "/";
	struct reply reply = {.step = UINT32_MAX};
	char *path;
	int r;

	r = send(keeper->fd, &request, 1, MSG_NOSIGNAL) == 1 ? reply_receive(keeper->fd, &reply) : -errno;
	if (r != 0)
		return publish_failed(keeper, r, UINT32_MAX, err);
	if (reply.code != 0)
		return publish_failed(keeper, reply.code < 0 ? reply.code : -EPROTO, reply.step, err);
	path = reply.number ? vmp_str_printf("%s%s%s-%u", keeper->parent, slash, keeper->folder.final_name, reply.number)
			    : vmp_str_printf("%s%s%s", keeper->parent, slash, keeper->folder.final_name);
	if (!path)
		return vmp_err_set(err, ENOMEM, "guard", keeper->parent, "out of memory");
	*ret_path = path;
	return 0;
}

void vmp_keeper_end(struct vmp_keeper *keeper)
{
	if (!keeper)
		return;
	keeper_reap(keeper);
	keeper_free(keeper);
}
