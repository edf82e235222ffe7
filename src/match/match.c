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

#include "match/classify.h"
#include "match/exchange.h"
#include "match/latency.h"
#include "match/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_PENDING = 1 << 19,
	GAPS = 64,              /* gaps remembered of one point; more become one long gap */
	FLOW_STEPS = 4096,      /* spare sightings of one flow looked through for one packet */
	REMEMBERED = 1 << 16,   /* lost packets that may still turn up late */
	ADDRESSES = 16,
};

#define DEFAULT_SETTLE_NS 1000000000ULL
#define GAP_MERGE_NS  200000000ULL

struct gap {
	uint64_t from_ns, to_ns;
	enum vmp_unsure why;
};

struct watch {
	struct gap gaps[GAPS];
	size_t n;
};

struct stretch {
	struct vmp_segment segment;
	struct vmp_latencies latencies;
};

struct vmp_match {
	const struct vmp_path *path;
	const struct vmp_nic *nic;
	int *point_hops;
	size_t n_points;
	struct watch *watches;          /* by point */
	struct vmp_match_conf conf;
	uint64_t end_ns;                /* of the window; UINT64_MAX while it is open */
	struct vmp_homes *homes;
	struct vmp_pool *pool;
	struct vmp_pool *lost;          /* declared lost, may turn up late */
	struct vmp_exchange_table *exchanges;
	struct vmp_hop_seen *seen;      /* by hop */
	VMP_VEC(struct stretch *) stretches;
	struct vmp_ip addresses[ADDRESSES]; /* the guest's own, as far as known */
	bool proven[ADDRESSES];         /* it answers for this one by ARP or ND */
	size_t n_addresses;
	uint64_t next_packet_id;
	uint64_t settled_ns;            /* decided up to here */
	size_t n_settled;               /* of the pool's oldest, decided and not fetched */
	struct vmp_observations observations;
	bool ports_unobserved;
	bool has_edge;                  /* another point than the backend's is watched */
	bool has_uplink;                /* ... an uplink: then no transit device is the edge */
};

static void learn_address(struct vmp_match *match, const struct vmp_ip *ip, bool proven)
{
	static const struct vmp_ip none;
	size_t i = 0;

	if (!ip->family || vmp_ip_is_group(ip) || memcmp(ip->b, none.b, sizeof(none.b)) == 0)
		return;
	while (i < match->n_addresses && !vmp_ip_equal(&match->addresses[i], ip))
		i++;
	if (i == ADDRESSES)
		return;
	if (i == match->n_addresses) {
		match->addresses[match->n_addresses++] = *ip;
		match->proven[i] = false;
	}
	match->proven[i] = match->proven[i] || proven;
}

static bool path_has_fact(const struct vmp_path *path, const char *code)
{
	vmp_vec_foreach (fact, &path->facts)
		if (strcmp(fact->code, code) == 0)
			return true;
	return false;
}

static struct stretch *stretch_get(struct vmp_match *match, enum vmp_direction direction, int from, int to)
{
	struct stretch **slot, *stretch;

	vmp_vec_foreach (known, &match->stretches)
		if ((*known)->segment.direction == direction && (*known)->segment.from == from && (*known)->segment.to == to)
			return *known;
	stretch = calloc(1, sizeof(*stretch));
	slot = stretch ? vmp_vec_add(&match->stretches) : NULL;
	if (!slot) {
		free(stretch);
		return NULL;
	}
	stretch->segment.direction = direction;
	stretch->segment.from = from;
	stretch->segment.to = to;
	*slot = stretch;
	return stretch;
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
	match->pool = vmp_pool_new(match->conf.max_pending);
	match->lost = vmp_pool_new(REMEMBERED);
	match->exchanges = vmp_exchange_new(&conf->key);
	if (!match->point_hops || !match->watches || !match->seen || !match->homes || !match->pool || !match->lost ||
	    !match->exchanges) {
		vmp_match_free(match);
		return vmp_err_set(err, ENOMEM, "match", NULL, "no memory to match packets");
	}
	if (n_points)
		memcpy(match->point_hops, point_hops, n_points * sizeof(*point_hops));
	for (size_t i = 0; i < n_points; i++) {
		const struct vmp_hop *hop = &path->hops.v[point_hops[i]];

		match->seen[point_hops[i]].has_point = true;
		match->seen[point_hops[i]].point = i;
		match->has_edge = match->has_edge || hop->role != VMP_ROLE_BACKEND;
		match->has_uplink = match->has_uplink || hop->role == VMP_ROLE_UPLINK;
	}
	vmp_vec_foreach (address, &nic->addresses)
		learn_address(match, &address->ip, false);
	match->observations.address_is_guests = conf->has_address && vmp_nic_has_address(nic, &conf->address);
	match->ports_unobserved = path_has_fact(path, "other-ports-not-observed");
	*ret_match = match;
	return 0;
}

