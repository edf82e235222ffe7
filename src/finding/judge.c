/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All rules, in a table; then the worst first, then the one line that answers the call. */
#include "finding/finding.h"

#include "finding/rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static vmp_rule *const rules[] = {
	vmp_rule_path,
	vmp_rule_lost_in_host,
	vmp_rule_lost_at_down_device,
	vmp_rule_filter,
	vmp_rule_not_taken,
	vmp_rule_queue_drops,
	vmp_rule_guest_ignores_answers,
	vmp_rule_guest_silent,
	vmp_rule_guest_not_running,
	vmp_rule_driver,
	vmp_rule_short_of_cpu,
	vmp_rule_rx_queue,
	vmp_rule_rx_filter,
	vmp_rule_guest_address,
	vmp_rule_guest_route,
	vmp_rule_guest_drops,
	vmp_rule_foreign_macs,
	vmp_rule_lost_beyond_host,
	vmp_rule_answers_refused,
	vmp_rule_nothing_arrives,
	vmp_rule_capture_lost,
	vmp_rule_wrong_vni,
	vmp_rule_next_hop_silent,
	vmp_rule_queueing,
	vmp_rule_signs,
	/* Counters, those of the narrowest place first: the first that fits a loss is its cause. */
	vmp_rule_queue_disciplines,
	vmp_rule_conntrack,
	vmp_rule_neighbours,
	vmp_rule_ip,
	vmp_rule_udp_sockets,
	vmp_rule_nics,
	vmp_rule_softnet,
	vmp_rule_interrupts,
	vmp_rule_drops, /* after those that know more of the same: which rule, which table */
	vmp_rule_obstacles,
	vmp_rule_tracked,    /* with what says that the table is full */
	vmp_rule_kernel_log, /* last: with the findings that its lines belong to */
};

/* Findings that may become the verdict, those nearest to the source of a loss first; and the verdict's code for each. */
static const struct {
	const char *finding, *verdict;
} verdicts[] = {
	{"lost-in-host", "lost-in-host"},
	{"not-taken-by-guest", "not-taken-by-guest"},
	{"guest-silent", "guest-silent"},
	{"guest-ignores-answers", "not-taken-by-guest"},
	{"lost-beyond-host", "lost-beyond-host"},
	{"nothing-arrives", "nothing-arrives"},
};

enum { VERDICTS = sizeof(verdicts) / sizeof(*verdicts) };

static int verdict_order(const struct vmp_finding *finding)
{
	for (int i = 0; i < VERDICTS; i++)
		if (strcmp(finding->code, verdicts[i].finding) == 0)
			return i;
	return VERDICTS;
}

int vmp_rule_path(struct vmp_run *run)
{
	return vmp_finding_from_path(&run->path, &run->guest, vmp_run_nic(run), &run->findings);
}

static int compare_findings(const void *a, const void *b)
{
	const struct vmp_finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->confidence != y->confidence)
		return x->confidence > y->confidence ? -1 : 1;
	if (x->packets != y->packets)
		return x->packets > y->packets ? -1 : 1;
	return verdict_order(x) - verdict_order(y);
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

/* How much a finding speaks for itself: its packets, less where it is less sure. */
static double weight(const struct vmp_finding *finding)
{
	static const double trust[] = {
		[VMP_CONFIDENCE_WEAK] = 0.1, [VMP_CONFIDENCE_LIKELY] = 0.7, [VMP_CONFIDENCE_CERTAIN] = 1.0};

	return (double)finding->packets * trust[finding->confidence];
}

static const struct vmp_finding *heaviest(const struct vmp_run *run)
{
	const struct vmp_finding *best = NULL;

	vmp_vec_foreach (finding, &run->findings) {
		if (verdict_order(finding) == VERDICTS)
			continue;
		if (!best || weight(finding) > weight(best) ||
		    (weight(finding) >= weight(best) && verdict_order(finding) < verdict_order(best)))
			best = finding;
	}
	return best;
}

static int set_verdict(struct vmp_verdict *verdict, enum vmp_state state, const char *code, enum vmp_confidence confidence,
		       char *summary)
{
	if (!summary)
		return -ENOMEM;
	verdict->state = state;
	snprintf(verdict->code, sizeof(verdict->code), "%s", code);
	verdict->confidence = confidence;
	verdict->summary = summary;
	return 0;
}

