/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second opinion: a small simulated host that knows what becomes of every packet, and thousands of random stories in it. What the
 * matcher says is compared with the truth: nothing delivered may be called lost, nothing lost delivered.
 *
 * Not decidable by anybody, so compared by counts only: which of several identical packets is missing. And where frames are
 * missing from the capture before a segment, one of several identical packets may be taken for another: then the counts may
 * differ by as many as were missed. Identical packets that take longer than the settle time, one behind the other, cannot be told
 * from lost ones among faster ones: they are not tried.
 *
 * Beside the truth, which the generator knows, stands a slow and obvious matcher that knows only what the points captured (opinion()).
 *
 * NAT has its own stories: test_translate.c.
 *
 * VMP_TEST_SEED: of the first run; VMP_TEST_RUNS: how many.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef VMP_SANITIZERS
enum { RUNS = 800 };    /* they take ten times as long */
#else
enum { RUNS = 3000 };
#endif
enum { FLOWS = 8, EVENTS = 30000, EVENTS_OF_ONE = 400, STEPS = 4, GAPS_MOST = 8, ID_COUNTS = 128, TAG = 100, TAG_INSIDE = 7 };
enum { SMALL = 1000, MIDDLE = 4000, MIDDLE_EVERY = 16 }; /* events of stories that get a second opinion: all small ones, few larger */
enum { CROWD = 1000 };  /* more leftovers are more than the program looks at */

#define SETTLE   (100 * MS)
#define OPEN_AT  (1 * SEC)
#define CLOSE_AT (OPEN_AT + 700 * MS)
#define FIRST_AT (OPEN_AT - 150 * MS)
#define LAST_AT  (CLOSE_AT + 150 * MS)
#define DONE_AT  (CLOSE_AT + SETTLE)

enum truth { IS_NOTHING, IS_DELIVERED, IS_LOST, IS_PARTLY, IS_UNDER_WAY };

enum kind { KIND_UDP, KIND_SAME, KIND_ARP, KIND_TCP, KIND_TCP6, KIND_GSO, KIND_GSO6, KIND_FRAGMENTS, KINDS };

/* How often nobody can tell what became of it: at most so many of a thousand. GSO6: by sums alone. BLIND: see half_blind. */
static const unsigned int unsure_most[KINDS] = {
	[KIND_UDP] = 15,  [KIND_SAME] = 25, [KIND_ARP] = 25,   [KIND_TCP] = 40,
	[KIND_TCP6] = 50, [KIND_GSO] = 80,  [KIND_GSO6] = 450, [KIND_FRAGMENTS] = 25,
};
enum { BLIND_MOST = 350, CERTAIN_MOST = 1 };

/* How frames are tagged in one run. */
enum tagging {
	TAGGED_NOT,
	TAGGED_OUTSIDE,         /* at the uplinks only, where the path has its tag */
	TAGGED_TWICE,           /* the guest's own tag, and another around it at the uplinks */
	TAGGED_INSIDE,          /* the guest's own tag, everywhere */
	TAGGED_PRIORITY,        /* with id 0 at the uplink */
	TAGGINGS
};

/* What happens to one flow in one run. */
struct flow {
	enum kind kind;
	bool foreign;                   /* another guest's, with the same bytes as one of this guest's */
	bool wrong_tag;                 /* not of this path's VLAN: goes no further than the uplink */
	int route[STEPS];
	enum vmp_devdir devdirs[STEPS];
	int n_route;
	struct vmp_mac src, dst;
	struct vmp_packet same;
	unsigned int number;
	unsigned int loss[STEPS];       /* per mille, between step i and i + 1 */
	uint64_t delay_ns[STEPS], jitter_ns[STEPS];
	int split_at, merge_at;         /* step where TCP data is split or merged; 0: nowhere */
	unsigned int twice;             /* per mille sent twice */
	uint64_t last_ns[STEPS];        /* each hop keeps the order of a flow */
	uint32_t seq;
	uint16_t *id;                   /* next IP id: as hosts do, one count for all that goes to one other by one protocol */
	struct vmp_packet again;        /* to be sent again, at this time; 0: nothing */
	uint64_t again_ns;
};

struct event {
	uint64_t ts_ns;
	size_t serial;
	int hop;
	enum vmp_devdir devdir;
	struct vmp_packet packet;
	enum truth truth;               /* of its way to the next hop */
	int next;                       /* which is this */
	bool same;                      /* one of several identical ones */
	bool resegmented;
	enum kind kind;
	bool foreign;
	bool unseen;                    /* by the capture */
	bool orphan;                    /* no point before it has seen these bytes in this shape */
};

struct gap {
	int hop;
	uint64_t from_ns, to_ns;
	uint64_t frames[2];             /* that it hid, by device direction */
	enum vmp_unsure why;            /* UNCOVERED: the point was opened late; VANISHED: it is gone since; else frames were lost */
};

struct story {
	uint64_t seed, state;
	struct world world;
	struct flow flows[FLOWS];
	int n_flows;
	struct event *events;
	size_t n_events;
	struct gap gaps[GAPS_MOST];
	int n_gaps;
	bool counts_drops;              /* the capture knows how many frames its gaps hid */
	unsigned int flags;
	bool slow;                      /* delays beyond the settle time */
	bool resegments;
	bool merges;                    /* a device of this path makes one datagram of several */
	enum tagging tagging;
	bool tagged_deeper;             /* what is outside is so on the bond too, rather than on its slave alone */
	bool second_opinion;
	bool collide;                   /* the first halves of fingerprints are mostly alike */
	bool stepped;                   /* somebody set the clock */
	bool half_blind;                /* that, or a point was opened late or went away: then next to nothing is certain */
	uint16_t ids[ID_COUNTS];
	uint64_t missed_same;           /* identical packets that a gap hid */
};

