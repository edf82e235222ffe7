/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One frame at one hop: is it this guest's, which way does it go, and where must it show up next? */
#ifndef VMP_MATCH_CLASSIFY_H
#define VMP_MATCH_CLASSIFY_H

#include "match/homes.h"
#include "model/direction.h"
#include "model/packet.h"
#include "model/path.h"

#include <stdbool.h>

enum vmp_sort {
	VMP_SORT_STRAY,         /* not this guest's, or a copy of no interest */
	VMP_SORT_ON_PATH,       /* on its way; may enter and end segments */
	VMP_SORT_COPY,          /* this guest's, but only a copy: counted at the hop, matched with nothing */
	VMP_SORT_ELSEWHERE,     /* meant for the guest, leaving through another port */
};

/* Where a frame is expected next. */
#define VMP_EXPECT_NOWHERE (-1) /* the end of what is observed */
#define VMP_EXPECT_ANY     (-2) /* any hop of the next rank that leads on to the network */

struct vmp_class {
	enum vmp_sort sort;
	enum vmp_direction direction;
	int expect;             /* hop index, or VMP_EXPECT_* */
	int next;               /* hop to name as the end of the segment when it shows up nowhere; -1: none */
	bool group;             /* broadcast or multicast */
	bool owed;              /* its absence at the next hop is a loss; false: then it just was not meant to go there */
	bool unobserved;        /* it may have left through a port nobody watches: absence is unsure */
	bool wrong_tag;         /* carries a VLAN tag that this path does not */
	uint16_t tag;
	bool foreign_source;    /* out of the backend with another source MAC than the guest's */
	bool reflected;         /* in from the network with the guest's own MAC as source */
	bool misaddressed;      /* unicast given to the backend for another MAC */
};

/* What the classifier knows besides the frame. addresses: of the guest, may grow during the run. */
struct vmp_class_context {
	const struct vmp_path *path;
	const struct vmp_homes *homes;
	const struct vmp_ip *addresses;
	const bool *proven;     /* by address: it is known to answer for it */
	size_t n_addresses;
	const struct vmp_ip *perhaps; /* one more that may be the guest's, or NULL */
	bool ports_unobserved;  /* the switch has ports that no point watches */
	bool switch_answers;    /* the switch itself may answer ARP and ND in the place of others (neigh_suppress) */
	uint64_t now_ns;        /* the frame's time */
};

/* Sort one frame. hop: index of the hop it was seen at. Pure. */
struct vmp_class vmp_classify(const struct vmp_class_context *context, int hop, enum vmp_devdir devdir,
			      const struct vmp_packet *packet);

#endif
