/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that say why others fail. Bounded: a few of each kind are kept, the first that are seen. */
#include "match/match_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CLAIMS = 64,            /* addresses whose owners are remembered */
	TALKERS = 8,            /* sources of group frames that may be the loudest */
	LOUD = 1000,            /* fewer group frames are not worth a word */
	RS = 133, RA = 134, NA = 136,
};

/* Who said last that an address is his. */
struct claim {
	struct vmp_ip ip;
	struct vmp_mac mac;
};

/* Misra and Gries: a source of more than one in TALKERS + 1 frames is among these, with at most so many too few counted. */
struct talker {
	struct vmp_mac mac;
	uint64_t frames;
};

struct crowd {
	uint64_t frames, arp, first_ns, last_ns;
	struct talker talkers[TALKERS];
};

struct vmp_sign_table {
	vmp_signs signs;
	size_t n[VMP_SIGN_KINDS];
	uint64_t overlooked;    /* packets for whose sign there was no room */
	struct claim claims[CLAIMS];
	size_t n_claims;
	struct crowd (*crowds)[VMP_DIRECTIONS]; /* by hop */
	size_t hops;
};

struct vmp_sign_table *vmp_sign_table_new(size_t hops)
{
	struct vmp_sign_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->hops = hops;
	table->crowds = calloc(hops ? hops : 1, sizeof(*table->crowds));
	if (!table->crowds) {
		free(table);
		return NULL;
	}
	return table;
}

void vmp_sign_table_free(struct vmp_sign_table *table)
{
	if (!table)
		return;
	vmp_vec_free(&table->signs);
	free(table->crowds);
	free(table);
}

uint64_t vmp_sign_table_overlooked(const struct vmp_sign_table *table)
{
	return table->overlooked;
}

static bool same(const struct vmp_sign *a, const struct vmp_sign *b)
{
	return a->kind == b->kind && a->direction == b->direction && a->hop == b->hop && a->six == b->six && a->type == b->type &&
	       a->code == b->code && a->tag == b->tag && memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0 &&
	       memcmp(&a->about, &b->about, sizeof(a->about)) == 0 && vmp_mac_equal(&a->mac, &b->mac) &&
	       vmp_mac_equal(&a->other_mac, &b->other_mac) && (a->kind != VMP_SIGN_REFUSAL || a->port == b->port);
}

/* The sign that is like this one, made when new; NULL: no room. Borrowed until the next is added. */
static struct vmp_sign *find(struct vmp_sign_table *table, const struct vmp_sign *like)
{
	struct vmp_sign *slot;

	vmp_vec_foreach (each, &table->signs)
		if (same(each, like))
			return each;
	slot = table->n[like->kind] < VMP_SIGNS_OF_A_KIND ? vmp_vec_add(&table->signs) : NULL;
	if (!slot) {
		table->overlooked++;
		return NULL;
	}
	table->n[like->kind]++;
	*slot = *like;
	return slot;
}

static struct vmp_sign *count(struct vmp_sign_table *table, const struct vmp_sign *like, uint64_t ts_ns)
{
	struct vmp_sign *sign = find(table, like);

	if (!sign)
		return NULL;
	if (!sign->packets++)
		sign->first_ns = ts_ns;
	sign->last_ns = ts_ns;
	return sign;
}

/* One frame, and what is known of it. */
struct look {
	struct vmp_match *match;
	struct vmp_sign_table *table;
	const struct vmp_class *class;
	const struct vmp_packet *packet;
	const struct vmp_hop *at;
	struct vmp_sign blank;  /* hop and direction are set */
	uint64_t ts_ns;
	bool at_guest;          /* at the guest's end of what is watched ... */
	bool at_edge;           /* ... or at its other end; with a single point both */
};

static bool is_guests(const struct vmp_match *match, const struct vmp_ip *ip, bool proven)
{
	for (size_t i = 0; i < match->n_addresses; i++)
		if (vmp_ip_equal(&match->addresses[i], ip))
			return !proven || match->proven[i];
	return false;
}

/* ---- ICMP errors --------------------------------------------------------------------------------------------------- */

