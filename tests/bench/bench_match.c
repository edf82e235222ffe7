/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each step from bytes to fates costs, in memory: three hops of the traffic of traffic.c. Not a test:
 * `make tests/bench/bench_match`, then run it; arguments are the number of millions of packets at each hop, thousands of connections,
 * and nanoseconds from one packet to the next. With -d as first argument every fate is written to standard output, to be compared.
 */
#include "base/clock.h"
#include "match/match.h"
#include "packet/packet.h"
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define MILLION   1000000ULL
#define BATCH_NS  (20 * VMP_NS_PER_MS)
#define MARGIN_NS (50 * VMP_NS_PER_MS)

enum { NETWORK, UPLINK, MIDDLE, BACKEND, GUEST, HOPS };

struct frames {
	struct vmp_frame *v;
	size_t n;
	uint8_t *bytes;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* All frames of all hops in the order of their times. */
static struct frames make_frames(const struct traffic *traffic)
{
	size_t most = traffic->packets * TRAFFIC_HOPS;
	struct frames frames = {.v = must(malloc(most * sizeof(*frames.v))), .bytes = must(malloc(most * TRAFFIC_FRAME_MAX))};
	uint8_t *at = frames.bytes;

	for (uint64_t n = 0; n < traffic->packets; n++) {
		for (int i = 0; i < TRAFFIC_HOPS; i++) {
			int hop = traffic_is_to_guest(traffic, n) ? i : TRAFFIC_BACKEND - i;
			struct traffic_frame one;

			if (!traffic_frame(traffic, n, hop, &one))
				continue;
			memcpy(at, one.data, one.len);
			frames.v[frames.n++] = (struct vmp_frame){
				.ts_ns = one.ts_ns,
				.point = (uint32_t)hop,
				.devdir = one.to_guest == (hop != TRAFFIC_BACKEND) ? VMP_DEV_IN : VMP_DEV_OUT,
				.wire_len = one.len,
				.cap_len = one.len,
				.data = at,
			};
			at += (one.len + 15) / 16 * 16;
		}
	}
	return frames;
}

static void add_hop(struct vmp_path *path, enum vmp_role role, int rank, enum vmp_devdir to_guest)
{
	struct vmp_hop *hop = must(vmp_vec_add(&path->hops));

	hop->name = must(strdup("hop"));
	hop->role = role;
	hop->rank = rank;
	hop->to_guest = to_guest;
	hop->ifindex = role == VMP_ROLE_NETWORK || role == VMP_ROLE_GUEST ? 0 : rank + 1;
	hop->observed = hop->ifindex ? VMP_OBSERVED_YES : VMP_OBSERVED_NO;
}

static void make_path(struct vmp_path *path)
{
	struct vmp_home *home;

	memset(path, 0, sizeof(*path));
	path->mode = VMP_PATH_BRIDGED;
	memcpy(path->guest_mac.b, traffic_guest_mac, 6);
	path->has_guest_mac = true;
	path->backend = BACKEND;
	path->switch_hop = -1;
	add_hop(path, VMP_ROLE_NETWORK, 0, VMP_DEV_IN);
	add_hop(path, VMP_ROLE_UPLINK, 1, VMP_DEV_IN);
	add_hop(path, VMP_ROLE_TRANSIT, 2, VMP_DEV_IN);
	add_hop(path, VMP_ROLE_BACKEND, 3, VMP_DEV_OUT);
	add_hop(path, VMP_ROLE_GUEST, 4, VMP_DEV_IN);
	home = must(vmp_vec_add(&path->homes));
	memcpy(home->mac.b, traffic_gateway_mac, 6);
	home->hop = MIDDLE;
}

/* Of this process: other programs on the machine count less than they do in the time of the day. */
static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * VMP_NS_PER_S + (uint64_t)now.tv_nsec;
}

static void print_cost(const char *name, uint64_t took_ns, size_t n)
{
	fprintf(stderr, "%-34s %6.1f ns a frame\n", name, (double)took_ns / (double)n);
}

static void touch(const struct frames *frames)
{
	uint64_t start = cpu_ns(), sum = 0;

	for (size_t i = 0; i < frames->n; i++)
		for (uint32_t k = 0; k < frames->v[i].cap_len; k++)
			sum += frames->v[i].data[k];
	print_cost(sum ? "touching every byte" : "", cpu_ns() - start, frames->n);
}

