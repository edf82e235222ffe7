/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding/doctor.h"

#include <stdlib.h>

enum need {
	NEED_TRACE,             /* there is no trace without */
	NEED_ANSWERS,           /* a trace says less without */
	NEED_SPARE,             /* stands in for BPF programs where these are refused */
	NEED_NOTHING,           /* told, and never missing */
};

static const struct row {
	const char *name, *title;
	enum need need;
	const char *cost, *remedy;
} rows[VMP_SIGHTS] = {
	[VMP_SIGHT_PACKET_SOCKETS] = {
		"packet-sockets", "packets can be captured", NEED_TRACE,
		"no trace: nothing can be captured. vmpath path, list, analyze and explain work without",
		"run vmpath as root, or give it CAP_NET_RAW"},
	[VMP_SIGHT_NETLINK] = {
		"netlink", "the kernel tells its devices, bridges and routes", NEED_TRACE,
		"no trace and no path: how the guest is connected is not known",
		"run vmpath in the host's network namespace, outside of a sandbox"},
	[VMP_SIGHT_CAPABILITIES] = {
		"capabilities", "root's capabilities", NEED_ANSWERS,
		"what is not among them cannot be asked: connections that the kernel tracks, rules of the packet filter and their "
		"counters, --promisc (CAP_NET_ADMIN); reasons of drops (CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN)",
		"run vmpath as root; it gives all up before it reads a packet"},
	[VMP_SIGHT_LIBVIRT] = {
		"libvirt", "libvirt answers, read-only", NEED_ANSWERS,
		"guests are not known by name: each has to be given as --domain-xml FILE, and who owns other ports is not told",
		"systemctl status libvirtd virtqemud; be root or of the group libvirt; name the connection with -c URI"},
	[VMP_SIGHT_KERNEL] = {
		"kernel", "the kernel gives a reason for each drop (5.17)", NEED_ANSWERS,
		"of a dropped packet the function that dropped it is told, and not the reason", "a kernel of 5.17 or later"},
	[VMP_SIGHT_BTF] = {
		"btf", "the kernel describes its types (BTF)", NEED_ANSWERS,
		"no BPF program can be fitted to this kernel, so that reasons of drops are not known",
		"a kernel with CONFIG_DEBUG_INFO_BTF=y"},
	[VMP_SIGHT_BPF] = {
		"bpf", "BPF programs may watch drops (tp_btf/kfree_skb)", NEED_ANSWERS,
		"the place of a loss is told; its reason only as far as settings and counters show it",
		"run as root; look for lockdown (cat /sys/kernel/security/lockdown) and for a build without libbpf"},
	[VMP_SIGHT_TRACEPOINT] = {
		"tracepoint", "tracefs has the event skb:kfree_skb", NEED_SPARE,
		"nothing in tracefs can stand in where BPF programs are refused", "mount -t tracefs tracefs /sys/kernel/tracing"},
	[VMP_SIGHT_DROP_MONITOR] = {
		"drop-monitor", "the kernel's drop monitor", NEED_SPARE,
		"the drop monitor cannot stand in where BPF programs are refused", "modprobe drop_monitor"},
	[VMP_SIGHT_NFTABLES] = {
		"nftables", "rules of the packet filter can be read", NEED_ANSWERS,
		"which rule drops a packet, and counters of rules, are not told",
		"build with libnftables (Debian: libnftables-dev), run as root"},
	[VMP_SIGHT_BRIDGE_NETFILTER] = {
		"bridge-netfilter", "bridged frames pass the packet filter for routing", NEED_NOTHING, NULL, NULL},
	[VMP_SIGHT_CONNTRACK] = {
		"conntrack", "the table of connections can be asked", NEED_ANSWERS,
		"connections of routed guests that were there before the trace are learned from packets alone", "run as root"},
	[VMP_SIGHT_ETHTOOL] = {
		"ethtool", "counters of network cards", NEED_ANSWERS,
		"what a network card drops before the kernel sees it is not told",
		"run vmpath outside of a sandbox that filters ioctl()"},
	[VMP_SIGHT_SECCOMP] = {
		"seccomp", "a system-call filter around the parsing of packets", NEED_ANSWERS,
		"no answer is lost: packets are parsed without privileges, but without the second wall",
		"build with libseccomp, on a kernel with CONFIG_SECCOMP_FILTER=y"},
	[VMP_SIGHT_SPACE] = {
		"space", "room for evidence in /var/tmp", NEED_ANSWERS,
		"trace -w /var/tmp refuses to begin", "make room, or name another folder with -w"},
	[VMP_SIGHT_CONFIG] = {"kernel-config", "how the kernel was built", NEED_NOTHING, NULL, NULL},
};

static enum vmp_ability_state judge(const struct vmp_checkup *checkup, enum vmp_sight sight)
{
	enum vmp_tristate there = checkup->probes[sight].there;
	enum need need = rows[sight].need;

	if (need == NEED_NOTHING)
		return VMP_ABILITY_NOTE;
	if (there == VMP_YES)
		return VMP_ABILITY_THERE;
	/* Nobody has to stand in for what works. */
	if (need == NEED_SPARE && checkup->probes[VMP_SIGHT_BPF].there == VMP_YES)
		return VMP_ABILITY_NOTE;
	return there == VMP_NO ? VMP_ABILITY_MISSING : VMP_ABILITY_UNSURE;
}

static int compare(const void *a, const void *b)
{
	const struct vmp_ability *x = a, *y = b;

	if (x->state != y->state)
		return (int)x->state - (int)y->state;
	if (x->vital != y->vital)
		return x->vital ? -1 : 1;
	return (int)x->sight - (int)y->sight;
}

void vmp_doctor_judge(struct vmp_checkup *checkup)
{
	checkup->missing = 0;
	checkup->can_trace = true;
	for (int i = 0; i < VMP_SIGHTS; i++) {
		enum vmp_ability_state state = judge(checkup, (enum vmp_sight)i);
		bool costs = state == VMP_ABILITY_MISSING || state == VMP_ABILITY_UNSURE, vital = rows[i].need == NEED_TRACE;

		checkup->abilities[i] = (struct vmp_ability){
			.sight = (enum vmp_sight)i, .name = rows[i].name, .title = rows[i].title, .state = state, .vital = vital,
			.detail = checkup->probes[i].detail, .cost = costs ? rows[i].cost : NULL, .remedy = costs ? rows[i].remedy : NULL};
		checkup->missing += costs;
		if (vital && state == VMP_ABILITY_MISSING)
			checkup->can_trace = false;
	}
	qsort(checkup->abilities, VMP_SIGHTS, sizeof(*checkup->abilities), compare);
}

int vmp_doctor_exit_status(const struct vmp_checkup *checkup)
{
	return !checkup->can_trace ? 3 : checkup->missing > 0 ? 1 : 0;
}
