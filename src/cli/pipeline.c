/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vmpath does, top to bottom. From a guest's name to its NIC and the NIC's backend device; from there through the
 * host to every uplink; a capture at each hop at once; privilege given up; the same packets found again at every hop;
 * what the kernel says it dropped, what the backend took, dropped and holds; and from all that what is wrong, where, why,
 * and what to do.
 */
#include "cli/pipeline.h"

#include "base/clock.h"
#include "base/log.h"
#include "cli/filters.h"
#include "cli/hints.h"
#include "cli/replay.h"
#include "domain/select.h"
#include "domain/xml.h"
#include "path/path.h"
#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVIDENCE_FREE_BYTES (64ULL << 20) /* free space to find where evidence is to be written */

typedef int step(struct vmp_trace *trace, struct vmp_err *err);

static step read_request, find_guest, read_host, choose_nic, walk_path, ask_filter, ask_guest, reserve_evidence,
	start_warden, open_points,
	ask_filter_again, watch_backend, watch_process, look_first, ask_drops,
	give_up_privilege, begin_evidence, watch, ask_guest_again, look_again, judge;

static step *const steps[] = {
	read_request,      /* options            -> address, filter                       */
	find_guest,        /* name               -> guest and its NICs          domain/   */
	read_host,         /* kernel             -> links, ports, FDB, routes   host/     */
	choose_nic,        /* -i, ADDRESS        -> the NIC that is meant       domain/   */
	walk_path,         /* NIC + host         -> hops                        path/     */
	ask_filter,        /* packet filter      -> addresses outside, ways by  host/ path/ */
	ask_guest,         /* --agent, ...       -> answers, not read yet       domain/   */
	reserve_evidence,  /* -w                 -> a folder kept whole         guard/    */
	start_warden,      /* packet filter      -> its rules, first look   guard/ ruleset/ */
	open_points,       /* hops               -> capture points, open        capture/  */
	ask_filter_again,  /* packet filter      -> translations known so far host/ path/ */
	watch_backend,     /* backend            -> its counters, first look    gauge/    */
	watch_process,     /* guest              -> its threads, first look     domain/   */
	look_first,        /* host's counters    -> gauges, before the window   host/ gauge/ */
	ask_drops,         /* kernel             -> which packets it drops, why cause/    */
	give_up_privilege, /* root               -> nobody, for good            guard/    */
	begin_evidence,    /* points             -> pcapng, one block each      evidence/ */
	watch,             /* frames             -> packets, sightings, fates   packet/ match/ */
	ask_guest_again,   /* --agent, ...       -> what is said of its inside  domain/   */
	look_again,        /* counters and state -> gauges, after the window    gauge/    */
	judge,             /* all of it          -> fates, findings, verdict    finding/  */
};

int vmp_pipeline_trace(struct vmp_trace *trace, const struct vmp_options *options, struct vmp_err *err)
{
	memset(trace, 0, sizeof(*trace));
	trace->options = options;
	trace->evidence_fd = trace->log_fd = -1;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int code = steps[i](trace, err);

		if (code < 0)
			return code;
	}
	return 0;
}

static int out_of_memory(struct vmp_err *err)
{
	return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
}

