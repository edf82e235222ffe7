/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this host lets be seen: what was looked for, and what each missing thing costs in answers. */
#ifndef VMP_MODEL_DOCTOR_H
#define VMP_MODEL_DOCTOR_H

#include "model/guest.h"

#include <stddef.h>

/* The things that are looked for. */
enum vmp_sight {
	VMP_SIGHT_PACKET_SOCKETS,
	VMP_SIGHT_NETLINK,
	VMP_SIGHT_CAPABILITIES,
	VMP_SIGHT_LIBVIRT,
	VMP_SIGHT_KERNEL,
	VMP_SIGHT_BTF,
	VMP_SIGHT_BPF,
	VMP_SIGHT_TRACEPOINT,
	VMP_SIGHT_DROP_MONITOR,
	VMP_SIGHT_NFTABLES,
	VMP_SIGHT_BRIDGE_NETFILTER,
	VMP_SIGHT_CONNTRACK,
	VMP_SIGHT_ETHTOOL,
	VMP_SIGHT_SECCOMP,
	VMP_SIGHT_SPACE,
	VMP_SIGHT_CONFIG,
	VMP_SIGHTS,
};

/* One thing, as it was found. */
struct vmp_probe {
	enum vmp_tristate there;    /* UNKNOWN: could not look */
	char detail[240];           /* what was seen, in a few words; "" for nothing to say */
};

enum vmp_ability_state {
	VMP_ABILITY_MISSING,        /* and that costs answers */
	VMP_ABILITY_UNSURE,         /* could not look whether it is there */
	VMP_ABILITY_THERE,
	VMP_ABILITY_NOTE,           /* costs nothing, there or not */
};

/* One thing, judged. Texts are constant, but for detail. */
struct vmp_ability {
	enum vmp_sight sight;
	const char *name;           /* a stable word of the JSON document */
	const char *title;
	enum vmp_ability_state state;
	bool vital;                 /* without it there is no trace */
	const char *detail;         /* borrowed from the checkup's probe */
	const char *cost, *remedy;  /* NULL when it costs nothing */
};

struct vmp_checkup {
	char host[256], kernel[128];
	struct vmp_probe probes[VMP_SIGHTS];
	struct vmp_ability abilities[VMP_SIGHTS]; /* missing first, vital ones before others */
	size_t missing;             /* of these, and unsure ones */
	bool can_trace;
};

/* "missing", "unsure", "there", "note". */
const char *vmp_ability_state_name(enum vmp_ability_state state);

/* Say what was found. */
void vmp_probe_set(struct vmp_probe *probe, enum vmp_tristate there, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
