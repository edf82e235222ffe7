/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of /proc/net/stat: a line of names, then a line of hexadecimal numbers for each processor. Kernel,
 * net/netfilter/nf_conntrack_standalone.c, ct_cpu_seq_show(), and net/core/neighbour.c, neigh_stat_seq_show(). Columns came and went:
 * only names count. Told is the sum of all processors: on which of them a packet was dropped says nothing.
 */
#include "gauge/source.h"

#include <errno.h>
#include <string.h>

enum { COLUMNS_MAX = 64, NAMES_MAX = 8 };

/* In which column each name stands, -1: in none. */
static void find_columns(const char *line, const char *const *names, int *columns)
{
	const char *word;
	size_t len;

	for (int i = 0; i < NAMES_MAX; i++)
		columns[i] = -1;
	for (int column = 0; column < COLUMNS_MAX && (len = vmp_gauge_word(&line, &word)) > 0; column++)
		for (int i = 0; i < NAMES_MAX && names[i]; i++)
			if (strlen(names[i]) == len && strncmp(names[i], word, len) == 0)
				columns[i] = column;
}

/* Add a processor's line. Returns false when one of the columns is no number, or not there. */
static bool add_line(const char *line, const int *columns, uint64_t *sums)
{
	uint64_t values[COLUMNS_MAX];
	const char *word;
	int n = 0;

	for (size_t len = vmp_gauge_word(&line, &word); len && n < COLUMNS_MAX; len = vmp_gauge_word(&line, &word))
		if (!vmp_gauge_number(word, len, 16, &values[n++]))
			return false;
	for (int i = 0; i < NAMES_MAX; i++) {
		if (columns[i] >= n)
			return false;
		if (columns[i] >= 0)
			sums[i] += values[columns[i]];
	}
	return true;
}

/* A file that is not as it should be tells nothing: half a sum would be a number that nobody counted. */
static int take(const struct vmp_gauge_look *look, const char *source, const char *object, const char *const *names, const char *text)
{
	const char *line = vmp_gauge_next_line(text);
	uint64_t sums[NAMES_MAX] = {0};
	int columns[NAMES_MAX];

	find_columns(text, names, columns);
	if (!line)
		return 0;
	for (; line; line = vmp_gauge_next_line(line))
		if (*line != '\n' && !add_line(line, columns, sums))
			return 0;
	for (int i = 0; i < NAMES_MAX && names[i]; i++)
		if (columns[i] >= 0 && vmp_gauge_put(look, source, object, names[i], VMP_COUNTER_MOVES, 0, sums[i], NULL) < 0)
			return -ENOMEM;
	return 0;
}

int vmp_gauge_conntrack(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file)
{
	static const char *const names[NAMES_MAX] = {"invalid", "insert_failed", "drop", "early_drop"};

	return take(look, source->word, "", names, file->text);
}

/* What netlink does not tell of these tables. */
int vmp_gauge_neighbour_cache(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source,
			      const struct vmp_reading_file *file)
{
	static const char *const names[NAMES_MAX] = {"unresolved_discards"};
	const char *table = strrchr(file->path, '/');

	return take(look, source->word, table ? table + 1 : "", names, file->text);
}

int vmp_gauge_neighbour_tables(const struct vmp_gauge_look *look)
{
	vmp_vec_foreach (table, &look->reading->tables) {
		const struct {
			const char *name;
			enum vmp_counter_kind kind;
			bool known;
			uint64_t value;
		} counters[] = {
			{"entries", VMP_COUNTER_FILLS, true, table->entries},
			{"table_fulls", VMP_COUNTER_MOVES, table->has_fulls, table->table_fulls},
			{"res_failed", VMP_COUNTER_MOVES, true, table->failed},
			{"forced_gc_runs", VMP_COUNTER_MOVES, true, table->forced_gc_runs},
		};

		for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
			if (counters[i].known &&
			    vmp_gauge_put(look, "neighbour", table->name, counters[i].name, counters[i].kind, 0, counters[i].value, NULL) < 0)
				return -ENOMEM;
		if (table->limit && vmp_gauge_put_limit(look, "neighbour", table->name, "entries", table->limit) < 0)
			return -ENOMEM;
	}
	return 0;
}
