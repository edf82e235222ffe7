/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/folder.h"

#include "guard/guard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_TRIES   16
#define NUMBER_MOST  999U
#define SUFFIX_ROOM  8          /* "." and ".XXXXXX", or "-999" */

static const struct create_hint {
	int code;
	const char *hint;
} create_hints[] = {
	{ENOENT, "make it first"},
	{ENOTDIR, "name a folder"},
	{EACCES, "name a folder that can be written"},
	{EPERM, "name a folder that can be written"},
	{EROFS, "name a folder on another file system"},
	{ENOSPC, "make room or name a folder on another file system"},
	{EDQUOT, "make room or name a folder on another file system"},
};

static int create_failed(const char *parent, int code, struct vmp_err *err)
{
	const char *hint = "name another folder";

	for (size_t i = 0; i < sizeof(create_hints) / sizeof(*create_hints); i++)
		if (create_hints[i].code == code)
			hint = create_hints[i].hint;
	return vmp_err_set(err, code, "guard", parent, "making the evidence folder in %s: %s; %s", parent, strerror(code),
			   hint);
}

static bool id_parse(const char *text, unsigned int *ret_id)
{
	unsigned long id;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	id = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || id >= UINT32_MAX)
		return false;
	*ret_id = (unsigned int)id;
	return true;
}

/* Who gets it. Only root can give anything away, and only root's environment is asked. */
static void folder_choose_owner(struct vmp_folder *folder)
{
	unsigned int uid = 0, gid = 0;

	folder->give = geteuid() == 0;
	if (!folder->give)
		return;
	if (!id_parse(getenv("SUDO_UID"), &uid) || !id_parse(getenv("SUDO_GID"), &gid))
		uid = gid = 0;
	folder->owner_uid = uid;
	folder->owner_gid = gid;
}