void vmp_match_free(struct vmp_match *match)
{
	if (!match)
		return;
	vmp_vec_foreach (stretch, &match->stretches)
		free(*stretch);
	vmp_vec_free(&match->stretches);
	vmp_homes_free(match->homes);
	vmp_pool_free(match->pool);
	vmp_pool_free(match->lost);
	vmp_exchange_free(match->exchanges);
	free(match->point_hops);
	free(match->watches);
	free(match->seen);
	free(match);
}

static bool in_window(const struct vmp_match *match, uint64_t ts_ns)
{
	return ts_ns >= match->conf.start_ns && ts_ns <= match->end_ns;
}

/* ---- seeing ------------------------------------------------------------------------------------------------------ */

/* Addresses of a flow in both orders and its ports, so that each direction hashes alike; used with the direction. */
static uint64_t flow_hash(const struct vmp_match *match, const struct vmp_packet *packet)
{
	struct {
		struct vmp_ip src, dst;
		uint16_t sport, dport;
		uint8_t proto, pad[3];
	} flow;

	memset(&flow, 0, sizeof(flow));
	flow.src = packet->src;
	flow.dst = packet->dst;
	flow.proto = packet->proto;
	if ((packet->flags & VMP_PKT_TCP) && !(packet->flags & VMP_PKT_FRAGMENT)) {
		flow.sport = packet->sport;
		flow.dport = packet->dport;
	}
	return vmp_hash(&match->conf.key, &flow, sizeof(flow)).h[1];
}

static struct vmp_sight make_sight(const struct vmp_match *match, const struct vmp_frame *frame,
				   const struct vmp_packet *packet, const struct vmp_fingerprint *fingerprint, int hop,
				   const struct vmp_class *class)
{
	struct vmp_sight sight = {
		.ts_ns = frame->ts_ns,
		.id = fingerprint->id,
		.wire_len = frame->wire_len,
		.ip_len = packet->ip_len ? packet->ip_len : frame->wire_len,
		.hop = (int16_t)hop,
		.expect = (int16_t)class->expect,
		.next_hop = (int16_t)class->next,
		.tag = class->tag,
		.rank = (uint8_t)match->path->hops.v[hop].rank,
		.direction = (uint8_t)class->direction,
		.owed = class->owed,
		.unobserved = class->unobserved,
		.group = class->group,
		.wrong_tag = class->wrong_tag,
		.usable = fingerprint->usable,
		.relevant = class->sort != VMP_SORT_STRAY || class->reflected,
		.elsewhere = class->sort == VMP_SORT_ELSEWHERE,
	};

	if (packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6)) {
		sight.flow = flow_hash(match, packet);
		sight.is_tcp = (packet->flags & VMP_PKT_TCP) && (packet->flags & VMP_PKT_L4);
		sight.tcp_seq = packet->tcp_seq;
		sight.payload_len = packet->payload_len;
		sight.ip_id = packet->ip_id;
	}
	return sight;
}

/* Is this hop where an open sighting was expected? */
static bool expected_at(const struct vmp_match *match, const struct vmp_sight *open, int hop)
{
	enum vmp_role role = match->path->hops.v[hop].role;

	if (open->expect >= 0)
		return open->expect == hop;
	return open->expect == VMP_EXPECT_ANY && (role == VMP_ROLE_UPLINK || role == VMP_ROLE_TRANSIT) &&
	       open->rank == match->path->hops.v[hop].rank;
}

static bool same_packet(const struct vmp_sight *a, const struct vmp_sight *b)
{
	return a->direction == b->direction && a->id.h[0] == b->id.h[0] && a->id.h[1] == b->id.h[1];
}

