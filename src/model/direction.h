/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which way a packet goes: as the guest sees it, and as one device sees it. */
#ifndef VMP_MODEL_DIRECTION_H
#define VMP_MODEL_DIRECTION_H

enum vmp_direction { VMP_TO_GUEST, VMP_FROM_GUEST, VMP_DIRECTIONS };

/* What a packet socket says: received by the device, or transmitted by it. UNKNOWN: a foreign capture did not say. */
enum vmp_devdir { VMP_DEV_IN, VMP_DEV_OUT, VMP_DEV_UNKNOWN };

/* "to_guest" or "from_guest". */
const char *vmp_direction_name(enum vmp_direction direction);

#endif
