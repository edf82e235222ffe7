/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of a guest's NICs is meant. Pure. */
#ifndef VMP_DOMAIN_SELECT_H
#define VMP_DOMAIN_SELECT_H

#include "base/err.h"
#include "model/guest.h"

#include <stddef.h>

/*
 * Choose a NIC. which: MAC, target device or alias, NULL when the operator did not say; address: NULL, or the ADDRESS of
 * the call, which settles it when exactly one NIC is known to have it.
 * Returns 0 and *ret_nic. Errors: ENODEV (no NIC at all, or none called `which`; lists them), EEXIST (several: lists them
 * and says how to choose).
 */
int vmp_nic_select(const struct vmp_guest *guest, const char *which, const struct vmp_ip *address, size_t *ret_nic,
		   struct vmp_err *err);

#endif
