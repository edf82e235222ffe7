/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every subcommand does on its way out. */
#include "cli/cmd.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int vmp_cmd_fail(const struct vmp_err *err)
{
	struct vmp_buf line = {0};

	vmp_buf_escape(&line, err->message);
	fprintf(stderr, "vmpath: %s\n", line.s ? line.s : strerror(err->code));
	vmp_buf_clear(&line);
	return VMP_EXIT_UNKNOWN;
}

const struct vmp_format *vmp_cmd_format(const struct vmp_options *options)
{
	return vmp_format_find(options->json ? "json" : "text");
}

void vmp_cmd_style(const struct vmp_options *options, struct vmp_report_style *ret_style)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO) != 0;
	struct winsize size = {0};

	memset(ret_style, 0, sizeof(*ret_style));
	ret_style->colour = terminal && !options->no_color && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
	ret_style->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		ret_style->width = size.ws_col;
	ret_style->verbose = options->verbose > 0;
	ret_style->quiet = options->quiet;
}

int vmp_cmd_print_run(const struct vmp_run *run, const struct vmp_options *options)
{
	struct vmp_report_style style;
	struct vmp_buf text = {0};
	int code;

	vmp_cmd_style(options, &style);
	code = vmp_cmd_format(options)->trace(run, &style, &text);
	if (code == 0)
		code = vmp_cmd_print(&text);
	vmp_buf_clear(&text);
	return code;
}

int vmp_cmd_print(const struct vmp_buf *text)
{
	if (fwrite(text->s ? text->s : "", 1, text->len, stdout) != text->len || fflush(stdout) != 0) {
		int code = errno ? errno : EIO;

		fprintf(stderr, "vmpath: writing the report to standard output: %s\n", strerror(code));
		return -code;
	}
	return 0;
}
