/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judging what was captured before. Each form makes a run, which is reported like that of a trace. */
#ifndef VMP_CLI_ANALYZE_H
#define VMP_CLI_ANALYZE_H

#include "base/err.h"
#include "cli/options.h"
#include "model/run.h"

/*
 * The evidence folder that a trace left: options->args[0]. ret_run: zeroed by the caller, who clears it also after an error. Gives up
 * all privilege before it reads. Errors: those of the folder and its files.
 */
int vmp_analyze_evidence(const struct vmp_options *options, struct vmp_run *ret_run, struct vmp_err *err);

/*
 * Captures that others made: options->args are HOP=FILE words. ret_run: as above. Opens the files, then gives up all privilege before it
 * reads. Errors: those of the words, and of the files, with the place in them.
 */
int vmp_analyze_files(const struct vmp_options *options, struct vmp_run *ret_run, struct vmp_err *err);

#endif
