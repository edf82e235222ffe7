/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A binary heap of copied frames: a few hundred milliseconds of traffic at most, since the kernel hands blocks over that often. */
#include "match/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ORDER_DEFAULT_BYTES (64U << 20)

struct waiting {
	uint64_t ts_ns;
	uint64_t serial;        /* keeps equal times in the order of arrival */
	struct vmp_frame *frame;
};

struct vmp_order {
	struct waiting *heap;
	size_t n, cap;
	size_t bytes, max_bytes;
	uint64_t serial, last_ns, late;
	struct vmp_frame *out;  /* handed out, freed at the next call */
};

struct vmp_order *vmp_order_new(size_t max_bytes)
{
	struct vmp_order *order = calloc(1, sizeof(*order));

	if (order)
		order->max_bytes = max_bytes ? max_bytes : ORDER_DEFAULT_BYTES;
	return order;
}

void vmp_order_free(struct vmp_order *order)
{
	if (!order)
		return;
	for (size_t i = 0; i < order->n; i++)
		free(order->heap[i].frame);
	free(order->heap);
	free(order->out);
	free(order);
}

static bool before(const struct waiting *a, const struct waiting *b)
{
	return a->ts_ns != b->ts_ns ? a->ts_ns < b->ts_ns : a->serial < b->serial;
}

static size_t cost(const struct vmp_frame *frame)
{
	return sizeof(*frame) + frame->cap_len + sizeof(struct waiting);
}

static bool heap_reserve(struct vmp_order *order)
{
	size_t cap = order->cap ? order->cap * 2 : 1024;
	struct waiting *heap;

	if (order->n < order->cap)
		return true;
	heap = realloc(order->heap, cap * sizeof(*heap));
	if (!heap)
		return false;
	order->heap = heap;
	order->cap = cap;
	return true;
}

int vmp_order_push(struct vmp_order *order, const struct vmp_frame *frame)
{
	struct waiting item = {.ts_ns = frame->ts_ns, .serial = order->serial};
	size_t at = order->n;

	if (order->bytes + cost(frame) > order->max_bytes)
		return -ENOBUFS;
	if (!heap_reserve(order))
		return -ENOMEM;
	item.frame = malloc(sizeof(*item.frame) + frame->cap_len);
	if (!item.frame)
		return -ENOMEM;
	*item.frame = *frame;
	item.frame->data = (uint8_t *)(item.frame + 1);
	memcpy(item.frame + 1, frame->data, frame->cap_len);
	order->bytes += cost(frame);
	order->serial++;
	order->n++;
	while (at > 0 && before(&item, &order->heap[(at - 1) / 2])) {
		order->heap[at] = order->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	order->heap[at] = item;
	if (frame->ts_ns < order->last_ns)
		order->late++;
	return 0;
}

bool vmp_order_pop(struct vmp_order *order, uint64_t complete_ns, struct vmp_frame *ret_frame)
{
	struct waiting top, last;
	size_t at = 0;

	free(order->out);
	order->out = NULL;
	if (order->n == 0 || order->heap[0].ts_ns > complete_ns)
		return false;
	top = order->heap[0];
	last = order->heap[--order->n];
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
	order->bytes -= cost(top.frame);
	if (top.ts_ns > order->last_ns)
		order->last_ns = top.ts_ns;
	order->out = top.frame;
	*ret_frame = *top.frame;
	return true;
}

uint64_t vmp_order_late(const struct vmp_order *order)
{
	return order->late;
}
