/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/filters.h"

#include "base/log.h"
#include "gauge/kernel_log.h"
#include "ruleset/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct vmp_warden_task tasks[] = {
	[VMP_TASK_LIST_RULES] = {vmp_ruleset_list, NULL},
	[VMP_TASK_LIST_TEXT] = {vmp_ruleset_list_text, NULL},
	[VMP_TASK_LIST_CHAINS] = {vmp_host_list_chains, NULL},
	[VMP_TASK_COUNT_TRACKED] = {vmp_host_count_tracked, NULL},
};

int vmp_trace_start_warden(struct vmp_trace *trace)
{
	struct vmp_err err = {0};

	if (!vmp_ruleset_is_built_in())
		vmp_run_note(&trace->run, "the rules of this host's packet filter are not read: this vmpath was built without libnftables");
	else if (vmp_warden_start(tasks, sizeof(tasks) / sizeof(*tasks), &trace->warden, &err) < 0)
		vmp_run_note(&trace->run, "the rules of this host's packet filter are not read: %s", err.message);
	return err.code == ENOMEM ? -ENOMEM : 0;
}

static struct vmp_ruleset_way way_of(const struct vmp_trace *trace)
{
	const struct vmp_path *path = &trace->run.path;
	int ifindex = path->switch_hop >= 0 ? path->hops.v[path->switch_hop].ifindex : 0;
	const struct vmp_link *bridge = ifindex ? vmp_host_link(&trace->host, ifindex) : NULL;

	return (struct vmp_ruleset_way){.path = path, .nic = vmp_run_nic(&trace->run), .bridged_ip = bridge && bridge->nf_call_iptables,
					.bridged_ip6 = bridge && bridge->nf_call_ip6tables};
}

/* Rules and base chains of one moment. */
struct look {
	struct vmp_buf json;
	vmp_base_chains bases;
};

static void look_clear(struct look *look)
{
	vmp_buf_clear(&look->json);
	vmp_vec_free(&look->bases);
}

/* Without the base chains the counters of policies, and devices where nft does not tell them, are not known, and no more than that. */
static int look_at(struct vmp_trace *trace, struct look *ret_look, struct vmp_err *err)
{
	struct vmp_buf chains = {0};
	struct vmp_err ignored = {0};
	int code = vmp_warden_ask(trace->warden, VMP_TASK_LIST_RULES, &ret_look->json, err);

	if (code == 0)
		code = vmp_warden_ask(trace->warden, VMP_TASK_LIST_CHAINS, &chains, &ignored);
	if (code == 0)
		code = vmp_host_parse_chains(chains.s, chains.len, &ret_look->bases, &ignored);
	if (ignored.code)
		vmp_run_note(&trace->run, "the policies of this host's packet filter are not known: %s", ignored.message);
	vmp_buf_clear(&chains);
	return err->code || code == -ENOMEM ? code : 0;
}

static void note_legacy(struct vmp_trace *trace, const struct vmp_ruleset_way *way)
{
	struct vmp_buf names = {0};

	if (trace->run.path.mode != VMP_PATH_ROUTED && !way->bridged_ip && !way->bridged_ip6)
		return;
	vmp_host_legacy_tables(&names);
	if (names.s && !names.oom)
		vmp_run_note(&trace->run, "iptables-legacy has tables too (%s), whose rules are not read: iptables-legacy-save -c shows them",
			     names.s);
	vmp_buf_clear(&names);
}

int vmp_trace_filters_before(struct vmp_trace *trace)
{
	struct vmp_ruleset_way way = way_of(trace);
	struct vmp_ruleset_look found = {0};
	struct look look = {0};
	struct vmp_err err = {0};
	int code;

	note_legacy(trace, &way);
	if (!trace->warden)
		return 0;
	code = look_at(trace, &look, &err);
	if (code == 0)
		code = vmp_ruleset_before(look.json.s ? look.json.s : "", look.json.len, &look.bases, &way, &trace->run.filters,
					  &trace->run.gauges, &found, &err);
	look_clear(&look);
	trace->filters_known = code == 0;
	if (code < 0)
		vmp_run_note(&trace->run, "the rules of this host's packet filter could not be read: %s", err.message);
	if (found.cut)
		vmp_run_note(&trace->run, "this host's packet filter has more rules than are kept: not all that drop are known");
	vmp_log(VMP_LOG_INFO, "packet filter: %zu rules, %zu of them drop and may meet this guest's packets", found.rules,
		trace->run.filters.n);
	return code == -ENOMEM ? code : 0;
}

/* The words of the rules are asked for only when one of them did something. */
static int name_rules(struct vmp_trace *trace)
{
	struct vmp_buf text = {0};
	struct vmp_err err = {0};
	bool any = false;
	int code;

	vmp_vec_foreach (counter, &trace->run.gauges.counters)
		any = any || (strcmp(counter->source, "nft") == 0 && vmp_counter_grew(counter) > 0);
	if (!any)
		return 0;
	code = vmp_warden_ask(trace->warden, VMP_TASK_LIST_TEXT, &text, &err);
	if (code == 0)
		code = vmp_ruleset_name(text.s, text.len, &trace->run.filters, &trace->run.gauges);
	else
		vmp_log(VMP_LOG_INFO, "the words of the packet filter's rules are not known: %s", err.message);
	vmp_buf_clear(&text);
	return code == -ENOMEM ? code : 0;
}

int vmp_trace_filters_after(struct vmp_trace *trace)
{
	struct look look = {0};
	struct vmp_err err = {0};
	int code;

	if (!trace->warden || !trace->filters_known || trace->run.filters.n == 0)
		return 0;
	code = look_at(trace, &look, &err);
	if (code == 0)
		code = vmp_ruleset_after(look.json.s ? look.json.s : "", look.json.len, &look.bases, &trace->run.gauges, &err);
	look_clear(&look);
	if (code < 0)
		vmp_run_note(&trace->run, "what the rules of this host's packet filter counted could not be read after the window: %s", err.message);
	else
		code = name_rules(trace);
	return code == -ENOMEM ? code : 0;
}

void vmp_trace_log_before(struct vmp_trace *trace)
{
	struct vmp_err err = {0};

	if (vmp_host_open_log(&trace->log_fd, &err) < 0)
		vmp_run_note(&trace->run, "what the kernel logs meanwhile is not known: %s", err.message);
}

int vmp_trace_log_after(struct vmp_trace *trace)
{
	struct vmp_buf records = {0};
	struct vmp_err err = {0};
	bool missed = false;
	int code = 0;

	if (trace->log_fd < 0)
		return 0;
	if (vmp_host_read_log(trace->log_fd, &records, &missed, &err) < 0)
		vmp_run_note(&trace->run, "what the kernel logged meanwhile is not known: %s", err.message);
	if (missed)
		vmp_run_note(&trace->run, "the kernel logged more in the window than could be read");
	if (records.oom || (records.s && vmp_gauge_kernel_log(&trace->run.gauges, &trace->run.path, records.s, records.len) < 0))
		code = -ENOMEM;
	vmp_buf_clear(&records);
	return code;
}
