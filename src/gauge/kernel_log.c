/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gauge/kernel_log.h"

#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 300 };

/* What is looked for: words that a line has both of. Kernel: nf_conntrack_core.c, neighbour.c, sch_generic.c; drivers in their own words. */
static const struct {
	const char *name, *word, *other;
	bool device;                    /* only lines that name one of the path's */
} kinds[] = {
	{"table full", "nf_conntrack", "table full", false},
	{"neighbour table overflow", "neighbor table overflow", "", false},
	{"neighbour table overflow", "neighbour: ", "table overflow", false},
	{"transmit timeout", "NETDEV WATCHDOG", "", true},
	{"transmit timeout", "transmit queue", "timed out", true},
	{"hang", "Detected", "Hang", true},
	{"hang", "detected", "hang", true},
	{"link", "Link is Down", "", true},
	{"link", "Link is Up", "", true},
	{"link", "link is not ready", "", true},
	{"link", "link status definitely down", "", true},
	{"not trusted", "VF", "not trusted", true},
};

static bool has(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word)) != NULL;
}

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

/* The device's name as a word of its own: "eth1" is not in "eth10". */
static bool names(const char *text, size_t len, const char *device)
{
	const char *at = text, *end = text + len;
	size_t n = strlen(device);

	while ((at = memmem(at, (size_t)(end - at), device, n))) {
		bool begins = at == text || (!is_name_char(at[-1]) && at[-1] != '.');
		bool ends = at + n == end || (!is_name_char(at[n]) && (at[n] != '.' || at + n + 1 == end || !is_name_char(at[n + 1])));

		if (begins && ends)
			return true;
		at++;
	}
	return false;
}

static const struct vmp_hop *find_hop(const struct vmp_path *path, const char *text, size_t len)
{
	vmp_vec_foreach (hop, &path->hops)
		if (hop->ifindex && hop->role != VMP_ROLE_PEER && names(text, len, hop->name))
			return hop;
	return NULL;
}

static int count(struct vmp_gauges *gauges, const struct vmp_hop *hop, const char *name, const char *text, size_t len)
{
	struct vmp_counter *counter = vmp_gauges_add(gauges, "kernel-log", hop ? hop->name : "", name, VMP_COUNTER_MOVES);

	if (!counter)
		return gauges->counters.n >= VMP_COUNTERS_MAX ? 0 : -ENOMEM;
	counter->before_known = counter->after_known = true;
	counter->after++;
	counter->ifindex = hop ? hop->ifindex : 0;
	if (!counter->text)
		counter->text = strndup(text, len < TEXT_MAX ? len : TEXT_MAX);
	return counter->text ? 0 : -ENOMEM;
}

/* "6,339,5140900,-;the text", and lines behind it that begin with a blank, which say what it is about. */
static int take_record(struct vmp_gauges *gauges, const struct vmp_path *path, const char *line, size_t len)
{
	const char *text = memchr(line, ';', len);

	if (!text || *line < '0' || *line > '9')
		return 0;
	text++;
	len -= (size_t)(text - line);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct vmp_hop *hop;

		if (!has(text, len, kinds[i].word) || !has(text, len, kinds[i].other))
			continue;
		hop = kinds[i].device ? find_hop(path, text, len) : NULL;
		if (hop || !kinds[i].device)
			return count(gauges, hop, kinds[i].name, text, len);
	}
	return 0;
}

int vmp_gauge_kernel_log(struct vmp_gauges *gauges, const struct vmp_path *path, const char *records, size_t len)
{
	const char *end = records + len;
	int code = 0;

	while (code == 0 && records < end) {
		const char *stop = memchr(records, '\n', (size_t)(end - records));

		if (!stop)
			stop = end;
		code = take_record(gauges, path, records, (size_t)(stop - records));
		records = stop < end ? stop + 1 : end;
	}
	return code;
}
