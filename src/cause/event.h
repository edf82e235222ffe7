/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program in the kernel and its reader share. Both are built from this file, so its types are plain ones. */
#ifndef VMP_CAUSE_EVENT_H
#define VMP_CAUSE_EVENT_H

enum {
	VMP_EVENT_FRAMES = 16,      /* of the stack */
	VMP_EVENT_DATA = 192,       /* bytes of the packet */
	VMP_EVENT_MACS = 4,
	VMP_EVENT_IPS = 32,
	VMP_EVENT_RING = 4 << 20,
};

struct vmp_event {
	unsigned long long mono_ns;
	unsigned long long location;
	unsigned long long stack[VMP_EVENT_FRAMES]; /* innermost first, 0: none further */
	unsigned int reason;
	unsigned int ifindex;
	unsigned int wire_len;      /* from the first byte of data on */
	unsigned short cap_len;
	unsigned short ethertype;   /* network order; of a packet whose data begin with its network header, 0: with Ethernet's */
	char device[16];
	unsigned char data[VMP_EVENT_DATA];
};

/* Of whom it tells: packets with one of these MACs or addresses, and frames to everybody. */
struct vmp_event_filter {
	unsigned int netns;         /* inode of the network namespace */
	unsigned int n_macs, n_ips;
	unsigned char macs[VMP_EVENT_MACS][8]; /* six bytes and two of zero */
	unsigned long long ips[VMP_EVENT_IPS][2]; /* as in memory; IPv4: mapped, ::ffff:a.b.c.d */
};

struct vmp_event_counts {
	unsigned long long seen;    /* drops of anybody */
	unsigned long long full;    /* of this filter, for which there was no room */
};

#endif