/* The oldest open sighting in `pool` that this one continues, VMP_POOL_NONE if there is none. */
static uint32_t find_open(const struct vmp_match *match, struct vmp_pool *pool, const struct vmp_sight *here,
			  uint64_t within_ns)
{
	uint32_t slot = vmp_pool_first(pool, VMP_CHAIN_OPEN, here);

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(pool, VMP_CHAIN_OPEN, slot)) {
		const struct vmp_sight *open = vmp_pool_at(pool, slot);

		if (same_packet(open, here) && open->hop != here->hop && open->ts_ns <= here->ts_ns &&
		    here->ts_ns - open->ts_ns <= within_ns && expected_at(match, open, here->hop))
			return slot;
	}
	return VMP_POOL_NONE;
}

static void count_delivered(struct vmp_match *match, const struct vmp_sight *open, const struct vmp_sight *here)
{
	struct stretch *stretch;

	if (!in_window(match, open->ts_ns))
		return;
	stretch = stretch_get(match, (enum vmp_direction)open->direction, open->hop, here->hop);
	if (!stretch)
		return;
	stretch->segment.offered++;
	stretch->segment.delivered++;
	if (open->ip_len > stretch->segment.longest_delivered)
		stretch->segment.longest_delivered = open->ip_len;
	vmp_latency_add(&stretch->latencies, here->ts_ns - open->ts_ns);
}

/* A packet that was called lost turns up late: it was not. */
static bool find_late(struct vmp_match *match, struct vmp_sight *here)
{
	uint32_t slot = find_open(match, match->lost, here, UINT64_MAX);
	struct vmp_sight *lost;
	struct stretch *stretch;

	if (slot == VMP_POOL_NONE)
		return false;
	lost = vmp_pool_at(match->lost, slot);
	here->packet_id = lost->packet_id;
	stretch = stretch_get(match, (enum vmp_direction)lost->direction, lost->hop, lost->next_hop);
	if (stretch && stretch->segment.lost) {
		stretch->segment.lost--;
		stretch->segment.offered--;
		if (lost->group && stretch->segment.group_lost)
			stretch->segment.group_lost--;
		count_delivered(match, lost, here);
	}
	vmp_pool_unchain(match->lost, VMP_CHAIN_OPEN, slot);
	return true;
}

/* Equal times: the other half may have been added just before. */
static bool meets_spare(struct vmp_match *match, struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_first(match->pool, VMP_CHAIN_SPARE, open);

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(match->pool, VMP_CHAIN_SPARE, slot)) {
		struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

		if (!same_packet(spare, open) || spare->ts_ns < open->ts_ns || spare->hop == open->hop || spare->elsewhere ||
		    !expected_at(match, open, spare->hop))
			continue;
		open->packet_id = spare->packet_id;
		open->fate = VMP_FATE_DELIVERED;
		count_delivered(match, open, spare);
		vmp_pool_unchain(match->pool, VMP_CHAIN_SPARE, slot);
		vmp_pool_unchain(match->pool, VMP_CHAIN_FLOW, slot);
		return true;
	}
	return false;
}

/* The packet id of a copy: of the newest open sighting of the same packet, which is where the copy comes from. */
static uint64_t copied_id(struct vmp_match *match, const struct vmp_sight *here)
{
	uint64_t id = 0;

	for (uint32_t slot = vmp_pool_first(match->pool, VMP_CHAIN_OPEN, here); slot != VMP_POOL_NONE;
	     slot = vmp_pool_next(match->pool, VMP_CHAIN_OPEN, slot))
		if (same_packet(vmp_pool_at(match->pool, slot), here))
			id = vmp_pool_at(match->pool, slot)->packet_id;
	return id;
}

/* Tie a sighting to what was seen before: sets its packet id. Returns true if it is spare, not expected by anything. */
static bool join(struct vmp_match *match, struct vmp_sight *here, enum vmp_sort sort)
{
	uint32_t slot;

	if (!here->usable || sort == VMP_SORT_STRAY)
		return false;
	if (sort == VMP_SORT_COPY) {
		here->packet_id = copied_id(match, here);
		return false;
	}
	if (sort == VMP_SORT_ELSEWHERE) {
		here->packet_id = copied_id(match, here);
		return true;
	}
	slot = find_open(match, match->pool, here, match->conf.settle_ns);
	if (slot != VMP_POOL_NONE) {
		struct vmp_sight *open = vmp_pool_at(match->pool, slot);

		here->packet_id = open->packet_id;
		open->fate = VMP_FATE_DELIVERED;
		open->next_hop = here->hop;
		count_delivered(match, open, here);
		vmp_pool_unchain(match->pool, VMP_CHAIN_OPEN, slot);
		return false;
	}
	return !find_late(match, here);
}

