/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that wait on this host, and arrive. */
#include "finding/rules.h"

#include <errno.h>

enum {
	LONG_OCTAVE = 22,       /* 2^22 ns, 4 ms: without a queue a packet takes microseconds, and some ten on a busy host */
	FEWEST = 10,            /* packets that took so long */
	OF_HUNDRED = 10,        /* ... and of so many delivered */
	NAMED = 3,
};

static uint64_t count_from(const struct vmp_latency *latency, unsigned int octave)
{
	uint64_t n = 0;

	for (; octave < VMP_LATENCY_OCTAVES; octave++)
		n += latency->octave[octave];
	return n;
}

static int add_delay(struct vmp_run *run, const struct vmp_segment *segment, uint64_t slow)
{
	const struct vmp_latency *latency = &segment->latency;
	const char *from = vmp_run_hop_name(run, segment->from), *to = vmp_run_hop_name(run, segment->to);
	struct vmp_finding *finding =
		vmp_finding_add(&run->findings, "queueing", VMP_SEVERITY_INFO, VMP_CONFIDENCE_LIKELY,
				"queueing on the way to %s: from %s on packets take %.1f ms (p50), %.1f ms (p99), at most %.1f ms", to, from,
				latency->p50_us / 1e3, latency->p99_us / 1e3, latency->max_us / 1e3);

	if (!finding)
		return -ENOMEM;
	vmp_finding_place(finding, segment->direction, segment->from, segment->to);
	finding->packets = slow;
	vmp_finding_evidence(finding, "%llu of %llu packets took 4 ms or more between %s and %s; without a queue it is microseconds",
			     (unsigned long long)slow, (unsigned long long)count_from(latency, 0), from, to);
	for (size_t i = 0; i < latency->n_slow && i < NAMED; i++)
		vmp_finding_evidence(finding, "packet %llu took %.1f ms", (unsigned long long)latency->slow[i].packet_id,
				     (double)latency->slow[i].latency_ns / 1e6);
	vmp_finding_remedy(finding, "tc -s qdisc show dev %s", to);
	return 0;
}

int vmp_rule_queueing(struct vmp_run *run)
{
	vmp_vec_foreach (segment, &run->segments) {
		uint64_t slow = segment->latency.known ? count_from(&segment->latency, LONG_OCTAVE) : 0;

		if (slow >= FEWEST && slow * 100 >= count_from(&segment->latency, 0) * OF_HUNDRED && add_delay(run, segment, slow) < 0)
			return -ENOMEM;
	}
	return 0;
}
