/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/translate.h"

#include "base/vec.h"
#include "match/crossed.h"
#include "match/crossing.h"
#include "match/next_hop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNECTIONS = 1 << 14,
	SLOTS = 2 * CONNECTIONS,
	PROBES = 32,            /* slots looked through for a key */
	IDS = 1 << 16,          /* of IPv4 */
	PROTO_TCP = 6, PROTO_UDP = 17,
};

#define SEC_NS      1000000000ULL
#define IDLE_NS     30000000000ULL      /* nf_conntrack_udp_timeout, nf_conntrack_icmp_timeout: then ports are given anew */

/* A connection of the guest, known inside; outside as soon as a packet has shown how. */
struct connection {
	struct vmp_translation known;
	uint64_t last_ns;       /* it was shown to be this guest's */
	bool outside;           /* it is known there; not, or no longer: its port may be another's */
	bool answered_here;     /* by this host, as far as is known: a proxy does that */
};

struct vmp_translate {
	const struct vmp_path *path;
	struct vmp_hash_key key;
	struct vmp_crossed crossed;
	struct connection connections[CONNECTIONS];
	size_t n;
	uint16_t inside[SLOTS], outside[SLOTS]; /* number + 1 of a connection, by its sides */
	struct vmp_next_hops next_hops;
	VMP_VEC(struct vmp_translation) learned;
	const struct vmp_translation *given;    /* known before, in the order of their times */
	size_t n_given, taken;
	bool is_replay;                         /* all there is was given: nothing is learned */
	bool full;
	struct {                                /* of packets that may be cut up, the last ones with an id; IPv6 has none before that */
		uint64_t sent_ns;               /* by the guest */
		uint64_t nobodys_ns;            /* a fragment left of which it is not known whose it is */
	} ids4[IDS], ids6;
};

struct vmp_translate *vmp_translate_new(const struct vmp_path *path, const struct vmp_hash_key *key)
{
	struct vmp_translate *translate = calloc(1, sizeof(*translate));

	if (translate) {
		translate->path = path;
		translate->key = *key;
	}
	return translate;
}

void vmp_translate_free(struct vmp_translate *translate)
{
	if (translate)
		vmp_vec_free(&translate->learned);
	free(translate);
}

void vmp_translate_know(struct vmp_translate *translate, const struct vmp_translation *list, size_t n)
{
	translate->given = list;
	translate->n_given = n;
	translate->is_replay = true;
}

void vmp_translate_begin(struct vmp_translate *translate, const struct vmp_translation *list, size_t n)
{
	translate->given = list;
	translate->n_given = n;
}

bool vmp_translate_is_full(const struct vmp_translate *translate)
{
	return translate->full;
}

/* ---- connections -------------------------------------------------------------------------------------------------- */

static bool same_end(const struct vmp_ip *ip, uint16_t port, const struct vmp_end *end)
{
	return port == end->port && vmp_ip_equal(ip, &end->ip);
}

static size_t slot_of(const struct vmp_translate *translate, bool inside, uint8_t proto, const struct vmp_end *own, const struct vmp_end *peer)
{
	struct {
		struct vmp_end own, peer;
		uint8_t proto, inside;
	} what;

	memset(&what, 0, sizeof(what));
	what.own = *own;
	what.peer = *peer;
	what.proto = proto;
	what.inside = inside;
	return vmp_hash_half(&translate->key, &what, sizeof(what)) % SLOTS;
}

static bool has_sides(const struct connection *connection, bool inside, uint8_t proto, const struct vmp_end *own, const struct vmp_end *peer)
{
	const struct vmp_translation *known = &connection->known;

	if (known->proto != proto)
		return false;
	if (inside)
		return same_end(&known->peer, known->peer_port, peer) && same_end(&known->guest, known->guest_port, own);
	return connection->outside && same_end(&known->far, known->far_port, peer) && same_end(&known->outside, known->outside_port, own);
}

static struct connection *find(struct vmp_translate *translate, bool inside, uint8_t proto, const struct vmp_end *own, const struct vmp_end *peer)
{
	const uint16_t *slots = inside ? translate->inside : translate->outside;
	size_t at = slot_of(translate, inside, proto, own, peer);

