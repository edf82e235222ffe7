/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document vmpath.path/1. */
#include "report/json.h"
#include "report/view.h"

#include <stdlib.h>

static void add_hops(struct vmp_json *json, struct json_object *parent, const struct vmp_path *path,
		     const vmp_findings *findings)
{
	struct json_object *hops = vmp_json_array(json, parent, "hops");
	bool *visible = vmp_view_hops(path, NULL, findings, NULL);

	if (!visible)
		json->oom = true;
	for (size_t i = 0; visible && i < path->hops.n; i++)
		if (visible[i])
			vmp_json_hop(json, hops, &path->hops.v[i], path->hops.v[i].why);
	free(visible);
}

int vmp_json_path(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out)
{
	static const struct vmp_guest none;
	const struct vmp_guest *guest = listing->n_guests > 0 ? &listing->guests[0] : &none;
	struct json_object *interfaces;
	struct vmp_json json;

	(void)style;
	vmp_json_begin(&json, "vmpath.path/1", listing->host_name);
	vmp_json_text(&json, json.top, "uri", listing->uri);
	vmp_json_guest(&json, json.top, "guest", guest);
	interfaces = vmp_json_array(&json, json.top, "interfaces");
	for (size_t i = 0; i < guest->nics.n; i++) {
		struct json_object *object = vmp_json_object(&json, interfaces, NULL);

		vmp_json_nic(&json, object, "interface", &guest->nics.v[i]);
		add_hops(&json, object, &listing->paths[i], &listing->path_findings[i]);
		vmp_json_findings(&json, object, &listing->path_findings[i], &listing->paths[i]);
	}
	return vmp_json_finish(&json, out);
}
