/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that a guest is on this host, as the kernel sees it: which of its threads ran, and which waited for a CPU. Read from /proc and
 * not asked of libvirt, which reads the same files, but asks QEMU other things along with them, and waits for a QEMU that does not answer.
 */
#ifndef VMP_DOMAIN_PROCESS_H
#define VMP_DOMAIN_PROCESS_H

#include "base/err.h"
#include "model/gauge.h"
#include "model/guest.h"

#include <stdbool.h>
#include <sys/types.h>

struct vmp_process;

enum vmp_thread_kind {
	VMP_THREAD_OTHER,
	VMP_THREAD_VCPU,
	VMP_THREAD_MAIN,        /* QEMU's main loop: takes packets from the tap where vhost does not */
	VMP_THREAD_VHOST,       /* takes them where it does */
};

/*
 * Find the QEMU of a guest by the UUID in its command line, and its threads. guest: borrowed.
 * Errors: ENOENT (no such process is to be seen: another hypervisor, another pid namespace, /proc mounted with hidepid),
 * EEXIST (several). Caller frees *ret_process with vmp_process_free().
 */
int vmp_process_find(const struct vmp_guest *guest, struct vmp_process **ret_process, struct vmp_err *err);

/*
 * Read the threads into gauges.counters. source "vcpu" (object "vcpu 0") or "qemu" (object "main loop", "vhost"), names "run_ns", "delay_ns"
 * (runnable, and waiting for a CPU), "throttled_ns" (by CPU quotas of cgroups, at most), and the levels "stopped" and "runnable" (0 or 1); source
 * "qemu" without object: "elapsed_ns", and the level "pid". after: the second reading. What cannot be read is not known, and that is all.
 * Needs no privilege. Returns 0 or -ENOMEM.
 */
int vmp_process_read(const struct vmp_process *process, bool after, struct vmp_gauges *gauges);

/* Does vhost take the packets of this guest, as far as its threads tell? */
bool vmp_process_has_vhost(const struct vmp_process *process);

/* Free; NULL is allowed. */
void vmp_process_free(struct vmp_process *process);

/* ---- the texts of /proc, pure ------------------------------------------------------------------------------------- */

/* True for the command line (len bytes, words end with NUL) of a QEMU with this UUID. */
bool vmp_process_is_qemu(const char *cmdline, size_t len, const char *uuid);

/* What a thread called comm does. QEMU: "CPU 0/KVM", "CPU 12/TCG"; vhost: "vhost-PID". ret_number: of a vCPU. */
enum vmp_thread_kind vmp_process_thread_kind(const char *comm, pid_t pid, pid_t tid, unsigned int *ret_number);

/* "RUN DELAY SLICES" of schedstat, in ns. False when it is not so, or all zero: the kernel does not count. */
bool vmp_process_parse_schedstat(const char *text, uint64_t *ret_run_ns, uint64_t *ret_delay_ns);

/* The letter of the state in stat: 'R', 'S', 'T', ...; 0 when it is not there. The name before it may have anything in it. */
char vmp_process_parse_state(const char *text);

/*
 * The path in the cgroup that holds CPU time, of the text of /proc/PID/cgroup. ret_v2: of the unified hierarchy. Copies into path (size
 * bytes); false when there is none, or it does not fit or leads elsewhere.
 */
bool vmp_process_parse_cgroup(const char *text, char *path, size_t size, bool *ret_v2);

/* The time that a cgroup was throttled, of the text of its cpu.stat, in ns. False when it is not told. */
bool vmp_process_parse_throttled(const char *text, uint64_t *ret_ns);

#endif
