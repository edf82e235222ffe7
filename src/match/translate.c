/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/translate.h"

#include "base/cursor.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECENT = 1 << 15,       /* packets remembered by what stays of them; a power of two */
	CONNECTIONS = 1 << 14,
	SLOTS = 2 * CONNECTIONS,
	NEXT_HOPS = 512,
	PROBES = 32,            /* slots looked through for a key */
	PAYLOAD = 16,
	ECHO_REQUEST = 8, ECHO_REPLY = 0, ECHO6_REQUEST = 128, ECHO6_REPLY = 129,
};

#define SEC_NS      1000000000ULL
#define RECENT_NS   5000000000ULL       /* a packet is not translated longer than it may wait for a neighbour */
#define IDLE_NS     30000000000ULL      /* nf_conntrack_udp_timeout, nf_conntrack_icmp_timeout: then ports are given anew */
#define ASKED_NS    4000000000ULL       /* a neighbour is asked three times, a second apart, before packets for it are dropped */

struct end {
	struct vmp_ip ip;
	uint8_t pad;            /* always 0: ends are hashed */
	uint16_t port;
};
_Static_assert(sizeof(struct end) == sizeof(struct vmp_ip) + 3, "a hole would be hashed");

/* A packet of the guest that is about to leave, or one from outside that may be for it. */
struct recent {
	uint64_t key, ts_ns;
	struct end end;         /* the side that is translated */
	bool used, leaves;
};

/* A connection of the guest, known inside; outside as soon as a packet has shown how. */
struct connection {
	struct vmp_translation known;
	uint64_t last_ns;       /* it was shown to be this guest's */
	bool outside;           /* it is known there; not, or no longer: its port may be another's */
	bool answered_here;     /* by this host, as far as is known: a proxy does that */
};

struct next_hop {
	struct vmp_ip ip;
	uint64_t asked_ns, answered_ns;
};

struct vmp_translate {
	const struct vmp_path *path;
	struct vmp_hash_key key;
	struct recent recent[RECENT];
	struct connection connections[CONNECTIONS];
	size_t n;
	uint16_t inside[SLOTS], outside[SLOTS]; /* number + 1 of a connection, by its sides */
	struct next_hop next_hops[NEXT_HOPS];
	size_t n_next_hops;
	VMP_VEC(struct vmp_translation) learned;
	const struct vmp_translation *given;    /* known before, in the order of their times */
	size_t n_given, taken;
	bool is_replay;                         /* all there is was given: nothing is learned */
	bool full;
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

/* ---- what stays of a packet --------------------------------------------------------------------------------------- */

static bool is_echo(const struct vmp_packet *packet)
{
	uint8_t type = packet->icmp_type;

	return ((packet->flags & VMP_PKT_ICMP) && (type == ECHO_REQUEST || type == ECHO_REPLY)) ||
	       ((packet->flags & VMP_PKT_ICMP6) && (type == ECHO6_REQUEST || type == ECHO6_REPLY));
}

/* Can it be followed across the router? Of fragments only the first has ports, and other ICMP quotes what is translated in it. */
static bool is_followed(const struct vmp_packet *packet)
{
	return (packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6)) && (packet->flags & VMP_PKT_L4) && !(packet->flags & VMP_PKT_FRAGMENT) &&
	       (is_echo(packet) || (packet->flags & (VMP_PKT_TCP | VMP_PKT_UDP)));
}

static struct end source_of(const struct vmp_packet *packet)
{
	return (struct end){packet->src, 0, is_echo(packet) ? packet->icmp_id : packet->sport};
}

static struct end destination_of(const struct vmp_packet *packet)
{
	return (struct end){packet->dst, 0, is_echo(packet) ? packet->icmp_id : packet->dport};
}

/* Of an echo the peer has no port: its id is the translated side's. */
static struct end peer_of(const struct vmp_packet *packet, bool leaves)
{
	struct end end = leaves ? destination_of(packet) : source_of(packet);

	if (is_echo(packet))
		end.port = 0;
	return end;
}

/*
 * A large TCP packet that is cut outside has the id and number of its first piece, so neither length nor payload are looked at.
 * Others: the start of the payload tells apart what has no number. peer: as it looks inside.
 */