static char *format_summary(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static char *format_summary(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	return len < 0 ? NULL : text;
}

static int verdict_from_finding(struct vmp_run *run, const struct vmp_finding *finding)
{
	struct vmp_verdict *verdict = &run->verdict;

	verdict->has_place = finding->has_place;
	verdict->direction = finding->direction;
	verdict->from = finding->from;
	verdict->to = finding->to;
	return set_verdict(verdict, finding->confidence == VMP_CONFIDENCE_WEAK ? VMP_STATE_INCONCLUSIVE : VMP_STATE_LOSS,
			   verdicts[verdict_order(finding)].verdict, finding->confidence, format_summary("%s", finding->summary));
}

struct totals {
	uint64_t offered, delivered, unsure;
	uint64_t to_guest, from_guest;  /* frames of the guest at any hop, for each direction the most at one hop */
	uint64_t followed_to, followed_from;    /* of these offered to the backend, and by it */
};

static struct totals sum_up(const struct vmp_run *run)
{
	struct totals totals = {0};

	vmp_vec_foreach (segment, &run->segments) {
		totals.offered += segment->offered;
		totals.delivered += segment->delivered;
		totals.unsure += segment->unsure;
		totals.followed_to += segment->to == run->path.backend ? segment->offered : 0;
		totals.followed_from += segment->from == run->path.backend && segment->direction == VMP_FROM_GUEST ? segment->offered : 0;
	}
	vmp_vec_foreach (seen, &run->seen) {
		if (seen->to_guest.packets > totals.to_guest)
			totals.to_guest = seen->to_guest.packets;
		if (seen->from_guest.packets > totals.from_guest)
			totals.from_guest = seen->from_guest.packets;
	}
	return totals;
}

/* A direction in which most of what was to be followed through this host could not be judged. */
static bool is_blind(const struct vmp_run *run, enum vmp_direction direction, uint64_t *ret_offered, uint64_t *ret_unsure)
{
	int guest = vmp_rules_hop(run, VMP_ROLE_GUEST);

	*ret_offered = *ret_unsure = 0;
	vmp_vec_foreach (segment, &run->segments) {
		if (segment->direction != direction || segment->to == guest)
			continue;
		*ret_offered += segment->offered;
		*ret_unsure += segment->unsure;
	}
	return *ret_unsure * 2 > *ret_offered;
}

static bool backend_vanished(const struct vmp_run *run)
{
	size_t backend = (size_t)run->path.backend;

	return run->path.backend >= 0 && backend < run->seen.n && run->seen.v[backend].has_point &&
	       run->points.v[run->seen.v[backend].point].vanished;
}

static int verdict_of_nothing(struct vmp_run *run)
{
	char ip[VMP_IP_STRLEN];
	const char *with = run->has_address ? " with " : "", *filter = run->filter ? " that the filter lets through" : "";

	return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, run->capture_whole ? "no-traffic" : "capture-incomplete",
			   VMP_CONFIDENCE_CERTAIN,
			   format_summary("no packet of this guest%s%s%s was seen%s", with,
					  run->has_address ? vmp_ip_format(&run->address, ip) : "", filter,
					  run->capture_whole ? " at any hop" : ", but the capture was not whole"));
}

/* Only frames to everybody came, and whether they were for this guest is not known: that shows no health. */
static int verdict_of_groups(struct vmp_run *run, uint64_t to_guest)
{
	int backend = run->path.backend;
	bool none = backend >= 0 && run->path.hops.v[backend].observed == VMP_OBSERVED_YES &&
		    run->seen.v[backend].to_guest.packets == 0;

	return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, "no-traffic", VMP_CONFIDENCE_CERTAIN,
			   format_summary("none of the guest's own traffic was seen, only %llu broadcasts or multicasts%s%s%s",
					  (ull)to_guest, none ? ", none of them at " : "", none ? vmp_run_hop_name(run, backend) : "",
					  none ? ": name the guest's ADDRESS to have them judged" : ""));
}