static int read_request(struct vmp_trace *trace, struct vmp_err *err)
{
	const struct vmp_options *options = trace->options;
	int words = options->domain_xml ? 0 : 1; /* the guest's name comes first unless a file stands for it */

	if (options->n_args < words)
		return vmp_err_set(err, EINVAL, "cli", NULL, "which guest? usage: vmpath trace GUEST [ADDRESS]; see vmpath list");
	if (options->n_args > words + 1)
		return vmp_err_set(err, EINVAL, "cli", options->args[words + 1],
				   "\"%s\" is one word too many: with --domain-xml no GUEST is given", options->args[words + 1]);
	if (options->n_args == words + 1) {
		if (vmp_ip_parse(options->args[words], &trace->run.address) < 0)
			return vmp_err_set(err, EINVAL, "cli", options->args[words],
					   "\"%s\" is not an IPv4 or IPv6 address (names are not looked up)", options->args[words]);
		trace->run.has_address = true;
	}
	if (options->domain_xml && (options->agent || options->qemu_monitor))
		return vmp_err_set(err, EINVAL, "cli", NULL, "--agent and --qemu-monitor ask through libvirt, which --domain-xml leaves out");
	if (options->filter && (vmp_capture_check_filter(options->filter, err) < 0 ||
				vmp_str_set(&trace->run.filter, options->filter) < 0))
		return err->code ? -err->code : out_of_memory(err);
	trace->run.promisc = options->promisc;
	trace->run.has_slow = options->has_slow;
	trace->run.slow_ns = options->slow_ns;
	return vmp_guard_check(err);
}

static int find_guest(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_guest *guest = &trace->run.guest;
	int code;

	if (trace->options->domain_xml)
		return vmp_domain_xml_read(trace->options->domain_xml, guest, &trace->domain_xml, err);
	code = vmp_domain_open(trace->options->uri, &trace->domain, err);
	if (code == 0)
		code = vmp_str_set(&trace->run.uri, vmp_domain_uri(trace->domain));
	if (code == 0)
		code = vmp_domain_find(trace->domain, trace->options->args[0], guest, &trace->domain_xml, err);
	if (code < 0)
		return code;
	if (guest->state == VMP_GUEST_SHUTOFF || guest->state == VMP_GUEST_CRASHED)
		return vmp_err_set(err, ESRCH, "cli", guest->name, "guest %s is not running (%s), so it has no path to trace; start it: "
				   "virsh start %s", guest->name, vmp_guest_state_name(guest->state), guest->name);
	return 0;
}

static int read_host(struct vmp_trace *trace, struct vmp_err *err)
{
	int code = vmp_host_open(&trace->reader, err);

	if (code == 0)
		code = vmp_host_read(trace->reader, &trace->host, err);
	if (code < 0)
		return code;
	if (vmp_str_set(&trace->run.host_name, trace->host.name) < 0 ||
	    vmp_host_learn_addresses(&trace->host, &trace->run.guest) < 0)
		return out_of_memory(err);
	return 0;
}

static int choose_nic(struct vmp_trace *trace, struct vmp_err *err)
{
	const struct vmp_ip *address = trace->run.has_address ? &trace->run.address : NULL;
	int code = vmp_nic_select(&trace->run.guest, trace->options->interface, address, &trace->run.nic, err);

	if (code == -EEXIST && address) {
		struct vmp_err none = {0};

		if (vmp_trace_which_nic(trace, address, &trace->run.nic, &none) == 0) {
			memset(err, 0, sizeof(*err));
			code = 0;
		}
	}
	return code;
}

static int walk_path(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_run *run = &trace->run;
	const struct vmp_nic *nic = vmp_run_nic(run);
	struct vmp_hints hints;
	int code;

	if (!nic->target)
		return vmp_err_set(err, ENODEV, "cli", run->guest.name, "interface %zu of guest %s cannot be traced: %s", run->nic + 1,
				   run->guest.name, nic->why_no_backend ? nic->why_no_backend : "it has no device on this host");
	vmp_hints_read(&hints, trace->domain);
	vmp_hints_for_nic(&hints, trace->domain, nic);
	hints.path.promisc = run->promisc;
	code = vmp_path_build(&run->guest, run->nic, &trace->host, &hints.path, &run->path, err);
	vmp_hints_clear(&hints);
	if (code == 0 && run->path.backend < 0)
		return vmp_err_set(err, ENODEV, "cli", nic->target, "the backend %s of guest %s is not on this host, or in another network "
				   "namespace; compare virsh domiflist with ip link", nic->target, run->guest.name);
	return code;
}

