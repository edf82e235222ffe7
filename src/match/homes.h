/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Behind which hop a MAC lives: the switch's FDB at the start, corrected by what comes in. Bounded. */
#ifndef VMP_MATCH_HOMES_H
#define VMP_MATCH_HOMES_H

#include "base/hash.h"
#include "model/path.h"

#include <stdbool.h>

#define VMP_HOME_UNKNOWN    (-1)
#define VMP_HOME_UNOBSERVED (-2) /* a port that is no hop of the path */

struct vmp_homes;

/* Start from path->homes and host_macs (borrowed during the call); key: of the table, copied. NULL without memory. */
struct vmp_homes *vmp_homes_new(const struct vmp_path *path, const struct vmp_hash_key *key);

/* Free; NULL is allowed. */
void vmp_homes_free(struct vmp_homes *homes);

/*
 * A frame with this source came in at this hop (index, or VMP_HOME_UNOBSERVED). A full table learns nothing more: unknown
 * MACs are VMP_HOME_UNOBSERVED then.
 */
void vmp_homes_learn(struct vmp_homes *homes, const struct vmp_mac *mac, int hop);

/*
 * A frame with this source, which did not come in at any hop, was seen behind the switch at this time: from then on its home is
 * VMP_HOME_UNOBSERVED. What has this very time may be the same frame coming in, so a home that is known is not given up yet.
 */
void vmp_homes_miss(struct vmp_homes *homes, const struct vmp_mac *mac, uint64_t ts_ns);

/* As vmp_homes_learn() for a frame to the guest alone: that and when it was heard is remembered. */
void vmp_homes_hear(struct vmp_homes *homes, const struct vmp_mac *mac, int hop, uint64_t ts_ns);

/* A number for a MAC that is known, 0 for one that is not. */
uint16_t vmp_homes_number(const struct vmp_homes *homes, const struct vmp_mac *mac);

/* The hop where the MAC of this number was heard after since_ns, and nowhere else since unmoved_ns; else VMP_HOME_UNKNOWN. */
int vmp_homes_stays(const struct vmp_homes *homes, uint16_t number, uint64_t unmoved_ns, uint64_t since_ns);

/* Hop index or VMP_HOME_*, as it is for a frame of this time. */
int vmp_homes_find(const struct vmp_homes *homes, const struct vmp_mac *mac, uint64_t now_ns);

/* True when mac is the host's own on this switch. */
bool vmp_homes_is_host(const struct vmp_homes *homes, const struct vmp_mac *mac);

#endif
