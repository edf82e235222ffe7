/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures made by anything, one a hop, judged as an expert would: who is the guest, whose clock is wrong by how much, what does
 * each file cover; then the same matcher and the same rules as in a trace.
 */
#include "cli/analyze.h"
#include "cli/foreign.h"

#include "base/clock.h"
#include "domain/select.h"
#include "domain/xml.h"
#include "finding/finding.h"
#include "guard/guard.h"
#include "packet/packet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A capture that has begun misses packets all the same for a moment: other processors do not know of it yet, and hand on what they had
 * in hand (seen: 10 packets of a flood, and 4 within 0.2 ms).
 */
#define BEGIN_MARGIN_NS   (50 * VMP_NS_PER_MS)

typedef int step(struct vmp_analysis *analysis, struct vmp_err *err);

static step read_sources, find_guest, open_files, give_up_privilege, survey, know_guest, build_path, begin_match,
	cover, sum_up, judge;

static step *const steps[] = {
	read_sources,      /* HOP=FILE ...       -> sources                               */
	find_guest,        /* --domain-xml, ...  -> guest, as far as it is said  domain/  */
	open_files,        /* sources            -> open files                  capture/  */
	give_up_privilege, /* root               -> nobody, for good            guard/    */
	survey,            /* files, read once   -> coverage, clocks, who       packet/   */
	know_guest,        /* who                -> MAC or addresses                      */
	build_path,        /* hop names          -> hops, points, homes                   */
	vmp_analyze_clocks, /* samples           -> one time                    match/    */
	begin_match,       /* hops               -> a matcher                   match/    */
	cover,             /* coverage           -> gaps                        match/    */
	vmp_analyze_match, /* files, read again  -> sightings, fates            packet/ match/ */
	sum_up,            /* fates              -> segments, exchanges         match/    */
	judge,             /* all of it          -> findings, verdict           finding/  */
};

static int out_of_memory(struct vmp_err *err)
{
	return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
}

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

/* HOP=FILE, or HOP=FILE:INTERFACE where no file has that whole name. */
static int read_source(struct vmp_source *source, const char *word, struct vmp_err *err)
{
	const char *equals = strchr(word, '='), *colon;

	if (!equals || equals == word || !equals[1])
		return vmp_err_set(err, EINVAL, "cli", word, "\"%s\" is not HOP=FILE; usage: vmpath analyze --address ADDRESS HOP=FILE ...",
				   word);
	source->hop = strndup(word, (size_t)(equals - word));
	source->path = strdup(equals + 1);
	if (!source->hop || !source->path)
		return out_of_memory(err);
	colon = strrchr(source->path, ':');
	if (colon && colon[1] && access(source->path, F_OK) != 0) {
		source->interface = strdup(colon + 1);
		if (!source->interface)
			return out_of_memory(err);
		source->path[colon - source->path] = '\0';
	}
	return 0;
}

static int read_sources(struct vmp_analysis *analysis, struct vmp_err *err)
{
	const struct vmp_options *options = analysis->options;

	if (!options->address && !options->mac && !options->domain_xml)
		return vmp_err_set(err, EINVAL, "cli", NULL, "whose packets? say --address ADDRESS, --mac MAC or --domain-xml FILE");
	if (options->n_args > VMP_ANALYZE_HOPS)
		return vmp_err_set(err, E2BIG, "cli", NULL, "at most %d files can be judged at once", VMP_ANALYZE_HOPS);
	for (int i = 0; i < options->n_args; i++) {
		int code;

		analysis->n_sources++;
		code = read_source(&analysis->sources[i], options->args[i], err);
		if (code < 0)
			return code;
		for (int k = 0; k < i; k++)
			if (strcmp(analysis->sources[k].hop, analysis->sources[i].hop) == 0)
				return vmp_err_set(err, EINVAL, "cli", analysis->sources[i].hop, "the hop %s is named twice",
						   analysis->sources[i].hop);
	}
	return 0;
}

