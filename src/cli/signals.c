/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/trace.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
	(void)number;
	caught++;
}

int vmp_trace_signals(void)
{
	return caught;
}

void vmp_trace_catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = catch_signal; /* no SA_RESTART: a poll that waits must end */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL); /* a file size limit is an error to report, not an end */
}
