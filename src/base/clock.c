/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum { TRIES = 10, CLOSE_NS = 100000 };

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts = {0};

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * VMP_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t vmp_clock_realtime_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t vmp_clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

struct vmp_moment vmp_clock_moment(void)
{
	struct vmp_moment best = {.within_ns = UINT64_MAX};

	for (int i = 0; i < TRIES && best.within_ns > CLOSE_NS; i++) {
		struct vmp_moment now;

		now.mono_ns = vmp_clock_monotonic_ns();
		now.real_ns = vmp_clock_realtime_ns();
		now.within_ns = vmp_clock_monotonic_ns() - now.mono_ns;
		if (now.within_ns < best.within_ns)
			best = now;
	}
	return best;
}

const char *vmp_clock_rfc3339(uint64_t realtime_ns, char buf[VMP_RFC3339_STRLEN])
{
	time_t seconds = (time_t)(realtime_ns / VMP_NS_PER_S);
	struct tm tm = {0};
	char head[24];

	gmtime_r(&seconds, &tm);
	strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, VMP_RFC3339_STRLEN, "%.19s.%09uZ", head, (unsigned int)(realtime_ns % VMP_NS_PER_S));
	return buf;
}
