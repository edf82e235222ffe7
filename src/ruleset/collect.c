/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One document can have many megabytes, so each element of its only list is taken by itself, and of most of them nothing is kept. In it chains
 * and sets stand before the rules of their table (libnftables, src/json.c: table_print_json()).
 */
#include "ruleset/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	ELEMENT_MAX = 8 << 20, SETS_BYTES_MAX = 16 << 20, CHAINS_MAX = 1 << 17, EDGES_MAX = 1 << 19, PASSES_MAX = 64, DEPTH_MAX = 24,
};

/* ---- chains --------------------------------------------------------------------------------------------------------- */

static size_t bucket_of(enum vmp_filter_family family, const char *table, const char *name)
{
	uint32_t hash = 2166136261U ^ (uint32_t)family;

	for (; *table; table++)
		hash = (hash ^ (uint8_t)*table) * 16777619U;
	hash = (hash ^ '/') * 16777619U;
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619U;
	return hash % VMP_CHAIN_BUCKETS;
}

static size_t find_chain(const struct vmp_collection *collection, enum vmp_filter_family family, const char *table, const char *name)
{
	size_t at = collection->buckets[bucket_of(family, table, name)];

	while (at != SIZE_MAX) {
		const struct vmp_chain *chain = &collection->chains.v[at];

		if (chain->family == family && strcmp(chain->name, name) == 0 && strcmp(chain->table, table) == 0)
			return at;
		at = chain->next;
	}
	return SIZE_MAX;
}

static bool read_family(struct json_object *object, enum vmp_filter_family *ret_family)
{
	const char *word = vmp_match_string(object, "family");

	for (enum vmp_filter_family family = VMP_FILTER_BRIDGE; word && family < VMP_FILTER_FAMILIES; family++)
		if (strcmp(word, vmp_filter_family_name(family)) == 0) {
			*ret_family = family;
			return true;
		}
	return false;
}

static int take_chain(struct vmp_collection *collection, struct json_object *object)
{
	const char *table = vmp_match_string(object, "table"), *name = vmp_match_string(object, "name");
	const char *hook = vmp_match_string(object, "hook"), *policy = vmp_match_string(object, "policy");
	enum vmp_filter_family family;
	struct vmp_chain *chain;
	size_t *bucket;

	if (!table || !name || !read_family(object, &family) || find_chain(collection, family, table, name) != SIZE_MAX)
		return 0;
	if (collection->chains.n >= CHAINS_MAX) {
		collection->cut = true;
		return 0;
	}
	chain = vmp_vec_add(&collection->chains);
	if (!chain)
		return -ENOMEM;
	chain->family = family;
	chain->table = strdup(table);
	chain->name = strdup(name);
	if (!chain->table || !chain->name)
		return -ENOMEM; /* cleared with the rest */
	for (enum vmp_filter_hook each = VMP_FILTER_PREROUTING; hook && each < VMP_FILTER_HOOKS; each++)
		if (strcmp(hook, vmp_filter_hook_name(each)) == 0) {
			chain->base = true;
			chain->hook = each;
			chain->drops = policy && strcmp(policy, "drop") == 0;
		}
	bucket = &collection->buckets[bucket_of(family, table, name)];
	chain->next = *bucket;
	*bucket = collection->chains.n - 1;
	return 0;
}

static int take_set(struct vmp_collection *collection, struct json_object *object)
{
	struct vmp_named_set *set;
	enum vmp_filter_family family;

	if (!collection->way || !read_family(object, &family))
		return 0;
	set = vmp_vec_add(&collection->sets);
	if (!set)
		return -ENOMEM;
	set->family = family;
	set->object = json_object_get(object);
	return 0;
}

/* ---- rules ---------------------------------------------------------------------------------------------------------- */

struct reading {
	struct vmp_collection *collection;
	struct vmp_match_context context;
	struct vmp_meeting meeting;
	size_t chain;
};

