/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source of the formats: kernel, fs/proc/base.c (proc_pid_schedstat), fs/proc/array.c, kernel/sched/core.c (cpu_cfs_stat_show); proc(5). */
#include "domain/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool vmp_process_is_qemu(const char *cmdline, size_t len, const char *uuid)
{
	bool expected = false;

	for (size_t at = 0; at < len;) {
		size_t word = strnlen(cmdline + at, len - at);

		if (at + word >= len)
			return false; /* cut in the middle of a word */
		if (expected && strcasecmp(cmdline + at, uuid) == 0)
			return true;
		expected = strcmp(cmdline + at, "-uuid") == 0;
		at += word + 1;
	}
	return false;
}

enum vmp_thread_kind vmp_process_thread_kind(const char *comm, pid_t pid, pid_t tid, unsigned int *ret_number)
{
	char kind[8] = "";

	if (tid == pid)
		return VMP_THREAD_MAIN;
	if (sscanf(comm, "CPU %u/%7[A-Z]", ret_number, kind) == 2 && (strcmp(kind, "KVM") == 0 || strcmp(kind, "TCG") == 0 ||
								      strcmp(kind, "HVF") == 0 || strcmp(kind, "DUMMY") == 0))
		return VMP_THREAD_VCPU;
	return strncmp(comm, "vhost-", 6) == 0 ? VMP_THREAD_VHOST : VMP_THREAD_OTHER;
}

bool vmp_process_parse_schedstat(const char *text, uint64_t *ret_run_ns, uint64_t *ret_delay_ns)
{
	uint64_t run, delay, slices;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &run, &delay, &slices) != 3 || run + delay + slices == 0)
		return false;
	*ret_run_ns = run;
	*ret_delay_ns = delay;
	return true;
}

char vmp_process_parse_state(const char *text)
{
	const char *end = strrchr(text, ')');

	return end && end[1] == ' ' ? end[2] : 0;
}

/* Is "cpu" one of the controllers "cpu,cpuacct"? */
static bool names_cpu(const char *list, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t word = 0;

		while (at + word < len && list[at + word] != ',')
			word++;
		if (word == 3 && memcmp(list + at, "cpu", 3) == 0)
			return true;
		at += word + 1;
	}
	return false;
}

bool vmp_process_parse_cgroup(const char *text, char *path, size_t size, bool *ret_v2)
{
	bool found = false;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		const char *list = memchr(line, ':', len), *at = list ? memchr(list + 1, ':', len - (size_t)(list + 1 - line)) : NULL;

		if (at && at[1] == '/') {
			size_t length = len - (size_t)(at + 1 - line);
			bool v2 = at == list + 1, is_cpu = names_cpu(list + 1, (size_t)(at - list - 1));

			/* Where both are there, the unified one does not have the controller. */
			if ((is_cpu || (v2 && !found)) && length < size) {
				memcpy(path, at + 1, length);
				path[length] = '\0';
				*ret_v2 = v2;
				found = true;
				if (is_cpu)
					break;
			}
		}
		line += len + (line[len] == '\n');
	}
	return found && !strstr(path, "/..");
}

bool vmp_process_parse_throttled(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *word;
		uint64_t factor;
	} units[] = {{"throttled_usec ", 1000}, {"throttled_time ", 1}};

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
			size_t len = strlen(units[i].word);
			uint64_t value;

			if (strncmp(line, units[i].word, len) == 0 && sscanf(line + len, "%" SCNu64, &value) == 1) {
				*ret_ns = value * units[i].factor;
				return true;
			}
		}
	return false;
}
