/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vmpath list` prints: one line per interface. */
#include "report/table.h"

#include <errno.h>

static void add_addresses(struct vmp_table *table, const struct vmp_nic *nic)
{
	struct vmp_buf text = {0};
	char ip[VMP_IP_STRLEN];

	vmp_vec_foreach (address, &nic->addresses)
		vmp_buf_printf(&text, "%s%s", text.len ? " " : "", vmp_ip_format(&address->ip, ip));
	table->oom |= text.oom;
	vmp_table_cell(table, VMP_INK_PLAIN, text.len ? text.s : "-");
	vmp_buf_clear(&text);
}

static void add_nic(struct vmp_table *table, const struct vmp_nic *nic)
{
	const char *device = nic->target ? nic->target : nic->why_no_backend ? "none" : "-";
	char mac[VMP_MAC_STRLEN];

	vmp_table_cell(table, VMP_INK_PLAIN, nic->type_name ? nic->type_name : "-");
	vmp_table_cell(table, VMP_INK_PLAIN, nic->source ? nic->source : "-");
	vmp_table_cell(table, nic->why_no_backend ? VMP_INK_DIM : VMP_INK_PLAIN, device);
	vmp_table_cell(table, VMP_INK_PLAIN, nic->has_mac ? vmp_mac_format(&nic->mac, mac) : "-");
	vmp_table_cell(table, VMP_INK_PLAIN, nic->model ? nic->model : "-");
	add_addresses(table, nic);
}

static void add_guest(struct vmp_table *table, const struct vmp_guest *guest)
{
	bool first = true;

	vmp_vec_foreach (nic, &guest->nics) {
		vmp_table_cell(table, VMP_INK_BOLD, first ? vmp_text_guest_name(guest) : "");
		vmp_table_cell(table, VMP_INK_PLAIN, first ? vmp_guest_state_name(guest->state) : "");
		add_nic(table, nic);
		first = false;
	}
	if (!first)
		return;
	vmp_table_cell(table, VMP_INK_BOLD, vmp_text_guest_name(guest));
	vmp_table_cell(table, VMP_INK_PLAIN, vmp_guest_state_name(guest->state));
	vmp_table_cell(table, VMP_INK_DIM, "no interface");
	for (size_t i = 3; i < table->columns; i++)
		vmp_table_cell(table, VMP_INK_PLAIN, "");
}

/* The reasons why interfaces have no device on the host. */
static void add_reasons(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_listing *listing)
{
	bool any = false;

	for (size_t i = 0; i < listing->n_guests; i++) {
		vmp_vec_foreach (nic, &listing->guests[i].nics) {
			struct vmp_buf which = {0};

			if (!nic->why_no_backend)
				continue;
			if (!any)
				vmp_text_heading(out, style, "No device on this host");
			any = true;
			vmp_text_nic(&which, nic);
			vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "", "%s (%s): %s",
					vmp_text_guest_name(&listing->guests[i]), which.s ? which.s : "?",
					nic->why_no_backend);
			vmp_buf_clear(&which);
		}
	}
}

int vmp_text_list(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out)
{
	static const char *const heads[] = {"GUEST", "STATE", "TYPE", "SOURCE", "DEVICE", "MAC", "MODEL", "ADDRESSES"};
	const size_t columns = sizeof(heads) / sizeof(*heads);
	struct vmp_table table;

	if (style->quiet) {
		for (size_t i = 0; i < listing->n_guests; i++)
			vmp_text_paragraph(out, style, 0, VMP_INK_PLAIN, "", vmp_text_guest_name(&listing->guests[i]));
		return out->oom ? -ENOMEM : 0;
	}
	vmp_table_init(&table, style, columns);
	for (size_t i = 0; i < columns; i++)
		vmp_table_cell(&table, VMP_INK_BOLD, heads[i]);
	for (size_t i = 0; i < listing->n_guests; i++)
		add_guest(&table, &listing->guests[i]);
	vmp_table_print(&table, 0, out);
	if (style->verbose)
		add_reasons(out, style, listing);
	return out->oom ? -ENOMEM : 0;
}
