/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bytes of one packet were found: ranges in order, apart from one another, and not without bound. */
#ifndef VMP_MATCH_COVER_H
#define VMP_MATCH_COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VMP_COVER_RANGES = 32 };

struct vmp_range {
	int64_t from, to;
};

struct vmp_cover {
	struct vmp_range ranges[VMP_COVER_RANGES];
	size_t n;
};

/* Add the bytes [from, to). Returns how many of them are new, or -1 when there are too many holes. */
int64_t vmp_cover_add(struct vmp_cover *cover, int64_t from, int64_t to);

/* True when all of [from, to) was found. */
bool vmp_cover_has(const struct vmp_cover *cover, int64_t from, int64_t to);

#endif
