/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Losses that the packet filter explains. A rule is named only when it lies between the two hops, may meet this guest's packets there, and
 * dropped some in the window. That it did to others' packets alone cannot be excluded where its conditions do not tell, so the words say
 * how sure it is: what the kernel says of the hook, and conditions that only this guest meets, make it so.
 */
#include "finding/rules.h"

#include "finding/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_MAX = 4 };

typedef unsigned long long ull;

/* A rule in the segment that may have dropped what is missing. */
struct suspect {
	const struct vmp_filter_rule *rule;
	const struct vmp_counter *counter;      /* NULL: it counts nothing */
	uint64_t dropped;                       /* in the window; of its own counter */
	bool told;                              /* the kernel says that rules dropped packets of this loss at its hook */
	bool own;                               /* none but this guest's packets meet it here */
};

struct case_file {
	struct vmp_run *run;
	const struct vmp_segment *segment;
	struct vmp_finding *loss;
	VMP_VEC(struct suspect) moved;          /* counted some in the window */
	VMP_VEC(struct suspect) silent;         /* count nothing, so that nothing is known */
	uint64_t told;                          /* packets of this loss that the kernel says the filter dropped */
	uint64_t told_by_rules;                 /* of these: by its rules for sure */
	uint64_t missing;                       /* so many the filter dropped, or may have */
	bool explained;                         /* something else lies in the way as well */
};

/* ---- gathering ------------------------------------------------------------------------------------------------------- */

/* Did the kernel tell of drops at this rule's hook? by_rules: by rules for sure, and not by conntrack or iptables-legacy. */
static bool is_told(const struct case_file *file, const struct vmp_filter_rule *rule, uint8_t hooks, bool by_rules)
{
	struct vmp_filter_place place;

	vmp_vec_foreach (cause, &file->segment->causes)
		if (vmp_filter_cause_place(cause, &place) && place.layer == vmp_filter_layer_of(rule) && (place.hooks & hooks) &&
		    (place.by_rules || !by_rules))
			return true;
	return false;
}

/* A chain of several devices has a record for each. */
static bool is_gathered(const struct case_file *file, const struct vmp_filter_rule *rule)
{
	vmp_vec_foreach (suspect, &file->moved)
		if (strcmp(suspect->rule->object, rule->object) == 0)
			return true;
	vmp_vec_foreach (suspect, &file->silent)
		if (strcmp(suspect->rule->object, rule->object) == 0)
			return true;
	return false;
}

static int add_suspect(struct case_file *file, const struct vmp_filter_rule *rule)
{
	uint8_t hooks = vmp_filter_hooks_between(&file->run->path, file->segment, rule);
	uint8_t only = file->segment->direction == VMP_TO_GUEST ? rule->only_to : rule->only_from;
	const struct vmp_counter *counter = rule->counted ? vmp_gauges_counter(&file->run->gauges, "nft", rule->object, "packets") : NULL;
	struct suspect suspect = {.rule = rule, .counter = counter, .dropped = counter ? vmp_counter_grew(counter) : 0,
				  .told = is_told(file, rule, hooks, true), .own = (hooks & ~only) == 0};
	bool counts = counter && counter->before_known && counter->after_known;
	struct suspect *slot;

	if (!hooks || (counts && suspect.dropped == 0) || (file->told && !is_told(file, rule, hooks, false)) || is_gathered(file, rule))
		return 0;
	slot = counts ? vmp_vec_add(&file->moved) : vmp_vec_add(&file->silent);
	if (!slot)
		return -ENOMEM;
	*slot = suspect;
	return 0;
}

/* Those that are surer first, then those that dropped more; the order of the words for what is alike. */
static int compare_suspects(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;

	if (x->own != y->own)
		return x->own ? -1 : 1;
	if (x->dropped != y->dropped)
		return x->dropped > y->dropped ? -1 : 1;
	return strcmp(x->rule->object, y->rule->object);
}

/* Facts of the path by which packets vanish whatever the filter does. */
static const char *const other_reasons[] = {
	"port-not-forwarding", "port-isolated", "port-locked", "bridge-down", "backend-down", "no-master", "wrong-master", "mac-on-other-port",
	"mac-local", "duplicate-mac", "flood-off", "broadcast-off", "guest-vlan-missing", "xdp-attached",
};

static bool is_explained(const struct case_file *file)
{
	const struct vmp_segment *segment = file->segment;

	if (segment->elsewhere || segment->wrong_tag || vmp_rules_only_large(segment))
		return true;
	for (size_t i = 0; i < sizeof(other_reasons) / sizeof(*other_reasons); i++)
		vmp_vec_foreach (fact, &file->run->path.facts)
			if (strcmp(fact->code, other_reasons[i]) == 0)
				return true;
	return false;
}

