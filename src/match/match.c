/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same packet at every hop.
 *
 * A sighting that is expected at a next hop is "open" until a sighting with the same fingerprint comes there, the oldest
 * first: the k-th occurrence at one hop is the k-th at the next, for hops keep the order of equal packets. What is still
 * open after the settle time is lost only if every point it could have shown up at was watching all the time, if it had to
 * show up there, and if its bytes are not known there in another shape; else it is unsure.
 */
#include "match/match.h"
#include "base/zero.h"
#include "match/cut.h"
#include "match/match_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_PENDING = 1 << 19,
	REMEMBERED = 1 << 16,   /* lost packets that may still turn up late */
	PROTO_TCP = 6,
};

#define DEFAULT_SETTLE_NS 1000000000ULL

static bool is_routed(const struct vmp_path *path)
{
	vmp_vec_foreach (hop, &path->hops)
		if (hop->routed && hop->observed == VMP_OBSERVED_YES)
			return true;
	return false;
}

/* Addresses that a guest merely claims by sending with them are not among these: they may be somebody else's. */
static void note_own(struct vmp_match *match)
{
	vmp_vec_foreach (address, &match->nic->addresses) {
		bool hosts = false;

		vmp_vec_foreach (own, &match->path->own)
			hosts = hosts || vmp_ip_equal(&own->ip, &address->ip);
		if (!hosts && match->n_own < VMP_MATCH_ADDRESSES)
			match->own[match->n_own++] = address->ip;
	}
}

static bool path_has_fact(const struct vmp_path *path, const char *code)
{
	vmp_vec_foreach (fact, &path->facts)
		if (strcmp(fact->code, code) == 0)
			return true;
	return false;
}

static void note_parallels(struct vmp_match *match)
{
	const struct vmp_path *path = match->path;

	for (size_t i = 0; i < path->hops.n; i++) {
		const struct vmp_hop *hop = &path->hops.v[i];

		match->has_inactive = match->has_inactive || hop->inactive;
		match->has_copies = match->has_copies ||
				    (hop->role == VMP_ROLE_SWITCH && hop->observed == VMP_OBSERVED_YES && path->mode != VMP_PATH_ROUTED);
		/* These take frames in anew: GRO may make one of several. Of other kinds nothing is known. */
		match->may_merge = match->may_merge ||
				   ((hop->ifindex > 0 || hop->is_file) && hop->role != VMP_ROLE_PEER && hop->role != VMP_ROLE_UPLINK &&
				    (hop->kind == VMP_HOP_VXLAN || hop->kind == VMP_HOP_VETH || hop->kind == VMP_HOP_OTHER));
		for (size_t k = 0; k < i; k++)
			match->has_parallel = match->has_parallel ||
					      (hop->role == path->hops.v[k].role && hop->rank == path->hops.v[k].rank &&
					       (hop->role == VMP_ROLE_UPLINK || hop->role == VMP_ROLE_TRANSIT));
	}
}