	for (size_t i = 0; i < PROBES && slots[(at + i) % SLOTS]; i++) {
		struct connection *each = &translate->connections[slots[(at + i) % SLOTS] - 1];

		if (has_sides(each, inside, proto, own, peer))
			return each;
	}
	return NULL;
}

/* Entries of an outside that is no longer one stay where they are: a slot is never freed, for others may lie behind it. */
static void index_it(struct vmp_translate *translate, bool inside, const struct connection *connection, const struct vmp_end *own)
{
	const struct vmp_translation *known = &connection->known;
	struct vmp_end peer = inside ? (struct vmp_end){known->peer, 0, known->peer_port} : (struct vmp_end){known->far, 0, known->far_port};
	uint16_t *slots = inside ? translate->inside : translate->outside;
	size_t at = slot_of(translate, inside, connection->known.proto, own, &peer);

	for (size_t i = 0; i < PROBES; i++) {
		uint16_t *slot = &slots[(at + i) % SLOTS];

		if (*slot && !has_sides(&translate->connections[*slot - 1], inside, connection->known.proto, own, &peer))
			continue;
		*slot = (uint16_t)(connection - translate->connections + 1);
		return;
	}
	translate->full = true;
}

/* The connection of these inside ends, made when it is new. NULL when there is no room. */
static struct connection *connection_of(struct vmp_translate *translate, uint8_t proto, const struct vmp_end *guest, const struct vmp_end *peer)
{
	struct connection *connection = find(translate, true, proto, guest, peer);

	if (connection)
		return connection;
	if (translate->n == CONNECTIONS) {
		translate->full = true;
		return NULL;
	}
	connection = &translate->connections[translate->n++];
	memset(connection, 0, sizeof(*connection));
	connection->known = (struct vmp_translation){.proto = proto, .guest = guest->ip, .guest_port = guest->port, .peer = peer->ip,
						     .peer_port = peer->port, .far = peer->ip, .far_port = peer->port};
	index_it(translate, true, connection, guest);
	return connection;
}

static struct connection *set_outside(struct vmp_translate *translate, struct connection *connection, int hop, uint64_t ts_ns,
				      const struct vmp_end *outside, const struct vmp_end *far)
{
	if (!connection)
		return NULL;
	connection->known.hop = hop;
	connection->known.source = VMP_TRANSLATION_PACKETS;
	connection->known.left_s = 0;
	connection->known.far = far->ip;
	connection->known.far_port = far->port;
	connection->known.outside = outside->ip;
	connection->known.outside_port = outside->port;
	connection->known.since_ns = connection->last_ns = ts_ns;
	connection->outside = true;
	connection->answered_here = false;
	index_it(translate, false, connection, outside);
	return connection;
}

static void note_learned(struct vmp_translate *translate, const struct vmp_translation *known)
{
	struct vmp_translation *learned = translate->learned.n < CONNECTIONS ? vmp_vec_add(&translate->learned) : NULL;

	if (learned)
		*learned = *known;
	else
		translate->full = true;
}

/* What was known up to this time to the kernel, or to who judged these packets first. */
static void take_given(struct vmp_translate *translate, uint64_t ts_ns)
{
	while (translate->taken < translate->n_given && translate->given[translate->taken].since_ns <= ts_ns) {
		const struct vmp_translation *given = &translate->given[translate->taken++];
		struct vmp_end guest = {given->guest, 0, given->guest_port}, outside = {given->outside, 0, given->outside_port};
		struct vmp_end peer = {given->peer, 0, given->peer_port}, far = {given->far, 0, given->far_port};
		struct connection *connection = connection_of(translate, given->proto, &guest, &peer);
		uint64_t forgotten_ns = given->since_ns + given->left_s * SEC_NS;

		if (!set_outside(translate, connection, given->hop, given->since_ns, &outside, &far))
			continue;
		connection->known.source = given->source;
		connection->known.left_s = given->left_s;
		if (given->source == VMP_TRANSLATION_CONNTRACK && given->left_s < IDLE_NS / SEC_NS)
			connection->last_ns = forgotten_ns > IDLE_NS ? forgotten_ns - IDLE_NS : 0;
		if (!translate->is_replay)
			note_learned(translate, &connection->known);
	}
}

