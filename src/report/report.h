/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run -> text or JSON. A format is one entry of the table in report/format.c; the caller chooses once. */
#ifndef VMP_REPORT_REPORT_H
#define VMP_REPORT_REPORT_H

#include "base/err.h"
#include "base/str.h"
#include "model/code.h"
#include "model/doctor.h"
#include "model/run.h"

#include <stdbool.h>

struct vmp_report_style {
	bool colour;
	bool utf8;              /* box and arrow characters may be used */
	int width;              /* columns of the terminal, 0: not one */
	bool verbose;
	bool quiet;             /* the verdict alone */
};

/* Everything list and path print: filled by their commands. */
struct vmp_listing {
	const char *host_name;
	const char *uri;        /* may be NULL */
	const struct vmp_guest *guests;
	size_t n_guests;
	/* for path: one per NIC of guests[0], in its order; NULL for list */
	const struct vmp_path *paths;
	const vmp_findings *path_findings;
};

/* Codes to be explained, in this order. */
struct vmp_explanation {
	const struct vmp_code *const *codes;
	size_t n;
	bool whole;             /* all that is to be said, not a line for each */
};

struct vmp_format {
	const char *name;       /* "text", "json" */
	int (*trace)(const struct vmp_run *run, const struct vmp_report_style *style, struct vmp_buf *out);
	int (*path)(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out);
	int (*list)(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out);
	int (*doctor)(const struct vmp_checkup *checkup, const struct vmp_report_style *style, struct vmp_buf *out);
	int (*explain)(const struct vmp_explanation *explanation, const struct vmp_report_style *style, struct vmp_buf *out);
};

/* The format of this name, or NULL. Its functions return 0 or -ENOMEM. */
const struct vmp_format *vmp_format_find(const char *name);

#endif
