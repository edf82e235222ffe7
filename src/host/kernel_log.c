/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MAX = 8192, ALL_MAX = 4 << 20 };

int vmp_host_open_log(int *ret_fd, struct vmp_err *err)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		return vmp_err_set(err, code, "host", "/dev/kmsg", "opening the kernel's log /dev/kmsg: %s", strerror(code));
	}
	*ret_fd = fd;
	return 0;
}

int vmp_host_read_log(int fd, struct vmp_buf *out, bool *ret_missed, struct vmp_err *err)
{
	char record[RECORD_MAX];

	*ret_missed = false;
	while (out->len < ALL_MAX) {
		ssize_t len = read(fd, record, sizeof(record));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			return 0;
		if (len < 0 && errno != EPIPE && errno != EINVAL)
			return vmp_err_set(err, errno, "host", "/dev/kmsg", "reading the kernel's log: %s", strerror(errno));
		/* Overwritten before it was read, or longer than records are: the next one is there. */
		if (len < 0)
			*ret_missed = true;
		else
			vmp_buf_add(out, record, (size_t)len);
		if (len == 0)
			return 0;
	}
	*ret_missed = true;
	return 0;
}
