/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document vmpath.doctor/1. */
#include "report/json.h"

static void add_ability(struct vmp_json *json, struct json_object *parent, const struct vmp_checkup *checkup,
			const struct vmp_ability *ability)
{
	struct json_object *object = vmp_json_object(json, parent, NULL);
	enum vmp_tristate there = checkup->probes[ability->sight].there;

	vmp_json_text(json, object, "name", ability->name);
	vmp_json_text(json, object, "title", ability->title);
	vmp_json_text(json, object, "state", vmp_ability_state_name(ability->state));
	if (there != VMP_UNKNOWN)
		vmp_json_bool(json, object, "found", there == VMP_YES);
	vmp_json_bool(json, object, "vital", ability->vital);
	vmp_json_text(json, object, "detail", ability->detail[0] ? ability->detail : NULL);
	vmp_json_text(json, object, "cost", ability->cost);
	vmp_json_text(json, object, "remedy", ability->remedy);
}

int vmp_json_doctor(const struct vmp_checkup *checkup, const struct vmp_report_style *style, struct vmp_buf *out)
{
	struct json_object *abilities;
	struct vmp_json json;

	(void)style;
	vmp_json_begin(&json, "vmpath.doctor/1", checkup->host);
	vmp_json_text(&json, json.top, "kernel", checkup->kernel);
	vmp_json_bool(&json, json.top, "can_trace", checkup->can_trace);
	vmp_json_count(&json, json.top, "missing", checkup->missing);
	abilities = vmp_json_array(&json, json.top, "abilities");
	for (size_t i = 0; i < VMP_SIGHTS; i++)
		add_ability(&json, abilities, checkup, &checkup->abilities[i]);
	return vmp_json_finish(&json, out);
}
