/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest NIC and host -> hops; hops -> capture points; hops -> what is already wrong. Pure. */
#ifndef VMP_PATH_PATH_H
#define VMP_PATH_PATH_H

#include "base/err.h"
#include "base/vec.h"
#include "model/guest.h"
#include "model/host.h"
#include "model/path.h"
#include "model/point.h"
#include "model/run.h"

#include <stdbool.h>

/* What other guests are known to own, so that a peer port has a name. */
struct vmp_path_owner {
	const char *target;     /* host device; borrowed */
	const char *guest;      /* borrowed */
	struct vmp_mac mac;
};

struct vmp_path_hints {
	bool nat;               /* the guest's libvirt network translates addresses */
	bool routed;            /* ... or routes without translation */
	bool isolated;          /* ... or does not leave the host */
	const struct vmp_path_owner *owners;
	size_t n_owners;
	bool promisc;           /* the bridge will be observed promiscuously */
};

/*
 * Walk from the NIC's backend to every uplink that can carry its traffic. The kernel's own link master is the truth;
 * where the XML disagrees a fact is recorded. A NIC without a backend, or whose backend is missing, still gives a path of
 * what is known (network ... guest) and a fact: never an error.
 * guest, host, hints: borrowed; hints may be NULL. ret_path: caller clears. Errors: ENOMEM only.
 */
int vmp_path_build(const struct vmp_guest *guest, size_t nic, const struct vmp_host *host,
		   const struct vmp_path_hints *hints, struct vmp_path *ret_path, struct vmp_err *err);

/*
 * Record as facts what is already wrong without a packet: see the table in path/check.c. Called by vmp_path_build().
 */
int vmp_path_check(const struct vmp_guest *guest, size_t nic, const struct vmp_host *host,
		   const struct vmp_path_hints *hints, struct vmp_path *path);

/*
 * The points to capture at: one for each hop that is a device and is observed at all, in hop order, with the kernel
 * filter that holds there (path/filter.c). hop_points: index of each hop's point, -1: none; array of path->hops.n ints.
 * address: ADDRESS of the call or NULL. Errors: ENOMEM.
 */
int vmp_path_points(const struct vmp_path *path, const struct vmp_nic *nic, const struct vmp_ip *address,
		    const char *operator_filter, bool promisc, vmp_points *ret_points, int *ret_hop_points,
		    struct vmp_err *err);

/*
 * Take over what the packet filter says of a routed path: addresses outside that are not this host's but stand for the guest (at most
 * 16), which the filters of the points must let through; and ways that pass by the path. Before vmp_path_points(). Errors: ENOMEM.
 */
int vmp_path_add_outside(struct vmp_path *path, const struct vmp_nic *nic, const struct vmp_tracking *tracking);

/*
 * The guest's translated connections, known since since_ns; with an ADDRESS that is not the guest's, those with it only.
 * Appends to ret_translations, which the caller frees. Errors: ENOMEM.
 */
int vmp_path_tracked(const struct vmp_path *path, const struct vmp_nic *nic, const struct vmp_ip *address,
		     const struct vmp_tracking *tracking, uint64_t since_ns, vmp_translations *ret_translations);

#endif
