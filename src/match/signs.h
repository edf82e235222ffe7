/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that say why others fail. Inside match/ only. */
#ifndef VMP_MATCH_SIGNS_H
#define VMP_MATCH_SIGNS_H

#include "model/run.h"

struct vmp_sign_table;

/* hops: how many the path has. NULL without memory. */
struct vmp_sign_table *vmp_sign_table_new(size_t hops);

/* Free; NULL is allowed. */
void vmp_sign_table_free(struct vmp_sign_table *table);

/* Packets for whose sign there was no room. */
uint64_t vmp_sign_table_overlooked(const struct vmp_sign_table *table);

/* Append to run->signs. Returns 0 or -ENOMEM. */
int vmp_sign_table_report(const struct vmp_sign_table *table, struct vmp_run *run);

#endif
