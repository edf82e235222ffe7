/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vmp_table_init(struct vmp_table *table, const struct vmp_report_style *style, size_t columns)
{
	memset(table, 0, sizeof(*table));
	table->style = style;
	table->columns = columns;
}

void vmp_table_cell(struct vmp_table *table, enum vmp_ink ink, const char *text)
{
	struct vmp_cell *cell = vmp_vec_add(&table->cells);
	struct vmp_buf safe = {0};

	if (!cell) {
		table->oom = true;
		return;
	}
	vmp_text_safe(&safe, table->style, text);
	cell->text = vmp_buf_take(&safe);
	cell->ink = ink;
	if (cell->text)
		cell->width = vmp_text_width(cell->text);
	else
		table->oom = true;
}

void vmp_table_printf(struct vmp_table *table, enum vmp_ink ink, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!text)
		table->oom = true;
	vmp_table_cell(table, ink, text);
	free(text);
}

/* Width of a column. */
static int column_width(const struct vmp_table *table, size_t column)
{
	int width = 0;

	for (size_t i = column; i < table->cells.n; i += table->columns)
		if (table->cells.v[i].width > width)
			width = table->cells.v[i].width;
	return width;
}

static void print_row(const struct vmp_table *table, size_t first, const int *widths, int indent, struct vmp_buf *out)
{
	const struct vmp_cell *cells = &table->cells.v[first];
	int blanks = indent;

	for (size_t i = 0; i < table->columns && first + i < table->cells.n; i++) {
		/* Blanks are written in front of text only, so that no line ends in them. */
		if (cells[i].width > 0) {
			vmp_buf_printf(out, "%*s", blanks, "");
			vmp_text_ink(out, table->style, cells[i].ink);
			vmp_buf_printf(out, "%s", cells[i].text);
			vmp_text_ink_end(out, table->style, cells[i].ink);
			blanks = 0;
		}
		blanks += widths[i] - cells[i].width + (widths[i] > 0 ? 2 : 0);
	}
	vmp_buf_add(out, "\n", 1);
}

void vmp_table_print(struct vmp_table *table, int indent, struct vmp_buf *out)
{
	int *widths = calloc(table->columns + 1, sizeof(*widths));

	table->oom |= !widths;
	for (size_t i = 0; !table->oom && i < table->columns; i++)
		widths[i] = column_width(table, i);
	for (size_t i = 0; !table->oom && i < table->cells.n; i += table->columns)
		print_row(table, i, widths, indent, out);
	out->oom |= table->oom;
	vmp_vec_foreach (cell, &table->cells)
		free(cell->text);
	vmp_vec_free(&table->cells);
	free(widths);
}
