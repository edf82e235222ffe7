/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up privilege before the first packet is parsed, and the small processes that do what needs it later. */
#ifndef VMP_GUARD_GUARD_H
#define VMP_GUARD_GUARD_H

#include "base/err.h"
#include "base/str.h"
#include "model/doctor.h"

#include <stdbool.h>
#include <stddef.h>

/* Core dumps off, not dumpable, umask 077. Once, at the start of main. */
int vmp_guard_begin(struct vmp_err *err);

/*
 * May this process open packet sockets at all? Asked before anything else is done. EPERM otherwise, saying what to do.
 */
int vmp_guard_check(struct vmp_err *err);

/*
 * What this process may do that a trace needs, for vmpath doctor: CAPABILITIES, and
 * NFTABLES and SECCOMP (known as far as the kernel goes) by what it was built with. Returns whether it has CAP_NET_ADMIN.
 */
bool vmp_guard_probe(struct vmp_probe probes[VMP_SIGHTS]);

/*
 * Give up uid, groups and every capability (effective, permitted, inheritable, bounding, ambient) for good, set
 * no_new_privs, install the system-call filter where libseccomp was built in. All handles must be open already. A
 * program that was not started as root loses what capabilities it has. It is verified that nothing can be regained.
 * Idempotent. After it: no socket, process, thread, executable memory or signal to others; openat() as nobody still
 * works.
 */
int vmp_guard_drop(struct vmp_err *err);

/* uid and gid that vmp_guard_drop() will change to ("nobody", or 65534); of a program not started as root: its own. */
void vmp_guard_ids(unsigned int *ret_uid, unsigned int *ret_gid);

/*
 * In a process that was just forked: leave this descriptor open and nothing else, as VMP_GUARD_FD; standard input, output and error become
 * /dev/null, on whose pipes somebody may wait. Ignore the signals of a terminal. Returns 0 or -errno.
 */
int vmp_guard_child(int fd);

enum { VMP_GUARD_FD = 3 };

/*
 * The keeper: forked before vmp_guard_drop(), it holds one temporary evidence folder and on request renames it to its
 * final name (giving it to root, or to the user behind sudo), or removes it. It removes it as well when its parent
 * goes away without a word. It takes these two requests, sees no packet, and drops all capabilities but those for
 * files. Start it before the capture is opened: a process forked later would share the mapped rings.
 */
struct vmp_keeper;

/*
 * Make folder parent/.NAME.XXXXXX (mode 0700, owned by the ids of vmp_guard_ids()) and start the keeper for it.
 * parent: must exist and be writable, else an error that says so (ENOENT, EACCES, EROFS, ENOSPC, ...); final_name: no
 * slash. ret_dir_fd: the folder, open, for openat(); owned by the keeper's record, closed by vmp_keeper_end().
 */
int vmp_keeper_start(const char *parent, const char *final_name, struct vmp_keeper **ret_keeper, int *ret_dir_fd,
		     struct vmp_err *err);

/*
 * Publish: files to their owner (0600), fsync, rename to the final name, or NAME-2, NAME-3, ... if that exists. All
 * files must be written and are the tracer's own. On success *ret_path is the final path (caller frees). Works after
 * vmp_guard_drop().
 */
int vmp_keeper_publish(struct vmp_keeper *keeper, char **ret_path, struct vmp_err *err);

/* End the keeper; what was not published is removed. NULL is allowed. */
void vmp_keeper_end(struct vmp_keeper *keeper);

/*
 * The warden: forked before vmp_guard_drop(), it asks the kernel what only CAP_NET_ADMIN is told. It takes the requests of the table that
 * it was started with, by their number, and nothing else; it is another user, holds no other capability, and no socket but netlink's. Start
 * it before the captures are opened: it never sees a packet. The kernel ends it when its parent dies.
 */
struct vmp_warden;

/* One thing that it can be asked: append the answer to out. Returns 0, or a negative errno with err set. */
struct vmp_warden_task {
	int (*run)(void *context, struct vmp_buf *out, struct vmp_err *err);
	void *context;          /* as it was at the start */
};

enum { VMP_WARDEN_REPLY_MAX = 32 << 20, VMP_WARDEN_WAIT_MS = 20000 };

/* Start it with n tasks. tasks: copied. Errors: of fork() and of giving up what it is not to have. */
int vmp_warden_start(const struct vmp_warden_task *tasks, size_t n, struct vmp_warden **ret_warden, struct vmp_err *err);

/*
 * Ask it for the task with this number and wait, at most VMP_WARDEN_WAIT_MS. Works after vmp_guard_drop(). ret_reply: appended to, at most
 * VMP_WARDEN_REPLY_MAX bytes; caller clears. Errors: the task's; EFBIG for an answer beyond that; ETIMEDOUT, after which it is not asked
 * again; EPIPE when it is gone.
 */
int vmp_warden_ask(struct vmp_warden *warden, size_t task, struct vmp_buf *ret_reply, struct vmp_err *err);

/* End it. NULL is allowed. */
void vmp_warden_end(struct vmp_warden *warden);

#endif