static int find_guest(struct vmp_analysis *analysis, struct vmp_err *err)
{
	const struct vmp_options *options = analysis->options;
	struct vmp_run *run = &analysis->run;
	struct vmp_nic *nic;
	struct vmp_mac mac;
	int code = 0;

	if (options->address && vmp_ip_parse(options->address, &run->address) < 0)
		return vmp_err_set(err, EINVAL, "cli", options->address, "\"%s\" is not an IPv4 or IPv6 address", options->address);
	if (options->mac && vmp_mac_parse(options->mac, &mac) < 0)
		return vmp_err_set(err, EINVAL, "cli", options->mac, "\"%s\" is not a MAC", options->mac);
	run->has_address = options->address != NULL;
	run->has_slow = options->has_slow;
	run->slow_ns = options->slow_ns;
	if (options->domain_xml)
		code = vmp_domain_xml_read(options->domain_xml, &run->guest, NULL, err);
	if (code == 0 && options->domain_xml)
		code = vmp_nic_select(&run->guest, options->interface ? options->interface : options->mac,
				      run->has_address ? &run->address : NULL, &run->nic, err);
	if (code < 0)
		return code;
	nic = options->domain_xml ? &run->guest.nics.v[run->nic] : vmp_vec_add(&run->guest.nics);
	if (!nic || (!run->guest.name && vmp_str_set(&run->guest.name, options->address ? options->address : options->mac) < 0) ||
	    (!nic->type_name && vmp_str_set(&nic->type_name, "unknown") < 0))
		return out_of_memory(err);
	if (options->mac) {
		nic->has_mac = true;
		nic->mac = mac;
	}
	run->path.has_guest_mac = nic->has_mac;
	run->path.guest_mac = nic->mac;
	return run->has_address && vmp_nic_add_address(nic, &run->address, VMP_ADDRESS_OPERATOR) < 0 ? out_of_memory(err) : 0;
}

static int open_files(struct vmp_analysis *analysis, struct vmp_err *err)
{
	int code = vmp_hash_key_random(&analysis->key);

	if (code < 0)
		return vmp_err_set(err, -code, "cli", NULL, "no random numbers are to be had from the kernel: %s", strerror(-code));
	vmp_digest_key_make(&analysis->key, &analysis->digest_key);
	for (size_t i = 0; i < analysis->n_sources && code == 0; i++)
		code = vmp_savefile_open(analysis->sources[i].path, &analysis->sources[i].file, err);
	return code;
}

static int give_up_privilege(struct vmp_analysis *analysis, struct vmp_err *err)
{
	(void)analysis;
	return vmp_guard_drop(err);
}

/* ---- what the files say ------------------------------------------------------------------------------------------ */

static void choose_mac(struct vmp_analysis *analysis)
{
	struct vmp_nic *nic = &analysis->run.guest.nics.v[analysis->run.nic];
	size_t best = 0;

	for (size_t i = 1; i < VMP_SOURCE_VOTES; i++)
		if (analysis->votes[i].n > analysis->votes[best].n)
			best = i;
	if (analysis->run.path.has_guest_mac || analysis->votes[best].n == 0)
		return;
	nic->has_mac = analysis->run.path.has_guest_mac = true;
	nic->mac = analysis->run.path.guest_mac = analysis->votes[best].mac;
}

/* The last file first: there the guest's MAC is the guest's, whatever routes there are before it. */
static int survey(struct vmp_analysis *analysis, struct vmp_err *err)
{
	analysis->least_bytes = UINT32_MAX;
	for (size_t i = analysis->n_sources; i-- > 0;) {
		struct vmp_source *source = &analysis->sources[i];
		uint64_t offset;
		int code = vmp_analyze_survey(analysis, source, i + 1 == analysis->n_sources, err);

		if (code < 0)
			return code;
		if (source->least_bytes < analysis->least_bytes)
			analysis->least_bytes = source->least_bytes;
		if (vmp_savefile_cut_off(source->file, &offset))
			vmp_run_note(&analysis->run, "%s ends within a record (at byte %llu): what is whole before it was read", source->path,
				     (unsigned long long)offset);
		if (i + 1 == analysis->n_sources)
			choose_mac(analysis);
	}
	return 0;
}

