/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The complete record of one trace or offline analysis: everything printed or saved is made from it. */
#ifndef VMP_MODEL_RUN_H
#define VMP_MODEL_RUN_H

#include "model/drop.h"
#include "model/exchange.h"
#include "model/fate.h"
#include "model/filter.h"
#include "model/finding.h"
#include "model/gauge.h"
#include "model/guest.h"
#include "model/inside.h"
#include "model/path.h"
#include "model/point.h"
#include "model/sign.h"

#include <stdbool.h>
#include <stdint.h>

struct vmp_count {
	uint64_t packets, bytes;
};

/* What was seen at one hop: index-aligned with path.hops. */
struct vmp_hop_seen {
	struct vmp_count to_guest, from_guest;
	uint64_t unicast_to_guest;  /* of the packets to the guest: addressed to it alone */
	bool has_point;
	size_t point;               /* index of the point */
	uint64_t stray;             /* frames that are neither: other guests', reflected ones */
	uint64_t astray;            /* of these: to the guest alone, and leaving by this port, which is not the guest's */
	uint64_t duplicates;        /* sightings of a packet that was seen here just before, and not twice because it was sent twice */
};

/* Things the traffic itself showed, beyond exchanges. */
struct vmp_observations {
	uint64_t from_outside_with_guest_mac;   /* frames that came in from the network with the guest's MAC as source */
	uint64_t foreign_source_mac;            /* frames out of the backend with another source MAC than the guest's */
	struct vmp_mac foreign_source;
	uint64_t wrong_destination_mac;         /* unicast frames given to the backend for another MAC */
	uint64_t guest_tcp_packets;             /* TCP packets out of the backend that open no connection */
	uint64_t sightings;                     /* frames seen in all, at all hops */
	uint64_t table_full;                    /* frames not tracked since a bounded table was full */
	uint64_t late;                          /* frames that came too late from the kernel to be ordered */
	uint64_t wrong_vni_frames;              /* to the guest's MAC, in a tunnel with another VNI than its path's */
	uint32_t wrong_vni;
	bool clock_stepped;                     /* CLOCK_REALTIME jumped during the run */
	bool address_is_guests;                 /* the ADDRESS asked for is the guest's own ... */
	bool address_is_peers;                  /* ... or a peer's; neither: not shown */
	bool address_assumed;                   /* taken for the guest's own without proof */
};

enum vmp_translation_source { VMP_TRANSLATION_PACKETS, VMP_TRANSLATION_CONNTRACK };

/* One connection of the guest, as it looks inside and outside of this host. Ports are ids for ICMP echo, else 0 where there are none. */
struct vmp_translation {
	int hop;                    /* the uplink */
	enum vmp_translation_source source;
	uint8_t proto;
	struct vmp_ip guest, outside, peer;
	struct vmp_ip far;          /* the peer as it looks outside: another one where the guest's side is led elsewhere */
	uint16_t guest_port, outside_port, peer_port, far_port;
	uint32_t left_s;            /* CONNTRACK: it is kept for so long after that when nothing passes */
	uint64_t since_ns;          /* of the frame that showed it, or when the kernel was asked */
};

typedef VMP_VEC(struct vmp_translation) vmp_translations;

/* "packets", "conntrack". */
const char *vmp_translation_source_name(enum vmp_translation_source source);

/* The clock of one capture, compared with that of the first. */
struct vmp_run_clock {
	int hop;
	double offset_s;                        /* ahead of the first */
	double drift_ppm;
	bool has_uncertainty;
	double uncertainty_us;
};

struct vmp_run {
	char *uri;                  /* libvirt connection, NULL: none was used */
	uint64_t started_ns;        /* CLOCK_REALTIME: every point was open */
	uint64_t ended_ns;          /* end of the window (not of the settling after it) */
	uint64_t lasted_ns;         /* the window, by CLOCK_MONOTONIC; of captures of others by their times */
	uint64_t settle_ns;
	uint64_t complete_ns;       /* frames up to this time were judged */
	bool interrupted;           /* Ctrl-C, or a point vanished: ended before its time */
	bool offline;               /* judged from files */
	bool foreign;               /* ... that were captured by others: of the host nothing is known */
	VMP_VEC(struct vmp_run_clock) clocks; /* only those that differ */
	struct vmp_guest guest;
	size_t nic;                 /* index of the interface in guest.nics */
	bool has_address;
	struct vmp_ip address;
	char *filter;               /* the operator's filter, NULL: none */
	bool promisc;
	bool has_slow;
	uint64_t slow_ns;           /* packets that took so long from one hop to the next are to be named */
	struct vmp_path path;
	vmp_points points;
	VMP_VEC(struct vmp_hop_seen) seen;
	vmp_segments segments;
	vmp_exchanges exchanges;
	struct vmp_gauges gauges;
	struct vmp_drops drops;
	vmp_filter_rules filters;   /* in no order that means anything */
	struct vmp_inside inside;   /* what the guest's agent and QEMU's monitor said, when they were asked */
	struct vmp_observations observations;
	vmp_signs signs;            /* what packets say of why others fail */
	bool capture_whole;         /* no point lost a frame or vanished */
	vmp_translations translations; /* in the order they were learned */
	VMP_VEC(struct vmp_blind) blinds; /* in the order they were told */
	uint64_t left_out;          /* frames that the evidence has no room for ... */
	uint64_t left_out_ns;       /* ... and the time of the first, valid when there are any */
	VMP_VEC(char *) notes;      /* what could not be looked at, and why; owned */
	vmp_findings findings;      /* worst first */
	struct vmp_verdict verdict;
	char *host_name;
};

/* The interface the run is about. Borrowed. */
const struct vmp_nic *vmp_run_nic(const struct vmp_run *run);

/* Name of a hop, "?" for an index that is none. Borrowed. */
const char *vmp_run_hop_name(const struct vmp_run *run, int hop);

/* Add a line to the notes. */
void vmp_run_note(struct vmp_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Remember what a point missed; `most` of all points together. When these run out, each point gets one last gap that is without beginning
 * and end, which the notes say: nothing more is certain there, and no later gap of it is needed. ret_blind: what the matcher is to be told.
 * Returns 1; 0 when that point has its last one, so that there is nothing to tell; -ENOMEM when ret_blind is not remembered.
 */
int vmp_run_add_blind(struct vmp_run *run, const struct vmp_blind *what, size_t most, struct vmp_blind *ret_blind);

/* Free all a run owns and zero it. */
void vmp_run_clear(struct vmp_run *run);

#endif