static void decode(const struct frames *frames, bool fingerprint)
{
	uint64_t start = cpu_ns(), sum = 0;
	struct vmp_hash_key key = {{1, 2}};

	for (size_t i = 0; i < frames->n; i++) {
		struct vmp_packet packet;
		struct vmp_fingerprint id = {.usable = true};

		vmp_packet_decode(&frames->v[i], &packet);
		if (fingerprint)
			vmp_packet_fingerprint(&key, &frames->v[i], &packet, &id);
		sum += packet.tcp_seq + id.id.h[0];
	}
	print_cost(!sum ? "" : fingerprint ? "decode, fingerprint" : "decode", cpu_ns() - start, frames->n);
}

static void fetch(struct vmp_match *match, bool dump)
{
	struct vmp_settled settled;

	while (vmp_match_next(match, &settled))
		if (dump)
			printf("%llu %d %d %d %d\n", (unsigned long long)settled.packet_id, settled.fate, settled.why, settled.next_hop,
			       settled.relevant);
}

/* As the window does it: in batches, settled when complete. */
static void feed(struct vmp_match *match, const struct frames *frames, bool dump)
{
	struct vmp_hash_key key = {{1, 2}};
	uint64_t batch_ns = 0;

	for (size_t i = 0; i < frames->n; i++) {
		struct vmp_packet packet;
		struct vmp_fingerprint id;

		vmp_packet_decode(&frames->v[i], &packet);
		vmp_packet_fingerprint(&key, &frames->v[i], &packet, &id);
		vmp_match_add(match, &frames->v[i], &packet, &id);
		if (frames->v[i].ts_ns > batch_ns) {
			batch_ns = frames->v[i].ts_ns + BATCH_NS;
			vmp_match_settle(match, frames->v[i].ts_ns - MARGIN_NS);
			fetch(match, dump);
		}
	}
	vmp_match_settle_all(match, frames->n ? frames->v[frames->n - 1].ts_ns + 2 * VMP_NS_PER_S : 0);
	fetch(match, dump);
}

static void match_all(const struct traffic *traffic, const struct frames *frames, bool dump)
{
	static const int point_hops[TRAFFIC_HOPS] = {UPLINK, MIDDLE, BACKEND};
	struct vmp_match_conf conf = {.settle_ns = VMP_NS_PER_S, .key = {{3, 4}}};
	uint64_t start, lost = 0, counted = 0, unsure = 0;
	struct vmp_nic nic = {0};
	struct vmp_run run = {0};
	struct vmp_path path;
	struct vmp_match *match;
	struct vmp_err err;

	make_path(&path);
	if (vmp_match_new(&path, &nic, point_hops, TRAFFIC_HOPS, &conf, &match, &err) < 0)
		abort();
	start = cpu_ns();
	feed(match, frames, dump);
	print_cost("decode, fingerprint, match, settle", cpu_ns() - start, frames->n);
	if (vmp_match_report(match, &run) < 0)
		abort();
	vmp_vec_foreach (segment, &run.segments) {
		counted += segment->lost;
		unsure += segment->unsure;
	}
	for (uint64_t n = 0; n < traffic->packets; n++)
		lost += traffic_is_lost(traffic, n);
	fprintf(stderr, "lost %llu of %llu, unsure %llu%s\n", (unsigned long long)counted, (unsigned long long)lost,
		(unsigned long long)unsure, counted == lost ? "" : ": WRONG");
	vmp_match_free(match);
	vmp_path_clear(&path);
	vmp_run_clear(&run);
}

int main(int argc, char **argv)
{
	bool dump = argc > 1 && strcmp(argv[1], "-d") == 0;
	struct traffic traffic = {.packets = MILLION, .connections = 100000, .step_ns = 5000, .lost_per_10000 = 100};
	struct rusage before, after;
	struct frames frames;

	argc -= dump;
	argv += dump;
	if (argc > 1)
		traffic.packets = (uint64_t)(strtod(argv[1], NULL) * (double)MILLION);
	if (argc > 2)
		traffic.connections = strtoull(argv[2], NULL, 10) * 1000;
	if (argc > 3)
		traffic.step_ns = strtoull(argv[3], NULL, 10);
	traffic.start_ns = 1000 * VMP_NS_PER_S;
	frames = make_frames(&traffic);
	if (!dump) {
		touch(&frames);
		decode(&frames, false);
		decode(&frames, true);
	}
	getrusage(RUSAGE_SELF, &before);
	match_all(&traffic, &frames, dump);
	getrusage(RUSAGE_SELF, &after);
	fprintf(stderr, "memory of the matcher: %ld MiB\n", (after.ru_maxrss - before.ru_maxrss) / 1024);
	free(frames.v);
	free(frames.bytes);
	return 0;
}
