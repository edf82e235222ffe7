/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cards and processors: what was lost before any capture could see it, or after the last one. */
#include "finding/rules_gauge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static uint64_t grew(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

static uint64_t most_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What a device lost. The kernel's counters and the driver's own count the same frames, so the larger number counts, not the sum. */
struct lost {
	uint64_t ring, wire, drop, transmit;
};

static struct lost look_at_device(const struct vmp_run *run, int ifindex)
{
	const struct vmp_device_gauge *device = vmp_gauges_device(&run->gauges, ifindex);
	struct lost lost = {
		.ring = vmp_rules_grew(run, "ethtool.ring", ifindex, NULL, NULL, NULL),
		.wire = vmp_rules_grew(run, "ethtool.wire", ifindex, NULL, NULL, NULL),
		.drop = vmp_rules_grew(run, "ethtool.drop", ifindex, NULL, NULL, NULL),
	};

	if (!device || !device->before_known || !device->after_known)
		return lost;
	lost.ring = most_of(lost.ring, grew(device->before.rx_missed, device->after.rx_missed));
	lost.ring = most_of(lost.ring, grew(device->before.rx_fifo_errors, device->after.rx_fifo_errors));
	lost.wire = most_of(lost.wire, grew(device->before.rx_crc_errors, device->after.rx_crc_errors));
	lost.transmit = grew(device->before.tx_errors, device->after.tx_errors) + grew(device->before.tx_dropped, device->after.tx_dropped);
	return lost;
}

/* Numbers of the device itself that every system tells (ip -s -s link). */
static void show_device(const struct vmp_run *run, struct vmp_finding *finding, int ifindex)
{
	const struct vmp_device_gauge *device = vmp_gauges_device(&run->gauges, ifindex);
	const struct {
		const char *name;
		uint64_t before, after;
	} counters[] = {
		{"rx_missed_errors", device ? device->before.rx_missed : 0, device ? device->after.rx_missed : 0},
		{"rx_fifo_errors", device ? device->before.rx_fifo_errors : 0, device ? device->after.rx_fifo_errors : 0},
		{"rx_crc_errors", device ? device->before.rx_crc_errors : 0, device ? device->after.rx_crc_errors : 0},
		{"rx_errors", device ? device->before.rx_errors : 0, device ? device->after.rx_errors : 0},
		{"tx_errors", device ? device->before.tx_errors : 0, device ? device->after.tx_errors : 0},
		{"tx_dropped", device ? device->before.tx_dropped : 0, device ? device->after.tx_dropped : 0},
	};

	if (!device || !device->before_known || !device->after_known)
		return;
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
		if (counters[i].after > counters[i].before)
			vmp_finding_evidence(finding, "%s %s rose by %llu, from %llu to %llu", device->name, counters[i].name,
					     (ull)(counters[i].after - counters[i].before), (ull)counters[i].before, (ull)counters[i].after);
}

static void show_driver(const struct vmp_run *run, struct vmp_finding *finding, int ifindex)
{
	static const char *const sources[] = {"ethtool.ring", "ethtool.wire", "ethtool.drop", "ethtool.busy", "ethtool.other"};

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		vmp_rules_show_all(run, finding, sources[i], ifindex);
}

/* The ring's size where it can be larger, else NULL. */
static const struct vmp_counter *small_ring(const struct vmp_run *run, const char *device)
{
	const struct vmp_counter *ring = vmp_gauges_counter(&run->gauges, "ring", device, "rx");

	return ring && ring->has_limit && ring->before_known && ring->before < ring->limit ? ring : NULL;
}

static int add_ring_full(struct vmp_run *run, int hop, const struct lost *lost)
{
	const char *device = vmp_run_hop_name(run, hop);
	const struct vmp_counter *ring = small_ring(run, device);
	struct vmp_finding *finding =
		vmp_finding_add(&run->findings, "nic-ring-full", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
				"%s had no room for %llu frames that came in: its ring is not emptied fast enough, and no capture saw them", device,
				(ull)lost->ring);

	if (!finding)
		return -ENOMEM;
	show_device(run, finding, run->path.hops.v[hop].ifindex);
	show_driver(run, finding, run->path.hops.v[hop].ifindex);
	if (ring)
		vmp_finding_evidence(finding, "its receive ring has %llu places of at most %llu", (ull)ring->before, (ull)ring->limit);
	if (ring)
		vmp_finding_remedy(finding, "ethtool -G %s rx %llu; grep %s /proc/interrupts: is one processor alone with it?", device,
				   (ull)ring->limit, device);
	else
		vmp_finding_remedy(finding, "ethtool -S %s; ethtool -g %s; grep %s /proc/interrupts: is one processor alone with it?", device,
				   device, device);
	return 0;
}

