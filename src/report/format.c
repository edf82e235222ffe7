/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of output formats. */
#include "report/json.h"
#include "report/text.h"

#include <string.h>

static const struct vmp_format formats[] = {
	{.name = "text", .trace = vmp_text_trace, .path = vmp_text_path, .list = vmp_text_list,
	 .doctor = vmp_text_doctor, .explain = vmp_text_explain},
	{.name = "json", .trace = vmp_json_trace, .path = vmp_json_path, .list = vmp_json_list,
	 .doctor = vmp_json_doctor, .explain = vmp_json_explain},
};

const struct vmp_format *vmp_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}