static int add_edge(const struct reading *reading, const char *target)
{
	struct vmp_collection *collection = reading->collection;
	size_t to = find_chain(collection, reading->context.family, reading->context.table, target);
	struct vmp_edge *edge;

	if (to == SIZE_MAX)
		return 0;
	if (collection->edges.n >= EDGES_MAX) {
		collection->cut = true;
		return 0;
	}
	edge = vmp_vec_add(&collection->edges);
	if (!edge)
		return -ENOMEM;
	*edge = (struct vmp_edge){.from = reading->chain, .to = to, .meeting = reading->meeting};
	return 0;
}

/* Verdicts that lead on stand in a statement, or in a map of any form, which may be named. */
static int take_verdicts(const struct reading *reading, struct json_object *value, int depth)
{
	struct json_object *inner;
	const char *text;
	int code = 0;

	if (depth > DEPTH_MAX)
		return 0;
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; code == 0 && i < json_object_array_length(value); i++)
			code = take_verdicts(reading, json_object_array_get_idx(value, i), depth + 1);
		return code;
	}
	if (json_object_is_type(value, json_type_string)) {
		text = json_object_get_string(value);
		inner = text[0] == '@' ? vmp_match_set(reading->context.sets, reading->context.family, reading->context.table, text + 1) : NULL;
		return inner && json_object_object_get_ex(inner, "elem", &inner) ? take_verdicts(reading, inner, depth + DEPTH_MAX / 2 + 1) : 0;
	}
	if (!json_object_is_type(value, json_type_object))
		return 0;
	json_object_object_foreach(value, key, member) {
		bool leads = strcmp(key, "jump") == 0 || strcmp(key, "goto") == 0;

		text = leads ? vmp_match_string(member, "target") : NULL;
		code = text ? add_edge(reading, text) : take_verdicts(reading, member, depth + 1);
		if (code < 0)
			return code;
	}
	return 0;
}

/* What a rule comes to, as far as it is read off its statements one after the other. */
struct outcome {
	bool drops, rejects, leads;
	bool counted;           /* a counter stands after the last condition */
	uint64_t packets;
};

static const char *const harmless[] = {"log", "mangle", "notrack", "comment"};

static bool is_harmless(const char *key)
{
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (strcmp(key, harmless[i]) == 0)
			return true;
	return false;
}

static void take_statement(const char *key, struct json_object *value, struct outcome *outcome)
{
	const char *type = vmp_match_string(value, "type"), *name = vmp_match_string(value, "name");
	bool target = strcmp(key, "xt") == 0 && type && name && strcmp(type, "target") == 0;
	struct json_object *packets;

	if (strcmp(key, "counter") == 0) {
		/* A named one may be another rule's too. */
		outcome->counted = json_object_object_get_ex(value, "packets", &packets) && json_object_is_type(packets, json_type_int);
		outcome->packets = outcome->counted ? json_object_get_uint64(packets) : 0;
	} else if (strcmp(key, "drop") == 0 || (target && strcmp(name, "DROP") == 0)) {
		outcome->drops = true;
	} else if (strcmp(key, "reject") == 0 || (target && strcmp(name, "REJECT") == 0)) {
		outcome->drops = outcome->rejects = true;
	} else if (strcmp(key, "jump") == 0 || strcmp(key, "goto") == 0 || strcmp(key, "vmap") == 0) {
		outcome->leads = true;
	} else if (!is_harmless(key)) {
		outcome->counted = false;
	}
}

static void read_outcome(struct json_object *expr, struct outcome *ret_outcome)
{
	size_t n = json_object_is_type(expr, json_type_array) ? json_object_array_length(expr) : 0;

	memset(ret_outcome, 0, sizeof(*ret_outcome));
	for (size_t i = 0; i < n; i++) {
		struct json_object *statement = json_object_array_get_idx(expr, i);

		if (!json_object_is_type(statement, json_type_object))
			continue;
		json_object_object_foreach(statement, key, value)
			take_statement(key, value, ret_outcome);
	}
}

