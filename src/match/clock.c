/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
	SLOTS = 1 << 15, MOST = SLOTS / 2,
	SLICES = 16,            /* of the time in common, each with its own shortest delay */
	FEW = 8,                /* packets that are needed to see a drift */
	PARTS = 8,              /* a clock that was set more often is not followed */
};

#define NS_PER_MS       1000000LL
#define NEAR_NS         (1000 * NS_PER_MS) /* one way: delays up to this are taken for delays */
#define ONE_WAY_NS      (1 * NS_PER_MS)    /* ... and this is left for those that are shorter than all of the sample */
#define DRIFT_SEEN_NS   (10 * NS_PER_MS)   /* ... and a drift that adds up to less may be a queue that grows */
#define STRAGGLER_NS    200000LL
#define EARLY_NS        (1 * NS_PER_MS)    /* so much before it was sent is no inaccuracy of the clocks' comparison */
#define BOTH_WAYS_NS    1000000000ULL
#define TIME_MOST_NS    (1ULL << 62)       /* the year 2116; a later time is none */
#define APART_MOST_NS   (1ULL << 61)       /* 73 years: from a clock that was never set to one that is right, and more */
#define DRIFT_MOST      0.01               /* no clock goes so wrong */

struct seen {
	uint64_t id, ts_ns;
	uint8_t direction, devdir;
	bool used, repeated;
};

struct vmp_clock_sample {
	uint64_t mask;          /* ids with these bits zero are kept */
	size_t n;
	uint64_t both_ways;
	struct seen *slots;
};

/* A packet at both captures: when (network side), and how much later at the guest side. */
struct pair {
	int64_t at_ns, later_ns;
};

struct pairs {
	struct pair *v;
	size_t n;
};

struct vmp_clock_sample *vmp_clock_sample_new(void)
{
	struct vmp_clock_sample *sample = calloc(1, sizeof(*sample));

	if (sample)
		sample->slots = calloc(SLOTS, sizeof(*sample->slots));
	if (sample && !sample->slots) {
		free(sample);
		return NULL;
	}
	return sample;
}

void vmp_clock_sample_free(struct vmp_clock_sample *sample)
{
	if (!sample)
		return;
	free(sample->slots);
	free(sample);
}

static struct seen *slot_of(const struct vmp_clock_sample *sample, uint64_t id)
{
	size_t at = (size_t)(id >> 40) % SLOTS;

	while (sample->slots[at].used && sample->slots[at].id != id)
		at = (at + 1) % SLOTS;
	return &sample->slots[at];
}

/* Full: keep every second one. */
static bool thin_out(struct vmp_clock_sample *sample)
{
	struct seen *old = sample->slots, *slots = calloc(SLOTS, sizeof(*slots));

	if (!slots)
		return false;
	sample->slots = slots;
	sample->mask = sample->mask << 1 | 1;
	sample->n = 0;
	for (size_t i = 0; i < SLOTS; i++) {
		if (!old[i].used || (old[i].id & sample->mask))
			continue;
		*slot_of(sample, old[i].id) = old[i];
		sample->n++;
	}
	free(old);
	return true;
}

void vmp_clock_sample_add(struct vmp_clock_sample *sample, uint64_t id, uint64_t ts_ns, enum vmp_direction direction,
			  enum vmp_devdir devdir)
{
	struct seen *slot;

	if (id & sample->mask)
		return;
	slot = slot_of(sample, id);
	if (slot->used) {
		uint64_t apart = ts_ns > slot->ts_ns ? ts_ns - slot->ts_ns : slot->ts_ns - ts_ns;

		sample->both_ways += devdir != VMP_DEV_UNKNOWN && slot->devdir != VMP_DEV_UNKNOWN && devdir != slot->devdir &&
				     apart < BOTH_WAYS_NS;
		slot->repeated = true;
		return;
	}
	if (sample->n >= MOST) {
		if (!thin_out(sample) || (id & sample->mask))
			return;
		slot = slot_of(sample, id);
		if (sample->n >= MOST)
			return; /* ids with as many zero bits are no hashes */
	}
	*slot = (struct seen){.id = id, .ts_ns = ts_ns, .direction = (uint8_t)direction, .devdir = (uint8_t)devdir, .used = true};
	sample->n++;
}

