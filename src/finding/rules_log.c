/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel logged about the path in the window: told with the finding that it belongs to, else by itself. */
#include "finding/rules.h"

#include <errno.h>
#include <string.h>

static bool is_about(const struct vmp_counter *counter, const char *name)
{
	return strcmp(counter->name, name) == 0;
}

/* A word of the codes, of findings or of their causes, that a line about a table belongs to. */
static const struct {
	const char *name, *word;
} tables[] = {
	{"table full", "conntrack"}, {"neighbour table overflow", "neighbour"}, {"neighbour table overflow", "next"},
};

static bool belongs(const struct vmp_run *run, const struct vmp_counter *counter, const struct vmp_finding *finding)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		if (is_about(counter, tables[i].name) && (strstr(finding->code, tables[i].word) || strstr(finding->cause, tables[i].word)))
			return true;
	/* A device's: with what is lost before or behind it. */
	return counter->ifindex && finding->has_place && finding->packets && finding->severity == VMP_SEVERITY_CRITICAL &&
	       ((finding->from >= 0 && run->path.hops.v[finding->from].ifindex == counter->ifindex) ||
		(finding->to >= 0 && run->path.hops.v[finding->to].ifindex == counter->ifindex));
}

static void tell(const struct vmp_counter *counter, struct vmp_finding *finding)
{
	/* The log is one for all network namespaces, and names devices as each of them does. */
	vmp_finding_evidence(finding, "the kernel logged in the window, of this network namespace or another: %s%s",
			     counter->text ? counter->text : counter->name,
			     vmp_counter_grew(counter) > 1 ? " (the first of several such lines)" : "");
}

static struct vmp_finding *find_own(struct vmp_run *run, const struct vmp_counter *counter)
{
	vmp_vec_foreach (finding, &run->findings)
		if (belongs(run, counter, finding))
			return finding;
	return NULL;
}

/* A card that hangs is wrong whatever else is seen; a table that was full may be another network namespace's. */
static bool is_wrong(const struct vmp_counter *counter)
{
	return is_about(counter, "transmit timeout") || is_about(counter, "hang");
}

int vmp_rule_kernel_log(struct vmp_run *run)
{
	struct vmp_finding *finding;

	vmp_vec_foreach (counter, &run->gauges.counters) {
		if (strcmp(counter->source, "kernel-log") != 0 || vmp_counter_grew(counter) == 0)
			continue;
		finding = find_own(run, counter);
		if (!finding) {
			finding = vmp_finding_add(&run->findings, "kernel-log", is_wrong(counter) ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO,
						  VMP_CONFIDENCE_LIKELY, "the kernel logged something about %s%s: %s",
						  counter->object[0] ? counter->object : "this host",
						  is_wrong(counter) ? ", which stopped sending" : "", counter->name);
			if (!finding)
				return -ENOMEM;
			vmp_finding_remedy(finding, "dmesg -T");
		}
		tell(counter, finding);
	}
	return 0;
}
