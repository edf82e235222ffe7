/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up privileges cannot be undone: every case does it in a process of its own. */
#ifndef TESTS_UNIT_GUARD_CHILD_H
#define TESTS_UNIT_GUARD_CHILD_H

#include <stdbool.h>

/* A case that runs in a child; it ends by returning, or by a failed CHECK(). */
typedef void child_case(void *context);

/* Run it and fail unless it returns. */
void child_run(child_case *what, void *context);

/* Run it and return the signal that killed it, 0 for none. */
int child_run_to_death(child_case *what, void *context);

/* Whether we are root; says what is not exercised when not. */
bool child_root(const char *what);

/* In a child: end with a message and a failure unless true. */
#define CHECK(condition) child_check(condition, #condition, __FILE__, __LINE__)
void child_check(bool condition, const char *text, const char *file, int line);

/* A field of /proc/self/status as text, valid until the next call; "" if it is not there. */
const char *child_status(const char *field);

#endif