struct count {
	uint64_t owed, delivered, lost, partly, under_way;
};

struct tally {
	struct {
		uint64_t owed, unsure;
	} kinds[KINDS];
	uint64_t sightings, owed, unsure, clean_owed, clean_unsure, lost, unsure_lost;
	uint64_t blind_owed, blind_unsure, certain, certain_unsure, crowded;
};

static uint64_t draw(struct story *story)
{
	story->state ^= story->state << 13;
	story->state ^= story->state >> 7;
	story->state ^= story->state << 17;
	return story->state * 0x2545f4914f6cdd1dULL >> 11;
}

static uint64_t below(struct story *story, uint64_t n)
{
	return n ? draw(story) % n : 0;
}

static bool chance(struct story *story, unsigned int per_mille)
{
	return below(story, 1000) < per_mille;
}

/* ---- flows ------------------------------------------------------------------------------------------------------- */

struct route {
	int hops[STEPS];
	int n;
	const struct vmp_mac *src, *dst;
	unsigned int flags_needed, flags_banned;
	bool foreign;
};

static const struct route routes[] = {
	{{ETH0, TAP}, 2, &mac_gateway, &mac_guest, 0, WORLD_BOND, false},
	{{TAP, ETH0}, 2, &mac_guest, &mac_gateway, 0, WORLD_BOND, false},
	{{ETH0, BOND, TAP}, 3, &mac_gateway, &mac_guest, WORLD_BOND, 0, false},
	{{TAP, BOND, ETH0}, 3, &mac_guest, &mac_gateway, WORLD_BOND, 0, false},
	{{PEER, TAP}, 2, &mac_peer, &mac_guest, 0, 0, false},
	{{TAP, PEER}, 2, &mac_guest, &mac_peer, 0, 0, false},
	{{BR0, TAP}, 2, &mac_host, &mac_guest, 0, 0, false},
	{{TAP, BR0}, 2, &mac_guest, &mac_host, 0, 0, false},
	{{ETH0, PEER}, 2, &mac_gateway, &mac_peer, 0, WORLD_BOND, true},
	{{PEER, ETH0}, 2, &mac_peer, &mac_gateway, 0, WORLD_BOND, true},
	{{ETH0, BOND, PEER}, 3, &mac_gateway, &mac_peer, WORLD_BOND, 0, true},
	{{PEER, BOND, ETH0}, 3, &mac_peer, &mac_gateway, WORLD_BOND, 0, true},
};

static enum vmp_devdir devdir_at(const struct story *story, int hop, bool to_guest)
{
	enum vmp_devdir toward = hop == PEER ? VMP_DEV_IN : hop == BR0 ? VMP_DEV_OUT : story->world.path.hops.v[hop].to_guest;

	return to_guest ? toward : toward == VMP_DEV_IN ? VMP_DEV_OUT : VMP_DEV_IN;
}

static struct vmp_packet make_packet(const struct flow *flow, unsigned int step_ports)
{
	struct vmp_packet made;

	if (flow->kind == KIND_ARP)
		return arp_request(&flow->src, ip4(0, flow->src.b[5]), ip4(0, flow->dst.b[5]));
	made = flow->kind == KIND_TCP || flow->kind == KIND_TCP6 ? tcp(&flow->src, &flow->dst, *flow->id, flow->seq, 0, VMP_TCP_ACK)
								 : udp(&flow->src, &flow->dst, *flow->id);
	made.sport = (uint16_t)(1000 + flow->number);
	made.dport = (uint16_t)(2000 + step_ports);
	if (flow->kind == KIND_TCP6 || flow->kind == KIND_GSO6) {
		made.flags = (made.flags & ~(uint32_t)VMP_PKT_IP4) | VMP_PKT_IP6;
		made.src = ip6(1, flow->src.b[5]);
		made.dst = ip6(1, flow->dst.b[5]);
		made.ip_id = 0;
	}
	return made;
}

static void choose_flow(struct story *story, unsigned int number)
{
	struct flow *flow = &story->flows[number];
	const struct route *route;

	memset(flow, 0, sizeof(*flow));
	do
		route = &routes[below(story, sizeof(routes) / sizeof(*routes))];
	while ((route->flags_needed & story->flags) != route->flags_needed || (route->flags_banned & story->flags));
	flow->number = number;
	flow->foreign = route->foreign;
	flow->n_route = route->n;
	flow->src = *route->src;
	flow->dst = *route->dst;
	flow->kind = (enum kind)below(story, KINDS);
	/* A broadcast of the guest goes to the uplink, whatever else gets a copy. */
	if (flow->kind == KIND_ARP && route->hops[0] == TAP && (route->hops[1] == PEER || route->hops[1] == BR0))
		flow->kind = KIND_SAME;
	flow->seq = (uint32_t)draw(story);
	flow->id = &story->ids[((unsigned int)flow->src.b[5] * 31 + flow->dst.b[5]) % (ID_COUNTS / 2) * 2 +
			       (flow->kind == KIND_TCP || flow->kind == KIND_TCP6)];
	if (!*flow->id)
		*flow->id = (uint16_t)draw(story);
	if (story->slow && (flow->kind == KIND_SAME || flow->kind == KIND_ARP))
		flow->kind = KIND_UDP;
	/* Of a frame to all in a VLAN that is not this path's nobody knows whether the guest should have it. */
	if (flow->kind == KIND_ARP && (story->tagging == TAGGED_TWICE || story->tagging == TAGGED_INSIDE || story->tagging == TAGGED_OUTSIDE))
		flow->kind = KIND_UDP;
	if (flow->foreign)
		flow->kind = KIND_SAME;
	for (int i = 0; i < route->n; i++) {
		flow->route[i] = route->hops[i];
		flow->devdirs[i] = devdir_at(story, route->hops[i], flow->foreign ? (route->hops[0] == ETH0) != (route->hops[i] == PEER)
										: vmp_mac_equal(&flow->dst, &mac_guest));
		flow->loss[i] = chance(story, 500) ? 0 : (unsigned int)below(story, chance(story, 100) ? 1001 : 300);
		flow->delay_ns[i] = chance(story, 100) ? 0 : below(story, chance(story, 200) ? 20 * MS : 50 * US);
		flow->jitter_ns[i] = below(story, flow->delay_ns[i] + 1);
		if (story->slow && chance(story, 300))
			flow->delay_ns[i] = below(story, 3 * SETTLE);
	}
	flow->twice = chance(story, 200) ? 100 : 0;
	if (flow->kind >= KIND_TCP && chance(story, 500)) {
		bool split = chance(story, 500) || (flow->kind >= KIND_GSO && !story->merges);

		*(split ? &flow->split_at : &flow->merge_at) = 1 + (int)below(story, (uint64_t)route->n - 1);
		story->resegments = true;
	}
	if (story->tagging == TAGGED_OUTSIDE && route->hops[0] == ETH0 && chance(story, 100)) {
		flow->wrong_tag = true;
		flow->merge_at = 0;
		flow->loss[story->tagged_deeper ? route->n - 2 : 0] = 1000;
	}
	flow->same = make_packet(flow, 0);
	(*flow->id)++;
	if (flow->foreign && number > 0) {
		flow->same = story->flows[below(story, number)].same;
		flow->same.src_mac = flow->src;
		flow->same.dst_mac = flow->dst;
	}
}