static void look_at_error(const struct look *look)
{
	const struct vmp_packet *packet = look->packet;
	struct vmp_sign like = look->blank, *sign;
	uint32_t mtu = 0;

	/* Who gets the error has sent what it quotes; else somebody makes it up. */
	if (!(packet->flags & VMP_PKT_QUOTE) || !vmp_ip_equal(&packet->quoted_src, &packet->dst))
		return;
	like.kind = VMP_SIGN_ICMP_ERROR;
	like.six = packet->flags & VMP_PKT_ICMP6;
	like.type = packet->icmp_type;
	like.code = packet->icmp_code;
	like.ip = packet->src;
	like.about = packet->quoted_dst;
	like.proto = packet->quoted_proto;
	like.port = packet->quoted_dport;
	if (like.six && like.type == 2)
		mtu = (uint32_t)packet->icmp_id << 16 | packet->icmp_seq;
	else if (!like.six && like.type == 3 && like.code == 4)
		mtu = packet->icmp_seq; /* RFC 1191; 0 of a router that does not know it */
	sign = count(look->table, &like, look->ts_ns);
	if (sign && mtu && (!sign->mtu || mtu < sign->mtu))
		sign->mtu = mtu;
}

/* ---- who owns an address -------------------------------------------------------------------------------------------- */

/* The address that a packet says is its sender's, and the MAC that it says it is at. */
static bool read_claim(const struct vmp_packet *packet, struct vmp_ip *ret_ip, struct vmp_mac *ret_mac)
{
	static const uint8_t zero[16];

	if (packet->flags & VMP_PKT_ARP) {
		*ret_ip = packet->src;
		*ret_mac = packet->arp_sender_mac;
	} else if ((packet->flags & VMP_PKT_ND) && packet->icmp_type == NA) {
		*ret_ip = packet->nd_target;
		*ret_mac = packet->flags & VMP_PKT_ND_LLADDR ? packet->nd_mac : packet->src_mac;
	} else {
		return false;
	}
	return memcmp(ret_ip->b, zero, sizeof(zero)) != 0 && !vmp_mac_is_group(ret_mac);
}

/* GLBP (00:07:b4) gives one address several MACs on purpose. */
static bool is_shared_by_design(const struct vmp_mac *mac)
{
	return mac->b[0] == 0x00 && mac->b[1] == 0x07 && mac->b[2] == 0xb4;
}

static void claim_others(const struct look *look, const struct vmp_ip *ip, const struct vmp_mac *mac)
{
	struct vmp_sign_table *table = look->table;
	struct claim *claim = table->claims, *end = claim + table->n_claims;

	while (claim < end && !vmp_ip_equal(&claim->ip, ip))
		claim++;
	if (claim == end) {
		if (table->n_claims < CLAIMS)
			table->claims[table->n_claims++] = (struct claim){*ip, *mac};
		return;
	}
	if (vmp_mac_equal(&claim->mac, mac)) {
		/* It says so again after another one did: neither has gone. */
		vmp_vec_foreach (each, &table->signs)
			if (each->kind == VMP_SIGN_TWO_OWNERS && vmp_ip_equal(&each->ip, ip))
				each->again++;
		return;
	}
	if (!is_shared_by_design(mac) && !is_shared_by_design(&claim->mac)) {
		struct vmp_sign like = look->blank;

		like.kind = VMP_SIGN_TWO_OWNERS;
		like.ip = *ip;
		like.mac = claim->mac;
		like.other_mac = *mac;
		count(table, &like, look->ts_ns);
	}
}

static void look_at_claim(const struct look *look)
{
	struct vmp_sign like = look->blank;
	struct vmp_mac mac;
	struct vmp_ip ip;

	if (look->class->direction != VMP_TO_GUEST || look->class->wrong_tag || !look->at_edge || !read_claim(look->packet, &ip, &mac))
		return;
	if (vmp_mac_equal(&mac, &look->match->path->guest_mac))
		return;
	if (!is_guests(look->match, &ip, true)) {
		claim_others(look, &ip, &mac);
		return;
	}
	/* A switch or host that answers for the guest does it with a MAC of its own. */
	if (look->match->switch_answers || vmp_homes_is_host(look->match->homes, &mac))
		return;
	like.kind = VMP_SIGN_OTHER_OWNER;
	like.ip = ip;
	like.mac = mac;
	count(look->table, &like, look->ts_ns);
}

/* The guest goes on using an address that somebody else has claimed: it has not just moved there. */
static void look_at_use(const struct look *look)
{
	if (look->table->n[VMP_SIGN_OTHER_OWNER] == 0 || !look->at_guest || look->class->direction != VMP_FROM_GUEST)
		return;
	vmp_vec_foreach (each, &look->table->signs)
		if (each->kind == VMP_SIGN_OTHER_OWNER && vmp_ip_equal(&each->ip, &look->packet->src))
			each->again++;
}

/* ---- wrong MAC, tag, hop limit ---------------------------------------------------------------------------------------- */

