/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that asks the guest's agent and QEMU's monitor, forked before privilege is given up. It holds the only connection to libvirt
 * that may change anything, asks one fixed list of questions before and after the window, and parses nothing: the answers, which the guest
 * writes, are read by the tracer when it has no privilege left. An agent or a QEMU that hangs ends it, and not the trace.
 */
#ifndef VMP_CLI_INQUIRY_H
#define VMP_CLI_INQUIRY_H

#include "base/err.h"
#include "model/run.h"

struct vmp_inquiry;

struct vmp_inquiry_conf {
	const char *uri;        /* as the operator gave it, may be NULL; all strings are borrowed until start has returned */
	const char *uuid;
	const char *alias;      /* of the interface; NULL: it is not known, and the monitor cannot be asked about it */
	bool agent, monitor;
	bool queues;            /* ask for the state of the queues too: never where the backend is vhost-user */
	unsigned int pairs;     /* of queues, as far as the XML tells */
};

/*
 * Fork it and wait until it is connected, or cannot be: that is no error, but the note that run will get.
 * Errors: those of fork(). Caller ends it with vmp_inquiry_end(), before any process that was forked later is waited for.
 */
int vmp_inquiry_start(const struct vmp_inquiry_conf *conf, struct vmp_inquiry **ret_inquiry, struct vmp_err *err);

/* Have it ask its questions, for at most half a minute. The answers are kept as they come. Returns 0 or -ENOMEM. */
int vmp_inquiry_ask(struct vmp_inquiry *inquiry, bool after);

/* Read all answers into run->inside and the gauges; what could not be asked or read becomes a note. To be called without privilege. */
int vmp_inquiry_tell(const struct vmp_inquiry *inquiry, struct vmp_run *run);

/* End it and free what was kept; NULL is allowed. */
void vmp_inquiry_end(struct vmp_inquiry *inquiry);

#endif