static int know_guest(struct vmp_analysis *analysis, struct vmp_err *err)
{
	struct vmp_run *run = &analysis->run;
	const struct vmp_nic *nic = vmp_run_nic(run);
	static const struct vmp_mac stand_in = {{0x02, 0, 0, 0, 0, 1}};

	for (size_t i = 0; i < analysis->n_sources; i++) {
		const struct vmp_source *source = &analysis->sources[i];
		bool learned = i + 1 == analysis->n_sources && analysis->votes[0].n > 0; /* from this very file */
		bool routed = source->with_address > 0 && source->with_mac == 0 && !learned;

		if (!source->bare && !source->cooked && !routed)
			continue;
		if (!analysis->by_address)
			vmp_run_note(run, "packets are told by the guest's address: %s %s", source->path,
				     routed ? "does not show the guest's MAC" : "does not record all MACs");
		analysis->by_address = true;
	}
	if (!run->path.has_guest_mac && nic->addresses.n > 0)
		analysis->by_address = true;
	if (analysis->by_address && nic->addresses.n == 0)
		return vmp_err_set(err, EINVAL, "cli", NULL, "the captures do not show MACs at every hop, and which addresses the guest has they "
				   "do not tell either: say --address ADDRESS");
	if (!run->path.has_guest_mac) {
		run->path.has_guest_mac = true;
		run->path.guest_mac = stand_in;
	}
	return 0;
}

/* ---- the path ---------------------------------------------------------------------------------------------------- */

static struct vmp_hop *add_hop(struct vmp_path *path, const char *name, enum vmp_hop_kind kind, enum vmp_role role)
{
	struct vmp_hop *hop = vmp_vec_add(&path->hops);

	if (!hop || vmp_str_set(&hop->name, name) < 0)
		return NULL;
	hop->kind = kind;
	hop->role = role;
	hop->rank = (int)path->hops.n - 1;
	hop->shown = true;
	return hop;
}

/* Who was seen sending on the network side lives there; who was seen sending to the guest at its own hop alone does not. */
static int add_homes(struct vmp_path *path, const struct vmp_source *source, const struct vmp_source *before, int hop)
{
	for (size_t i = 0; i < VMP_SOURCE_MACS; i++) {
		struct vmp_home *home;
		uint64_t station = source->macs[i];

		if (!station || (before && vmp_source_has(before, station)))
			continue;
		home = vmp_vec_add(&path->homes);
		if (!home)
			return -ENOMEM;
		for (int k = 0; k < 6; k++)
			home->mac.b[k] = (uint8_t)(station >> (40 - 8 * k));
		home->hop = hop;
	}
	return 0;
}

static int add_point(struct vmp_run *run, const struct vmp_source *source)
{
	struct vmp_point *point = vmp_vec_add(&run->points);

	if (!point)
		return -ENOMEM;
	snprintf(point->name, sizeof(point->name), "%.*s", (int)sizeof(point->name) - 1, source->hop);
	point->opened = point->is_file = true;
	point->opened_ns = source->first_ns;
	point->tells_drops = source->tells_drops;
	point->received = source->frames + source->drops;
	point->dropped = source->drops;
	return 0;
}

static int build_path(struct vmp_analysis *analysis, struct vmp_err *err)
{
	struct vmp_run *run = &analysis->run;
	struct vmp_path *path = &run->path;
	size_t n = analysis->n_sources;

	path->mode = VMP_PATH_UNKNOWN;
	path->backend = (int)n;
	path->switch_hop = -1;
	if (!add_hop(path, "network", VMP_HOP_NETWORK, VMP_ROLE_NETWORK))
		return out_of_memory(err);
	for (size_t i = 0; i < n; i++) {
		struct vmp_hop *hop = add_hop(path, analysis->sources[i].hop, VMP_HOP_OTHER,
					      i + 1 == n ? VMP_ROLE_BACKEND : i == 0 ? VMP_ROLE_UPLINK : VMP_ROLE_TRANSIT);

		if (!hop || add_point(run, &analysis->sources[i]) < 0)
			return out_of_memory(err);
		hop->observed = VMP_OBSERVED_YES;
		hop->is_file = true;
		hop->to_guest = i + 1 == n ? VMP_DEV_OUT : VMP_DEV_IN;
	}
	if (!add_hop(path, "guest", VMP_HOP_GUEST, VMP_ROLE_GUEST))
		return out_of_memory(err);
	if (n > 1 && (add_homes(path, &analysis->sources[n - 2], NULL, (int)n - 1) < 0 ||
		      add_homes(path, &analysis->sources[n - 1], &analysis->sources[n - 2], -1) < 0))
		return out_of_memory(err);
	analysis->point_hops = calloc(n, sizeof(*analysis->point_hops));
	if (!analysis->point_hops)
		return out_of_memory(err);
	for (size_t i = 0; i < n; i++)
		analysis->point_hops[i] = (int)i + 1;
	return 0;
}

