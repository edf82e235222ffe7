/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cause/symbols.h"

#include "base/str.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

struct symbol {
	uint64_t address;
	size_t name;            /* where it begins in the text */
};

struct vmp_symbols {
	VMP_VEC(struct symbol) list; /* by address */
	struct vmp_buf names;
};

static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct symbol *)a)->address, y = ((const struct symbol *)b)->address;

	return x < y ? -1 : x > y;
}

/*
 * Returns 0, also for a line that is no function's; -1 without memory. There are a hundred thousand lines, and packets wait meanwhile: what
 * a general parser takes for them is a tenth of a second.
 */
static int add_line(struct vmp_symbols *symbols, char *line)
{
	char *rest, *name;
	uint64_t address = strtoull(line, &rest, 16);
	struct symbol *symbol;

	if (address == 0 || rest == line || rest[0] != ' ' || !rest[1] || !strchr("tTwW", rest[1]) || rest[2] != ' ')
		return 0;
	name = rest + 3;
	name[strcspn(name, " \t\n")] = '\0';
	if (!*name)
		return 0;
	name[1 + strcspn(name + 1, ".")] = '\0';
	symbol = vmp_vec_add(&symbols->list);
	if (!symbol)
		return -1;
	symbol->address = address;
	symbol->name = symbols->names.len;
	vmp_buf_add(&symbols->names, name, strlen(name) + 1);
	return symbols->names.oom ? -1 : 0;
}

struct vmp_symbols *vmp_symbols_read(FILE *file)
{
	struct vmp_symbols *symbols = calloc(1, sizeof(*symbols));
	char line[512];

	while (symbols && fgets(line, sizeof(line), file))
		if (add_line(symbols, line) < 0) {
			vmp_symbols_free(symbols);
			return NULL;
		}
	if (symbols && symbols->list.n)
		qsort(symbols->list.v, symbols->list.n, sizeof(*symbols->list.v), compare);
	return symbols;
}

const char *vmp_symbols_name(const struct vmp_symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->list.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->list.v[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? symbols->names.s + symbols->list.v[low - 1].name : NULL;
}

void vmp_symbols_free(struct vmp_symbols *symbols)
{
	if (!symbols)
		return;
	vmp_vec_free(&symbols->list);
	vmp_buf_clear(&symbols->names);
	free(symbols);
}
