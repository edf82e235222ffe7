/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document vmpath.explain/1. */
#include "report/json.h"

#include <stdlib.h>
#include <string.h>

/* What people type, one member for each, so that a reader need not know how they are joined. */
static void add_words(struct vmp_json *json, struct json_object *parent, const char *words)
{
	struct json_object *array = vmp_json_array(json, parent, "words");

	while (words && *words) {
		const char *end = strstr(words, "; ");
		char *one = strndup(words, end ? (size_t)(end - words) : strlen(words));

		json->oom |= !one;
		vmp_json_text(json, array, NULL, one);
		free(one);
		words = end ? end + 2 : NULL;
	}
}

static void add_code(struct vmp_json *json, struct json_object *codes, const struct vmp_code *code)
{
	struct json_object *object = vmp_json_object(json, codes, NULL), *kinds;

	vmp_json_text(json, object, "code", code->code);
	kinds = vmp_json_array(json, object, "kinds");
	for (unsigned int bit = 1; vmp_code_kind_name(bit); bit <<= 1)
		if (code->kinds & bit)
			vmp_json_text(json, kinds, NULL, vmp_code_kind_name(bit));
	vmp_json_text(json, object, "title", code->title);
	vmp_json_text(json, object, "means", code->means);
	vmp_json_text(json, object, "present", code->present);
	vmp_json_text(json, object, "absent", code->absent);
	vmp_json_text(json, object, "next", code->next);
	vmp_json_text(json, object, "is_not", code->is_not);
	add_words(json, object, code->words);
}

int vmp_json_explain(const struct vmp_explanation *explanation, const struct vmp_report_style *style, struct vmp_buf *out)
{
	struct json_object *codes;
	struct vmp_json json;

	(void)style;
	vmp_json_begin(&json, "vmpath.explain/1", NULL);
	codes = vmp_json_array(&json, json.top, "codes");
	for (size_t i = 0; i < explanation->n; i++)
		add_code(&json, codes, explanation->codes[i]);
	return vmp_json_finish(&json, out);
}
