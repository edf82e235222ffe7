/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the functions on a stack says where in the network code a packet was. Pure. Internal to this folder. */
#ifndef VMP_CAUSE_CALLERS_H
#define VMP_CAUSE_CALLERS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The innermost function of a stack that tells the place: a hook of the packet filter, a stage of the bridge, of IP, of a device. names: n
 * of them, innermost first, NULL for one without name; symbol: the function that dropped the packet, which is itself none. "" for none.
 * Returns a string that lives on. Source: the places measured on kernels from 5.10 to 6.18, where these names did not change.
 */
const char *vmp_callers_place(const char *const *names, size_t n, const char *symbol);

#endif
