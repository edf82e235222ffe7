/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one trace holds while it runs. The steps that work on it are named in pipeline.c, in their order. */
#ifndef VMP_CLI_TRACE_H
#define VMP_CLI_TRACE_H

#include "base/err.h"
#include "capture/capture.h"
#include "capture/counter.h"
#include "cause/cause.h"
#include "cli/inquiry.h"
#include "cli/options.h"
#include "domain/domain.h"
#include "domain/process.h"
#include "evidence/evidence.h"
#include "gauge/gauge.h"
#include "guard/guard.h"
#include "host/host.h"
#include "match/match.h"
#include "model/run.h"

struct vmp_trace {
	const struct vmp_options *options;
	struct vmp_run run;             /* the record: all that is reported is made from it */

	struct vmp_domain *domain;      /* NULL: the guest came from a file */
	struct vmp_inquiry *inquiry;    /* NULL: neither agent nor monitor are to be asked */
	struct vmp_process *process;    /* the guest's QEMU, NULL: not found */
	char *domain_xml;
	struct vmp_host_reader *reader;
	struct vmp_host host;
	vmp_translations known;         /* connections that the kernel knew at the start */
	int *hop_points;                /* by hop: index of its point, -1: none */
	int *point_hops;                /* by point: index of its hop */
	struct vmp_capture *capture;
	struct vmp_counter *counter;    /* frames given to the backend */
	struct vmp_reading reading;     /* of the host's counters: which there are, and the last look at them */
	struct vmp_host_counters *counters;
	struct vmp_backend_watch backend;
	bool backend_watched;
	bool backend_down;      /* since before the start: no point, and nothing passes it */
	struct vmp_warden *warden;      /* NULL: nobody can be asked about the packet filter */
	bool filters_known;             /* its rules were read before the window */
	int log_fd;                     /* of the kernel, -1: cannot be read */
	struct vmp_keeper *keeper;      /* NULL: no evidence is asked for */
	int evidence_fd;
	struct vmp_evidence *evidence;
	struct vmp_match *match;
	struct vmp_drop_watch *drop_watch; /* NULL: the kernel does not tell of drops */
};

/* Signals that end a trace early: SIGINT, SIGTERM, SIGHUP. Counts them; the first ends the window, the second all waiting. */
int vmp_trace_signals(void);

/* Catch them from now on. */
void vmp_trace_catch_signals(void);

/* The window: hand frames from the points to the matcher until it is over and settled (watch.c). Errors: those of a broken capture. */
int vmp_trace_watch(struct vmp_trace *trace, struct vmp_err *err);

/* Ask the kernel to tell of drops from now on. When it does not, the run says why (drops.c). Errors: ENOMEM. */
int vmp_trace_ask_drops(struct vmp_trace *trace, struct vmp_err *err);

/* Take what it told since the last call to the matcher. key: that of the frames' fingerprints. */
void vmp_trace_take_drops(struct vmp_trace *trace, const struct vmp_digest_key *key);

/* No more of it. */
void vmp_trace_end_drops(struct vmp_trace *trace);

/* Say what --agent and --qemu-monitor cost, and have the first questions asked, if any is wanted (ask.c). */
int vmp_trace_ask_guest(struct vmp_trace *trace, struct vmp_err *err);

/* Ask once more after the window, and read all answers into the run. To be called without privilege. Returns 0 or -ENOMEM. */
int vmp_trace_ask_guest_again(struct vmp_trace *trace);

/* When several NICs may be meant, the one whose backend sends with ADDRESS as seen within two seconds (which.c). */
int vmp_trace_which_nic(struct vmp_trace *trace, const struct vmp_ip *address, size_t *ret_nic, struct vmp_err *err);

#endif