static int add_errors(struct vmp_run *run, int hop, const struct lost *lost)
{
	const char *device = vmp_run_hop_name(run, hop);
	struct vmp_finding *finding = vmp_finding_add(&run->findings, "nic-errors", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
						      "%s got %llu damaged frames from the wire: a cable, a module or the other side's port",
						      device, (ull)lost->wire);

	if (!finding)
		return -ENOMEM;
	show_device(run, finding, run->path.hops.v[hop].ifindex);
	show_driver(run, finding, run->path.hops.v[hop].ifindex);
	vmp_finding_remedy(finding, "ethtool -S %s; ethtool %s; ethtool -m %s; change the cable, look at the switch's port", device, device,
			   device);
	return 0;
}

static int add_drops(struct vmp_run *run, int hop, const struct lost *lost)
{
	const char *device = vmp_run_hop_name(run, hop);
	struct vmp_finding *finding = vmp_finding_add(&run->findings, "nic-drops", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_CERTAIN,
						      "%s threw %llu frames away in its driver or card", device,
						      (ull)most_of(lost->drop, lost->transmit));

	if (!finding)
		return -ENOMEM;
	show_device(run, finding, run->path.hops.v[hop].ifindex);
	show_driver(run, finding, run->path.hops.v[hop].ifindex);
	vmp_finding_remedy(finding, "ethtool -S %s; ip -s -s link show dev %s; dmesg | grep %s", device, device, device);
	return 0;
}

/* Full once, and could be larger: it did not matter in this window, and may in the next. */
static int add_ring_small(struct vmp_run *run, int hop)
{
	const char *device = vmp_run_hop_name(run, hop);
	const struct vmp_counter *ring = small_ring(run, device);
	const struct vmp_device_gauge *gauge = vmp_gauges_device(&run->gauges, run->path.hops.v[hop].ifindex);
	struct vmp_finding *finding;

	if (!ring || !gauge || !gauge->before_known || gauge->before.rx_missed == 0)
		return 0;
	finding = vmp_finding_add(&run->findings, "nic-ring-small", VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
				  "the receive ring of %s was too small at some time, not in this window", device);
	if (!finding)
		return -ENOMEM;
	vmp_finding_evidence(finding, "%llu frames found no room since it came up (rx_missed_errors); its ring has %llu places of at most %llu",
			     (ull)gauge->before.rx_missed, (ull)ring->before, (ull)ring->limit);
	vmp_finding_remedy(finding, "ethtool -G %s rx %llu", device, (ull)ring->limit);
	return 0;
}

/*
 * What the guest or its peer misses beyond this host may have been lost here, before the first capture or after the last. Which packets
 * these were nobody knows.
 */
static void tell_beyond(struct vmp_run *run, const char *device, uint64_t incoming, uint64_t outgoing)
{
	vmp_vec_foreach (finding, &run->findings) {
		if (strcmp(finding->code, "nothing-arrives") == 0 && incoming > 0)
			vmp_finding_evidence(finding, "%s itself lost %llu frames that came in, before any capture: they may be among them", device,
					     (ull)incoming);
		if (strcmp(finding->code, "lost-beyond-host") == 0 && outgoing > 0)
			vmp_finding_evidence(finding, "%s itself lost %llu frames that were to leave, after the last capture: they may be among them",
					     device, (ull)outgoing);
	}
}

int vmp_rule_nics(struct vmp_run *run)
{
	for (size_t i = 0; i < run->path.hops.n; i++) {
		const struct vmp_hop *hop = &run->path.hops.v[i];
		struct lost lost;

		if (hop->ifindex == 0 || hop->is_file ||
		    (hop->role != VMP_ROLE_UPLINK && hop->role != VMP_ROLE_TRANSIT && hop->role != VMP_ROLE_ROUTED))
			continue;
		lost = look_at_device(run, hop->ifindex);
		tell_beyond(run, vmp_run_hop_name(run, (int)i), lost.ring + lost.wire, lost.transmit);
		if ((lost.ring > 0 && add_ring_full(run, (int)i, &lost) < 0) || (lost.wire > 0 && add_errors(run, (int)i, &lost) < 0) ||
		    (lost.drop + lost.transmit > 0 && add_drops(run, (int)i, &lost) < 0) ||
		    (lost.ring == 0 && add_ring_small(run, (int)i) < 0))
			return -ENOMEM;
	}
	return 0;
}

