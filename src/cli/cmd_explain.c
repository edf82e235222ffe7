/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmpath explain: what a code of a finding, cause or verdict means. Asks nothing of the host. */
#include "cli/cmd.h"
#include "finding/catalogue.h"

#include <errno.h>
#include <stdlib.h>

enum { NEAR_MOST = 6 };

static int print_codes(const struct vmp_options *options, const struct vmp_code **codes, size_t n, bool whole)
{
	const struct vmp_explanation explanation = {.codes = codes, .n = n, .whole = whole};
	struct vmp_report_style style;
	struct vmp_buf text = {0};
	int code;

	vmp_cmd_style(options, &style);
	code = vmp_cmd_format(options)->explain(&explanation, &style, &text);
	if (code < 0) {
		struct vmp_err err = {0};

		vmp_err_set(&err, -code, "cli", NULL, "writing what codes mean: out of memory");
		vmp_cmd_fail(&err);
	} else {
		code = vmp_cmd_print(&text);
	}
	vmp_buf_clear(&text);
	return code < 0 ? VMP_EXIT_UNKNOWN : VMP_EXIT_OK;
}

static int print_all(const struct vmp_options *options)
{
	const struct vmp_code **codes, *code;
	size_t n = 0;
	int status;

	while (vmp_catalogue_at(n))
		n++;
	codes = calloc(n + 1, sizeof(*codes));
	if (!codes) {
		struct vmp_err err = {0};

		vmp_err_set(&err, ENOMEM, "cli", NULL, "listing the codes: out of memory");
		return vmp_cmd_fail(&err);
	}
	for (size_t i = 0; (code = vmp_catalogue_at(i)); i++)
		codes[i] = code;
	status = print_codes(options, codes, n, false);
	free(codes);
	return status;
}

/* Words of a message may be typed as they are, without quotes. */
static char *join_words(const struct vmp_options *options)
{
	struct vmp_buf text = {0};

	for (int i = 0; i < options->n_args; i++)
		vmp_buf_printf(&text, "%s%s", i ? " " : "", options->args[i]);
	return vmp_buf_take(&text);
}

static int unknown_code(const char *text)
{
	const struct vmp_code *near[NEAR_MOST];
	size_t n = vmp_catalogue_near(text, near, NEAR_MOST);
	struct vmp_buf names = {0};
	struct vmp_err err = {0};
	int status;

	for (size_t i = 0; i < n; i++)
		vmp_buf_printf(&names, "%s%s", i ? ", " : "", near[i]->code);
	vmp_err_set(&err, ENOENT, "cli", text, "there is no code \"%s\"%s%s; vmpath explain lists all", text,
		    n ? "; did you mean: " : "", names.s ? names.s : "");
	status = vmp_cmd_fail(&err);
	vmp_buf_clear(&names);
	return status;
}

int vmp_cmd_explain(const struct vmp_options *options)
{
	const struct vmp_code *code;
	char *text;
	int status;

	if (options->n_args == 0)
		return print_all(options);
	text = join_words(options);
	if (!text) {
		struct vmp_err err = {0};

		vmp_err_set(&err, ENOMEM, "cli", NULL, "looking for a code: out of memory");
		return vmp_cmd_fail(&err);
	}
	code = vmp_catalogue_find(text);
	status = code ? print_codes(options, &code, 1, true) : unknown_code(text);
	free(text);
	return status;
}
