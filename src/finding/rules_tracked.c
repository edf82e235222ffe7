/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who fills the table of connections: evidence of whatever finding says that it is full. */
#include "finding/rules.h"

#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

enum { TOLD_MAX = 3 };

/* That it is full, nearly full, or refuses packets: all of these codes have the word. */
static bool is_about_table(const struct vmp_finding *finding)
{
	return strstr(finding->code, "conntrack") || strstr(finding->cause, "conntrack");
}

/* The largest that is smaller than the one told before; of equals the one after it. */
static const struct vmp_counter *next_largest(const struct vmp_run *run, const char *source, const struct vmp_counter *before)
{
	const struct vmp_counter *best = NULL;

	vmp_vec_foreach (counter, &run->gauges.counters) {
		bool later = !before || counter->after < before->after || (counter->after == before->after && counter > before);

		if (strcmp(counter->source, source) == 0 && counter->after_known && later && (!best || counter->after > best->after))
			best = counter;
	}
	return best;
}

static void tell(const struct vmp_run *run, struct vmp_finding *finding)
{
	const struct vmp_counter *counter = NULL;

	for (int i = 0; i < TOLD_MAX && (counter = next_largest(run, VMP_SOURCE_TRACKED_GUESTS, counter)); i++)
		vmp_finding_evidence(finding, "%llu of the %llu connections that the table can hold have %s at an end", (ull)counter->after,
				     (ull)counter->limit, counter->object);
	counter = NULL;
	for (int i = 0; i < TOLD_MAX && (counter = next_largest(run, VMP_SOURCE_TRACKED_STATES, counter)); i++)
		vmp_finding_evidence(finding, "%llu of them are %s", (ull)counter->after, counter->name);
}

int vmp_rule_tracked(struct vmp_run *run)
{
	vmp_vec_foreach (finding, &run->findings)
		if (is_about_table(finding))
			tell(run, finding);
	return 0;
}