/* Of the statements of a rule those that lead on. */
static int take_leading(const struct reading *reading, struct json_object *expr)
{
	struct json_object *inner;
	int code = 0;

	for (size_t i = 0; code == 0 && i < json_object_array_length(expr); i++) {
		struct json_object *statement = json_object_array_get_idx(expr, i);

		if (json_object_object_get_ex(statement, "vmap", &inner) && json_object_object_get_ex(inner, "data", &inner))
			code = take_verdicts(reading, inner, 0);
		else if (json_object_object_get_ex(statement, "jump", &inner) || json_object_object_get_ex(statement, "goto", &inner))
			code = take_verdicts(reading, statement, 0);
	}
	return code;
}

static int add_dropper(const struct reading *reading, struct json_object *rule, const struct outcome *outcome)
{
	struct vmp_collection *collection = reading->collection;
	struct json_object *handle;
	struct vmp_dropper *dropper;

	if (!json_object_object_get_ex(rule, "handle", &handle))
		return 0;
	if (collection->droppers.n >= VMP_FILTER_RULES_MAX) {
		collection->cut = true;
		return 0;
	}
	dropper = vmp_vec_add(&collection->droppers);
	if (!dropper)
		return -ENOMEM;
	*dropper = (struct vmp_dropper){.chain = reading->chain, .handle = json_object_get_uint64(handle), .rejects = outcome->rejects,
					.counted = outcome->counted, .packets = outcome->packets, .meeting = reading->meeting};
	return 0;
}

static int take_rule(struct vmp_collection *collection, struct json_object *rule)
{
	const char *table = vmp_match_string(rule, "table"), *chain = vmp_match_string(rule, "chain");
	struct reading reading = {.collection = collection, .context = {.way = collection->way, .sets = &collection->sets, .table = table}};
	struct outcome outcome;
	struct json_object *expr;
	int code = 0;

	if (!table || !chain || !read_family(rule, &reading.context.family) || !json_object_object_get_ex(rule, "expr", &expr))
		return 0;
	reading.chain = find_chain(collection, reading.context.family, table, chain);
	collection->rules++;
	read_outcome(expr, &outcome);
	if (reading.chain == SIZE_MAX || (!outcome.drops && !outcome.leads))
		return 0;
	if (collection->way) {
		reading.context.hooks = vmp_match_hooks(collection->way, reading.context.family);
		vmp_match_rule(&reading.context, expr, &reading.meeting);
	}
	if (outcome.drops)
		code = add_dropper(&reading, rule, &outcome);
	if (code == 0 && outcome.leads && collection->way)
		code = take_leading(&reading, expr);
	return code;
}

/* ---- the document --------------------------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	int (*take)(struct vmp_collection *collection, struct json_object *object);
} elements[] = {
	{"chain", take_chain}, {"set", take_set}, {"map", take_set}, {"rule", take_rule},
};

static int take_element(struct vmp_collection *collection, struct json_tokener *tokener, const char *text, size_t len, size_t *sets_bytes)
{
	struct json_object *element, *inner;
	int code = 0;

	json_tokener_reset(tokener);
	element = json_tokener_parse_ex(tokener, text, (int)len);
	if (!element || json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(element);
		return -EBADMSG;
	}
	for (size_t i = 0; code == 0 && i < sizeof(elements) / sizeof(*elements); i++) {
		if (!json_object_object_get_ex(element, elements[i].key, &inner))
			continue;
		if (elements[i].take == take_set)
			*sets_bytes += len;
		if (elements[i].take != take_set || *sets_bytes <= SETS_BYTES_MAX)
			code = elements[i].take(collection, inner);
	}
	json_object_put(element);
	return code;
}

/* The end of the object that begins at `at`, NULL when it has none. */
static const char *find_end(const char *at, const char *end)
{
	bool quoted = false;
	int depth = 0;

	for (; at < end; at++) {
		if (quoted && *at == '\\')
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (!quoted && (*at == '{' || *at == '['))
			depth++;
		else if (!quoted && (*at == '}' || *at == ']') && --depth == 0)
			return at + 1;
	}
	return NULL;
}