static void observe_guest(struct vmp_match *match, const struct vmp_class *class, const struct vmp_packet *packet)
{
	if (class->foreign_source) {
		match->observations.foreign_source_mac++;
		match->observations.foreign_source = packet->src_mac;
		return;
	}
	match->observations.guest_tcp_packets += (packet->flags & VMP_PKT_TCP) && !(packet->tcp_flags & (VMP_TCP_SYN | VMP_TCP_RST));
	if (packet->flags & VMP_PKT_ND) {
		if (packet->icmp_type == 136)
			learn_address(match, &packet->nd_target, true);
		return;
	}
	learn_address(match, &packet->src, packet->flags & VMP_PKT_ARP);
}

/* Is the ADDRESS of the call the guest's own or a peer's? A question asked of everybody does not say. */
static void observe_address(struct vmp_match *match, const struct vmp_class *class, const struct vmp_packet *packet)
{
	const struct vmp_ip *near = class->direction == VMP_FROM_GUEST ? &packet->src : &packet->dst;
	const struct vmp_ip *far = class->direction == VMP_FROM_GUEST ? &packet->dst : &packet->src;
	bool to_all = class->group && class->direction == VMP_TO_GUEST;

	if (!match->conf.has_address || class->foreign_source)
		return;
	if (!to_all && vmp_ip_equal(near, &match->conf.address))
		match->observations.address_is_guests = true;
	if (vmp_ip_equal(far, &match->conf.address))
		match->observations.address_is_peers = true;
}

/* Who lives where, which addresses are whose, what is odd. */
static void observe(struct vmp_match *match, int hop, enum vmp_devdir devdir, const struct vmp_class *class,
		    const struct vmp_packet *packet)
{
	const struct vmp_hop *at = &match->path->hops.v[hop];
	bool feeds_switch = match->path->backend >= 0 && at->rank + 1 == match->path->hops.v[match->path->backend].rank;

	match->observations.sightings++;
	match->observations.from_outside_with_guest_mac += class->reflected;
	match->observations.wrong_destination_mac += class->misaddressed;
	if (feeds_switch && devdir == VMP_DEV_IN && !class->reflected && at->role != VMP_ROLE_SWITCH)
		vmp_homes_learn(match->homes, &packet->src_mac, hop);
	if (at->role == VMP_ROLE_BACKEND && class->sort == VMP_SORT_ON_PATH && class->direction == VMP_FROM_GUEST)
		observe_guest(match, class, packet);
	if (class->sort == VMP_SORT_ON_PATH)
		observe_address(match, class, packet);
}

static void count_seen(struct vmp_match *match, const struct vmp_sight *sight, enum vmp_sort sort)
{
	struct vmp_hop_seen *seen = &match->seen[sight->hop];
	struct vmp_count *count = sight->direction == VMP_TO_GUEST ? &seen->to_guest : &seen->from_guest;

	if (!in_window(match, sight->ts_ns))
		return;
	if (sort == VMP_SORT_ON_PATH || sort == VMP_SORT_COPY) {
		count->packets++;
		count->bytes += sight->wire_len;
		seen->unicast_to_guest += sight->direction == VMP_TO_GUEST && !sight->group;
	} else {
		seen->stray++;
	}
}

static void see_exchange(struct vmp_match *match, const struct vmp_sight *sight, const struct vmp_packet *packet)
{
	enum vmp_role role = match->path->hops.v[sight->hop].role;
	bool at_backend = role == VMP_ROLE_BACKEND;

	/* A hop between the ends tells nothing new. */
	if (role == VMP_ROLE_TRANSIT && match->has_uplink)
		return;
	vmp_exchange_see(match->exchanges, at_backend ? VMP_AT_BACKEND : VMP_AT_EDGE, (enum vmp_direction)sight->direction,
			 sight->ts_ns, in_window(match, sight->ts_ns), packet);
}

