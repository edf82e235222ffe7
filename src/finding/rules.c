/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several rules ask of a run. */
#include "finding/rules.h"

#include <errno.h>
#include <string.h>

const struct vmp_exchange *vmp_rules_exchange(const struct vmp_run *run, enum vmp_exchange_kind kind,
					      enum vmp_direction direction)
{
	vmp_vec_foreach (exchange, &run->exchanges)
		if (exchange->kind == kind && exchange->direction == direction)
			return exchange;
	return NULL;
}

const struct vmp_path_fact *vmp_rules_xdp(const struct vmp_run *run, int hop)
{
	vmp_vec_foreach (fact, &run->path.facts)
		if (fact->hop == hop && strcmp(fact->code, "xdp-attached") == 0)
			return fact;
	return NULL;
}

/* No link has a limit below what every host must take (RFC 791, 3.1): ARP that passes and IP that does not says nothing of sizes. */
bool vmp_rules_only_large(const struct vmp_segment *segment)
{
	enum { SMALLEST_LIMIT_BYTES = 576 };

	return segment->delivered > 0 && segment->longest_delivered > 0 && segment->shortest_lost > segment->longest_delivered &&
	       segment->shortest_lost > SMALLEST_LIMIT_BYTES;
}

int vmp_rules_hop(const struct vmp_run *run, enum vmp_role role)
{
	for (size_t i = 0; i < run->path.hops.n; i++)
		if (run->path.hops.v[i].role == role)
			return (int)i;
	return -1;
}

struct vmp_finding *vmp_rules_loss_at(struct vmp_run *run, const struct vmp_segment *segment)
{
	vmp_vec_foreach (finding, &run->findings)
		if (finding->has_place && finding->packets && finding->direction == segment->direction && finding->from == segment->from &&
		    finding->to == segment->to && finding->severity == VMP_SEVERITY_CRITICAL)
			return finding;
	return NULL;
}

static struct vmp_finding *find(struct vmp_run *run, const char *code)
{
	vmp_vec_foreach (finding, &run->findings)
		if (strcmp(finding->code, code) == 0)
			return finding;
	return NULL;
}

struct vmp_finding *vmp_rules_untaken(struct vmp_run *run)
{
	struct vmp_finding *finding = find(run, "not-taken-by-guest");

	return finding ? finding : find(run, "queue-drops");
}

struct vmp_finding *vmp_rules_silence(struct vmp_run *run)
{
	return find(run, "guest-silent");
}

const struct vmp_segment *vmp_rules_last_hop(const struct vmp_run *run)
{
	int guest = vmp_rules_hop(run, VMP_ROLE_GUEST);

	vmp_vec_foreach (segment, &run->segments)
		if (segment->direction == VMP_TO_GUEST && segment->to == guest && guest >= 0)
			return segment;
	return NULL;
}

int vmp_rules_edge(const struct vmp_run *run)
{
	int best = -1;

	for (size_t i = 0; i < run->path.hops.n && i < run->seen.n; i++) {
		const struct vmp_hop *hop = &run->path.hops.v[i];

		if (!run->seen.v[i].has_point || hop->inactive)
			continue;
		if (hop->role != VMP_ROLE_UPLINK && hop->role != VMP_ROLE_TRANSIT &&
		    !(hop->role == VMP_ROLE_SWITCH && run->path.mode == VMP_PATH_ROUTED))
			continue;
		if (best < 0 || hop->rank < run->path.hops.v[best].rank)
			best = (int)i;
	}
	return best;
}

uint64_t vmp_rules_unseen(const struct vmp_run *run, int hop, enum vmp_direction direction)
{
	const struct vmp_hop_seen *seen = hop >= 0 && (size_t)hop < run->seen.n ? &run->seen.v[hop] : NULL;
	const struct vmp_point *point = seen && seen->has_point && seen->point < run->points.n ? &run->points.v[seen->point] : NULL;
	enum vmp_devdir toward = hop >= 0 ? run->path.hops.v[hop].to_guest : VMP_DEV_UNKNOWN;

	if (!point)
		return 0;
	if (run->path.hops.v[hop].role == VMP_ROLE_SWITCH)
		toward = VMP_DEV_OUT;
	if (toward == VMP_DEV_UNKNOWN || point->dropped_in + point->dropped_out < point->dropped)
		return point->dropped;
	return (direction == VMP_TO_GUEST) == (toward == VMP_DEV_IN) ? point->dropped_in : point->dropped_out;
}

int vmp_rule_capture_lost(struct vmp_run *run)
{
	vmp_vec_foreach (point, &run->points) {
		struct vmp_finding *finding;

		if (point->dropped == 0)
			continue;
		finding = vmp_finding_add(&run->findings, "capture-lost-frames", VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN,
					  "the capture at %s lost %llu of %llu frames: what is missing there may have passed unseen", point->name,
					  (unsigned long long)point->dropped, (unsigned long long)point->received);
		if (!finding)
			return -ENOMEM;
		vmp_finding_evidence(finding, "that is no loss of packets; so many packets, and answers of the guest, are not told from lost ones");
		vmp_finding_remedy(finding, "give the captures a larger buffer (--buffer), or narrow the trace: ADDRESS, -f FILTER");
	}
	return 0;
}

bool vmp_rules_tool_asks(const struct vmp_exchange *exchange)
{
	return exchange->kind == VMP_EXCHANGE_ARP || exchange->kind == VMP_EXCHANGE_ND;
}

const char *vmp_rules_questions(enum vmp_exchange_kind kind)
{
	static const char *const words[VMP_EXCHANGE_KINDS] = {
		[VMP_EXCHANGE_ARP] = "ARP requests",
		[VMP_EXCHANGE_ND] = "neighbour solicitations",
		[VMP_EXCHANGE_ICMP_ECHO] = "ICMP echo requests",
		[VMP_EXCHANGE_TCP_HANDSHAKE] = "TCP connection attempts",
	};

	return words[kind];
}
