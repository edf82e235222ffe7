/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source of the accounting: drivers/net/tun.c (tun_net_xmit, tun_do_read), drivers/net/tap.c (tap_handle_frame). */
#include "match/last_hop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static int find_guest_hop(const struct vmp_run *run)
{
	for (size_t i = 0; i < run->path.hops.n; i++)
		if (run->path.hops.v[i].role == VMP_ROLE_GUEST)
			return (int)i;
	return -1;
}

static bool guest_answered(const struct vmp_run *run)
{
	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->direction == VMP_TO_GUEST && exchange->answered > 0)
			return true;
	return false;
}

static int add_cause(struct vmp_segment *segment, const char *reason, const char *symbol, const char *device, uint64_t packets)
{
	struct vmp_cause *cause = vmp_vec_add(&segment->causes);

	if (!cause)
		return -ENOMEM;
	snprintf(cause->reason, sizeof(cause->reason), "%s", reason);
	snprintf(cause->symbol, sizeof(cause->symbol), "%s", symbol);
	snprintf(cause->device, sizeof(cause->device), "%s", device);
	cause->packets = packets;
	return 0;
}

/*
 * What the kernel told of drops in the device's own transmit function, after the capture saw the packet: "FULL_RING", or that a filter of
 * QEMU's did not let it through. Where it told nothing, the counter that moved is what it is known by.
 */
static int add_told(const struct vmp_run *run, const char *symbol, const char *device, uint64_t dropped, struct vmp_segment *segment)
{
	uint64_t left = least(dropped, segment->lost);
	int ifindex = run->path.hops.v[run->path.backend].ifindex;

	for (size_t i = 0; i < run->drops.kinds.n && left > 0; i++) {
		const struct vmp_drop_kind *kind = &run->drops.kinds.v[i];
		uint64_t packets = least(kind->packets, left);

		if (kind->ifindex != ifindex || packets == 0 || strcmp(kind->symbol, symbol) != 0)
			continue;
		if (add_cause(segment, kind->reason, kind->symbol, device, packets) < 0)
			return -ENOMEM;
		left -= packets;
	}
	return left > 0 ? add_cause(segment, "FULL_RING", symbol, device, left) : 0;
}

/* Tap and vif: what was not taken is known, but for the whole device. */
static void account_taken(const struct vmp_backend_gauge *gauge, uint64_t settle_ns, struct vmp_segment *segment)
{
	uint64_t waiting = minus(gauge->waiting, gauge->slack);
	bool stuck = gauge->waited_ns >= settle_ns;
	uint64_t missing = gauge->dropped + (stuck ? waiting : 0);
	uint64_t others = minus(gauge->given, segment->offered);
	uint64_t most = least(missing, segment->offered);
	/* Two lower bounds: what is missing and cannot all be other traffic; what cannot be among those taken. */
	uint64_t missed = least(minus(missing, others), segment->offered);
	uint64_t untaken = minus(least(segment->offered, gauge->given), gauge->taken + gauge->slack + (stuck ? 0 : gauge->waiting));
	/* More seen than given: the readings contradict each other, and say nothing of the difference. */
	uint64_t uncounted = minus(segment->offered, gauge->given);

	segment->lost = missed > untaken ? missed : untaken;
	segment->unsure = least(segment->offered - segment->lost, minus(most, segment->lost) + (stuck ? 0 : waiting) + uncounted);
	segment->unsure_why[VMP_UNSURE_ACCOUNTING] = segment->unsure;
}

/* macvtap: only its drops are counted; that a frame was taken shows in the guest's answers alone. */
static void account_drops(const struct vmp_run *run, const struct vmp_backend_gauge *gauge, struct vmp_segment *segment)
{
	uint64_t others = minus(gauge->given, segment->offered);
	uint64_t most = least(gauge->dropped, segment->offered);

	segment->lost = least(minus(gauge->dropped, others), segment->offered);
	segment->unsure = guest_answered(run) ? most - segment->lost : segment->offered - segment->lost;
	segment->unsure_why[VMP_UNSURE_ACCOUNTING] = segment->unsure;
}

int vmp_match_last_hop(struct vmp_run *run)
{
	const struct vmp_backend_gauge *gauge = &run->gauges.backend;
	int backend = run->path.backend, guest = find_guest_hop(run);
	struct vmp_segment *segment;
	const char *device;

	if (backend < 0 || guest < 0 || (size_t)backend >= run->seen.n)
		return 0;
	segment = vmp_vec_add(&run->segments);
	if (!segment)
		return -ENOMEM;
	device = run->path.hops.v[backend].name;
	segment->direction = VMP_TO_GUEST;
	segment->from = backend;
	segment->to = guest;
	segment->offered = run->seen.v[backend].to_guest.packets;
	if (vmp_run_nic(run)->link_up == VMP_NO) {
		/* QEMU, net/net.c: a NIC whose link is down takes frames from the backend and throws them away. */
		segment->lost = segment->offered;
		if (segment->lost && add_cause(segment, "LINK_DOWN", "qemu_send_packet", device, segment->lost) < 0)
			return -ENOMEM;
	} else if (!gauge->known) {
		segment->unsure = segment->unsure_why[VMP_UNSURE_ACCOUNTING] = segment->offered;
	} else if (gauge->counts_taken) {
		account_taken(gauge, run->settle_ns, segment);
		if (add_told(run, "tun_net_xmit", device, gauge->dropped, segment) < 0)
			return -ENOMEM;
	} else {
		account_drops(run, gauge, segment);
		if (add_told(run, "tap_handle_frame", device, segment->lost, segment) < 0)
			return -ENOMEM;
	}
	segment->delivered = segment->offered - segment->lost - segment->unsure;
	return 0;
}
