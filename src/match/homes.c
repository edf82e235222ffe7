/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/homes.h"

#include <stdlib.h>

enum {
	SLOTS = 8192, MOST = SLOTS / 2, /* a power of two, at most half full */
	RECENT = 16,
};

struct slot {
	bool used, host;
	struct vmp_mac mac;
	int hop;
	int heard_hop;              /* where it was heard last; valid when heard_ns > 0 */
	uint64_t heard_ns, moved_ns; /* when it was, and when that hop last became another; 0: never */
	uint64_t missed_ns;         /* after this time it lives at a port that is no hop; 0: at its hop */
};

struct vmp_homes {
	struct vmp_hash_key key;
	size_t n;
	bool full;
	uint16_t recent[RECENT]; /* where MACs were found lately, by their last digit: few MACs send most frames */
	struct slot slots[SLOTS];
};

/* The slot of a MAC, or the free one where it would go. */
static size_t slot_of(const struct vmp_homes *homes, const struct vmp_mac *mac)
{
	size_t at = homes->recent[mac->b[5] % RECENT];

	if (homes->slots[at].used && vmp_mac_equal(&homes->slots[at].mac, mac))
		return at;
	at = vmp_hash_half(&homes->key, mac->b, sizeof(mac->b)) % SLOTS;
	while (homes->slots[at].used && !vmp_mac_equal(&homes->slots[at].mac, mac))
		at = (at + 1) % SLOTS;
	return at;
}

static struct slot *slot_make(struct vmp_homes *homes, const struct vmp_mac *mac)
{
	size_t at = slot_of(homes, mac);
	struct slot *slot = &homes->slots[at];

	homes->recent[mac->b[5] % RECENT] = (uint16_t)at;
	if (!slot->used) {
		if (homes->n >= MOST) {
			homes->full = true;
			return NULL;
		}
		slot->used = true;
		slot->mac = *mac;
		slot->hop = VMP_HOME_UNKNOWN;
		homes->n++;
	}
	return slot;
}

struct vmp_homes *vmp_homes_new(const struct vmp_path *path, const struct vmp_hash_key *key)
{
	struct vmp_homes *homes = calloc(1, sizeof(*homes));

	if (!homes)
		return NULL;
	homes->key = *key;
	vmp_vec_foreach (home, &path->homes) {
		struct slot *slot = slot_make(homes, &home->mac);

		if (!slot)
			break;
		if (home->local)
			slot->host = true;
		else
			slot->hop = home->hop >= 0 ? home->hop : VMP_HOME_UNOBSERVED;
	}
	vmp_vec_foreach (mac, &path->host_macs) {
		struct slot *slot = slot_make(homes, mac);

		if (slot)
			slot->host = true;
	}
	return homes;
}

void vmp_homes_free(struct vmp_homes *homes)
{
	free(homes);
}

void vmp_homes_learn(struct vmp_homes *homes, const struct vmp_mac *mac, int hop)
{
	struct slot *slot;

	if (vmp_mac_is_group(mac))
		return;
	slot = slot_make(homes, mac);
	if (!slot)
		return;
	slot->hop = hop;
	slot->missed_ns = 0;
}

void vmp_homes_miss(struct vmp_homes *homes, const struct vmp_mac *mac, uint64_t ts_ns)
{
	struct slot *slot = vmp_mac_is_group(mac) ? NULL : slot_make(homes, mac);

	if (!slot)
		return;
	if (slot->hop < 0)
		slot->hop = VMP_HOME_UNOBSERVED;
	else if (!slot->missed_ns)
		slot->missed_ns = ts_ns;
}

void vmp_homes_hear(struct vmp_homes *homes, const struct vmp_mac *mac, int hop, uint64_t ts_ns)
{
	struct slot *slot;

	if (vmp_mac_is_group(mac))
		return;
	slot = slot_make(homes, mac);
	if (!slot)
		return;
	if (slot->heard_ns && slot->heard_hop != hop)
		slot->moved_ns = ts_ns;
	slot->hop = slot->heard_hop = hop;
	slot->heard_ns = ts_ns;
	slot->missed_ns = 0;
}

uint16_t vmp_homes_number(const struct vmp_homes *homes, const struct vmp_mac *mac)
{
	size_t at = slot_of(homes, mac);

	return homes->slots[at].used ? (uint16_t)(at + 1) : 0;
}

int vmp_homes_stays(const struct vmp_homes *homes, uint16_t number, uint64_t unmoved_ns, uint64_t since_ns)
{
	const struct slot *slot = number ? &homes->slots[number - 1] : NULL;

	if (!slot || slot->heard_ns <= since_ns || slot->moved_ns >= unmoved_ns || slot->hop != slot->heard_hop || slot->missed_ns)
		return VMP_HOME_UNKNOWN;
	return slot->heard_hop;
}

int vmp_homes_find(const struct vmp_homes *homes, const struct vmp_mac *mac, uint64_t now_ns)
{
	const struct slot *slot = &homes->slots[slot_of(homes, mac)];

	if (!slot->used)
		return homes->full ? VMP_HOME_UNOBSERVED : VMP_HOME_UNKNOWN;
	return slot->missed_ns && now_ns > slot->missed_ns ? VMP_HOME_UNOBSERVED : slot->hop;
}

bool vmp_homes_is_host(const struct vmp_homes *homes, const struct vmp_mac *mac)
{
	const struct slot *slot = &homes->slots[slot_of(homes, mac)];

	return slot->used && slot->host;
}
