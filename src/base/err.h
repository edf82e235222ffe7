/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An error as the operator will read it: what was being done, to what, what went wrong, what to do. */
#ifndef VMP_BASE_ERR_H
#define VMP_BASE_ERR_H

struct vmp_err {
	int code;           /* positive errno, 0: no error */
	char stage[24];     /* folder that failed: "domain", "capture", ... */
	char object[128];   /* what it was done to: a guest, a device, a file */
	char message[640];  /* one line, no newline */
};

/*
 * Record an error. Every failing function fills its struct vmp_err once, here.
 * err: filled, may be NULL; code: positive errno (0 becomes EIO); stage, object: borrowed, object may be NULL;
 * fmt: one line saying what was being done, what went wrong and what to do.
 * Returns -code, so that `return vmp_err_set(...)` works.
 */
int vmp_err_set(struct vmp_err *err, int code, const char *stage, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Put "context: " in front of a recorded error, for a caller that knows more. No effect on an empty error.
 * err: may be NULL. Returns -err->code (0 when empty).
 */
int vmp_err_context(struct vmp_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
