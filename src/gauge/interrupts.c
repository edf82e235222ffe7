/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/interrupts: a heading "CPU0 CPU1 ...", then a line for each interrupt: its number and a colon, a count for each processor of the
 * heading, the controller, the names of who asked for it (kernel, kernel/irq/proc.c, show_interrupts()). Which are a card's, sysfs tells
 * for PCI; else the name does, in which drivers put that of the device ("eth0-TxRx-3").
 */
#include "gauge/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS_MAX = 8192 };

struct heading {
	unsigned int *cpus;     /* by column */
	size_t n;
};

/* The processors of the heading. Returns 0, -EINVAL when it is none, or -ENOMEM. */
static int read_heading(const char *line, struct heading *ret_heading)
{
	size_t most = 0, len;
	const char *word;

	for (const char *c = line; *c && *c != '\n'; c++)
		most += *c == 'C';
	if (most == 0 || most > CPUS_MAX)
		return -EINVAL;
	ret_heading->cpus = calloc(most, sizeof(*ret_heading->cpus));
	if (!ret_heading->cpus)
		return -ENOMEM;
	ret_heading->n = 0;
	while ((len = vmp_gauge_word(&line, &word)) > 0) {
		uint64_t cpu;

		if (len < 4 || strncmp(word, "CPU", 3) != 0 || !vmp_gauge_number(word + 3, len - 3, 10, &cpu) || cpu >= CPUS_MAX ||
		    ret_heading->n >= most)
			return -EINVAL;
		ret_heading->cpus[ret_heading->n++] = (unsigned int)cpu;
	}
	return ret_heading->n > 0 ? 0 : -EINVAL;
}

static bool is_part_of_name(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

/* Does the device's name stand in the rest of the line, as a word of its own? */
static bool names_device(const char *rest, const char *device)
{
	size_t len = strlen(device), end = strcspn(rest, "\n");

	for (size_t i = 0; len > 0 && i + len <= end; i++)
		if (strncmp(rest + i, device, len) == 0 && (i == 0 || !is_part_of_name(rest[i - 1])) && !is_part_of_name(rest[i + len]))
			return true;
	return false;
}

static bool is_devices(const struct vmp_reading_device *device, uint64_t irq, const char *rest)
{
	vmp_vec_foreach (own, &device->irqs)
		if (*own == irq)
			return true;
	return names_device(rest, device->name);
}

/* Add what a line says of this device. Lines that are not of this form say nothing of any device. */
static void add_line(const char *line, const struct heading *heading, const struct vmp_reading_device *device, uint64_t *sums)
{
	const char *word, *first = line, *rest;
	size_t len = vmp_gauge_word(&line, &word);
	uint64_t irq, count = 0;

	if (len < 2 || word[len - 1] != ':' || !vmp_gauge_number(word, len - 1, 10, &irq))
		return;
	first = line;
	for (size_t i = 0; i < heading->n; i++)
		if ((len = vmp_gauge_word(&line, &word)) == 0 || !vmp_gauge_number(word, len, 10, &count))
			return;
	rest = line;
	if (!is_devices(device, irq, rest))
		return;
	for (size_t i = 0; i < heading->n; i++) {
		len = vmp_gauge_word(&first, &word);
		vmp_gauge_number(word, len, 10, &count);
		sums[i] += count;
	}
}

static int take_device(const struct vmp_gauge_look *look, const char *source, const char *text, const struct heading *heading,
		       const struct vmp_reading_device *device)
{
	uint64_t *sums = calloc(heading->n, sizeof(*sums)), all = 0;
	int code = sums ? 0 : -ENOMEM;

	for (const char *line = vmp_gauge_next_line(text); line && code == 0; line = vmp_gauge_next_line(line))
		add_line(line, heading, device, sums);
	for (size_t i = 0; i < heading->n && code == 0; i++)
		all += sums[i];
	for (size_t i = 0; i < heading->n && code == 0 && all > 0; i++) {
		char object[64];

		snprintf(object, sizeof(object), "%s cpu%u", device->name, heading->cpus[i]);
		code = vmp_gauge_put(look, source, object, "count", VMP_COUNTER_MOVES, device->ifindex, sums[i], NULL);
	}
	free(sums);
	return code;
}

int vmp_gauge_interrupts(const struct vmp_gauge_look *look, const struct vmp_gauge_source *source, const struct vmp_reading_file *file)
{
	struct heading heading = {0};
	int code = read_heading(file->text, &heading);

	vmp_vec_foreach (device, &look->reading->devices)
		if (code == 0 && device->is_nic)
			code = take_device(look, source->word, file->text, &heading, device);
	free(heading.cpus);
	return code == -EINVAL ? 0 : code;
}