int vmp_match_new(const struct vmp_path *path, const struct vmp_nic *nic, const int *point_hops, size_t n_points,
		  const struct vmp_match_conf *conf, struct vmp_match **ret_match, struct vmp_err *err)
{
	struct vmp_match *match = calloc(1, sizeof(*match));

	if (!match)
		return vmp_err_set(err, ENOMEM, "match", NULL, "no memory to match packets");
	match->path = path;
	match->nic = nic;
	match->conf = *conf;
	if (!match->conf.settle_ns)
		match->conf.settle_ns = DEFAULT_SETTLE_NS;
	if (!match->conf.max_pending)
		match->conf.max_pending = DEFAULT_PENDING;
	match->end_ns = UINT64_MAX;
	match->n_points = n_points;
	match->next_packet_id = 1;
	match->point_hops = calloc(n_points ? n_points : 1, sizeof(*match->point_hops));
	match->watches = calloc(n_points ? n_points : 1, sizeof(*match->watches));
	match->seen = calloc(path->hops.n ? path->hops.n : 1, sizeof(*match->seen));
	match->homes = vmp_homes_new(path, &conf->key);
	match->pool = vmp_pool_new(match->conf.max_pending, !conf->no_fates);
	match->lost = vmp_pool_new(REMEMBERED, false);
	match->exchanges = vmp_exchange_new(&conf->key);
	match->signs = vmp_sign_table_new(path->hops.n);
	match->translate = is_routed(path) ? vmp_translate_new(path, &conf->key) : NULL;
	match->datagrams = vmp_datagrams_new();
	match->recent = calloc(VMP_MATCH_RECENT, sizeof(*match->recent));
	if (!match->recent || !match->point_hops || !match->watches || !match->seen || !match->homes || !match->pool || !match->lost ||
	    !match->exchanges || !match->signs || !match->datagrams || (is_routed(path) && !match->translate)) {
		vmp_match_free(match);
		return vmp_err_set(err, ENOMEM, "match", NULL, "no memory to match packets");
	}
	if (n_points)
		memcpy(match->point_hops, point_hops, n_points * sizeof(*point_hops));
	for (size_t i = 0; i < n_points; i++) {
		const struct vmp_hop *hop = &path->hops.v[point_hops[i]];

		if (hop->observed == VMP_OBSERVED_NO)
			continue; /* its point could not be opened */
		match->seen[point_hops[i]].has_point = true;
		match->seen[point_hops[i]].point = i;
		match->has_edge = match->has_edge || hop->role != VMP_ROLE_BACKEND;
		match->has_uplink = match->has_uplink || hop->role == VMP_ROLE_UPLINK;
	}
	vmp_vec_foreach (address, &nic->addresses)
		vmp_match_learn_address(match, &address->ip, false);
	match->observations.address_is_guests = conf->has_address && vmp_nic_has_address(nic, &conf->address);
	note_parallels(match);
	note_own(match);
	match->ports_unobserved = path_has_fact(path, "other-ports-not-observed");
	match->switch_answers = path_has_fact(path, "neigh-suppress");
	*ret_match = match;
	return 0;
}

void vmp_match_free(struct vmp_match *match)
{
	if (!match)
		return;
	vmp_vec_foreach (stretch, &match->stretches) {
		vmp_vec_free(&(*stretch)->causes);
		free(*stretch);
	}
	vmp_vec_free(&match->stretches);
	vmp_homes_free(match->homes);
	vmp_pool_free(match->pool);
	vmp_pool_free(match->lost);
	vmp_exchange_free(match->exchanges);
	vmp_sign_table_free(match->signs);
	vmp_datagrams_free(match->datagrams);
	vmp_translate_free(match->translate);
	vmp_drop_table_free(match->drops);
	free(match->recent);
	free(match->point_hops);
	free(match->watches);
	free(match->seen);
	free(match);
}

bool vmp_match_in_window(const struct vmp_match *match, uint64_t ts_ns)
{
	return ts_ns >= match->conf.start_ns && ts_ns <= match->end_ns;
}

bool vmp_match_is_since_before(const struct vmp_match *match, const struct vmp_sight *open)
{
	return open->ts_ns >= match->conf.start_ns && open->since_ns < match->conf.start_ns;
}

bool vmp_match_is_done(const struct vmp_sight *sight)
{
	return !sight->on && (sight->fate != VMP_FATE_NONE || sight->expect == VMP_EXPECT_NOWHERE || sight->next_hop < 0);
}

static uint64_t addresses_hash(struct vmp_match *match, const struct vmp_packet *packet)
{
	const struct vmp_ip *src = &packet->src, *dst = &packet->dst;
	size_t at = src->family == 4 ? src->b[3] ^ dst->b[3] ^ src->b[2] : src->b[15] ^ dst->b[15] ^ src->b[14];
	struct vmp_pair *pair = &match->pairs[at % VMP_MATCH_PAIRS];

	if (memcmp(&pair->src, src, sizeof(*src)) != 0 || memcmp(&pair->dst, dst, sizeof(*dst)) != 0) {
		pair->src = *src;
		pair->dst = *dst;
		pair->hash = vmp_hash_half(&match->conf.key, pair, 2 * sizeof(*src));
	}
	return pair->hash;
}