int vmp_match_add(struct vmp_match *match, const struct vmp_frame *frame, const struct vmp_packet *packet,
		  const struct vmp_fingerprint *fingerprint)
{
	struct vmp_class_context context = {
		.path = match->path,
		.homes = match->homes,
		.addresses = match->addresses,
		.n_addresses = match->n_addresses,
		.perhaps = match->conf.has_address && !match->observations.address_is_peers ? &match->conf.address : NULL,
		.ports_unobserved = match->ports_unobserved,
	};
	int hop = match->point_hops[frame->point];
	struct vmp_class class = vmp_classify(&context, hop, frame->devdir, packet);
	struct vmp_sight sight = make_sight(match, frame, packet, fingerprint, hop, &class);
	bool spare, open;
	uint32_t slot;

	observe(match, hop, frame->devdir, &class, packet);
	count_seen(match, &sight, class.sort);
	spare = join(match, &sight, class.sort);
	open = class.sort == VMP_SORT_ON_PATH && class.expect != VMP_EXPECT_NOWHERE;
	if (open)
		sight.rank = (uint8_t)match->path->hops.v[class.next].rank;
	if (open && sight.usable && meets_spare(match, &sight))
		open = false;
	if (!sight.packet_id)
		sight.packet_id = match->next_packet_id++;
	if (class.sort == VMP_SORT_ON_PATH)
		see_exchange(match, &sight, packet);
	slot = vmp_pool_push(match->pool, &sight);
	if (slot == VMP_POOL_NONE) {
		/* Nothing around this time is certain at any point. */
		match->observations.table_full++;
		for (size_t i = 0; i < match->n_points; i++)
			vmp_match_gap(match, i, frame->ts_ns, frame->ts_ns, VMP_UNSURE_IDENTITY);
		return -ENOBUFS;
	}
	if (open && sight.usable)
		vmp_pool_chain(match->pool, VMP_CHAIN_OPEN, slot);
	if (spare) {
		vmp_pool_chain(match->pool, VMP_CHAIN_SPARE, slot);
		if (sight.flow)
			vmp_pool_chain(match->pool, VMP_CHAIN_FLOW, slot);
	}
	return 0;
}

/* ---- settling ---------------------------------------------------------------------------------------------------- */

void vmp_match_gap(struct vmp_match *match, size_t point, uint64_t from_ns, uint64_t to_ns, enum vmp_unsure why)
{
	struct watch *watch;
	struct gap *last;

	if (point >= match->n_points)
		return;
	watch = &match->watches[point];
	last = watch->n ? &watch->gaps[watch->n - 1] : NULL;
	if (last && last->why == why && from_ns <= last->to_ns + GAP_MERGE_NS && from_ns >= last->from_ns) {
		if (to_ns > last->to_ns)
			last->to_ns = to_ns;
		return;
	}
	if (watch->n == GAPS) {
		/* Too many to tell apart: one from the first to the last is the careful answer. */
		watch->gaps[0].to_ns = to_ns > last->to_ns ? to_ns : last->to_ns;
		watch->n = 1;
		return;
	}
	watch->gaps[watch->n++] = (struct gap){from_ns, to_ns, why};
}

void vmp_match_close_window(struct vmp_match *match, uint64_t end_ns)
{
	match->end_ns = end_ns;
}

/* Did a point where this sighting could have shown up miss frames meanwhile? */
static bool was_blind(const struct vmp_match *match, const struct vmp_sight *open, enum vmp_unsure *ret_why)
{
	uint64_t until = open->ts_ns + match->conf.settle_ns;

	for (size_t i = 0; i < match->n_points; i++) {
		const struct watch *watch = &match->watches[i];

		if (!expected_at(match, open, match->point_hops[i]))
			continue;
		for (size_t k = 0; k < watch->n; k++) {
			if (watch->gaps[k].from_ns <= until && watch->gaps[k].to_ns >= open->ts_ns) {
				*ret_why = watch->gaps[k].why;
				return true;
			}
		}
	}
	return false;
}

/* Was the same packet seen leaving elsewhere? Returns that hop or -1. */
static int seen_elsewhere(struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_first(match->pool, VMP_CHAIN_SPARE, open);

	for (; slot != VMP_POOL_NONE; slot = vmp_pool_next(match->pool, VMP_CHAIN_SPARE, slot)) {
		const struct vmp_sight *spare = vmp_pool_at(match->pool, slot);

		if (same_packet(spare, open) && spare->ts_ns >= open->ts_ns && spare->hop != open->hop)
			return spare->hop;
	}
	return -1;
}