uint64_t vmp_clock_sample_both_ways(const struct vmp_clock_sample *sample)
{
	return sample->both_ways;
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

static bool gather(const struct vmp_clock_sample *network, const struct vmp_clock_sample *guest, struct pairs pairs[2])
{
	uint64_t mask = network->mask | guest->mask;

	for (int direction = 0; direction < 2; direction++) {
		pairs[direction].v = calloc(MOST, sizeof(*pairs[direction].v));
		if (!pairs[direction].v)
			return false;
	}
	for (size_t i = 0; i < SLOTS; i++) {
		const struct seen *a = &network->slots[i], *b;
		struct pairs *to;
		uint64_t later;

		if (!a->used || a->repeated || (a->id & mask))
			continue;
		b = slot_of(guest, a->id);
		if (!b->used || b->repeated || b->direction != a->direction)
			continue;
		later = b->ts_ns - a->ts_ns;
		if (a->ts_ns >= TIME_MOST_NS || b->ts_ns >= TIME_MOST_NS || later + APART_MOST_NS > 2 * APART_MOST_NS)
			continue;
		to = &pairs[a->direction];
		to->v[to->n++] = (struct pair){(int64_t)a->ts_ns, (int64_t)later};
	}
	for (int direction = 0; direction < 2; direction++)
		if (pairs[direction].n)
			qsort(pairs[direction].v, pairs[direction].n, sizeof(struct pair), compare_pairs);
	return pairs[0].n + pairs[1].n > 0;
}

static int64_t without_drift(const struct pair *pair, double drift, int64_t ref_ns)
{
	return pair->later_ns - (int64_t)(drift * (double)(pair->at_ns - ref_ns));
}

/*
 * The bound that one direction gives: to the guest the least difference, from it the greatest. What is far off from all others
 * is another packet with the same identity.
 */
static int64_t bound(const struct pairs *pairs, int direction, double drift, int64_t ref_ns, int64_t *scratch)
{
	int64_t low, high;
	double far;

	for (size_t i = 0; i < pairs->n; i++)
		scratch[i] = without_drift(&pairs->v[i], drift, ref_ns);
	qsort(scratch, pairs->n, sizeof(*scratch), compare_times);
	low = scratch[pairs->n / 4];
	high = scratch[pairs->n * 3 / 4];
	far = 3 * (double)(high - low) + (double)STRAGGLER_NS;
	if (direction == VMP_TO_GUEST) {
		for (size_t i = 0; i < pairs->n; i++)
			if ((double)(low - scratch[i]) <= far)
				return scratch[i];
	} else {
		for (size_t i = pairs->n; i-- > 0;)
			if ((double)(scratch[i] - high) <= far)
				return scratch[i];
	}
	return low;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median slope between the bounds of all slices (Theil, Sen). False when there are too few packets for that. */
static bool slope(const struct pairs *pairs, int direction, double *ret_slope)
{
	double slopes[SLICES * SLICES / 2];
	struct pair best[SLICES];
	int n_slopes = 0, n = 0;

	if (pairs->n < FEW)
		return false;
	for (size_t s = 0; s < SLICES; s++) {
		size_t from = pairs->n * s / SLICES, to = pairs->n * (s + 1) / SLICES;

		if (from == to)
			continue;
		best[n] = pairs->v[from];
		for (size_t i = from; i < to; i++)
			if (direction == VMP_TO_GUEST ? pairs->v[i].later_ns < best[n].later_ns : pairs->v[i].later_ns > best[n].later_ns)
				best[n] = pairs->v[i];
		n++;
	}
	for (int i = 0; i < n; i++)
		for (int k = 0; k < i; k++)
			if (best[i].at_ns > best[k].at_ns)
				slopes[n_slopes++] = (double)(best[i].later_ns - best[k].later_ns) / (double)(best[i].at_ns - best[k].at_ns);
	if (n_slopes == 0)
		return false;
	qsort(slopes, (size_t)n_slopes, sizeof(*slopes), compare_doubles);
	*ret_slope = slopes[n_slopes / 2];
	return true;
}

static double drift_of(const struct pairs pairs[2])
{
	double sum = 0, one;
	int n = 0;

	for (int direction = 0; direction < 2; direction++) {
		if (slope(&pairs[direction], direction, &one)) {
			sum += one;
			n++;
		}
	}
	sum = n ? sum / n : 0;
	return sum < DRIFT_MOST && sum > -DRIFT_MOST ? sum : 0;
}

static void estimate_one_way(const struct pairs pairs[2], int64_t ref_ns, int64_t *scratch, struct vmp_clock_offset *offset)
{
	int direction = pairs[VMP_TO_GUEST].n ? VMP_TO_GUEST : VMP_FROM_GUEST;
	const struct pairs *only = &pairs[direction];
	int64_t sign = direction == VMP_TO_GUEST ? 1 : -1, delay = sign * bound(only, direction, 0, ref_ns, scratch);
	double drift = drift_of(pairs), sum = drift * (double)(only->v[only->n - 1].at_ns - ref_ns);

	offset->one_way = true;
	if (sum < (double)DRIFT_SEEN_NS && sum > -(double)DRIFT_SEEN_NS)
		drift = 0;
	if (delay >= 0 && delay < NEAR_NS && drift == 0)
		return;
	offset->corrects = true;
	offset->drift = drift;
	offset->offset_ns = bound(only, direction, drift, ref_ns, scratch) - sign * ONE_WAY_NS;
}

static void estimate(const struct pairs pairs[2], int64_t ref_ns, int64_t *scratch, struct vmp_clock_offset *offset)
{
	double drift = 0;
	int64_t most = bound(&pairs[VMP_TO_GUEST], VMP_TO_GUEST, drift, ref_ns, scratch);
	int64_t least = bound(&pairs[VMP_FROM_GUEST], VMP_FROM_GUEST, drift, ref_ns, scratch);

	if (least > most) {
		drift = drift_of(pairs);
		most = bound(&pairs[VMP_TO_GUEST], VMP_TO_GUEST, drift, ref_ns, scratch);
		least = bound(&pairs[VMP_FROM_GUEST], VMP_FROM_GUEST, drift, ref_ns, scratch);
	}
	offset->uncertainty_ns = (uint64_t)(most > least ? most - least : least - most) / 2;
	if (drift == 0 && least <= 0 && most >= 0)
		return;
	offset->corrects = true;
	offset->drift = drift;
	offset->offset_ns = least + (most - least) / 2;
}

static uint64_t longest(const struct pairs pairs[2], int64_t ref_ns, const struct vmp_clock_offset *offset)
{
	int64_t most = 0;

	for (int direction = 0; direction < 2; direction++) {
		for (size_t i = 0; i < pairs[direction].n; i++) {
			int64_t later = without_drift(&pairs[direction].v[i], offset->drift, ref_ns) - offset->offset_ns;

			if (direction == VMP_FROM_GUEST)
				later = -later;
			if (later > most)
				most = later;
		}
	}
	return (uint64_t)(most < NEAR_NS ? most : NEAR_NS);
}

/* ---- what does not fit ------------------------------------------------------------------------------------------- */

static bool fits(const struct pair *pair, int direction, int64_t ref_ns, const struct vmp_clock_offset *offset)
{
	int64_t later = without_drift(pair, offset->drift, ref_ns) - offset->offset_ns;

	if (direction == VMP_FROM_GUEST)
		later = -later;
	return later >= -EARLY_NS && later <= NEAR_NS;
}

/* Too many: the last one reaches from the first of them to the end. */
static void add_doubt(struct vmp_clock_offset *offset, const struct vmp_clock_doubt *doubt)
{
	struct vmp_clock_doubt *last;

	if (offset->n_doubts < VMP_CLOCK_DOUBTS) {
		offset->doubts[offset->n_doubts++] = *doubt;
		return;
	}
	last = &offset->doubts[VMP_CLOCK_DOUBTS - 1];
	last->packets += doubt->packets;
	last->network_from_ns = last->guest_from_ns = 0;
	last->network_to_ns = last->guest_to_ns = UINT64_MAX;
}

static uint64_t at_guest_ns(const struct pair *pair)
{
	return (uint64_t)pair->at_ns + (uint64_t)pair->later_ns;
}

static void widen(struct vmp_clock_doubt *doubt, const struct pair *pair)
{
	uint64_t network_ns = (uint64_t)pair->at_ns, guest_ns = at_guest_ns(pair);

	doubt->network_from_ns = network_ns < doubt->network_from_ns ? network_ns : doubt->network_from_ns;
	doubt->network_to_ns = network_ns > doubt->network_to_ns ? network_ns : doubt->network_to_ns;
	doubt->guest_from_ns = guest_ns < doubt->guest_from_ns ? guest_ns : doubt->guest_from_ns;
	doubt->guest_to_ns = guest_ns > doubt->guest_to_ns ? guest_ns : doubt->guest_to_ns;
}

/* From the last packet that fits before them to the first one after them nothing says how the clocks were. */
static void find_doubts(const struct pairs *pairs, int direction, int64_t ref_ns, struct vmp_clock_offset *offset)
{
	static const struct vmp_clock_doubt none = {.network_from_ns = UINT64_MAX, .guest_from_ns = UINT64_MAX};
	struct vmp_clock_doubt doubt = none;
	const struct pair *good = NULL;

	for (size_t i = 0; i < pairs->n; i++) {
		const struct pair *pair = &pairs->v[i];

		if (!fits(pair, direction, ref_ns, offset)) {
			doubt.packets++;
			widen(&doubt, pair);
			if (good)
				widen(&doubt, good);
			else
				doubt.network_from_ns = doubt.guest_from_ns = 0;
			continue;
		}
		if (doubt.packets > 0) {
			widen(&doubt, pair);
			add_doubt(offset, &doubt);
			doubt = none;
		}
		good = pair;
	}
	if (doubt.packets == 0)
		return;
	doubt.network_to_ns = doubt.guest_to_ns = UINT64_MAX;
	add_doubt(offset, &doubt);
}

static int64_t middle(int64_t a, int64_t b, int64_t c)
{
	int64_t low = a < b ? a : b, high = a < b ? b : a;

	return c < low ? low : c > high ? high : c;
}

static int64_t middle_of(const struct pair *first)
{
	return middle(first[0].later_ns, first[1].later_ns, first[2].later_ns);
}

static int64_t size_of(int64_t ns)
{
	return ns < 0 ? -ns : ns;
}

/* The greatest change from three packets to the next three: one packet that is late, or another than it seems, makes none. */
static void find_jump(const struct pairs pairs[2], struct vmp_clock_offset *offset)
{
	for (int direction = 0; direction < 2; direction++) {
		const struct pairs *of = &pairs[direction];

		for (size_t i = 3; i + 3 <= of->n; i++) {
			int64_t change = middle_of(&of->v[i]) - middle_of(&of->v[i - 3]);

			if (size_of(change) <= EARLY_NS || size_of(change) <= size_of(offset->jump_ns))
				continue;
			offset->jumped = true;
			offset->jump_ns = change;
			offset->jump_at_ns = (uint64_t)of->v[i].at_ns;
		}
	}
}

static void estimate_any(const struct pairs pairs[2], int64_t *ret_ref_ns, int64_t *scratch, struct vmp_clock_offset *offset)
{
	bool first = pairs[1].n == 0 || (pairs[0].n > 0 && pairs[0].v[0].at_ns < pairs[1].v[0].at_ns);

	*ret_ref_ns = pairs[first ? 0 : 1].v[0].at_ns;
	offset->corrects = offset->one_way = false;
	offset->offset_ns = 0;
	offset->drift = 0;
	offset->uncertainty_ns = 0;
	if (pairs[0].n && pairs[1].n)
		estimate(pairs, *ret_ref_ns, scratch, offset);
	else
		estimate_one_way(pairs, *ret_ref_ns, scratch, offset);
	offset->n_doubts = 0;
	for (int direction = 0; direction < 2; direction++)
		find_doubts(&pairs[direction], direction, *ret_ref_ns, offset);
}

/* Of what was seen before this time and what was seen from then on keep what is more. */
static void keep_larger(struct pairs pairs[2], uint64_t at_ns)
{
	size_t before[2] = {0};

	for (int direction = 0; direction < 2; direction++)
		while (before[direction] < pairs[direction].n && (uint64_t)pairs[direction].v[before[direction]].at_ns < at_ns)
			before[direction]++;
	if (before[0] + before[1] >= pairs[0].n + pairs[1].n - before[0] - before[1]) {
		pairs[0].n = before[0];
		pairs[1].n = before[1];
		return;
	}
	for (int direction = 0; direction < 2; direction++) {
		pairs[direction].v += before[direction];
		pairs[direction].n -= before[direction];
	}
}

/*
 * Where a clock was set, what lies before and after has an offset of its own, and one for both would be right for neither. So that of
 * the larger part is found, and the other is in doubt.
 */
static void estimate_parts(const struct pairs pairs[2], int64_t *scratch, struct vmp_clock_offset *offset)
{
	struct pairs part[2] = {pairs[0], pairs[1]};
	int64_t ref_ns;

	estimate_any(part, &ref_ns, scratch, offset);
	for (int i = 0; i < PARTS && offset->n_doubts > 0; i++) {
		struct vmp_clock_offset here = {0};

		find_jump(part, &here);
		if (!here.jumped)
			break;
		if (!offset->jumped) {
			offset->jumped = true;
			offset->jump_ns = here.jump_ns;
			offset->jump_at_ns = here.jump_at_ns;
		}
		keep_larger(part, here.jump_at_ns);
		estimate_any(part, &ref_ns, scratch, offset);
	}
	offset->n_doubts = 0;
	for (int direction = 0; direction < 2; direction++)
		find_doubts(&pairs[direction], direction, ref_ns, offset);
	offset->longest_ns = longest(pairs, ref_ns, offset);
	offset->ref_ns = (uint64_t)(ref_ns + offset->offset_ns);
}

bool vmp_clock_compare(const struct vmp_clock_sample *network, const struct vmp_clock_sample *guest,
		       struct vmp_clock_offset *ret_offset)
{
	struct pairs pairs[2] = {0};
	int64_t *scratch = calloc(MOST, sizeof(*scratch));
	bool known = scratch && gather(network, guest, pairs);

	memset(ret_offset, 0, sizeof(*ret_offset));
	if (known) {
		ret_offset->common[0] = pairs[0].n;
		ret_offset->common[1] = pairs[1].n;
		estimate_parts(pairs, scratch, ret_offset);
	}
	free(pairs[0].v);
	free(pairs[1].v);
	free(scratch);
	return known;
}
