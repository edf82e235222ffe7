/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the ruleset to records: what drops, where this guest's packets may meet it, and what it counted before and after. */
#include "ruleset/collect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char source[] = "nft", name_packets[] = "packets";

/* The words of a rule's counter; long names are cut, the handle is not. */
static void format_object(const struct vmp_chain *chain, const struct vmp_dropper *dropper, char *object, size_t size)
{
	char end[32] = " policy";
	const char *family = vmp_filter_family_name(chain->family);

	if (dropper)
		snprintf(end, sizeof(end), " handle %llu", (unsigned long long)dropper->handle);
	if ((size_t)snprintf(object, size, "%s %s %s%s", family, chain->table, chain->name, end) >= size)
		snprintf(object, size, "%s %.24s~ %.24s~%s", family, chain->table, chain->name, end);
}

static const struct vmp_base_chain *find_base(const vmp_base_chains *bases, const struct vmp_chain *chain)
{
	vmp_vec_foreach (base, bases)
		if (base->family == chain->family && strcmp(base->table, chain->table) == 0 && strcmp(base->chain, chain->name) == 0)
			return base;
	return NULL;
}

struct building {
	const struct vmp_ruleset_way *way;
	const vmp_base_chains *bases;
	vmp_filter_rules *rules;
	struct vmp_gauges *gauges;
	struct vmp_ruleset_look *look;
};

static bool is_met(const struct vmp_filter_rule *rule)
{
	return rule->to_guest | rule->from_guest;
}

/* Keep a rule, and begin its counter. */
static int add_rule(const struct building *building, const struct vmp_chain *chain, const struct vmp_filter_rule *what, uint64_t packets)
{
	struct vmp_filter_rule *rule;
	struct vmp_counter *counter;

	if (!is_met(what))
		return 0;
	if (building->rules->n >= VMP_FILTER_RULES_MAX) {
		building->look->cut = true;
		return 0;
	}
	rule = vmp_vec_add(building->rules);
	if (!rule)
		return -ENOMEM;
	*rule = *what;
	rule->table = strdup(chain->table);
	rule->chain = strdup(chain->name);
	if (!rule->table || !rule->chain)
		return -ENOMEM;
	if (!rule->counted)
		return 0;
	counter = vmp_gauges_add(building->gauges, source, rule->object, name_packets, VMP_COUNTER_MOVES);
	if (!counter)
		return building->gauges->counters.n >= VMP_COUNTERS_MAX ? 0 : -ENOMEM;
	counter->before_known = true;
	counter->before = packets;
	counter->ifindex = rule->ifindex;
	return 0;
}

/* A chain at the ingress or egress of devices stands once for each of these that is on the path. */
static int add_at_devices(const struct building *building, const struct vmp_chain *chain, const struct vmp_filter_rule *what,
			  uint64_t packets)
{
	static const uint8_t at[] = {[VMP_FILTER_INGRESS] = VMP_FILTER_AT(VMP_FILTER_INGRESS),
				     [VMP_FILTER_EGRESS] = VMP_FILTER_AT(VMP_FILTER_EGRESS)};
	const struct vmp_base_chain *base = find_base(building->bases, chain);
	int code = 0;

	for (size_t i = 0; base && code == 0 && i < base->n_devices; i++)
		vmp_vec_foreach (hop, &building->way->path->hops) {
			struct vmp_filter_rule rule = *what;

			if (hop->ifindex == 0 || strcmp(hop->name, base->devices[i]) != 0)
				continue;
			rule.ifindex = hop->ifindex;
			if (!vmp_match_device_sees(hop, chain->hook, VMP_TO_GUEST))
				rule.to_guest = rule.only_to = 0;
			if (!vmp_match_device_sees(hop, chain->hook, VMP_FROM_GUEST))
				rule.from_guest = rule.only_from = 0;
			rule.to_guest &= at[chain->hook];
			rule.from_guest &= at[chain->hook];
			/* By its own backend no others' pass. */
			rule.only_to = hop->role == VMP_ROLE_BACKEND ? rule.to_guest : rule.only_to & rule.to_guest;
			rule.only_from = hop->role == VMP_ROLE_BACKEND ? rule.from_guest : rule.only_from & rule.from_guest;
			code = add_rule(building, chain, &rule, packets);
			if (code < 0)
				break;
		}
	return code;
}

static bool is_at_device(const struct vmp_chain *chain)
{
	return chain->base && (chain->hook == VMP_FILTER_INGRESS || chain->hook == VMP_FILTER_EGRESS);
}

