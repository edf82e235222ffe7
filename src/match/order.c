/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue for each source of frames, merged; a few hundred milliseconds of traffic at most, since the kernel hands blocks over that
 * often. A source is one direction at one point: its frames come in the order of their times but for a few, which wait in a heap.
 * The frames are copied into chunks, each of which is used again when all frames in it were handed out.
 */
#include "match/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SOURCES = 64,           /* frames of further ones go through the heap */
	CHUNK = 64 << 10,
	AHEAD = 3,              /* so many frames ahead are fetched from memory */
};

#define ORDER_DEFAULT_BYTES (64U << 20)

struct chunk {
	struct chunk *next;     /* on the list of free ones */
	size_t size, used;
	size_t live;            /* frames in it that are not handed out */
	uint64_t bytes[];
};

struct stored {
	struct vmp_frame frame;
	struct chunk *chunk;
};

struct waiting {
	uint64_t ts_ns;
	uint64_t serial;        /* keeps equal times in the order of arrival */
	struct stored *stored;
};

/* A ring of waiting frames. */
struct source {
	struct waiting *ring;
	size_t cap;             /* a power of two */
	size_t first, last;     /* counted on, modulo cap */
	uint64_t last_ns;       /* time of the last one that was put in */
};

struct vmp_order {
	struct source sources[SOURCES];
	uint64_t heads[SOURCES]; /* time of each source's first one; UINT64_MAX: none */
	size_t n_sources;
	struct waiting *heap;
	size_t n, cap;
	struct chunk *current, *free;
	size_t chunks_bytes;
	size_t bytes, max_bytes;
	uint64_t serial, last_ns, late;
	struct stored *out;     /* handed out, let go of at the next call */
};

struct vmp_order *vmp_order_new(size_t max_bytes)
{
	struct vmp_order *order = calloc(1, sizeof(*order));

	if (order)
		order->max_bytes = max_bytes ? max_bytes : ORDER_DEFAULT_BYTES;
	return order;
}

/* ---- chunks ------------------------------------------------------------------------------------------------------ */

static void chunk_release(struct vmp_order *order, struct chunk *chunk)
{
	if (chunk->live > 0)
		return;
	chunk->used = 0;
	if (chunk == order->current)
		return;
	chunk->next = order->free;
	order->free = chunk;
}

static struct chunk *chunk_new(struct vmp_order *order, size_t size)
{
	struct chunk *chunk = order->free;

	/* Frames that are larger than a chunk are not captured, but may be read from elsewhere. */
	if (chunk && size <= chunk->size) {
		order->free = chunk->next;
		return chunk;
	}
	if (size < CHUNK)
		size = CHUNK;
	/* One frame that waits holds its whole chunk. */
	if (order->chunks_bytes + size > 2 * order->max_bytes + 2 * CHUNK)
		return NULL;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->size = size;
	chunk->used = chunk->live = 0;
	order->chunks_bytes += size;
	return chunk;
}

/* Room for so many bytes at the end of the current chunk, or of a new one. NULL without. */
static struct stored *reserve(struct vmp_order *order, size_t size)
{
	struct chunk *chunk = order->current, *old = chunk;
	struct stored *stored;

	size = (size + 7) & ~(size_t)7;
	if (!chunk || size > chunk->size - chunk->used) {
		chunk = chunk_new(order, size);
		if (!chunk)
			return NULL;
		order->current = chunk;
		if (old)
			chunk_release(order, old);
	}
	stored = (struct stored *)(void *)((uint8_t *)chunk->bytes + chunk->used);
	stored->chunk = chunk;
	chunk->used += size;
	chunk->live++;
	return stored;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static bool before(const struct waiting *a, const struct waiting *b)
{
	return a->ts_ns != b->ts_ns ? a->ts_ns < b->ts_ns : a->serial < b->serial;
}

static int heap_push(struct vmp_order *order, const struct waiting *item)
{
	size_t at = order->n;

	if (order->n == order->cap) {
		size_t cap = order->cap ? order->cap * 2 : 64;
		struct waiting *heap = realloc(order->heap, cap * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		order->heap = heap;
		order->cap = cap;
	}
	order->n++;
	while (at > 0 && before(item, &order->heap[(at - 1) / 2])) {
		order->heap[at] = order->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	order->heap[at] = *item;
	return 0;
}

static struct waiting heap_pop(struct vmp_order *order)
{
	struct waiting top = order->heap[0], last = order->heap[--order->n];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= order->n)
			break;
		if (child + 1 < order->n && before(&order->heap[child + 1], &order->heap[child]))
			child++;
		if (before(&last, &order->heap[child]))
			break;
		order->heap[at] = order->heap[child];
		at = child;
	}
	if (order->n)
		order->heap[at] = last;
	return top;
}

static struct waiting *waiting_at(const struct source *source, size_t number)
{
	return &source->ring[number & (source->cap - 1)];
}

static int source_push(struct source *source, const struct waiting *item)
{
	if (source->last - source->first == source->cap) {
		size_t cap = source->cap ? source->cap * 2 : 256;
		struct waiting *ring = malloc(cap * sizeof(*ring));

		if (!ring)
			return -ENOMEM;
		for (size_t i = source->first; i != source->last; i++)
			ring[i & (cap - 1)] = *waiting_at(source, i);
		free(source->ring);
		source->ring = ring;
		source->cap = cap;
	}
	*waiting_at(source, source->last++) = *item;
	source->last_ns = item->ts_ns;
	return 0;
}

static struct waiting source_pop(struct vmp_order *order, size_t i)
{
	struct source *source = &order->sources[i];
	struct waiting item = *waiting_at(source, source->first++);

