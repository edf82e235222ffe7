/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of this host that are full: of connections, and of neighbours. */
#include "finding/rules_gauge.h"

#include <errno.h>
#include <string.h>

typedef unsigned long long ull;

static const char *const create_reasons[] = {"NEIGH_CREATEFAIL", NULL};
static const char *const waiting_reasons[] = {"NEIGH_QUEUEFULL", "NEIGH_FAILED", NULL};

/* ---- connections ----------------------------------------------------------------------------------------------------- */

struct tracking {
	const struct vmp_counter *count;        /* NULL: not known */
	uint64_t dropped, early, failed;
	bool full, nearly;
};

static uint64_t highest(const struct vmp_counter *counter)
{
	uint64_t before = counter->before_known ? counter->before : 0, after = counter->after_known ? counter->after : 0;

	return before > after ? before : after;
}

/*
 * Kernel, nf_conntrack_core.c: beyond nf_conntrack_max one that was not answered is thrown out for a new one (early_drop), or, when
 * there is none, the new one's packet is dropped (drop). drop also counts packets whose connection was refused for another reason.
 */
static struct tracking look_at_tracking(const struct vmp_run *run)
{
	struct tracking tracking = {.count = vmp_gauges_counter(&run->gauges, "conntrack", "", "count")};

	tracking.dropped = vmp_rules_grew(run, "conntrack", 0, "", "drop", NULL);
	tracking.early = vmp_rules_grew(run, "conntrack", 0, "", "early_drop", NULL);
	tracking.failed = vmp_rules_grew(run, "conntrack", 0, "", "insert_failed", NULL);
	if (tracking.count && tracking.count->has_limit) {
		tracking.full = highest(tracking.count) >= tracking.count->limit;
		tracking.nearly = highest(tracking.count) >= tracking.count->limit - tracking.count->limit / 10;
	}
	/* Only a full table throws connections out. */
	tracking.full = tracking.full || (tracking.early > 0 && tracking.nearly);
	return tracking;
}

static void show_tracking(const struct vmp_run *run, struct vmp_finding *finding, const struct tracking *tracking)
{
	if (tracking->count && tracking->count->has_limit)
		vmp_finding_evidence(finding, "nf_conntrack: %llu connections before, %llu after, at most %llu (nf_conntrack_max)",
				     (ull)tracking->count->before, (ull)tracking->count->after, (ull)tracking->count->limit);
	vmp_rules_show_all(run, finding, "conntrack", 0);
}

static void set_full_remedy(struct vmp_finding *finding, const struct tracking *tracking)
{
	vmp_finding_remedy(finding, "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max; conntrack -S; who fills it: "
			   "conntrack -L; more room: sysctl -w net.netfilter.nf_conntrack_max=%llu",
			   (ull)(tracking->count ? tracking->count->limit * 2 : 0));
}

static void set_failed_remedy(struct vmp_finding *finding)
{
	vmp_finding_remedy(finding, "conntrack -S; are there ports left for NAT? conntrack -L -g | wc -l; nft list ruleset | grep -E "
			   "'masquerade|snat'");
}

/* ARP and neighbour discovery on a bridge are not tracked: when they are lost too, something else takes packets. */
static bool loses_untracked(const struct vmp_run *run, const struct vmp_segment *segment)
{
	const struct vmp_exchange *arp = vmp_rules_exchange(run, VMP_EXCHANGE_ARP, segment->direction);

	return !vmp_rules_is_routed(run, segment) && arp && arp->asked > arp->reached;
}

/*
 * Connection tracking refuses a packet by its own function, nf_conntrack_in(), and the hook drops it (nf_hook_slow()); the kernel has no
 * reason of its own for that. A rule of nft drops in nft_do_chain().
 */
static bool may_be_tracking(const struct vmp_segment *segment)
{
	vmp_vec_foreach (cause, &segment->causes)
		if (strcmp(cause->reason, "NETFILTER_DROP") == 0 && strcmp(cause->symbol, "nf_hook_slow") == 0)
			return true;
	return segment->causes.n == 0;
}

/* Tell it with the loss that it explains. Returns true when it has to do with a loss. */
static bool explain_by_tracking(struct vmp_run *run, const struct tracking *tracking)
{
	uint64_t refused = tracking->full ? tracking->dropped : tracking->failed;
	bool told = false;

	vmp_vec_foreach (segment, &run->segments) {
		struct vmp_finding *finding = vmp_rules_is_tracked(run, segment) ? vmp_rules_loss_at(run, segment) : NULL;

		if (!finding || refused == 0 || !may_be_tracking(segment))
			continue;
		told = true;
		if (refused < vmp_rules_lost(segment) || loses_untracked(run, segment)) {
			vmp_finding_evidence(finding, "nf_conntrack refused %llu packets of this host meanwhile: no more than that of the lost ones "
					     "are its doing", (ull)refused);
			show_tracking(run, finding, tracking);
			continue;
		}
		if (tracking->full && vmp_finding_explain(finding, "conntrack-full", "likely nf_conntrack: table full, dropping packet"))
			set_full_remedy(finding, tracking);
		else if (!tracking->full && vmp_finding_explain(finding, "conntrack-insert-failed", "likely their connections could not be "
								"entered in nf_conntrack (insert_failed): no port left for NAT, or a clash"))
			set_failed_remedy(finding);
		show_tracking(run, finding, tracking);
	}
	return told;
}

static bool path_is_tracked(const struct vmp_run *run)
{
	vmp_vec_foreach (segment, &run->segments)
		if (vmp_rules_is_tracked(run, segment))
			return true;
	return run->path.mode == VMP_PATH_ROUTED;
}

