/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vmpath path` prints: the hops of each interface, and what is already wrong with them. */
#include "report/table.h"
#include "report/view.h"

#include <errno.h>
#include <stdlib.h>

static void add_hop(struct vmp_table *table, const struct vmp_hop *hop)
{
	bool end = hop->kind == VMP_HOP_NETWORK || hop->kind == VMP_HOP_GUEST;

	vmp_table_cell(table, VMP_INK_BOLD, hop->name);
	vmp_table_cell(table, VMP_INK_PLAIN, end ? "" : vmp_hop_kind_name(hop->kind));
	if (hop->has_tag)
		vmp_table_printf(table, VMP_INK_PLAIN, "vlan %u", (unsigned int)hop->tag);
	else
		vmp_table_cell(table, VMP_INK_PLAIN, hop->inactive ? "inactive" : "");
	if (hop->observed == VMP_OBSERVED_YES)
		vmp_table_cell(table, VMP_INK_PLAIN, "can be observed");
	else if (hop->observed == VMP_OBSERVED_PARTLY)
		vmp_table_cell(table, VMP_INK_YELLOW, "can be observed in part");
	else
		vmp_table_cell(table, VMP_INK_DIM, end ? "" : "cannot be observed");
}

static void add_hops(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_path *path,
		     const bool *visible)
{
	struct vmp_table table;

	vmp_table_init(&table, style, 4);
	for (size_t i = 0; i < path->hops.n; i++)
		if (visible[i])
			add_hop(&table, &path->hops.v[i]);
	vmp_table_print(&table, 4, out);
	for (size_t i = 0; i < path->hops.n; i++) {
		const struct vmp_hop *hop = &path->hops.v[i];

		if (visible[i] && hop->owner)
			vmp_text_printf(out, style, 4, VMP_INK_PLAIN, "", "%s belongs to guest %s", hop->name, hop->owner);
		if (visible[i] && hop->observed != VMP_OBSERVED_YES && hop->why && hop->ifindex > 0)
			vmp_text_printf(out, style, 4, VMP_INK_PLAIN, "", "%s: %s", hop->name, hop->why);
	}
}

/* What kind of card it is, in one line. */
static void add_nic_line(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_nic *nic)
{
	struct vmp_buf text = {0};
	char ip[VMP_IP_STRLEN];

	vmp_text_nic(&text, nic);
	vmp_buf_printf(&text, ": %s%s%s", nic->type_name ? nic->type_name : "interface", nic->source ? " " : "",
		       nic->source ? nic->source : "");
	if (nic->model)
		vmp_buf_printf(&text, ", %s", nic->model);
	if (nic->link_up == VMP_NO)
		vmp_buf_printf(&text, ", link down");
	vmp_vec_foreach (address, &nic->addresses)
		vmp_buf_printf(&text, ", %s", vmp_ip_format(&address->ip, ip));
	out->oom |= text.oom;
	vmp_buf_add(out, "\n", 1);
	vmp_text_printf(out, style, 0, VMP_INK_BOLD, nic->alias ? "interface " : "", "%s%s%s", nic->alias ? nic->alias : "",
			nic->alias ? ", " : "", text.s ? text.s : "");
	vmp_buf_clear(&text);
}

static int add_interface(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_nic *nic,
			 const struct vmp_path *path, const vmp_findings *findings)
{
	bool *visible = vmp_view_hops(path, NULL, findings, NULL);

	if (!visible)
		return -ENOMEM;
	add_nic_line(out, style, nic);
	add_hops(out, style, path, visible);
	if (nic->why_no_backend)
		vmp_text_paragraph(out, style, 4, VMP_INK_YELLOW, "no device on this host: ", nic->why_no_backend);
	if (findings->n == 0 && !nic->why_no_backend)
		vmp_text_paragraph(out, style, 2, VMP_INK_GREEN, "", "nothing wrong is known without a capture");
	vmp_text_findings(out, style, findings, path);
	free(visible);
	return 0;
}

/* One line per interface: its worst finding. */
static void add_brief(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_guest *guest,
		      const struct vmp_nic *nic, const vmp_findings *findings)
{
	const struct vmp_finding *worst = NULL;
	struct vmp_buf which = {0};

	vmp_vec_foreach (finding, findings)
		if (!worst || finding->severity > worst->severity)
			worst = finding;
	vmp_text_nic(&which, nic);
	vmp_text_printf(out, style, 0, VMP_INK_PLAIN, "", "%s (%s): %s", vmp_text_guest_name(guest), which.s ? which.s : "?",
			worst && worst->summary ? worst->summary
			: worst                 ? worst->code
			: nic->why_no_backend   ? nic->why_no_backend
						: "nothing wrong is known");
	out->oom |= which.oom;
	vmp_buf_clear(&which);
}

int vmp_text_path(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out)
{
	const struct vmp_guest *guest = listing->guests;
	const char *first = NULL;

	if (listing->n_guests == 0)
		return 0;
	if (!style->quiet)
		vmp_text_printf(out, style, 0, VMP_INK_PLAIN, "", "%s (%s%s%s)", vmp_text_guest_name(guest),
				vmp_guest_state_name(guest->state), guest->hypervisor ? ", " : "",
				guest->hypervisor ? guest->hypervisor : "");
	if (!style->quiet && guest->nics.n == 0)
		vmp_text_paragraph(out, style, 2, VMP_INK_PLAIN, "", "no interfaces");
	for (size_t i = 0; i < guest->nics.n; i++) {
		if (style->quiet)
			add_brief(out, style, guest, &guest->nics.v[i], &listing->path_findings[i]);
		else if (add_interface(out, style, &guest->nics.v[i], &listing->paths[i], &listing->path_findings[i]) < 0)
			return -ENOMEM;
		if (!first && listing->path_findings[i].n > 0)
			first = listing->path_findings[i].v[0].code;
	}
	if (first && !style->quiet)
		vmp_text_explain_hint(out, style, first);
	return out->oom ? -ENOMEM : 0;
}