/* peer: looks the same inside and outside. */
static struct connection *learn(struct vmp_translate *translate, int hop, uint64_t ts_ns, uint8_t proto, const struct vmp_end *guest,
				const struct vmp_end *outside, const struct vmp_end *peer)
{
	struct connection *connection;

	if (translate->is_replay || translate->learned.n == CONNECTIONS) {
		translate->full = translate->full || !translate->is_replay;
		return NULL;
	}
	connection = set_outside(translate, connection_of(translate, proto, guest, peer), hop, ts_ns, outside, peer);
	if (connection)
		note_learned(translate, &connection->known);
	else
		translate->full = true;
	return connection;
}

/* ---- fragments ---------------------------------------------------------------------------------------------------- */

/* A first fragment shows of which connection the later ones are. */
static void remember_fragments(struct vmp_translate *translate, uint64_t ts_ns, const struct vmp_packet *packet,
			       const struct connection *connection, bool leaves)
{
	struct vmp_end end = {.port = (uint16_t)(connection - translate->connections)};

	if (packet->flags & VMP_PKT_FRAGMENT)
		vmp_crossed_remember(&translate->crossed, vmp_crossing_fragments_key(&translate->key, packet), ts_ns, &end, leaves);
}

static struct connection *recall_fragments(struct vmp_translate *translate, uint64_t ts_ns, const struct vmp_packet *packet, bool leaves)
{
	uint64_t key = vmp_crossing_fragments_key(&translate->key, packet);
	const struct vmp_crossed_packet *first = vmp_crossed_recall(&translate->crossed, key, ts_ns, leaves);

	return first ? &translate->connections[first->end.port] : NULL;
}

/* It leaves the guest, and may leave this host in fragments. */
static void note_sent(struct vmp_translate *translate, uint64_t ts_ns, const struct vmp_packet *packet)
{
	if (packet->flags & VMP_PKT_IP6)
		translate->ids6.sent_ns = ts_ns;
	else if ((packet->flags & VMP_PKT_FRAGMENT) || !packet->dont_fragment)
		translate->ids4[packet->ip_id].sent_ns = ts_ns;
}

/*
 * It left, and is not known to be the guest's: translated, there is nothing in it to tell by. Returns whether it may be all the same: then
 * who judges again must know of it.
 */
static bool note_nobodys(struct vmp_translate *translate, uint64_t ts_ns, const struct vmp_packet *packet)
{
	bool six = packet->flags & VMP_PKT_IP6;
	uint64_t sent_ns = six ? translate->ids6.sent_ns : translate->ids4[packet->ip_id].sent_ns;

	if (sent_ns == 0 || ts_ns > sent_ns + VMP_CROSSED_NS)
		return false;
	*(six ? &translate->ids6.nobodys_ns : &translate->ids4[packet->ip_id].nobodys_ns) = ts_ns;
	return true;
}

bool vmp_translate_left_in_fragments(const struct vmp_translate *translate, bool is_ip4, uint16_t ip_id, uint64_t since_ns)
{
	uint64_t last_ns = is_ip4 ? translate->ids4[ip_id].nobodys_ns : translate->ids6.nobodys_ns;

	return last_ns > 0 && last_ns >= since_ns;
}

/* ---- frames ------------------------------------------------------------------------------------------------------- */

/* What a packet of this connection was inside. */
static void undo(struct vmp_packet *packet, enum vmp_crossing kind, bool leaves, const struct vmp_translation *known,
		 const struct vmp_mac *mac)
{
	packet->flags |= VMP_PKT_TRANSLATED;
	*(leaves ? &packet->src_mac : &packet->dst_mac) = *mac;
	packet->src = leaves ? known->guest : known->peer;
	packet->dst = leaves ? known->peer : known->guest;
	if (kind != VMP_CROSSING_WHOLE)
		return;
	if (vmp_crossing_is_echo(packet)) {
		packet->icmp_id = known->guest_port;
	} else {
		packet->sport = leaves ? known->guest_port : known->peer_port;
		packet->dport = leaves ? known->peer_port : known->guest_port;
	}
}

/*
 * An ICMP error comes from whoever noticed it, and is made to look as the connection does: in the packet that it quotes, and outside that
 * (net/netfilter/nf_nat_proto.c, nf_nat_icmp_reply_translation()). Where only the guest's side is translated, who sent it stays.
 */
