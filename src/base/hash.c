/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))

struct state {
	uint64_t a, b, c, d;
};

static inline void sip_round(struct state *v)
{
	v->a += v->b;
	v->b = ROTL(v->b, 13) ^ v->a;
	v->a = ROTL(v->a, 32);
	v->c += v->d;
	v->d = ROTL(v->d, 16) ^ v->c;
	v->a += v->d;
	v->d = ROTL(v->d, 21) ^ v->a;
	v->c += v->b;
	v->b = ROTL(v->b, 17) ^ v->c;
	v->c = ROTL(v->c, 32);
}

static inline uint64_t finish(struct state *v)
{
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v->a ^ v->b ^ v->c ^ v->d;
}

/* All but the finish. Of the variant with 128 bit of output. */
static inline struct state absorb(const struct vmp_hash_key *key, const void *data, size_t len)
{
	struct state v = {0x736f6d6570736575ULL ^ key->k[0], 0x646f72616e646f6dULL ^ key->k[1] ^ 0xee,
			  0x6c7967656e657261ULL ^ key->k[0], 0x7465646279746573ULL ^ key->k[1]};
	const unsigned char *p = data;
	uint64_t word, tail = (uint64_t)len << 56;

	for (size_t left = len; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		word = le64toh(word);
		v.d ^= word;
		sip_round(&v);
		v.a ^= word;
	}
	if (len >= 8 && len % 8) {
		/* The last eight bytes, of which some were taken already. */
		memcpy(&word, p + len % 8 - 8, 8);
		tail |= le64toh(word) >> (64 - len % 8 * 8);
	} else {
		for (size_t i = 0; i < len % 8; i++)
			tail |= (uint64_t)p[i] << (8 * i);
	}
	v.d ^= tail;
	sip_round(&v);
	v.a ^= tail;
	v.c ^= 0xee;
	return v;
}

struct vmp_hash128 vmp_hash(const struct vmp_hash_key *key, const void *data, size_t len)
{
	struct state v = absorb(key, data, len);
	struct vmp_hash128 out;

	out.h[0] = finish(&v);
	v.b ^= 0xdd;
	out.h[1] = finish(&v);
	return out;
}

uint64_t vmp_hash_half(const struct vmp_hash_key *key, const void *data, size_t len)
{
	struct state v = absorb(key, data, len);

	return finish(&v);
}

void vmp_digest_key_make(const struct vmp_hash_key *key, struct vmp_digest_key *ret_key)
{
	for (uint32_t i = 0; i < VMP_DIGEST_WORDS; i++)
		ret_key->word[i] = vmp_hash_half(key, &i, sizeof(i));
	for (uint32_t i = 0; i < 2; i++)
		ret_key->end[i] = vmp_hash_half(key, &(uint32_t){VMP_DIGEST_WORDS + i}, sizeof(i));
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 uint128;

static inline uint64_t word_at(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return le64toh(word);
}

static inline uint128 product(const uint64_t *key, uint64_t a, uint64_t b)
{
	return (uint128)(a + key[0]) * (b + key[1]);
}

static inline uint64_t scramble(uint64_t word)
{
	word = (word ^ word >> 32) * 0x9e3779b97f4a7c15ULL;
	return (word ^ word >> 29) * 0xbf58476d1ce4e5b9ULL;
}

struct vmp_hash128 vmp_digest(const struct vmp_digest_key *key, const void *data, size_t len)
{
	const unsigned char *p = data;
	const uint64_t *word = key->word;
	uint128 sum = product(key->end, len, 0);
	struct vmp_hash128 out;
	size_t left = len < VMP_DIGEST_BYTES ? len : VMP_DIGEST_BYTES;

	for (; left >= 16; left -= 16, p += 16, word += 2)
		sum += product(word, word_at(p), word_at(p + 8));
	if (left > 0) {
		unsigned char last[16] = {0};

		memcpy(last, p, left);
		sum += product(word, word_at(last), word_at(last + 8));
	}
	out.h[0] = (uint64_t)sum;
	out.h[1] = (uint64_t)(sum >> 64);
	/* Whatever is added to or mixed into one half is a function of the other one: it can be taken back, so no two sums become one. */
	out.h[0] += scramble(out.h[1] ^ key->end[0]);
	out.h[1] ^= scramble(out.h[0]);
	out.h[0] ^= scramble(out.h[1]);
	return out;
}
#else
struct vmp_hash128 vmp_digest(const struct vmp_digest_key *key, const void *data, size_t len)
{
	const struct vmp_hash_key short_key = {{key->end[0], key->end[1]}};

	return vmp_hash(&short_key, data, len < VMP_DIGEST_BYTES ? len : VMP_DIGEST_BYTES);
}
#endif

int vmp_hash_key_random(struct vmp_hash_key *ret_key)
{
	struct vmp_hash_key key;
	ssize_t got;

	do
		got = getrandom(&key, sizeof(key), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(key))
		return got < 0 ? -errno : -EIO;
	*ret_key = key;
	return 0;
}
