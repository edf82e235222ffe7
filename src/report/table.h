/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table in text: columns as wide as their widest cell as the terminal shows it. Internal to this folder. */
#ifndef VMP_REPORT_TABLE_H
#define VMP_REPORT_TABLE_H

#include "report/text.h"

struct vmp_cell {
	char *text;                 /* safe; owned */
	enum vmp_ink ink;
	int width;
};

struct vmp_table {
	const struct vmp_report_style *style;
	size_t columns;
	VMP_VEC(struct vmp_cell) cells;
	bool oom;
};

/* Begin a table of so many columns. style: borrowed until the table is printed. */
void vmp_table_init(struct vmp_table *table, const struct vmp_report_style *style, size_t columns);

/* The next cell, row by row. text: untrusted, escaped here; NULL: empty. */
void vmp_table_cell(struct vmp_table *table, enum vmp_ink ink, const char *text);

/* The next cell, formatted. */
void vmp_table_printf(struct vmp_table *table, enum vmp_ink ink, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Append the table, indented, two blanks between columns and none at the ends of lines; then free it. */
void vmp_table_print(struct vmp_table *table, int indent, struct vmp_buf *out);

#endif
