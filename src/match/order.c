/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue for each source of frames, merged; a few hundred milliseconds of traffic at most, since the kernel hands blocks over that
 * often. A source is one direction at one point: its frames come in the order of their times but for a few, which wait in a heap.
 * The others are copied one behind the other into chunks of their source, and read in the same order: memory is gone through once.
 */
#include "match/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DIRECTIONS = 3,
	SOURCES = 64,           /* frames of further ones go through the heap */
	CHUNK = 64 << 10,
	AHEAD = 256,            /* so many bytes ahead are fetched from memory */
};

#define ORDER_DEFAULT_BYTES (64U << 20)

/* A frame in a chunk; its data follow. The source tells point and direction. */
struct stored {
	uint64_t ts_ns;
	uint64_t serial;        /* keeps equal times in the order of arrival */
	uint32_t wire_len, cap_len;
};

struct chunk {
	struct chunk *next;
	size_t size, used;      /* bytes */
	size_t read;            /* up to here its frames were handed out */
	uint64_t bytes[];
};

struct source {
	struct chunk *first, *last; /* but for the last of them none is empty */
	uint64_t last_ns;       /* time of the last one that was put in */
};

/* A frame that came out of the order of its source. */
struct waiting {
	uint64_t ts_ns;
	uint64_t serial;
	struct vmp_frame *frame; /* with its data behind it */
};

struct vmp_order {
	struct source sources[SOURCES];
	uint64_t heads[SOURCES]; /* time of each source's first one; UINT64_MAX: none */
	size_t n_sources;
	struct waiting *heap;
	size_t n, cap;
	struct chunk *free;
	size_t chunks_bytes;
	size_t bytes, max_bytes;
	uint64_t serial, last_ns, late;
	/* Handed out, let go of at the next call: */
	struct chunk *out_chunk; /* the first one of this source ... */
	size_t out_source;
	struct vmp_frame *out_frame; /* ... or this */
};

struct vmp_order *vmp_order_new(size_t max_bytes)
{
	struct vmp_order *order = calloc(1, sizeof(*order));

	if (order)
		order->max_bytes = max_bytes ? max_bytes : ORDER_DEFAULT_BYTES;
	return order;
}