static uint64_t lasting_key(const struct vmp_translate *translate, const struct vmp_frame *frame, const struct vmp_packet *packet,
			    const struct end *peer, bool leaves)
{
	struct {
		struct end peer;
		uint8_t payload[PAYLOAD];
		uint32_t seq, ack;
		uint16_t ip_id;
		uint8_t proto, leaves, type, pad[3];
	} what;
	struct vmp_cursor c = vmp_cursor_make(frame->data, frame->cap_len);

	memset(&what, 0, sizeof(what));
	what.peer = *peer;
	what.ip_id = packet->ip_id;
	what.proto = packet->proto;
	what.leaves = leaves;
	if (packet->flags & VMP_PKT_TCP) {
		what.seq = packet->tcp_seq;
		what.ack = packet->tcp_ack;
	} else {
		uint32_t at = packet->l4_offset + 8, len = packet->payload_len < PAYLOAD ? packet->payload_len : PAYLOAD;

		what.seq = is_echo(packet) ? packet->icmp_seq : 0;
		what.type = packet->icmp_type;
		vmp_cursor_take(&c, at);
		if (!c.bad && c.left >= len)
			vmp_cursor_copy(&c, what.payload, len);
	}
	return vmp_hash_half(&translate->key, &what, sizeof(what));
}

static void remember(struct vmp_translate *translate, uint64_t key, uint64_t ts_ns, const struct end *end, bool leaves)
{
	struct recent *slot = &translate->recent[key % RECENT], *oldest = slot;

	for (size_t i = 0; i < PROBES; i++) {
		slot = &translate->recent[(key + i) % RECENT];
		if (!slot->used || slot->key == key || ts_ns > slot->ts_ns + RECENT_NS) {
			oldest = slot;
			break;
		}
		if (slot->ts_ns < oldest->ts_ns)
			oldest = slot;
	}
	*oldest = (struct recent){key, ts_ns, *end, true, leaves};
}

static const struct recent *recall(const struct vmp_translate *translate, uint64_t key, uint64_t ts_ns, bool leaves)
{
	for (size_t i = 0; i < PROBES; i++) {
		const struct recent *slot = &translate->recent[(key + i) % RECENT];

		if (!slot->used)
			return NULL;
		if (slot->key == key && slot->leaves == leaves && ts_ns <= slot->ts_ns + RECENT_NS)
			return slot;
	}
	return NULL;
}

/* ---- connections -------------------------------------------------------------------------------------------------- */

static bool same_end(const struct vmp_ip *ip, uint16_t port, const struct end *end)
{
	return port == end->port && vmp_ip_equal(ip, &end->ip);
}

static size_t slot_of(const struct vmp_translate *translate, bool inside, uint8_t proto, const struct end *own, const struct end *peer)
{
	struct {
		struct end own, peer;
		uint8_t proto, inside;
	} what;

	memset(&what, 0, sizeof(what));
	what.own = *own;
	what.peer = *peer;
	what.proto = proto;
	what.inside = inside;
	return vmp_hash_half(&translate->key, &what, sizeof(what)) % SLOTS;
}

static bool has_sides(const struct connection *connection, bool inside, uint8_t proto, const struct end *own, const struct end *peer)
{
	const struct vmp_translation *known = &connection->known;

	if (known->proto != proto)
		return false;
	if (inside)
		return same_end(&known->peer, known->peer_port, peer) && same_end(&known->guest, known->guest_port, own);
	return connection->outside && same_end(&known->far, known->far_port, peer) && same_end(&known->outside, known->outside_port, own);
}

static struct connection *find(struct vmp_translate *translate, bool inside, uint8_t proto, const struct end *own, const struct end *peer)
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
static void index_it(struct vmp_translate *translate, bool inside, const struct connection *connection, const struct end *own)
{
	const struct vmp_translation *known = &connection->known;
	struct end peer = inside ? (struct end){known->peer, 0, known->peer_port} : (struct end){known->far, 0, known->far_port};
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
static struct connection *connection_of(struct vmp_translate *translate, uint8_t proto, const struct end *guest, const struct end *peer)
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
				      const struct end *outside, const struct end *far)
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
		struct end guest = {given->guest, 0, given->guest_port}, outside = {given->outside, 0, given->outside_port};
		struct end peer = {given->peer, 0, given->peer_port}, far = {given->far, 0, given->far_port};
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

static struct connection *learn(struct vmp_translate *translate, int hop, uint64_t ts_ns, const struct vmp_packet *packet, bool leaves,
				const struct end *guest, const struct end *outside)
{
	struct end peer = peer_of(packet, leaves);
	struct connection *connection;

	if (translate->is_replay || translate->learned.n == CONNECTIONS) {
		translate->full = translate->full || !translate->is_replay;
		return NULL;
	}
	connection = set_outside(translate, connection_of(translate, packet->proto, guest, &peer), hop, ts_ns, outside, &peer);
	if (connection)
		note_learned(translate, &connection->known);
	else
		translate->full = true;
	return connection;
}

/* ---- frames ------------------------------------------------------------------------------------------------------- */

