/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cmd.h"
#include "cli/pipeline.h"
#include "finding/finding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int vmp_cmd_trace(const struct vmp_options *options)
{
	struct vmp_trace trace;
	struct vmp_err err = {0};
	char *folder = NULL;
	int status;

	if (vmp_pipeline_trace(&trace, options, &err) < 0) {
		vmp_pipeline_end(&trace);
		return vmp_cmd_fail(&err);
	}
	status = vmp_finding_exit_status(&trace.run);
	/* Evidence that cannot be written is no reason to keep the answer back. */
	if (vmp_pipeline_publish(&trace, &folder, &err) < 0)
		status = vmp_cmd_fail(&err);
	if (vmp_cmd_print_run(&trace.run, options) < 0)
		status = VMP_EXIT_UNKNOWN;
	if (folder && !options->quiet)
		fprintf(stderr, "vmpath: evidence is in %s\n", folder);
	free(folder);
	vmp_pipeline_end(&trace);
	return status;
}
