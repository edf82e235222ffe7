/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of the host, before the window and after it. All is opened before privilege is given up: files stay open and are read again from
 * their start, which these files of the kernel allow.
 */
#include "host/counters.h"

#include "host/parse.h"
#include "host/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIES = 5 };
#define FILE_BYTES_MAX (8U << 20)       /* /proc/interrupts of the largest machines has some of these */

struct vmp_host_counters {
	struct vmp_host_reader *reader; /* borrowed */
	int socket_fd;
	size_t n_files;
	int *files;             /* as in the reading; -errno where there is none */
};

int vmp_host_counters_open(struct vmp_host_reader *reader, const struct vmp_reading *wanted, struct vmp_host_counters **ret_counters,
			   struct vmp_err *err)
{
	struct vmp_host_counters *counters = calloc(1, sizeof(*counters));
	int code;

	if (counters)
		counters->files = calloc(wanted->files.n + 1, sizeof(*counters->files));
	if (!counters || !counters->files) {
		free(counters);
		return vmp_err_set(err, ENOMEM, "host", NULL, "out of memory");
	}
	counters->reader = reader;
	counters->socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (counters->socket_fd < 0) {
		code = vmp_err_set(err, errno, "host", NULL, "opening a socket to ask drivers for their counters: %s", strerror(errno));
		free(counters->files);
		free(counters);
		return code;
	}
	for (; counters->n_files < wanted->files.n; counters->n_files++) {
		int fd = open(wanted->files.v[counters->n_files].path, O_RDONLY | O_CLOEXEC);

		counters->files[counters->n_files] = fd < 0 ? -errno : fd;
	}
	*ret_counters = counters;
	return 0;
}

void vmp_host_counters_close(struct vmp_host_counters *counters)
{
	if (!counters)
		return;
	for (size_t i = 0; i < counters->n_files; i++)
		if (counters->files[i] >= 0)
			close(counters->files[i]);
	close(counters->socket_fd);
	free(counters->files);
	free(counters);
}

/* The whole of a file, from its start. Returns 0, or -errno: nothing of it is kept then. */
static int read_whole(int fd, struct vmp_reading_file *file)
{
	size_t room = 4096, len = 0;
	char *text = malloc(room);
	ssize_t got = 0;

	if (lseek(fd, 0, SEEK_SET) != 0) {
		free(text);
		return -errno;
	}
	while (text && (got = read(fd, text + len, room - len - 1)) > 0) {
		char *more;

		len += (size_t)got;
		if (room - len > 1)
			continue;
		more = room < FILE_BYTES_MAX ? realloc(text, 2 * room) : NULL;
		if (!more) {
			free(text);
			return room < FILE_BYTES_MAX ? -ENOMEM : -EFBIG;
		}
		text = more;
		room *= 2;
	}
	if (!text || got < 0) {
		free(text);
		return text ? -errno : -ENOMEM;
	}
	text[len] = '\0';
	file->text = text;
	file->len = len;
	return 0;
}

static int read_files(struct vmp_host_counters *counters, struct vmp_reading *reading)
{
	for (size_t i = 0; i < reading->files.n && i < counters->n_files; i++) {
		struct vmp_reading_file *file = &reading->files.v[i];
		int code = counters->files[i] < 0 ? counters->files[i] : read_whole(counters->files[i], file);

		if (code == -ENOMEM)
			return code;
		file->error = -code;
	}
	return 0;
}

/* ---- netlink --------------------------------------------------------------------------------------------------------- */

static int take_queue(const struct nlmsghdr *msg, void *arg)
{
	return vmp_host_parse_queue(msg, arg);
}

static int take_table(const struct nlmsghdr *msg, void *arg)
{
	return vmp_host_parse_neighbour_table(msg, arg);
}

/* Dump until it is whole. What is torn five times is not known. Returns 0, or -errno when it is not known. */
static int dump(struct vmp_host_reader *reader, const struct vmp_host_question *question, vmp_host_answer *take, struct vmp_reading *reading,
		size_t *n)
{
	size_t before = *n;

	for (int tries = 0; tries < TRIES; tries++) {
		bool torn = false;
		int code;

		*n = before;
		code = vmp_host_ask(reader, question, take, reading, &torn);
		if (code < 0 || !torn)
			return code;
	}
	*n = before;
	return -EAGAIN;
}

/* Disciplines of all devices come at once; classes have to be asked for device by device. */
static int read_queues(struct vmp_host_counters *counters, struct vmp_reading *reading)
{
	struct tcmsg header = {.tcm_family = AF_UNSPEC};
	struct vmp_host_question question = {.type = RTM_GETQDISC, .header = &header, .header_len = sizeof(header), .dump = true};
	int code = dump(counters->reader, &question, take_queue, reading, &reading->queues.n);

	question.type = RTM_GETTCLASS;
	vmp_vec_foreach (device, &reading->devices) {
		header.tcm_ifindex = device->ifindex;
		if (code == 0)
			code = dump(counters->reader, &question, take_queue, reading, &reading->queues.n);
		/* The device is gone: what is known of the others holds. */
		if (code == -ENODEV)
			code = 0;
	}
	reading->queues_known = code == 0;
	return code == -ENOMEM ? code : 0;
}

static int read_tables(struct vmp_host_counters *counters, struct vmp_reading *reading)
{
	static const struct ndtmsg header = {.ndtm_family = AF_UNSPEC};
	static const struct vmp_host_question question = {
		.type = RTM_GETNEIGHTBL, .header = &header, .header_len = sizeof(header), .dump = true};
	int code = dump(counters->reader, &question, take_table, reading, &reading->tables.n);

	reading->tables_known = code == 0;
	return code == -ENOMEM ? code : 0;
}

int vmp_host_counters_read(struct vmp_host_counters *counters, struct vmp_reading *reading, struct vmp_err *err)
{
	int code;

	vmp_reading_forget(reading);
	code = read_files(counters, reading);
	if (code == 0)
		code = read_queues(counters, reading);
	if (code == 0)
		code = read_tables(counters, reading);
	vmp_vec_foreach (device, &reading->devices) {
		if (code == 0)
			code = vmp_host_ask_driver(counters->socket_fd, device);
		if (code == 0 && device->is_nic)
			code = vmp_host_read_sysfs(counters->socket_fd, device);
	}
	return code < 0 ? vmp_err_set(err, -code, "host", NULL, "reading the host's counters: %s", strerror(-code)) : 0;
}
