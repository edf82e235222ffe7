/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/crossed.h"

#include <stddef.h>

enum { PROBES = 32 }; /* slots looked through for a key */

void vmp_crossed_remember(struct vmp_crossed *crossed, uint64_t key, uint64_t ts_ns, const struct vmp_end *end, bool leaves)
{
	struct vmp_crossed_packet *slot = &crossed->v[key % VMP_CROSSED_MOST], *oldest = slot;

	for (size_t i = 0; i < PROBES; i++) {
		slot = &crossed->v[(key + i) % VMP_CROSSED_MOST];
		if (!slot->used || slot->key == key || ts_ns > slot->ts_ns + VMP_CROSSED_NS) {
			oldest = slot;
			break;
		}
		if (slot->ts_ns < oldest->ts_ns)
			oldest = slot;
	}
	*oldest = (struct vmp_crossed_packet){key, ts_ns, *end, true, leaves};
}

const struct vmp_crossed_packet *vmp_crossed_recall(const struct vmp_crossed *crossed, uint64_t key, uint64_t ts_ns, bool leaves)
{
	for (size_t i = 0; i < PROBES; i++) {
		const struct vmp_crossed_packet *slot = &crossed->v[(key + i) % VMP_CROSSED_MOST];

		if (!slot->used)
			return NULL;
		if (slot->key == key && slot->leaves == leaves && ts_ns <= slot->ts_ns + VMP_CROSSED_NS)
			return slot;
	}
	return NULL;
}
