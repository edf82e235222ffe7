/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *vmp_vec_grow(void **data, size_t *n, size_t *cap, size_t size)
{
	char *item;

	if (*n == *cap) {
		size_t want = *cap ? *cap * 2 : 8;
		void *grown;

		if (want < *cap || want > SIZE_MAX / size)
			return NULL;
		grown = realloc(*data, want * size);
		if (!grown)
			return NULL;
		*data = grown;
		*cap = want;
	}
	item = (char *)*data + *n * size;
	memset(item, 0, size);
	(*n)++;
	return item;
}