static bool follows_routed(const struct vmp_path *path)
{
	vmp_vec_foreach (hop, &path->hops)
		if (hop->routed && hop->observed != VMP_OBSERVED_NO)
			return true;
	return false;
}

static int read_tracking(struct vmp_trace *trace, struct vmp_tracking *ret_tracking, struct vmp_err *why)
{
	const struct vmp_nic *nic = vmp_run_nic(&trace->run);
	struct vmp_ip *addresses = calloc(nic->addresses.n + 1, sizeof(*addresses));
	int code;

	if (!addresses)
		return -ENOMEM;
	for (size_t i = 0; i < nic->addresses.n; i++)
		addresses[i] = nic->addresses.v[i].ip;
	code = vmp_host_read_tracking(addresses, nic->addresses.n, ret_tracking, why);
	free(addresses);
	return code == -ENOMEM ? code : 0;
}

/* What cannot be known of the packet filter's doings is said: packets alone tell of connections then, as they do of new ones. */
static int ask_filter(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_run *run = &trace->run;
	struct vmp_tracking tracking = {0};
	struct vmp_err why = {0};
	int code;

	if (!follows_routed(&run->path) || run->filter)
		return 0;
	code = read_tracking(trace, &tracking, &why);
	if (code == 0)
		code = vmp_path_add_outside(&run->path, vmp_run_nic(run), &tracking);
	if (code == 0 && why.code)
		vmp_run_note(run, "%s: how the guest's connections look outside is known from their packets only", why.message);
	if (code == 0 && run->path.flowtables)
		vmp_run_note(run, "this host has a flow table: packets that take it pass by its bridges, and are unsure there; a card that takes "
			     "over connections itself shows nothing of them at all");
	if (code == 0 && tracking.policies)
		vmp_run_note(run, "this host has IPsec policies: what they take leaves in another shape, so what is not seen outside is unsure");
	vmp_tracking_clear(&tracking);
	return code < 0 ? out_of_memory(err) : 0;
}

/* Now that the captures are open: of all connections that are made from here on the first packets are seen. */
static int ask_filter_again(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_run *run = &trace->run;
	struct vmp_tracking tracking = {0};
	struct vmp_err ignored = {0};
	uint64_t since_ns = vmp_clock_realtime_ns();
	int code;

	if (!follows_routed(&run->path))
		return 0;
	code = read_tracking(trace, &tracking, &ignored);
	if (code == 0)
		code = vmp_path_tracked(&run->path, vmp_run_nic(run), run->has_address ? &run->address : NULL, &tracking, since_ns,
					&trace->known);
	if (code == 0 && tracking.cut)
		vmp_run_note(run, "the guest has more than %zu translated connections: those of the rest are known from their packets only",
			     tracking.connections.n);
	vmp_tracking_clear(&tracking);
	return code < 0 ? out_of_memory(err) : 0;
}

/* Before the keeper is forked, which must not have to wait for the process that asks; and before captures are open, which would wait for it. */
static int ask_guest(struct vmp_trace *trace, struct vmp_err *err)
{
	return vmp_trace_ask_guest(trace, err);
}

static int ask_guest_again(struct vmp_trace *trace, struct vmp_err *err)
{
	return vmp_trace_ask_guest_again(trace) < 0 ? out_of_memory(err) : 0;
}

/* The folder's keeper is forked before there is any packet in memory that it could share. */
static int reserve_evidence(struct vmp_trace *trace, struct vmp_err *err)
{
	const char *dir = trace->options->write_dir;
	char *name;
	int code;

	if (!dir)
		return 0;
	code = vmp_evidence_check_space(dir, EVIDENCE_FREE_BYTES, err);
	if (code < 0)
		return code;
	name = vmp_evidence_name(trace->run.guest.name, vmp_clock_realtime_ns());
	if (!name)
		return out_of_memory(err);
	code = vmp_keeper_start(dir, name, &trace->keeper, &trace->evidence_fd, err);
	free(name);
	return code;
}

