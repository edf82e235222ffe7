/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sentence for a person, with evidence and remedy; and the verdict, the one-line answer of a run. */
#ifndef VMP_MODEL_FINDING_H
#define VMP_MODEL_FINDING_H

#include "base/vec.h"
#include "model/direction.h"

#include <stdbool.h>
#include <stdint.h>

enum vmp_severity { VMP_SEVERITY_INFO, VMP_SEVERITY_WARNING, VMP_SEVERITY_CRITICAL };
enum vmp_confidence { VMP_CONFIDENCE_WEAK, VMP_CONFIDENCE_LIKELY, VMP_CONFIDENCE_CERTAIN };
enum vmp_state { VMP_STATE_OK, VMP_STATE_LOSS, VMP_STATE_INCONCLUSIVE };

struct vmp_finding {
	char code[40];
	char cause[40];             /* code of what explains it, "": not known */
	enum vmp_severity severity;
	enum vmp_confidence confidence;
	bool has_place;             /* direction, from and to are valid */
	enum vmp_direction direction;
	int from, to;               /* indexes of hops, in the order the packets take */
	uint64_t packets;           /* how many packets it is about, for ranking */
	char *summary;              /* one sentence; owned */
	VMP_VEC(char *) evidence;   /* lines with numbers; owned */
	char *remedy;               /* a command to look closer or to mend; owned, may be NULL */
};

typedef VMP_VEC(struct vmp_finding) vmp_findings;

struct vmp_verdict {
	enum vmp_state state;
	char code[40];
	enum vmp_confidence confidence;
	bool has_place;
	enum vmp_direction direction;
	int from, to;
	char *summary;              /* owned */
};

/* The words of the JSON documents: "info", "certain", "loss", ... */
const char *vmp_severity_name(enum vmp_severity severity);
const char *vmp_confidence_name(enum vmp_confidence confidence);
const char *vmp_state_name(enum vmp_state state);

/*
 * Append a finding. code: borrowed; summary: formatted.
 * Returns it, to be filled further (severity and confidence are set as given), or NULL without memory.
 */
struct vmp_finding *vmp_finding_add(vmp_findings *findings, const char *code, enum vmp_severity severity,
				    enum vmp_confidence confidence, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Say where a finding lies. */
void vmp_finding_place(struct vmp_finding *finding, enum vmp_direction direction, int from, int to);

/*
 * Say what explains a finding: a loss, mostly. The first call names the cause, which joins the summary ("...: the packet filter drops them")
 * and is one finding with it; what later ones say becomes a line of evidence ("also: ..."), unless it is the same cause once more.
 * cause: a stable code, borrowed; finding: may be NULL. Returns true for the first, whose caller goes on to set evidence and remedy.
 */
bool vmp_finding_explain(struct vmp_finding *finding, const char *cause, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Append a line of evidence. finding: may be NULL (then nothing is done). */
void vmp_finding_evidence(struct vmp_finding *finding, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Set the remedy. finding: may be NULL. */
void vmp_finding_remedy(struct vmp_finding *finding, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Free what the findings own and empty the list. */
void vmp_findings_clear(vmp_findings *findings);

/* Free what a verdict owns and zero it. */
void vmp_verdict_clear(struct vmp_verdict *verdict);

#endif
