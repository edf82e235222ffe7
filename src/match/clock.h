/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far the clocks of two captures are apart, from packets that both saw. Pure and bounded. */
#ifndef VMP_MATCH_CLOCK_H
#define VMP_MATCH_CLOCK_H

#include "model/direction.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some of the packets of one capture: which ones depends on the packets alone, so two captures have the same. */
struct vmp_clock_sample;

/* NULL without memory. Caller frees with vmp_clock_sample_free(). */
struct vmp_clock_sample *vmp_clock_sample_new(void);

/* Free; NULL is allowed. */
void vmp_clock_sample_free(struct vmp_clock_sample *sample);

/*
 * A packet was seen. id: a keyed hash, the same at both captures and of one packet alone; a repeated one counts for nothing.
 * devdir: as the device saw it, if that is known.
 */
void vmp_clock_sample_add(struct vmp_clock_sample *sample, uint64_t id, uint64_t ts_ns, enum vmp_direction direction,
			  enum vmp_devdir devdir);

/* Packets that were seen both coming in and going out within a second: then the capture is of more than one device. */
uint64_t vmp_clock_sample_both_ways(const struct vmp_clock_sample *sample);

#define VMP_CLOCK_DOUBTS 32

/* A time in which packets that are common to both were not where they should be: one of the clocks was set, or went unsteadily. */
struct vmp_clock_doubt {
	uint64_t packets;
	uint64_t network_from_ns, network_to_ns; /* on the network side's clock; 0: from the beginning, UINT64_MAX: to the end */
	uint64_t guest_from_ns, guest_to_ns;     /* on the guest side's */
};

struct vmp_clock_offset {
	uint64_t common[2];         /* packets that could be compared, by enum vmp_direction */
	bool corrects;              /* false: the clocks are as one, as far as can be told */
	bool one_way;               /* packets in one direction only: what is offset and what is the way's time cannot be told apart */
	int64_t offset_ns;          /* the guest side's clock minus the network side's, at ref_ns */
	double drift;               /* ... and how much more per ns of the guest side's clock */
	uint64_t ref_ns;            /* on the guest side's clock */
	uint64_t longest_ns;        /* the longest that one of them took, at most a second */
	uint64_t uncertainty_ns;    /* the offset is known to plus or minus this; 0 when one_way */
	struct vmp_clock_doubt doubts[VMP_CLOCK_DOUBTS];
	size_t n_doubts;
	bool jumped;                /* there is a sudden change that explains them: */
	int64_t jump_ns;            /* ... the guest side's clock went ahead by so much, against the network side's, */
	uint64_t jump_at_ns;        /* ... when the network side's clock showed this */
};

/*
 * Compare. network, guest: samples of the capture nearer to the network and of that nearer to the guest. A packet to the guest is seen
 * at the first before the second, one from it the other way round, and so each bounds the offset from one side. What does not fit what
 * was found, because it came before it was sent or more than a second later, makes doubts. Returns false when no packet is common to
 * both (or without memory): nothing is known then.
 */
bool vmp_clock_compare(const struct vmp_clock_sample *network, const struct vmp_clock_sample *guest,
		       struct vmp_clock_offset *ret_offset);

#endif