/* ---- processors ------------------------------------------------------------------------------------------------------ */

static const char *const backlog_reasons[] = {"CPU_BACKLOG", NULL};

static uint64_t dropped_on_receiving(const struct vmp_run *run, int ifindex)
{
	const struct vmp_device_gauge *device = vmp_gauges_device(&run->gauges, ifindex);

	return device && device->before_known && device->after_known ? grew(device->before.rx_dropped, device->after.rx_dropped) : 0;
}

/*
 * A packet that finds the backlog of its processor full is counted there and at its device (kernel, net/core/dev.c, enqueue_to_backlog());
 * real cards' packets pass a backlog only with RPS. It is dropped before the capture at that device.
 */
static bool explain_by_backlog(struct vmp_run *run, uint64_t dropped)
{
	bool told = false;

	vmp_vec_foreach (segment, &run->segments) {
		struct vmp_finding *finding = vmp_rules_comes_in(run, segment->to, segment->direction) ? vmp_rules_loss_at(run, segment) : NULL;
		uint64_t at_device = finding ? dropped_on_receiving(run, run->path.hops.v[segment->to].ifindex) : 0;

		if (!finding || at_device < vmp_rules_lost(segment) || dropped < vmp_rules_lost(segment) ||
		    !vmp_rules_may_explain(segment, backlog_reasons))
			continue;
		told = true;
		if (vmp_finding_explain(finding, "softnet-drops", "likely the backlog of a processor was full when they came to %s",
					vmp_run_hop_name(run, segment->to)))
			vmp_finding_remedy(finding, "cat /proc/net/softnet_stat; sysctl net.core.netdev_max_backlog; is a processor busy? "
					   "mpstat -P ALL 1");
		vmp_rules_show_all(run, finding, "softnet", 0);
	}
	return told;
}

/* A device of the path that dropped on receiving meanwhile, -1: none. */
static int receiver_that_dropped(const struct vmp_run *run)
{
	for (size_t i = 0; i < run->path.hops.n; i++)
		if (run->path.hops.v[i].ifindex > 0 && run->path.hops.v[i].role != VMP_ROLE_PEER &&
		    run->path.hops.v[i].role != VMP_ROLE_BACKEND &&
		    dropped_on_receiving(run, run->path.hops.v[i].ifindex) > 0)
			return (int)i;
	return -1;
}

static int add_softnet_drops(struct vmp_run *run, uint64_t dropped)
{
	int hop = receiver_that_dropped(run);
	struct vmp_finding *finding;

	finding = vmp_finding_add(&run->findings, "softnet-drops", hop >= 0 ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO,
				  hop >= 0 ? VMP_CONFIDENCE_LIKELY : VMP_CONFIDENCE_CERTAIN,
				  "processors of this host dropped %llu packets at their full backlog, before any capture saw them%s%s", (ull)dropped,
				  hop >= 0 ? "; likely some that came to " : "; no device of this path counts any of them",
				  hop >= 0 ? vmp_run_hop_name(run, hop) : "");
	if (!finding)
		return -ENOMEM;
	vmp_rules_show_all(run, finding, "softnet", 0);
	if (hop >= 0)
		vmp_finding_evidence(finding, "%s dropped %llu packets on receiving (rx_dropped)", vmp_run_hop_name(run, hop),
				     (ull)dropped_on_receiving(run, run->path.hops.v[hop].ifindex));
	vmp_finding_remedy(finding, "cat /proc/net/softnet_stat (second column); longer: sysctl -w net.core.netdev_max_backlog=10000; "
			   "mpstat -P ALL 1");
	return 0;
}

/* In every second ten rounds that were cut short: a few are normal under load. */
static bool is_squeezed(const struct vmp_run *run, uint64_t squeezes)
{
	return squeezes >= 10 && squeezes * 1000000000ULL >= 10 * run->lasted_ns;
}

