/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "table FAMILY NAME {", "chain NAME {", and in it a line for each rule that ends with "# handle N" (nft(8), -a). */
#include "ruleset/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 400,         /* a rule may have a list of thousands of ports */
	NAMED_MAX = 1024,
};

struct place {
	char family[16], table[256], chain[256];
};

struct line {
	const char *at;
	size_t len;
};

/* The next word of the line, "" at its end. False when it does not fit. */
static bool take_word(struct line *line, char *word, size_t size)
{
	size_t n = 0;

	while (line->len && (*line->at == ' ' || *line->at == '\t'))
		line->at++, line->len--;
	for (; line->len && *line->at != ' ' && *line->at != '\t'; line->at++, line->len--) {
		if (n + 1 >= size)
			return false;
		word[n++] = *line->at;
	}
	word[n] = '\0';
	return n > 0;
}

/* Where the lines that follow stand. */
static bool enter(struct line line, struct place *place)
{
	char word[16];

	if (!take_word(&line, word, sizeof(word)))
		return false;
	if (strcmp(word, "table") == 0) {
		if (!take_word(&line, place->family, sizeof(place->family)) || !take_word(&line, place->table, sizeof(place->table)))
			place->table[0] = '\0';
		place->chain[0] = '\0';
		return true;
	}
	if (strcmp(word, "chain") == 0) {
		if (!take_word(&line, place->chain, sizeof(place->chain)))
			place->chain[0] = '\0';
		return true;
	}
	return false;
}

static bool ends_with_handle(const struct line *line, const char *handle, size_t *ret_len)
{
	static const char mark[] = " # ";
	size_t tail = strlen(handle) + sizeof(mark) - 1;

	if (line->len <= tail || memcmp(line->at + line->len - strlen(handle), handle, strlen(handle)) != 0 ||
	    memcmp(line->at + line->len - tail, mark, sizeof(mark) - 1) != 0)
		return false;
	*ret_len = line->len - tail;
	return true;
}

/* The words of a rule without its numbers, which are told apart from them. */
static char *copy_text(const char *text, size_t len)
{
	static const char counter[] = "counter packets ";
	struct vmp_buf out = {0};
	const char *end = text + len, *found = memmem(text, len, counter, sizeof(counter) - 1), *rest;

	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	if (found && found >= text) {
		rest = memmem(found, (size_t)(end - found), " bytes ", 7);
		vmp_buf_add(&out, text, (size_t)(found - text) + 7); /* "counter" */
		rest = rest ? rest + 7 : end;
		while (rest < end && *rest >= '0' && *rest <= '9')
			rest++;
		vmp_buf_add(&out, rest, (size_t)(end - rest));
	} else {
		vmp_buf_add(&out, text, (size_t)(end - text));
	}
	if (!out.oom && out.len > TEXT_MAX) {
		out.len = TEXT_MAX;
		vmp_buf_printf(&out, " ...");
	}
	return vmp_buf_take(&out);
}

/* The rule's own word for itself behind its chain: "handle 7". */
static const char *handle_of(const struct vmp_filter_rule *rule)
{
	const char *found = NULL, *at = rule->object;

	while ((at = strstr(at, " handle ")))
		found = ++at;
	return rule->policy ? NULL : found;
}

static int name_rule(const struct place *place, const struct line *line, struct vmp_filter_rule *rule)
{
	const char *handle = handle_of(rule);
	size_t len;

	if (rule->text || !handle || strcmp(place->chain, rule->chain) != 0 || strcmp(place->table, rule->table) != 0 ||
	    strcmp(place->family, vmp_filter_family_name(rule->family)) != 0 || !ends_with_handle(line, handle, &len))
		return 0;
	rule->text = copy_text(line->at, len);
	return rule->text ? 0 : -ENOMEM;
}

static int name_counters(const vmp_filter_rules *rules, struct vmp_gauges *gauges)
{
	vmp_vec_foreach (rule, rules) {
		if (!rule->text || !rule->counted)
			continue;
		vmp_vec_foreach (counter, &gauges->counters)
			if (strcmp(counter->source, "nft") == 0 && strcmp(counter->object, rule->object) == 0 &&
			    vmp_str_set(&counter->text, rule->text) < 0)
				return -ENOMEM;
	}
	return 0;
}

typedef VMP_VEC(struct vmp_filter_rule *) named_rules;

/* Those that did something, or of which it is not known. */
static int choose(vmp_filter_rules *rules, const struct vmp_gauges *gauges, named_rules *ret_chosen)
{
	vmp_vec_foreach (rule, rules) {
		const struct vmp_counter *counter = rule->counted ? vmp_gauges_counter(gauges, "nft", rule->object, "packets") : NULL;
		struct vmp_filter_rule **slot;

		if (rule->policy || (counter && vmp_counter_grew(counter) == 0) || ret_chosen->n >= NAMED_MAX)
			continue;
		slot = vmp_vec_add(ret_chosen);
		if (!slot)
			return -ENOMEM;
		*slot = rule;
	}
	return 0;
}

int vmp_ruleset_name(const char *text, size_t len, vmp_filter_rules *rules, struct vmp_gauges *gauges)
{
	const char *end = text + len;
	struct place place = {{0}, {0}, {0}};
	named_rules chosen = {0};
	int code = choose(rules, gauges, &chosen);

	while (code == 0 && text < end && chosen.n) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		struct line line = {text, (size_t)((stop ? stop : end) - text)};

		if (!enter(line, &place) && place.chain[0])
			vmp_vec_foreach (rule, &chosen)
				code = code < 0 ? code : name_rule(&place, &line, *rule);
		text = stop ? stop + 1 : end;
	}
	vmp_vec_free(&chosen);
	return code < 0 ? code : name_counters(rules, gauges);
}