/* Mark the part [seq, seq+len) of an open TCP packet that a spare one holds; bit i stands for the i-th 1/64 of it. */
static uint64_t covered_part(const struct vmp_sight *open, const struct vmp_sight *spare)
{
	int64_t from = (int32_t)(spare->tcp_seq - open->tcp_seq), to = from + spare->payload_len;
	int64_t len = open->payload_len;
	uint64_t bits = 0;

	if (from < 0)
		from = 0;
	if (to > len)
		to = len;
	for (int i = 0; i < 64 && from < to; i++) {
		int64_t low = i * len / 64, high = (i + 1) * len / 64;

		if (low >= from && high <= to)
			bits |= 1ULL << i;
	}
	return bits;
}

/*
 * Are the bytes of an open packet known at the next hop under another segmentation (TSO, GSO, GRO, fragments)?
 * NONE: no trace of it; DELIVERED: all its bytes; UNSURE: something of its flow that may be it.
 */
static enum vmp_fate find_resegmented(struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = open->flow ? vmp_pool_first(match->pool, VMP_CHAIN_FLOW, open) : VMP_POOL_NONE;
	uint64_t covered = 0;
	bool some = false;
	int steps = 0;

	while (slot != VMP_POOL_NONE) {
		struct vmp_sight *spare = vmp_pool_at(match->pool, slot);
		uint32_t next = vmp_pool_next(match->pool, VMP_CHAIN_FLOW, slot);

		if (++steps > FLOW_STEPS)
			return VMP_FATE_UNSURE;
		if (spare->flow == open->flow && spare->direction == open->direction &&
		    spare->ts_ns >= open->ts_ns && spare->hop != open->hop && expected_at(match, open, spare->hop)) {
			if (!open->is_tcp || !spare->is_tcp || open->payload_len == 0) {
				/* The same packet changed on the way, or its fragments, or what it was a fragment of. */
				if (open->is_tcp ? open->tcp_seq == spare->tcp_seq
						 : open->ip_id == spare->ip_id || open->payload_len != spare->payload_len)
					return VMP_FATE_UNSURE;
			} else {
				uint64_t part = covered_part(open, spare);

				some = some || part || spare->tcp_seq == open->tcp_seq;
				covered |= part;
				if (covered == UINT64_MAX)
					return VMP_FATE_DELIVERED;
			}
		}
		slot = next;
	}
	return some ? VMP_FATE_UNSURE : VMP_FATE_NONE;
}

static enum vmp_fate unsure(struct vmp_sight *open, enum vmp_unsure why)
{
	open->why = (uint8_t)why;
	return VMP_FATE_UNSURE;
}

/* What became of a sighting that is open at its end. */
static enum vmp_fate decide(struct vmp_match *match, struct vmp_sight *open, uint64_t complete_ns, int *ret_elsewhere)
{
	enum vmp_unsure why;
	enum vmp_fate fate;

	*ret_elsewhere = -1;
	if (!open->owed && !open->unobserved)
		return VMP_FATE_NONE;
	if (!open->usable)
		return unsure(open, VMP_UNSURE_IDENTITY);
	fate = find_resegmented(match, open);
	if (fate != VMP_FATE_NONE)
		return fate == VMP_FATE_DELIVERED ? fate : unsure(open, VMP_UNSURE_SEGMENTED);
	if (was_blind(match, open, &why))
		return unsure(open, why);
	if (complete_ns < open->ts_ns + match->conf.settle_ns)
		return unsure(open, VMP_UNSURE_WINDOW);
	*ret_elsewhere = seen_elsewhere(match, open);
	if (open->unobserved || (*ret_elsewhere >= 0 && open->direction == VMP_FROM_GUEST))
		return unsure(open, VMP_UNSURE_UNOBSERVED);
	return VMP_FATE_LOST;
}

static void count_lost(struct vmp_segment *segment, const struct vmp_sight *open, int elsewhere)
{
	segment->lost++;
	segment->group_lost += open->group;
	if (elsewhere >= 0) {
		segment->elsewhere++;
		segment->elsewhere_hop = elsewhere;
	}
	if (open->wrong_tag) {
		segment->wrong_tag++;
		segment->wrong_tag_id = open->tag;
	}
	if (!segment->shortest_lost || open->ip_len < segment->shortest_lost)
		segment->shortest_lost = open->ip_len;
	if (!segment->has_first_lost) {
		segment->has_first_lost = true;
		segment->first_lost_id = open->packet_id;
		segment->first_lost_ns = open->ts_ns;
	}
	segment->last_lost_ns = open->ts_ns;
}

