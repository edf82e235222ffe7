/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/gauge.h"

#include <stdlib.h>
#include <string.h>

const struct vmp_device_gauge *vmp_gauges_device(const struct vmp_gauges *gauges, int ifindex)
{
	vmp_vec_foreach (device, &gauges->devices)
		if (device->ifindex == ifindex)
			return device;
	return NULL;
}

void vmp_gauges_clear(struct vmp_gauges *gauges)
{
	vmp_vec_free(&gauges->devices);
	free(gauges->backend.why_not);
	memset(gauges, 0, sizeof(*gauges));
}
