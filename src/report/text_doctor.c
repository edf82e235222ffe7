/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vmpath doctor` prints: what is missing, with what it costs and how it is mended, then what is there. */
#include "report/table.h"
#include "report/text.h"

#include <errno.h>

static void add_verdict(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_checkup *checkup)
{
	const char *label = !checkup->can_trace ? "NO TRACE  " : checkup->missing ? "LESS  " : "ALL  ";
	enum vmp_ink ink = !checkup->can_trace ? VMP_INK_RED : checkup->missing ? VMP_INK_YELLOW : VMP_INK_GREEN;

	if (checkup->missing)
		vmp_text_printf(out, style, 0, ink, label, "%s (Linux %s): %s, and %zu thing%s missing or not to be looked at", checkup->host,
				checkup->kernel, checkup->can_trace ? "a trace is possible" : "no trace is possible", checkup->missing,
				checkup->missing == 1 ? " is" : "s are");
	else
		vmp_text_printf(out, style, 0, ink, label, "%s (Linux %s): everything that a trace can use is there", checkup->host,
				checkup->kernel);
}

static void add_missing(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_ability *ability)
{
	bool unsure = ability->state == VMP_ABILITY_UNSURE;
	struct vmp_report_style whole = *style;

	vmp_text_printf(out, style, 2, ability->vital ? VMP_INK_RED : VMP_INK_YELLOW, unsure ? "unsure   " : "missing  ", "%s (%s)",
			ability->name, ability->title);
	if (ability->detail[0])
		vmp_text_paragraph(out, style, 11, VMP_INK_PLAIN, "- found: ", ability->detail);
	if (ability->cost)
		vmp_text_paragraph(out, style, 11, VMP_INK_PLAIN, unsure ? "- would cost: " : "- costs: ", ability->cost);
	/* Commands are copied from here, so they are never broken. */
	whole.width = 0;
	if (ability->remedy)
		vmp_text_paragraph(out, &whole, 11, VMP_INK_BOLD, "mend: ", ability->remedy);
}

static void add_others(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_checkup *checkup)
{
	struct vmp_table table;

	vmp_table_init(&table, style, 4);
	for (size_t i = 0; i < VMP_SIGHTS; i++) {
		const struct vmp_ability *ability = &checkup->abilities[i];
		bool note = ability->state == VMP_ABILITY_NOTE;

		if (ability->state != VMP_ABILITY_THERE && !note)
			continue;
		vmp_table_cell(&table, note ? VMP_INK_DIM : VMP_INK_GREEN, vmp_ability_state_name(ability->state));
		vmp_table_cell(&table, VMP_INK_BOLD, ability->name);
		vmp_table_printf(&table, VMP_INK_PLAIN, "%s%s", ability->title,
				 !note                                               ? ""
				 : checkup->probes[ability->sight].there == VMP_YES  ? ": yes"
				 : checkup->probes[ability->sight].there == VMP_NO   ? ": no"
										     : ": not known");
		vmp_table_cell(&table, VMP_INK_PLAIN, ability->detail);
	}
	vmp_table_print(&table, 2, out);
}

int vmp_text_doctor(const struct vmp_checkup *checkup, const struct vmp_report_style *style, struct vmp_buf *out)
{
	add_verdict(out, style, checkup);
	if (style->quiet)
		return out->oom ? -ENOMEM : 0;
	for (size_t i = 0; i < VMP_SIGHTS; i++)
		if (checkup->abilities[i].state == VMP_ABILITY_MISSING || checkup->abilities[i].state == VMP_ABILITY_UNSURE)
			add_missing(out, style, &checkup->abilities[i]);
	add_others(out, style, checkup);
	return out->oom ? -ENOMEM : 0;
}