static int add_tracking(struct vmp_run *run, const struct tracking *tracking)
{
	bool passes = path_is_tracked(run), dropping = tracking->full && tracking->dropped + tracking->early > 0;
	const char *aside = passes ? "" : "; frames of this guest do not pass it, as far as is known";
	struct vmp_finding *finding;

	if (dropping)
		finding = vmp_finding_add(&run->findings, "conntrack-full", passes ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO,
					  VMP_CONFIDENCE_CERTAIN,
					  "nf_conntrack: table full, dropping packet: %llu packets of new connections dropped, "
					  "%llu connections thrown out early%s", (ull)tracking->dropped, (ull)tracking->early, aside);
	else if (passes && tracking->nearly)
		finding = vmp_finding_add(&run->findings, "conntrack-nearly-full", VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
					  "the table of connections is nearly full (nf_conntrack: %llu of at most %llu)",
					  (ull)highest(tracking->count), (ull)tracking->count->limit);
	else if (passes && tracking->failed > 0)
		finding = vmp_finding_add(&run->findings, "conntrack-insert-failed", VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
					  "%llu connections of this host could not be entered in nf_conntrack (insert_failed): no port left for "
					  "NAT, or a clash", (ull)tracking->failed);
	else
		return 0;
	if (!finding)
		return -ENOMEM;
	show_tracking(run, finding, tracking);
	if (dropping || tracking->nearly)
		set_full_remedy(finding, tracking);
	else
		set_failed_remedy(finding);
	return 0;
}

int vmp_rule_conntrack(struct vmp_run *run)
{
	struct tracking tracking = look_at_tracking(run);

	return explain_by_tracking(run, &tracking) ? 0 : add_tracking(run, &tracking);
}

/* ---- neighbours ------------------------------------------------------------------------------------------------------ */

static const struct trouble {
	const char *counter, *code;
	const char *const *reasons;
	enum vmp_severity severity;     /* on a routed path without a loss of this guest */
	const char *why;                /* "arp_cache: ..." */
	const char *remedy;
} troubles[] = {
	{"table_fulls", "neighbour-table-full", create_reasons, VMP_SEVERITY_WARNING, "neighbor table overflow: no room for another neighbour",
	 "ip -s ntable show; ip neigh show | wc -l; sysctl net.ipv4.neigh.default.gc_thresh3 net.ipv6.neigh.default.gc_thresh3; more room: "
	 "sysctl -w net.ipv4.neigh.default.gc_thresh3=8192"},
	{"unresolved_discards", "neighbour-discards", waiting_reasons, VMP_SEVERITY_INFO,
	 "too many packets waited for a neighbour that does not say its MAC (unresolved_discards)",
	 "ip neigh show nud failed; ip neigh show nud incomplete; does the next hop answer ARP?"},
};

static void show_neighbours(const struct vmp_run *run, struct vmp_finding *finding, const struct vmp_counter *counter)
{
	const struct vmp_counter *entries = vmp_gauges_counter(&run->gauges, "neighbour", counter->object, "entries");

	vmp_rules_show(finding, counter);
	if (entries && entries->has_limit)
		vmp_finding_evidence(finding, "%s: %llu entries before, %llu after, at most %llu (gc_thresh3), all network namespaces together",
				     counter->object, (ull)entries->before, (ull)entries->after, (ull)entries->limit);
}

static int tell_trouble(struct vmp_run *run, const struct trouble *trouble, const struct vmp_counter *counter)
{
	uint64_t grew = vmp_counter_grew(counter);
	struct vmp_finding *finding;
	bool told = false;

	vmp_vec_foreach (segment, &run->segments) {
		finding = vmp_rules_is_routed(run, segment) ? vmp_rules_loss_at(run, segment) : NULL;
		if (!finding || !vmp_rules_may_explain(segment, trouble->reasons))
			continue;
		told = true;
		if (grew < vmp_rules_lost(segment)) {
			show_neighbours(run, finding, counter);
			continue;
		}
		if (vmp_finding_explain(finding, trouble->code, "likely %s: %s", counter->object, trouble->why))
			vmp_finding_remedy(finding, "%s", trouble->remedy);
		show_neighbours(run, finding, counter);
	}
	if (told)
		return 0;
	finding = vmp_finding_add(&run->findings, trouble->code, run->path.mode == VMP_PATH_ROUTED ? trouble->severity : VMP_SEVERITY_INFO,
				  VMP_CONFIDENCE_CERTAIN, "%s: %s", counter->object, trouble->why);
	if (!finding)
		return -ENOMEM;
	show_neighbours(run, finding, counter);
	vmp_finding_remedy(finding, "%s", trouble->remedy);
	return 0;
}

int vmp_rule_neighbours(struct vmp_run *run)
{
	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++)
		for (size_t c = 0; c < run->gauges.counters.n; c++) {
			const struct vmp_counter *counter = &run->gauges.counters.v[c];

			if (strcmp(counter->source, "neighbour") != 0 || strcmp(counter->name, troubles[i].counter) != 0 ||
			    vmp_counter_grew(counter) == 0)
				continue;
			/* Of others' neighbours that are not there nothing is said: every scan makes some. */
			if (troubles[i].severity == VMP_SEVERITY_INFO && run->path.mode != VMP_PATH_ROUTED)
				continue;
			if (tell_trouble(run, &troubles[i], counter) < 0)
				return -ENOMEM;
		}
	return 0;
}
