/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside gauge/ only: what a source of counters gets, and how it says what it found. The table of all sources is in sources.c. */
#ifndef VMP_GAUGE_SOURCE_H
#define VMP_GAUGE_SOURCE_H

#include "gauge/gauge.h"

/* One look at what was read. */
struct vmp_gauge_look {
	struct vmp_gauges *gauges;
	const struct vmp_reading *reading;
	enum vmp_gauge_moment moment;
};

/* A row of the table of sources: a file, and what to make of it. */
struct vmp_gauge_source {
	const char *word;               /* source of the counters, a word of the JSON documents */
	const char *name;               /* of the counter, when the file holds a single number */
	const char *path;               /* with %s: one for each device on the path, which stands for it */
	int (*take)(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file);
};

/*
 * Say what a counter stands at. object: "" for the whole host; text: borrowed, may be NULL. A counter that is lower after the window than
 * before was made anew meanwhile: then what it was after is not known. Returns 0, also when there are too many, or -ENOMEM.
 */
int vmp_gauge_put(const struct vmp_gauge_look *look, const char *source, const char *object, const char *name, enum vmp_counter_kind kind,
		  int ifindex, uint64_t value, const char *text);

/* Say where a level is full. Returns as vmp_gauge_put(). */
int vmp_gauge_put_limit(const struct vmp_gauge_look *look, const char *source, const char *object, const char *name, uint64_t limit);

/*
 * Read the next word of a line: up to a blank or the line's end. at: moved behind it. Returns its length, 0 at the line's end, where *at
 * stays. ret_word: borrowed, not terminated.
 */
size_t vmp_gauge_word(const char **at, const char **ret_word);

/* The start of the next line, or NULL at the text's end. */
const char *vmp_gauge_next_line(const char *at);

/* A word of digits only as a number; base 10 or 16. False for anything else and what is too large. */
bool vmp_gauge_number(const char *word, size_t len, unsigned int base, uint64_t *ret_number);

/* The sources; each says what its file looks like. */
int vmp_gauge_softnet(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file);
int vmp_gauge_snmp(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file);
int vmp_gauge_snmp6(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file);
int vmp_gauge_conntrack(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file);
int vmp_gauge_neighbour_cache(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source,
			      const struct vmp_reading_file *file);
int vmp_gauge_interrupts(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file);
int vmp_gauge_level(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file);
int vmp_gauge_limit(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file);

/* What netlink and drivers told: queues, neighbour tables, counters and rings of cards. */
int vmp_gauge_queues(const struct vmp_gauge_look *look);
int vmp_gauge_neighbour_tables(const struct vmp_gauge_look *look);
int vmp_gauge_drivers(const struct vmp_gauge_look *look);

#endif
