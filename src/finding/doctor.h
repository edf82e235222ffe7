/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found on a host -> what is missing for which answers. Pure; a table. */
#ifndef VMP_FINDING_DOCTOR_H
#define VMP_FINDING_DOCTOR_H

#include "model/doctor.h"

/* Judge what was found: fill abilities, missing and can_trace from the probes. */
void vmp_doctor_judge(struct vmp_checkup *checkup);

/* 0: all there; 1: something is missing that costs answers; 3: no trace is possible. */
int vmp_doctor_exit_status(const struct vmp_checkup *checkup);

#endif