static void undo_error(struct vmp_packet *packet, bool leaves, const struct vmp_translation *known, const struct vmp_ip *source,
		       const struct vmp_mac *mac)
{
	struct vmp_quote *quote = &packet->quote;
	bool echo = quote->proto != PROTO_TCP && quote->proto != PROTO_UDP;
	uint16_t peer_port = echo ? known->guest_port : known->peer_port;

	packet->flags |= VMP_PKT_TRANSLATED;
	*(leaves ? &packet->src_mac : &packet->dst_mac) = *mac;
	if (leaves)
		packet->src = *source;
	else if (!vmp_ip_equal(&known->peer, &known->far))
		packet->src = known->peer;
	packet->dst = quote->src = leaves ? known->peer : known->guest;
	quote->dst = leaves ? known->guest : known->peer;
	quote->sport = leaves ? peer_port : known->guest_port;
	quote->dport = leaves ? known->guest_port : peer_port;
	packet->quoted_src = quote->src;
	packet->quoted_dst = quote->dst;
	packet->quoted_dport = echo ? 0 : quote->dport;
}

static bool is_own(const struct vmp_ip *ip, const struct vmp_ip *addresses, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (vmp_ip_equal(ip, &addresses[i]))
			return true;
	return false;
}

/* It leaves the guest: remembered by what stays of it. */
static void see_sent(struct vmp_translate *translate, const struct vmp_frame *frame, const struct vmp_packet *packet,
		     enum vmp_crossing kind, const struct vmp_sides *sides)
{
	struct vmp_end source = {packet->src, 0, 0};
	struct connection *connection;

	if (kind == VMP_CROSSING_WHOLE) {
		connection = connection_of(translate, sides->proto, &sides->own, &sides->peer);
		if (connection)
			remember_fragments(translate, frame->ts_ns, packet, connection, true);
		source = sides->own;
	}
	vmp_crossed_remember(&translate->crossed, vmp_crossing_key(&translate->key, frame, packet, &sides->peer, true), frame->ts_ns, &source, true);
}

/* On the device that the guest's packets come in by, and go to it. */
static void see_inside(struct vmp_translate *translate, const struct vmp_frame *frame, const struct vmp_packet *packet)
{
	const struct vmp_mac *mac = &translate->path->guest_mac;
	bool leaves = vmp_mac_equal(&packet->src_mac, mac);
	struct vmp_sides sides;
	enum vmp_crossing kind = vmp_crossing_of(packet, leaves, &sides);
	struct connection *known;
	const struct vmp_crossed_packet *outside;
	const struct vmp_lead *lead;

	if (leaves && (kind == VMP_CROSSING_WHOLE || kind == VMP_CROSSING_REST))
		note_sent(translate, frame->ts_ns, packet);
	if (kind == VMP_CROSSING_NOT || kind == VMP_CROSSING_REST || (!leaves && !vmp_mac_equal(&packet->dst_mac, mac)))
		return;
	lead = vmp_path_lead(translate->path, leaves ? &packet->dst : &packet->src);
	if (!lead || lead->hop < 0)
		return;
	if (leaves)
		see_sent(translate, frame, packet, kind, &sides);
	if (leaves || kind == VMP_CROSSING_ERROR)
		return;
	known = find(translate, true, sides.proto, &sides.own, &sides.peer);
	if (known && known->outside) {
		known->last_ns = frame->ts_ns;
		return;
	}
	outside = vmp_crossed_recall(&translate->crossed, vmp_crossing_key(&translate->key, frame, packet, &sides.peer, false), frame->ts_ns, false);
	if (outside)
		learn(translate, lead->hop, frame->ts_ns, sides.proto, &sides.own, &outside->end, &sides.peer);
	else if (known && !((packet->flags & VMP_PKT_TCP) && (packet->tcp_flags & VMP_TCP_RST)))
		known->answered_here = true;
}

