/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pieces the text reports are made of. Internal to this folder. */
#ifndef VMP_REPORT_TEXT_H
#define VMP_REPORT_TEXT_H

#include "report/report.h"

/* How a piece of text stands out; without colour it does not. */
enum vmp_ink { VMP_INK_PLAIN, VMP_INK_BOLD, VMP_INK_DIM, VMP_INK_RED, VMP_INK_GREEN, VMP_INK_YELLOW };

/* Append the terminal's code to begin an ink, or to end it. Nothing is added without colour or for PLAIN. */
void vmp_text_ink(struct vmp_buf *out, const struct vmp_report_style *style, enum vmp_ink ink);
void vmp_text_ink_end(struct vmp_buf *out, const struct vmp_report_style *style, enum vmp_ink ink);

/* Append untrusted text, safe on a terminal of this style: without UTF-8 everything beyond ASCII becomes \u{NNNN}. */
void vmp_text_safe(struct vmp_buf *out, const struct vmp_report_style *style, const char *text);

/* Columns that text takes on the terminal. text: already safe. */
int vmp_text_width(const char *text);

/*
 * Append one paragraph: indent blanks, label in ink, then text, wrapped at the terminal's width below the label's end.
 * label: borrowed; "" leaves the ink to the text. text: untrusted. Without a terminal it is one line, so that it can be
 * searched.
 */
void vmp_text_paragraph(struct vmp_buf *out, const struct vmp_report_style *style, int indent, enum vmp_ink ink,
			const char *label, const char *text);

/* As vmp_text_paragraph(), with formatted text. */
void vmp_text_printf(struct vmp_buf *out, const struct vmp_report_style *style, int indent, enum vmp_ink ink,
		     const char *label, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* An empty line and a heading. */
void vmp_text_heading(struct vmp_buf *out, const struct vmp_report_style *style, const char *heading);

/* "to the guest" or "from the guest". */
const char *vmp_text_direction(enum vmp_direction direction);

/* Append ", to the guest, eth0 -> 021f00" as far as the hops are known. Not escaped. */
void vmp_text_place(struct vmp_buf *text, const struct vmp_report_style *style, const struct vmp_path *path,
		    enum vmp_direction direction, int from, int to);

/* Findings with their evidence and remedies, each under its severity. path: names their places. */
void vmp_text_findings(struct vmp_buf *out, const struct vmp_report_style *style, const vmp_findings *findings,
		       const struct vmp_path *path);

/* One line that says how to learn more about a code, this one for example. */
void vmp_text_explain_hint(struct vmp_buf *out, const struct vmp_report_style *style, const char *code);

/* Its name, "?" when it has none (a capture judged offline). Borrowed. */
const char *vmp_text_guest_name(const struct vmp_guest *guest);

/* Append which card a NIC is: "52:54:00:02:1f:00 on 021f00", as far as known. Not escaped. */
void vmp_text_nic(struct vmp_buf *out, const struct vmp_nic *nic);

/* The hops as a table: what was seen at each and, between them, what became of it. visible: of vmp_view_hops(). */
void vmp_text_hops(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run,
		   const bool *visible);

/* The reports: see struct vmp_format. */
int vmp_text_trace(const struct vmp_run *run, const struct vmp_report_style *style, struct vmp_buf *out);
int vmp_text_path(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out);
int vmp_text_list(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out);
int vmp_text_doctor(const struct vmp_checkup *checkup, const struct vmp_report_style *style, struct vmp_buf *out);
int vmp_text_explain(const struct vmp_explanation *explanation, const struct vmp_report_style *style, struct vmp_buf *out);

/* What agent and monitor said of the inside; nothing when they were not asked. */
void vmp_text_inside(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run);

#endif
