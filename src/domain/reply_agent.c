/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source of the formats: QEMU, qga/qapi-schema.json. */
#include "domain/answer.h"
#include "domain/reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_address(struct vmp_inside_interface *interface, struct json_object *json, bool *cut)
{
	const char *text = vmp_answer_text(json, "ip-address");
	struct vmp_inside_address *address;
	char bare[VMP_IP_STRLEN + 1];
	struct vmp_ip ip;
	uint64_t prefix;

	if (!text)
		return -EINVAL;
	/* fe80::1%eth0 */
	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(text, "%"), text);
	if (vmp_ip_parse(bare, &ip) < 0)
		return -EINVAL;
	if (interface->addresses.n == VMP_INSIDE_ADDRESSES_MAX) {
		*cut = true;
		return 0;
	}
	address = vmp_vec_add(&interface->addresses);
	if (!address)
		return -ENOMEM;
	address->ip = ip;
	address->has_prefix = vmp_answer_number(json, "prefix", ip.family == 4 ? 32 : 128, &prefix);
	address->prefix_len = address->has_prefix ? (uint8_t)prefix : 0;
	return 0;
}

static int add_interface(struct vmp_agent *agent, struct json_object *json)
{
	const char *name = vmp_answer_text(json, "name"), *mac = vmp_answer_text(json, "hardware-address");
	struct json_object *addresses = vmp_answer_member(json, "ip-addresses", json_type_array);
	struct vmp_inside_interface *interface;
	int code = 0;

	if (!name || !*name)
		return -EINVAL;
	interface = vmp_vec_add(&agent->interfaces);
	if (!interface)
		return -ENOMEM;
	interface->name = vmp_answer_name(name);
	if (!interface->name)
		return -ENOMEM;
	interface->has_mac = mac && vmp_mac_parse(mac, &interface->mac) == 0;
	for (size_t i = 0; code == 0 && addresses && i < json_object_array_length(addresses); i++)
		code = add_address(interface, json_object_array_get_idx(addresses, i), &agent->cut);
	return code;
}

static int read_interfaces(struct vmp_agent *agent, struct json_object *list)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < json_object_array_length(list); i++) {
		if (i == VMP_INSIDE_INTERFACES_MAX) {
			agent->cut = true;
			break;
		}
		code = add_interface(agent, json_object_array_get_idx(list, i));
	}
	return code;
}

/* The counters of those interfaces that have the MAC of the card: it, and what stands on it. */
static int read_statistics(const struct vmp_agent *agent, struct json_object *list, const struct vmp_mac *mac, bool after,
			   struct vmp_gauges *gauges)
{
	static const struct {
		const char *member, *name;
	} rows[] = {
		{"rx-packets", "rx_packets"}, {"rx-dropped", "rx_dropped"}, {"rx-errs", "rx_errors"},
		{"tx-packets", "tx_packets"}, {"tx-dropped", "tx_dropped"}, {"tx-errs", "tx_errors"},
	};

	for (size_t i = 0; i < agent->interfaces.n; i++) {
		const struct vmp_inside_interface *interface = &agent->interfaces.v[i];
		struct json_object *statistics = vmp_answer_member(json_object_array_get_idx(list, i), "statistics", json_type_object);

		if (!statistics || !interface->has_mac || !vmp_mac_equal(&interface->mac, mac))
			continue;
		for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
			struct vmp_counter *counter;
			uint64_t value;

			if (!vmp_answer_number(statistics, rows[k].member, UINT64_MAX, &value))
				continue;
			counter = vmp_gauges_add(gauges, "agent", interface->name, rows[k].name, VMP_COUNTER_MOVES);
			if (!counter)
				return gauges->counters.n >= VMP_COUNTERS_MAX ? 0 : -ENOMEM;
			*(after ? &counter->after_known : &counter->before_known) = true;
			*(after ? &counter->after : &counter->before) = value;
		}
	}
	return 0;
}

int vmp_reply_interfaces(const char *text, size_t len, const struct vmp_mac *mac, bool after, struct vmp_agent *agent, struct vmp_gauges *gauges,
			 struct vmp_err *err)
{
	static const char what[] = "guest-network-get-interfaces";
	struct json_object *top, *list;
	struct vmp_agent read = {0};
	int code = vmp_answer_open(text, len, what, json_type_array, &top, &list, err);