/* ---- matching ---------------------------------------------------------------------------------------------------- */

static int begin_match(struct vmp_analysis *analysis, struct vmp_err *err)
{
	struct vmp_run *run = &analysis->run;
	struct vmp_match_conf conf = {.settle_ns = VMP_FOREIGN_SETTLE_NS, .key = analysis->key, .has_address = run->has_address,
				      .address = run->address, .slow_ns = run->has_slow ? run->slow_ns : 0, .no_fates = true};

	run->offline = run->foreign = run->capture_whole = true;
	run->settle_ns = VMP_FOREIGN_SETTLE_NS;
	for (size_t i = 0; i < analysis->n_sources; i++) {
		const struct vmp_source *source = &analysis->sources[i];
		uint64_t first = vmp_analyze_time(source, source->first_ns), last = vmp_analyze_time(source, source->last_ns);

		if (source->frames == 0)
			continue;
		if (!run->started_ns || first < run->started_ns)
			run->started_ns = first;
		if (last > run->ended_ns)
			run->ended_ns = last;
	}
	run->lasted_ns = run->ended_ns - run->started_ns;
	conf.start_ns = run->started_ns;
	return vmp_match_new(&run->path, vmp_run_nic(run), analysis->point_hops, analysis->n_sources, &conf, &analysis->match, err);
}

/* A capture proves absence only while it ran, and while it missed nothing. */
static int cover(struct vmp_analysis *analysis, struct vmp_err *err)
{
	struct vmp_run *run = &analysis->run;

	(void)err;
	for (size_t i = 0; i < analysis->n_sources; i++) {
		const struct vmp_source *source = &analysis->sources[i];
		uint64_t from = source->has_start ? source->start_ns : source->first_ns;
		uint64_t to = source->has_end ? source->end_ns : source->last_ns;

		vmp_analyze_cover_doubts(analysis, i);
		if (source->apart || (i + 1 < analysis->n_sources && analysis->sources[i + 1].apart)) {
			vmp_match_gap(analysis->match, i, 0, UINT64_MAX, VMP_UNSURE_UNCOVERED);
			run->capture_whole = false;
			continue;
		}
		if (source->drops > 0) {
			vmp_match_gap(analysis->match, i, 0, UINT64_MAX, VMP_UNSURE_CAPTURE_LOSS);
			run->capture_whole = false;
		}
		if (source->back_ns > VMP_DISORDER_MOST_NS) {
			vmp_match_gap(analysis->match, i, 0, UINT64_MAX, VMP_UNSURE_CLOCK);
			vmp_run_note(run, "the times in %s go back by %.3f s: its clock was set while it was captured", source->path,
				     (double)source->back_ns / 1e9);
			run->observations.clock_stepped = true;
		}
		if (source->frames == 0 && !(source->has_start && source->has_end))
			continue; /* the classic case: see assume_coverage() */
		from = vmp_analyze_time(source, from);
		to = vmp_analyze_time(source, to);
		vmp_match_gap(analysis->match, i, 0, from + BEGIN_MARGIN_NS, VMP_UNSURE_UNCOVERED);
		/* The matcher waits for the settle time; who waits that long is past the end a little earlier. */
		vmp_match_gap(analysis->match, i, to + 1 + VMP_FOREIGN_SETTLE_NS - source->patience_ns, UINT64_MAX, VMP_UNSURE_UNCOVERED);
	}
	return 0;
}

/* ---- what it means ----------------------------------------------------------------------------------------------- */

static uint64_t seen_there(const struct vmp_run *run, const struct vmp_segment *segment)
{
	const struct vmp_hop_seen *seen = &run->seen.v[segment->to];

	return segment->direction == VMP_TO_GUEST ? seen->unicast_to_guest : seen->from_guest.packets;
}

