/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static vmp_log_sink *log_sink;

void vmp_log_set_sink(vmp_log_sink *sink)
{
	log_sink = sink;
}

void vmp_log(enum vmp_log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!log_sink)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_sink(level, line);
}
