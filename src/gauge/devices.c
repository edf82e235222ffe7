/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gauge/gauge.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* All of them only ever grow; a driver that was reset, or a device that was made anew, begins again. */
static bool stats_grew(const struct vmp_link_stats *before, const struct vmp_link_stats *after)
{
	static const size_t fields[] = {
		offsetof(struct vmp_link_stats, rx_packets), offsetof(struct vmp_link_stats, tx_packets),
		offsetof(struct vmp_link_stats, rx_bytes), offsetof(struct vmp_link_stats, tx_bytes),
		offsetof(struct vmp_link_stats, rx_errors), offsetof(struct vmp_link_stats, tx_errors),
		offsetof(struct vmp_link_stats, rx_dropped), offsetof(struct vmp_link_stats, tx_dropped),
		offsetof(struct vmp_link_stats, rx_missed), offsetof(struct vmp_link_stats, rx_fifo_errors),
		offsetof(struct vmp_link_stats, rx_crc_errors), offsetof(struct vmp_link_stats, rx_nohandler),
		offsetof(struct vmp_link_stats, rx_otherhost),
	};

	_Static_assert(sizeof(fields) / sizeof(*fields) * sizeof(uint64_t) == sizeof(struct vmp_link_stats),
		       "a counter is missing in the table");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		uint64_t was, is;

		memcpy(&was, (const char *)before + fields[i], sizeof(was));
		memcpy(&is, (const char *)after + fields[i], sizeof(is));
		if (is < was)
			return false;
	}
	return true;
}

int vmp_gauge_before(struct vmp_gauges *gauges, const struct vmp_path *path, const struct vmp_host *host)
{
	vmp_vec_foreach (hop, &path->hops) {
		const struct vmp_link *link = hop->ifindex ? vmp_host_link(host, hop->ifindex) : NULL;
		struct vmp_device_gauge *device;

		if (!link || vmp_gauges_device(gauges, hop->ifindex))
			continue;
		device = vmp_vec_add(&gauges->devices);
		if (!device)
			return -ENOMEM;
		memcpy(device->name, link->name, sizeof(device->name));
		device->ifindex = link->ifindex;
		device->before_known = true;
		device->before = link->stats;
		device->before_ns = host->read_ns;
	}
	return 0;
}

void vmp_gauge_after(struct vmp_gauges *gauges, const struct vmp_host *host)
{
	vmp_vec_foreach (device, &gauges->devices) {
		const struct vmp_link *link = vmp_host_link(host, device->ifindex);

		device->after_known = link && stats_grew(&device->before, &link->stats);
		if (!device->after_known)
			continue;
		device->after = link->stats;
		device->after_ns = host->read_ns;
	}
}