/* Make the folder under a name that nobody can have foreseen. */
static int folder_make(struct vmp_folder *folder)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (int i = 0; i < TEMP_TRIES; i++) {
		unsigned char dice[6];

		if (getrandom(dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
			return -EIO;
		snprintf(folder->temp_name, sizeof(folder->temp_name), ".%.*s.%c%c%c%c%c%c", NAME_MAX - SUFFIX_ROOM,
			 folder->final_name, letters[dice[0] & 31], letters[dice[1] & 31], letters[dice[2] & 31],
			 letters[dice[3] & 31], letters[dice[4] & 31], letters[dice[5] & 31]);
		if (mkdirat(folder->parent_fd, folder->temp_name, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Open the folder just made and give it to the writer. */
static int folder_open(struct vmp_folder *folder, uid_t uid, gid_t gid)
{
	struct stat st;

	folder->dir_fd = openat(folder->parent_fd, folder->temp_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder->dir_fd < 0)
		return -errno;
	if (fstat(folder->dir_fd, &st) != 0 || (folder->give && fchown(folder->dir_fd, uid, gid) != 0)) {
		int r = -errno;

		close(folder->dir_fd);
		return r;
	}
	folder->dev = st.st_dev;
	folder->ino = st.st_ino;
	return 0;
}

int vmp_folder_create(const char *parent, const char *final_name, struct vmp_folder *ret_folder, struct vmp_err *err)
{
	struct vmp_folder folder = {.parent_fd = -1, .dir_fd = -1};
	unsigned int uid, gid;
	int r;

	if (*final_name == '\0' || *final_name == '.' || strchr(final_name, '/') ||
	    strlen(final_name) > NAME_MAX - SUFFIX_ROOM)
		return vmp_err_set(err, EINVAL, "guard", final_name, "\"%s\" cannot be the name of an evidence folder",
				   final_name);
	snprintf(folder.final_name, sizeof(folder.final_name), "%s", final_name);
	vmp_guard_ids(&uid, &gid);
	folder.writer_uid = uid;
	folder_choose_owner(&folder);
	folder.parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder.parent_fd < 0)
		return create_failed(parent, errno, err);
	r = folder_make(&folder);
	if (r == 0) {
		r = folder_open(&folder, uid, gid);
		if (r != 0)
			unlinkat(folder.parent_fd, folder.temp_name, AT_REMOVEDIR);
	}
	if (r != 0) {
		close(folder.parent_fd);
		return create_failed(parent, -r, err);
	}
	*ret_folder = folder;
	return 0;
}

/*
 * One file on its way from the writer to the owner. The writer has seen packets, and what it left here is not trusted:
 * a link must not become a gift of what it points to.
 */
static int file_give(const struct vmp_folder *folder, const char *name)
{
	int fd = openat(folder->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	if (fstat(fd, &st) != 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != folder->writer_uid)
		r = -EPERM;
	else if (fchmod(fd, 0600) != 0 || (folder->give && fchown(fd, folder->owner_uid, folder->owner_gid) != 0) ||
		 fsync(fd) != 0)
		r = -errno;
	close(fd);
	return r;
}

static int file_remove(const struct vmp_folder *folder, const char *name)
{
	return unlinkat(folder->dir_fd, name, 0) != 0 ? -errno : 0;
}

/* Do something to every entry; goes on after a failure, and returns the first. */
static int folder_each(const struct vmp_folder *folder, int (*what)(const struct vmp_folder *, const char *))
{
	int fd = openat(folder->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		int one;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		one = what(folder, entry->d_name);
		r = r ? r : one;
	}
	closedir(dir);
	return r;
}

/* Whether this name in the parent is our folder: the parent may be anyone's, and the writer could have renamed it. */
static bool folder_is(const struct vmp_folder *folder, const char *name)
{
	struct stat st;

	return fstatat(folder->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == folder->dev &&
	       st.st_ino == folder->ino;
}

/*
 * Rename to a name that does not exist. Where the file system cannot do that in one step, an empty folder takes the
 * name first.
 */
static int rename_new(const struct vmp_folder *folder, const char *name)
{
	if (renameat2(folder->parent_fd, folder->temp_name, folder->parent_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (mkdirat(folder->parent_fd, name, 0700) != 0)
		return -errno;
	if (renameat(folder->parent_fd, folder->temp_name, folder->parent_fd, name) != 0) {
		int r = -errno;

		unlinkat(folder->parent_fd, name, AT_REMOVEDIR);
		return r;
	}
	return 0;
}

static int folder_rename(const struct vmp_folder *folder, unsigned int *ret_number)
{
	char name[NAME_MAX + 1];

	for (unsigned int number = 0; number <= NUMBER_MOST; number += number ? 1 : 2) {
		int r;

		if (number)
			snprintf(name, sizeof(name), "%.*s-%u", NAME_MAX - SUFFIX_ROOM, folder->final_name, number);
		else
			snprintf(name, sizeof(name), "%s", folder->final_name);
		r = rename_new(folder, name);
		if (r == -EEXIST)
			continue;
		if (r == 0 && !folder_is(folder, name))
			r = -ESTALE;
		if (r == 0)
			*ret_number = number;
		return r;
	}
	return -EEXIST;
}

int vmp_folder_publish(const struct vmp_folder *folder, unsigned int *ret_number, enum vmp_folder_step *ret_step)
{
	int r;

	/* Closed to the writer before its files are looked at. */
	*ret_step = VMP_FOLDER_FILES;
	if (fchmod(folder->dir_fd, 0700) != 0 || (folder->give && fchown(folder->dir_fd, geteuid(), getegid()) != 0))
		return -errno;
	r = folder_each(folder, file_give);
	if (r != 0)
		return r;
	*ret_step = VMP_FOLDER_SYNC;
	if (folder->give && fchown(folder->dir_fd, folder->owner_uid, folder->owner_gid) != 0)
		return -errno;
	if (fsync(folder->dir_fd) != 0 && errno != EINVAL)
		return -errno;
	*ret_step = VMP_FOLDER_MOVED;
	if (!folder_is(folder, folder->temp_name))
		return -ESTALE;
	*ret_step = VMP_FOLDER_RENAME;
	r = folder_rename(folder, ret_number);
	if (r != 0)
		return r;
	/* It stands whole under its name, whether or not the file system can promise that for a power failure. */
	(void)fsync(folder->parent_fd);
	return 0;
}

void vmp_folder_remove(const struct vmp_folder *folder)
{
	folder_each(folder, file_remove);
	if (folder_is(folder, folder->temp_name))
		unlinkat(folder->parent_fd, folder->temp_name, AT_REMOVEDIR);
}

void vmp_folder_close(struct vmp_folder *folder)
{
	if (folder->dir_fd >= 0)
		close(folder->dir_fd);
	if (folder->parent_fd >= 0)
		close(folder->parent_fd);
	folder->dir_fd = folder->parent_fd = -1;
}
