/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Path, fates, exchanges, gauges -> findings and the verdict. Pure; the rules are tables. */
#ifndef VMP_FINDING_FINDING_H
#define VMP_FINDING_FINDING_H

#include "model/run.h"

/* Findings from the path's facts alone (rules_path.c). Returns 0 or -ENOMEM. findings: appended to. */
int vmp_finding_from_path(const struct vmp_path *path, const struct vmp_guest *guest, const struct vmp_nic *nic,
			  vmp_findings *findings);

/*
 * Judge a run: fill run->findings (worst first) and run->verdict from everything else in it. What findings it had is replaced.
 * Returns 0 or -ENOMEM.
 */
int vmp_finding_judge(struct vmp_run *run);

/* Exit status of the contract for a judged run: 0, 1, 2 or 3. */
int vmp_finding_exit_status(const struct vmp_run *run);

/* Exit status for findings without a run (path): 0, 1 or 2. */
int vmp_findings_exit_status(const vmp_findings *findings);

#endif
