/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"
#include "base/str.h"
#include "evidence/evidence.h"

#include <string.h>

/* Names of guests may be longer than a file name. */
#define GUEST_MAX 100U

static bool is_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._+-", c));
}

char *vmp_evidence_name(const char *guest_name, uint64_t started_ns)
{
	const char *guest = guest_name && *guest_name ? guest_name : "guest";
	struct vmp_buf name = {0};
	char when[VMP_RFC3339_STRLEN];

	vmp_buf_printf(&name, "vmpath-");
	for (size_t i = 0; guest[i] && i < GUEST_MAX; i++)
		vmp_buf_add(&name, is_safe(guest[i]) ? &guest[i] : "_", 1);
	vmp_buf_add(&name, "-", 1);
	/* 20261121T223309.123Z: no colons, which other systems do not take, and fine enough for two runs in one second. */
	vmp_clock_rfc3339(started_ns, when);
	for (const char *p = when; p < when + 23; p++)
		if (*p != '-' && *p != ':')
			vmp_buf_add(&name, p, 1);
	vmp_buf_add(&name, "Z", 1);
	return vmp_buf_take(&name);
}