/* Remember a lost packet for the case that it turns up late; the oldest are forgotten. */
static void remember_lost(struct vmp_match *match, const struct vmp_sight *open)
{
	uint32_t slot = vmp_pool_push(match->lost, open);

	if (slot == VMP_POOL_NONE) {
		vmp_pool_pop(match->lost);
		slot = vmp_pool_push(match->lost, open);
	}
	if (slot != VMP_POOL_NONE)
		vmp_pool_chain(match->lost, VMP_CHAIN_OPEN, slot);
}

static void settle_one(struct vmp_match *match, uint32_t slot, uint64_t complete_ns)
{
	struct vmp_sight *open = vmp_pool_at(match->pool, slot);
	struct stretch *stretch;
	int elsewhere;

	if (open->fate != VMP_FATE_NONE || open->expect == VMP_EXPECT_NOWHERE || open->next_hop < 0)
		return;
	vmp_pool_unchain(match->pool, VMP_CHAIN_OPEN, slot);
	open->fate = (uint8_t)decide(match, open, complete_ns, &elsewhere);
	if (open->fate == VMP_FATE_NONE || !in_window(match, open->ts_ns)) {
		open->fate = VMP_FATE_NONE;
		return;
	}
	stretch = stretch_get(match, (enum vmp_direction)open->direction, open->hop, open->next_hop);
	if (!stretch)
		return;
	stretch->segment.offered++;
	if (open->fate == VMP_FATE_DELIVERED) {
		stretch->segment.delivered++;
		if (open->ip_len > stretch->segment.longest_delivered)
			stretch->segment.longest_delivered = open->ip_len;
	} else if (open->fate == VMP_FATE_UNSURE) {
		stretch->segment.unsure++;
		stretch->segment.unsure_why[open->why]++;
	} else {
		count_lost(&stretch->segment, open, elsewhere);
		remember_lost(match, open);
	}
}

static void settle_until(struct vmp_match *match, uint64_t until_ns, uint64_t complete_ns)
{
	for (;;) {
		uint32_t slot = vmp_pool_nth(match->pool, match->n_settled);

		if (slot == VMP_POOL_NONE || vmp_pool_at(match->pool, slot)->ts_ns > until_ns)
			return;
		settle_one(match, slot, complete_ns);
		match->n_settled++;
	}
}

void vmp_match_settle(struct vmp_match *match, uint64_t complete_ns)
{
	match->settled_ns = complete_ns;
	if (complete_ns > match->conf.settle_ns)
		settle_until(match, complete_ns - match->conf.settle_ns, complete_ns);
}

void vmp_match_settle_all(struct vmp_match *match, uint64_t complete_ns)
{
	match->settled_ns = complete_ns;
	settle_until(match, UINT64_MAX, complete_ns);
}

bool vmp_match_next(struct vmp_match *match, struct vmp_settled *ret_settled)
{
	const struct vmp_sight *sight;

	if (match->n_settled == 0)
		return false;
	sight = vmp_pool_at(match->pool, vmp_pool_oldest(match->pool));
	ret_settled->packet_id = sight->packet_id;
	ret_settled->fate = (enum vmp_fate)sight->fate;
	ret_settled->why = (enum vmp_unsure)sight->why;
	ret_settled->next_hop = sight->next_hop;
	ret_settled->relevant = sight->relevant;
	vmp_pool_pop(match->pool);
	match->n_settled--;
	return true;
}

/* ---- reporting --------------------------------------------------------------------------------------------------- */

const struct vmp_hop_seen *vmp_match_seen(const struct vmp_match *match)
{
	return match->seen;
}

/*
 * Where packets were seen to take long, one that is merely later than the settle time at the end of the run may still be
 * waiting in the same queue: unsure.
 */
