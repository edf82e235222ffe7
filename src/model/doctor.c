/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/doctor.h"

#include <stdarg.h>
#include <stdio.h>

const char *vmp_ability_state_name(enum vmp_ability_state state)
{
	static const char *const words[] = {
		[VMP_ABILITY_MISSING] = "missing", [VMP_ABILITY_UNSURE] = "unsure", [VMP_ABILITY_THERE] = "there",
		[VMP_ABILITY_NOTE] = "note",
	};

	return (size_t)state < sizeof(words) / sizeof(*words) ? words[state] : "unknown";
}

void vmp_probe_set(struct vmp_probe *probe, enum vmp_tristate there, const char *fmt, ...)
{
	va_list ap;

	probe->there = there;
	va_start(ap, fmt);
	vsnprintf(probe->detail, sizeof(probe->detail), fmt, ap);
	va_end(ap);
}
