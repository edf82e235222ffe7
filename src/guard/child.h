/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the small processes have in common when they begin. Private to guard/. */
#ifndef VMP_GUARD_CHILD_H
#define VMP_GUARD_CHILD_H

#include <stddef.h>

/*
 * Leave these descriptors and nothing else: they become 3, 4, ... in their order, and standard input, output and error /dev/null, since at
 * the end of a pipe a reader may wait. Returns 0 or -errno.
 */
int vmp_child_take_fds(const int *fds, size_t n);

/*
 * Outlive Ctrl-C, which the terminal sends to all of the program, so that the tracer still gets what it asks for after it. That the tracer
 * has died the socket tells.
 */
void vmp_child_ignore_signals(void);

enum { VMP_CHILD_SOCKET = 3 }; /* the first of the descriptors, by which it is asked */

#endif