/* ---- the simulated host ------------------------------------------------------------------------------------------ */

static void set_tags(const struct story *story, const struct flow *flow, int hop, struct vmp_packet *packet)
{
	bool outside = hop == ETH0 || (hop == BOND && story->tagged_deeper);
	int n = 0;

	if (outside && (story->tagging == TAGGED_OUTSIDE || story->tagging == TAGGED_TWICE))
		packet->vlan[n++] = (uint16_t)(TAG + flow->wrong_tag);
	if (story->tagging == TAGGED_TWICE || story->tagging == TAGGED_INSIDE)
		packet->vlan[n++] = TAG_INSIDE;
	if (outside && story->tagging == TAGGED_PRIORITY)
		packet->vlan[n++] = 0;
	packet->vlan_count = (uint8_t)n;
}

static struct event *add_event(struct story *story, struct flow *flow, int step, uint64_t ts_ns, const struct vmp_packet *packet)
{
	struct event *event;

	assert_true(story->n_events < EVENTS);
	event = &story->events[story->n_events];
	memset(event, 0, sizeof(*event));
	event->serial = story->n_events++;
	event->ts_ns = ts_ns;
	event->hop = flow->route[step];
	event->devdir = flow->devdirs[step];
	event->packet = *packet;
	event->next = step + 1 < flow->n_route && !flow->foreign ? flow->route[step + 1] : -1;
	event->foreign = flow->foreign;
	set_tags(story, flow, event->hop, &event->packet);
	event->same = flow->kind == KIND_SAME || flow->kind == KIND_ARP;
	event->kind = flow->kind;
	event->resegmented = flow->kind >= KIND_TCP && (flow->split_at || flow->merge_at);
	return event;
}

static uint64_t next_time(struct story *story, struct flow *flow, int step, uint64_t ts_ns)
{
	uint64_t when = ts_ns + flow->delay_ns[step] + below(story, flow->jitter_ns[step] + 1);

	if (when < flow->last_ns[step + 1])
		when = flow->last_ns[step + 1];
	flow->last_ns[step + 1] = when;
	return when;
}

static enum truth go(struct story *story, struct flow *flow, int step, uint64_t ts_ns, const struct vmp_packet *packet);

/* The first one also has the UDP header, the others begin so much later. */
static void make_fragment(struct vmp_packet *part, const struct vmp_packet *whole, uint32_t at, uint32_t piece)
{
	uint32_t from = at ? at + 8 : 0, to = at + piece < whole->payload_len ? at + piece + 8 : whole->payload_len + 8;

	part->flags |= VMP_PKT_FRAGMENT;
	part->fragment_offset = (uint16_t)from;
	part->more_fragments = to < whole->payload_len + 8;
	part->payload_len = to - from;
	part->ip_len = 20 + to - from;
	if (!from)
		return;
	part->flags &= ~(uint32_t)(VMP_PKT_UDP | VMP_PKT_L4);
	part->sport = part->dport = 0;
}

/* One large packet becomes small ones; what becomes of the whole is what becomes of all of them. */
static enum truth go_split(struct story *story, struct flow *flow, int step, uint64_t ts_ns, const struct vmp_packet *whole)
{
	uint32_t piece = 1 + (uint32_t)below(story, whole->payload_len);
	unsigned int delivered = 0, lost = 0, under_way = 0;
	uint64_t start = next_time(story, flow, step, ts_ns);
	uint16_t index = 0;

	if (whole->payload_len / piece > 40)
		piece = whole->payload_len / 40 + 1;
	if (flow->kind == KIND_FRAGMENTS)
		piece = (piece + 7) / 8 * 8;
	for (uint32_t at = 0; at < whole->payload_len; at += piece, index++) {
		struct vmp_packet part = *whole;

		part.tcp_seq += at;
		part.payload_len = whole->payload_len - at < piece ? whole->payload_len - at : piece;
		part.ip_len = part.payload_len + (whole->ip_len - whole->payload_len);
		if (flow->kind == KIND_FRAGMENTS)
			make_fragment(&part, whole, at, piece);
		else if (part.flags & VMP_PKT_IP4)
			part.ip_id = (uint16_t)(part.ip_id + index);
		if (chance(story, flow->loss[step])) {
			lost++;
			continue;
		}
		if (start > DONE_AT)
			under_way++;
		else
			delivered++;
		go(story, flow, step + 1, start, &part);
	}
	if (delivered == 0)
		return under_way ? IS_UNDER_WAY : IS_LOST;
	return lost == 0 && under_way == 0 ? IS_DELIVERED : IS_PARTLY;
}