	if (code == 0) {
		code = read_interfaces(&read, list);
		if (code == 0)
			code = read_statistics(&read, list, mac, after, gauges);
		if (code == -EINVAL)
			vmp_answer_refuse(err, what, "an interface or address in it is none");
		else if (code < 0)
			vmp_err_set(err, ENOMEM, "domain", what, "reading the answer to %s: out of memory", what);
	}
	json_object_put(top);
	if (code < 0) {
		vmp_agent_clear(&read);
		return code;
	}
	vmp_vec_foreach (interface, &agent->interfaces) {
		free(interface->name);
		vmp_vec_free(&interface->addresses);
	}
	vmp_vec_free(&agent->interfaces);
	agent->interfaces.v = read.interfaces.v;
	agent->interfaces.n = read.interfaces.n;
	agent->interfaces.cap = read.interfaces.cap;
	agent->cut |= read.cut;
	agent->answered = true;
	return 0;
}

/* The length of a prefix whose mask is written as an address: 255.255.255.0. -1: it is none. */
static int mask_length(const struct vmp_ip *mask)
{
	int len = 0;

	while (len < 32 && mask->b[len / 8] & (0x80 >> len % 8))
		len++;
	for (int i = len; i < 32; i++)
		if (mask->b[i / 8] & (0x80 >> i % 8))
			return -1;
	return len;
}

/* A number that older agents write as text. */
static bool length_of(struct json_object *json, uint64_t *ret_len)
{
	const char *text = vmp_answer_text(json, "desprefixlen");
	char *end;

	if (!text)
		return vmp_answer_number(json, "desprefixlen", 128, ret_len);
	errno = 0;
	*ret_len = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *ret_len <= 128;
}

/* 0.0.0.0 and :: stand where there is no gateway. */
static bool is_unset(const struct vmp_ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->b, zero, sizeof(zero)) == 0;
}

static int add_route(struct vmp_agent *agent, struct json_object *json)
{
	const char *iface = vmp_answer_text(json, "iface"), *dst = vmp_answer_text(json, "destination"), *mask = vmp_answer_text(json, "mask");
	const char *gateway = vmp_answer_text(json, "gateway"), *next = vmp_answer_text(json, "nexthop");
	struct vmp_inside_route route = {0}, *slot;
	struct vmp_ip ip;
	uint64_t len = 0;

	if (!dst || vmp_ip_parse(dst, &route.dst) < 0)
		return -EINVAL;
	if (route.dst.family == 4 && mask && vmp_ip_parse(mask, &ip) == 0 && ip.family == 4 && mask_length(&ip) >= 0)
		route.prefix_len = (uint8_t)mask_length(&ip);
	else if (route.dst.family == 6 && length_of(json, &len))
		route.prefix_len = (uint8_t)len;
	else
		return -EINVAL;
	if (!gateway)
		gateway = next;
	route.has_gateway = gateway && vmp_ip_parse(gateway, &route.gateway) == 0 && route.gateway.family == route.dst.family &&
			    !is_unset(&route.gateway);
	slot = vmp_vec_add(&agent->routes);
	if (!slot)
		return -ENOMEM;
	*slot = route;
	slot->interface = iface ? vmp_answer_name(iface) : NULL;
	return iface && !slot->interface ? -ENOMEM : 0;
}

int vmp_reply_routes(const char *text, size_t len, struct vmp_agent *agent, struct vmp_err *err)
{
	static const char what[] = "guest-network-get-route";
	struct json_object *top, *list;
	struct vmp_agent read = {0};
	int code = vmp_answer_open(text, len, what, json_type_array, &top, &list, err);

	for (size_t i = 0; code == 0 && i < json_object_array_length(list); i++) {
		if (i == VMP_INSIDE_ROUTES_MAX) {
			read.cut = true;
			break;
		}
		code = add_route(&read, json_object_array_get_idx(list, i));
		if (code == -EINVAL)
			vmp_answer_refuse(err, what, "a route in it is none");
		else if (code < 0)
			vmp_err_set(err, ENOMEM, "domain", what, "reading the answer to %s: out of memory", what);
	}
	json_object_put(top);
	if (code < 0) {
		vmp_agent_clear(&read);
		return code;
	}
	vmp_vec_foreach (route, &agent->routes)
		free(route->interface);
	vmp_vec_free(&agent->routes);
	agent->routes.v = read.routes.v;
	agent->routes.n = read.routes.n;
	agent->routes.cap = read.routes.cap;
	agent->cut |= read.cut;
	agent->routes_known = true;
	return 0;
}
