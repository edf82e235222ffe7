/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of one frame as seen at one point. */
#ifndef VMP_MODEL_FRAME_H
#define VMP_MODEL_FRAME_H

#include "model/direction.h"

#include <stdint.h>

struct vmp_frame {
	uint64_t ts_ns;             /* CLOCK_REALTIME */
	uint32_t point;             /* index of the point */
	enum vmp_devdir devdir;
	uint32_t wire_len;          /* bytes on the device, Ethernet header included */
	uint32_t cap_len;           /* bytes in data */
	const uint8_t *data;        /* from the Ethernet header on; borrowed */
};

#endif