static int gather(struct case_file *file)
{
	struct vmp_filter_place place;

	vmp_vec_foreach (cause, &file->segment->causes)
		if (vmp_filter_cause_place(cause, &place)) {
			file->told += place.packets;
			file->told_by_rules += place.by_rules ? place.packets : 0;
		}
	file->missing = file->told ? file->told : file->segment->lost;
	file->explained = file->loss->cause[0] || is_explained(file);
	/* The kernel was asked, told all that it dropped, and these are not among it. */
	file->explained = file->explained || (!file->told && file->run->drops.known && !file->run->drops.missed);
	/* The kernel says that something else drops them. */
	if (file->segment->causes.n && !file->told)
		return 0;
	vmp_vec_foreach (rule, &file->run->filters)
		if (add_suspect(file, rule) < 0)
			return -ENOMEM;
	if (file->moved.n)
		qsort(file->moved.v, file->moved.n, sizeof(*file->moved.v), compare_suspects);
	if (file->silent.n)
		qsort(file->silent.v, file->silent.n, sizeof(*file->silent.v), compare_suspects);
	return 0;
}

/* ---- words ----------------------------------------------------------------------------------------------------------- */

static const char *code_of(const struct vmp_filter_rule *rule)
{
	char device[VMP_IFNAMSIZ];

	if (rule->policy)
		return "dropped-by-policy";
	return vmp_filter_is_nwfilter(rule, device) ? "dropped-by-nwfilter" : "dropped-by-filter";
}

/* "the rule bridge lab f handle 2", "the policy of ip filter FORWARD", "libvirt's nwfilter of this interface (...)". */
static const char *format_rule(const struct case_file *file, const struct vmp_filter_rule *rule, char *buf, size_t size)
{
	const char *target = vmp_run_nic(file->run)->target, *maker = vmp_filter_maker(rule);
	const char *family = vmp_filter_family_name(rule->family);
	char device[VMP_IFNAMSIZ];

	if (rule->policy)
		snprintf(buf, size, "the policy (drop) of chain %s %s %s", family, rule->table, rule->chain);
	else if (vmp_filter_is_nwfilter(rule, device))
		snprintf(buf, size, "libvirt's nwfilter of %s%s (%s)", target && strcmp(device, target) == 0 ? "this interface, " : "interface ",
			 device, rule->object);
	else
		snprintf(buf, size, "%s%srule %s", maker ? maker : "the packet filter's", " ", rule->object);
	return buf;
}

static void add_evidence(const struct case_file *file, const struct suspect *suspect, const char *then)
{
	const struct vmp_filter_rule *rule = suspect->rule;

	if (suspect->counter)
		vmp_finding_evidence(file->loss, "%s%s dropped %llu packets (%llu before the window, %llu after)%s%s%s", rule->object,
				     rule->rejects ? " (reject)" : "", (ull)suspect->dropped, (ull)suspect->counter->before,
				     (ull)suspect->counter->after, rule->text ? ": " : "", rule->text ? rule->text : "", then);
	else
		vmp_finding_evidence(file->loss, "%s counts nothing: whether it dropped these is not to be seen%s%s", rule->object,
				     rule->text ? ": " : "", rule->text ? rule->text : "");
}

static void add_remedy(const struct case_file *file, const struct vmp_filter_rule *rule)
{
	const char *filter = vmp_run_nic(file->run)->filter;
	char device[VMP_IFNAMSIZ], command[256];

	vmp_filter_command(rule, command, sizeof(command));
	if (vmp_filter_is_nwfilter(rule, device) && filter)
		vmp_finding_remedy(file->loss, "virsh nwfilter-dumpxml %s; virsh nwfilter-binding-list; %s", filter, command);
	else if (vmp_filter_is_nwfilter(rule, device))
		vmp_finding_remedy(file->loss, "virsh nwfilter-binding-list; %s", command);
	else
		vmp_finding_remedy(file->loss, "%s", command);
}

static void name_others(const struct case_file *file, size_t from, const char *then)
{
	for (size_t i = from; i < file->moved.n && i < NAMED_MAX; i++)
		add_evidence(file, &file->moved.v[i], then);
	if (file->moved.n > NAMED_MAX)
		vmp_finding_evidence(file->loss, "and %zu more rules on this way dropped packets in the window", file->moved.n - NAMED_MAX);
}

/* ---- judging --------------------------------------------------------------------------------------------------------- */

static bool is_sure(const struct suspect *suspect)
{
	return suspect->own || suspect->told;
}

/* One rule that can account for all of it. */
static void accuse(const struct case_file *file, const struct suspect *suspect)
{
	char words[256];
	const char *name = format_rule(file, suspect->rule, words, sizeof(words));
	bool sure = is_sure(suspect);

	if (!sure && file->explained) {
		add_evidence(file, suspect, "; of whose packets is not known");
		return;
	}
	if (!vmp_finding_explain(file->loss, code_of(suspect->rule), sure ? "%s drops them" : "%s most likely drops them", name))
		return;
	add_evidence(file, suspect, sure ? "" : "; of whose packets is not known, but it is as many as are missing, or more");
	add_remedy(file, suspect->rule);
}

