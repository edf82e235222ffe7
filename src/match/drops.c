/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A drop is told with the first bytes of the packet: its headers, seldom more, for the payload of large ones lies elsewhere. So it is
 * known by what the headers say, as pieces of packets are (resegment.c), and by the fingerprint where there is one.
 */
#include "match/drops.h"

#include "match/cut.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROOM = 1 << 14,
	BUCKETS = 1 << 12,
	STEPS = 512,            /* drops looked at for one packet */
};

/* The two clocks are compared only now and then. */
#define CLOCKS_NS 5000000ULL

struct dropped {
	struct vmp_sight what;
	uint64_t before;        /* number of the one before in its bucket, 0: none */
	int ifindex;
	uint8_t kind;
	bool taken;             /* it has explained a packet */
	bool for_groups;        /* it may be of the guest's copy of a broadcast */
	bool other_port;
};

struct vmp_drop_table {
	const struct vmp_path *path;
	uint64_t last;          /* number of the last one, from 1 on; it stands at its number modulo ROOM */
	uint64_t newest[BUCKETS];
	struct dropped drops[ROOM];
};

/* Kernel, include/net/dropreason-core.h and the callers of those: what is freed there is a copy that a capture or a socket got. */
static const char *const copy_reasons[] = {"QUEUE_PURGE", "PACKET_SOCK_ERROR", "SOCKET_RCVBUFF"};
static const char *const copy_functions[] = {"tpacket_rcv", "packet_rcv", "packet_rcv_spkt", "packet_release", "sock_queue_rcv_skb_reason"};

bool vmp_match_is_copy(const struct vmp_drop *drop, enum vmp_drop_place place, bool bridge_hears_all)
{
	for (size_t i = 0; i < sizeof(copy_reasons) / sizeof(*copy_reasons); i++)
		if (strcmp(drop->reason, copy_reasons[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(copy_functions) / sizeof(*copy_functions); i++)
		if (strcmp(drop->symbol, copy_functions[i]) == 0 || strcmp(drop->caller, copy_functions[i]) == 0)
			return true;
	/* What the host's own protocols make of what its bridge hears. */
	return place == VMP_DROP_BRIDGE && bridge_hears_all && strncmp(drop->caller, "br_nf_", 6) != 0;
}

struct vmp_drop_table *vmp_drop_table_new(const struct vmp_path *path)
{
	struct vmp_drop_table *table = calloc(1, sizeof(*table));

	if (table)
		table->path = path;
	return table;
}

void vmp_drop_table_free(struct vmp_drop_table *table)
{
	free(table);
}

/* Keyed already: both are hashes with the run's key. */
static size_t bucket_of(const struct vmp_sight *what)
{
	return (what->flow ? what->flow : what->id.h[0]) % BUCKETS;
}

/*
 * A broadcast goes to each port as a copy of its own, and to the host itself as another: only what is dropped at a device of the path, or
 * before it was copied, is the guest's.
 */
static bool is_for_groups(const struct vmp_drop_kind *kind)
{
	return kind->place == VMP_DROP_ON_PATH || (kind->place == VMP_DROP_BRIDGE && strncmp(kind->caller, "br_nf_", 6) == 0);
}

void vmp_drop_table_add(struct vmp_drop_table *table, const struct vmp_sight *what, const struct vmp_drop_kind *kind, unsigned int number)
{
	size_t bucket = bucket_of(what);
	struct dropped *dropped;

	if (kind->copies)
		return;
	dropped = &table->drops[++table->last % ROOM];
	dropped->what = *what;
	dropped->before = table->newest[bucket];
	dropped->ifindex = kind->ifindex;
	dropped->kind = (uint8_t)number;
	dropped->taken = false;
	dropped->for_groups = is_for_groups(kind);
	dropped->other_port = kind->place == VMP_DROP_OTHER_PORT;
	table->newest[bucket] = table->last;
}

/* All of a TCP packet, or a piece of a large one. */
static bool is_same_tcp(const struct vmp_sight *lost, const struct vmp_sight *dropped)
{
	uint32_t ahead = dropped->first_byte - lost->first_byte;
	uint16_t ids = (uint16_t)(dropped->ip_id - lost->ip_id);

	if (!dropped->is_tcp || dropped->try_key != lost->try_key)
		return false;
	if (dropped->ip_len == lost->ip_len)
		return ahead == 0 && ids == 0 && dropped->payload_len == lost->payload_len;
	return dropped->payload_len > 0 && ahead <= lost->payload_len && dropped->payload_len <= lost->payload_len - ahead &&
	       (!lost->is_ip4 || ids < VMP_CUT_IDS);
}

static bool is_same(const struct vmp_sight *lost, const struct vmp_sight *dropped)
{
	if (lost->flow != dropped->flow || lost->is_tcp != dropped->is_tcp)
		return false;
	if (lost->is_tcp)
		return is_same_tcp(lost, dropped);
	if (lost->usable && dropped->usable)
		return lost->id.h[0] == dropped->id.h[0] && lost->id.h[1] == dropped->id.h[1];
	return lost->flow && lost->cut == dropped->cut && lost->ip_id == dropped->ip_id && lost->ip_len == dropped->ip_len &&
	       lost->ports == dropped->ports && lost->first_byte == dropped->first_byte;
}

static bool is_on_its_way(const struct vmp_drop_table *table, const struct vmp_sight *lost, const struct dropped *dropped)
{
	int hop = dropped->ifindex ? vmp_path_find(table->path, dropped->ifindex) : -1;
	bool at_its_hops = hop >= 0 && (hop == lost->hop || hop == lost->next_hop);

	if (dropped->other_port)
		return at_its_hops;
	return !lost->group || at_its_hops || dropped->for_groups;
}

unsigned int vmp_drop_table_claim(struct vmp_drop_table *table, const struct vmp_sight *lost, uint64_t settle_ns)
{
	struct dropped *best = NULL;
	int steps = 0;

	for (uint64_t number = table->newest[bucket_of(lost)]; number && number + ROOM > table->last && steps < STEPS; steps++) {
		struct dropped *dropped = &table->drops[number % ROOM];

		if (dropped->what.ts_ns + CLOCKS_NS < lost->ts_ns)
			break;
		if (!dropped->taken && dropped->what.ts_ns <= lost->ts_ns + settle_ns && is_same(lost, &dropped->what) &&
		    is_on_its_way(table, lost, dropped))
			best = dropped;
		number = dropped->before;
	}
	if (!best)
		return 0;
	best->taken = true;
	return best->kind;
}
