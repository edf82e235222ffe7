/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/gauge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct vmp_device_gauge *vmp_gauges_device(const struct vmp_gauges *gauges, int ifindex)
{
	vmp_vec_foreach (device, &gauges->devices)
		if (device->ifindex == ifindex)
			return device;
	return NULL;
}

const struct vmp_counter *vmp_gauges_counter(const struct vmp_gauges *gauges, const char *source, const char *object, const char *name)
{
	vmp_vec_foreach (counter, &gauges->counters)
		if (strcmp(counter->source, source) == 0 && strcmp(counter->name, name) == 0 &&
		    (!object || strcmp(counter->object, object) == 0))
			return counter;
	return NULL;
}

uint64_t vmp_counter_grew(const struct vmp_counter *counter)
{
	bool known = counter->before_known && counter->after_known;

	return known && counter->after > counter->before ? counter->after - counter->before : 0;
}

/* FNV-1a. The words are of the kernel, of drivers and of who manages the host: nobody who would gain by making them collide. */
static uint64_t words_hash(const struct vmp_counter *counter)
{
	const char *const words[] = {counter->source, counter->object, counter->name};
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		for (const char *c = words[i];; c++) {
			hash = (hash ^ (unsigned char)*c) * 0x100000001b3ULL;
			if (!*c)
				break;
		}
	return hash ^ hash >> 32;
}

static bool same_words(const struct vmp_counter *a, const struct vmp_counter *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->object, b->object) == 0 && strcmp(a->source, b->source) == 0;
}

/* The slot of the counter with these words, or the free one where it belongs. There is always a free one. */
static uint32_t *find_slot(const struct vmp_gauges *gauges, const struct vmp_counter *words)
{
	size_t at = words_hash(words) & (gauges->n_slots - 1);

	while (gauges->slots[at] && !same_words(&gauges->counters.v[gauges->slots[at] - 1], words))
		at = (at + 1) & (gauges->n_slots - 1);
	return &gauges->slots[at];
}

/* Drivers of cards have thousands of counters, so they are not searched one by one; those of evidence that was read have no slot yet. */
static int place_all(struct vmp_gauges *gauges)
{
	size_t n_slots = gauges->n_slots ? gauges->n_slots : 64;

	while (n_slots < 2 * (gauges->counters.n + 1))
		n_slots *= 2;
	if (n_slots != gauges->n_slots) {
		uint32_t *slots = calloc(n_slots, sizeof(*slots));

		if (!slots)
			return -1;
		free(gauges->slots);
		gauges->slots = slots;
		gauges->n_slots = n_slots;
		gauges->n_placed = 0;
	}
	for (; gauges->n_placed < gauges->counters.n; gauges->n_placed++) {
		uint32_t *slot = find_slot(gauges, &gauges->counters.v[gauges->n_placed]);

		if (!*slot)
			*slot = (uint32_t)gauges->n_placed + 1;
	}
	return 0;
}

struct vmp_counter *vmp_gauges_add(struct vmp_gauges *gauges, const char *source, const char *object, const char *name,
				   enum vmp_counter_kind kind)
{
	struct vmp_counter words = {.kind = kind}, *counter;
	uint32_t *slot;

	snprintf(words.source, sizeof(words.source), "%s", source);
	snprintf(words.object, sizeof(words.object), "%s", object);
	snprintf(words.name, sizeof(words.name), "%s", name);
	if (place_all(gauges) < 0)
		return NULL;
	slot = find_slot(gauges, &words);
	if (*slot)
		return &gauges->counters.v[*slot - 1];
	if (gauges->counters.n >= VMP_COUNTERS_MAX)
		return NULL;
	counter = vmp_vec_add(&gauges->counters);
	if (!counter)
		return NULL;
	*counter = words;
	*slot = (uint32_t)gauges->counters.n;
	gauges->n_placed = gauges->counters.n;
	return counter;
}

void vmp_gauges_clear(struct vmp_gauges *gauges)
{
	vmp_vec_free(&gauges->devices);
	free(gauges->backend.why_not);
	vmp_vec_foreach (counter, &gauges->counters)
		free(counter->text);
	vmp_vec_free(&gauges->counters);
	free(gauges->slots);
	memset(gauges, 0, sizeof(*gauges));
}
