/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/net/softnet_stat: a line of hexadecimal columns for each processor that is online. Kernel, net/core/net-procfs.c,
 * softnet_seq_show(): 0 packets processed, 1 dropped because the backlog was full, 2 rounds ended before all was done, 10 dropped by the
 * flow limit, and since 5.10 in column 12 which processor it is; before, a processor that is offline had no line and its number is not
 * told.
 */
#include "gauge/source.h"

#include <errno.h>
#include <stdio.h>

enum { COLUMNS = 13, CPU = 12 };

static const struct {
	const char *name;
	unsigned int column;
} counters[] = {
	{"dropped", 1},
	{"time_squeeze", 2},
	{"flow_limit", 10},
};

/* Columns of a line, from the first on, as far as they are numbers. Returns how many. */
static unsigned int read_columns(const char *line, uint64_t *columns)
{
	unsigned int n = 0;
	const char *word;

	for (size_t len = vmp_gauge_word(&line, &word); len && n < COLUMNS; len = vmp_gauge_word(&line, &word))
		if (!vmp_gauge_number(word, len, 16, &columns[n++]))
			return n - 1;
	return n;
}

int vmp_gauge_softnet(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file)
{
	unsigned int row = 0;

	for (const char *line = file->text; line; line = vmp_gauge_next_line(line), row++) {
		uint64_t columns[COLUMNS];
		unsigned int n = read_columns(line, columns);
		char object[40];

		if (n > CPU)
			snprintf(object, sizeof(object), "cpu%llu", (unsigned long long)columns[CPU]);
		else
			snprintf(object, sizeof(object), "row %u", row);
		for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
			if (counters[i].column < n && vmp_gauge_put(look, source->word, object, counters[i].name, VMP_COUNTER_MOVES, 0,
								   columns[counters[i].column], NULL) < 0)
				return -ENOMEM;
	}
	return 0;
}
