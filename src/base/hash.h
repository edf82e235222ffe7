/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyed hashes, so that a guest cannot choose packets that collide: SipHash for tables, and a faster one to tell packets apart by. */
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

enum {
	VMP_DIGEST_WORDS = 24,
	VMP_DIGEST_BYTES = VMP_DIGEST_WORDS * 8,
};

/* The words of a long key, and two more for the length. */
struct vmp_digest_key {
	uint64_t word[VMP_DIGEST_WORDS];
	uint64_t end[2];
};

/* Make a long key of a short one, with SipHash. */
void vmp_digest_key_make(const struct vmp_hash_key *key, struct vmp_digest_key *ret_key);

/*
 * NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, 1999; RFC 4418, section 5.2) over words of 64 bits, with the length as one more,
 * and a bijection that makes each bit depend on all. For any two different messages that are chosen without knowing the key the chance
 * to be equal is at most 2^-64; SipHash's is less, and takes three times as long. Not for messages whose digests an adversary sees.
 * data: len bytes, borrowed, at most VMP_DIGEST_BYTES; what is beyond is not looked at. Where the compiler has no 128-bit integers it
 * is SipHash.
 */
struct vmp_hash128 vmp_digest(const struct vmp_digest_key *key, const void *data, size_t len);

/* Fill a key from the kernel's random source (getrandom). Blocks only before the machine's first entropy. Returns 0 or -errno. */
int vmp_hash_key_random(struct vmp_hash_key *ret_key);

#endif