static void look_at_address(const struct look *look)
{
	struct vmp_sign like = look->blank;

	if (!look->class->misaddressed || !(look->packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6)) ||
	    !is_guests(look->match, &look->packet->dst, true))
		return;
	like.kind = VMP_SIGN_WRONG_MAC;
	like.direction = VMP_TO_GUEST;
	like.ip = look->packet->dst;
	like.mac = look->packet->dst_mac;
	count(look->table, &like, look->ts_ns);
}

static void look_at_tag(const struct look *look)
{
	struct vmp_sign like = look->blank;

	if (look->packet->vlan_count == 0 || (look->packet->vlan[0] & 4095) == 0 || look->at->has_tag || look->class->group)
		return;
	like.kind = VMP_SIGN_TAGGED;
	like.tag = look->packet->vlan[0] & 4095;
	count(look->table, &like, look->ts_ns);
}

/* Comes in outside for the guest, or from the guest for somebody whom a route of this host leads to. */
static bool must_be_routed(const struct look *look)
{
	const struct vmp_path *path = look->match->path;
	const struct vmp_lead *lead;

	if (look->class->direction == VMP_TO_GUEST)
		return look->at->routed && look->class->expect != VMP_EXPECT_NOWHERE;
	lead = look->at->role == VMP_ROLE_SWITCH ? vmp_path_lead(path, &look->packet->dst) : NULL;
	return lead && lead->hop >= 0 && vmp_path_is_inside(path, &look->packet->src);
}

static void look_at_hop_limit(const struct look *look)
{
	struct vmp_sign like = look->blank;

	if (look->packet->ttl > 1 || !look->match->translate || look->class->group || (look->packet->flags & VMP_PKT_ND) ||
	    !must_be_routed(look))
		return;
	like.kind = VMP_SIGN_HOPS_SPENT;
	like.ip = look->packet->src;
	like.about = look->packet->dst;
	count(look->table, &like, look->ts_ns);
}

/* ---- answers and none --------------------------------------------------------------------------------------------------- */

/* RFC 9293 3.10.7.1: the reset for a SYN that nobody listens for has number 0 and acknowledges. */
static void look_at_reset(const struct look *look)
{
	const struct vmp_packet *packet = look->packet;
	struct vmp_sign like = look->blank;

	if ((packet->tcp_flags & (VMP_TCP_RST | VMP_TCP_ACK | VMP_TCP_SYN)) != (VMP_TCP_RST | VMP_TCP_ACK) || packet->tcp_seq != 0)
		return;
	/* Where the question was answered: once, not at each hop. */
	if (!(look->class->direction == VMP_FROM_GUEST ? look->at_guest : look->at_edge))
		return;
	like.kind = VMP_SIGN_REFUSAL;
	like.ip = packet->src;
	like.port = packet->sport;
	count(look->table, &like, look->ts_ns);
}

/* The guest's questions at its own end, and answers wherever they are seen first. */
static void look_at_asking(const struct look *look, enum vmp_sign_kind kind, bool asks, bool answers)
{
	struct vmp_sign like = {.kind = kind, .direction = VMP_FROM_GUEST, .hop = look->match->path->backend};
	struct vmp_sign *sign;

	if (asks && look->class->direction == VMP_FROM_GUEST && look->at_guest) {
		count(look->table, &like, look->ts_ns);
	} else if (answers && look->class->direction == VMP_TO_GUEST) {
		sign = find(look->table, &like);
		if (sign)
			sign->again++;
	}
}

static void look_at_dhcp(const struct look *look)
{
	if (vmp_mac_equal(&look->packet->dhcp_mac, &look->match->path->guest_mac))
		look_at_asking(look, VMP_SIGN_DHCP, look->packet->dhcp_op == 1, look->packet->dhcp_op == 2);
}

/* ---- many to all ------------------------------------------------------------------------------------------------------- */

static void count_talker(struct crowd *crowd, const struct vmp_mac *mac)
{
	struct talker *quiet = NULL;

	for (int i = 0; i < TALKERS; i++) {
		struct talker *talker = &crowd->talkers[i];

		if (talker->frames && vmp_mac_equal(&talker->mac, mac)) {
			talker->frames++;
			return;
		}
		if (!talker->frames)
			quiet = talker;
	}
	if (quiet) {
		*quiet = (struct talker){*mac, 1};
		return;
	}
	for (int i = 0; i < TALKERS; i++)
		crowd->talkers[i].frames--;
}

