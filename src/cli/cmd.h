/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A subcommand is one file cmd_NAME.c and one line in the table of main.c. */
#ifndef VMP_CLI_CMD_H
#define VMP_CLI_CMD_H

#include "base/err.h"
#include "cli/options.h"
#include "report/report.h"

enum vmp_exit { VMP_EXIT_OK = 0, VMP_EXIT_WARNING = 1, VMP_EXIT_LOSS = 2, VMP_EXIT_UNKNOWN = 3 };

struct vmp_command {
	const char *name;
	const char *synopsis;       /* what stands behind "vmpath NAME" in the usage */
	const char *summary;        /* one line for --help; NULL: hidden */
	unsigned int options;       /* VMP_OPT_* taken besides the common ones */
	int min_args, max_args;     /* positional arguments */
	int (*run)(const struct vmp_options *options); /* returns an enum vmp_exit */
};

/* The subcommands, one file each: do the work and print. Each returns an enum vmp_exit. */
int vmp_cmd_analyze(const struct vmp_options *options);
int vmp_cmd_list(const struct vmp_options *options);
int vmp_cmd_path(const struct vmp_options *options);
int vmp_cmd_doctor(const struct vmp_options *options);
int vmp_cmd_explain(const struct vmp_options *options);
int vmp_cmd_trace(const struct vmp_options *options);
int vmp_cmd_complete(const struct vmp_options *options);

/* Print an error as the one line of the contract on standard error, escaped. Returns VMP_EXIT_UNKNOWN. */
int vmp_cmd_fail(const struct vmp_err *err);

/* The output format the options ask for. */
const struct vmp_format *vmp_cmd_format(const struct vmp_options *options);

/* How standard output wants to be written: colour, width, character set, from the options, environment and terminal. */
void vmp_cmd_style(const struct vmp_options *options, struct vmp_report_style *ret_style);

/* Write the report of a run to standard output, in the format and style that are asked for. Returns 0 or -errno. */
int vmp_cmd_print_run(const struct vmp_run *run, const struct vmp_options *options);

/* Write a finished text to standard output, whole. Returns 0, or -errno (and says so on standard error). */
int vmp_cmd_print(const struct vmp_buf *text);

#endif
