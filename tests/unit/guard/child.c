/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int run(child_case *what, void *context)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		what(context);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

void child_run(child_case *what, void *context)
{
	int status = run(what, context);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int child_run_to_death(child_case *what, void *context)
{
	int status = run(what, context);

	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool child_root(const char *what)
{
	if (geteuid() == 0)
		return true;
	print_message("# skipped, needs root: %s\n", what);
	return false;
}

void child_check(bool condition, const char *text, const char *file, int line)
{
	char words[512];
	int len;

	if (condition)
		return;
	len = snprintf(words, sizeof(words), "# %s:%d: not true: %s (%s)\n", file, line, text, strerror(errno));
	(void)!write(STDERR_FILENO, words, (size_t)len);
	_exit(1);
}

const char *child_status(const char *field)
{
	static char line[256];
	size_t len = strlen(field);
	FILE *f = fopen("/proc/self/status", "re");
	const char *found = "";

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, len) != 0 || line[len] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		found = line + len + 1 + strspn(line + len + 1, "\t ");
		break;
	}
	if (f)
		fclose(f);
	return found;
}
