/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of the kernel's capture filters. Inside path/ only. */
#ifndef VMP_PATH_FILTER_H
#define VMP_PATH_FILTER_H

#include "base/addr.h"
#include "model/path.h"

/* What a filter is made of. Pointers are borrowed, NULL when there is none. */
struct vmp_filter_parts {
	const struct vmp_mac *mac;      /* the guest's */
	const struct vmp_ip *address;   /* ADDRESS of the call, the guest's own or a peer's */
	const char *operator_filter;    /* pcap expression that compiles by itself */
	bool unicast_only;              /* a peer's port: group frames there are not of this path */
	const struct vmp_tunnel *tunnel; /* the frames are inside packets of this tunnel */
	const struct vmp_path *routed;  /* the device is beyond this host's routing: the hop is `hop` of this path */
	int hop;
	const char *all_from;           /* "inbound" or "outbound": what goes this way is the guest's, whatever its MAC */
};

/*
 * Write the filter. ret_filter: caller frees; NULL when every frame is wanted. Returns 0 or -ENOMEM.
 * In a tunnel only the MACs are looked at, whatever the VNI: what else is asked for is for a filter of the inner frame.
 * Holds for a VLAN tag in the kernel's metadata, for one in the frame, and for one of each (pcap-filter(7), "vlan").
 */
int vmp_filter_make(const struct vmp_filter_parts *parts, char **ret_filter);

#endif
