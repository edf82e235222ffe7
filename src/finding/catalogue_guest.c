/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Codes of the guest's side of the last hop: why it does not take packets, or does not answer them. */
#include "finding/catalogue.h"

#define CAUSE VMP_CODE_CAUSE

const struct vmp_code vmp_codes_guest[] = {
	{.code = "qemu-stopped", .kinds = CAUSE,
	 .title = "the guest's QEMU process is stopped",
	 .means = "A signal (SIGSTOP) or a debugger holds the process, so nothing of the guest runs, and nobody takes packets from its queue. "
		  "libvirt does not know it and calls the guest running.",
	 .present = "QEMU's main thread or a virtual processor in state T in /proc at both ends of the window.",
	 .absent = "Nothing: the kernel says so.",
	 .next = "Find who stopped it: ps -o pid,ppid,stat,wchan -p PID; a debugger or a tool that makes dumps? Then: kill -CONT PID.",
	 .is_not = "Not a paused guest: virsh resume does not help.",
	 .words = "virsh hangs; guest frozen but running; monitor does not respond; cannot acquire state change lock"},
	{.code = "vcpu-starved", .kinds = CAUSE,
	 .title = "the guest's processors waited for a CPU of this host",
	 .means = "The guest's virtual processors, or the thread that takes packets from its tap (QEMU's main loop, vhost), were ready to run "
		  "and did not get a CPU. Meanwhile the tap's queue fills and drops. The report names a CPU quota that held them back.",
	 .present = "Packets that were not taken or were dropped at the full queue, and half of the processors, or the thread that takes packets, "
		    "waiting for a quarter of the time and more (run delay in /proc, vcpu.N.delay of virsh domstats).",
	 .absent = "A guest that ran a fifth of the time and took nothing at all: that has another reason. Less waiting is told, not blamed.",
	 .next = "virsh domstats --vcpu GUEST; who takes the CPUs (top -H, mpstat -P ALL 1)? Give the host fewer guests, pin processors "
		 "(virsh vcpupin), raise quotas (virsh schedinfo). Bursts are helped by a longer queue: ip link set dev DEVICE txqueuelen 10000.",
	 .is_not = "No fault of the network or of the guest's driver.",
	 .words = "steal time; high steal; TX dropped on tap; overcommit; cpu throttled; noisy neighbour"},
	{.code = NULL},
};
