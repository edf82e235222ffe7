/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/point.h"

#include <stdlib.h>

void vmp_points_clear(vmp_points *points)
{
	vmp_vec_foreach (point, points) {
		free(point->filter);
		free(point->inner_filter);
		free(point->why_not);
	}
	vmp_vec_free(points);
}