static void look_at_group(const struct look *look)
{
	struct crowd *crowd = &look->table->crowds[look->blank.hop][look->blank.direction];

	if (!(look->class->direction == VMP_FROM_GUEST ? look->at_guest : look->at_edge))
		return;
	if (!crowd->frames++)
		crowd->first_ns = look->ts_ns;
	crowd->last_ns = look->ts_ns;
	crowd->arp += (look->packet->flags & VMP_PKT_ARP) && look->packet->arp_op == 1;
	count_talker(crowd, &look->packet->src_mac);
}

/* ---- all ----------------------------------------------------------------------------------------------------------------- */

/* Most frames say nothing of the sort: TCP that goes on, UDP. */
static bool may_say(const struct vmp_sign_table *table, const struct vmp_class *class, const struct vmp_packet *packet)
{
	return class->misaddressed || class->group || packet->vlan_count > 0 || packet->ttl <= 1 || table->n[VMP_SIGN_OTHER_OWNER] > 0 ||
	       (packet->flags & (VMP_PKT_ARP | VMP_PKT_ND | VMP_PKT_ICMP | VMP_PKT_ICMP6 | VMP_PKT_DHCP)) ||
	       ((packet->flags & VMP_PKT_TCP) && (packet->tcp_flags & VMP_TCP_RST));
}

static void look_at(struct vmp_match *match, int hop, uint64_t ts_ns, const struct vmp_class *class, const struct vmp_packet *packet)
{
	const struct vmp_hop *at = &match->path->hops.v[hop];
	struct look look = {.match = match, .table = match->signs, .class = class, .packet = packet, .at = at, .ts_ns = ts_ns,
			    .blank = {.hop = hop, .direction = class->direction}, .at_guest = at->role == VMP_ROLE_BACKEND};

	if (class->misaddressed)
		look_at_address(&look);
	if (class->sort != VMP_SORT_ON_PATH || class->foreign_source)
		return;
	look.at_edge = match->has_edge ? !look.at_guest && !(at->role == VMP_ROLE_TRANSIT && match->has_uplink) : look.at_guest;
	if (packet->flags & (VMP_PKT_ICMP | VMP_PKT_ICMP6))
		look_at_error(&look);
	if (packet->flags & (VMP_PKT_ARP | VMP_PKT_ND))
		look_at_claim(&look);
	look_at_use(&look);
	look_at_tag(&look);
	if (packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6))
		look_at_hop_limit(&look);
	if ((packet->flags & VMP_PKT_TCP) && (packet->tcp_flags & VMP_TCP_RST))
		look_at_reset(&look);
	if (packet->flags & VMP_PKT_DHCP)
		look_at_dhcp(&look);
	if ((packet->flags & VMP_PKT_ICMP6) && (packet->flags & VMP_PKT_L4))
		look_at_asking(&look, VMP_SIGN_ROUTER, packet->icmp_type == RS, packet->icmp_type == RA);
	if (class->group)
		look_at_group(&look);
}

void vmp_match_see_signs(struct vmp_match *match, int hop, uint64_t ts_ns, const struct vmp_class *class, const struct vmp_packet *packet)
{
	if (may_say(match->signs, class, packet) && vmp_match_in_window(match, ts_ns))
		look_at(match, hop, ts_ns, class, packet);
}

static int report_crowd(const struct crowd *crowd, int hop, enum vmp_direction direction, struct vmp_run *run)
{
	const struct talker *loudest = &crowd->talkers[0];
	struct vmp_sign *sign;

	if (crowd->frames < LOUD)
		return 0;
	for (int i = 1; i < TALKERS; i++)
		if (crowd->talkers[i].frames > loudest->frames)
			loudest = &crowd->talkers[i];
	sign = vmp_vec_add(&run->signs);
	if (!sign)
		return -ENOMEM;
	*sign = (struct vmp_sign){
		.kind = VMP_SIGN_GROUP, .direction = direction, .hop = hop, .mac = loudest->mac, .packets = crowd->frames,
		.again = loudest->frames, .arp = crowd->arp, .first_ns = crowd->first_ns, .last_ns = crowd->last_ns};
	return 0;
}

int vmp_sign_table_report(const struct vmp_sign_table *table, struct vmp_run *run)
{
	vmp_vec_foreach (each, &table->signs) {
		struct vmp_sign *sign = vmp_vec_add(&run->signs);

		if (!sign)
			return -ENOMEM;
		*sign = *each;
	}
	for (size_t hop = 0; hop < table->hops; hop++)
		for (int direction = 0; direction < VMP_DIRECTIONS; direction++)
			if (report_crowd(&table->crowds[hop][direction], (int)hop, (enum vmp_direction)direction, run) < 0)
				return -ENOMEM;
	return 0;
}
