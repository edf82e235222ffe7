/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/analyze.h"
#include "cli/cmd.h"
#include "finding/finding.h"

#include <errno.h>
#include <string.h>

/* Whose packets is said of captures of others alone: an evidence folder knows it. */
static bool are_files(const struct vmp_options *options)
{
	return options->address || options->mac || options->domain_xml || options->interface || strchr(options->args[0], '=');
}

int vmp_cmd_analyze(const struct vmp_options *options)
{
	struct vmp_run run = {0};
	struct vmp_err err = {0};
	bool files = are_files(options);
	int status;

	if (!files && options->n_args != 1) {
		vmp_err_set(&err, EINVAL, "cli", NULL, "which evidence? usage: vmpath analyze FOLDER (one that vmpath trace -w left), or vmpath "
			    "analyze --address ADDRESS HOP=FILE ...");
		return vmp_cmd_fail(&err);
	}
	if ((files ? vmp_analyze_files(options, &run, &err) : vmp_analyze_evidence(options, &run, &err)) < 0) {
		status = vmp_cmd_fail(&err);
	} else {
		status = vmp_finding_exit_status(&run);
		if (vmp_cmd_print_run(&run, options) < 0)
			status = VMP_EXIT_UNKNOWN;
	}
	vmp_run_clear(&run);
	return status;
}
