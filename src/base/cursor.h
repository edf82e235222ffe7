/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way to read bytes of packets: a bounds-checked cursor. A read past the end returns 0 and sets `bad` for good. */
#ifndef VMP_BASE_CURSOR_H
#define VMP_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct vmp_cursor {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static inline struct vmp_cursor vmp_cursor_make(const void *data, size_t len)
{
	struct vmp_cursor c = {.p = data, .left = len, .bad = false};

	return c;
}

/* Take n bytes: their address, or NULL when fewer are left (the cursor is bad then and has nothing left). */
static inline const uint8_t *vmp_cursor_take(struct vmp_cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->bad || n > c->left) {
		c->bad = true;
		c->left = 0;
		return NULL;
	}
	c->p += n;
	c->left -= n;
	return p;
}

/*
 * A number in network order in a header that was taken whole, as a pointer to an array of its length: the compiler knows the bounds then,
 * and there is one check for all fields.
 */
static inline uint16_t vmp_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t vmp_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint8_t vmp_cursor_u8(struct vmp_cursor *c)
{
	const uint8_t *p = vmp_cursor_take(c, 1);

	return p ? p[0] : 0;
}

static inline uint16_t vmp_cursor_be16(struct vmp_cursor *c)
{
	const uint8_t *p = vmp_cursor_take(c, 2);

	return p ? vmp_be16(p) : 0;
}

static inline uint32_t vmp_cursor_be32(struct vmp_cursor *c)
{
	const uint8_t *p = vmp_cursor_take(c, 4);

	return p ? vmp_be32(p) : 0;
}

/* Copy n bytes to out; zeros when fewer are left. */
static inline void vmp_cursor_copy(struct vmp_cursor *c, void *out, size_t n)
{
	const uint8_t *p = vmp_cursor_take(c, n);

	if (p)
		memcpy(out, p, n);
	else
		memset(out, 0, n);
}

/* Cut the cursor to its next n bytes (to what is left when that is less). */
static inline void vmp_cursor_limit(struct vmp_cursor *c, size_t n)
{
	if (n < c->left)
		c->left = n;
}

#endif
