/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of packets between two neighbouring hops. */
#ifndef VMP_MODEL_FATE_H
#define VMP_MODEL_FATE_H

#include "base/vec.h"
#include "model/direction.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vmp_fate { VMP_FATE_NONE, VMP_FATE_DELIVERED, VMP_FATE_LOST, VMP_FATE_UNSURE };

/* Why a packet is unsure; a segment counts each. */
enum vmp_unsure {
	VMP_UNSURE_WINDOW,          /* too near the end of the run to tell */
	VMP_UNSURE_CAPTURE_LOSS,    /* a point after it lost frames */
	VMP_UNSURE_VANISHED,        /* a device went away */
	VMP_UNSURE_SEGMENTED,       /* segmented or merged between the hops */
	VMP_UNSURE_UNOBSERVED,      /* may have gone where nobody looked */
	VMP_UNSURE_IDENTITY,        /* too little was captured, or a table was full */
	VMP_UNSURE_ACCOUNTING,      /* the backend's counters cover more than the packets traced */
	VMP_UNSURE_CLOCK,           /* the clock was stepped */
	VMP_UNSURE_NEIGHBOUR,       /* waits for a next hop that does not say its MAC */
	VMP_UNSURE_UNCOVERED,       /* a capture file begins after it, or ends before it */
	VMP_UNSURE_FRAGMENTS,       /* a fragment, and others of its packet did not come or came twice: what puts it together waits for them */
	VMP_UNSURE_REASONS,
};

/* Lost packets that the kernel itself was seen to drop, all in one place and for one reason. */
struct vmp_cause {
	char reason[48];            /* of the running kernel: "NETFILTER_DROP"; "" where it tells none */
	char symbol[64];            /* the function that dropped them: "nft_do_chain" */
	char caller[64];            /* of its callers the one that tells the place: "br_nf_forward_ip"; "" for none */
	char device[16];            /* of the packet at that moment; "" for none */
	uint64_t packets;
	uint64_t packet_id;         /* one of them */
};

enum { VMP_SLOW_FEW = 10, VMP_SLOW_MOST = 100, VMP_LATENCY_OCTAVES = 44 };

/* A packet that took long. */
struct vmp_slow {
	uint64_t packet_id, seen_ns, latency_ns; /* seen before the segment */
};

struct vmp_latency {
	bool known;
	double p50_us, p99_us, max_us;
	uint64_t octave[VMP_LATENCY_OCTAVES]; /* i: took at least 2^i ns and less than twice that; the first also 0, the last also more */
	/*
	 * The slowest, slowest first: VMP_SLOW_MOST of those that took as long as was asked for; when nothing was, VMP_SLOW_FEW of those
	 * beyond ten times p50 and 1 ms.
	 */
	struct vmp_slow slow[VMP_SLOW_MOST];
	size_t n_slow;
	uint64_t took_long;         /* as long as was asked for, 0 when nothing was */
};

/* One stretch, one direction. offered = delivered + lost + unsure. */
struct vmp_segment {
	enum vmp_direction direction;
	int from, to;               /* indexes of hops, in the order the packets take */
	uint64_t offered, delivered, lost, unsure;
	uint64_t unsure_why[VMP_UNSURE_REASONS];
	uint64_t unsure_lost;       /* of the unsure: so many were lost at least, though it is not known which */
	uint64_t partly_lost;       /* of the lost: came in other pieces, and some of those are missing */
	uint64_t lost_bytes;        /* IP bytes of the lost; of those partly lost the missing data; an upper bound where equal packets
				     * at the window's edges were mistaken for one another */
	uint64_t group_lost;        /* of the lost: broadcast and multicast */
	uint64_t elsewhere;         /* of the lost: seen leaving another port instead */
	int elsewhere_hop;          /* that port's hop, valid when elsewhere > 0 */
	uint64_t wrong_tag;         /* of the lost: carried a VLAN tag that this path does not */
	uint16_t wrong_tag_id;      /* one such tag, valid when wrong_tag > 0 */
	uint32_t longest_delivered, shortest_lost; /* bytes of the IP packet (whole frame when not IP); 0: none such */
	uint64_t first_lost_id;     /* packet id in the evidence, valid when lost > 0 and has_first_lost */
	bool has_first_lost;
	bool assumed;               /* lost only if the capture of the later hop, which shows none of them, ran at the same time */
	uint64_t first_lost_ns, last_lost_ns;
	struct vmp_latency latency;
	VMP_VEC(struct vmp_cause) causes;
};

typedef VMP_VEC(struct vmp_segment) vmp_segments;

/* "the window ended", ...: a few words for a person. */
const char *vmp_unsure_name(enum vmp_unsure why);

/* Free what the segments own and empty the list. */
void vmp_segments_clear(vmp_segments *segments);

#endif
