/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/reading.h"

#include <stdlib.h>
#include <string.h>

void vmp_reading_forget(struct vmp_reading *reading)
{
	vmp_vec_foreach (file, &reading->files) {
		free(file->text);
		file->text = NULL;
		file->len = 0;
		file->error = 0;
	}
	vmp_vec_foreach (device, &reading->devices) {
		vmp_vec_free(&device->counters);
		vmp_vec_free(&device->irqs);
		device->has_counters = device->has_rings = device->has_rps = false;
	}
	vmp_vec_free(&reading->queues);
	vmp_vec_free(&reading->tables);
	reading->queues_known = reading->tables_known = false;
}

void vmp_reading_clear(struct vmp_reading *reading)
{
	vmp_reading_forget(reading);
	vmp_vec_free(&reading->files);
	vmp_vec_free(&reading->devices);
	memset(reading, 0, sizeof(*reading));
}