/* Nothing is lost as far as was seen: how far was that? */
static int verdict_without_loss(struct vmp_run *run)
{
	struct totals totals = sum_up(run);
	uint64_t offered, unsure;
	bool asked = false;

	vmp_vec_foreach (exchange, &run->exchanges)
		asked = asked || exchange->asked + exchange->pending > 0;
	if (totals.offered == 0 && totals.from_guest > 0 && totals.from_guest <= run->observations.foreign_source_mac)
		return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, "no-traffic", VMP_CONFIDENCE_CERTAIN,
				   format_summary("no packet with this interface's MAC was seen: the guest sends with another one"));
	if (totals.to_guest + totals.from_guest == 0)
		return verdict_of_nothing(run);
	if (totals.offered == 0 && totals.from_guest == 0)
		return verdict_of_groups(run, totals.to_guest);
	/* Of a live run the last hop always tells something; of captures it may be that no hop follows another. */
	if (run->foreign && totals.offered == 0)
		return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, "capture-incomplete", VMP_CONFIDENCE_CERTAIN,
				   format_summary("no packet could be followed from one capture to the next"));
	if (totals.offered == 0 && totals.to_guest == 0)
		return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, "nothing-arrives", VMP_CONFIDENCE_WEAK,
				   format_summary("the guest sends %llu packets, none is addressed to it%s", (ull)totals.from_guest,
						  asked ? ", and its questions are not old enough to judge" : ""));
	if (backend_vanished(run))
		return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, "capture-incomplete", VMP_CONFIDENCE_CERTAIN,
				   format_summary("%s vanished during the run: was the guest stopped, migrated or its interface unplugged?",
						  vmp_run_hop_name(run, run->path.backend)));
	if (totals.unsure * 2 > totals.offered)
		return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, "capture-incomplete", VMP_CONFIDENCE_CERTAIN,
				   format_summary("of %llu packets %llu cannot be judged", (ull)totals.offered, (ull)totals.unsure));
	/* What is missing there is all in the same time, of which nothing is known. */
	if (run->foreign && run->observations.clock_stepped && totals.unsure > 0)
		return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, "capture-incomplete", VMP_CONFIDENCE_CERTAIN,
				   format_summary("of %llu packets %llu cannot be judged: a clock was set while they were captured",
						  (ull)totals.offered, (ull)totals.unsure));
	for (enum vmp_direction d = VMP_TO_GUEST; d < VMP_DIRECTIONS; d++)
		if (is_blind(run, d, &offered, &unsure))
			return set_verdict(&run->verdict, VMP_STATE_INCONCLUSIVE, "capture-incomplete", VMP_CONFIDENCE_CERTAIN,
					   format_summary("of %llu packets %s the guest %llu cannot be judged", (ull)offered,
							  d == VMP_TO_GUEST ? "to" : "from", (ull)unsure));
	return set_verdict(&run->verdict, VMP_STATE_OK, "no-loss",
			   totals.unsure || !run->capture_whole ? VMP_CONFIDENCE_LIKELY : VMP_CONFIDENCE_CERTAIN,
			   format_summary("no loss%s: %llu packets to the guest and %llu from it were followed%s",
					  run->foreign ? "" : " on this host", (ull)totals.followed_to, (ull)totals.followed_from,
					  totals.unsure ? ", some of them unsure" : ""));
}

/* Where nothing could be followed, what is known to be broken is the better answer. */
static int name_what_is_broken(struct vmp_run *run)
{
	const struct vmp_finding *worst = run->findings.n ? &run->findings.v[0] : NULL;
	char *summary;

	if (!worst || worst->severity != VMP_SEVERITY_CRITICAL || run->verdict.state != VMP_STATE_INCONCLUSIVE)
		return 0;
	summary = format_summary("%s; but %s", run->verdict.summary, worst->summary);
	if (!summary)
		return -ENOMEM;
	free(run->verdict.summary);
	run->verdict.summary = summary;
	run->verdict.has_place = worst->has_place;
	run->verdict.direction = worst->direction;
	run->verdict.from = worst->from;
	run->verdict.to = worst->to;
	return 0;
}

int vmp_finding_judge(struct vmp_run *run)
{
	const struct vmp_finding *finding;

	vmp_findings_clear(&run->findings);
	vmp_verdict_clear(&run->verdict);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i](run) < 0)
			return -ENOMEM;
	if (run->findings.n)
		qsort(run->findings.v, run->findings.n, sizeof(*run->findings.v), compare_findings);
	finding = heaviest(run);
	if (finding)
		return verdict_from_finding(run, finding);
	return verdict_without_loss(run) < 0 ? -ENOMEM : name_what_is_broken(run);
}

static enum vmp_severity worst(const vmp_findings *findings, bool *ret_any)
{
	enum vmp_severity severity = VMP_SEVERITY_INFO;

	*ret_any = findings->n > 0;
	vmp_vec_foreach (finding, findings)
		if (finding->severity > severity)
			severity = finding->severity;
	return severity;
}

int vmp_findings_exit_status(const vmp_findings *findings)
{
	bool any;

	return (int)worst(findings, &any);
}

int vmp_finding_exit_status(const struct vmp_run *run)
{
	int status = vmp_findings_exit_status(&run->findings);

	if (run->verdict.state == VMP_STATE_LOSS)
		return 2;
	/* What could not be looked at is 3, unless something is known to be wrong all the same. */
	return run->verdict.state == VMP_STATE_INCONCLUSIVE && status == 0 ? 3 : status;
}