static uint8_t meets(const struct vmp_chain *chain, const struct vmp_meeting *meeting, enum vmp_direction direction, uint8_t *ret_only)
{
	uint8_t may = (uint8_t)((chain->own.may[direction] | chain->plain.may[direction]) & meeting->may[direction]);
	uint8_t others = (uint8_t)(chain->plain.may[direction] & meeting->may[direction] & (uint8_t)~meeting->only[direction]);

	*ret_only = may & (uint8_t)~others;
	return may;
}

static const struct vmp_meeting any_packet = {{UINT8_MAX, UINT8_MAX}, {0, 0}};

static int add_drop(const struct building *building, const struct vmp_chain *chain, const struct vmp_dropper *dropper)
{
	const struct vmp_base_chain *base = dropper ? NULL : find_base(building->bases, chain);
	const struct vmp_meeting *meeting = dropper ? &dropper->meeting : &any_packet;
	struct vmp_filter_rule rule = {.family = chain->family, .policy = !dropper, .rejects = dropper && dropper->rejects,
				       .counted = dropper ? dropper->counted : base && base->counted};
	uint64_t packets = dropper ? dropper->packets : base ? base->packets : 0;
	static const uint8_t at_device = VMP_FILTER_AT(VMP_FILTER_INGRESS) | VMP_FILTER_AT(VMP_FILTER_EGRESS);

	format_object(chain, dropper, rule.object, sizeof(rule.object));
	rule.to_guest = meets(chain, meeting, VMP_TO_GUEST, &rule.only_to);
	rule.from_guest = meets(chain, meeting, VMP_FROM_GUEST, &rule.only_from);
	if (is_at_device(chain))
		return add_at_devices(building, chain, &rule, packets);
	/* Of a chain that is come to from such hooks the device is not followed. */
	rule.to_guest &= (uint8_t)~at_device;
	rule.from_guest &= (uint8_t)~at_device;
	rule.only_to &= rule.to_guest;
	rule.only_from &= rule.from_guest;
	return add_rule(building, chain, &rule, packets);
}

int vmp_ruleset_before(const char *json, size_t len, const vmp_base_chains *bases, const struct vmp_ruleset_way *way,
		       vmp_filter_rules *rules, struct vmp_gauges *gauges, struct vmp_ruleset_look *ret_look, struct vmp_err *err)
{
	struct building building = {.way = way, .bases = bases, .rules = rules, .gauges = gauges, .look = ret_look};
	struct vmp_collection *collection = malloc(sizeof(*collection));
	int code;

	memset(ret_look, 0, sizeof(*ret_look));
	if (!collection)
		return vmp_err_set(err, ENOMEM, "ruleset", NULL, "out of memory");
	code = vmp_collect(json, len, way, collection, err);
	if (code == 0) {
		ret_look->rules = collection->rules;
		ret_look->cut = collection->cut;
		vmp_collect_reach(collection);
		vmp_vec_foreach (dropper, &collection->droppers)
			code = code < 0 ? code : add_drop(&building, &collection->chains.v[dropper->chain], dropper);
		vmp_vec_foreach (chain, &collection->chains)
			code = code < 0 || !chain->drops ? code : add_drop(&building, chain, NULL);
		if (code < 0)
			vmp_err_set(err, ENOMEM, "ruleset", NULL, "out of memory");
	}
	vmp_collect_clear(collection);
	free(collection);
	return code;
}

/* Say what a counter that was begun stands at now. One that is lower was made anew: then it is not known. */
static void end_counter(struct vmp_gauges *gauges, const struct vmp_chain *chain, const struct vmp_dropper *dropper, uint64_t packets)
{
	char object[sizeof(((struct vmp_filter_rule *)0)->object)];

	format_object(chain, dropper, object, sizeof(object));
	vmp_vec_foreach (counter, &gauges->counters) {
		if (strcmp(counter->source, source) != 0 || strcmp(counter->object, object) != 0)
			continue;
		counter->after_known = packets >= counter->before;
		counter->after = packets;
		return;
	}
}

int vmp_ruleset_after(const char *json, size_t len, const vmp_base_chains *bases, struct vmp_gauges *gauges, struct vmp_err *err)
{
	struct vmp_collection *collection = malloc(sizeof(*collection));
	int code;

	if (!collection)
		return vmp_err_set(err, ENOMEM, "ruleset", NULL, "out of memory");
	code = vmp_collect(json, len, NULL, collection, err);
	if (code == 0) {
		vmp_vec_foreach (dropper, &collection->droppers)
			if (dropper->counted)
				end_counter(gauges, &collection->chains.v[dropper->chain], dropper, dropper->packets);
		vmp_vec_foreach (chain, &collection->chains) {
			const struct vmp_base_chain *base = chain->drops ? find_base(bases, chain) : NULL;

			if (base && base->counted)
				end_counter(gauges, chain, NULL, base->packets);
		}
	}
	vmp_collect_clear(collection);
	free(collection);
	return code;
}
