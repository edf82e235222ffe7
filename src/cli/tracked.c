/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who fills the table of connections, when it is at least half full. */
#include "cli/filters.h"
#include "cli/hints.h"

#include <errno.h>
#include <stdio.h>

struct owners {
	const struct vmp_trace *trace;
	struct vmp_hints hints;
	struct vmp_gauges *gauges;
	uint64_t limit;
};

/* The guest whose address this is: by its own card, or by the MAC that the host's neighbours have for it. NULL: not known. */
static const char *owner_of(const struct owners *owners, const struct vmp_ip *ip)
{
	const struct vmp_run *run = &owners->trace->run;

	vmp_vec_foreach (nic, &run->guest.nics)
		if (vmp_nic_has_address(nic, ip))
			return run->guest.name;
	vmp_vec_foreach (neighbour, &owners->trace->host.neighbours) {
		if (!neighbour->has_mac || !vmp_ip_equal(&neighbour->ip, ip))
			continue;
		vmp_vec_foreach (guest, &owners->hints.guests)
			vmp_vec_foreach (nic, &guest->nics)
				if (nic->has_mac && vmp_mac_equal(&nic->mac, &neighbour->mac))
					return guest->name;
	}
	return NULL;
}

static int put(const struct owners *owners, const char *source, const char *object, const char *name, uint64_t entries)
{
	struct vmp_counter *counter = vmp_gauges_add(owners->gauges, source, object, name, VMP_COUNTER_FILLS);

	if (!counter)
		return owners->gauges->counters.n >= VMP_COUNTERS_MAX ? 0 : -ENOMEM;
	counter->after_known = counter->has_limit = true;
	counter->after += entries;
	counter->limit = owners->limit;
	return 0;
}

static int take_state(const char *name, uint64_t entries, void *arg)
{
	return put(arg, VMP_SOURCE_TRACKED_STATES, "", name, entries);
}

/* Several addresses of one guest are counted together. */
static int take_address(const struct vmp_ip *ip, uint64_t asks, uint64_t asked, void *arg)
{
	const struct owners *owners = arg;
	const char *owner = owner_of(owners, ip);
	char object[96];

	if (owner)
		snprintf(object, sizeof(object), "guest %s", owner);
	else
		vmp_ip_format(ip, object);
	return put(owners, VMP_SOURCE_TRACKED_GUESTS, object, "entries", asks + asked);
}

int vmp_trace_count_tracked(struct vmp_trace *trace)
{
	struct owners owners = {.trace = trace, .gauges = &trace->run.gauges};
	struct vmp_buf lines = {0};
	struct vmp_err err = {0};
	uint64_t count;
	int code;

	if (!trace->warden || !vmp_host_tracked_fill(&count, &owners.limit) || owners.limit == 0 || count < owners.limit / 2)
		return 0;
	code = vmp_warden_ask(trace->warden, VMP_TASK_COUNT_TRACKED, &lines, &err);
	if (code < 0) {
		vmp_run_note(&trace->run, "who fills the table of connections is not known: %s", err.message);
	} else {
		vmp_hints_read(&owners.hints, trace->domain);
		code = vmp_host_parse_count(lines.s, take_state, take_address, &owners);
		vmp_hints_clear(&owners.hints);
	}
	vmp_buf_clear(&lines);
	return code == -ENOMEM ? code : 0;
}