static enum vmp_cut cut_of(const struct vmp_packet *packet)
{
	if (packet->flags & VMP_PKT_FRAGMENT)
		return VMP_CUT_FRAGMENT;
	if (packet->flags & VMP_PKT_TCP)
		return packet->payload_len > 0 ? VMP_CUT_TCP : VMP_CUT_NOT;
	return packet->flags & VMP_PKT_UDP ? VMP_CUT_UDP : VMP_CUT_WHOLE;
}

/* What tells pieces from other packets; vmp_cut_flow() says which of them may be of one packet. */
static void note_cut(struct vmp_match *match, const struct vmp_packet *packet, struct vmp_sight *sight)
{
	uint32_t header = packet->l4_offset > packet->l3_offset ? packet->l4_offset - packet->l3_offset : 0;

	sight->is_ip4 = packet->flags & VMP_PKT_IP4;
	sight->is_tcp = (packet->flags & VMP_PKT_TCP) && (packet->flags & VMP_PKT_L4);
	sight->cut = (uint8_t)cut_of(packet);
	sight->payload_len = packet->payload_len;
	sight->data_len = packet->ip_len > header ? packet->ip_len - header : 0;
	sight->ip_id = sight->is_ip4 ? packet->ip_id : packet->ip6_id;
	sight->dont_fragment = packet->dont_fragment;
	sight->more_fragments = packet->more_fragments;
	if (packet->flags & (VMP_PKT_TCP | VMP_PKT_UDP))
		sight->ports = (uint32_t)packet->sport << 16 | packet->dport;
	if (sight->cut == VMP_CUT_FRAGMENT) {
		sight->is_tcp = false;
		sight->is_tcp_fragment = packet->proto == PROTO_TCP;
		sight->first_byte = packet->fragment_offset;
		sight->payload_len = sight->data_len;
	} else if (sight->is_tcp) {
		sight->first_byte = packet->tcp_seq + ((packet->tcp_flags & VMP_TCP_SYN) != 0);
		sight->has_timestamp = packet->flags & VMP_PKT_TCP_TS;
		sight->try_key = packet->tcp_ack ^ (sight->has_timestamp ? packet->tcp_tsval * 0x9e3779b1U : 0);
	}
	sight->flow = vmp_cut_flow(addresses_hash(match, packet), sight, packet->proto);
}

/* The pool's part of it is not set. */
static void make_sight(struct vmp_match *match, const struct vmp_frame *frame, const struct vmp_packet *packet,
		       const struct vmp_fingerprint *fingerprint, int hop, const struct vmp_class *class, struct vmp_sight *sight)
{
	vmp_zero(sight, offsetof(struct vmp_sight, link));
	sight->ts_ns = sight->since_ns = frame->ts_ns;
	sight->id = fingerprint->id;
	sight->wire_len = frame->wire_len;
	sight->ip_len = packet->ip_len ? packet->ip_len : frame->wire_len;
	sight->hop = (int16_t)hop;
	sight->expect = (int16_t)class->expect;
	sight->next_hop = (int16_t)class->next;
	sight->tag = class->tag;
	sight->gateway = -1;
	sight->direction = (uint8_t)class->direction;
	sight->owed = class->owed;
	sight->unobserved = class->unobserved;
	sight->group = class->group;
	sight->wrong_tag = class->wrong_tag;
	/* Of a packet that comes in fragments it is not known whether all did. */
	sight->usable = fingerprint->usable && !((packet->flags & VMP_PKT_OUTER_FRAGMENT) && class->direction == VMP_TO_GUEST);
	sight->relevant = class->sort != VMP_SORT_STRAY || class->reflected;
	sight->elsewhere = class->sort == VMP_SORT_ELSEWHERE;
	sight->cause = match->next_cause;
	match->next_cause = 0;
	sight->at = vmp_match_place_of(match, sight);
	if (packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6))
		note_cut(match, packet, sight);
}

