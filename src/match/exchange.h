/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs questions with answers, at the backend and at the edge of the host. Bounded. */
#ifndef VMP_MATCH_EXCHANGE_H
#define VMP_MATCH_EXCHANGE_H

#include "base/hash.h"
#include "model/direction.h"
#include "model/exchange.h"
#include "model/packet.h"

#include <stdbool.h>
#include <stdint.h>

struct vmp_exchange_table;

/* Where a packet was seen: at the guest's end of the observed path, or at its other end. */
enum vmp_exchange_place { VMP_AT_BACKEND, VMP_AT_EDGE };

/* NULL without memory. key: of the table, copied. */
struct vmp_exchange_table *vmp_exchange_new(const struct vmp_hash_key *key);

/* Free; NULL is allowed. */
void vmp_exchange_free(struct vmp_exchange_table *table);

/* One packet on its way. counts: false outside the window (answers still count, questions do not). */
void vmp_exchange_see(struct vmp_exchange_table *table, enum vmp_exchange_place place, enum vmp_direction direction,
		      uint64_t ts_ns, bool counts, const struct vmp_packet *packet);

/*
 * Sum up. now_ns: end of all observation; patience_ns: a question younger than this without answer is pending.
 * is_guests: says whether an address is the guest's own, for questions asked of everybody; context: its argument.
 * Appends to ret_exchanges. Returns 0 or -ENOMEM.
 */
int vmp_exchange_report(const struct vmp_exchange_table *table, uint64_t now_ns, uint64_t patience_ns, bool has_edge,
			bool (*is_guests)(const void *context, const struct vmp_ip *ip), const void *context,
			vmp_exchanges *ret_exchanges);

/* Sightings of questions that were not followed, since there is room for so many only. */
uint64_t vmp_exchange_overlooked(const struct vmp_exchange_table *table);

#endif