static void undo(struct vmp_packet *packet, bool leaves, const struct vmp_translation *known, const struct vmp_mac *mac)
{
	packet->flags |= VMP_PKT_TRANSLATED;
	*(leaves ? &packet->src_mac : &packet->dst_mac) = *mac;
	packet->src = leaves ? known->guest : known->peer;
	packet->dst = leaves ? known->peer : known->guest;
	if (is_echo(packet)) {
		packet->icmp_id = known->guest_port;
	} else {
		packet->sport = leaves ? known->guest_port : known->peer_port;
		packet->dport = leaves ? known->peer_port : known->guest_port;
	}
}

static bool is_own(const struct vmp_ip *ip, const struct vmp_ip *addresses, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (vmp_ip_equal(ip, &addresses[i]))
			return true;
	return false;
}

/* On the device that the guest's packets come in by, and go to it. */
static void see_inside(struct vmp_translate *translate, const struct vmp_frame *frame, const struct vmp_packet *packet)
{
	const struct vmp_mac *mac = &translate->path->guest_mac;
	bool leaves = vmp_mac_equal(&packet->src_mac, mac);
	struct end own = leaves ? source_of(packet) : destination_of(packet), peer = peer_of(packet, leaves);
	struct connection *known;
	const struct recent *outside;
	const struct vmp_lead *lead;

	if (!is_followed(packet) || (!leaves && !vmp_mac_equal(&packet->dst_mac, mac)))
		return;
	lead = vmp_path_lead(translate->path, leaves ? &packet->dst : &packet->src);
	if (!lead || lead->hop < 0)
		return;
	if (leaves) {
		connection_of(translate, packet->proto, &own, &peer);
		remember(translate, lasting_key(translate, frame, packet, &peer, true), frame->ts_ns, &own, true);
		return;
	}
	known = find(translate, true, packet->proto, &own, &peer);
	if (known && known->outside) {
		known->last_ns = frame->ts_ns;
		return;
	}
	outside = recall(translate, lasting_key(translate, frame, packet, &peer, false), frame->ts_ns, false);
	if (outside)
		learn(translate, lead->hop, frame->ts_ns, packet, false, &own, &outside->end);
	else if (known && !((packet->flags & VMP_PKT_TCP) && (packet->tcp_flags & VMP_TCP_RST)))
		known->answered_here = true;
}

static bool see_leaving(struct vmp_translate *translate, int hop, const struct vmp_frame *frame, struct vmp_packet *packet)
{
	struct end outside = source_of(packet), far = peer_of(packet, true);
	struct connection *known = find(translate, false, packet->proto, &outside, &far);
	struct end peer = known ? (struct end){known->known.peer, 0, known->known.peer_port} : far;
	const struct recent *inside = recall(translate, lasting_key(translate, frame, packet, &peer, true), frame->ts_ns, true);
	bool opens = (packet->flags & VMP_PKT_TCP) && (packet->tcp_flags & (VMP_TCP_SYN | VMP_TCP_ACK)) == VMP_TCP_SYN;

	if (known && !inside && opens)
		known->outside = false; /* somebody else's, with a port that was the guest's */
	if (inside && (!known || !same_end(&known->known.guest, known->known.guest_port, &inside->end)) && !translate->is_replay)
		known = learn(translate, hop, frame->ts_ns, packet, true, &inside->end, &outside);
	if (!known || !known->outside)
		return false;
	known->last_ns = frame->ts_ns;
	undo(packet, true, &known->known, &translate->path->guest_mac);
	return true;
}

static bool see_coming(struct vmp_translate *translate, const struct vmp_frame *frame, struct vmp_packet *packet)
{
	struct end outside = destination_of(packet), far = peer_of(packet, false);
	struct connection *known = find(translate, false, packet->proto, &outside, &far);
	bool idle = known && !(packet->flags & VMP_PKT_TCP) && frame->ts_ns > known->last_ns + IDLE_NS;

	if (!known || idle) {
		if (!translate->is_replay)
			remember(translate, lasting_key(translate, frame, packet, &far, false), frame->ts_ns, &outside, false);
		return false;
	}
	undo(packet, false, &known->known, &translate->path->guest_mac);
	return true;
}

/* The number of a next hop, -1 when it is none; with `make` it is one from now on, and -2 says that there is no room. */
static int next_hop_number(struct vmp_translate *translate, const struct vmp_ip *ip, bool make)
{
	for (size_t i = 0; i < translate->n_next_hops; i++)
		if (vmp_ip_equal(&translate->next_hops[i].ip, ip))
			return (int)i;
	if (!make)
		return -1;
	if (translate->n_next_hops == NEXT_HOPS)
		return VMP_NEXT_HOP_UNKNOWN;
	translate->next_hops[translate->n_next_hops] = (struct next_hop){.ip = *ip};
	return (int)translate->n_next_hops++;
}

/*
 * The host asks for the MAC of a next hop, or hears it: in an answer, or when that one asks itself. What others in the network ask one
 * another is passed over. Returns whether it is of use.
 */
