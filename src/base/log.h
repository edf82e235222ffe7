/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages on the way, for an operator with -v. Nothing below cli/ prints: the sink does, and cli/ sets it. */
#ifndef VMP_BASE_LOG_H
#define VMP_BASE_LOG_H

enum vmp_log_level { VMP_LOG_WARN, VMP_LOG_INFO, VMP_LOG_DEBUG };

typedef void vmp_log_sink(enum vmp_log_level level, const char *line);

/* Set where messages go; NULL (the start) drops them. Not thread-safe: once, at the start. */
void vmp_log_set_sink(vmp_log_sink *sink);

/* One line, without newline, already escaped if it holds a guest's words. */
void vmp_log(enum vmp_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
