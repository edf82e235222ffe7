/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system-call filters. Private to guard/. */
#ifndef VMP_GUARD_FILTER_H
#define VMP_GUARD_FILTER_H

#include "base/err.h"

enum vmp_filter {
	VMP_FILTER_TRACER,      /* reads open sockets and rings, writes reports */
	VMP_FILTER_KEEPER,      /* renames and removes files */
	VMP_FILTER_WARDEN,      /* asks the kernel over netlink sockets of its own */
};

/*
 * Let this process (all its threads) make the system calls of the table only, for good. Without libseccomp, and in a
 * build with sanitizers (whose reports fork, ptrace and read /proc), nothing is installed and 0 returned. Needs
 * no_new_privs.
 */
int vmp_filter_install(enum vmp_filter filter, struct vmp_err *err);

#endif
