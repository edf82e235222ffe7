/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame from a guest. Input: one byte that says how many units of 512 bytes of the frame were not captured (0: none),
 * then the captured bytes. Checked beside memory: what src/packet/packet.h promises about short captures, VLAN tags, TTL.
 */
#include "fuzz.h"

#include "packet/packet.h"

#include <stdlib.h>
#include <string.h>

#define UNIT 512U

static const struct vmp_digest_key *the_key(void)
{
	static const struct vmp_hash_key short_key = {{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL}};
	static struct vmp_digest_key key;

	if (!key.word[0])
		vmp_digest_key_make(&short_key, &key);
	return &key;
}

static void promise(bool kept)
{
	if (!kept)
		abort();
}

/* Look at a copy that ends where its memory ends. */
static struct vmp_fingerprint look(const uint8_t *data, size_t cap_len, size_t wire_len, struct vmp_packet *ret_packet)
{
	uint8_t *copy = malloc(cap_len ? cap_len : 1);
	struct vmp_frame frame = {.wire_len = (uint32_t)wire_len, .cap_len = (uint32_t)cap_len, .data = copy};
	struct vmp_fingerprint fingerprint;

	promise(copy);
	if (cap_len)
		memcpy(copy, data, cap_len);
	vmp_packet_decode(&frame, ret_packet);
	vmp_packet_fingerprint(the_key(), &frame, ret_packet, &fingerprint);
	free(copy);
	promise(ret_packet->header_len <= cap_len);
	promise(ret_packet->l3_offset <= cap_len && ret_packet->l4_offset <= cap_len);
	promise(ret_packet->vlan_count <= 2);
	return fingerprint;
}

/* The same bytes taken for a tunnel's, at whatever port they name. */
static void tunnels_keep_within(const uint8_t *data, size_t cap_len, size_t wire_len)
{
	uint8_t *copy = malloc(cap_len ? cap_len : 1);
	struct vmp_frame frame = {.wire_len = (uint32_t)wire_len, .cap_len = (uint32_t)cap_len, .data = copy};
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;
	bool found;

	promise(copy);
	if (cap_len)
		memcpy(copy, data, cap_len);
	vmp_packet_decode(&frame, &packet);
	found = vmp_packet_decode_vxlan(&frame, packet.dport, &packet);
	vmp_packet_fingerprint(the_key(), &frame, &packet, &fingerprint);
	free(copy);
	promise(packet.header_len <= cap_len && packet.inner_offset <= cap_len);
	promise(packet.l3_offset <= cap_len && packet.l4_offset <= cap_len);
	promise(found || !(packet.flags & VMP_PKT_ETH));
}

static void shorter_captures_are_the_same_or_unusable(const uint8_t *data, size_t cap_len, size_t wire_len)
{
	struct vmp_packet packet;
	struct vmp_fingerprint whole = look(data, cap_len, wire_len, &packet), cut;
	size_t most = cap_len < 300 ? cap_len : 300;

	for (size_t len = 0; len < most; len += len < 80 ? 1 : 7) {
		cut = look(data, len, wire_len, &packet);
		promise(!cut.usable || (whole.usable && vmp_fingerprint_equal(&whole, &cut)));
	}
}

static void hops_keep_it(const uint8_t *data, size_t cap_len, size_t wire_len)
{
	struct vmp_packet packet, other;
	struct vmp_fingerprint here = look(data, cap_len, wire_len, &packet), there;
	uint8_t *changed = malloc(cap_len + 4);

	promise(changed);
	if (here.usable) {
		memcpy(changed, data, 12);
		memcpy(changed + 12, "\x81\x00\x20\x07", 4);
		memcpy(changed + 16, data + 12, cap_len - 12);
		there = look(changed, cap_len + 4, wire_len + 4, &other);
		/* One tag more may be one too many, and then it says so. */
		promise(!there.usable || vmp_fingerprint_equal(&here, &there));
		promise(there.usable || packet.l3_offset == 14 + 8 * 4);
	}
	if (here.usable && (packet.flags & (VMP_PKT_IP4 | VMP_PKT_IP6))) {
		memcpy(changed, data, cap_len);
		changed[packet.l3_offset + (packet.flags & VMP_PKT_IP4 ? 8 : 7)]--;
		there = look(changed, cap_len, wire_len, &other);
		promise(there.usable && vmp_fingerprint_equal(&here, &there));
	}
	free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t uncaptured;

	if (size == 0)
		return 0;
	uncaptured = data[0] * UNIT;
	data++;
	size--;
	shorter_captures_are_the_same_or_unusable(data, size, size + uncaptured);
	hops_keep_it(data, size, size + uncaptured);
	tunnels_keep_within(data, size, size + uncaptured);
	return 0;
}