/* What can no longer be met in time makes way for what can. */
static void expire(struct vmp_match *match, uint64_t now_ns)
{
	for (;; match->n_expired++) {
		uint32_t slot = vmp_pool_nth(match->pool, match->n_expired);
		const struct vmp_sight *sight;

		if (slot == VMP_POOL_NONE)
			return;
		if (slot == VMP_POOL_DONE)
			continue;
		sight = vmp_pool_at(match->pool, slot);
		if (sight->ts_ns + match->conf.settle_ns >= now_ns)
			return;
		if (sight->on & (1U << VMP_CHAIN_OPEN)) {
			if (sight->doubt_ns)
				vmp_match_pass_doubt(match, slot, sight->doubt_ns);
			vmp_pool_unchain(match->pool, VMP_CHAIN_OPEN, slot);
			vmp_pool_chain(match->pool, VMP_CHAIN_LATE, slot);
		}
	}
}

/* Nothing around this time is certain at any point. */
static int note_full(struct vmp_match *match, const struct vmp_sight *sight)
{
	match->observations.table_full++;
	for (size_t i = 0; i < match->n_points; i++)
		vmp_match_gap(match, i, sight->ts_ns, sight->ts_ns, VMP_UNSURE_IDENTITY);
	return -ENOBUFS;
}

static int keep(struct vmp_match *match, const struct vmp_sight *sight, bool open, bool spare)
{
	bool copied = (sight->group || match->has_parallel || match->has_copies) && sight->usable && sight->relevant;
	uint32_t slot;

	if (!open && !spare && !copied && vmp_match_is_done(sight))
		return match->conf.no_fates || vmp_pool_pass(match->pool, sight) ? 0 : note_full(match, sight);
	slot = vmp_pool_push(match->pool, sight);
	if (slot == VMP_POOL_NONE)
		return note_full(match, sight);
	if (open && sight->usable)
		vmp_pool_chain(match->pool, VMP_CHAIN_OPEN, slot);
	if (open && (sight->cut == VMP_CUT_TCP || (sight->cut == VMP_CUT_UDP && vmp_cut_lacks_ids(sight))))
		vmp_pool_chain(match->pool, VMP_CHAIN_DATA, slot);
	if (spare)
		vmp_pool_chain(match->pool, VMP_CHAIN_SPARE, slot);
	if (spare && sight->flow && !sight->elsewhere)
		vmp_pool_chain(match->pool, VMP_CHAIN_FLOW, slot);
	if (copied)
		vmp_pool_chain(match->pool, VMP_CHAIN_SEEN, slot);
	return 0;
}

bool vmp_match_translate(struct vmp_match *match, const struct vmp_frame *frame, struct vmp_packet *packet)
{
	return !match->translate || vmp_translate_frame(match->translate, match->point_hops[frame->point], frame, match->own, match->n_own,
							packet);
}

void vmp_match_know(struct vmp_match *match, const struct vmp_translation *list, size_t n)
{
	if (match->translate)
		vmp_translate_know(match->translate, list, n);
}

void vmp_match_begin_with(struct vmp_match *match, const struct vmp_translation *list, size_t n)
{
	if (match->translate)
		vmp_translate_begin(match->translate, list, n);
}

int vmp_match_learned(const struct vmp_match *match, struct vmp_run *run)
{
	return match->translate ? vmp_translate_report(match->translate, run) : 0;
}

bool vmp_match_is_overwhelmed(const struct vmp_match *match)
{
	return match->translate && vmp_translate_is_full(match->translate);
}

/* From the guest to this host's router: whose is it there, and what does it wait for? */
static void note_crossing(struct vmp_match *match, const struct vmp_packet *packet, struct vmp_sight *sight)
{
	bool told;

	sight->connection = (uint16_t)vmp_translate_connection(match->translate, sight->ts_ns, packet, &told);
	sight->gateway = (int16_t)vmp_translate_next_hop(match->translate, packet);
	sight->crosses = true;
	if (!told && sight->owed) {
		sight->owed = false;
		sight->unobserved = true;
	}
}

