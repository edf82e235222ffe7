/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vmpath explain` prints: a code and all that is to be said of it, or all codes with a line each. */
#include "report/table.h"
#include "report/text.h"

#include <errno.h>

static void add_kinds(struct vmp_buf *text, unsigned int kinds)
{
	const char *before = "";

	for (unsigned int bit = 1; vmp_code_kind_name(bit); bit <<= 1) {
		if (!(kinds & bit))
			continue;
		vmp_buf_printf(text, "%s%s", before, vmp_code_kind_name(bit));
		before = ", ";
	}
}

static void add_code(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_code *code)
{
	const struct {
		const char *label, *text;
	} parts[] = {
		{"means        ", code->means},   {"must be      ", code->present}, {"must not be  ", code->absent},
		{"do           ", code->next},    {"is not       ", code->is_not},  {"people say   ", code->words},
	};
	struct vmp_buf kinds = {0};

	add_kinds(&kinds, code->kinds);
	vmp_text_ink(out, style, VMP_INK_BOLD);
	vmp_buf_printf(out, "%s", code->code);
	vmp_text_ink_end(out, style, VMP_INK_BOLD);
	vmp_buf_printf(out, "  [%s]\n", kinds.s ? kinds.s : "");
	vmp_text_paragraph(out, style, 2, VMP_INK_PLAIN, "", code->title);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].text)
			vmp_text_paragraph(out, style, 2, VMP_INK_DIM, parts[i].label, parts[i].text);
	out->oom |= kinds.oom;
	vmp_buf_clear(&kinds);
}

int vmp_text_explain(const struct vmp_explanation *explanation, const struct vmp_report_style *style, struct vmp_buf *out)
{
	struct vmp_table table;

	if (explanation->whole) {
		for (size_t i = 0; i < explanation->n; i++)
			add_code(out, style, explanation->codes[i]);
		return out->oom ? -ENOMEM : 0;
	}
	vmp_table_init(&table, style, 2);
	for (size_t i = 0; i < explanation->n; i++) {
		vmp_table_cell(&table, VMP_INK_BOLD, explanation->codes[i]->code);
		vmp_table_cell(&table, VMP_INK_PLAIN, style->quiet ? "" : explanation->codes[i]->title);
	}
	vmp_table_print(&table, 0, out);
	return out->oom ? -ENOMEM : 0;
}