static bool see_leaving(struct vmp_translate *translate, int hop, const struct vmp_frame *frame, struct vmp_packet *packet,
			const struct vmp_sides *sides)
{
	struct connection *known = find(translate, false, sides->proto, &sides->own, &sides->peer);
	struct vmp_end peer = known ? (struct vmp_end){known->known.peer, 0, known->known.peer_port} : sides->peer;
	uint64_t key = vmp_crossing_key(&translate->key, frame, packet, &peer, true);
	const struct vmp_crossed_packet *inside = vmp_crossed_recall(&translate->crossed, key, frame->ts_ns, true);
	bool opens = (packet->flags & VMP_PKT_TCP) && (packet->tcp_flags & (VMP_TCP_SYN | VMP_TCP_ACK)) == VMP_TCP_SYN;

	if (known && !inside && opens)
		known->outside = false; /* somebody else's, with a port that was the guest's */
	if (inside && (!known || !same_end(&known->known.guest, known->known.guest_port, &inside->end)) && !translate->is_replay)
		known = learn(translate, hop, frame->ts_ns, sides->proto, &inside->end, &sides->own, &sides->peer);
	if (!known || !known->outside)
		return false;
	known->last_ns = frame->ts_ns;
	remember_fragments(translate, frame->ts_ns, packet, known, true);
	undo(packet, VMP_CROSSING_WHOLE, true, &known->known, &translate->path->guest_mac);
	return true;
}

static bool see_coming(struct vmp_translate *translate, const struct vmp_frame *frame, struct vmp_packet *packet,
		       const struct vmp_sides *sides)
{
	struct connection *known = find(translate, false, sides->proto, &sides->own, &sides->peer);
	bool idle = known && !(packet->flags & VMP_PKT_TCP) && frame->ts_ns > known->last_ns + IDLE_NS;

	if (!known || idle) {
		if (!translate->is_replay)
			vmp_crossed_remember(&translate->crossed,
					     vmp_crossing_key(&translate->key, frame, packet, &sides->peer, false), frame->ts_ns,
					     &sides->own, false);
		return false;
	}
	remember_fragments(translate, frame->ts_ns, packet, known, false);
	undo(packet, VMP_CROSSING_WHOLE, false, &known->known, &translate->path->guest_mac);
	return true;
}

static bool see_rest(struct vmp_translate *translate, const struct vmp_frame *frame, struct vmp_packet *packet, bool leaves)
{
	const struct connection *known = recall_fragments(translate, frame->ts_ns, packet, leaves);

	if (!known || !known->outside)
		return false;
	undo(packet, VMP_CROSSING_REST, leaves, &known->known, &translate->path->guest_mac);
	return true;
}

/* This host makes errors too, also about packets of the guest: of those that leave only what the guest sent is the guest's. */
static bool see_error(struct vmp_translate *translate, const struct vmp_frame *frame, struct vmp_packet *packet,
		      const struct vmp_sides *sides, bool leaves)
{
	const struct connection *known = find(translate, false, sides->proto, &sides->own, &sides->peer);
	const struct vmp_crossed_packet *inside = NULL;

	if (!known || frame->ts_ns > known->last_ns + IDLE_NS)
		return false;
	if (leaves) {
		struct vmp_end peer = {known->known.peer, 0, known->known.peer_port};

		inside = vmp_crossed_recall(&translate->crossed, vmp_crossing_key(&translate->key, frame, packet, &peer, true), frame->ts_ns, true);
		if (!inside)
			return false;
	}
	undo_error(packet, leaves, &known->known, inside ? &inside->end.ip : NULL, &translate->path->guest_mac);
	return true;
}

/* On a device that this host routes by: is it the guest's? Then it is made what it was inside. */
static bool see_outside(struct vmp_translate *translate, int hop, const struct vmp_frame *frame, struct vmp_packet *packet)
{
	bool leaves = frame->devdir == VMP_DEV_OUT, known = false;
	uint32_t fragment = packet->flags & VMP_PKT_FRAGMENT;
	struct vmp_sides sides;

	switch (vmp_crossing_of(packet, leaves, &sides)) {
	case VMP_CROSSING_WHOLE:
		known = leaves ? see_leaving(translate, hop, frame, packet, &sides) : see_coming(translate, frame, packet, &sides);
		break;
	case VMP_CROSSING_REST:
		known = see_rest(translate, frame, packet, leaves);
		break;
	case VMP_CROSSING_ERROR:
		known = see_error(translate, frame, packet, &sides, leaves);
		break;
	case VMP_CROSSING_NOT:
		break;
	}
	return known || (fragment && leaves && note_nobodys(translate, frame->ts_ns, packet));
}

