/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of drivers, and ring sizes: linux/ethtool.h. Names and numbers of counters are to be had by the ioctl only. The kernel lets
 * anybody ask for these (net/ethtool/ioctl.c, dev_ethtool()).
 */
#include "host/counters.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { COUNTERS_MAX = 1 << 16 };

static int ask(int fd, const struct vmp_reading_device *device, void *command)
{
	struct ifreq request = {.ifr_data = command};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device->name);
	return ioctl(fd, SIOCETHTOOL, &request) != 0 ? -errno : 0;
}

static uint32_t count_counters(int fd, const struct vmp_reading_device *device)
{
	union {
		struct ethtool_sset_info info;
		uint8_t bytes[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)]; /* with the one number that is asked for */
	} sets = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_STATS}};
	uint32_t count;

	if (ask(fd, device, &sets) < 0 || !(sets.info.sset_mask & 1ULL << ETH_SS_STATS))
		return 0;
	memcpy(&count, sets.bytes + offsetof(struct ethtool_sset_info, data), sizeof(count));
	return count <= COUNTERS_MAX ? count : 0;
}

static int keep_counters(struct vmp_reading_device *device, const struct ethtool_gstrings *names, const struct ethtool_stats *stats)
{
	for (uint32_t i = 0; i < stats->n_stats; i++) {
		struct vmp_driver_counter *counter = vmp_vec_add(&device->counters);

		if (!counter)
			return -ENOMEM;
		snprintf(counter->name, sizeof(counter->name), "%.*s", ETH_GSTRING_LEN, (const char *)names->data + (size_t)i * ETH_GSTRING_LEN);
		counter->value = stats->data[i];
	}
	device->has_counters = true;
	return 0;
}

/*
 * The kernel writes as many as there are at that moment, whatever room it is told of: queues may be added between the question how many
 * there are and that. So there is room for twice as many and some, and an answer counts only when both were of one number.
 */
static int read_counters(int fd, struct vmp_reading_device *device)
{
	uint32_t n = count_counters(fd, device), room = 2 * n + 1024;
	struct ethtool_gstrings *names;
	struct ethtool_stats *stats;
	int code = 0;

	if (n == 0)
		return 0;
	names = calloc(1, sizeof(*names) + (size_t)room * ETH_GSTRING_LEN);
	stats = calloc(1, sizeof(*stats) + room * sizeof(stats->data[0]));
	if (names && stats) {
		names->cmd = ETHTOOL_GSTRINGS;
		names->string_set = ETH_SS_STATS;
		names->len = n;
		stats->cmd = ETHTOOL_GSTATS;
		stats->n_stats = n;
		if (ask(fd, device, names) == 0 && ask(fd, device, stats) == 0 && names->len == n && stats->n_stats == n)
			code = keep_counters(device, names, stats);
	} else {
		code = -ENOMEM;
	}
	free(names);
	free(stats);
	return code;
}

int vmp_host_ask_driver(int fd, struct vmp_reading_device *device)
{
	struct ethtool_ringparam rings = {.cmd = ETHTOOL_GRINGPARAM};
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};

	if (ask(fd, device, &driver) == 0)
		snprintf(device->driver, sizeof(device->driver), "%.*s", (int)sizeof(driver.driver) - 1, driver.driver);
	if (ask(fd, device, &rings) == 0) {
		device->has_rings = true;
		device->rx_ring = rings.rx_pending;
		device->rx_ring_max = rings.rx_max_pending;
		device->tx_ring = rings.tx_pending;
		device->tx_ring_max = rings.tx_max_pending;
	}
	return read_counters(fd, device);
}
