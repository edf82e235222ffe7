/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of what is counted, where; and how a source says what it found. A new source is a file beside this one and a row here. */
#include "gauge/source.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * All of them can be read by anybody. /proc/net and /proc/sys/net show the network namespace of who reads; softnet_stat and the tables of
 * neighbours are of the whole machine wherever they are read, and the latter have files in its first namespace only.
 */
static const struct vmp_gauge_source sources[] = {
	{"softnet", NULL, "/proc/net/softnet_stat", vmp_gauge_softnet},
	{"softnet", "max_backlog", "/proc/sys/net/core/netdev_max_backlog", vmp_gauge_level},
	{"snmp", NULL, "/proc/net/snmp", vmp_gauge_snmp},
	{"snmp", NULL, "/proc/net/netstat", vmp_gauge_snmp},
	{"snmp", NULL, "/proc/net/snmp6", vmp_gauge_snmp6},
	{"conntrack", NULL, "/proc/net/stat/nf_conntrack", vmp_gauge_conntrack},
	{"conntrack", "count", "/proc/sys/net/netfilter/nf_conntrack_count", vmp_gauge_level},
	{"conntrack", "count", "/proc/sys/net/netfilter/nf_conntrack_max", vmp_gauge_limit},
	{"neighbour", NULL, "/proc/net/stat/arp_cache", vmp_gauge_neighbour_cache},
	{"neighbour", NULL, "/proc/net/stat/ndisc_cache", vmp_gauge_neighbour_cache},
	{"interrupts", NULL, "/proc/interrupts", vmp_gauge_interrupts},
	{"sysctl", "ip_forward", "/proc/sys/net/ipv4/ip_forward", vmp_gauge_level},
	{"sysctl", "rp_filter", "/proc/sys/net/ipv4/conf/all/rp_filter", vmp_gauge_level},
	{"sysctl", "rp_filter", "/proc/sys/net/ipv4/conf/%s/rp_filter", vmp_gauge_level},
	{"sysctl", "forwarding", "/proc/sys/net/ipv4/conf/%s/forwarding", vmp_gauge_level},
	{"sysctl", "forwarding6", "/proc/sys/net/ipv6/conf/all/forwarding", vmp_gauge_level},
};

/* What is not read from a file. */
static int (*const others[])(const struct vmp_gauge_look *look) = {vmp_gauge_queues, vmp_gauge_neighbour_tables, vmp_gauge_drivers};

enum { SOURCES = sizeof(sources) / sizeof(*sources), OTHERS = sizeof(others) / sizeof(*others) };

/* ---- which ones ------------------------------------------------------------------------------------------------------ */

/* Other ports of the switch are other guests' affair, and there may be hundreds. */
static bool is_on_path(const struct vmp_hop *hop)
{
	return hop->ifindex > 0 && hop->name && hop->role != VMP_ROLE_PEER && !hop->is_file;
}

static int want_file(struct vmp_reading *reading, unsigned int source, const struct vmp_hop *hop)
{
	struct vmp_reading_file *file = vmp_vec_add(&reading->files);
	const char *path = sources[source].path, *place = strstr(path, "%s");

	if (!file)
		return -ENOMEM;
	file->source = source;
	file->ifindex = hop ? hop->ifindex : 0;
	snprintf(file->device, sizeof(file->device), "%s", hop ? hop->name : "");
	if (place)
		snprintf(file->path, sizeof(file->path), "%.*s%s%s", (int)(place - path), path, file->device, place + 2);
	else
		snprintf(file->path, sizeof(file->path), "%s", path);
	return 0;
}

static int want_device(struct vmp_reading *reading, const struct vmp_hop *hop)
{
	struct vmp_reading_device *device;

	vmp_vec_foreach (known, &reading->devices)
		if (known->ifindex == hop->ifindex)
			return 0;
	device = vmp_vec_add(&reading->devices);
	if (!device)
		return -ENOMEM;
	device->ifindex = hop->ifindex;
	snprintf(device->name, sizeof(device->name), "%s", hop->name);
	device->is_nic = hop->kind == VMP_HOP_NIC;
	for (unsigned int i = 0; i < SOURCES; i++)
		if (strstr(sources[i].path, "%s") && want_file(reading, i, hop) < 0)
			return -ENOMEM;
	return 0;
}

