/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/inside.h"

#include <stdlib.h>
#include <string.h>

struct vmp_inside_queue *vmp_inside_queue(struct vmp_driver *driver, uint32_t index)
{
	struct vmp_inside_queue *queue;

	vmp_vec_foreach (each, &driver->queues)
		if (each->index == index)
			return each;
	queue = driver->queues.n < VMP_INSIDE_QUEUES_MAX ? vmp_vec_add(&driver->queues) : NULL;
	if (queue)
		queue->index = index;
	return queue;
}

static bool in_table(const struct vmp_inside_mac *table, size_t n, const struct vmp_mac *mac)
{
	for (size_t i = 0; i < n; i++)
		if (vmp_mac_equal(&table[i].mac, mac))
			return true;
	return false;
}

bool vmp_rx_filter_takes(const struct vmp_rx_filter *filter, const struct vmp_mac *mac)
{
	if (filter->promiscuous || vmp_mac_is_broadcast(mac))
		return true;
	if (vmp_mac_is_group(mac)) {
		if (filter->multicast == VMP_RX_NONE)
			return false;
		return filter->multicast == VMP_RX_ALL || filter->multicast_overflow ||
		       in_table(filter->multicast_table.v, filter->multicast_table.n, mac);
	}
	if (filter->unicast == VMP_RX_NONE)
		return false;
	return filter->unicast == VMP_RX_ALL || filter->unicast_overflow || (filter->has_main_mac && vmp_mac_equal(&filter->main_mac, mac)) ||
	       in_table(filter->unicast_table.v, filter->unicast_table.n, mac);
}

bool vmp_rx_filter_takes_vlan(const struct vmp_rx_filter *filter, uint16_t id)
{
	if (filter->promiscuous || filter->vlan == VMP_RX_ALL)
		return true;
	if (filter->vlan == VMP_RX_NONE)
		return false;
	vmp_vec_foreach (each, &filter->vlan_table)
		if (each->id == id)
			return true;
	return false;
}

void vmp_agent_clear(struct vmp_agent *agent)
{
	vmp_vec_foreach (interface, &agent->interfaces) {
		free(interface->name);
		vmp_vec_free(&interface->addresses);
	}
	vmp_vec_free(&agent->interfaces);
	vmp_vec_foreach (route, &agent->routes)
		free(route->interface);
	vmp_vec_free(&agent->routes);
	agent->routes_known = agent->answered = agent->cut = false;
}

void vmp_rx_filter_clear(struct vmp_rx_filter *filter)
{
	vmp_vec_free(&filter->unicast_table);
	vmp_vec_free(&filter->multicast_table);
	vmp_vec_free(&filter->vlan_table);
	memset(filter, 0, sizeof(*filter));
}

void vmp_inside_clear(struct vmp_inside *inside)
{
	vmp_agent_clear(&inside->agent);
	free(inside->agent.why_not);
	vmp_rx_filter_clear(&inside->driver.filter);
	vmp_vec_free(&inside->driver.queues);
	free(inside->driver.why_not);
	memset(inside, 0, sizeof(*inside));
}