static bool see_neighbour(struct vmp_translate *translate, const struct vmp_frame *frame, const struct vmp_packet *packet)
{
	bool nd = packet->flags & VMP_PKT_ND;
	bool asks = nd ? packet->icmp_type == 135 : packet->arp_op == 1;
	int number;

	if (frame->devdir == VMP_DEV_OUT) {
		number = asks ? next_hop_number(translate, nd ? &packet->nd_target : &packet->dst, true) : -1;
		if (number >= 0)
			translate->next_hops[number].asked_ns = frame->ts_ns;
		return number >= 0;
	}
	number = nd && asks ? -1 : next_hop_number(translate, nd ? &packet->nd_target : &packet->src, false);
	if (number >= 0)
		translate->next_hops[number].answered_ns = frame->ts_ns;
	return number >= 0;
}

bool vmp_translate_frame(struct vmp_translate *translate, int hop, const struct vmp_frame *frame, const struct vmp_ip *addresses,
			 size_t n, struct vmp_packet *packet)
{
	const struct vmp_hop *at = &translate->path->hops.v[hop];
	bool leaves = frame->devdir == VMP_DEV_OUT;

	bool neighbour = packet->flags & (VMP_PKT_ARP | VMP_PKT_ND);

	take_given(translate, frame->ts_ns);
	if (at->role == VMP_ROLE_SWITCH && neighbour)
		see_neighbour(translate, frame, packet);
	else if (at->role == VMP_ROLE_SWITCH)
		see_inside(translate, frame, packet);
	if (!at->routed)
		return true;
	if (neighbour)
		return see_neighbour(translate, frame, packet);
	if (!is_followed(packet))
		return false;
	if (is_own(leaves ? &packet->src : &packet->dst, addresses, n)) {
		packet->flags |= VMP_PKT_TRANSLATED;
		*(leaves ? &packet->src_mac : &packet->dst_mac) = translate->path->guest_mac;
		return true;
	}
	return leaves ? see_leaving(translate, hop, frame, packet) : see_coming(translate, frame, packet);
}

void vmp_translate_look(struct vmp_translate *translate, struct vmp_packet *packet)
{
	struct end source = source_of(packet), destination = destination_of(packet), peer = peer_of(packet, true);
	const struct connection *known;

	if (!is_followed(packet))
		return;
	known = find(translate, false, packet->proto, &source, &peer);
	if (known && known->outside) {
		undo(packet, true, &known->known, &translate->path->guest_mac);
		return;
	}
	peer = peer_of(packet, false);
	known = find(translate, false, packet->proto, &destination, &peer);
	if (known && known->outside)
		undo(packet, false, &known->known, &translate->path->guest_mac);
}

/* ---- what is owed ------------------------------------------------------------------------------------------------- */

enum vmp_owed_outside vmp_translate_must_leave(const struct vmp_path *path, const struct vmp_packet *packet, int *ret_hop)
{
	const struct vmp_lead *lead = packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6) ? vmp_path_lead(path, &packet->dst) : NULL;

	/* A source of another network is no guest's of this one: what routes and filters make of it is not known. */
	if (!lead || lead->hop < 0 || !is_followed(packet) || packet->ttl <= 1 || !vmp_path_is_inside(path, &packet->src))
		return VMP_STAYS_HERE;
	*ret_hop = lead->hop;
	return path->leads_unsure ? VMP_MAY_LEAVE : VMP_MUST_LEAVE;
}

unsigned int vmp_translate_connection(struct vmp_translate *translate, const struct vmp_packet *from_guest)
{
	struct end own = source_of(from_guest), peer = peer_of(from_guest, true);
	const struct connection *known = is_followed(from_guest) ? find(translate, true, from_guest->proto, &own, &peer) : NULL;

	return known ? (unsigned int)(known - translate->connections + 1) : 0;
}

bool vmp_translate_ends_here(const struct vmp_translate *translate, unsigned int connection)
{
	return connection > 0 && connection <= translate->n && translate->connections[connection - 1].answered_here;
}

int vmp_translate_next_hop(struct vmp_translate *translate, const struct vmp_packet *packet)
{
	const struct vmp_lead *lead = vmp_path_lead(translate->path, &packet->dst);

	return lead ? next_hop_number(translate, lead->has_gateway ? &lead->gateway : &packet->dst, true) : -1;
}

bool vmp_translate_waits(const struct vmp_translate *translate, int next_hop, uint64_t ts_ns)
{
	const struct next_hop *to;

	if (next_hop < 0 || (size_t)next_hop >= translate->n_next_hops)
		return false;
	to = &translate->next_hops[next_hop];
	return to->asked_ns > to->answered_ns && to->asked_ns + ASKED_NS >= ts_ns;
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
