/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document vmpath.list/1. */
#include "report/json.h"

int vmp_json_list(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out)
{
	struct json_object *guests;
	struct vmp_json json;

	(void)style;
	vmp_json_begin(&json, "vmpath.list/1", listing->host_name);
	vmp_json_text(&json, json.top, "uri", listing->uri);
	guests = vmp_json_array(&json, json.top, "guests");
	for (size_t i = 0; i < listing->n_guests; i++) {
		struct json_object *object = vmp_json_object(&json, guests, NULL), *interfaces;

		vmp_json_guest(&json, object, "guest", &listing->guests[i]);
		interfaces = vmp_json_array(&json, object, "interfaces");
		vmp_vec_foreach (nic, &listing->guests[i].nics)
			vmp_json_nic(&json, interfaces, NULL, nic);
	}
	return vmp_json_finish(&json, out);
}
