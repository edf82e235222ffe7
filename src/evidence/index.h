/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames.idx: for each packet block of trace.pcapng, in order, what the block cannot say: the point, the direction as the device
 * saw it, and the fingerprint, which was made of more bytes than are kept. Internal to this folder.
 */
#ifndef VMP_EVIDENCE_INDEX_H
#define VMP_EVIDENCE_INDEX_H

#include "model/direction.h"
#include "model/fingerprint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMP_INDEX_NAME "frames.idx"

enum { VMP_INDEX_HEAD_BYTES = 16, VMP_INDEX_ROW_BYTES = 24 };

struct vmp_index_row {
	uint32_t point;
	enum vmp_devdir devdir;
	struct vmp_fingerprint fingerprint;
	uint8_t cause;              /* when it was lost: number of the kind of drop (struct vmp_drops) it died of, 0: not known */
};

/* Write the head of the file: a magic word, the version, the size of a row; little-endian, as all of it. */
void vmp_index_put_head(uint8_t out[VMP_INDEX_HEAD_BYTES]);

/* Is this the head of a file that this version reads? */
bool vmp_index_is_head(const uint8_t in[VMP_INDEX_HEAD_BYTES]);

/* Write a row. */
void vmp_index_put(const struct vmp_index_row *row, uint8_t out[VMP_INDEX_ROW_BYTES]);

/* Read a row. False when it names no point below n_points or no direction. */
bool vmp_index_get(const uint8_t in[VMP_INDEX_ROW_BYTES], size_t n_points, struct vmp_index_row *ret_row);

#endif
