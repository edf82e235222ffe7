/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest behind a bridge, recorded rulesets, and what is told of them in words. */
#ifndef VMP_TESTS_RULESET_WORLD_H
#define VMP_TESTS_RULESET_WORLD_H

#include "ruleset/ruleset.h"

/* web01 with 021f00 (52:54:00:02:1f:00, 192.0.2.10) at br0 with eth0 and other0; or, routed, behind br0 with eth0 outside. Cleared by caller. */
void world_begin(struct vmp_run *run, bool routed);

/* A file of tests/data/ruleset, or of the seeds of its fuzzer. Caller clears. */
struct vmp_buf world_file(const char *name);

/*
 * Each rule as "OBJECT to HOOK[!] ... from HOOK[!] ..." with "uncounted" and "reject", sorted, a line each; `!`: no packet but this guest's
 * comes there. Caller frees.
 */
char *world_rules(const struct vmp_run *run);

#endif