int vmp_gauge_wants(const struct vmp_path *path, struct vmp_reading *reading)
{
	for (unsigned int i = 0; i < SOURCES; i++)
		if (!strstr(sources[i].path, "%s") && want_file(reading, i, NULL) < 0)
			return -ENOMEM;
	vmp_vec_foreach (hop, &path->hops)
		if (is_on_path(hop) && want_device(reading, hop) < 0)
			return -ENOMEM;
	return 0;
}

/* ---- what they say --------------------------------------------------------------------------------------------------- */

int vmp_gauge_take(struct vmp_gauges *gauges, const struct vmp_reading *reading, enum vmp_gauge_moment moment)
{
	struct vmp_gauge_look look = {gauges, reading, moment};

	vmp_vec_foreach (file, &reading->files) {
		const struct vmp_gauge_source *source = file->source < SOURCES ? &sources[file->source] : NULL;
		int code = source && file->text ? source->take(&look, source, file) : 0;

		if (code < 0)
			return code;
	}
	for (size_t i = 0; i < OTHERS; i++) {
		int code = others[i](&look);

		if (code < 0)
			return code;
	}
	return 0;
}

static int no_more(const struct vmp_gauges *gauges)
{
	return gauges->counters.n >= VMP_COUNTERS_MAX ? 0 : -ENOMEM;
}

static int set_text(struct vmp_counter *counter, const char *text)
{
	return !text || counter->text ? 0 : vmp_str_set(&counter->text, text);
}

int vmp_gauge_put(const struct vmp_gauge_look *look, const char *source, const char *object, const char *name, enum vmp_counter_kind kind,
		  int ifindex, uint64_t value, const char *text)
{
	struct vmp_counter *counter = vmp_gauges_add(look->gauges, source, object, name, kind);

	if (!counter)
		return no_more(look->gauges);
	counter->ifindex = ifindex;
	if (look->moment == VMP_GAUGE_BEFORE) {
		counter->before_known = true;
		counter->before = value;
	} else {
		counter->after_known = kind == VMP_COUNTER_FILLS || !counter->before_known || value >= counter->before;
		counter->after = counter->after_known ? value : 0;
	}
	return set_text(counter, text);
}

int vmp_gauge_put_limit(const struct vmp_gauge_look *look, const char *source, const char *object, const char *name, uint64_t limit)
{
	struct vmp_counter *counter = vmp_gauges_add(look->gauges, source, object, name, VMP_COUNTER_FILLS);

	if (!counter)
		return no_more(look->gauges);
	counter->has_limit = true;
	counter->limit = limit;
	return 0;
}

/* ---- texts ----------------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

size_t vmp_gauge_word(const char **at, const char **ret_word)
{
	const char *c = *at;

	while (is_blank(*c))
		c++;
	*ret_word = c;
	while (*c && *c != '\n' && !is_blank(*c))
		c++;
	*at = c;
	return (size_t)(c - *ret_word);
}

const char *vmp_gauge_next_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end && end[1] ? end + 1 : NULL;
}

bool vmp_gauge_number(const char *word, size_t len, unsigned int base, uint64_t *ret_number)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned int digit = word[i] >= '0' && word[i] <= '9'                ? (unsigned int)(word[i] - '0')
				     : base == 16 && word[i] >= 'a' && word[i] <= 'f' ? (unsigned int)(word[i] - 'a') + 10
				     : base == 16 && word[i] >= 'A' && word[i] <= 'F' ? (unsigned int)(word[i] - 'A') + 10
										      : base;

		if (digit >= base || number > (UINT64_MAX - digit) / base)
			return false;
		number = number * base + digit;
	}
	*ret_number = number;
	return len > 0;
}

/* ---- files that hold a single number --------------------------------------------------------------------------------- */

static bool single_number(const struct vmp_reading_file *file, uint64_t *ret_number)
{
	const char *at = file->text, *word;
	size_t len = vmp_gauge_word(&at, &word);

	return vmp_gauge_number(word, len, 10, ret_number);
}

int vmp_gauge_level(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file)
{
	uint64_t value;

	return single_number(file, &value)
		       ? vmp_gauge_put(look, source->word, file->device, source->name, VMP_COUNTER_FILLS, file->ifindex, value, NULL)
		       : 0;
}

/* 0 stands for no limit (nf_conntrack_max). */
int vmp_gauge_limit(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file)
{
	uint64_t limit;

	return single_number(file, &limit) && limit > 0 ? vmp_gauge_put_limit(look, source->word, file->device, source->name, limit) : 0;
}
