/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sightings of the last moments, in a ring, and chains through it by hash: the oldest of a chain comes first. */
#ifndef VMP_MATCH_POOL_H
#define VMP_MATCH_POOL_H

#include "base/hash.h"
#include "model/direction.h"
#include "model/fate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMP_POOL_NONE UINT32_MAX

enum vmp_chain {
	VMP_CHAIN_OPEN,         /* expected at a next hop, by fingerprint: waits for its other half */
	VMP_CHAIN_SPARE,        /* seen at a hop, by fingerprint, without having been expected there */
	VMP_CHAIN_FLOW,         /* the same spare ones, by flow: their bytes may be known under another segmentation */
	VMP_CHAINS,
};

struct vmp_sight {
	uint64_t ts_ns;
	struct vmp_hash128 id;
	uint64_t flow;          /* hash of addresses, protocol and ports */
	uint64_t packet_id;
	uint32_t wire_len, ip_len;
	uint32_t tcp_seq, payload_len;
	uint16_t ip_id;
	int16_t hop, expect, next_hop;
	uint16_t tag;
	uint8_t rank;           /* of its hop, or for OPEN of the hops it is expected at */
	uint8_t direction;
	uint8_t fate, why;
	bool is_tcp, owed, unobserved, group, wrong_tag, usable, relevant, elsewhere;
	uint8_t on;             /* bit per chain it is on */
	uint32_t link[VMP_CHAINS];
};

struct vmp_pool;

/* most: sightings held at once. NULL without memory. */
struct vmp_pool *vmp_pool_new(size_t most);

/* Free; NULL is allowed. */
void vmp_pool_free(struct vmp_pool *pool);

/* Append a sighting (copied). Returns its slot, or VMP_POOL_NONE when full or without memory. Slots stay valid until popped. */
uint32_t vmp_pool_push(struct vmp_pool *pool, const struct vmp_sight *sight);

/* The sighting in a slot. */
struct vmp_sight *vmp_pool_at(struct vmp_pool *pool, uint32_t slot);

/* Slot of the oldest sighting, VMP_POOL_NONE when empty. */
uint32_t vmp_pool_oldest(const struct vmp_pool *pool);

/* Slot of the n-th oldest, VMP_POOL_NONE when there are fewer. */
uint32_t vmp_pool_nth(const struct vmp_pool *pool, size_t n);

/* Remove the oldest, from its chains too. */
void vmp_pool_pop(struct vmp_pool *pool);

/* Put a sighting at the end of a chain; hash decides which. */
void vmp_pool_chain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot);

/* Take it off the chain. */
void vmp_pool_unchain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot);

/* First slot of the chain where a sighting like this one would be; then the next ones. VMP_POOL_NONE at the end. Others hang there too. */
uint32_t vmp_pool_first(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like);
uint32_t vmp_pool_next(const struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot);

#endif
