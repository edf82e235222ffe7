/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/guard.h"

#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SUDO_ID 54321U

/* A folder of the test's own to hold the evidence, and what a child needs to know. */
struct place {
	char path[64];
	char published[256];
};

static void place_make(struct place *place)
{
	snprintf(place->path, sizeof(place->path), "/tmp/vmp-test-keeper.XXXXXX");
	assert_non_null(mkdtemp(place->path));
	assert_int_equal(chmod(place->path, 0755), 0);
}

/* Number of entries; the name of the last one is copied out. */
static int entries(const char *path, char name[256])
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, 256, "%s", entry->d_name);
		n++;
	}
	closedir(dir);
	return n;
}

static void place_remove(const struct place *place)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", place->path);
	assert_int_equal(system(command), 0);
}

static void write_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);

	CHECK(fd >= 0);
	CHECK(write(fd, name, strlen(name)) == (ssize_t)strlen(name));
	CHECK(close(fd) == 0);
}

static struct vmp_keeper *start(const struct place *place, int *ret_dir_fd)
{
	struct vmp_keeper *keeper = NULL;
	struct vmp_err err = {0};

	if (vmp_guard_begin(&err) != 0 || vmp_keeper_start(place->path, "vmpath-web01-1", &keeper, ret_dir_fd, &err) != 0 ||
	    vmp_guard_drop(&err) != 0) {
		fprintf(stderr, "# %s\n", err.message);
		_exit(1);
	}
	return keeper;
}

/* The tracer's life: start, drop, write, publish, end. Nothing under the final name before, all of it after. */
static void case_publish(void *context)
{
	const struct place *place = context;
	struct vmp_keeper *keeper;
	struct vmp_err err = {0};
	char *path = NULL;
	int dir_fd;

	keeper = start(place, &dir_fd);
	write_file(dir_fd, "trace.pcapng");
	write_file(dir_fd, "report.json");
	CHECK(access(place->published, F_OK) != 0 && errno == ENOENT);
	if (vmp_keeper_publish(keeper, &path, &err) != 0) {
		fprintf(stderr, "# %s\n", err.message);
		_exit(1);
	}
	CHECK(strcmp(path, place->published) == 0);
	free(path);
	CHECK(vmp_keeper_publish(keeper, &path, &err) == -EPROTO);
	vmp_keeper_end(keeper);
}

