/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/datagram.h"

#include <stdlib.h>

enum {
	MOST = 1 << 14,         /* remembered at once, whatever their hashes: which have room depends on their order alone */
	UNIT = 8, PLACES = 61,  /* a prime: fragments of one size begin at as many places before two are taken for one */
};

#define HELD_NS  30000000000ULL /* net.ipv4.ipfrag_time */
#define AGAIN_NS 5000000000ULL  /* after that nothing of a packet is waited for here */

/* Fragments are links from where they begin to where they end. Those seen are a whole packet if they make one chain, and nothing is left. */
struct datagram {
	uint64_t key, last_ns;
	uint64_t links;         /* the sum of a hash of each end, less that of each beginning */
	uint64_t before;        /* the one before it in its chain, as in heads */
	uint64_t begins;        /* where fragments begin, in units, modulo PLACES: bits */
	uint32_t end;           /* of the whole, in bytes; 0: not known yet */
	bool twice;             /* some of it perhaps */
	bool again;             /* one with the same id was there just before: which fragment is whose is not known */
};

struct vmp_datagrams {
	struct datagram v[MOST]; /* the n-th at n % MOST */
	uint64_t heads[MOST];   /* the newest of each chain by hash, number + 1; 0: none */
	uint64_t n;
};

struct vmp_datagrams *vmp_datagrams_new(void)
{
	return calloc(1, sizeof(struct vmp_datagrams));
}

void vmp_datagrams_free(struct vmp_datagrams *datagrams)
{
	free(datagrams);
}

static uint64_t mix(uint64_t key, uint64_t what)
{
	uint64_t x = key ^ (what + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* The flow is a keyed hash of the addresses. */
static uint64_t key_of(const struct vmp_sight *fragment, int hop)
{
	return mix(fragment->flow, (uint64_t)fragment->ip_id << 20 | (uint64_t)(uint16_t)hop << 1 | fragment->direction);
}

/* The number + 1 of the newest of this key, 0: none. Those beyond the last MOST were overwritten, and so was all before them in a chain. */
static uint64_t find(const struct vmp_datagrams *datagrams, uint64_t key)
{
	uint64_t number = datagrams->heads[key % MOST];

	while (number > 0 && number + MOST > datagrams->n) {
		const struct datagram *each = &datagrams->v[(number - 1) % MOST];

		if (each->key == key)
			return number;
		number = each->before;
	}
	return 0;
}

static bool is_whole(const struct datagram *datagram)
{
	return datagram->end > 0 && datagram->links == mix(datagram->key, datagram->end) - mix(datagram->key, 0);
}

/* A packet begins. */
static struct datagram *begin(struct vmp_datagrams *datagrams, uint64_t key, bool again)
{
	struct datagram *made = &datagrams->v[datagrams->n % MOST];
	uint64_t *head = &datagrams->heads[key % MOST];

	*made = (struct datagram){.key = key, .before = *head, .again = again};
	*head = ++datagrams->n;
	return made;
}

void vmp_datagrams_see(struct vmp_datagrams *datagrams, const struct vmp_sight *fragment)
{
	uint64_t key = key_of(fragment, fragment->hop), number = find(datagrams, key), begins;
	struct datagram *of = number ? &datagrams->v[(number - 1) % MOST] : NULL;
	uint32_t to = fragment->first_byte + fragment->data_len;

	if (!of || is_whole(of) || fragment->ts_ns > of->last_ns + HELD_NS)
		of = begin(datagrams, key, of && fragment->ts_ns <= of->last_ns + AGAIN_NS);
	begins = 1ULL << fragment->first_byte / UNIT % PLACES;
	of->twice = of->twice || (of->begins & begins);
	of->begins |= begins;
	of->last_ns = fragment->ts_ns;
	of->links += mix(key, to) - mix(key, fragment->first_byte);
	if (!fragment->more_fragments)
		of->end = to;
}

enum vmp_datagram vmp_datagrams_ask(const struct vmp_datagrams *datagrams, const struct vmp_sight *fragment, int hop)
{
	uint64_t number = find(datagrams, key_of(fragment, hop));
	const struct datagram *of = &datagrams->v[(number - 1) % MOST];

	if (!number)
		return VMP_DATAGRAM_FORGOTTEN;
	if (is_whole(of) && !of->again)
		return VMP_DATAGRAM_WHOLE;
	return of->twice || of->again ? VMP_DATAGRAM_TWICE : VMP_DATAGRAM_PART;
}