/* A packet is at a step. Returns what becomes of it on its way to the next one. */
static enum truth go(struct story *story, struct flow *flow, int step, uint64_t ts_ns, const struct vmp_packet *packet)
{
	struct event *event = add_event(story, flow, step, ts_ns, packet);
	enum truth truth = IS_DELIVERED;
	size_t index = (size_t)(event - story->events);

	if (step + 1 == flow->n_route)
		return IS_NOTHING;
	if (flow->split_at == step + 1 && packet->payload_len > 1) {
		truth = go_split(story, flow, step, ts_ns, packet);
	} else if (chance(story, flow->loss[step])) {
		truth = IS_LOST;
	} else {
		uint64_t when = next_time(story, flow, step, ts_ns);

		if (when > DONE_AT)
			truth = IS_UNDER_WAY;
		go(story, flow, step + 1, when, packet);
	}
	story->events[index].truth = flow->foreign ? IS_NOTHING : truth;
	return truth;
}

/* Several small packets in a row become one large one between two steps, all or none of them lost behind it. */
static void go_merged(struct story *story, struct flow *flow, uint64_t ts_ns, const struct vmp_packet *first, unsigned int n)
{
	struct vmp_packet part = *first, whole = *first;
	bool lost = chance(story, flow->loss[0]);
	uint64_t when = 0;
	int step = flow->merge_at - 1;
	size_t events[16];

	whole.payload_len = whole.payload_len * n;
	whole.ip_len += whole.payload_len - part.payload_len;
	for (unsigned int i = 0; i < n; i++) {
		uint64_t at = ts_ns + i * US;

		for (int k = 0; k <= step; k++) {
			struct event *event = add_event(story, flow, k, at, &part);

			event->truth = k < step ? IS_DELIVERED : lost ? IS_LOST : IS_DELIVERED;
			events[i] = (size_t)(event - story->events);
			if (k < step)
				at = next_time(story, flow, k, at);
			if (k < step && at > DONE_AT)
				event->truth = IS_UNDER_WAY;
		}
		when = at;
		part.tcp_seq += part.payload_len;
		if (part.flags & VMP_PKT_IP4)
			part.ip_id++;
	}
	if (lost)
		return;
	when = next_time(story, flow, step, when);
	for (unsigned int i = 0; i < n && when > DONE_AT; i++)
		story->events[events[i]].truth = IS_UNDER_WAY;
	go(story, flow, step + 1, when, &whole);
}

static void send_tcp(struct story *story, struct flow *flow, uint64_t ts_ns)
{
	struct vmp_packet packet = make_packet(flow, 0);
	unsigned int pieces = 1 + (unsigned int)below(story, 12);

	bool tcp = packet.flags & VMP_PKT_TCP;

	if (tcp && chance(story, 300))
		pieces = 0; /* a bare ACK */
	packet.tcp_seq = flow->seq;
	packet.tcp_ack = (uint32_t)draw(story);
	packet.payload_len = pieces ? 1 + (uint32_t)below(story, 3000) : 0;
	packet.ip_len = (tcp ? 40 : 28) + packet.payload_len;
	if (pieces > 1 && flow->merge_at && !flow->split_at && flow->kind != KIND_FRAGMENTS) {
		go_merged(story, flow, ts_ns, &packet, pieces);
		flow->seq += packet.payload_len * pieces;
		*flow->id = (uint16_t)(*flow->id + pieces);
		return;
	}
	if (go(story, flow, 0, ts_ns, &packet) == IS_LOST && tcp && pieces && !flow->again_ns && chance(story, 800)) {
		/* The same bytes again with another id, after a while; another ACK comes with them. */
		flow->again = packet;
		flow->again.ip_id = flow->kind == KIND_TCP ? (uint16_t)(packet.ip_id + 64) : 0;
		flow->again.tcp_ack++;
		flow->again_ns = ts_ns + 60 * MS + below(story, 2 * SETTLE);
	}
	flow->seq += packet.payload_len;
	/* As many ids as it may have pieces, so that none comes again within the settle time. */
	*flow->id = (uint16_t)(*flow->id + (tcp ? 128 : flow->kind == KIND_FRAGMENTS ? 1 : 42));
}

static void run_flow(struct story *story, struct flow *flow)
{
	const uint64_t most = EVENTS - EVENTS_OF_ONE;
	uint64_t pause = 200 * US + below(story, chance(story, 300) ? 150 * MS : 10 * MS);
	unsigned int ports = 0;

	for (uint64_t at = FIRST_AT + below(story, pause); at < LAST_AT && story->n_events < most; at += 1 + below(story, 2 * pause)) {
		struct vmp_packet packet = flow->same;
		int times = chance(story, flow->twice) ? 2 : 1;

		if (flow->again_ns && at > flow->again_ns) {
			flow->again_ns = 0;
			go(story, flow, 0, at, &flow->again);
			at += flow->jitter_ns[0] + US;
		}
		if (flow->kind >= KIND_TCP) {
			send_tcp(story, flow, at);
			continue;
		}
		if (flow->kind == KIND_UDP) {
			packet = make_packet(flow, ports++);
			(*flow->id)++;
			times = 1;
		}
		while (times-- > 0)
			go(story, flow, 0, at, &packet);
	}
}