static void check_published(const struct place *place, uid_t uid, gid_t gid)
{
	static const char *const names[] = {"trace.pcapng", "report.json"};
	char path[600], text[32] = "";
	struct stat st;

	assert_int_equal(stat(place->published, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
	for (size_t i = 0; i < 2; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", place->published, names[i]);
		assert_int_equal(lstat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_uid, uid);
		assert_int_equal(st.st_gid, gid);
		f = fopen(path, "re");
		assert_non_null(f);
		assert_non_null(fgets(text, sizeof(text), f));
		fclose(f);
		assert_string_equal(text, names[i]);
	}
}

static void test_publish(void **state)
{
	static const char *const suffixes[] = {"", "-2", "-3"};
	struct place place;
	char name[256];

	(void)state;
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	place_make(&place);
	for (int i = 0; i < 3; i++) {
		snprintf(place.published, sizeof(place.published), "%s/vmpath-web01-1%s", place.path, suffixes[i]);
		child_run(case_publish, &place);
		check_published(&place, geteuid(), getegid());
		assert_int_equal(entries(place.path, name), i + 1);
	}
	place_remove(&place);
}

/* An empty folder, a file or a dangling link of that name are somebody's: none is replaced. */
static void test_publish_replaces_nothing(void **state)
{
	struct place place;
	char path[128];
	struct stat st;

	(void)state;
	place_make(&place);
	snprintf(path, sizeof(path), "%s/vmpath-web01-1", place.path);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/vmpath-web01-1-2", place.path);
	assert_int_equal(symlink("/nowhere", path), 0);
	snprintf(place.published, sizeof(place.published), "%s/vmpath-web01-1-3", place.path);
	child_run(case_publish, &place);
	check_published(&place, geteuid(), getegid());
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	place_remove(&place);
}

static void test_publish_for_sudo(void **state)
{
	struct place place;

	(void)state;
	if (!child_root("evidence for the user behind sudo"))
		return;
	assert_int_equal(setenv("SUDO_UID", "54321", 1), 0);
	assert_int_equal(setenv("SUDO_GID", "54321", 1), 0);
	place_make(&place);
	snprintf(place.published, sizeof(place.published), "%s/vmpath-web01-1", place.path);
	child_run(case_publish, &place);
	check_published(&place, SUDO_ID, SUDO_ID);
	place_remove(&place);
	/* A text that is no number is not taken for one. */
	assert_int_equal(setenv("SUDO_UID", "54321x", 1), 0);
	place_make(&place);
	snprintf(place.published, sizeof(place.published), "%s/vmpath-web01-1", place.path);
	child_run(case_publish, &place);
	check_published(&place, 0, 0);
	place_remove(&place);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
}

static void case_end_unpublished(void *context)
{
	struct vmp_keeper *keeper;
	int dir_fd;

	keeper = start(context, &dir_fd);
	write_file(dir_fd, "trace.pcapng");
	vmp_keeper_end(keeper);
	vmp_keeper_end(NULL);
}

static void test_end_removes(void **state)
{
	struct place place;
	char name[256];

	(void)state;
	place_make(&place);
	child_run(case_end_unpublished, &place);
	assert_int_equal(entries(place.path, name), 0);
	place_remove(&place);
}

static void case_die(void *context)
{
	int dir_fd;

	start(context, &dir_fd);
	write_file(dir_fd, "trace.pcapng");
	write_file(dir_fd, "report.txt");
	raise(SIGKILL);
}

static void wait_until_empty(const struct place *place)
{
	char name[256];

	for (int i = 0; i < 500 && entries(place->path, name) > 0; i++)
		usleep(10000);
	assert_int_equal(entries(place->path, name), 0);
}

static void test_parent_killed(void **state)
{
	struct place place;

	(void)state;
	place_make(&place);
	assert_int_equal(child_run_to_death(case_die, &place), SIGKILL);
	wait_until_empty(&place);
	place_remove(&place);
}

/* Ctrl-C goes to the whole process group; the keeper still publishes. */
static void case_interrupted(void *context)
{
	const struct place *place = context;
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct vmp_keeper *keeper;
	char *path = NULL;
	int dir_fd;

	CHECK(setpgid(0, 0) == 0);
	for (size_t i = 0; i < 3; i++)
		CHECK(signal(signals[i], SIG_IGN) != SIG_ERR);
	CHECK(vmp_keeper_start(place->path, "vmpath-web01-1", &keeper, &dir_fd, NULL) == 0);
	for (size_t i = 0; i < 3; i++)
		CHECK(kill(0, signals[i]) == 0);
	CHECK(vmp_keeper_publish(keeper, &path, NULL) == 0);
	free(path);
	vmp_keeper_end(keeper);
}

static void test_interrupt(void **state)
{
	struct place place;
	char name[256];

	(void)state;
	place_make(&place);
	child_run(case_interrupted, &place);
	assert_int_equal(entries(place.path, name), 1);
	assert_string_equal(name, "vmpath-web01-1");
	place_remove(&place);
}

/* What the kernel says about the keeper while it serves. */
static void case_keeper_is_small(void *context)
{
	const struct place *place = context;
	struct vmp_keeper *keeper;
	char path[64], line[256], name[256];
	bool root = geteuid() == 0;
	int dir_fd;
	FILE *f;

	/* As the program would hold sockets and rings: the keeper must not have them. */
	CHECK(dup2(STDERR_FILENO, 7) == 7 && dup2(STDERR_FILENO, 77) == 77);
	CHECK(vmp_keeper_start(place->path, "vmpath-web01-1", &keeper, &dir_fd, NULL) == 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (f) {
		int pid = 0;

		CHECK(fscanf(f, "%d", &pid) == 1);
		fclose(f);
		snprintf(path, sizeof(path), "/proc/%d/fd", pid);
		CHECK(entries(path, name) == 6);
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		f = fopen(path, "re");
		CHECK(f != NULL);
		/* CAP_CHOWN (0), CAP_DAC_OVERRIDE (1), CAP_FOWNER (3). */
		while (fgets(line, sizeof(line), f)) {
			if (strncmp(line, "CapPrm:", 7) == 0 || strncmp(line, "CapEff:", 7) == 0)
				CHECK(strcmp(line + 8, root ? "000000000000000b\n" : "0000000000000000\n") == 0);
			if (strncmp(line, "CapBnd:", 7) == 0)
				CHECK(!root || strcmp(line + 8, "0000000000000000\n") == 0);
			if (strncmp(line, "NoNewPrivs:", 11) == 0)
				CHECK(strcmp(line + 12, "1\n") == 0);
		}
		fclose(f);
	} else {
		printf("# skipped, no /proc/PID/task/TID/children: the keeper's descriptors and capabilities\n");
		fflush(stdout);
	}
	vmp_keeper_end(keeper);
}

static void test_keeper_is_small(void **state)
{
	struct place place;
	char name[256];

	(void)state;
	place_make(&place);
	child_run(case_keeper_is_small, &place);
	assert_int_equal(entries(place.path, name), 0);
	place_remove(&place);
}

/* A tracer that was taken over by a packet leaves links behind, hoping that root gives away what they point to. */
static void case_hostile(void *context)
{
	const struct place *place = context;
	struct vmp_keeper *keeper;
	struct vmp_err err = {0};
	char *path = NULL;
	int dir_fd;

	CHECK(vmp_keeper_start(place->path, "vmpath-web01-1", &keeper, &dir_fd, &err) == 0);
	CHECK(symlinkat("/etc/passwd", dir_fd, "report.json") == 0);
	CHECK(vmp_guard_drop(NULL) == 0);
	write_file(dir_fd, "trace.pcapng");
	CHECK(vmp_keeper_publish(keeper, &path, &err) == -EPERM);
	CHECK(strstr(err.message, place->path) != NULL);
	vmp_keeper_end(keeper);
}

/* Or a hard link to a file of the owner. */
static void case_hostile_link(void *context)
{
	const struct place *place = context;
	struct vmp_keeper *keeper;
	char *path = NULL;
	int dir_fd;

	CHECK(vmp_keeper_start(place->path, "vmpath-web01-1", &keeper, &dir_fd, NULL) == 0);
	write_file(dir_fd, "trace.pcapng");
	CHECK(linkat(dir_fd, "trace.pcapng", dir_fd, "report.json", 0) == 0);
	CHECK(vmp_guard_drop(NULL) == 0);
	CHECK(vmp_keeper_publish(keeper, &path, NULL) == -EPERM);
	vmp_keeper_end(keeper);
}

static void test_hostile_files(void **state)
{
	struct stat before, after;
	struct place place;
	char name[256];

	(void)state;
	assert_int_equal(stat("/etc/passwd", &before), 0);
	place_make(&place);
	child_run(case_hostile, &place);
	assert_int_equal(entries(place.path, name), 0);
	child_run(case_hostile_link, &place);
	assert_int_equal(entries(place.path, name), 0);
	assert_int_equal(stat("/etc/passwd", &after), 0);
	assert_int_equal(before.st_uid, after.st_uid);
	assert_int_equal(before.st_mode, after.st_mode);
	place_remove(&place);
}

/* Somebody put another folder under the temporary name: it is neither published nor emptied. */
static void case_moved(void *context)
{
	const struct place *place = context;
	char name[256], from[600], to[600];
	struct vmp_keeper *keeper;
	struct vmp_err err = {0};
	char *path = NULL;
	int dir_fd;

	CHECK(vmp_keeper_start(place->path, "vmpath-web01-1", &keeper, &dir_fd, &err) == 0);
	CHECK(entries(place->path, name) == 1);
	snprintf(from, sizeof(from), "%s/%s", place->path, name);
	snprintf(to, sizeof(to), "%s/elsewhere", place->path);
	CHECK(rename(from, to) == 0 && mkdir(from, 0755) == 0);
	CHECK(vmp_keeper_publish(keeper, &path, &err) == -ESTALE);
	CHECK(strstr(err.message, "moved away") != NULL);
	vmp_keeper_end(keeper);
	CHECK(access(from, F_OK) == 0 && access(to, F_OK) == 0);
}

static void test_moved(void **state)
{
	struct place place;

	(void)state;
	place_make(&place);
	child_run(case_moved, &place);
	place_remove(&place);
}

static void case_unwritable(void *context)
{
	const struct place *place = context;
	struct vmp_keeper *keeper;
	struct vmp_err err = {0};
	int dir_fd;

	if (geteuid() == 0)
		CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	CHECK(vmp_keeper_start(place->path, "vmpath-web01-1", &keeper, &dir_fd, &err) == -EACCES);
	CHECK(strstr(err.message, place->path) && strstr(err.message, "can be written"));
}

static void test_start_errors(void **state)
{
	static const char *const bad_names[] = {"", ".", "..", ".hidden", "a/b"};
	struct vmp_keeper *keeper = NULL;
	struct vmp_err err = {0};
	struct place place;
	char path[128], name[256];
	int dir_fd, fd;

	(void)state;
	place_make(&place);
	snprintf(path, sizeof(path), "%s/absent", place.path);
	assert_int_equal(vmp_keeper_start(path, "x", &keeper, &dir_fd, &err), -ENOENT);
	assert_non_null(strstr(err.message, path));
	assert_non_null(strstr(err.message, "make it first"));
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(vmp_keeper_start(path, "x", &keeper, &dir_fd, &err), -ENOTDIR);
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(*bad_names); i++)
		assert_int_equal(vmp_keeper_start(place.path, bad_names[i], &keeper, &dir_fd, &err), -EINVAL);
	assert_int_equal(vmp_keeper_start("", "x", &keeper, &dir_fd, &err), -ENOENT);
	assert_null(keeper);
	assert_int_equal(entries(place.path, name), 1);
	assert_int_equal(chmod(place.path, 0555), 0);
	child_run(case_unwritable, &place);
	assert_int_equal(chmod(place.path, 0755), 0);
	place_remove(&place);
}

/* The longest name that a file may have leaves no room for the number. */
static void test_long_name(void **state)
{
	struct vmp_keeper *keeper = NULL;
	char name[256], *path = NULL;
	struct place place;
	int dir_fd;

	(void)state;
	place_make(&place);
	memset(name, 'n', sizeof(name));
	name[248] = '\0';
	assert_int_equal(vmp_keeper_start(place.path, name, &keeper, &dir_fd, NULL), -EINVAL);
	name[247] = '\0';
	for (int i = 0; i < 2; i++) {
		assert_int_equal(vmp_keeper_start(place.path, name, &keeper, &dir_fd, NULL), 0);
		assert_int_equal(vmp_keeper_publish(keeper, &path, NULL), 0);
		assert_int_equal(access(path, F_OK), 0);
		free(path);
		vmp_keeper_end(keeper);
	}
	place_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_publish_replaces_nothing),
		cmocka_unit_test(test_publish_for_sudo),
		cmocka_unit_test(test_end_removes),
		cmocka_unit_test(test_parent_killed),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_keeper_is_small),
		cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_start_errors),
		cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