int vmp_match_add(struct vmp_match *match, const struct vmp_frame *frame, const struct vmp_packet *packet,
		  const struct vmp_fingerprint *fingerprint)
{
	struct vmp_class_context context = {
		.path = match->path,
		.homes = match->homes,
		.addresses = match->addresses,
		.proven = match->proven,
		.n_addresses = match->n_addresses,
		.perhaps = match->conf.has_address && !match->observations.address_is_peers ? &match->conf.address : NULL,
		.ports_unobserved = match->ports_unobserved,
		.switch_answers = match->switch_answers,
		.now_ns = frame->ts_ns,
	};
	int hop = match->point_hops[frame->point];
	struct vmp_class class = vmp_classify(&context, hop, frame->devdir, packet);
	struct vmp_sight sight;
	bool spare, open;

	__builtin_prefetch(vmp_match_recent_of(match, hop, class.direction, &fingerprint->id), 1);
	make_sight(match, frame, packet, fingerprint, hop, &class, &sight);
	match->last_ns = frame->ts_ns;
	expire(match, frame->ts_ns);
	vmp_match_observe(match, hop, frame->devdir, frame->ts_ns, &class, packet);
	vmp_match_count_seen(match, &sight, class.sort);
	spare = vmp_match_join(match, &sight, class.sort);
	if (spare && !sight.elsewhere)
		vmp_match_observe_spare(match, &sight, packet);
	if (class.sort == VMP_SORT_ON_PATH && sight.usable)
		vmp_match_count_duplicate(match, &sight, spare);
	open = class.sort == VMP_SORT_ON_PATH && class.expect != VMP_EXPECT_NOWHERE;
	if (class.sort == VMP_SORT_ON_PATH && sight.cut == VMP_CUT_FRAGMENT)
		vmp_datagrams_see(match->datagrams, &sight);
	if (open && match->translate && class.direction == VMP_FROM_GUEST && match->path->hops.v[hop].role == VMP_ROLE_SWITCH)
		note_crossing(match, packet, &sight);
	if (open && match->translate && class.direction == VMP_TO_GUEST && match->path->hops.v[hop].routed)
		sight.gateway = (int16_t)vmp_translate_next_hop(match->translate, packet);
	if (open) {
		sight.place = vmp_match_place_expected(match, &class, hop);
		sight.home = class.direction == VMP_FROM_GUEST && !class.group ? vmp_homes_number(match->homes, &packet->dst_mac) : 0;
	}
	if (open && sight.usable && vmp_match_meets_spare(match, &sight))
		open = false;
	if (open) {
		if (sight.cut == VMP_CUT_TCP)
			vmp_cut_tcp_contest(match, &sight);
		if (sight.cut == VMP_CUT_UDP && vmp_cut_lacks_ids(&sight))
			vmp_cut_udp_contest(match, &sight);
		vmp_match_inherit_doubt(match, &sight);
		vmp_match_find_twin(match, &sight);
	}
	if (!sight.packet_id)
		sight.packet_id = match->next_packet_id++;
	if (class.sort == VMP_SORT_ON_PATH)
		vmp_match_see_exchange(match, &sight, packet);
	return keep(match, &sight, open, spare);
}

void vmp_match_dropped(struct vmp_match *match, const struct vmp_frame *frame, const struct vmp_packet *packet,
		       const struct vmp_fingerprint *fingerprint, const struct vmp_drop_kind *kind, unsigned int number)
{
	struct vmp_sight what = {.ts_ns = frame->ts_ns, .id = fingerprint->id, .usable = fingerprint->usable};

	if (!match->drops)
		match->drops = vmp_drop_table_new(match->path);
	if (!match->drops)
		return;
	what.ip_len = packet->ip_len ? packet->ip_len : frame->wire_len;
	if (packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6))
		note_cut(match, packet, &what);
	vmp_drop_table_add(match->drops, &what, kind, number);
}

void vmp_match_translate_dropped(struct vmp_match *match, struct vmp_packet *packet)
{
	if (match->translate)
		vmp_translate_look(match->translate, packet);
}

void vmp_match_explain(struct vmp_match *match, unsigned int number)
{
	match->next_cause = (uint8_t)number;
}

void vmp_match_close_window(struct vmp_match *match, uint64_t end_ns)
{
	match->end_ns = end_ns;
}

const struct vmp_hop_seen *vmp_match_seen(const struct vmp_match *match)
{
	return match->seen;
}
