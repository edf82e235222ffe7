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

static size_t bucket(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *sight)
{
	uint64_t hash = chain == VMP_CHAIN_FLOW ? sight->flow : sight->id.h[0];

	return (hash + (uint64_t)sight->direction * 0x9e3779b97f4a7c15ULL) & (pool->cap - 1);
}

/* Twice the room; slots change, so the chains are made anew in the order of time. */
static bool grow(struct vmp_pool *pool)
{
	size_t cap = pool->cap ? pool->cap * 2 : POOL_FIRST;
	struct vmp_sight *ring = malloc(cap * sizeof(*ring)), *old = pool->ring;
	struct ends *ends[VMP_CHAINS] = {NULL};
	size_t old_cap = pool->cap;
	bool whole = ring != NULL;

	for (int i = 0; i < VMP_CHAINS; i++) {
		ends[i] = malloc(cap * sizeof(*ends[i]));
		whole = whole && ends[i];
	}
	if (!whole) {
		free(ring);
		for (int i = 0; i < VMP_CHAINS; i++)
			free(ends[i]);
		return false;
	}
	for (int i = 0; i < VMP_CHAINS; i++) {
		memset(ends[i], 0xff, cap * sizeof(*ends[i]));
		free(pool->ends[i]);
		pool->ends[i] = ends[i];
	}
	pool->ring = ring;
	pool->cap = cap;
	for (uint64_t serial = pool->first; serial < pool->last; serial++) {
		struct vmp_sight *sight = &ring[serial & (cap - 1)];
		uint8_t on;

		*sight = old[serial & (old_cap - 1)];
		on = sight->on;
		sight->on = 0;
		for (int i = 0; i < VMP_CHAINS; i++)
			if (on & (1U << i))
				vmp_pool_chain(pool, (enum vmp_chain)i, (uint32_t)(serial & (cap - 1)));
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
	struct ends *ends = &pool->ends[chain][bucket(pool, chain, sight)];

	if (sight->on & (1U << chain))
		return;
	sight->link[chain] = VMP_POOL_NONE;
	if (ends->head == VMP_POOL_NONE)
		ends->head = slot;
	else
		pool->ring[ends->tail].link[chain] = slot;
	ends->tail = slot;
	sight->on |= (uint8_t)(1U << chain);
}

void vmp_pool_unchain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	struct vmp_sight *sight = &pool->ring[slot];
	struct ends *ends = &pool->ends[chain][bucket(pool, chain, sight)];
	uint32_t before = VMP_POOL_NONE, at = ends->head;

	if (!(sight->on & (1U << chain)))
		return;
	while (at != slot) {
		before = at;
		at = pool->ring[at].link[chain];
	}
	if (before == VMP_POOL_NONE)
		ends->head = sight->link[chain];
	else
		pool->ring[before].link[chain] = sight->link[chain];
	if (ends->tail == slot)
		ends->tail = before;
	sight->on &= (uint8_t)~(1U << chain);
}

uint32_t vmp_pool_first(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like)
{
	return pool->cap ? pool->ends[chain][bucket(pool, chain, like)].head : VMP_POOL_NONE;
}

uint32_t vmp_pool_next(const struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	return pool->ring[slot].link[chain];
}