/* Like the keeper, before there is any packet. The first look comes before the window, so that all that is dropped in it is counted. */
static int start_warden(struct vmp_trace *trace, struct vmp_err *err)
{
	int code = vmp_trace_start_warden(trace);

	if (code == 0)
		code = vmp_trace_filters_before(trace);
	vmp_trace_log_before(trace);
	return code < 0 ? out_of_memory(err) : 0;
}

/* Nothing passes a device that is down: no capture is needed there to see that. */
static bool says_backend_is_down(const struct vmp_path *path)
{
	vmp_vec_foreach (fact, &path->facts)
		if (strcmp(fact->code, "backend-down") == 0)
			return true;
	return false;
}

/* A point that could not be opened is a hop that is not observed, and why. */
static int mark_unopened(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_run *run = &trace->run;

	for (size_t i = 0; i < run->points.n; i++) {
		struct vmp_point *point = &run->points.v[i];
		struct vmp_hop *hop = &run->path.hops.v[trace->point_hops[i]];

		if (point->opened)
			continue;
		if (trace->point_hops[i] == run->path.backend && says_backend_is_down(&run->path)) {
			trace->backend_down = true;
			continue;
		}
		if (trace->point_hops[i] == run->path.backend)
			return vmp_err_set(err, ENODEV, "capture", point->name, "the backend %s cannot be observed: %s", point->name,
					   point->why_not ? point->why_not : "it could not be opened");
		hop->observed = VMP_OBSERVED_NO;
		if (vmp_str_set(&hop->why, point->why_not) < 0)
			return out_of_memory(err);
	}
	return 0;
}

/* A filter speaks of addresses; beyond this host's routing they may be others. */
static int pass_over_translated(struct vmp_run *run, struct vmp_err *err)
{
	vmp_vec_foreach (hop, &run->path.hops) {
		if (!hop->routed || !run->filter)
			continue;
		hop->observed = VMP_OBSERVED_NO;
		if (vmp_str_set(&hop->why, "this host routes and may translate before it: what --filter says may not hold there") < 0)
			return out_of_memory(err);
	}
	return 0;
}

static int open_points(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_capture_conf conf = {.buffer_bytes = trace->options->buffer_kib * 1024U};
	struct vmp_run *run = &trace->run;
	int code;

	trace->hop_points = calloc(run->path.hops.n, sizeof(*trace->hop_points));
	trace->point_hops = calloc(run->path.hops.n, sizeof(*trace->point_hops));
	if (!trace->hop_points || !trace->point_hops)
		return out_of_memory(err);
	code = pass_over_translated(run, err);
	if (code < 0)
		return code;
	code = vmp_path_points(&run->path, vmp_run_nic(run), run->has_address ? &run->address : NULL, run->filter, run->promisc,
			       &run->points, trace->hop_points, err);
	if (code < 0)
		return code;
	for (size_t i = 0; i < run->path.hops.n; i++) {
		const struct vmp_link *link = vmp_host_link(&trace->host, run->path.hops.v[i].ifindex);
		int point = trace->hop_points[i];

		if (point < 0)
			continue;
		trace->point_hops[point] = run->points.v[point].hop = (int)i;
		run->points.v[point].has_mac = link != NULL;
		if (link)
			run->points.v[point].mac = link->mac;
	}
	vmp_trace_catch_signals();
	code = vmp_capture_open(&run->points, &conf, &trace->capture, err);
	return code < 0 ? code : mark_unopened(trace, err);
}

