/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/pool.h"

#include <stdlib.h>
#include <string.h>

enum { POOL_FIRST = 4096 };

struct ends {
	uint32_t head, tail;
};

struct vmp_pool {
	struct vmp_sight *ring;
	size_t cap;             /* a power of two; chains have as many ends */
	uint64_t first, last;   /* serials: [first, last) are held; slot = serial modulo cap */
	size_t most;
	struct ends *ends[VMP_CHAINS];
};

struct vmp_pool *vmp_pool_new(size_t most)
{
	struct vmp_pool *pool = calloc(1, sizeof(*pool));

	if (pool)
		pool->most = most;
	return pool;
}

void vmp_pool_free(struct vmp_pool *pool)
{
	if (!pool)
		return;
	for (int i = 0; i < VMP_CHAINS; i++)
		free(pool->ends[i]);
	free(pool->ring);
	free(pool);
}

enum by_place { NO_PLACE, EXPECTED, WHERE_IT_IS };

/* What each chain is hashed by. */
static const struct {
	bool by_flow;
	enum by_place by_place;
} hashed[VMP_CHAINS] = {
	[VMP_CHAIN_OPEN] = {false, EXPECTED},
	[VMP_CHAIN_LATE] = {false, EXPECTED},
	[VMP_CHAIN_FLOW] = {true, WHERE_IT_IS},
	[VMP_CHAIN_DATA] = {true, EXPECTED},
};

/* Flow and fingerprint are keyed hashes already; direction and place only have to be spread over them. */
static size_t bucket(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *sight, vmp_place place)
{
	uint64_t hash = hashed[chain].by_flow ? sight->flow : sight->id.h[0];
	uint64_t spread = sight->direction + (hashed[chain].by_place != NO_PLACE ? (uint64_t)place << 1 : 0);

	return (hash ^ (spread * 0x9e3779b97f4a7c15ULL) >> 20) & (pool->cap - 1);
}

static struct ends *ends_of(struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *sight)
{
	vmp_place place = hashed[chain].by_place == WHERE_IT_IS ? sight->at : sight->place;

	return &pool->ends[chain][bucket(pool, chain, sight, place)];
}

static bool alloc_ends(struct ends *ends[VMP_CHAINS], size_t cap)
{
	for (int i = 0; i < VMP_CHAINS; i++) {
		ends[i] = malloc(cap * sizeof(*ends[i]));
		if (!ends[i]) {
			while (i-- > 0)
				free(ends[i]);
			return false;
		}
		memset(ends[i], 0xff, cap * sizeof(*ends[i]));
	}
	return true;
}

/* Copy the sightings over from the old ring. The members of a chain spread over two, so the old links are followed. */
static void move(struct vmp_pool *pool, const struct vmp_sight *old, size_t old_cap)
{
	for (uint64_t serial = pool->first; serial < pool->last; serial++) {
		pool->ring[serial & (pool->cap - 1)] = old[serial & (old_cap - 1)];
		pool->ring[serial & (pool->cap - 1)].on = 0;
	}
}

static uint32_t new_slot(const struct vmp_pool *pool, uint32_t old_slot, size_t old_cap)
{
	uint64_t first = pool->first & (old_cap - 1);
	uint64_t n = (old_slot - first) & (old_cap - 1);

	return (uint32_t)((pool->first + n) & (pool->cap - 1));
}

/* Twice the room. Slots change; each chain is made anew in its own order, which is not always the order of time. */
static bool grow(struct vmp_pool *pool)
{
	size_t cap = pool->cap ? pool->cap * 2 : POOL_FIRST, old_cap = pool->cap;
	struct vmp_sight *ring = malloc(cap * sizeof(*ring)), *old = pool->ring;
	struct ends *ends[VMP_CHAINS], *old_ends[VMP_CHAINS];

	if (!ring || !alloc_ends(ends, cap)) {
		free(ring);
		return false;
	}
	memcpy(old_ends, pool->ends, sizeof(old_ends));
	memcpy(pool->ends, ends, sizeof(ends));
	pool->ring = ring;
	pool->cap = cap;
	move(pool, old, old_cap);
	for (int i = 0; i < VMP_CHAINS; i++) {
		for (size_t k = 0; k < old_cap; k++)
			for (uint32_t slot = old_ends[i][k].head; slot != VMP_POOL_NONE; slot = old[slot].link[i].after)
				vmp_pool_chain(pool, (enum vmp_chain)i, new_slot(pool, slot, old_cap));
		free(old_ends[i]);
	}
	free(old);
	return true;
}

uint32_t vmp_pool_push(struct vmp_pool *pool, const struct vmp_sight *sight)
{
	uint32_t slot;

	if (pool->last - pool->first >= pool->most)
		return VMP_POOL_NONE;
	if (pool->last - pool->first == pool->cap && !grow(pool))
		return VMP_POOL_NONE;
	slot = (uint32_t)(pool->last++ & (pool->cap - 1));
	pool->ring[slot] = *sight;
	pool->ring[slot].on = 0;
	return slot;
}

struct vmp_sight *vmp_pool_at(struct vmp_pool *pool, uint32_t slot)
{
	return &pool->ring[slot];
}

uint32_t vmp_pool_oldest(const struct vmp_pool *pool)
{
	return vmp_pool_nth(pool, 0);
}

uint32_t vmp_pool_nth(const struct vmp_pool *pool, size_t n)
{
	return n < pool->last - pool->first ? (uint32_t)((pool->first + n) & (pool->cap - 1)) : VMP_POOL_NONE;
}

void vmp_pool_pop(struct vmp_pool *pool)
{
	uint32_t slot = vmp_pool_oldest(pool);

	if (slot == VMP_POOL_NONE)
		return;
	for (int i = 0; i < VMP_CHAINS; i++)
		vmp_pool_unchain(pool, (enum vmp_chain)i, slot);
	pool->first++;
}

void vmp_pool_chain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	struct vmp_sight *sight = &pool->ring[slot];
	struct ends *ends = ends_of(pool, chain, sight);

	if (sight->on & (1U << chain))
		return;
	sight->link[chain].before = ends->tail;
	sight->link[chain].after = VMP_POOL_NONE;
	if (ends->head == VMP_POOL_NONE)
		ends->head = slot;
	else
		pool->ring[ends->tail].link[chain].after = slot;
	ends->tail = slot;
	sight->on |= (uint8_t)(1U << chain);
}

void vmp_pool_unchain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	struct vmp_sight *sight = &pool->ring[slot];
	struct ends *ends = ends_of(pool, chain, sight);
	uint32_t before = sight->link[chain].before, after = sight->link[chain].after;

	if (!(sight->on & (1U << chain)))
		return;
	if (before == VMP_POOL_NONE)
		ends->head = after;
	else
		pool->ring[before].link[chain].after = after;
	if (after == VMP_POOL_NONE)
		ends->tail = before;
	else
		pool->ring[after].link[chain].before = before;
	sight->on &= (uint8_t)~(1U << chain);
}

uint32_t vmp_pool_first(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like, vmp_place place)
{
	return pool->cap ? pool->ends[chain][bucket(pool, chain, like, place)].head : VMP_POOL_NONE;
}

uint32_t vmp_pool_next(const struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	return pool->ring[slot].link[chain].after;
}

uint32_t vmp_pool_last(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like, vmp_place place)
{
	return pool->cap ? pool->ends[chain][bucket(pool, chain, like, place)].tail : VMP_POOL_NONE;
}

uint32_t vmp_pool_previous(const struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	return pool->ring[slot].link[chain].before;
}