static size_t whole_words(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

static size_t size_of(const struct stored *stored)
{
	return whole_words(sizeof(*stored) + stored->cap_len);
}

/* ---- what came out of order -------------------------------------------------------------------------------------- */

static bool before(const struct waiting *a, const struct waiting *b)
{
	return a->ts_ns != b->ts_ns ? a->ts_ns < b->ts_ns : a->serial < b->serial;
}

static int heap_push(struct vmp_order *order, const struct vmp_frame *frame)
{
	struct waiting item = {.ts_ns = frame->ts_ns, .serial = order->serial};
	size_t at = order->n;

	if (order->n == order->cap) {
		size_t cap = order->cap ? order->cap * 2 : 64;
		struct waiting *heap = realloc(order->heap, cap * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		order->heap = heap;
		order->cap = cap;
	}
	item.frame = malloc(sizeof(*item.frame) + frame->cap_len);
	if (!item.frame)
		return -ENOMEM;
	*item.frame = *frame;
	item.frame->data = (uint8_t *)(item.frame + 1);
	memcpy(item.frame + 1, frame->data, frame->cap_len);
	order->n++;
	while (at > 0 && before(&item, &order->heap[(at - 1) / 2])) {
		order->heap[at] = order->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	order->heap[at] = item;
	return 0;
}

static struct vmp_frame *heap_pop(struct vmp_order *order)
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
	return top.frame;
}

/* ---- what comes in order ----------------------------------------------------------------------------------------- */

/* A chunk for at least so many bytes, empty: used again, or new. NULL without. */
static struct chunk *chunk_get(struct vmp_order *order, size_t size)
{
	struct chunk *chunk = order->free;

	if (chunk && size <= chunk->size) {
		order->free = chunk->next;
		chunk->next = NULL;
		return chunk;
	}
	/* Frames that are larger than a chunk are not captured, but may be read from elsewhere. */
	if (size < CHUNK)
		size = CHUNK;
	/* The end of a chunk may be too short for the next frame, and each source has one that is not full. */
	if (order->chunks_bytes + size > 2 * order->max_bytes + SOURCES * CHUNK)
		return NULL;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	*chunk = (struct chunk){.size = size};
	order->chunks_bytes += size;
	return chunk;
}

static void chunk_give_back(struct vmp_order *order, struct chunk *chunk)
{
	chunk->used = chunk->read = 0;
	chunk->next = order->free;
	order->free = chunk;
}

static struct stored *stored_at(struct chunk *chunk, size_t offset)
{
	return (struct stored *)(void *)((uint8_t *)chunk->bytes + offset);
}

/* The source's first frame. Only when there is one. */
static struct stored *source_first(const struct source *source)
{
	return stored_at(source->first, source->first->read);
}

/* The source of a frame; SOURCES when it has no queue. */
static size_t source_of(struct vmp_order *order, const struct vmp_frame *frame)
{
	size_t i = (size_t)frame->point * DIRECTIONS + frame->devdir;

	if (i >= SOURCES || frame->ts_ns == UINT64_MAX)
		return SOURCES;
	while (order->n_sources <= i)
		order->heads[order->n_sources++] = UINT64_MAX;
	return i;
}

static int source_push(struct vmp_order *order, size_t i, const struct vmp_frame *frame)
{
	struct source *source = &order->sources[i];
	struct chunk *chunk = source->last;
	size_t size = whole_words(sizeof(struct stored) + frame->cap_len);
	struct stored *stored;

	if (!chunk || size > chunk->size - chunk->used) {
		chunk = chunk_get(order, size);
		if (!chunk)
			return -ENOBUFS;
		if (source->last && source->last->used == 0) {
			chunk_give_back(order, source->last);
			source->last = NULL;
		}
		if (!source->last)
			source->first = chunk;
		else
			source->last->next = chunk;
		source->last = chunk;
	}
	stored = stored_at(chunk, chunk->used);
	stored->ts_ns = frame->ts_ns;
	stored->serial = order->serial;
	stored->wire_len = frame->wire_len;
	stored->cap_len = frame->cap_len;
	memcpy(stored + 1, frame->data, frame->cap_len);
	chunk->used += size;
	source->last_ns = frame->ts_ns;
	if (order->heads[i] == UINT64_MAX)
		order->heads[i] = frame->ts_ns;
	return 0;
}

static struct vmp_frame source_pop(struct vmp_order *order, size_t i)
{
	struct source *source = &order->sources[i];
	struct chunk *chunk = source->first;
	struct stored *stored = source_first(source);
	struct vmp_frame frame = {
		.ts_ns = stored->ts_ns,
		.point = (uint32_t)(i / DIRECTIONS),
		.devdir = (enum vmp_devdir)(i % DIRECTIONS),
		.wire_len = stored->wire_len,
		.cap_len = stored->cap_len,
		.data = (const uint8_t *)(stored + 1),
	};

	chunk->read += size_of(stored);
	order->out_chunk = chunk;
	order->out_source = i;
	if (chunk->read < chunk->used) {
		order->heads[i] = stored_at(chunk, chunk->read)->ts_ns;
		__builtin_prefetch((const uint8_t *)stored + AHEAD);
	} else {
		order->heads[i] = chunk->next ? stored_at(chunk->next, 0)->ts_ns : UINT64_MAX;
	}
	return frame;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static void let_go(struct vmp_order *order)
{
	struct chunk *chunk = order->out_chunk;

	free(order->out_frame);
	order->out_frame = NULL;
	order->out_chunk = NULL;
	if (!chunk || chunk->read < chunk->used)
		return;
	if (chunk->next) {
		order->sources[order->out_source].first = chunk->next;
		chunk_give_back(order, chunk);
	} else {
		chunk->used = chunk->read = 0;
	}
}

static size_t cost(const struct vmp_frame *frame)
{
	return whole_words(sizeof(struct stored) + frame->cap_len);
}

int vmp_order_push(struct vmp_order *order, const struct vmp_frame *frame)
{
	size_t i = source_of(order, frame);
	int code;

	let_go(order);
	if (order->bytes + cost(frame) > order->max_bytes)
		return -ENOBUFS;
	if (i == SOURCES || (order->heads[i] != UINT64_MAX && frame->ts_ns < order->sources[i].last_ns))
		code = heap_push(order, frame);
	else
		code = source_push(order, i, frame);
	if (code < 0)
		return code;
	order->bytes += cost(frame);
	order->serial++;
	if (frame->ts_ns < order->last_ns)
		order->late++;
	return 0;
}

/* The source with the oldest first frame; SOURCES: all are empty. */
static size_t oldest_source(const struct vmp_order *order)
{
	size_t best = SOURCES;
	uint64_t best_ns = UINT64_MAX;

	for (size_t i = 0; i < order->n_sources; i++) {
		if (order->heads[i] > best_ns || order->heads[i] == UINT64_MAX)
			continue;
		if (order->heads[i] == best_ns && source_first(&order->sources[i])->serial > source_first(&order->sources[best])->serial)
			continue;
		best = i;
		best_ns = order->heads[i];
	}
	return best;
}

bool vmp_order_pop(struct vmp_order *order, uint64_t complete_ns, struct vmp_frame *ret_frame)
{
	size_t i;

	let_go(order);
	i = oldest_source(order);
	if (order->n > 0 && (i == SOURCES || before(&order->heap[0], &(struct waiting){order->heads[i],
											source_first(&order->sources[i])->serial, NULL}))) {
		if (order->heap[0].ts_ns > complete_ns)
			return false;
		order->out_frame = heap_pop(order);
		*ret_frame = *order->out_frame;
	} else {
		if (i == SOURCES || order->heads[i] > complete_ns)
			return false;
		*ret_frame = source_pop(order, i);
	}
	order->bytes -= cost(ret_frame);
	if (ret_frame->ts_ns > order->last_ns)
		order->last_ns = ret_frame->ts_ns;
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

static void free_chunks(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void vmp_order_free(struct vmp_order *order)
{
	if (!order)
		return;
	let_go(order);
	for (size_t i = 0; i < order->n_sources; i++)
		free_chunks(order->sources[i].first);
	free_chunks(order->free);
	while (order->n > 0)
		free(heap_pop(order));
	free(order->heap);
	free(order);
}
