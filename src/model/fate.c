/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/fate.h"

#include <stdlib.h>

void vmp_segments_clear(vmp_segments *segments)
{
	vmp_vec_foreach (segment, segments)
		vmp_vec_free(&segment->causes);
	vmp_vec_free(segments);
}
