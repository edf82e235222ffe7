/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ruleset as it is read: chains, what leads from one to the other, and what drops. Inside ruleset/ only. */
#ifndef VMP_RULESET_COLLECT_H
#define VMP_RULESET_COLLECT_H

#include "ruleset/match.h"

struct vmp_chain {
	enum vmp_filter_family family;
	char *table, *name;             /* owned */
	bool base, drops;               /* drops: by its policy */
	enum vmp_filter_hook hook;      /* of a base chain */
	size_t next;                    /* of the same bucket, SIZE_MAX: none */
	struct vmp_meeting plain;       /* packets that come here: may: any; only is not used ... */
	struct vmp_meeting own;         /* ... and those that came by a way on which none but this guest's can */
};

/* A rule that leads on to another chain. */
struct vmp_edge {
	size_t from, to;
	struct vmp_meeting meeting;
};

/* A rule that drops. */
struct vmp_dropper {
	size_t chain;
	uint64_t handle;
	bool rejects, counted;
	uint64_t packets;
	struct vmp_meeting meeting;
};

enum { VMP_CHAIN_BUCKETS = 4096 };

struct vmp_collection {
	const struct vmp_ruleset_way *way;      /* NULL: only counters are wanted */
	VMP_VEC(struct vmp_chain) chains;
	size_t buckets[VMP_CHAIN_BUCKETS];
	VMP_VEC(struct vmp_edge) edges;
	VMP_VEC(struct vmp_dropper) droppers;
	vmp_named_sets sets;
	size_t rules;
	bool cut;
};

/* Read a document of libnftables. Errors: EBADMSG, ENOMEM. Cleared by the caller, also after an error. */
int vmp_collect(const char *json, size_t len, const struct vmp_ruleset_way *way, struct vmp_collection *ret_collection,
		struct vmp_err *err);

/* Follow all ways from the base chains: which packets come to which chain. */
void vmp_collect_reach(struct vmp_collection *collection);

/* Free what it owns. */
void vmp_collect_clear(struct vmp_collection *collection);

#endif
