/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside finding/ only: what rules over the host's counters share. */
#ifndef VMP_FINDING_RULES_GAUGE_H
#define VMP_FINDING_RULES_GAUGE_H

#include "finding/rules.h"

/*
 * By how much the counters with these words grew together. ifindex 0: of any device; object, name NULL: any. ret_most: the one that grew
 * most, NULL when none did; may be NULL itself. Borrowed.
 */
uint64_t vmp_rules_grew(const struct vmp_run *run, const char *source, int ifindex, const char *object, const char *name,
			const struct vmp_counter **ret_most);

/* Packets that are lost for sure. */
uint64_t vmp_rules_lost(const struct vmp_segment *segment);

/* Do frames of the segment's direction leave by this hop's device (true), or come in there? False also when that is not known. */
bool vmp_rules_leaves(const struct vmp_run *run, int hop, enum vmp_direction direction);
bool vmp_rules_comes_in(const struct vmp_run *run, int hop, enum vmp_direction direction);

/* Does this host route between the two ends of the segment? */
bool vmp_rules_is_routed(const struct vmp_run *run, const struct vmp_segment *segment);

/* Do packets of the segment pass the host's tables of connections (conntrack), as far as is known? */
bool vmp_rules_is_tracked(const struct vmp_run *run, const struct vmp_segment *segment);

/*
 * May a counter speak for packets lost in the segment? Where the kernel was seen to drop them and told why, only for one of these reasons
 * (their beginnings; NULL ends). reasons: borrowed.
 */
bool vmp_rules_may_explain(const struct vmp_segment *segment, const char *const *reasons);

/* Counters that were looked at: "drops of eth0 fq_codel 1: rose from 3 to 20" as evidence. finding: may be NULL. */
void vmp_rules_show(struct vmp_finding *finding, const struct vmp_counter *counter);

/* Shows all that grew, as vmp_rules_show(), of one source. */
void vmp_rules_show_all(const struct vmp_run *run, struct vmp_finding *finding, const char *source, int ifindex);

/* The value after the window, else before it. False when neither is known. */
bool vmp_rules_level(const struct vmp_run *run, const char *source, const char *object, const char *name, uint64_t *ret_level);

#endif
