/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash: a keyed hash, so that a guest cannot choose packets that collide. */
#ifndef VMP_BASE_HASH_H
#define VMP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct vmp_hash_key {
	uint64_t k[2];
};

struct vmp_hash128 {
	uint64_t h[2];
};

/* SipHash-1-3 with 128 bit of output (Aumasson, Bernstein; the variant of the Linux kernel's tables). data: len bytes, borrowed. */
struct vmp_hash128 vmp_hash(const struct vmp_hash_key *key, const void *data, size_t len);

/* Its first half, for tables: data: len bytes, borrowed. */
uint64_t vmp_hash_half(const struct vmp_hash_key *key, const void *data, size_t len);

/* Fill a key from the kernel's random source (getrandom). Blocks only before the machine's first entropy. Returns 0 or -errno. */
int vmp_hash_key_random(struct vmp_hash_key *ret_key);

#endif
