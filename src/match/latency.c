/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/latency.h"

#define SLOW_NS    1000000U /* between two devices of a host without a queue that waits it is abnormal */
#define SLOW_TIMES 10

/* Sixteen buckets to each power of two; below 16 ns one for each value. */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int top;

	if (ns < 16)
		return (unsigned int)ns;
	top = 63U - (unsigned int)__builtin_clzll(ns);
	top = (top - 3) * 16 + (unsigned int)((ns >> (top - 4)) & 15);
	return top < VMP_LATENCY_BUCKETS ? top : VMP_LATENCY_BUCKETS - 1;
}

/* The upper end of a bucket. */
static double bucket_ns(unsigned int bucket)
{
	unsigned int power = bucket / 16 + 3;

	if (bucket < 16)
		return bucket;
	return (double)((17ULL + bucket % 16) << (power - 4));
}

void vmp_latency_add(struct vmp_latencies *latencies, uint64_t ns)
{
	latencies->n++;
	latencies->bucket[bucket_of(ns)]++;
	if (ns > latencies->max_ns)
		latencies->max_ns = ns;
}

void vmp_latency_note(struct vmp_latencies *latencies, uint64_t packet_id, uint64_t seen_ns, uint64_t ns)
{
	size_t at = latencies->n_slow, most = latencies->slow_ns ? VMP_SLOW_MOST : VMP_SLOW_FEW;

	if (ns < latencies->slow_ns)
		return;
	latencies->took_long += latencies->slow_ns > 0;
	if (at == most && ns <= latencies->slow[at - 1].latency_ns)
		return;
	if (at == most)
		at--;
	else
		latencies->n_slow++;
	for (; at > 0 && latencies->slow[at - 1].latency_ns < ns; at--)
		latencies->slow[at] = latencies->slow[at - 1];
	latencies->slow[at] = (struct vmp_slow){packet_id, seen_ns, ns};
}

static unsigned int octave_of(unsigned int bucket)
{
	unsigned int octave = 0;

	if (bucket >= 16)
		return bucket / 16 + 3;
	while (bucket >> (octave + 1))
		octave++;
	return octave;
}

static double percentile_us(const struct vmp_latencies *latencies, unsigned int percent)
{
	uint64_t rank = (latencies->n * percent + 99) / 100, sum = 0;

	for (unsigned int i = 0; i < VMP_LATENCY_BUCKETS; i++) {
		sum += latencies->bucket[i];
		if (sum >= rank) {
			double ns = bucket_ns(i);

			/* The last bucket holds all that is longer. */
			return (i == VMP_LATENCY_BUCKETS - 1 || ns > (double)latencies->max_ns ? (double)latencies->max_ns : ns) / 1e3;
		}
	}
	return (double)latencies->max_ns / 1e3;
}

struct vmp_latency vmp_latency_summary(const struct vmp_latencies *latencies)
{
	struct vmp_latency out = {.known = latencies->n > 0, .took_long = latencies->took_long};

	if (out.known) {
		out.p50_us = percentile_us(latencies, 50);
		out.p99_us = percentile_us(latencies, 99);
		out.max_us = (double)latencies->max_ns / 1e3;
	}
	for (unsigned int i = 0; i < VMP_LATENCY_BUCKETS; i++)
		out.octave[octave_of(i)] += latencies->bucket[i];
	for (; out.n_slow < latencies->n_slow; out.n_slow++) {
		const struct vmp_slow *slow = &latencies->slow[out.n_slow];

		if (!latencies->slow_ns && (slow->latency_ns < SLOW_NS || (double)slow->latency_ns < SLOW_TIMES * out.p50_us * 1e3))
			break;
		out.slow[out.n_slow] = *slow;
	}
	return out;
}
