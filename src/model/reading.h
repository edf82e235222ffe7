/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was read of the host's counters at one moment, before anybody made sense of it. */
#ifndef VMP_MODEL_READING_H
#define VMP_MODEL_READING_H

#include "base/vec.h"
#include "model/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file below /proc that counts something. */
struct vmp_reading_file {
	unsigned int source;            /* which row of the table of sources it is for */
	int ifindex;                    /* of the device it is about, 0: none */
	char device[VMP_IFNAMSIZ];      /* its name */
	char path[128];
	int error;                      /* errno; 0 with text NULL: not read yet */
	char *text;                     /* owned, NUL-terminated; NULL: not known */
	size_t len;
};

/* A queueing discipline, or a class of one (linux/pkt_sched.h). */
struct vmp_queue {
	int ifindex;
	bool is_class;
	char kind[16];
	uint32_t handle, parent;        /* TC_H_ROOT, TC_H_INGRESS, or the handle of a class */
	bool has_packets, has_counts;   /* packets, the others are valid */
	uint64_t packets;               /* that it let through */
	uint64_t drops, overlimits, backlog_bytes, waiting;
};

/* A neighbour table of the kernel: of all network namespaces together (net/core/neighbour.c, neightbl_fill_info()). */
struct vmp_neighbour_table {
	char name[16];                  /* "arp_cache", "ndisc_cache" */
	uint64_t entries, limit;        /* limit: gc_thresh3 */
	uint64_t failed, forced_gc_runs;
	bool has_fulls;
	uint64_t table_fulls;           /* how often there was no room for another neighbour */
};

/* A counter of a driver, as it calls it. */
struct vmp_driver_counter {
	char name[33];
	uint64_t value;
};

/* Of a device on the path what its driver and the interrupt controller tell. */
struct vmp_reading_device {
	int ifindex;
	char name[VMP_IFNAMSIZ];
	bool is_nic;                    /* has hardware, so that interrupts and queues are worth a look */
	char driver[32];                /* "": not known */
	bool has_counters;
	VMP_VEC(struct vmp_driver_counter) counters;
	bool has_rings;
	uint32_t rx_ring, rx_ring_max, tx_ring, tx_ring_max;
	VMP_VEC(unsigned int) irqs;     /* of its own, as far as sysfs tells */
	bool has_rps;                   /* rps is valid */
	unsigned int rx_queues, rps;    /* receive queues, and those of which other processors are to take packets */
};

struct vmp_reading {
	VMP_VEC(struct vmp_reading_file) files;
	VMP_VEC(struct vmp_reading_device) devices;
	bool queues_known;
	VMP_VEC(struct vmp_queue) queues;
	bool tables_known;
	VMP_VEC(struct vmp_neighbour_table) tables;
};

/* Forget what was read; which files and devices are to be read stays. */
void vmp_reading_forget(struct vmp_reading *reading);

/* Free all it owns and zero it. */
void vmp_reading_clear(struct vmp_reading *reading);

#endif
