/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[0] = ROTL(v[0], 32);
	v[2] += v[3];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[2] = ROTL(v[2], 32);
}

static inline uint64_t finish(uint64_t v[4])
{
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct vmp_hash128 vmp_hash(const struct vmp_hash_key *key, const void *data, size_t len)
{
	uint64_t v[4] = {0x736f6d6570736575ULL ^ key->k[0], 0x646f72616e646f6dULL ^ key->k[1] ^ 0xee,
			 0x6c7967656e657261ULL ^ key->k[0], 0x7465646279746573ULL ^ key->k[1]};
	const unsigned char *p = data;
	uint64_t word, tail = (uint64_t)len << 56;
	struct vmp_hash128 out;

	for (size_t left = len; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		word = le64toh(word);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	for (size_t i = 0; i < len % 8; i++)
		tail |= (uint64_t)p[i] << (8 * i);
	v[3] ^= tail;
	sip_round(v);
	v[0] ^= tail;
	v[2] ^= 0xee;
	out.h[0] = finish(v);
	v[1] ^= 0xdd;
	out.h[1] = finish(v);
	return out;
}

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
