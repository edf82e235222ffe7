/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding/catalogue.h"

#include "base/str.h"

#include <string.h>

static const struct vmp_code_table tables[] = {
	{vmp_codes_trace, "WHAT A TRACE FINDS", "Verdicts, of which a trace has one, and findings about its packets."},
	{vmp_codes_cause, "CAUSES", "What explains a loss is told with it, in its\n.Va cause ;\nsome are findings of their own as well."},
	{vmp_codes_drop, "WHY THE KERNEL DROPS PACKETS", "Reasons that the kernel itself gives for packets that it drops."},
	{vmp_codes_counters, "WHAT THE HOST COUNTS",
	 "Told with the loss that they explain where place, number and kind fit; else findings of their own, since a counter of the whole\n"
	 "host is no proof for the packets of one guest."},
	{vmp_codes_guest, "THE GUEST'S SIDE", "Why the guest does not take or answer what it is given."},
	{vmp_codes_traffic, "WHAT PACKETS SAY", "Traffic that explains itself: errors, claims, refusals, questions without answer."},
	{vmp_codes_path, "WHAT IS SET WRONG", "Told from settings alone, also by\n.Cm vmpath path ."},
};

enum {
	TABLES = sizeof(tables) / sizeof(*tables),
	FAR = 99,
	EDITS_MOST = 3,         /* a name misspelt so much may still be meant */
	SHORTEST = 3,           /* letters of a word that is looked for inside others */
};

const struct vmp_code_table *vmp_catalogue_table(size_t i)
{
	return i < TABLES ? &tables[i] : NULL;
}

const struct vmp_code *vmp_catalogue_at(size_t i)
{
	for (int t = 0; t < TABLES; t++)
		for (const struct vmp_code *code = tables[t].codes; code->code; code++)
			if (i-- == 0)
				return code;
	return NULL;
}

const struct vmp_code *vmp_catalogue_find(const char *code)
{
	const struct vmp_code *each;

	for (size_t i = 0; (each = vmp_catalogue_at(i)); i++)
		if (strcmp(each->code, code) == 0)
			return each;
	return NULL;
}

/* How far a code is from what was typed: 0 nearest. */
static unsigned int distance(const struct vmp_code *code, const char *text)
{
	unsigned int edits = vmp_str_distance(text, code->code);

	if (edits <= EDITS_MOST && edits * 2 < strlen(text))
		return edits;
	if (strlen(text) < SHORTEST)
		return FAR;
	if (strcasestr(code->code, text))
		return EDITS_MOST + 1;
	if (strcasestr(code->title, text) || (code->words && strcasestr(code->words, text)))
		return EDITS_MOST + 2;
	return FAR;
}

size_t vmp_catalogue_near(const char *text, const struct vmp_code **ret, size_t most)
{
	const struct vmp_code *each;
	size_t n = 0;

	for (unsigned int far = 0; far <= EDITS_MOST + 2; far++)
		for (size_t i = 0; n < most && (each = vmp_catalogue_at(i)); i++)
			if (distance(each, text) == far)
				ret[n++] = each;
	return n;
}
