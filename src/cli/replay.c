/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/replay.h"

#include "finding/finding.h"
#include "match/last_hop.h"
#include "packet/packet.h"

#include <errno.h>
#include <stdlib.h>

uint64_t vmp_replay_first_step(const struct vmp_run *run)
{
	return run->started_ns - run->started_ns % VMP_REPLAY_STEP_NS;
}

uint64_t vmp_replay_next_step(const struct vmp_match *match, uint64_t judged_ns, uint64_t limit_ns)
{
	uint64_t due_ns = vmp_match_due_ns(match), next_ns = judged_ns + VMP_REPLAY_STEP_NS;

	if (due_ns < limit_ns - limit_ns % VMP_REPLAY_STEP_NS)
		limit_ns = due_ns + VMP_REPLAY_STEP_NS - 1;
	limit_ns -= limit_ns % VMP_REPLAY_STEP_NS;
	return limit_ns > next_ns ? limit_ns : next_ns;
}

int vmp_replay_match(const struct vmp_run *run, const struct vmp_hash_key *key, bool fates, struct vmp_match **ret_match,
		     struct vmp_err *err)
{
	struct vmp_match_conf conf = {
		.start_ns = run->started_ns, .settle_ns = run->settle_ns, .key = *key, .has_address = run->has_address,
		.address = run->address, .slow_ns = run->has_slow ? run->slow_ns : 0, .no_fates = !fates,
	};
	int *hops = calloc(run->points.n + 1, sizeof(*hops)), code;

	if (!hops)
		return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	for (size_t i = 0; i < run->points.n; i++)
		hops[i] = run->points.v[i].hop;
	code = vmp_match_new(&run->path, vmp_run_nic(run), hops, run->points.n, &conf, ret_match, err);
	free(hops);
	if (code == 0)
		vmp_match_close_window(*ret_match, run->ended_ns);
	return code;
}

bool vmp_replay_decode(const struct vmp_hop *hop, const struct vmp_frame *frame, struct vmp_packet *ret_packet)
{
	if (hop->has_tunnel)
		return vmp_packet_decode_vxlan(frame, hop->tunnel.port, ret_packet);
	vmp_packet_decode(frame, ret_packet);
	return true;
}

void vmp_replay_tell(struct vmp_match *match, const struct vmp_blind *blind)
{
	if (blind->counted)
		vmp_match_drops(match, blind->point, blind->devdir, blind->frames, blind->from_ns, blind->to_ns);
	else
		vmp_match_gap(match, blind->point, blind->from_ns, blind->to_ns, blind->why);
}

int vmp_replay_conclude(struct vmp_match *match, struct vmp_run *run, struct vmp_err *err)
{
	if (vmp_match_report(match, run) < 0 || vmp_match_last_hop(run) < 0)
		return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	/* A peer is shown when it has a part in the story. */
	for (size_t i = 0; i < run->path.hops.n; i++)
		if (run->seen.v[i].to_guest.packets + run->seen.v[i].from_guest.packets + run->seen.v[i].astray > 0)
			run->path.hops.v[i].shown = true;
	return vmp_finding_judge(run) < 0 ? vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory") : 0;
}
