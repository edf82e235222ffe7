/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sightings of the last moments in their order, and chains through them by hash: the oldest of a chain comes first. What is
 * done before its turn gives up its slot, and only its outcome stays in the order: most packets show up at the next hop at once, so
 * that few slots are in use, and those few stay in the processor's cache.
 */
#ifndef VMP_MATCH_POOL_H
#define VMP_MATCH_POOL_H

#include "base/hash.h"
#include "model/direction.h"
#include "model/fate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMP_POOL_NONE UINT32_MAX
#define VMP_POOL_DONE (UINT32_MAX - 1) /* in the order, but without a slot any more */

/* What a chain is hashed by besides the direction. */
enum vmp_chain {
	VMP_CHAIN_OPEN,         /* expected at a place; by fingerprint and place: waits for its other half */
	VMP_CHAIN_LATE,         /* the same ones after the settle time, as long as they are not decided */
	VMP_CHAIN_SPARE,        /* by fingerprint: seen at a hop without having been expected there */
	VMP_CHAIN_FLOW,         /* by flow and where it is: the same spare ones, for their bytes may be known in other pieces */
	VMP_CHAIN_DATA,         /* by flow and place: TCP data and UDP without ids, expected somewhere and not decided */
	VMP_CHAIN_SEEN,         /* by fingerprint: all that may have copies */
	VMP_CHAINS,
};

/* How a packet may be cut up between two hops, or put together. */
enum vmp_cut {
	VMP_CUT_NOT,            /* not at all, or nothing is known of how */
	VMP_CUT_TCP,            /* by its bytes (TSO, GSO, GRO) */
	VMP_CUT_UDP,            /* into datagrams (UDP GSO, GRO), or into fragments */
	VMP_CUT_WHOLE,          /* into fragments */
	VMP_CUT_FRAGMENT,       /* is one */
};

/* Where a sighting is, as far as others expect it there: a hop, or any of several parallel ones (join.c). */
typedef uint16_t vmp_place;

struct vmp_sight {
	uint64_t serial;        /* the pool's: its number in the order */
	uint64_t ts_ns;
	uint64_t since_ns;      /* this one, or an equal one seen since then, is what is missing; ts_ns: this one */
	uint64_t doubt_ns;      /* until when equal ones were open together with it; 0: none */
	struct vmp_hash128 id;
	uint64_t flow;          /* what pieces of it share: hash of addresses, and of ports (TCP) or a range of IP ids; 0: none */
	uint64_t packet_id;
	uint32_t wire_len, ip_len;
	uint32_t first_byte;    /* of the data: TCP sequence number, offset of a fragment */
	uint32_t payload_len;   /* of TCP and UDP; of a fragment as data_len */
	uint32_t data_len;      /* all that the IP packet carries */
	uint32_t used;          /* of a spare one's data: bytes that were given to open ones */
	uint32_t missing;       /* of a lost one: bytes */
	uint32_t ports;         /* both */
	uint32_t piece_len;     /* of a spare UDP one that is several: bytes of each; 0: not known */
	uint32_t try_key;       /* TCP: hash of what all pieces of one large packet have in common, and tries to send the same seldom */
	uint32_t ip_id;         /* of IPv6 that of fragments */
	int16_t hop, expect, next_hop;
	uint16_t tag;
	uint16_t connection;    /* from the guest on a routed path: its number there, 0: none */
	int16_t gateway;        /* ... and that of the next hop it waits for, -1: none */
	uint16_t home;          /* from the guest: the number of its destination among the homes, 0: none */
	vmp_place place;        /* where it is expected */
	vmp_place at;           /* where it is */
	uint8_t direction;
	uint8_t fate, why;
	uint8_t cut;            /* enum vmp_cut */
	bool is_tcp, is_ip4, has_timestamp, dont_fragment, more_fragments, is_tcp_fragment;
	bool crosses;           /* from the guest, about to be routed and translated */
	bool owed, unobserved, group, wrong_tag, usable, relevant, elsewhere;
	bool contested;         /* pieces found may as well be another's */
	bool proven;            /* all that its flow sent in this while was found, so it was too */
	bool partly;            /* lost, but for some of its bytes */
	bool hidden;            /* unsure: it would be lost if no point had lost frames */
	bool twin;              /* an equal one came in on a parallel way at about the same time */
	uint8_t cause;          /* of a lost one: number of the kind of drop that it died of, 0: not known */
	uint8_t on;             /* bit per chain it is on */
	struct {                /* last: not copied into the pool */
		uint32_t before, after;
	} link[VMP_CHAINS];
};

