/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that the kernel itself says it dropped. */
#ifndef VMP_MODEL_DROP_H
#define VMP_MODEL_DROP_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* One packet that the kernel freed without delivering it. */
struct vmp_drop {
	uint64_t ts_ns;             /* CLOCK_REALTIME */
	const char *reason;         /* as the running kernel calls it, "" where it tells none; borrowed */
	const char *symbol;         /* the function that freed it; borrowed */
	const char *caller;         /* of its callers the innermost that tells the place, "" for none; borrowed */
	const char *device;         /* of the packet at that moment, "" for none; borrowed */
	int ifindex;                /* 0: none */
	uint32_t wire_len;          /* bytes of the frame, Ethernet header included */
	uint32_t cap_len;           /* bytes in data */
	const uint8_t *data;        /* from the Ethernet header on; borrowed */
};

/* Where the device of a drop is, as seen from this guest's path. */
enum vmp_drop_place {
	VMP_DROP_ON_PATH,           /* a hop of the path */
	VMP_DROP_BRIDGE,            /* the bridge itself */
	VMP_DROP_BESIDE,            /* none of the path's, and no port of its bridge: an ifb, say */
	VMP_DROP_OTHER_PORT,        /* another port of its bridge: a flooded copy */
};

/* Drops of one kind. */
struct vmp_drop_kind {
	char reason[48], symbol[64], caller[64], device[16];
	int ifindex;
	enum vmp_drop_place place;
	bool copies;                /* such drops are of copies, or of what was delivered: they explain nothing */
	uint64_t packets;           /* of this guest, whatever became of them */
};

enum { VMP_DROP_KINDS_MAX = 255 }; /* a number of a kind fits into a byte, and 0 is none */

/* What the kernel said over the window. */
struct vmp_drops {
	bool known;                 /* it was asked */
	char source[16];            /* how: "bpf", "drop-monitor" */
	char *why_not;              /* why it was not, a sentence; owned, NULL when known or never tried */
	uint64_t missed;            /* events that were lost on the way, or for which there was no room */
	VMP_VEC(struct vmp_drop_kind) kinds;
};

/* "path", "bridge", "beside", "other-port". */
const char *vmp_drop_place_name(enum vmp_drop_place place);

/*
 * The number of the kind of a drop, from 1 on; 0 when there are VMP_DROP_KINDS_MAX others already, or no memory. place, copies: of a
 * kind that is new.
 */
unsigned int vmp_drops_kind(struct vmp_drops *drops, const struct vmp_drop *drop, enum vmp_drop_place place, bool copies);

/* Free what it owns and zero it. */
void vmp_drops_clear(struct vmp_drops *drops);

#endif
