/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the IP stack of this network namespace counts. /proc/net/snmp and /proc/net/netstat (kernel, net/ipv4/proc.c): a line of names and
 * one of values, both after the group's name; /proc/net/snmp6 (net/ipv6/proc.c): a name and a value on each line. Kernels add columns
 * wherever they like, so names are what counts. Of them those that tell of packets that were dropped.
 */
#include "gauge/source.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *group, *name;
} kept[] = {
	{"Ip", "InHdrErrors"},
	{"Ip", "InAddrErrors"},
	{"Ip", "InDiscards"},
	{"Ip", "OutDiscards"},
	{"Ip", "OutNoRoutes"},
	{"Ip", "ReasmTimeout"},
	{"Ip", "ReasmFails"},
	{"Ip", "FragFails"},
	{"Udp", "NoPorts"},
	{"Udp", "InErrors"},
	{"Udp", "RcvbufErrors"},
	{"Udp", "MemErrors"},
	{"IpExt", "InNoRoutes"},
	{"IpExt", "InTruncatedPkts"},
	{"IpExt", "InCsumErrors"},
	{"TcpExt", "IPReversePathFilter"},
	{"Ip6", "InHdrErrors"},
	{"Ip6", "InTooBigErrors"},
	{"Ip6", "InNoRoutes"},
	{"Ip6", "InAddrErrors"},
	{"Ip6", "InDiscards"},
	{"Ip6", "OutDiscards"},
	{"Ip6", "OutNoRoutes"},
	{"Ip6", "ReasmTimeout"},
	{"Ip6", "ReasmFails"},
	{"Ip6", "FragFails"},
	{"Udp6", "NoPorts"},
	{"Udp6", "InErrors"},
	{"Udp6", "RcvbufErrors"},
};

enum { KEPT = sizeof(kept) / sizeof(*kept) };

static bool is_word(const char *word, size_t len, const char *text)
{
	return strlen(text) == len && strncmp(word, text, len) == 0;
}

static int put(const struct vmp_gauge_look *look, const char *source, int i, const char *value, size_t len)
{
	uint64_t number;

	return vmp_gauge_number(value, len, 10, &number)
		       ? vmp_gauge_put(look, source, kept[i].group, kept[i].name, VMP_COUNTER_MOVES, 0, number, NULL)
		       : 0;
}

/* Two lines of one group: "Ip: Forwarding DefaultTTL ..." and "Ip: 1 64 ...". */
static int take_pair(const struct vmp_gauge_look *look, const char *source, const char *names, const char *values)
{
	const char *group, *same, *name, *value;
	size_t group_len = vmp_gauge_word(&names, &group), same_len = vmp_gauge_word(&values, &same), name_len, value_len;

	if (group_len < 2 || group_len != same_len || strncmp(group, same, group_len) != 0 || group[group_len - 1] != ':')
		return 0;
	for (;;) {
		name_len = vmp_gauge_word(&names, &name);
		value_len = vmp_gauge_word(&values, &value);
		if (!name_len || !value_len)
			return 0;
		for (int i = 0; i < KEPT; i++)
			if (is_word(group, group_len - 1, kept[i].group) && is_word(name, name_len, kept[i].name) &&
			    put(look, source, i, value, value_len) < 0)
				return -ENOMEM;
	}
}

int vmp_gauge_snmp(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file)
{
	const char *names = file->text;

	while (names) {
		const char *values = vmp_gauge_next_line(names);

		if (values && take_pair(look, source->word, names, values) < 0)
			return -ENOMEM;
		names = values ? vmp_gauge_next_line(values) : NULL;
	}
	return 0;
}

/* "Ip6InNoRoutes                   	0" */
int vmp_gauge_snmp6(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file)
{
	for (const char *line = file->text; line; line = vmp_gauge_next_line(line)) {
		const char *at = line, *name, *value;
		size_t name_len = vmp_gauge_word(&at, &name), value_len = vmp_gauge_word(&at, &value);

		for (int i = 0; i < KEPT; i++) {
			size_t group_len = strlen(kept[i].group);

			if (name_len <= group_len || strncmp(name, kept[i].group, group_len) != 0 ||
			    !is_word(name + group_len, name_len - group_len, kept[i].name))
				continue;
			if (put(look, source->word, i, value, value_len) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}
