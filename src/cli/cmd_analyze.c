/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/analyze.h"
#include "cli/cmd.h"
#include "finding/finding.h"

#include <errno.h>

int vmp_cmd_analyze(const struct vmp_options *options)
{
	struct vmp_run run = {0};
	struct vmp_err err = {0};
	int status;

	if (options->n_args != 1) {
		vmp_err_set(&err, EINVAL, "cli", NULL, "which evidence? usage: vmpath analyze FOLDER (one that vmpath trace -w left)");
		return vmp_cmd_fail(&err);
	}
	if (vmp_analyze_evidence(options, &run, &err) < 0) {
		status = vmp_cmd_fail(&err);
	} else {
		status = vmp_finding_exit_status(&run);
		if (vmp_cmd_print_run(&run, options) < 0)
			status = VMP_EXIT_UNKNOWN;
	}
	vmp_run_clear(&run);
	return status;
}
