/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that queueing disciplines and tc filters of the devices on the path dropped. */
#include "finding/rules_gauge.h"

#include <errno.h>
#include <string.h>

typedef unsigned long long ull;

/* What of the kernel's reasons each may stand for (include/net/dropreason-core.h). */
static const char *const queue_reasons[] = {"QDISC_", "FQ_", "CAKE_", NULL};
static const char *const hook_reasons[] = {"TC_INGRESS", "TC_EGRESS", "TC_", NULL};

static const struct kind {
	const char *source, *code;
	const char *const *reasons;
	bool on_the_way_in;     /* also what comes in at the segment's first hop passes it, behind the capture */
	const char *what;       /* "... of eth0 ..." */
} kinds[] = {
	{"qdisc", "qdisc-drops", queue_reasons, false, "the queueing discipline"},
	{"tc.hook", "dropped-by-tc", hook_reasons, true, "a tc filter or program"},
};

/* Packets of this segment pass what counts there after they were seen at its first hop, and before they would be at its second. */
static bool passes(const struct vmp_run *run, const struct vmp_segment *segment, const struct kind *kind, int ifindex)
{
	if (run->path.hops.v[segment->to].ifindex == ifindex)
		return vmp_rules_leaves(run, segment->to, segment->direction);
	return kind->on_the_way_in && run->path.hops.v[segment->from].ifindex == ifindex &&
	       vmp_rules_comes_in(run, segment->from, segment->direction);
}

static void set_remedy(const struct vmp_run *run, struct vmp_finding *finding, const struct kind *kind, const char *device)
{
	if (kind->on_the_way_in)
		vmp_finding_remedy(finding, "tc -s filter show dev %s ingress; tc -s filter show dev %s egress; bpftool net show", device, device);
	else
		vmp_finding_remedy(finding, "tc -s qdisc show dev %s; tc -s class show dev %s; is it a limit of libvirt's? virsh domiftune %s %s",
				   device, device, run->guest.name, vmp_run_nic(run)->target ? vmp_run_nic(run)->target : "INTERFACE");
}

static void show_counters(const struct vmp_run *run, struct vmp_finding *finding, const struct kind *kind, const struct vmp_counter *counter)
{
	static const char *const inner[] = {"class", "qdisc.inner"};
	const struct vmp_counter *most;

	vmp_rules_show(finding, counter);
	if (kind->on_the_way_in)
		return;
	for (size_t i = 0; i < sizeof(inner) / sizeof(*inner); i++)
		if (vmp_rules_grew(run, inner[i], counter->ifindex, NULL, "drops", &most) > 0)
			vmp_rules_show(finding, most);
}

/* Tell it with the loss. Returns false when there is none of this trace that it could have to do with. */
static bool explain_losses(struct vmp_run *run, const struct kind *kind, const struct vmp_counter *counter, const char *device)
{
	uint64_t drops = vmp_counter_grew(counter);
	bool told = false;

	vmp_vec_foreach (segment, &run->segments) {
		struct vmp_finding *finding = passes(run, segment, kind, counter->ifindex) ? vmp_rules_loss_at(run, segment) : NULL;

		if (!finding || !vmp_rules_may_explain(segment, kind->reasons))
			continue;
		told = true;
		if (drops < vmp_rules_lost(segment)) {
			vmp_finding_evidence(finding, "%s of %s dropped %llu packets meanwhile: no more than that of the lost ones are its doing",
					     kind->what, device, (ull)drops);
			continue;
		}
		if (vmp_finding_explain(finding, kind->code, "likely %s of %s drops them (%llu dropped meanwhile)", kind->what, device,
					(ull)drops))
			set_remedy(run, finding, kind, device);
		show_counters(run, finding, kind, counter);
	}
	return told;
}

/* One in a hundred is more than what a discipline drops to keep its queue short, as fq_codel does. */
static bool is_much(const struct vmp_run *run, const struct vmp_counter *counter)
{
	uint64_t packets = vmp_rules_grew(run, counter->source, counter->ifindex, counter->object, "packets", NULL);

	return vmp_counter_grew(counter) * 100 >= packets;
}

static int add_finding(struct vmp_run *run, const struct kind *kind, const struct vmp_counter *counter, const char *device)
{
	bool own = run->path.backend >= 0 && run->path.hops.v[run->path.backend].ifindex == counter->ifindex;
	struct vmp_finding *finding =
		vmp_finding_add(&run->findings, kind->code, own || is_much(run, counter) ? VMP_SEVERITY_WARNING : VMP_SEVERITY_INFO,
				VMP_CONFIDENCE_CERTAIN, "%s of %s dropped %llu packets, none of them provably of this trace", kind->what, device,
				(ull)vmp_counter_grew(counter));

	if (!finding)
		return -ENOMEM;
	show_counters(run, finding, kind, counter);
	set_remedy(run, finding, kind, device);
	return 0;
}

int vmp_rule_queue_disciplines(struct vmp_run *run)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (size_t c = 0; c < run->gauges.counters.n; c++) {
			const struct vmp_counter *counter = &run->gauges.counters.v[c];
			int hop = vmp_path_find(&run->path, counter->ifindex);

			if (strcmp(counter->source, kinds[i].source) != 0 || strcmp(counter->name, "drops") != 0 ||
			    vmp_counter_grew(counter) == 0 || hop < 0)
				continue;
			if (!explain_losses(run, &kinds[i], counter, vmp_run_hop_name(run, hop)) &&
			    add_finding(run, &kinds[i], counter, vmp_run_hop_name(run, hop)) < 0)
				return -ENOMEM;
		}
	return 0;
}
