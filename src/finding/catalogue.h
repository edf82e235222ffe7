/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every code that a finding, a cause or a verdict may have, and what it means. A new code is one row in one of the tables
 * catalogue_*.c; `vmpath explain`, the man page vmpath-findings(7) and the completion are made from it.
 */
#ifndef VMP_FINDING_CATALOGUE_H
#define VMP_FINDING_CATALOGUE_H

#include "model/code.h"

#include <stddef.h>

/* The tables, each ended by a row without code. */
extern const struct vmp_code vmp_codes_trace[];
extern const struct vmp_code vmp_codes_cause[];
extern const struct vmp_code vmp_codes_drop[];
extern const struct vmp_code vmp_codes_counters[];
extern const struct vmp_code vmp_codes_guest[];
extern const struct vmp_code vmp_codes_traffic[];
extern const struct vmp_code vmp_codes_path[];

/* A table, and how it is introduced in the man page. */
struct vmp_code_table {
	const struct vmp_code *codes;
	const char *heading;
	const char *text;       /* mdoc */
};

/* The i-th table, or NULL. */
const struct vmp_code_table *vmp_catalogue_table(size_t i);

/* The i-th code of all, in the order of the tables; NULL: there are not so many. */
const struct vmp_code *vmp_catalogue_at(size_t i);

/* The code with this name, or NULL. */
const struct vmp_code *vmp_catalogue_find(const char *code);

/*
 * Codes that somebody who typed this may have meant: by spelling, by a part of their name, or by words of their title or of what is
 * searched for, whatever the case; the nearest first. ret: room for `most`. Returns how many there are in it.
 */
size_t vmp_catalogue_near(const char *text, const struct vmp_code **ret, size_t most);

#endif
