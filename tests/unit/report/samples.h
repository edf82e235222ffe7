/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs and listings made by hand, as the stages before would leave them. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include "report/report.h"

/* The example of the document: 50 echo requests vanish between uplink and tap. */
void sample_loss(struct vmp_run *run);

/* Everything arrives and is answered. */
void sample_healthy(struct vmp_run *run);

/* The same, and packets that took as long as the operator asked for: more of them than are named. */
void sample_slow(struct vmp_run *run);

/* The guest takes its packets and keeps silent: no segment loses anything, and still the verdict has a place. */
void sample_silent(struct vmp_run *run);

/* Another guest's port, unsure packets, lossy and missing captures, a vanished device, wrong tags, 64-bit counts. */
void sample_tangled(struct vmp_run *run);

/* Names and texts that want to break terminals and parsers. */
void sample_hostile(struct vmp_run *run);

/* An offline run that knows next to nothing. */
void sample_bare(struct vmp_run *run);

/* Guests of all sorts. The listing borrows guests; clear them with sample_guests_clear(). */
struct vmp_listing sample_guests(void);
void sample_guests_clear(struct vmp_listing *listing);

/* One guest with a healthy card, a card with faults and a card without a device. */
struct vmp_listing sample_paths(void);
void sample_paths_clear(struct vmp_listing *listing);

#endif
