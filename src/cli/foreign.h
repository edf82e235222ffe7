/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judging captures that others made: what is held of each file. The steps are named in analyze_files.c, in their order. */
#ifndef VMP_CLI_FOREIGN_H
#define VMP_CLI_FOREIGN_H

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "capture/savefile.h"
#include "cli/options.h"
#include "match/clock.h"
#include "match/match.h"
#include "match/order.h"
#include "model/run.h"

#include <stdbool.h>
#include <stdint.h>

#define VMP_FOREIGN_SETTLE_NS (1000 * VMP_NS_PER_MS)
#define VMP_DISORDER_MOST_NS  (2 * VMP_NS_PER_S) /* frames further out of order come from a clock that was set back */
#define VMP_ANALYZE_HOPS 16     /* files in one call */

enum {
	VMP_SOURCE_MACS = 1024,     /* a power of two; at most half of it is used */
	VMP_SOURCE_IFINDEXES = 16,
	VMP_SOURCE_VOTES = 8,
};

/* One HOP=FILE[:INTERFACE] and what the first reading says of it. */
struct vmp_source {
	char *hop, *path, *interface;   /* owned; interface: NULL when not said */
	struct vmp_savefile *file;
	uint32_t only_ifindex;          /* 0: all */
	bool any_interface;             /* else those called as wanted */

	uint64_t frames, first_ns, last_ns, back_ns; /* back_ns: by how much a frame is older than one before it, at most */
	uint32_t least_bytes;           /* captured of a packet from its network header on, where frames were cut */
	uint64_t with_mac, with_address; /* frames that are the guest's by the one and by the other */
	bool cooked, bare;
	uint32_t ifindexes[VMP_SOURCE_IFINDEXES];
	size_t n_ifindexes;
	uint64_t macs[VMP_SOURCE_MACS]; /* stations seen as a source, other than the guest */
	size_t n_macs;
	struct vmp_clock_sample *sample;

	bool has_start, has_end, tells_drops; /* told by the file */
	uint64_t start_ns, end_ns, drops;

	double drift;                   /* of its clock against the first file's */
	int64_t offset_ns;
	uint64_t ref_ns;
	bool apart;                     /* its time can not be compared with that of the file before */
	bool one_way;
	struct vmp_clock_doubt doubts[VMP_CLOCK_DOUBTS]; /* when its clock and that of the file before cannot be trusted */
	size_t n_doubts;
	bool unsteady;                  /* ... for many packets: how long they took is not known */
	uint64_t patience_ns;           /* after this a packet of a neighbouring file would have been seen here */
};

struct vmp_analysis {
	const struct vmp_options *options;
	struct vmp_run run;
	struct vmp_source sources[VMP_ANALYZE_HOPS];
	size_t n_sources;
	struct vmp_hash_key key;
	struct vmp_digest_key digest_key;
	bool by_address;                /* MACs do not tell at every hop: addresses do */
	struct {
		struct vmp_mac mac;
		uint64_t n;
	} votes[VMP_SOURCE_VOTES];      /* whose the ADDRESS is */
	uint32_t least_bytes;
	struct vmp_match *match;
	int *point_hops;
};

/* Read one file for the first time: what it covers, which interface is meant, who is the guest there (survey.c). */
int vmp_analyze_survey(struct vmp_analysis *analysis, struct vmp_source *source, bool is_last, struct vmp_err *err);

/* The next frame of the interface that is meant. Returns 1, 0 at the end, or -errno (survey.c). */
int vmp_analyze_next(struct vmp_source *source, struct vmp_savefile_frame *frame, struct vmp_err *err);

/* The time of this file's clock as that of the first file (survey.c). */
uint64_t vmp_analyze_time(const struct vmp_source *source, uint64_t ts_ns);

/* Where MACs do not tell, put some in that do: from and to the guest by its addresses (survey.c). */
void vmp_analyze_rehome(const struct vmp_analysis *analysis, struct vmp_packet *packet);

/* Was this station, or address, seen as a source in this file? (survey.c) */
bool vmp_source_has(const struct vmp_source *source, uint64_t station);

/* Compare each file's clock with that of the file before it: one time for all (clocks.c). Errors: ENOMEM. */
int vmp_analyze_clocks(struct vmp_analysis *analysis, struct vmp_err *err);

/* Where a file's clock and that of the file before it do not agree as they were found to, neither proves that a packet is missing (clocks.c). */
void vmp_analyze_cover_doubts(struct vmp_analysis *analysis, size_t at);

/* Is there a file between the two ends of a segment, they included, whose clock cannot be trusted? (clocks.c) */
bool vmp_analyze_is_unsteady(const struct vmp_analysis *analysis, const struct vmp_segment *segment);

/* Read all files again, in one order of times, into the matcher (merge.c). */
int vmp_analyze_match(struct vmp_analysis *analysis, struct vmp_err *err);

#endif
