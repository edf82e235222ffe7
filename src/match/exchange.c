/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question travels from its near end to its far end, the answer back. What reached the far end and what was answered
 * there are counted apart from what was asked, so that loss on the way is not taken for silence. A question repeated at the near
 * end after its answer had passed there says that the asker did not get it, or would not have it.
 */
#include "match/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16384, SLOTS = 2 * MOST }; /* at most half full: which questions have room depends on their order alone, not on the key */

#define AGAIN_AFTER_NS 50000000ULL  /* a repetition this soon after the answer crossed it on the way */
#define RESOLVER_NS    900000000ULL /* no resolver asks the same more often (RFC 1122 2.3.2.1, RFC 4861 RetransTimer): a tool does */

struct key {
	struct vmp_ip asker, target;
	uint32_t detail;        /* ports, or echo id and sequence */
	uint8_t kind, direction, pad[2];
};

struct question {
	struct key key;
	uint32_t tcp_seq;
	uint64_t owing;         /* asked at the far end within the window, not answered yet */
	bool direct;            /* asked of the target alone at least once, not of everybody */
	bool refused;
	bool unwanted;          /* its asker got the answer, and refused it */
	uint64_t asked_near, asked, answered, answered_near, asked_again, answers_refused;
	uint64_t first_ns, last_ns, near_answer_ns;
	uint64_t owing_ns;      /* when the last one owed was asked */
	uint64_t near_ns;       /* when it was last asked at the near end */
};

struct vmp_exchange_table {
	struct vmp_hash_key key;
	uint16_t tags[SLOTS];   /* 0: free; else some of the hash of its key, so that a search need not look at the slots */
	size_t n;
	uint64_t overlooked;    /* sightings of questions for which there was no room */
	uint64_t with_repeats;  /* questions with asked_again: only then traffic is searched for signs of having got the answer */
	struct question slots[SLOTS];
};

/* What a packet means to an exchange. */
enum part { PART_NONE, PART_QUESTION, PART_ANSWER, PART_REFUSAL };

struct reading {
	enum part part;
	struct key key;
	uint32_t tcp_seq;
	bool group;
};

struct vmp_exchange_table *vmp_exchange_new(const struct vmp_hash_key *key)
{
	struct vmp_exchange_table *table = calloc(1, sizeof(*table));

	if (table)
		table->key = *key;
	return table;
}

void vmp_exchange_free(struct vmp_exchange_table *table)
{
	free(table);
}

/* ---- reading: one function per kind ------------------------------------------------------------------------------ */

static void set_key(struct reading *reading, enum vmp_exchange_kind kind, const struct vmp_ip *asker,
		    const struct vmp_ip *target, uint32_t detail)
{
	reading->key.kind = (uint8_t)kind;
	reading->key.asker = *asker;
	reading->key.target = *target;
	reading->key.detail = detail;
}

static bool is_unspecified(const struct vmp_ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->b, zero, sizeof(zero)) == 0;
}

/* RFC 826; probes (RFC 5227) and announcements ask for no answer. */
static void read_arp(const struct vmp_packet *packet, struct reading *reading)
{
	if (is_unspecified(&packet->src) || vmp_ip_equal(&packet->src, &packet->dst))
		return;
	reading->part = packet->arp_op == 1 ? PART_QUESTION : packet->arp_op == 2 ? PART_ANSWER : PART_NONE;
	if (reading->part == PART_QUESTION)
		set_key(reading, VMP_EXCHANGE_ARP, &packet->src, &packet->dst, 0);
	else
		set_key(reading, VMP_EXCHANGE_ARP, &packet->dst, &packet->src, 0);
}

/* RFC 4861; duplicate address detection asks for no answer. */
static void read_nd(const struct vmp_packet *packet, struct reading *reading)
{
	if (is_unspecified(&packet->src) || (packet->icmp_type == 136 && vmp_ip_is_group(&packet->dst)))
		return;
	reading->part = packet->icmp_type == 135 ? PART_QUESTION : PART_ANSWER;
	if (reading->part == PART_QUESTION)
		set_key(reading, VMP_EXCHANGE_ND, &packet->src, &packet->nd_target, 0);
	else
		set_key(reading, VMP_EXCHANGE_ND, &packet->dst, &packet->nd_target, 0);
}