/*
 * The operator's classic case: the next file shows nothing of this direction. If both captures ran at the same time, and an operator
 * who gives both says so, that is the loss, though where nothing was captured no file proves that it was open.
 */
static void assume_coverage(struct vmp_analysis *analysis)
{
	struct vmp_run *run = &analysis->run;

	vmp_vec_foreach (segment, &run->segments) {
		/* Both ends are files: of what lies beyond them there is no segment. */
		const struct vmp_source *a = &analysis->sources[segment->from - 1], *b = &analysis->sources[segment->to - 1];
		uint64_t uncovered = segment->unsure_why[VMP_UNSURE_UNCOVERED];
		bool told = b->has_start && b->has_end;

		if (segment->delivered > 0 || seen_there(run, segment) > 0 || a->apart || b->apart)
			continue;
		segment->assumed = !told && (segment->lost > 0 || uncovered > 0);
		if (told || uncovered == 0)
			continue;
		segment->lost += uncovered;
		segment->unsure -= uncovered;
		segment->unsure_why[VMP_UNSURE_UNCOVERED] = 0;
	}
}

static void forget_latencies(struct vmp_analysis *analysis)
{
	vmp_vec_foreach (segment, &analysis->run.segments) {
		int later = segment->from > segment->to ? segment->from : segment->to;

		if (!segment->latency.known)
			continue;
		if (vmp_analyze_is_unsteady(analysis, segment)) {
			segment->latency.known = false;
			vmp_run_note(&analysis->run, "how long packets take between %s and %s is not told: their clocks do not go steadily",
				     vmp_run_hop_name(&analysis->run, segment->from), vmp_run_hop_name(&analysis->run, segment->to));
		} else if (analysis->sources[later - 1].one_way) {
			segment->latency.known = false;
			vmp_run_note(&analysis->run, "how long packets take between %s and %s is not told: only packets in one direction are common "
				     "to both captures, so their clocks cannot be compared", vmp_run_hop_name(&analysis->run, segment->from),
				     vmp_run_hop_name(&analysis->run, segment->to));
		}
	}
}

static int sum_up(struct vmp_analysis *analysis, struct vmp_err *err)
{
	struct vmp_run *run = &analysis->run;

	if (vmp_match_report(analysis->match, run) < 0)
		return out_of_memory(err);
	assume_coverage(analysis);
	forget_latencies(analysis);
	for (size_t i = 0; i < analysis->n_sources; i++)
		if (analysis->sources[i].frames == 0)
			vmp_run_note(run, "%s holds no frame%s%s", analysis->sources[i].path, analysis->sources[i].interface ? " of " : "",
				     analysis->sources[i].interface ? analysis->sources[i].interface : "");
	vmp_run_note(run, "captures tell nothing of what the guest took: the segment from %s to the guest is not judged",
		     analysis->sources[analysis->n_sources - 1].hop);
	if (analysis->n_sources == 1)
		vmp_run_note(run, "one hop only: packets cannot be followed, questions and answers are all that is judged");
	return 0;
}

static int judge(struct vmp_analysis *analysis, struct vmp_err *err)
{
	return vmp_finding_judge(&analysis->run) < 0 ? out_of_memory(err) : 0;
}

static void end(struct vmp_analysis *analysis)
{
	vmp_match_free(analysis->match);
	for (size_t i = 0; i < analysis->n_sources; i++) {
		struct vmp_source *source = &analysis->sources[i];

		vmp_savefile_close(source->file);
		vmp_clock_sample_free(source->sample);
		free(source->hop);
		free(source->path);
		free(source->interface);
	}
	free(analysis->point_hops);
	free(analysis);
}

int vmp_analyze_files(const struct vmp_options *options, struct vmp_run *ret_run, struct vmp_err *err)
{
	struct vmp_analysis *analysis = calloc(1, sizeof(*analysis));
	int code = analysis ? 0 : out_of_memory(err);

	if (code < 0)
		return code;
	analysis->options = options;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && code >= 0; i++)
		code = steps[i](analysis, err);
	*ret_run = analysis->run;
	end(analysis);
	return code < 0 ? code : 0;
}
