/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's agent or QEMU's monitor answers. The first byte chooses the question. Checked beside memory: an error is one of those promised
 * and one line, what was known before it stays, and what is kept is bounded.
 */
#include "fuzz.h"

#include "domain/reply.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static int read_one(unsigned int which, const char *text, size_t len, struct vmp_inside *inside, struct vmp_gauges *gauges, struct vmp_err *err)
{
	static const struct vmp_mac mac = {{0x52, 0x54, 0, 2, 0x1f, 0}};

	switch (which % 5) {
	case 0: return vmp_reply_interfaces(text, len, &mac, which & 0x80, &inside->agent, gauges, err);
	case 1: return vmp_reply_routes(text, len, &inside->agent, err);
	case 2: return vmp_reply_rx_filter(text, len, &inside->driver, err);
	case 3: return vmp_reply_virtio_status(text, len, &inside->driver, err);
	default: return vmp_reply_virtio_queue(text, len, 0, which & 0x80, &inside->driver, err);
	}
}

static void look(const struct vmp_inside *inside, const struct vmp_gauges *gauges)
{
	promise(inside->agent.interfaces.n <= VMP_INSIDE_INTERFACES_MAX && inside->agent.routes.n <= VMP_INSIDE_ROUTES_MAX);
	promise(inside->driver.filter.unicast_table.n <= VMP_INSIDE_MACS_MAX && inside->driver.filter.multicast_table.n <= VMP_INSIDE_MACS_MAX);
	promise(inside->driver.filter.vlan_table.n <= VMP_INSIDE_VLANS_MAX && inside->driver.queues.n <= 1);
	promise(gauges->counters.n <= 6 * VMP_INSIDE_INTERFACES_MAX);
	vmp_vec_foreach (interface, &inside->agent.interfaces) {
		promise(interface->name && *interface->name && strlen(interface->name) <= VMP_INSIDE_NAME_MAX);
		promise(interface->addresses.n <= VMP_INSIDE_ADDRESSES_MAX);
		vmp_vec_foreach (address, &interface->addresses)
			promise((address->ip.family == 4 && address->prefix_len <= 32) || (address->ip.family == 6 && address->prefix_len <= 128));
	}
	vmp_vec_foreach (route, &inside->agent.routes)
		promise(!route->has_gateway || route->gateway.family == route->dst.family);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmp_inside inside = {0};
	struct vmp_gauges gauges = {0};
	char *copy = malloc(size ? size : 1);
	struct vmp_err err = {0};
	int code;

	promise(copy);
	if (size > 1)
		memcpy(copy, data + 1, size - 1);
	for (int again = 0; size > 0 && again < 2; again++) {
		code = read_one(data[0], copy, size - 1, &inside, &gauges, &err);
		promise(code == 0 || code == -EINVAL || code == -EFBIG || code == -EOPNOTSUPP || code == -EIO);
		promise(code == 0 || (err.code == -code && *err.message && !strchr(err.message, '\n')));
		look(&inside, &gauges);
	}
	vmp_inside_clear(&inside);
	vmp_gauges_clear(&gauges);
	free(copy);
	return 0;
}
