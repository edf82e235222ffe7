/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/child.h"

#include "guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS_MAX = 4 };

static void close_from(unsigned int first)
{
	struct rlimit limit = {1024, 1024};

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
#endif
	getrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned int fd = first; fd < limit.rlim_cur && fd < 1U << 20; fd++)
		close((int)fd);
}

int vmp_child_take_fds(const int *fds, size_t n)
{
	int from[FDS_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || n > FDS_MAX)
		return null < 0 ? -errno : -EINVAL;
	/* First out of the way, so that none is overwritten before it was moved. */
	for (size_t i = 0; i < n; i++) {
		from[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, VMP_CHILD_SOCKET + FDS_MAX);
		if (from[i] < 0)
			return -errno;
	}
	for (int i = 0; i < VMP_CHILD_SOCKET; i++)
		if (dup2(null, i) < 0)
			return -errno;
	for (size_t i = 0; i < n; i++)
		if (dup2(from[i], VMP_CHILD_SOCKET + (int)i) < 0)
			return -errno;
	close_from((unsigned int)(VMP_CHILD_SOCKET + n));
	return 0;
}

void vmp_child_ignore_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2, SIGALRM};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], SIG_IGN);
}

int vmp_guard_child(int fd)
{
	_Static_assert((int)VMP_GUARD_FD == (int)VMP_CHILD_SOCKET, "one number, told to two");
	vmp_child_ignore_signals();
	return vmp_child_take_fds(&fd, 1);
}
