/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence/index.h"

#include <endian.h>
#include <string.h>

/* Bytes of a row: point 0-3, direction 4, usable 5, cause 6, zero 7, fingerprint 8-23. */
static const uint8_t head[VMP_INDEX_HEAD_BYTES] = {'V', 'M', 'P', 'F', 'R', 'A', 'M', 'E', 1, 0, 0, 0, VMP_INDEX_ROW_BYTES, 0, 0, 0};

void vmp_index_put_head(uint8_t out[VMP_INDEX_HEAD_BYTES])
{
	memcpy(out, head, sizeof(head));
}

bool vmp_index_is_head(const uint8_t in[VMP_INDEX_HEAD_BYTES])
{
	return memcmp(in, head, sizeof(head)) == 0;
}

void vmp_index_put(const struct vmp_index_row *row, uint8_t out[VMP_INDEX_ROW_BYTES])
{
	uint32_t point = htole32(row->point);
	uint64_t h[2] = {htole64(row->fingerprint.id.h[0]), htole64(row->fingerprint.id.h[1])};

	memcpy(out, &point, 4);
	out[4] = (uint8_t)row->devdir;
	out[5] = row->fingerprint.usable;
	out[6] = row->cause;
	out[7] = 0;
	memcpy(out + 8, h, 16);
}

bool vmp_index_get(const uint8_t in[VMP_INDEX_ROW_BYTES], size_t n_points, struct vmp_index_row *ret_row)
{
	uint32_t point;
	uint64_t h[2];

	memcpy(&point, in, 4);
	memcpy(h, in + 8, 16);
	ret_row->point = le32toh(point);
	ret_row->devdir = (enum vmp_devdir)in[4];
	ret_row->fingerprint.usable = in[5] == 1;
	ret_row->cause = in[6];
	ret_row->fingerprint.id.h[0] = le64toh(h[0]);
	ret_row->fingerprint.id.h[1] = le64toh(h[1]);
	return ret_row->point < n_points && in[4] <= VMP_DEV_OUT && in[5] <= 1 && in[7] == 0;
}