	order->heads[i] = source->first == source->last ? UINT64_MAX : waiting_at(source, source->first)->ts_ns;
	if (source->last - source->first > AHEAD) {
		const struct stored *soon = waiting_at(source, source->first + AHEAD)->stored;

		__builtin_prefetch(soon);
		__builtin_prefetch((const uint8_t *)soon + 64);
	}
	return item;
}

/* The source of a frame; SOURCES when it has no queue. */
static size_t source_of(struct vmp_order *order, const struct vmp_frame *frame)
{
	size_t i = (size_t)frame->point * 3 + frame->devdir;

	if (i >= SOURCES || frame->ts_ns == UINT64_MAX)
		return SOURCES;
	while (order->n_sources <= i)
		order->heads[order->n_sources++] = UINT64_MAX;
	return i;
}

static int put(struct vmp_order *order, const struct waiting *item)
{
	size_t i = source_of(order, &item->stored->frame);
	struct source *source = i < SOURCES ? &order->sources[i] : NULL;
	int code;

	if (!source || (source->first != source->last && item->ts_ns < source->last_ns))
		return heap_push(order, item);
	code = source_push(source, item);
	if (code == 0 && source->last - source->first == 1)
		order->heads[i] = item->ts_ns;
	return code;
}

/* The first of all that wait. False when none was made by then. */
static bool take(struct vmp_order *order, uint64_t complete_ns, struct waiting *ret_item)
{
	size_t best = SOURCES;
	uint64_t best_ns = UINT64_MAX;
	const struct waiting *head;

	for (size_t i = 0; i < order->n_sources; i++) {
		if (order->heads[i] > best_ns || order->heads[i] == UINT64_MAX)
			continue;
		if (order->heads[i] == best_ns && waiting_at(&order->sources[i], order->sources[i].first)->serial >
							  waiting_at(&order->sources[best], order->sources[best].first)->serial)
			continue;
		best = i;
		best_ns = order->heads[i];
	}
	head = best < SOURCES ? waiting_at(&order->sources[best], order->sources[best].first) : NULL;
	if (order->n > 0 && (!head || before(&order->heap[0], head))) {
		if (order->heap[0].ts_ns > complete_ns)
			return false;
		*ret_item = heap_pop(order);
		return true;
	}
	if (!head || best_ns > complete_ns)
		return false;
	*ret_item = source_pop(order, best);
	return true;
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static size_t cost(const struct vmp_frame *frame)
{
	return sizeof(struct stored) + frame->cap_len + sizeof(struct waiting);
}

static void let_go(struct vmp_order *order)
{
	struct stored *out = order->out;

	order->out = NULL;
	if (!out)
		return;
	out->chunk->live--;
	chunk_release(order, out->chunk);
}

int vmp_order_push(struct vmp_order *order, const struct vmp_frame *frame)
{
	struct waiting item = {.ts_ns = frame->ts_ns, .serial = order->serial};
	int code;

	if (order->bytes + cost(frame) > order->max_bytes)
		return -ENOBUFS;
	item.stored = reserve(order, sizeof(*item.stored) + frame->cap_len);
	if (!item.stored)
		return -ENOBUFS;
	item.stored->frame = *frame;
	item.stored->frame.data = (uint8_t *)(item.stored + 1);
	memcpy(item.stored + 1, frame->data, frame->cap_len);
	code = put(order, &item);
	if (code < 0) {
		item.stored->chunk->live--;
		return code;
	}
	order->bytes += cost(frame);
	order->serial++;
	if (frame->ts_ns < order->last_ns)
		order->late++;
	return 0;
}

bool vmp_order_pop(struct vmp_order *order, uint64_t complete_ns, struct vmp_frame *ret_frame)
{
	struct waiting item;

	let_go(order);
	if (!take(order, complete_ns, &item))
		return false;
	order->bytes -= cost(&item.stored->frame);
	if (item.ts_ns > order->last_ns)
		order->last_ns = item.ts_ns;
	order->out = item.stored;
	*ret_frame = item.stored->frame;
	return true;
}

uint64_t vmp_order_next_ns(const struct vmp_order *order)
{
	uint64_t next_ns = order->n > 0 ? order->heap[0].ts_ns : UINT64_MAX;

	for (size_t i = 0; i < order->n_sources; i++)
		next_ns = order->heads[i] < next_ns ? order->heads[i] : next_ns;
	return next_ns;
}

uint64_t vmp_order_late(const struct vmp_order *order)
{
	return order->late;
}

/* Every chunk is on the list of free ones, or is the current one, or holds a frame that waits or was handed out. */
void vmp_order_free(struct vmp_order *order)
{
	struct vmp_frame frame;

	if (!order)
		return;
	while (vmp_order_pop(order, UINT64_MAX, &frame))
		continue;
	while (order->free) {
		struct chunk *next = order->free->next;

		free(order->free);
		order->free = next;
	}
	for (size_t i = 0; i < SOURCES; i++)
		free(order->sources[i].ring);
	free(order->current);
	free(order->heap);
	free(order);
}