/* ---- the capture ------------------------------------------------------------------------------------------------- */

static bool is_hidden(struct story *story, const struct gap *gap, const struct event *event)
{
	return gap->hop == event->hop && event->ts_ns >= gap->from_ns && event->ts_ns <= gap->to_ns &&
	       (gap->why != VMP_UNSURE_CAPTURE_LOSS || chance(story, 700));
}

static void choose_gaps(struct story *story)
{
	static const int hops[] = {ETH0, TAP, PEER, BR0};

	story->n_gaps = chance(story, 300) ? 1 + (int)below(story, 3) : 0;
	story->counts_drops = chance(story, 500);
	for (int i = 0; i < story->n_gaps; i++) {
		struct gap *gap = &story->gaps[i];
		bool late = chance(story, 100), gone = !late && chance(story, 100);

		memset(gap, 0, sizeof(*gap));
		gap->hop = story->flags & WORLD_BOND && chance(story, 300) ? BOND : hops[below(story, 4)];
		gap->from_ns = FIRST_AT + below(story, LAST_AT - FIRST_AT);
		gap->to_ns = gap->from_ns + 1 + below(story, 100 * MS);
		gap->why = VMP_UNSURE_CAPTURE_LOSS;
		if (late || gone) {
			gap->why = late ? VMP_UNSURE_UNCOVERED : VMP_UNSURE_VANISHED;
			gap->from_ns = late ? 0 : gap->from_ns;
			gap->to_ns = late ? gap->to_ns : UINT64_MAX;
			story->half_blind = true;
		}
	}
	for (size_t i = 0; i < story->n_events; i++) {
		struct event *event = &story->events[i];

		for (int k = 0; k < story->n_gaps && !event->unseen; k++) {
			if (!is_hidden(story, &story->gaps[k], event))
				continue;
			event->unseen = true;
			story->gaps[k].frames[event->devdir]++;
		}
		story->missed_same += event->unseen && event->same;
	}
}

/* From some frame on all times are others. */
static void set_clock(struct story *story)
{
	uint64_t by_ns = 1 + below(story, 3 * SETTLE);
	bool back = chance(story, 500);

	story->stepped = chance(story, 30);
	story->half_blind = story->half_blind || story->stepped;
	for (size_t i = below(story, story->n_events); i < story->n_events && story->stepped; i++)
		story->events[i].ts_ns = back ? story->events[i].ts_ns - by_ns : story->events[i].ts_ns + by_ns;
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->serial < y->serial ? -1 : 1;
}

/* Of equal times any order is possible. */
static void shuffle_ties(struct story *story)
{
	for (size_t i = 1; i < story->n_events; i++) {
		struct event *one = &story->events[i - 1], *other = &story->events[i];

		if (one->ts_ns == other->ts_ns && one->hop != other->hop && chance(story, 500)) {
			struct event kept = *one;

			*one = *other;
			*other = kept;
		}
	}
}

/* ---- the comparison ---------------------------------------------------------------------------------------------- */

static void complain(const struct story *story, const char *what, const struct event *event, const struct vmp_settled *settled)
{
	print_error("seed %llu: %s: kind %d, hop %d -> %d at %llu us, %s, truth %d, fate %d why %d\n",
		    (unsigned long long)story->seed, what, (int)event->kind,
		    event->hop, event->next, (unsigned long long)(event->ts_ns / US), event->same ? "identical" : "unique",
		    event->truth, settled->fate, settled->why);
	fail();
}

/* So many leftovers where it was expected that the program may not look at all: between two hosts, or of others whose hash is alike. */
static bool is_crowded(const struct story *story, const struct event *event)
{
	size_t n = 0;

	for (size_t i = 0; i < story->n_events; i++)
		n += story->events[i].hop == event->next && story->events[i].resegmented;
	return n > CROWD;
}

/* Were all fragments of its packet captured where this one was, each once? */
static bool came_whole(const struct story *story, const struct event *event)
{
	const struct vmp_packet *packet = &event->packet;
	uint32_t bytes = 0, end = 0;

	for (size_t i = 0; i < story->n_events; i++) {
		const struct event *other = &story->events[i];
		uint32_t to = other->packet.fragment_offset + other->packet.payload_len;

		if (other->hop != event->hop || other->devdir != event->devdir || other->unseen ||
		    !(other->packet.flags & VMP_PKT_FRAGMENT) || other->packet.ip_id != packet->ip_id || other->packet.proto != packet->proto ||
		    !vmp_ip_equal(&other->packet.src, &packet->src) || !vmp_ip_equal(&other->packet.dst, &packet->dst))
			continue;
		bytes += other->packet.payload_len;
		end = other->packet.more_fragments ? end : to;
	}
	return end > 0 && bytes == end;
}

static bool explained(const struct story *story, const struct event *event, const struct vmp_settled *settled)
{
	uint64_t edge = 2 * SETTLE + 40 * MS;

	switch (settled->why) {
	case VMP_UNSURE_CAPTURE_LOSS:
	case VMP_UNSURE_UNCOVERED:
	case VMP_UNSURE_VANISHED:
		return story->n_gaps > 0;
	case VMP_UNSURE_CLOCK:
		return story->stepped || (event->same && story->n_gaps > 0); /* its equal's first sighting was missed: as if it had come before */
	case VMP_UNSURE_UNOBSERVED:
		return event->same && story->n_gaps > 0; /* very many equal ones that nobody saw before */
	case VMP_UNSURE_SEGMENTED:
		/* Many sightings of its flow have no other half before the window opened or where a gap was. */
		return event->resegmented || story->slow || story->n_gaps > 0;
	case VMP_UNSURE_FRAGMENTS:
		return (event->packet.flags & VMP_PKT_FRAGMENT) && !came_whole(story, event);
	case VMP_UNSURE_WINDOW:
		return event->same || story->slow || event->ts_ns + SETTLE > DONE_AT || event->ts_ns < OPEN_AT + edge;
	default:
		return false;
	}
}

