/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing array of one type: VMP_VEC(int) numbers = {0}; int *p = vmp_vec_add(&numbers); vmp_vec_free(&numbers); */
#ifndef VMP_BASE_VEC_H
#define VMP_BASE_VEC_H

#include <stddef.h>

#define VMP_VEC(type)    \
	struct {         \
		type *v; \
		size_t n, cap; \
	}

/*
 * Make room for one more element. Used through vmp_vec_add().
 * data: address of the array pointer; n, cap: its length and capacity in elements; size: of one element in bytes.
 * Returns the new, zeroed element (n is one larger), or NULL without memory (nothing changed).
 */
void *vmp_vec_grow(void **data, size_t *n, size_t *cap, size_t size);

/* Append one zeroed element; yields its address or NULL without memory. The address holds until the next add. */
#define vmp_vec_add(vec) \
	((__typeof__((vec)->v))vmp_vec_grow((void **)&(vec)->v, &(vec)->n, &(vec)->cap, sizeof(*(vec)->v)))

/* Free the array (not what its elements own) and leave it empty. */
#define vmp_vec_free(vec)           \
	do {                        \
		free((vec)->v);     \
		(vec)->v = NULL;    \
		(vec)->n = (vec)->cap = 0; \
	} while (0)

#define vmp_vec_foreach(item, vec) \
	for (__typeof__(*(vec)->v) *item = (vec)->v; item && item < (vec)->v + (vec)->n; item++)

#endif
