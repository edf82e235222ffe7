/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/pool.h"

#include <stdlib.h>
#include <string.h>

enum {
	SLOTS_FIRST = 1024,
	ORDER_FIRST = 4096,
	OUTCOMES = 8,           /* to one slot, at most */
};

struct vmp_pool *vmp_pool_new(size_t most, bool outcomes)
{
	struct vmp_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->most = most;
	pool->has_outcomes = outcomes;
	pool->free = VMP_POOL_NONE;
	return pool;
}

void vmp_pool_free(struct vmp_pool *pool)
{
	if (!pool)
		return;
	for (int i = 0; i < VMP_CHAINS; i++)
		free(pool->ends[i]);
	free(pool->slots);
	free(pool->order);
	free(pool->outcomes);
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

static struct vmp_pool_ends *ends_of(struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *sight)
{
	vmp_place place = hashed[chain].by_place == WHERE_IT_IS ? sight->at : sight->place;

	return &pool->ends[chain][bucket(pool, chain, sight, place)];
}

static bool alloc_ends(struct vmp_pool_ends *ends[VMP_CHAINS], size_t cap)
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

/* Chain anew what hung at old ends, in its order, which is not always the order of time. */
static void rechain(struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_pool_ends *old, size_t old_cap)
{
	for (size_t i = 0; i < old_cap; i++) {
		uint32_t next;

		for (uint32_t slot = old[i].head; slot != VMP_POOL_NONE; slot = next) {
			next = pool->slots[slot].link[chain].after;
			pool->slots[slot].on &= (uint8_t)~(1U << chain);
			vmp_pool_chain(pool, chain, slot);
		}
	}
}

/* Twice the slots. The members of a chain spread over two. */
static bool grow(struct vmp_pool *pool)
{
	size_t cap = pool->cap ? pool->cap * 2 : SLOTS_FIRST, old_cap = pool->cap;
	struct vmp_sight *slots = realloc(pool->slots, cap * sizeof(*slots));
	struct vmp_pool_ends *ends[VMP_CHAINS], *old_ends[VMP_CHAINS];

	if (slots)
		pool->slots = slots;
	if (!slots || !alloc_ends(ends, cap))
		return false;
	memcpy(old_ends, pool->ends, sizeof(old_ends));
	memcpy(pool->ends, ends, sizeof(ends));
	pool->cap = cap;
	for (int i = 0; i < VMP_CHAINS; i++) {
		rechain(pool, (enum vmp_chain)i, old_ends[i], old_cap);
		free(old_ends[i]);
	}
	return true;
}

static size_t index_of(const struct vmp_pool *pool, uint64_t serial)
{
	return serial & (pool->order_cap - 1);
}

static bool grow_order(struct vmp_pool *pool)
{
	size_t cap = pool->order_cap ? pool->order_cap * 2 : ORDER_FIRST;
	uint32_t *order = malloc(cap * sizeof(*order));
	struct vmp_outcome *outcomes = pool->has_outcomes ? malloc(cap * sizeof(*outcomes)) : NULL;

	if (!order || (pool->has_outcomes && !outcomes)) {
		free(order);
		free(outcomes);
		return false;
	}
	for (uint64_t serial = pool->first; serial < pool->last; serial++) {
		order[serial & (cap - 1)] = pool->order[index_of(pool, serial)];
		if (outcomes)
			outcomes[serial & (cap - 1)] = pool->outcomes[index_of(pool, serial)];
	}
	free(pool->order);
	free(pool->outcomes);
	pool->order = order;
	pool->outcomes = outcomes;
	pool->order_cap = cap;
	return true;
}

static struct vmp_outcome outcome_of(const struct vmp_sight *sight)
{
	return (struct vmp_outcome){
		.packet_id = sight->packet_id,
		.next_hop = sight->next_hop,
		.fate = sight->fate,
		.why = sight->why & 127,
		.relevant = sight->relevant,
		.cause = sight->cause,
	};
}

/* Is there room for one more in the order? */
static bool make_room(struct vmp_pool *pool)
{
	if (pool->last - pool->first >= pool->most * OUTCOMES)
		return false;
	return pool->last - pool->first < pool->order_cap || grow_order(pool);
}

uint32_t vmp_pool_push(struct vmp_pool *pool, const struct vmp_sight *sight)
{
	uint32_t slot;

	if (pool->used >= pool->most || !make_room(pool) || (pool->used == pool->cap && !grow(pool)))
		return VMP_POOL_NONE;
	slot = pool->free;
	if (slot != VMP_POOL_NONE)
		pool->free = pool->slots[slot].link[0].after;
	else
		slot = (uint32_t)pool->fresh++;
	pool->used++;
	memcpy(&pool->slots[slot], sight, offsetof(struct vmp_sight, link));
	pool->slots[slot].on = 0;
	pool->slots[slot].serial = pool->last;
	pool->order[index_of(pool, pool->last++)] = slot;
	return slot;
}

static void note_done(struct vmp_pool *pool, uint64_t serial, const struct vmp_sight *sight)
{
	pool->order[index_of(pool, serial)] = VMP_POOL_DONE;
	if (pool->outcomes)
		pool->outcomes[index_of(pool, serial)] = outcome_of(sight);
}

bool vmp_pool_pass(struct vmp_pool *pool, const struct vmp_sight *sight)
{
	if (!make_room(pool))
		return false;
	note_done(pool, pool->last++, sight);
	return true;
}

static void give_up(struct vmp_pool *pool, uint32_t slot)
{
	for (int i = 0; pool->slots[slot].on && i < VMP_CHAINS; i++)
		vmp_pool_unchain(pool, (enum vmp_chain)i, slot);
	pool->slots[slot].link[0].after = pool->free;
	pool->free = slot;
	pool->used--;
}

void vmp_pool_release(struct vmp_pool *pool, uint32_t slot)
{
	note_done(pool, pool->slots[slot].serial, &pool->slots[slot]);
	give_up(pool, slot);
}

uint32_t vmp_pool_oldest(const struct vmp_pool *pool)
{
	return vmp_pool_nth(pool, 0);
}

struct vmp_outcome vmp_pool_outcome(const struct vmp_pool *pool)
{
	size_t oldest = index_of(pool, pool->first);
	uint32_t slot = pool->order[oldest];

	return slot == VMP_POOL_DONE ? pool->outcomes[oldest] : outcome_of(&pool->slots[slot]);
}

void vmp_pool_pop(struct vmp_pool *pool)
{
	uint32_t slot = vmp_pool_oldest(pool);

	if (slot == VMP_POOL_NONE)
		return;
	if (slot != VMP_POOL_DONE)
		give_up(pool, slot);
	pool->first++;
}

void vmp_pool_chain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	struct vmp_sight *sight = &pool->slots[slot];
	struct vmp_pool_ends *ends;

	if (sight->on & (1U << chain))
		return;
	ends = ends_of(pool, chain, sight);
	sight->link[chain].before = ends->tail;
	sight->link[chain].after = VMP_POOL_NONE;
	if (ends->head == VMP_POOL_NONE)
		ends->head = slot;
	else
		pool->slots[ends->tail].link[chain].after = slot;
	ends->tail = slot;
	sight->on |= (uint8_t)(1U << chain);
}

void vmp_pool_unchain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	struct vmp_sight *sight = &pool->slots[slot];
	uint32_t before = sight->link[chain].before, after = sight->link[chain].after;
	struct vmp_pool_ends *ends;

	if (!(sight->on & (1U << chain)))
		return;
	ends = ends_of(pool, chain, sight);
	if (before == VMP_POOL_NONE)
		ends->head = after;
	else
		pool->slots[before].link[chain].after = after;
	if (after == VMP_POOL_NONE)
		ends->tail = before;
	else
		pool->slots[after].link[chain].before = before;
	sight->on &= (uint8_t)~(1U << chain);
}

uint32_t vmp_pool_first(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like, vmp_place place)
{
	return pool->cap ? pool->ends[chain][bucket(pool, chain, like, place)].head : VMP_POOL_NONE;
}

uint32_t vmp_pool_last(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like, vmp_place place)
{
	return pool->cap ? pool->ends[chain][bucket(pool, chain, like, place)].tail : VMP_POOL_NONE;
}