bool vmp_translate_frame(struct vmp_translate *translate, int hop, const struct vmp_frame *frame, const struct vmp_ip *addresses,
			 size_t n, struct vmp_packet *packet)
{
	const struct vmp_hop *at = &translate->path->hops.v[hop];
	bool leaves = frame->devdir == VMP_DEV_OUT, neighbour = packet->flags & (VMP_PKT_ARP | VMP_PKT_ND);
	struct vmp_sides sides;

	take_given(translate, frame->ts_ns);
	if (at->role == VMP_ROLE_SWITCH && neighbour)
		vmp_next_hops_see(&translate->next_hops, frame, packet);
	else if (at->role == VMP_ROLE_SWITCH)
		see_inside(translate, frame, packet);
	if (!at->routed)
		return true;
	if (neighbour)
		return vmp_next_hops_see(&translate->next_hops, frame, packet);
	if (!is_own(leaves ? &packet->src : &packet->dst, addresses, n))
		return see_outside(translate, hop, frame, packet);
	if (vmp_crossing_of(packet, leaves, &sides) == VMP_CROSSING_NOT)
		return false;
	packet->flags |= VMP_PKT_TRANSLATED;
	*(leaves ? &packet->src_mac : &packet->dst_mac) = translate->path->guest_mac;
	return true;
}

void vmp_translate_look(struct vmp_translate *translate, struct vmp_packet *packet)
{
	const struct vmp_mac *mac = &translate->path->guest_mac;

	for (int leaves = 1; leaves >= 0; leaves--) {
		struct vmp_sides sides;
		enum vmp_crossing kind = vmp_crossing_of(packet, leaves, &sides);
		bool is_error = kind == VMP_CROSSING_ERROR;
		const struct connection *known;

		if (kind != VMP_CROSSING_WHOLE && !is_error)
			return;
		known = find(translate, false, sides.proto, &sides.own, &sides.peer);
		if (!known || !known->outside)
			continue;
		if (is_error)
			undo_error(packet, leaves, &known->known, &known->known.guest, mac);
		else
			undo(packet, kind, leaves, &known->known, mac);
		return;
	}
}

/* ---- what is owed ------------------------------------------------------------------------------------------------- */

unsigned int vmp_translate_connection(struct vmp_translate *translate, uint64_t ts_ns, const struct vmp_packet *from_guest, bool *ret_told)
{
	struct vmp_sides sides;
	enum vmp_crossing kind = vmp_crossing_of(from_guest, true, &sides);
	const struct connection *known = NULL;

	if (kind == VMP_CROSSING_REST)
		known = recall_fragments(translate, ts_ns, from_guest, true);
	else if (kind != VMP_CROSSING_NOT)
		known = find(translate, true, sides.proto, &sides.own, &sides.peer);
	*ret_told = kind == VMP_CROSSING_WHOLE || (known && (kind == VMP_CROSSING_REST || known->outside));
	return known ? (unsigned int)(known - translate->connections + 1) : 0;
}

bool vmp_translate_ends_here(const struct vmp_translate *translate, unsigned int connection)
{
	return connection > 0 && connection <= translate->n && translate->connections[connection - 1].answered_here;
}

int vmp_translate_next_hop(struct vmp_translate *translate, const struct vmp_packet *packet)
{
	const struct vmp_lead *lead = vmp_path_lead(translate->path, &packet->dst);

	return lead ? vmp_next_hops_number(&translate->next_hops, lead->has_gateway ? &lead->gateway : &packet->dst) : -1;
}

bool vmp_translate_waits(const struct vmp_translate *translate, int next_hop, uint64_t ts_ns)
{
	return vmp_next_hops_wait(&translate->next_hops, next_hop, ts_ns);
}

int vmp_translate_report(struct vmp_translate *translate, struct vmp_run *run)
{
	if (translate->is_replay)
		return 0;
	take_given(translate, UINT64_MAX); /* of which no packet came */
	vmp_vec_free(&run->translations);
	vmp_vec_foreach (learned, &translate->learned) {
		struct vmp_translation *each = vmp_vec_add(&run->translations);

		if (!each)
			return -ENOMEM;
		*each = *learned;
	}
	return 0;
}
