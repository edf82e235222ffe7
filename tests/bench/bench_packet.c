/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many frames a second one core decodes and fingerprints. Not a test: `make tests/bench/bench_packet`, then run it;
 * an argument is the number of millions of frames of each kind.
 */
#include "base/clock.h"
#include "packet/packet.h"

#include <stdio.h>
#include <stdlib.h>

#define MILLION 1000000UL

static const uint8_t tcp4[14 + 20 + 32 + 64] = {
	0x52, 0x54, 0, 2, 0x1f, 0, 0x52, 0x54, 0, 0, 0, 1, 8, 0,
	0x45, 0, 5, 0xdc, 1, 2, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 168, 128, 251,
	1, 187, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 2, 0x80, 0x10, 1, 0, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2,
};
static const uint8_t tcp6[14 + 40 + 32 + 64] = {
	0x52, 0x54, 0, 2, 0x1f, 0, 0x52, 0x54, 0, 0, 0, 1, 0x86, 0xdd,
	0x60, 1, 2, 3, 5, 0x78, 6, 64, [22] = 0x20, 1, 0xd, 0xb8, [38] = 0x20, 1, 0xd, 0xb8,
	[54] = 1, 187, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 2, 0x80, 0x10, 1, 0, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0,
};
static const uint8_t vxlan[14 + 20 + 8 + 64] = {
	0x52, 0x54, 0, 2, 0x1f, 0, 0x52, 0x54, 0, 0, 0, 1, 8, 0,
	0x45, 0, 5, 0xdc, 1, 2, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 168, 128, 251,
	0xc3, 0x50, 0x12, 0xb5, 5, 0xc8, 0, 0, 8, 0, 0, 0, 0, 0, 0x12, 0, [62] = 8, 0, 0x45, [73] = 6,
};
static const uint8_t arp[60] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0, 1, 8, 6,
	0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2,
};

static void run(const char *name, const uint8_t *data, uint32_t len, unsigned long count)
{
	struct vmp_frame frame = {.wire_len = len < 100 ? len : 1514, .cap_len = len, .data = data};
	struct vmp_digest_key key;
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;
	uint64_t start = vmp_clock_monotonic_ns(), took;
	unsigned long unusable = 0;

	vmp_digest_key_make(&(struct vmp_hash_key){{1, 2}}, &key);
	for (unsigned long i = 0; i < count; i++) {
		vmp_packet_decode(&frame, &packet);
		vmp_packet_fingerprint(&key, &frame, &packet, &fingerprint);
		unusable += !fingerprint.usable;
		/* What was found goes into the next key, so that nothing can be left out. */
		key.word[1] = fingerprint.id.h[0];
	}
	took = vmp_clock_monotonic_ns() - start;
	printf("%-6s %6.2f M frames/s, %4.0f ns each%s\n", name, (double)count * 1e3 / (double)took,
	       (double)took / (double)count, unusable ? ", UNUSABLE" : "");
}

int main(int argc, char **argv)
{
	unsigned long count = (argc > 1 ? strtoul(argv[1], NULL, 10) : 5) * MILLION;

	run("tcp4", tcp4, sizeof(tcp4), count);
	run("tcp6", tcp6, sizeof(tcp6), count);
	run("vxlan", vxlan, sizeof(vxlan), count);
	run("arp", arp, sizeof(arp), count);
	return 0;
}