static void read_echo(const struct vmp_packet *packet, struct reading *reading)
{
	bool six = packet->flags & VMP_PKT_ICMP6;
	uint32_t detail = (uint32_t)packet->icmp_id << 16 | packet->icmp_seq;

	if (packet->icmp_type == (six ? 128 : 8)) {
		reading->part = PART_QUESTION;
		set_key(reading, VMP_EXCHANGE_ICMP_ECHO, &packet->src, &packet->dst, detail);
	} else if (packet->icmp_type == (six ? 129 : 0)) {
		reading->part = PART_ANSWER;
		set_key(reading, VMP_EXCHANGE_ICMP_ECHO, &packet->dst, &packet->src, detail);
	}
}

static void read_tcp(const struct vmp_packet *packet, struct reading *reading)
{
	uint8_t flags = packet->tcp_flags & (VMP_TCP_SYN | VMP_TCP_ACK | VMP_TCP_RST);

	if (flags == VMP_TCP_SYN) {
		reading->part = PART_QUESTION;
		reading->tcp_seq = packet->tcp_seq;
		set_key(reading, VMP_EXCHANGE_TCP_HANDSHAKE, &packet->src, &packet->dst,
			(uint32_t)packet->sport << 16 | packet->dport);
	} else if (flags == (VMP_TCP_SYN | VMP_TCP_ACK) || (flags & VMP_TCP_RST)) {
		reading->part = flags & VMP_TCP_RST ? PART_REFUSAL : PART_ANSWER;
		reading->tcp_seq = packet->tcp_ack - 1;
		set_key(reading, VMP_EXCHANGE_TCP_HANDSHAKE, &packet->dst, &packet->src,
			(uint32_t)packet->dport << 16 | packet->sport);
	}
}

static struct reading read_packet(const struct vmp_packet *packet)
{
	struct reading reading;

	memset(&reading, 0, sizeof(reading)); /* the key is hashed, padding and all */
	reading.group = vmp_mac_is_group(&packet->dst_mac);
	if (packet->flags & VMP_PKT_ARP)
		read_arp(packet, &reading);
	else if (packet->flags & VMP_PKT_ND)
		read_nd(packet, &reading);
	else if (!(packet->flags & VMP_PKT_L4) || (packet->flags & VMP_PKT_FRAGMENT))
		reading.part = PART_NONE; /* a fragment alone asks nothing: the rest may be lost */
	else if (packet->flags & (VMP_PKT_ICMP | VMP_PKT_ICMP6))
		read_echo(packet, &reading);
	else if (packet->flags & VMP_PKT_TCP)
		read_tcp(packet, &reading);
	return reading;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

/* The slot of a key; with `make` a free one when it is not there. NULL: it is not, or there is no room. */
static struct question *find(struct vmp_exchange_table *table, const struct key *key, bool make)
{
	uint64_t hash = vmp_hash_half(&table->key, key, sizeof(*key));
	uint16_t tag = (uint16_t)(hash >> 48 | 1);
	size_t at = hash % SLOTS;