/* What stays of a sighting until its turn comes. */
struct vmp_outcome {
	uint64_t packet_id;
	int16_t next_hop;
	uint8_t fate;
	uint8_t why : 7;
	bool relevant : 1;
	uint8_t cause;
};

struct vmp_pool_ends {
	uint32_t head, tail;
};

/* Only pool.c changes it; it is here for what is asked of it many times for each frame. */
struct vmp_pool {
	struct vmp_sight *slots;
	size_t cap;             /* a power of two; chains have as many ends */
	size_t used, most;      /* slots in use */
	size_t fresh;           /* from here on never used yet */
	uint32_t free;          /* given up, linked by link[0].after */
	struct vmp_pool_ends *ends[VMP_CHAINS];
	uint32_t *order;        /* a ring: the slot of each, or VMP_POOL_DONE */
	struct vmp_outcome *outcomes; /* index-aligned; NULL when nobody asks for them */
	size_t order_cap;       /* a power of two */
	bool has_outcomes;
	uint64_t first, last;   /* serials: [first, last) are held, each at its serial modulo order_cap */
	uint64_t steps;         /* along chains so far: what hostile traffic could make many */
};

/*
 * most: sightings that are not done, held at once; eight times as many done ones are. outcomes: keep what became of these. NULL
 * without memory.
 */
struct vmp_pool *vmp_pool_new(size_t most, bool outcomes);

/* Free; NULL is allowed. */
void vmp_pool_free(struct vmp_pool *pool);

/* Append a sighting (copied). Returns its slot, or VMP_POOL_NONE when full or without memory. */
uint32_t vmp_pool_push(struct vmp_pool *pool, const struct vmp_sight *sight);

/* Append one that is done already: it gets no slot. Returns false when full or without memory. */
bool vmp_pool_pass(struct vmp_pool *pool, const struct vmp_sight *sight);

/* A sighting is done before its turn: it leaves its chains and its slot. */
void vmp_pool_release(struct vmp_pool *pool, uint32_t slot);

/* The sighting in a slot. Valid until the next push. */
static inline struct vmp_sight *vmp_pool_at(struct vmp_pool *pool, uint32_t slot)
{
	return &pool->slots[slot];
}

/* Slot of the oldest sighting; VMP_POOL_NONE when empty, VMP_POOL_DONE when it has none any more. */
uint32_t vmp_pool_oldest(const struct vmp_pool *pool);

/* Slot of the n-th oldest; VMP_POOL_NONE when there are fewer, VMP_POOL_DONE when it has none any more. */
static inline uint32_t vmp_pool_nth(const struct vmp_pool *pool, size_t n)
{
	return n < pool->last - pool->first ? pool->order[(pool->first + n) & (pool->order_cap - 1)] : VMP_POOL_NONE;
}

/* What became of the oldest. Only when there is one, and outcomes are kept. */
struct vmp_outcome vmp_pool_outcome(const struct vmp_pool *pool);

/* Remove the oldest, from its chains too. */
void vmp_pool_pop(struct vmp_pool *pool);

/* Put a sighting at the end of a chain; its hash decides which. Nothing happens when it is there already. */
void vmp_pool_chain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot);

/* Take it off the chain, if it is on it. */
void vmp_pool_unchain(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot);

/*
 * First slot of the chain where a sighting like this one at this place would be, then the next ones; or the last one, then those
 * before it. VMP_POOL_NONE at the end. Others whose hash is alike hang there too.
 */
uint32_t vmp_pool_first(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like, vmp_place place);
uint32_t vmp_pool_last(const struct vmp_pool *pool, enum vmp_chain chain, const struct vmp_sight *like, vmp_place place);
static inline uint32_t vmp_pool_next(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	pool->steps++;
	return pool->slots[slot].link[chain].after;
}

static inline uint32_t vmp_pool_previous(struct vmp_pool *pool, enum vmp_chain chain, uint32_t slot)
{
	pool->steps++;
	return pool->slots[slot].link[chain].before;
}

#endif
