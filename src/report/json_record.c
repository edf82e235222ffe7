/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records that several documents hold. */
#include "report/json.h"
#include "report/view.h"

void vmp_json_guest(struct vmp_json *json, struct json_object *parent, const char *key, const struct vmp_guest *guest)
{
	struct json_object *object = vmp_json_object(json, parent, key);

	vmp_json_text(json, object, "name", guest->name);
	vmp_json_text(json, object, "uuid", guest->uuid);
	if (guest->has_id && guest->id >= 0)
		vmp_json_count(json, object, "id", (uint64_t)guest->id);
	vmp_json_text(json, object, "state", vmp_guest_state_name(guest->state));
	vmp_json_text(json, object, "state_reason", guest->state_reason);
	if (guest->has_state_before) {
		vmp_json_text(json, object, "state_before", vmp_guest_state_name(guest->state_before));
		vmp_json_text(json, object, "state_before_reason", guest->reason_before);
	}
	vmp_json_text(json, object, "hypervisor", guest->hypervisor);
	if (guest->job_active) {
		vmp_json_bool(json, object, "job_active", true);
		vmp_json_text(json, object, "job", guest->job);
	}
}

void vmp_json_nic(struct vmp_json *json, struct json_object *parent, const char *key, const struct vmp_nic *nic)
{
	struct json_object *object = vmp_json_object(json, parent, key), *addresses;

	vmp_json_text(json, object, "type", nic->type_name);
	if (nic->has_mac)
		vmp_json_mac(json, object, "mac", &nic->mac);
	vmp_json_text(json, object, "model", nic->model);
	vmp_json_text(json, object, "source", nic->source);
	vmp_json_text(json, object, "network", nic->network);
	vmp_json_text(json, object, "bridge", nic->bridge);
	vmp_json_text(json, object, "source_mode", nic->source_mode);
	vmp_json_text(json, object, "virtualport", nic->virtualport);
	vmp_json_text(json, object, "target", nic->target);
	vmp_json_text(json, object, "alias", nic->alias);
	vmp_json_text(json, object, "driver", nic->driver);
	vmp_json_text(json, object, "nwfilter", nic->filter);
	vmp_json_text(json, object, "backend_domain", nic->backend_domain);
	if (nic->link_up != VMP_UNKNOWN)
		vmp_json_text(json, object, "link", nic->link_up == VMP_YES ? "up" : "down");
	if (nic->isolated != VMP_UNKNOWN)
		vmp_json_bool(json, object, "isolated", nic->isolated == VMP_YES);
	if (nic->has_mtu)
		vmp_json_count(json, object, "mtu", nic->mtu);
	if (nic->has_queues)
		vmp_json_count(json, object, "queues", nic->queues);
	if (nic->has_vlan)
		vmp_json_count(json, object, "vlan", nic->vlan);
	addresses = vmp_json_array(json, object, "addresses");
	vmp_vec_foreach (address, &nic->addresses)
		vmp_json_ip(json, addresses, NULL, &address->ip);
	vmp_json_text(json, object, "why", nic->why_no_backend);
}

struct json_object *vmp_json_hop(struct vmp_json *json, struct json_object *parent, const struct vmp_hop *hop,
				 const char *why)
{
	struct json_object *object = vmp_json_object(json, parent, NULL);

	vmp_json_text(json, object, "name", hop->name);
	vmp_json_text(json, object, "kind", vmp_hop_kind_name(hop->kind));
	if (hop->ifindex > 0)
		vmp_json_count(json, object, "ifindex", (uint64_t)hop->ifindex);
	if (hop->has_tag)
		vmp_json_count(json, object, "vlan", hop->tag);
	if (hop->has_tunnel) {
		struct json_object *tunnel = vmp_json_object(json, object, "tunnel");

		vmp_json_text(json, tunnel, "kind", "vxlan");
		vmp_json_count(json, tunnel, "vni", hop->tunnel.vni);
		vmp_json_count(json, tunnel, "port", hop->tunnel.port);
	}
	if (hop->inactive)
		vmp_json_bool(json, object, "inactive", true);
	vmp_json_text(json, object, "guest", hop->owner);
	vmp_json_text(json, object, "observed", vmp_observed_name(hop->observed));
	vmp_json_text(json, object, "why", why);
	return object;
}

void vmp_json_place(struct vmp_json *json, struct json_object *parent, const struct vmp_path *path,
		    enum vmp_direction direction, int from, int to)
{
	vmp_json_text(json, parent, "direction", vmp_direction_name(direction));
	vmp_json_text(json, parent, "from", vmp_view_hop_name(path, from));
	vmp_json_text(json, parent, "to", vmp_view_hop_name(path, to));
}

static void add_finding(struct vmp_json *json, struct json_object *parent, const struct vmp_finding *finding,
			const struct vmp_path *path)
{
	struct json_object *object = vmp_json_object(json, parent, NULL), *evidence;

	vmp_json_text(json, object, "code", finding->code);
	vmp_json_text(json, object, "cause", finding->cause[0] ? finding->cause : NULL);
	vmp_json_text(json, object, "severity", vmp_severity_name(finding->severity));
	vmp_json_text(json, object, "confidence", vmp_confidence_name(finding->confidence));
	if (finding->has_place)
		vmp_json_place(json, object, path, finding->direction, finding->from, finding->to);
	if (finding->packets)
		vmp_json_count(json, object, "packets", finding->packets);
	vmp_json_text(json, object, "summary", finding->summary);
	evidence = vmp_json_array(json, object, "evidence");
	vmp_vec_foreach (line, &finding->evidence)
		vmp_json_text(json, evidence, NULL, *line);
	vmp_json_text(json, object, "remedy", finding->remedy);
}

void vmp_json_findings(struct vmp_json *json, struct json_object *parent, const vmp_findings *findings,
		       const struct vmp_path *path)
{
	struct json_object *array = vmp_json_array(json, parent, "findings");

	for (size_t i = 0; findings && i < findings->n; i++)
		add_finding(json, array, &findings->v[i], path);
}