static int watch_backend(struct vmp_trace *trace, struct vmp_err *err)
{
	const struct vmp_hop *hop = &trace->run.path.hops.v[trace->run.path.backend];
	const struct vmp_link *link = vmp_host_link(&trace->host, hop->ifindex);
	struct vmp_backend_reading reading = {0};
	int code = vmp_counter_open(hop->ifindex, hop->to_guest, &trace->counter, err);

	if (code == 0)
		code = vmp_host_read_stats(trace->reader, hop->ifindex, &reading.before, err);
	if (code == 0)
		code = vmp_counter_read(trace->counter, &reading.given, err);
	if (code == 0)
		code = vmp_host_read_stats(trace->reader, hop->ifindex, &reading.after, err);
	if (code < 0)
		return code;
	reading.at_ns = vmp_clock_monotonic_ns();
	vmp_backend_begin(&trace->backend, hop, link ? link->txqueuelen : 0, &reading);
	trace->backend_watched = true;
	return vmp_gauge_before(&trace->run.gauges, &trace->run.path, &trace->host) < 0 ? out_of_memory(err) : 0;
}

/* Without the process, as of a Xen guest, the guest's use of CPUs is not known; nothing else depends on it. */
static int watch_process(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_err why = {0};
	int code = vmp_process_find(&trace->run.guest, &trace->process, &why);

	if (code == -ENOMEM)
		return out_of_memory(err);
	if (code < 0) {
		vmp_log(VMP_LOG_INFO, "%s: whether its processors waited for a CPU is not known", why.message);
		return 0;
	}
	return vmp_process_read(trace->process, false, &trace->run.gauges) < 0 ? out_of_memory(err) : 0;
}

static int ask_drops(struct vmp_trace *trace, struct vmp_err *err)
{
	return vmp_trace_ask_drops(trace, err);
}

/* A file that is not there counts nothing here; one that may not be read is a gap, and is said. */
static void note_unread(struct vmp_run *run, const struct vmp_reading *reading)
{
	vmp_vec_foreach (file, &reading->files)
		if (file->error && file->error != ENOENT)
			vmp_run_note(run, "%s could not be read, so what it counts is not known: %s", file->path, strerror(file->error));
}

static int look_first(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_run *run = &trace->run;
	int code;

	if (vmp_gauge_wants(&run->path, &trace->reading) < 0)
		return out_of_memory(err);
	code = vmp_host_counters_open(trace->reader, &trace->reading, &trace->counters, err);
	if (code == 0)
		code = vmp_host_counters_read(trace->counters, &trace->reading, err);
	if (code < 0)
		return code;
	note_unread(run, &trace->reading);
	return vmp_gauge_take(&run->gauges, &trace->reading, VMP_GAUGE_BEFORE) < 0 ? out_of_memory(err) : 0;
}

static int give_up_privilege(struct vmp_trace *trace, struct vmp_err *err)
{
	(void)trace;
	return vmp_guard_drop(err);
}

static int begin_evidence(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_evidence_conf conf = {.payload_bytes = trace->options->payload_bytes};

	return trace->keeper ? vmp_evidence_open(trace->evidence_fd, &trace->run, &conf, &trace->evidence, err) : 0;
}

static int watch(struct vmp_trace *trace, struct vmp_err *err)
{
	return vmp_trace_watch(trace, err);
}

/* What is told of a migration holds for the whole window, also when it ended within. */
static int read_state_again(struct vmp_trace *trace)
{
	struct vmp_guest *guest = &trace->run.guest;
	bool job_was_active = guest->job_active;
	char *job_before = guest->job;
	struct vmp_err ignored = {0};
	int code;

	if (!trace->domain || !guest->uuid)
		return 0;
	guest->has_state_before = true;
	guest->state_before = guest->state;
	guest->reason_before = guest->state_reason;
	guest->state_reason = guest->job = NULL;
	code = vmp_domain_state(trace->domain, guest, &ignored);
	if (code == -ENOENT)
		guest->state = VMP_GUEST_SHUTOFF;
	else if (code < 0)
		vmp_run_note(&trace->run, "the guest's state could not be asked again: %s", ignored.message);
	guest->job_active |= job_was_active;
	if (guest->job_active)
		vmp_run_note(&trace->run, "a job of the guest (migration, save, ...) was active: results across a migration are not comparable");
	if (!guest->job)
		guest->job = job_before;
	else
		free(job_before);
	return code == -ENOMEM ? code : 0;
}

