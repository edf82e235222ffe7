/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queueing disciplines and classes of the devices on the path. A discipline at a device's root counts in `drops` what any of its classes
 * and inner disciplines dropped (kernel, net/sched: each enqueue() adds what its child refused, qdisc_tree_reduce_backlog() what a child
 * dropped later), so that it alone is the device's number, and the others say where. Of ingress and clsact `drops` is what a tc program or
 * filter told them to drop (net/core/dev.c, sch_handle_ingress() and sch_handle_egress()).
 */
#include "gauge/source.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <stdio.h>
#include <string.h>

static const char *device_name(const struct vmp_reading *reading, int ifindex)
{
	vmp_vec_foreach (device, &reading->devices)
		if (device->ifindex == ifindex)
			return device->name;
	return NULL;
}

static const char *source_of(const struct vmp_queue *queue)
{
	if (queue->is_class)
		return "class";
	if (queue->parent == TC_H_INGRESS)
		return "tc.hook";
	return queue->parent == TC_H_ROOT ? "qdisc" : "qdisc.inner";
}

static int put_queue(const struct vmp_gauge_look *look, const struct vmp_queue *queue, const char *device)
{
	const char *source = source_of(queue);
	char object[96];
	const struct {
		const char *name;
		enum vmp_counter_kind kind;
		uint64_t value;
		bool known;
	} counters[] = {
		{"packets", VMP_COUNTER_MOVES, queue->packets, queue->has_packets && queue->parent == TC_H_ROOT},
		{"drops", VMP_COUNTER_MOVES, queue->drops, true},
		{"overlimits", VMP_COUNTER_MOVES, queue->overlimits, true},
		{"backlog", VMP_COUNTER_FILLS, queue->backlog_bytes, true},
	};

	if (queue->is_class || queue->handle & 0xffffU)
		snprintf(object, sizeof(object), "%s %s %x:%x", device, queue->kind, queue->handle >> 16, queue->handle & 0xffffU);
	else
		snprintf(object, sizeof(object), "%s %s %x:", device, queue->kind, queue->handle >> 16);
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
		if (counters[i].known && vmp_gauge_put(look, source, object, counters[i].name, counters[i].kind, queue->ifindex,
						       counters[i].value, NULL) < 0)
			return -ENOMEM;
	return 0;
}

int vmp_gauge_queues(const struct vmp_gauge_look *look)
{
	vmp_vec_foreach (queue, &look->reading->queues) {
		const char *device = device_name(look->reading, queue->ifindex);

		if (device && strcmp(queue->kind, "noqueue") != 0 && put_queue(look, queue, device) < 0)
			return -ENOMEM;
	}
	return 0;
}