static void doubt_recent_losses(struct vmp_match *match)
{
	for (size_t i = 0;; i++) {
		uint32_t slot = vmp_pool_nth(match->lost, i);
		struct vmp_sight *lost;
		struct stretch *stretch;

		if (slot == VMP_POOL_NONE)
			return;
		lost = vmp_pool_at(match->lost, slot);
		stretch = stretch_get(match, (enum vmp_direction)lost->direction, lost->hop, lost->next_hop);
		if (!(lost->on & (1U << VMP_CHAIN_OPEN)) || !stretch || !stretch->segment.lost ||
		    stretch->latencies.max_ns < match->conf.settle_ns / 4 ||
		    lost->ts_ns + 3 * stretch->latencies.max_ns < match->settled_ns)
			continue;
		stretch->segment.lost--;
		stretch->segment.unsure++;
		stretch->segment.unsure_why[VMP_UNSURE_WINDOW]++;
		if (lost->group && stretch->segment.group_lost)
			stretch->segment.group_lost--;
	}
}

/* Whose ADDRESS it is. Without any sign of a peer it is taken for the guest's own, as operators mostly mean it, and said so. */
static void report_addresses(struct vmp_match *match, struct vmp_run *run)
{
	struct vmp_nic *nic = run->nic < run->guest.nics.n ? &run->guest.nics.v[run->nic] : NULL;

	if (match->conf.has_address && !match->observations.address_is_guests && !match->observations.address_is_peers) {
		match->observations.address_assumed = true;
		learn_address(match, &match->conf.address, false);
	}
	run->observations = match->observations;
	for (size_t i = 0; nic && i < match->n_addresses; i++)
		if (match->proven[i])
			vmp_nic_add_address(nic, &match->addresses[i], VMP_ADDRESS_CAPTURE);
}

static bool is_guests(const void *context, const struct vmp_ip *ip)
{
	const struct vmp_match *match = context;

	for (size_t i = 0; i < match->n_addresses; i++)
		if (vmp_ip_equal(&match->addresses[i], ip))
			return true;
	return false;
}

/* The segments a reader expects to see even when nothing passed: those of the main line. */
static int add_main_line(struct vmp_match *match)
{
	const struct vmp_path *path = match->path;
	int before = -1;

	for (size_t i = 0; i < path->hops.n; i++) {
		const struct vmp_hop *hop = &path->hops.v[i];
		bool main_line = (hop->role == VMP_ROLE_UPLINK || hop->role == VMP_ROLE_TRANSIT || hop->role == VMP_ROLE_BACKEND ||
				  (hop->role == VMP_ROLE_SWITCH && path->mode == VMP_PATH_ROUTED)) &&
				 match->seen[i].has_point && !hop->inactive;

		if (!main_line)
			continue;
		if (before >= 0 && path->hops.v[before].rank < hop->rank)
			if (!stretch_get(match, VMP_TO_GUEST, before, (int)i) || !stretch_get(match, VMP_FROM_GUEST, (int)i, before))
				return -ENOMEM;
		before = (int)i;
	}
	return 0;
}

static int compare_stretches(const void *a, const void *b)
{
	const struct vmp_segment *x = &(*(struct stretch *const *)a)->segment, *y = &(*(struct stretch *const *)b)->segment;

	if (x->direction != y->direction)
		return x->direction < y->direction ? -1 : 1;
	if (x->from != y->from)
		return (x->from < y->from) == (x->direction == VMP_TO_GUEST) ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static int report_segments(struct vmp_match *match, struct vmp_run *run)
{
	if (match->stretches.n)
		qsort(match->stretches.v, match->stretches.n, sizeof(*match->stretches.v), compare_stretches);
	vmp_vec_foreach (slot, &match->stretches) {
		struct vmp_segment *segment = vmp_vec_add(&run->segments);

		if (!segment)
			return -ENOMEM;
		*segment = (*slot)->segment;
		segment->latency = vmp_latency_summary(&(*slot)->latencies);
	}
	return 0;
}

int vmp_match_report(struct vmp_match *match, struct vmp_run *run)
{
	doubt_recent_losses(match);
	if (add_main_line(match) < 0 || report_segments(match, run) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < match->path->hops.n; i++) {
		struct vmp_hop_seen *seen = vmp_vec_add(&run->seen);

		if (!seen)
			return -ENOMEM;
		*seen = match->seen[i];
	}
	match->observations.clock_stepped = run->observations.clock_stepped;
	match->observations.late = run->observations.late;
	report_addresses(match, run);
	return vmp_exchange_report(match->exchanges, match->settled_ns, match->conf.settle_ns, match->has_edge, is_guests,
				   match, &run->exchanges);
}
