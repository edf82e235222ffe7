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

struct vmp_counter *vmp_gauges_add(struct vmp_gauges *gauges, const char *source, const char *object, const char *name,
				   enum vmp_counter_kind kind)
{
	struct vmp_counter words = {.kind = kind}, *counter;

	snprintf(words.source, sizeof(words.source), "%s", source);
	snprintf(words.object, sizeof(words.object), "%s", object);
	snprintf(words.name, sizeof(words.name), "%s", name);
	vmp_vec_foreach (each, &gauges->counters)
		if (strcmp(each->name, words.name) == 0 && strcmp(each->object, words.object) == 0 && strcmp(each->source, words.source) == 0)
			return each;
	if (gauges->counters.n >= VMP_COUNTERS_MAX)
		return NULL;
	counter = vmp_vec_add(&gauges->counters);
	if (counter)
		*counter = words;
	return counter;
}

void vmp_gauges_clear(struct vmp_gauges *gauges)
{
	vmp_vec_free(&gauges->devices);
	free(gauges->backend.why_not);
	vmp_vec_foreach (counter, &gauges->counters)
		free(counter->text);
	vmp_vec_free(&gauges->counters);
	memset(gauges, 0, sizeof(*gauges));
}
