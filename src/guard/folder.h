/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evidence folder from its temporary to its final name. Private to guard/. */
#ifndef VMP_GUARD_FOLDER_H
#define VMP_GUARD_FOLDER_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct vmp_folder {
	int parent_fd;
	int dir_fd;
	char temp_name[NAME_MAX + 1];
	char final_name[NAME_MAX + 1];
	dev_t dev;                      /* which folder it is, whatever its name */
	ino_t ino;
	uid_t writer_uid;               /* whose files are in it */
	bool give;                      /* to owner_uid, owner_gid; else it stays the writer's */
	uid_t owner_uid;
	gid_t owner_gid;
};

/* What publishing was at when it failed. */
enum vmp_folder_step {
	VMP_FOLDER_FILES,
	VMP_FOLDER_SYNC,
	VMP_FOLDER_RENAME,
	VMP_FOLDER_MOVED,
};

/*
 * Make parent/.NAME.XXXXXX for the ids of vmp_guard_ids() and open both. Run by root, its owner will be the user
 * behind sudo (SUDO_UID, SUDO_GID), else root.
 */
int vmp_folder_create(const char *parent, const char *final_name, struct vmp_folder *ret_folder, struct vmp_err *err);

/*
 * Give the files and the folder to their owner (0600, 0700), fsync, and rename to the final name; if that exists, to
 * NAME-2, NAME-3, ... ret_number: 0, or the number appended. Files that the writer did not make (links, devices, other
 * people's) are refused. Returns 0 or -errno with *ret_step.
 */
int vmp_folder_publish(const struct vmp_folder *folder, unsigned int *ret_number, enum vmp_folder_step *ret_step);

/* Remove the files in the folder, and the folder if it still stands under its temporary name. */
void vmp_folder_remove(const struct vmp_folder *folder);

/* Close both fds. */
void vmp_folder_close(struct vmp_folder *folder);

#endif