/* ---- the second opinion ------------------------------------------------------------------------------------------ */

/* The same bytes, but for what a switch changes: addresses of the link, tags. */
static bool same_bytes(const struct event *a, const struct event *b)
{
	size_t from = offsetof(struct vmp_packet, ethertype);

	return a->packet.flags == b->packet.flags &&
	       memcmp((const char *)&a->packet + from, (const char *)&b->packet + from, sizeof(a->packet) - from) == 0;
}

static bool is_captured(const struct event *event)
{
	return !event->unseen && !event->foreign && event->ts_ns <= DONE_AT;
}

/* For each event: has any point before it seen these bytes in this shape? */
static void find_orphans(struct story *story)
{
	for (size_t i = 0; i < story->n_events; i++) {
		struct event *event = &story->events[i];

		event->orphan = is_captured(event);
		for (size_t k = 0; k < story->n_events && event->orphan; k++)
			event->orphan = !is_captured(&story->events[k]) || story->events[k].next != event->hop ||
					!same_bytes(event, &story->events[k]);
	}
}

/*
 * What became of a packet, from what the points captured alone: the n-th time that these bytes are seen before a segment is the n-th
 * time that they are seen behind it, if they are seen there as often, each within the settle time. Not at all: lost, if the point
 * watched and has seen nothing between these two hosts that no point before it has. Else nothing is certain: PARTLY.
 */
static enum truth opinion(const struct story *story, const struct event *sent)
{
	unsigned int before = 0, number = 0, behind = 0, others = 0;
	bool blind = sent->ts_ns + SETTLE > DONE_AT, pieces = false, timely = false;

	for (int i = 0; i < story->n_gaps; i++)
		blind = blind || story->gaps[i].hop == sent->next;
	for (size_t i = 0; i < story->n_events; i++) {
		const struct event *other = &story->events[i];

		if (!is_captured(other))
			continue;
		pieces = pieces || (other->orphan && other->hop == sent->next && vmp_ip_equal(&other->packet.src, &sent->packet.src) &&
				    vmp_ip_equal(&other->packet.dst, &sent->packet.dst));
		if (other->hop != sent->hop || other->devdir != sent->devdir || !same_bytes(other, sent))
			continue;
		before++;
		number += other->ts_ns < sent->ts_ns || (other->ts_ns == sent->ts_ns && other < sent);
	}
	for (size_t i = 0; i < story->n_events; i++) {
		const struct event *other = &story->events[i];

		if (!is_captured(other) || other->hop == sent->hop || !same_bytes(other, sent))
			continue;
		if (other->hop == sent->next)
			timely = timely || (behind++ == number && other->ts_ns >= sent->ts_ns && other->ts_ns <= sent->ts_ns + SETTLE);
		else
			others += other->next == sent->next;
	}
	if (!others && before == behind && timely)
		return IS_DELIVERED;
	return !others && !behind && !blind && !pieces ? IS_LOST : IS_PARTLY;
}

/* Where that and the truth are certain, the program is neither of another opinion nor, but for good reasons, unsure. */
static void second_opinion(const struct story *story, const struct event *event, const struct vmp_settled *settled, struct tally *tally)
{
	enum truth told;

	if (!story->second_opinion || story->stepped || (event->truth != IS_DELIVERED && event->truth != IS_LOST))
		return;
	told = opinion(story, event);
	if (told == IS_PARTLY)
		return;
	/* A gap before the segment makes numbers of equal packets meet by chance, and hides where their sender lives. */
	if (story->n_gaps > 0 && (told != event->truth || settled->fate == VMP_FATE_NONE))
		return;
	if (told != event->truth)
		complain(story, "the second opinion is wrong", event, settled);
	tally->certain++;
	tally->certain_unsure += settled->fate == VMP_FATE_UNSURE;
	if (settled->fate != VMP_FATE_UNSURE && settled->fate != (told == IS_LOST ? VMP_FATE_LOST : VMP_FATE_DELIVERED))
		complain(story, "of another opinion", event, settled);
}

static void check_settled(const struct story *story, const struct event *event, const struct vmp_settled *settled,
			  struct tally *tally, struct count counts[HOPS][HOPS])
{
	bool in_window = event->ts_ns >= OPEN_AT && event->ts_ns <= CLOSE_AT;
	bool clean = !story->n_gaps && !story->slow && !story->stepped && !event->resegmented;
	bool is_unsure = settled->fate == VMP_FATE_UNSURE;

