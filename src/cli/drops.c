/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of the packets that it drops, brought together with those that the matcher misses. */
#include "cli/trace.h"

#include "base/str.h"
#include "cause/cause.h"
#include "packet/packet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The guest's addresses, as they look on this host's path. */
static int collect_addresses(const struct vmp_trace *trace, struct vmp_ip **ret_ips, size_t *ret_n)
{
	const struct vmp_nic *nic = vmp_run_nic(&trace->run);
	struct vmp_ip *ips = calloc(nic->addresses.n + trace->known.n + 1, sizeof(*ips));
	size_t n = 0;

	if (!ips)
		return -ENOMEM;
	if (trace->run.has_address)
		ips[n++] = trace->run.address;
	vmp_vec_foreach (address, &nic->addresses)
		ips[n++] = address->ip;
	vmp_vec_foreach (known, &trace->known) {
		bool there = false;

		for (size_t i = 0; i < n; i++)
			there = there || vmp_ip_equal(&ips[i], &known->outside);
		if (!there)
			ips[n++] = known->outside;
	}
	*ret_ips = ips;
	*ret_n = n;
	return 0;
}

int vmp_trace_ask_drops(struct vmp_trace *trace, struct vmp_err *err)
{
	struct vmp_run *run = &trace->run;
	struct vmp_drop_conf conf = {.macs = &run->path.guest_mac, .n_macs = run->path.has_guest_mac};
	struct vmp_err why = {0};
	struct vmp_ip *ips;

	if (collect_addresses(trace, &ips, &conf.n_ips) < 0)
		return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	conf.ips = ips;
	if (vmp_drop_watch_begin(&conf, &trace->drop_watch, &why) == 0) {
		run->drops.known = true;
		snprintf(run->drops.source, sizeof(run->drops.source), "%s", vmp_drop_watch_source(trace->drop_watch));
	} else if (vmp_str_set(&run->drops.why_not, why.message) < 0) {
		why.code = ENOMEM;
	}
	free(ips);
	return why.code == ENOMEM ? vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory") : 0;
}

/* A port of the guest's bridge that is not on its path has its own copies of what is flooded. */
static enum vmp_drop_place place_of(const struct vmp_trace *trace, int ifindex)
{
	const struct vmp_path *path = &trace->run.path;
	const struct vmp_link *link = vmp_host_link(&trace->host, ifindex);
	int hop = vmp_path_find(path, ifindex);
	enum vmp_role role = hop >= 0 ? path->hops.v[hop].role : VMP_ROLE_NETWORK;

	if (hop >= 0 && role == VMP_ROLE_SWITCH)
		return VMP_DROP_BRIDGE;
	if (hop >= 0 && role == VMP_ROLE_PEER)
		return VMP_DROP_OTHER_PORT;
	if (hop >= 0)
		return VMP_DROP_ON_PATH;
	if (link && link->master && path->switch_hop >= 0 && link->master == path->hops.v[path->switch_hop].ifindex)
		return VMP_DROP_OTHER_PORT;
	return VMP_DROP_BESIDE;
}

/* The bridge's own device gets a copy of all that passes. */
static bool bridge_hears_all(const struct vmp_trace *trace)
{
	const struct vmp_path *path = &trace->run.path;
	const struct vmp_link *link = path->switch_hop >= 0 ? vmp_host_link(&trace->host, path->hops.v[path->switch_hop].ifindex) : NULL;

	return trace->run.promisc || (link && link->promisc);
}

struct taking {
	struct vmp_trace *trace;
	const struct vmp_digest_key *key;
};

static void take_drop(void *context, const struct vmp_drop *drop)
{
	const struct taking *taking = context;
	struct vmp_trace *trace = taking->trace;
	struct vmp_drops *drops = &trace->run.drops;
	struct vmp_frame frame = {.ts_ns = drop->ts_ns, .devdir = VMP_DEV_UNKNOWN, .wire_len = drop->wire_len, .cap_len = drop->cap_len,
				  .data = drop->data};
	enum vmp_drop_place place = place_of(trace, drop->ifindex);
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;
	unsigned int number;

	number = vmp_drops_kind(drops, drop, place, vmp_match_is_copy(drop, place, bridge_hears_all(trace)));
	if (!number) {
		drops->missed++;
		return;
	}
	if (drop->ts_ns >= trace->run.started_ns && drop->ts_ns <= trace->run.ended_ns)
		drops->kinds.v[number - 1].packets++;
	vmp_packet_decode(&frame, &packet);
	vmp_match_translate_dropped(trace->match, &packet);
	vmp_packet_fingerprint(taking->key, &frame, &packet, &fingerprint);
	vmp_match_dropped(trace->match, &frame, &packet, &fingerprint, &drops->kinds.v[number - 1], number);
}

void vmp_trace_take_drops(struct vmp_trace *trace, const struct vmp_digest_key *key)
{
	struct taking taking = {trace, key};

	if (trace->drop_watch)
		vmp_drop_watch_read(trace->drop_watch, take_drop, &taking);
}

void vmp_trace_end_drops(struct vmp_trace *trace)
{
	if (!trace->drop_watch)
		return;
	trace->run.drops.missed += vmp_drop_watch_missed(trace->drop_watch);
	vmp_drop_watch_end(trace->drop_watch);
	trace->drop_watch = NULL;
}
