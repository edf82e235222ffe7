/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int vmp_err_set(struct vmp_err *err, int code, const char *stage, const char *object, const char *fmt, ...)
{
	va_list ap;

	if (code <= 0)
		code = EIO;
	if (!err)
		return -code;
	err->code = code;
	snprintf(err->stage, sizeof(err->stage), "%s", stage ? stage : "");
	snprintf(err->object, sizeof(err->object), "%s", object ? object : "");
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return -code;
}

int vmp_err_context(struct vmp_err *err, const char *fmt, ...)
{
	char old[sizeof(err->message)];
	char head[256];
	va_list ap;

	if (!err || err->code == 0)
		return 0;
	memcpy(old, err->message, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	if ((size_t)snprintf(err->message, sizeof(err->message), "%s: %s", head, old) >= sizeof(err->message))
		err->message[sizeof(err->message) - 1] = '\0';
	return -err->code;
}
