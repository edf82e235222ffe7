/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up privilege before the first packet is parsed, and the small process that keeps what is needed later. */
#ifndef VMP_GUARD_GUARD_H
#define VMP_GUARD_GUARD_H

#include "base/err.h"
#include "model/doctor.h"

#include <stdbool.h>

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

#endif
