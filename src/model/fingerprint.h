/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What identifies a packet at every hop. */
#ifndef VMP_MODEL_FINGERPRINT_H
#define VMP_MODEL_FINGERPRINT_H

#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct vmp_fingerprint {
	struct vmp_hash128 id;      /* of what every hop leaves alone */
	bool usable;                /* false: too little was captured to tell this packet from others */
};

static inline bool vmp_fingerprint_equal(const struct vmp_fingerprint *a, const struct vmp_fingerprint *b)
{
	return a->id.h[0] == b->id.h[0] && a->id.h[1] == b->id.h[1];
}

#endif