	if (event->foreign && (settled->fate != VMP_FATE_NONE || settled->relevant))
		complain(story, "another guest's", event, settled);
	if (event->truth == IS_NOTHING || !in_window)
		return;
	tally->owed++;
	*(story->half_blind ? &tally->blind_owed : &tally->kinds[event->kind].owed) += 1;
	*(story->half_blind ? &tally->blind_unsure : &tally->kinds[event->kind].unsure) += is_unsure;
	tally->clean_owed += clean;
	tally->lost += settled->fate == VMP_FATE_LOST;
	second_opinion(story, event, settled, tally);
	if (is_unsure) {
		tally->unsure++;
		tally->clean_unsure += clean;
		if (story->stepped || explained(story, event, settled))
			return;
		if (settled->why == VMP_UNSURE_SEGMENTED && is_crowded(story, event))
			tally->crowded++;
		else
			complain(story, "unsure without reason", event, settled);
		return;
	}
	if (settled->fate == VMP_FATE_NONE && (story->n_gaps > 0 || story->stepped)) {
		/* The sender's ARP was seen at the backend alone: it seems to live where nobody looks. */
		counts[event->hop][event->next].owed--;
		return;
	}
	if (settled->fate == VMP_FATE_NONE)
		complain(story, "not followed", event, settled);
	if (settled->fate == VMP_FATE_LOST && story->stepped)
		complain(story, "called lost though the clock was set", event, settled);
	if (event->same)
		return;
	if (settled->fate == VMP_FATE_LOST && event->truth == IS_DELIVERED && !story->slow)
		complain(story, "called lost", event, settled);
	/* Where only sums tell, one that the capture missed before the segment may stand for one that was lost in it. */
	if (event->kind == KIND_GSO6 && event->resegmented && (story->n_gaps > 0 || story->stepped))
		return;
	if (settled->fate == VMP_FATE_DELIVERED && (story->stepped ? event->truth == IS_LOST : event->truth != IS_DELIVERED))
		complain(story, "called delivered", event, settled);
}

static void check_counts(const struct story *story, const struct vmp_run *run, struct tally *tally, struct count counts[HOPS][HOPS])
{
	for (int from = 0; from < HOPS; from++) {
		for (int to = 0; to < HOPS; to++) {
			const struct count *count = &counts[from][to];
			enum vmp_direction direction = to == TAP || (to == BOND && from == ETH0) ? VMP_TO_GUEST : VMP_FROM_GUEST;
			struct vmp_segment segment = segment_of(run, direction, from, to);
			uint64_t not_delivered = count->lost + count->partly + count->under_way;
			uint64_t count_all = not_delivered + count->delivered;

			tally->unsure_lost += segment.unsure_lost;
			if (story->stepped) {
				assert_int_equal(segment.lost + segment.unsure_lost, 0);
				continue;
			}
			if (segment.offered != count->owed ||
			    segment.lost + segment.unsure_lost > count->lost + count->partly + count->under_way ||
			    segment.delivered > count->delivered + story->missed_same) {
				print_error("seed %llu: %d -> %d: truth %llu = %llu delivered + %llu lost + %llu partly + %llu under way; "
					    "told %llu = %llu + %llu + %llu unsure, %llu of them lost\n", (unsigned long long)story->seed, from, to,
					    (unsigned long long)count->owed, (unsigned long long)count->delivered,
					    (unsigned long long)count->lost, (unsigned long long)count->partly,
					    (unsigned long long)count->under_way, (unsigned long long)segment.offered,
					    (unsigned long long)segment.delivered, (unsigned long long)segment.lost,
					    (unsigned long long)segment.unsure, (unsigned long long)segment.unsure_lost);
				fail();
			}
			assert_true(segment.lost + segment.unsure + story->missed_same + (count_all - count->owed) >= not_delivered);
		}
	}
}

static void tell_gaps(struct story *story)
{
	for (size_t i = 0; i < story->world.n_points && story->stepped; i++)
		vmp_match_gap(story->world.match, i, 0, UINT64_MAX, VMP_UNSURE_CLOCK);
	for (int i = 0; i < story->n_gaps; i++) {
		const struct gap *gap = &story->gaps[i];
		bool counted = story->counts_drops && gap->why == VMP_UNSURE_CAPTURE_LOSS;
		int point = story->world.hop_points[gap->hop];

		assert_true(point >= 0);
		for (enum vmp_devdir d = VMP_DEV_IN; counted && d <= VMP_DEV_OUT; d++)
			vmp_match_drops(story->world.match, (size_t)point, d, gap->frames[d], gap->from_ns, gap->to_ns);
		if (!counted)
			vmp_match_gap(story->world.match, (size_t)point, gap->from_ns, gap->to_ns, gap->why);
	}
}

static void see_event(struct story *story, const struct event *event)
{
	static const struct vmp_hash_key key = {{3, 4}};
	const struct vmp_packet *packet = &event->packet;
	size_t from = offsetof(struct vmp_packet, ethertype);
	struct vmp_frame frame = {.ts_ns = event->ts_ns,
				  .point = (uint32_t)story->world.hop_points[event->hop],
				  .devdir = event->devdir,
				  .wire_len = packet->ip_len ? packet->ip_len + 14 : 60};
	struct vmp_fingerprint fingerprint = {.usable = true};

	fingerprint.id = vmp_hash(&key, (const char *)packet + from, sizeof(*packet) - from);
	fingerprint.id.h[1] ^= packet->flags;
	if (story->collide)
		fingerprint.id.h[0] &= 3;
	assert_int_equal(vmp_match_add(story->world.match, &frame, packet, &fingerprint), 0);
}

static void fetch(struct story *story, const struct event **order, size_t *done, struct tally *tally,
		  struct count counts[HOPS][HOPS])
{
	struct vmp_settled settled;

	while (vmp_match_next(story->world.match, &settled))
		check_settled(story, order[(*done)++], &settled, tally, counts);
}