static int add_squeezes(struct vmp_run *run, uint64_t squeezes)
{
	struct vmp_finding *finding =
		vmp_finding_add(&run->findings, "softnet-squeezed", VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
				"processors of this host did not get through what cards had for them, %llu times: packets wait longer",
				(ull)squeezes);

	if (!finding)
		return -ENOMEM;
	vmp_rules_show_all(run, finding, "softnet", 0);
	vmp_finding_remedy(finding, "cat /proc/net/softnet_stat (third column); sysctl net.core.netdev_budget net.core.netdev_budget_usecs; "
			   "mpstat -P ALL 1");
	return 0;
}

int vmp_rule_softnet(struct vmp_run *run)
{
	uint64_t dropped = vmp_rules_grew(run, "softnet", 0, NULL, "dropped", NULL);
	uint64_t squeezes = vmp_rules_grew(run, "softnet", 0, NULL, "time_squeeze", NULL);

	if (dropped > 0 && !explain_by_backlog(run, dropped) && add_softnet_drops(run, dropped) < 0)
		return -ENOMEM;
	return is_squeezed(run, squeezes) ? add_squeezes(run, squeezes) : 0;
}

/* ---- one processor for all ------------------------------------------------------------------------------------------- */

enum { FEWEST_INTERRUPTS = 100 };

/* The "cpu3" of "eth0 cpu3". */
static const char *processor_of(const struct vmp_counter *counter)
{
	const char *blank = strrchr(counter->object, ' ');

	return blank ? blank + 1 : counter->object;
}

static bool is_overloaded(const struct vmp_run *run, const char *processor)
{
	return vmp_rules_grew(run, "softnet", 0, processor, "dropped", NULL) > 0 ||
	       is_squeezed(run, vmp_rules_grew(run, "softnet", 0, processor, "time_squeeze", NULL));
}

/*
 * That one processor takes all interrupts is how a card with one queue works. It matters when that processor does not get through its
 * work, others are there, and nothing (RPS) spreads it.
 */
static int look_at_interrupts(struct vmp_run *run, int hop)
{
	const char *device = vmp_run_hop_name(run, hop);
	const struct vmp_counter *most = NULL;
	uint64_t all = vmp_rules_grew(run, "interrupts", run->path.hops.v[hop].ifindex, NULL, "count", &most), rps = 0, queues = 0;
	struct vmp_finding *finding;
	size_t processors = 0;

	vmp_vec_foreach (counter, &run->gauges.counters)
		processors += strcmp(counter->source, "interrupts") == 0 && counter->ifindex == run->path.hops.v[hop].ifindex;
	if (!most || processors < 2 || all < FEWEST_INTERRUPTS || vmp_counter_grew(most) * 10 < all * 9 ||
	    !vmp_rules_level(run, "queues", device, "rps", &rps) || rps > 0 || !is_overloaded(run, processor_of(most)))
		return 0;
	finding = vmp_finding_add(&run->findings, "interrupts-on-one-cpu", VMP_SEVERITY_WARNING, VMP_CONFIDENCE_LIKELY,
				  "%s takes nearly all interrupts of %s and does not get through its work, while RPS is off", processor_of(most),
				  device);
	if (!finding)
		return -ENOMEM;
	vmp_finding_evidence(finding, "%llu of %llu interrupts of %s went to %s, one of %zu processors", (ull)vmp_counter_grew(most), (ull)all,
			     device, processor_of(most), processors);
	if (vmp_rules_level(run, "queues", device, "rx", &queues))
		vmp_finding_evidence(finding, "%s has %llu receive queues; RPS is on for none of them", device, (ull)queues);
	vmp_rules_show_all(run, finding, "softnet", 0);
	vmp_finding_remedy(finding, "grep %s /proc/interrupts; ethtool -l %s; spread them with irqbalance or smp_affinity, or: echo MASK "
			   ">/sys/class/net/%s/queues/rx-0/rps_cpus", device, device, device);
	return 0;
}

int vmp_rule_interrupts(struct vmp_run *run)
{
	for (size_t i = 0; i < run->path.hops.n; i++)
		if (run->path.hops.v[i].ifindex > 0 && run->path.hops.v[i].kind == VMP_HOP_NIC && look_at_interrupts(run, (int)i) < 0)
			return -ENOMEM;
	return 0;
}
