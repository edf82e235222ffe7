/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules over the host's counters ask of a run. */
#include "finding/rules_gauge.h"

#include <string.h>

typedef unsigned long long ull;

static bool is_among(const struct vmp_counter *counter, const char *source, int ifindex, const char *object, const char *name)
{
	return strcmp(counter->source, source) == 0 && (ifindex == 0 || counter->ifindex == ifindex) &&
	       (!object || strcmp(counter->object, object) == 0) && (!name || strcmp(counter->name, name) == 0);
}

uint64_t vmp_rules_grew(const struct vmp_run *run, const char *source, int ifindex, const char *object, const char *name,
			const struct vmp_counter **ret_most)
{
	const struct vmp_counter *most = NULL;
	uint64_t sum = 0;

	vmp_vec_foreach (counter, &run->gauges.counters) {
		uint64_t grew = counter->kind == VMP_COUNTER_MOVES ? vmp_counter_grew(counter) : 0;

		if (grew == 0 || !is_among(counter, source, ifindex, object, name))
			continue;
		sum += grew;
		if (!most || grew > vmp_counter_grew(most))
			most = counter;
	}
	if (ret_most)
		*ret_most = most;
	return sum;
}

uint64_t vmp_rules_lost(const struct vmp_segment *segment)
{
	return segment->lost + segment->unsure_lost;
}

/* The bridge's own device is on a routed guest's path what hands packets to its bridge. */
static enum vmp_devdir toward_guest(const struct vmp_run *run, int hop)
{
	if (hop < 0 || (size_t)hop >= run->path.hops.n)
		return VMP_DEV_UNKNOWN;
	return run->path.hops.v[hop].role == VMP_ROLE_SWITCH ? VMP_DEV_OUT : run->path.hops.v[hop].to_guest;
}

bool vmp_rules_leaves(const struct vmp_run *run, int hop, enum vmp_direction direction)
{
	return toward_guest(run, hop) == (direction == VMP_TO_GUEST ? VMP_DEV_OUT : VMP_DEV_IN);
}

bool vmp_rules_comes_in(const struct vmp_run *run, int hop, enum vmp_direction direction)
{
	return toward_guest(run, hop) == (direction == VMP_TO_GUEST ? VMP_DEV_IN : VMP_DEV_OUT);
}

bool vmp_rules_is_routed(const struct vmp_run *run, const struct vmp_segment *segment)
{
	return run->path.hops.v[segment->from].routed != run->path.hops.v[segment->to].routed;
}

bool vmp_rules_is_tracked(const struct vmp_run *run, const struct vmp_segment *segment)
{
	if (segment->to == vmp_rules_hop(run, VMP_ROLE_GUEST))
		return false;
	if (vmp_rules_is_routed(run, segment))
		return true;
	vmp_vec_foreach (fact, &run->path.facts)
		if (strcmp(fact->code, "bridge-nf-on") == 0)
			return true;
	return false;
}

bool vmp_rules_may_explain(const struct vmp_segment *segment, const char *const *reasons)
{
	vmp_vec_foreach (cause, &segment->causes)
		for (size_t i = 0; reasons[i]; i++)
			if (strncmp(cause->reason, reasons[i], strlen(reasons[i])) == 0)
				return true;
	return segment->causes.n == 0;
}

void vmp_rules_show(struct vmp_finding *finding, const struct vmp_counter *counter)
{
	const char *text = counter->text ? counter->text : "", *colon = counter->text ? ": " : "";

	vmp_finding_evidence(finding, "%s %s%s%s rose by %llu, from %llu to %llu%s%s", counter->source, counter->object,
			     counter->object[0] ? " " : "", counter->name, (ull)vmp_counter_grew(counter), (ull)counter->before,
			     (ull)counter->after, colon, text);
}

void vmp_rules_show_all(const struct vmp_run *run, struct vmp_finding *finding, const char *source, int ifindex)
{
	enum { MOST = 8 };
	size_t shown = 0, more = 0;

	vmp_vec_foreach (counter, &run->gauges.counters) {
		if (!is_among(counter, source, ifindex, NULL, NULL) || counter->kind != VMP_COUNTER_MOVES || vmp_counter_grew(counter) == 0)
			continue;
		if (shown < MOST)
			vmp_rules_show(finding, counter);
		else
			more++;
		shown++;
	}
	if (more)
		vmp_finding_evidence(finding, "%s: %zu more counters rose", source, more);
}

bool vmp_rules_level(const struct vmp_run *run, const char *source, const char *object, const char *name, uint64_t *ret_level)
{
	const struct vmp_counter *counter = vmp_gauges_counter(&run->gauges, source, object, name);

	if (!counter || (!counter->before_known && !counter->after_known))
		return false;
	*ret_level = counter->after_known ? counter->after : counter->before;
	return true;
}