static const char *skip(const char *at, const char *end, const char *what)
{
	while (at < end && *at && strchr(what, *at))
		at++;
	return at;
}

static int take_document(struct vmp_collection *collection, struct json_tokener *tokener, const char *json, size_t len)
{
	static const char head[] = "\"nftables\"";
	const char *end = json + len, *at = skip(json, end, "{ \t\r\n");
	size_t sets_bytes = 0;
	int code = 0;

	if ((size_t)(end - at) < sizeof(head) || memcmp(at, head, sizeof(head) - 1) != 0)
		return -EBADMSG;
	at = skip(at + sizeof(head) - 1, end, ": \t\r\n");
	if (at == end || *at++ != '[')
		return -EBADMSG;
	for (;;) {
		const char *next;

		at = skip(at, end, ", \t\r\n");
		if (at < end && *at == ']')
			return 0;
		next = at < end && *at == '{' ? find_end(at, end) : NULL;
		if (!next)
			return -EBADMSG;
		/* A set of that size excludes nothing then. */
		if (next - at <= ELEMENT_MAX)
			code = take_element(collection, tokener, at, (size_t)(next - at), &sets_bytes);
		else
			collection->cut = true;
		if (code < 0)
			return code;
		at = next;
	}
}

int vmp_collect(const char *json, size_t len, const struct vmp_ruleset_way *way, struct vmp_collection *ret_collection,
		struct vmp_err *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	int code;

	memset(ret_collection, 0, sizeof(*ret_collection));
	for (size_t i = 0; i < VMP_CHAIN_BUCKETS; i++)
		ret_collection->buckets[i] = SIZE_MAX;
	ret_collection->way = way;
	code = tokener ? take_document(ret_collection, tokener, json, len) : -ENOMEM;
	if (tokener)
		json_tokener_free(tokener);
	if (code == -EBADMSG)
		return vmp_err_set(err, EBADMSG, "ruleset", NULL, "what libnftables said of it cannot be read");
	return code < 0 ? vmp_err_set(err, ENOMEM, "ruleset", NULL, "out of memory") : 0;
}

void vmp_collect_clear(struct vmp_collection *collection)
{
	vmp_vec_foreach (chain, &collection->chains) {
		free(chain->table);
		free(chain->name);
	}
	vmp_vec_foreach (set, &collection->sets)
		json_object_put(set->object);
	vmp_vec_free(&collection->chains);
	vmp_vec_free(&collection->edges);
	vmp_vec_free(&collection->droppers);
	vmp_vec_free(&collection->sets);
}

/* ---- reach ---------------------------------------------------------------------------------------------------------- */

/* Add what comes by an edge. Returns whether that was anything new. */
static bool flow(const struct vmp_chain *from, const struct vmp_edge *edge, struct vmp_chain *to)
{
	bool changed = false;

	for (int d = 0; d < VMP_DIRECTIONS; d++) {
		uint8_t may = edge->meeting.may[d], only = edge->meeting.only[d];
		uint8_t own = (uint8_t)(to->own.may[d] | (from->own.may[d] & may) | (from->plain.may[d] & only));
		uint8_t plain = (uint8_t)(to->plain.may[d] | (from->plain.may[d] & may & (uint8_t)~only));

		changed = changed || own != to->own.may[d] || plain != to->plain.may[d];
		to->own.may[d] = own;
		to->plain.may[d] = plain;
	}
	return changed;
}

void vmp_collect_reach(struct vmp_collection *collection)
{
	bool changed = true;

	vmp_vec_foreach (chain, &collection->chains)
		for (int d = 0; chain->base && d < VMP_DIRECTIONS; d++)
			chain->plain.may[d] = vmp_match_hooks(collection->way, chain->family) & VMP_FILTER_AT(chain->hook);
	for (int pass = 0; changed && pass < PASSES_MAX; pass++) {
		changed = false;
		vmp_vec_foreach (edge, &collection->edges)
			changed = flow(&collection->chains.v[edge->from], edge, &collection->chains.v[edge->to]) || changed;
	}
}