	for (; table->tags[at]; at = (at + 1) % SLOTS)
		if (table->tags[at] == tag && memcmp(&table->slots[at].key, key, sizeof(*key)) == 0)
			return &table->slots[at];
	if (!make)
		return NULL;
	if (table->n >= MOST) {
		table->overlooked++;
		return NULL;
	}
	table->n++;
	table->tags[at] = tag;
	table->slots[at] = (struct question){.key = *key};
	return &table->slots[at];
}

/* A retransmitted SYN is the same question again, and an echo request that comes twice was doubled on the way. */
static bool is_repetition(const struct question *question, const struct reading *reading, uint64_t asked)
{
	return asked > 0 && (reading->key.kind == VMP_EXCHANGE_ICMP_ECHO ||
			     (reading->key.kind == VMP_EXCHANGE_TCP_HANDSHAKE && question->tcp_seq == reading->tcp_seq));
}

static void ask_near(struct vmp_exchange_table *table, struct question *question, const struct reading *reading,
		     uint64_t ts_ns, bool counts)
{
	/* A question asked of the target alone shows that the asker knows it: a probe, not a repetition (ARP, ND). */
	bool resolver = reading->group && ts_ns >= question->near_ns + RESOLVER_NS;
	bool again = question->near_answer_ns && ts_ns > question->near_answer_ns + AGAIN_AFTER_NS;

	if (!is_repetition(question, reading, question->asked_near))
		question->asked_near += counts;
	if (counts && again && question->unwanted)
		question->answers_refused++;
	else if (counts && again && (reading->key.kind == VMP_EXCHANGE_TCP_HANDSHAKE || resolver))
		if (!question->asked_again++)
			table->with_repeats++;
	question->near_ns = ts_ns;
}

static void ask_far(struct question *question, const struct reading *reading, uint64_t ts_ns, bool counts)
{
	if (!counts || is_repetition(question, reading, question->asked))
		return;
	question->asked++;
	question->owing++;
	question->owing_ns = ts_ns;
}

static void ask(struct vmp_exchange_table *table, struct question *question, const struct reading *reading, bool far,
		uint64_t ts_ns, bool counts)
{
	if (question->tcp_seq != reading->tcp_seq && question->first_ns) {
		question->near_answer_ns = 0; /* a new connection on the same ports */
		question->unwanted = false;
	}
	if (!question->first_ns)
		question->first_ns = ts_ns;
	question->last_ns = ts_ns;
	question->direct = question->direct || !reading->group;
	if (far)
		ask_far(question, reading, ts_ns, counts);
	else
		ask_near(table, question, reading, ts_ns, counts);
	question->tcp_seq = reading->tcp_seq;
}

static void answer(struct question *question, const struct reading *reading, bool far, bool near, uint64_t ts_ns)
{
	if (reading->key.kind == VMP_EXCHANGE_TCP_HANDSHAKE && question->tcp_seq != reading->tcp_seq)
		return; /* of another connection, or a reset in the middle of one */
	if (far && question->owing) {
		question->answered += question->owing; /* one answer serves all who asked the same before it */
		question->owing = 0;
		question->refused = reading->part == PART_REFUSAL;
	}
	if (near && (!question->near_answer_ns || reading->key.kind != VMP_EXCHANGE_TCP_HANDSHAKE)) {
		question->answered_near++;
		if (!question->near_answer_ns)
			question->near_answer_ns = ts_ns;
	}
}

/* Traffic from the asker that it could not send without the answer: an ACK of the handshake, a packet to the resolved MAC. */
static void note_success(struct vmp_exchange_table *table, enum vmp_direction direction, const struct vmp_packet *packet)
{
	struct reading reading;
	struct question *question;

	if (table->with_repeats == 0 || vmp_mac_is_group(&packet->dst_mac))
		return;
	memset(&reading, 0, sizeof(reading));
	reading.key.direction = (uint8_t)direction;
	if ((packet->flags & VMP_PKT_TCP) && (packet->flags & VMP_PKT_L4) &&
	    (packet->tcp_flags & (VMP_TCP_SYN | VMP_TCP_ACK | VMP_TCP_RST)) == VMP_TCP_ACK) {
		set_key(&reading, VMP_EXCHANGE_TCP_HANDSHAKE, &packet->src, &packet->dst,
			(uint32_t)packet->sport << 16 | packet->dport);
		question = find(table, &reading.key, false);
		if (question)
			question->asked_again = 0;
	}
	set_key(&reading, packet->src.family == 6 ? VMP_EXCHANGE_ND : VMP_EXCHANGE_ARP, &packet->src, &packet->dst, 0);
	question = find(table, &reading.key, false);
	if (question)
		question->asked_again = 0;
}

/*
 * Who did not ask this answers a SYN-ACK with a reset, whose number is the one that was acknowledged (RFC 9293 3.10.7): the answer has
 * arrived. An asker that goes on asking then had asked somebody else, whom this host made the guest, and the answer comes in the guest's
 * own name.
 */
static void note_unwanted(struct vmp_exchange_table *table, enum vmp_direction direction, const struct vmp_packet *packet)
{
	struct reading reading;
	struct question *question;

	if (!(packet->flags & VMP_PKT_TCP) || (packet->tcp_flags & (VMP_TCP_SYN | VMP_TCP_RST)) != VMP_TCP_RST)
		return;
	memset(&reading, 0, sizeof(reading));
	reading.key.direction = (uint8_t)direction;
	set_key(&reading, VMP_EXCHANGE_TCP_HANDSHAKE, &packet->src, &packet->dst, (uint32_t)packet->sport << 16 | packet->dport);
	question = find(table, &reading.key, false);
	if (question && question->near_answer_ns && packet->tcp_seq == question->tcp_seq + 1)
		question->unwanted = true;
}

/* Most packets are not: TCP after the handshake, UDP. */
static bool may_be_part(const struct vmp_packet *packet)
{
	return (packet->flags & (VMP_PKT_ARP | VMP_PKT_ND | VMP_PKT_ICMP | VMP_PKT_ICMP6)) ||
	       ((packet->flags & VMP_PKT_TCP) && (packet->tcp_flags & (VMP_TCP_SYN | VMP_TCP_RST)));
}

void vmp_exchange_see(struct vmp_exchange_table *table, enum vmp_exchange_place place, enum vmp_direction direction,
		      uint64_t ts_ns, bool counts, const struct vmp_packet *packet)
{
	enum vmp_direction asked;
	struct question *question;
	struct reading reading;
	bool is_question, at_far;

	if (table->with_repeats == 0 && !may_be_part(packet))
		return;
	reading = read_packet(packet);
	is_question = reading.part == PART_QUESTION;
	asked = is_question ? direction : direction == VMP_TO_GUEST ? VMP_FROM_GUEST : VMP_TO_GUEST;
	at_far = (asked == VMP_TO_GUEST) == (place == VMP_AT_BACKEND);
	if (reading.part == PART_NONE) {
		if (packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6))
			note_success(table, direction, packet);
		return;
	}
	if (reading.part == PART_REFUSAL)
		note_unwanted(table, direction, packet);
	reading.key.direction = (uint8_t)asked;
	question = find(table, &reading.key, is_question);
	if (!question)
		return;
	if (is_question)
		ask(table, question, &reading, at_far, ts_ns, counts);
	else
		answer(question, &reading, at_far, !at_far, ts_ns);
}

