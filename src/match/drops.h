/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that the kernel said it dropped, until the matcher has decided what became of them. Internal to this folder. */
#ifndef VMP_MATCH_DROPS_H
#define VMP_MATCH_DROPS_H

#include "match/match.h"
#include "match/pool.h"
#include "model/drop.h"
#include "model/path.h"

#include <stdbool.h>
#include <stdint.h>

struct vmp_drop_table;

/* path: borrowed for its life. NULL without memory. */
struct vmp_drop_table *vmp_drop_table_new(const struct vmp_path *path);

/* Free; NULL is allowed. */
void vmp_drop_table_free(struct vmp_drop_table *table);

/* Remember a drop: what it was is described as a sighting is. kind: of its number. The oldest makes way when there is no room. */
void vmp_drop_table_add(struct vmp_drop_table *table, const struct vmp_sight *what, const struct vmp_drop_kind *kind, unsigned int number);

/*
 * Of what kind was the drop that this lost packet died of? It must be the same packet, dropped after it was seen and within settle_ns,
 * where it passes on its way; each drop explains one packet. 0: none is known.
 */
unsigned int vmp_drop_table_claim(struct vmp_drop_table *table, const struct vmp_sight *lost, uint64_t settle_ns);

#endif