/* Several that can each account for all of it. */
static void suspect_all(const struct case_file *file, size_t n)
{
	const char *code = code_of(file->moved.v[0].rule);

	for (size_t i = 1; i < n; i++)
		if (strcmp(code_of(file->moved.v[i].rule), code) != 0)
			code = "dropped-by-filter";
	if (!file->told && file->explained) {
		name_others(file, 0, "; of whose packets is not known");
		return;
	}
	if (!vmp_finding_explain(file->loss, code, "one of %zu rules of the packet filter drops them, and which one is not known", n))
		return;
	name_others(file, 0, "");
	add_remedy(file, file->moved.v[0].rule);
}

/* None alone can, all together may. */
static void add_up(const struct case_file *file)
{
	uint64_t sum = 0, own = 0;
	size_t n = 0;

	vmp_vec_foreach (suspect, &file->moved) {
		sum += suspect->dropped;
		own += is_sure(suspect) ? suspect->dropped : 0;
		n += is_sure(suspect);
	}
	if (own == 0 || (file->explained && !file->told)) {
		name_others(file, 0, "; of whose packets is not known");
		return;
	}
	if (!(sum >= file->missing
		      ? vmp_finding_explain(file->loss, code_of(file->moved.v[0].rule), "%zu rules of the packet filter drop them", file->moved.n)
		      : vmp_finding_explain(file->loss, code_of(file->moved.v[0].rule), "%zu rule%s of the packet filter drop%s some of them, "
					    "at most %llu", n, n == 1 ? "" : "s", n == 1 ? "s" : "", (ull)own)))
		return;
	name_others(file, 0, "");
	add_remedy(file, file->moved.v[0].rule);
}

/* The kernel says that the filter did it, and none of the rules that count did. */
static void judge_silent(const struct case_file *file)
{
	size_t n = file->silent.n;
	char words[256];

	if (file->told_by_rules && n == 1) {
		if (!vmp_finding_explain(file->loss, code_of(file->silent.v[0].rule), "%s drops them",
					 format_rule(file, file->silent.v[0].rule, words, sizeof(words))))
			return;
		vmp_finding_evidence(file->loss, "it counts nothing, but the kernel says that packets were dropped at its hook, and no other rule "
				     "that may meet them drops there");
		add_remedy(file, file->silent.v[0].rule);
		return;
	}
	if (file->told_by_rules && n > 1 &&
	    !vmp_finding_explain(file->loss, "dropped-by-filter", "one of %zu rules of the packet filter drops them, and which one is not known", n))
		return;
	for (size_t i = 0; i < n && i < NAMED_MAX; i++)
		add_evidence(file, &file->silent.v[i], "");
	if (n > NAMED_MAX)
		vmp_finding_evidence(file->loss, "and %zu more rules on this way that drop count nothing", n - NAMED_MAX);
	if (n && file->told_by_rules)
		add_remedy(file, file->silent.v[0].rule);
}

/* How many of the first ones could each have dropped all that is missing; those of which it is surer count alone. */
static size_t count_able(const struct case_file *file)
{
	size_t able = 0, sure = 0;

	vmp_vec_foreach (suspect, &file->moved) {
		if (suspect->dropped < file->missing)
			continue;
		able++;
		sure += suspect->own;
	}
	return sure ? sure : able;
}

static const struct suspect *first_able(const struct case_file *file)
{
	vmp_vec_foreach (suspect, &file->moved)
		if (suspect->dropped >= file->missing)
			return suspect;
	return NULL;
}

static void judge(const struct case_file *file)
{
	size_t able = count_able(file);

	if (file->moved.n == 0) {
		judge_silent(file);
		return;
	}
	if (able == 1)
		accuse(file, first_able(file));
	else if (able > 1)
		suspect_all(file, able);
	else
		add_up(file);
	if (able == 1)
		vmp_vec_foreach (suspect, &file->moved)
			if (suspect != first_able(file) && suspect < file->moved.v + NAMED_MAX)
				add_evidence(file, suspect, "; it may meet these packets too");
}

int vmp_rule_filter(struct vmp_run *run)
{
	int guest = vmp_rules_hop(run, VMP_ROLE_GUEST), code = 0;

	for (size_t i = 0; code == 0 && i < run->segments.n; i++) {
		const struct vmp_segment *segment = &run->segments.v[i];
		struct case_file file = {.run = run, .segment = segment, .loss = vmp_rules_loss_at(run, segment)};

		if (segment->lost == 0 || segment->to == guest || !file.loss)
			continue;
		code = gather(&file);
		if (code == 0)
			judge(&file);
		vmp_vec_free(&file.moved);
		vmp_vec_free(&file.silent);
	}
	return code;
}