/* ---- summing up -------------------------------------------------------------------------------------------------- */

struct sum {
	struct vmp_exchange exchange;
	uint64_t worst;
	const struct question *shown; /* the worst one; of equal ones the first */
};

/* Which of two equally bad ones is shown does not depend on where the table has them: another key would show another. */
static bool is_before(const struct question *a, const struct question *b)
{
	return a->first_ns != b->first_ns ? a->first_ns < b->first_ns : memcmp(&a->key, &b->key, sizeof(a->key)) < 0;
}

static void add_question(struct sum *sum, const struct question *question, uint64_t now_ns, uint64_t patience_ns)
{
	struct vmp_exchange *exchange = &sum->exchange;
	uint64_t pending = question->owing > 0 && question->owing_ns + patience_ns > now_ns;
	uint64_t reached = question->asked - pending;
	uint64_t asked = question->asked_near > question->asked ? question->asked_near - pending : reached;
	uint64_t bad = question->asked_again + question->answers_refused + (asked > question->answered ? asked - question->answered : 0);

	exchange->asked += asked;
	exchange->reached += reached;
	exchange->pending += pending;
	exchange->answered += question->answered > reached ? reached : question->answered;
	exchange->refused += question->refused && question->answered;
	exchange->asked_again += question->asked_again;
	exchange->answers_refused += question->answers_refused;
	if (question->answered > question->answered_near && question->near_answer_ns == 0)
		exchange->answers_lost_inside += question->answered - question->answered_near;
	if (!exchange->first_ns || question->first_ns < exchange->first_ns)
		exchange->first_ns = question->first_ns;
	if (question->last_ns > exchange->last_ns)
		exchange->last_ns = question->last_ns;
	if (!sum->shown || bad > sum->worst || (bad == sum->worst && is_before(question, sum->shown))) {
		sum->worst = bad;
		sum->shown = question;
		exchange->asker = question->key.asker;
		exchange->asked_of = question->key.target;
	}
}

uint64_t vmp_exchange_overlooked(const struct vmp_exchange_table *table)
{
	return table->overlooked;
}

int vmp_exchange_report(const struct vmp_exchange_table *table, uint64_t now_ns, uint64_t patience_ns, bool has_edge,
			bool (*is_guests)(const void *context, const struct vmp_ip *ip), const void *context,
			vmp_exchanges *ret_exchanges)
{
	struct sum sums[VMP_EXCHANGE_KINDS][VMP_DIRECTIONS];

	memset(sums, 0, sizeof(sums));
	for (size_t i = 0; i < SLOTS; i++) {
		const struct question *question = &table->slots[i];

		if (!table->tags[i] ||
		    question->asked + question->asked_near + question->asked_again + question->answers_refused == 0)
			continue;
		/* Asked of everybody: only the owner of the address owes an answer. */
		if (question->key.direction == VMP_TO_GUEST && !question->direct && !is_guests(context, &question->key.target))
			continue;
		add_question(&sums[question->key.kind][question->key.direction], question, now_ns, patience_ns);
	}
	for (int kind = 0; kind < VMP_EXCHANGE_KINDS; kind++) {
		for (int direction = 0; direction < VMP_DIRECTIONS; direction++) {
			struct vmp_exchange *exchange = &sums[kind][direction].exchange, *slot;

			if (!exchange->asked && !exchange->pending && !exchange->asked_again && !exchange->answers_refused)
				continue;
			slot = vmp_vec_add(ret_exchanges);
			if (!slot)
				return -ENOMEM;
			*slot = *exchange;
			slot->kind = (enum vmp_exchange_kind)kind;
			slot->direction = (enum vmp_direction)direction;
			if (!has_edge)
				slot->answers_lost_inside = 0;
		}
	}
	return 0;
}
