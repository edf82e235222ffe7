/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/cover.h"

#include <string.h>

int64_t vmp_cover_add(struct vmp_cover *cover, int64_t from, int64_t to)
{
	int64_t fresh = to - from, low = from, high = to;
	size_t first = 0, last;

	while (first < cover->n && cover->ranges[first].to < from)
		first++;
	for (last = first; last < cover->n && cover->ranges[last].from <= to; last++) {
		const struct vmp_range *known = &cover->ranges[last];
		int64_t shared = (known->to < to ? known->to : to) - (known->from > from ? known->from : from);

		fresh -= shared > 0 ? shared : 0;
		low = known->from < low ? known->from : low;
		high = known->to > high ? known->to : high;
	}
	if (last == first && cover->n == VMP_COVER_RANGES)
		return -1;
	memmove(&cover->ranges[first + 1], &cover->ranges[last], (cover->n - last) * sizeof(*cover->ranges));
	cover->n = cover->n - (last - first) + 1;
	cover->ranges[first] = (struct vmp_range){low, high};
	return fresh;
}

bool vmp_cover_has(const struct vmp_cover *cover, int64_t from, int64_t to)
{
	for (size_t i = 0; i < cover->n; i++)
		if (cover->ranges[i].from <= from && cover->ranges[i].to >= to)
			return true;
	return from >= to;
}