static void replay(struct story *story, struct tally *tally)
{
	const struct event **order = calloc(story->n_events + 1, sizeof(*order));
	struct count counts[HOPS][HOPS];
	size_t added = 0, done = 0;
	uint64_t at_ns = 0;
	struct vmp_run run;

	assert_non_null(order);
	memset(counts, 0, sizeof(counts));
	story->second_opinion = story->n_events <= SMALL || (story->n_events <= MIDDLE && story->seed % MIDDLE_EVERY == 0);
	if (story->second_opinion)
		find_orphans(story);
	tell_gaps(story);
	vmp_match_close_window(story->world.match, CLOSE_AT);
	for (size_t i = 0; i < story->n_events; i++) {
		const struct event *event = &story->events[i];
		struct count *count = event->next >= 0 ? &counts[event->hop][event->next] : NULL;

		if (event->unseen || event->ts_ns > DONE_AT)
			continue;
		if (event->ts_ns > at_ns && !story->stepped && chance(story, 5))
			vmp_match_settle(story->world.match, at_ns);
		at_ns = event->ts_ns;
		see_event(story, event);
		order[added++] = event;
		tally->sightings++;
		if (count && event->ts_ns >= OPEN_AT && event->ts_ns <= CLOSE_AT) {
			count->owed++;
			*(event->truth == IS_DELIVERED ? &count->delivered : event->truth == IS_LOST ? &count->lost
			  : event->truth == IS_PARTLY ? &count->partly : &count->under_way) += 1;
		}
		if (chance(story, 5))
			fetch(story, order, &done, tally, counts);
	}
	world_report(&story->world, DONE_AT, &run);
	fetch(story, order, &done, tally, counts);
	assert_int_equal(done, added);
	check_counts(story, &run, tally, counts);
	world_clear_run(&run);
	free(order);
}

static void set_path_tag(struct story *story)
{
	vmp_vec_foreach (hop, &story->world.path.hops) {
		hop->has_tag = hop->role == VMP_ROLE_UPLINK || (hop->role == VMP_ROLE_TRANSIT && story->tagged_deeper);
		hop->tag = hop->has_tag ? TAG : 0;
	}
}

static void run_story(uint64_t seed, struct event *events, struct tally *tally)
{
	static const unsigned int worlds[] = {0, WORLD_BOND};
	struct vmp_match_conf conf = {.start_ns = OPEN_AT, .settle_ns = SETTLE, .key = {{seed, 1}}};
	struct story story = {.seed = seed, .state = seed * 0x9e3779b97f4a7c15ULL + 1, .events = events};
	struct vmp_nic_address *own;

	for (int i = 0; i < 8; i++)
		draw(&story);
	story.flags = worlds[below(&story, 2)];
	story.slow = chance(&story, 100);
	world_init(&story.world, story.flags);
	story.merges = chance(&story, 500);
	if (story.merges)
		story.world.path.hops.v[TAP].kind = VMP_HOP_OTHER;
	own = vmp_vec_add(&story.world.nic.addresses);
	own->ip = ip4(0, mac_guest.b[5]);
	story.tagged_deeper = chance(&story, 500);
	story.tagging = chance(&story, 300) ? (enum tagging)below(&story, TAGGINGS) : TAGGED_NOT;
	if (story.tagging == TAGGED_OUTSIDE || story.tagging == TAGGED_TWICE)
		set_path_tag(&story);
	story.collide = chance(&story, 100);
	world_start(&story.world, &conf);
	story.n_flows = 1 + (int)below(&story, FLOWS);
	for (int i = 0; i < story.n_flows; i++) {
		choose_flow(&story, (unsigned int)i);
		run_flow(&story, &story.flows[i]);
	}
	choose_gaps(&story);
	qsort(story.events, story.n_events, sizeof(*story.events), by_time);
	shuffle_ties(&story);
	set_clock(&story);
	replay(&story, tally);
	world_end(&story.world);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void agrees_with_the_truth(void **state)
{
	uint64_t seed = number_from("VMP_TEST_SEED", 1), runs = number_from("VMP_TEST_RUNS", RUNS);
	struct event *events = calloc(EVENTS, sizeof(*events));
	struct tally tally = {0};

	(void)state;
	assert_non_null(events);
	for (uint64_t i = 0; i < runs; i++)
		run_story(seed + i, events, &tally);
	free(events);
	print_message("%llu stories, %llu sightings, %llu with a next hop: %llu lost, %llu unsure (%llu of them lost); "
		      "%llu undisturbed: %llu unsure; %llu half blind: %llu unsure; %llu certain: %llu unsure; %llu unsure in a crowd\n",
		      (unsigned long long)runs, (unsigned long long)tally.sightings, (unsigned long long)tally.owed,
		      (unsigned long long)tally.lost, (unsigned long long)tally.unsure, (unsigned long long)tally.unsure_lost,
		      (unsigned long long)tally.clean_owed, (unsigned long long)tally.clean_unsure, (unsigned long long)tally.blind_owed,
		      (unsigned long long)tally.blind_unsure, (unsigned long long)tally.certain,
		      (unsigned long long)tally.certain_unsure, (unsigned long long)tally.crowded);
	for (int kind = 0; kind < KINDS; kind++)
		print_message("kind %d: %llu of %llu unsure\n", kind, (unsigned long long)tally.kinds[kind].unsure,
			      (unsigned long long)tally.kinds[kind].owed);
	/* Of few stories shares say nothing. */
	if (runs < RUNS)
		return;
	for (int kind = 0; kind < KINDS; kind++)
		assert_true(tally.kinds[kind].unsure * 1000 <= tally.kinds[kind].owed * unsure_most[kind]);
	/* Whole captures of packets that keep their shape leave next to nothing open: identical ones at the window's edges. */
	assert_true(tally.clean_unsure * 5000 <= tally.clean_owed);
	assert_true(tally.unsure * 10 <= tally.owed);
	assert_true(tally.crowded * 100000 <= tally.owed);
	assert_true(tally.blind_unsure * 1000 <= tally.blind_owed * BLIND_MOST);
	/* What the second opinion can tell, the program says. */
	assert_true(tally.certain > 0 && tally.certain_unsure * 1000 <= tally.certain * CERTAIN_MOST);
	/* Where frames that the capture lost are counted, some of what is missing is lost all the same. */
	assert_true(tally.unsure_lost > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_the_truth)};

	return cmocka_run_group_tests_name("match against the truth", tests, NULL, NULL);
}
