/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's agent and QEMU's monitor said, in the document and in the text. */
#include "report/json.h"
#include "report/text.h"

#include <inttypes.h>

static const char *const modes[] = {[VMP_RX_NORMAL] = "normal", [VMP_RX_NONE] = "none", [VMP_RX_ALL] = "all"};

static void add_interfaces(struct vmp_json *json, struct json_object *parent, const struct vmp_agent *agent)
{
	struct json_object *list = vmp_json_array(json, parent, "interfaces");

	vmp_vec_foreach (interface, &agent->interfaces) {
		struct json_object *object = vmp_json_object(json, list, NULL), *addresses;

		vmp_json_text(json, object, "name", interface->name);
		if (interface->has_mac)
			vmp_json_mac(json, object, "mac", &interface->mac);
		addresses = vmp_json_array(json, object, "addresses");
		vmp_vec_foreach (address, &interface->addresses) {
			struct json_object *one = vmp_json_object(json, addresses, NULL);

			vmp_json_ip(json, one, "address", &address->ip);
			if (address->has_prefix)
				vmp_json_count(json, one, "prefix", address->prefix_len);
		}
	}
}

static void add_routes(struct vmp_json *json, struct json_object *parent, const struct vmp_agent *agent)
{
	struct json_object *list = vmp_json_array(json, parent, "routes");

	vmp_vec_foreach (route, &agent->routes) {
		struct json_object *object = vmp_json_object(json, list, NULL);

		vmp_json_ip(json, object, "destination", &route->dst);
		vmp_json_count(json, object, "prefix", route->prefix_len);
		if (route->has_gateway)
			vmp_json_ip(json, object, "gateway", &route->gateway);
		vmp_json_text(json, object, "interface", route->interface);
	}
}

static void add_agent(struct vmp_json *json, const struct vmp_agent *agent)
{
	struct json_object *object;

	if (!agent->asked)
		return;
	object = vmp_json_object(json, json->top, "agent");
	vmp_json_bool(json, object, "answered", agent->answered);
	vmp_json_text(json, object, "why", agent->why_not);
	if (agent->answered) {
		add_interfaces(json, object, agent);
		vmp_json_bool(json, object, "cut", agent->cut);
	}
	if (agent->routes_known)
		add_routes(json, object, agent);
}

static void add_filter(struct vmp_json *json, struct json_object *parent, const struct vmp_rx_filter *filter)
{
	struct json_object *object = vmp_json_object(json, parent, "rx_filter");

	vmp_json_bool(json, object, "promiscuous", filter->promiscuous);
	vmp_json_text(json, object, "unicast", filter->unicast_overflow ? "all" : modes[filter->unicast]);
	vmp_json_text(json, object, "multicast", filter->multicast_overflow ? "all" : modes[filter->multicast]);
	vmp_json_text(json, object, "vlan", modes[filter->vlan]);
	if (filter->has_main_mac)
		vmp_json_mac(json, object, "mac", &filter->main_mac);
	vmp_json_count(json, object, "unicast_addresses", filter->unicast_table.n);
	vmp_json_count(json, object, "multicast_addresses", filter->multicast_table.n);
	vmp_json_count(json, object, "vlans", filter->vlan_table.n);
}

static void add_queue(struct vmp_json *json, struct json_object *list, const struct vmp_inside_queue *queue)
{
	struct json_object *object = vmp_json_object(json, list, NULL);

	vmp_json_count(json, object, "queue", queue->index);
	vmp_json_text(json, object, "direction", queue->index % 2 ? "from_guest" : "to_guest");
	vmp_json_count(json, object, "size", queue->size);
	if (queue->before_known && queue->after_known)
		vmp_json_count(json, object, "moved", (uint16_t)(queue->taken_after - queue->taken_before));
	if (queue->after_known && queue->has_posted)
		vmp_json_count(json, object, "waiting", (uint16_t)(queue->posted_after - queue->taken_after));
}

static void add_driver(struct vmp_json *json, const struct vmp_driver *driver)
{
	struct json_object *object, *list;

	if (!driver->asked)
		return;
	object = vmp_json_object(json, json->top, "driver");
	vmp_json_text(json, object, "why", driver->why_not);
	if (driver->has_status) {
		vmp_json_bool(json, object, "driver_ok", driver->driver_ok);
		vmp_json_bool(json, object, "failed", driver->failed);
		vmp_json_bool(json, object, "needs_reset", driver->needs_reset);
		vmp_json_bool(json, object, "broken", driver->broken);
		vmp_json_bool(json, object, "vhost", driver->vhost_started);
	}
	if (driver->has_filter)
		add_filter(json, object, &driver->filter);
	list = vmp_json_array(json, object, "queues");
	vmp_vec_foreach (queue, &driver->queues)
		add_queue(json, list, queue);
}

void vmp_json_inside(struct vmp_json *json, const struct vmp_inside *inside)
{
	add_agent(json, &inside->agent);
	add_driver(json, &inside->driver);
}

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

/* The guest's interfaces with this MAC; what else it has is in the document. */
static void say_agent(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_agent *agent, const struct vmp_nic *nic)
{
	vmp_vec_foreach (interface, &agent->interfaces) {
		struct vmp_buf line = {0};
		char ip[VMP_IP_STRLEN];

		if (!interface->has_mac || !nic->has_mac || !vmp_mac_equal(&interface->mac, &nic->mac))
			continue;
		vmp_buf_printf(&line, "its agent says that %s has", interface->name);
		for (size_t i = 0; i < interface->addresses.n && i < 8; i++) {
			vmp_buf_printf(&line, "%s %s", i ? "," : "", vmp_ip_format(&interface->addresses.v[i].ip, ip));
			if (interface->addresses.v[i].has_prefix)
				vmp_buf_printf(&line, "/%u", interface->addresses.v[i].prefix_len);
		}
		vmp_buf_printf(&line, "%s", interface->addresses.n == 0 ? " no address" : interface->addresses.n > 8 ? ", ..." : "");
		vmp_text_paragraph(out, style, 2, VMP_INK_PLAIN, "inside  ", line.s ? line.s : "");
		out->oom |= line.oom;
		vmp_buf_clear(&line);
	}
}

static void say_driver(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_driver *driver)
{
	if (driver->has_status)
		vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "inside  ", "QEMU says that the guest's driver has %sset the card up%s",
				driver->driver_ok ? "" : "not ", driver->vhost_started ? ", and vhost runs" : "");
	vmp_vec_foreach (queue, &driver->queues)
		if (queue->before_known && queue->after_known && queue->size)
			vmp_text_printf(out, style, 2, VMP_INK_PLAIN, "inside  ",
					"queue %" PRIu32 " (%s the guest): %u of its buffers used meanwhile", queue->index,
					queue->index % 2 ? "from" : "to", (unsigned int)(uint16_t)(queue->taken_after - queue->taken_before));
}

void vmp_text_inside(struct vmp_buf *out, const struct vmp_report_style *style, const struct vmp_run *run)
{
	say_agent(out, style, &run->inside.agent, vmp_run_nic(run));
	say_driver(out, style, &run->inside.driver);
}
