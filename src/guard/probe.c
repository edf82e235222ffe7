/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"
#include "guard/guard.h"

#include <cap-ng.h>
#include <linux/capability.h>
#include <unistd.h>

/* Newer than some headers; include/uapi/linux/capability.h. */
enum { PERFMON = 38, BPF = 39 };

static const struct {
	unsigned int number;
	const char *name;
} wanted[] = {
	{CAP_NET_RAW, "CAP_NET_RAW"}, {CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
	{BPF, "CAP_BPF"},	     {PERFMON, "CAP_PERFMON"},
};

static bool has(unsigned int number)
{
	return capng_have_capability(CAPNG_EFFECTIVE, number) != 0;
}

/* What this program was built with. */
static void add_built(struct vmp_probe probes[VMP_SIGHTS])
{
#ifndef HAVE_LIBSECCOMP
	vmp_probe_set(&probes[VMP_SIGHT_SECCOMP], VMP_NO, "vmpath is built without libseccomp");
#endif
#ifdef HAVE_LIBNFTABLES
	vmp_probe_set(&probes[VMP_SIGHT_NFTABLES], VMP_YES, "with libnftables");
#else
	vmp_probe_set(&probes[VMP_SIGHT_NFTABLES], VMP_NO, "vmpath is built without libnftables");
#endif
}

bool vmp_guard_probe(struct vmp_probe probes[VMP_SIGHTS])
{
	struct vmp_buf text = {0};
	bool all, drops;

	if (capng_get_caps_process() != 0) {
		vmp_probe_set(&probes[VMP_SIGHT_CAPABILITIES], VMP_UNKNOWN, "they cannot be read");
		return false;
	}
	drops = has(CAP_SYS_ADMIN) || (has(BPF) && has(PERFMON));
	all = has(CAP_NET_RAW) && has(CAP_NET_ADMIN) && drops;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (has(wanted[i].number))
			vmp_buf_printf(&text, "%s%s", text.len ? ", " : "", wanted[i].name);
	vmp_probe_set(&probes[VMP_SIGHT_CAPABILITIES], all ? VMP_YES : VMP_NO, "user %u has %s", (unsigned int)geteuid(),
		      text.len ? text.s : "none of those that matter");
	vmp_buf_clear(&text);
	add_built(probes);
	return has(CAP_NET_ADMIN);
}