static int look_again(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_run *run = &trace->run;
	struct vmp_host after = {0};
	struct vmp_err ignored = {0};

	if (read_state_again(trace) < 0 || (trace->process && vmp_process_read(trace->process, true, &run->gauges) < 0))
		return out_of_memory(err);
	if (vmp_host_read(trace->reader, &after, &ignored) == 0)
		vmp_gauge_after(&run->gauges, &after);
	else
		vmp_run_note(run, "the counters after the window could not be read: %s", ignored.message);
	vmp_host_clear(&after);
	if (vmp_host_counters_read(trace->counters, &trace->reading, err) < 0)
		return -err->code;
	if (vmp_gauge_take(&run->gauges, &trace->reading, VMP_GAUGE_AFTER) < 0 || vmp_trace_filters_after(trace) < 0 ||
	    vmp_trace_log_after(trace) < 0 || vmp_trace_count_tracked(trace) < 0)
		return out_of_memory(err);
	if (vmp_backend_finish(&trace->backend, &run->gauges.backend) < 0 || vmp_match_learned(trace->match, run) < 0)
		return out_of_memory(err);
	return trace->evidence ? vmp_evidence_keep_run(trace->evidence, run, err) : 0;
}

static int judge(struct vmp_trace *trace, struct vmp_err *err)
{
	if (trace->run.left_out)
		vmp_run_note(&trace->run, VMP_REPLAY_LEFT_OUT, (unsigned long long)trace->run.left_out);
	return vmp_replay_conclude(trace->match, &trace->run, err);
}

int vmp_pipeline_publish(struct vmp_trace *trace, char **ret_folder, struct vmp_err *err)
{
	struct vmp_report_style plain = {.verbose = true, .utf8 = true};
	struct vmp_buf text = {0}, json = {0};
	int code = 0;

	*ret_folder = NULL;
	if (!trace->evidence)
		return 0;
	if (vmp_format_find("text")->trace(&trace->run, &plain, &text) < 0 ||
	    vmp_format_find("json")->trace(&trace->run, &plain, &json) < 0)
		code = out_of_memory(err);
	if (code == 0) {
		struct vmp_evidence_file files[] = {
			{"report.json", json.s, json.len},
			{"report.txt", text.s, text.len},
			{"domain.xml", trace->domain_xml, strlen(trace->domain_xml)},
		};

		code = vmp_evidence_finish(trace->evidence, &trace->run, files, sizeof(files) / sizeof(*files), err);
	}
	if (code == 0)
		code = vmp_keeper_publish(trace->keeper, ret_folder, err);
	vmp_buf_clear(&text);
	vmp_buf_clear(&json);
	return code;
}

void vmp_pipeline_end(struct vmp_trace *trace)
{
	vmp_trace_end_drops(trace);
	vmp_match_free(trace->match);
	vmp_evidence_close(trace->evidence);
	vmp_keeper_end(trace->keeper);
	if (trace->log_fd >= 0)
		close(trace->log_fd);
	vmp_warden_end(trace->warden);
	vmp_counter_close(trace->counter);
	vmp_host_counters_close(trace->counters);
	vmp_reading_clear(&trace->reading);
	vmp_capture_close(trace->capture);
	vmp_host_clear(&trace->host);
	vmp_vec_free(&trace->known);
	vmp_host_close(trace->reader);
	vmp_inquiry_end(trace->inquiry);
	vmp_process_free(trace->process);
	vmp_domain_close(trace->domain);
	free(trace->hop_points);
	free(trace->point_hops);
	free(trace->domain_xml);
	vmp_run_clear(&trace->run);
}
