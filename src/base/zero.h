/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clearing of records that are made for each frame. */
#ifndef VMP_BASE_ZERO_H
#define VMP_BASE_ZERO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * memset(p, 0, n) for a constant n of some hundred bytes. Of more than 128 bytes GCC makes one string instruction ("rep stos"), which on
 * processors of today takes longer to start than these stores take in all.
 */
static inline void vmp_zero(void *p, size_t n)
{
	uint8_t *at = p;

	for (; n >= 64; n -= 64, at += 64)
		memset(at, 0, 64);
	memset(at, 0, n);
}

#endif
