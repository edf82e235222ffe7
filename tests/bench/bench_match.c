/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each step from bytes to fates costs, in memory: three hops of the traffic of traffic.c. Not a test:
 * `make tests/bench/bench_match`, then run it; arguments are the number of millions of packets at each hop, thousands of connections,
 * and nanoseconds from one packet to the next. With -d as first argument every fate is written to standard output, to be compared. With
 * -f UPLINK MIDDLE BACKEND the traffic is read from three captures that bench_pcap made.
 */
#include "base/clock.h"
#include "match/match.h"
#include "packet/packet.h"
#include "traffic.h"

#include <pcap/pcap.h>
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
	struct vmp_digest_key key;

	vmp_digest_key_make(&(struct vmp_hash_key){{1, 2}}, &key);
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

/* Where the next frame comes from: memory or three files. */
struct feed {
	const struct frames *frames;
	size_t at;
	pcap_t *files[TRAFFIC_HOPS];
	struct vmp_frame heads[TRAFFIC_HOPS]; /* of the files: the next frame of each */
	bool ended[TRAFFIC_HOPS];
	size_t n;
};

static void read_head(struct feed *feed, int hop)
{
	struct pcap_pkthdr *header;
	struct vmp_frame *head = &feed->heads[hop];
	const u_char *data;

	feed->ended[hop] = pcap_next_ex(feed->files[hop], &header, &data) != 1;
	if (feed->ended[hop])
		return;
	head->ts_ns = (uint64_t)header->ts.tv_sec * VMP_NS_PER_S + (uint64_t)header->ts.tv_usec;
	head->point = (uint32_t)hop;
	head->devdir = VMP_DEV_UNKNOWN;
	head->wire_len = header->len;
	head->cap_len = header->caplen;
	head->data = data;
}

static int oldest_head(const struct feed *feed)
{
	int oldest = -1;

	for (int hop = 0; hop < TRAFFIC_HOPS; hop++)
		if (!feed->ended[hop] && (oldest < 0 || feed->heads[hop].ts_ns < feed->heads[oldest].ts_ns))
			oldest = hop;
	return oldest;
}

static const struct vmp_frame *next_frame(struct feed *feed, int *last)
{
	if (feed->frames)
		return feed->at < feed->frames->n ? &feed->frames->v[feed->at++] : NULL;
	if (*last >= 0)
		read_head(feed, *last);
	*last = oldest_head(feed);
	return *last >= 0 ? &feed->heads[*last] : NULL;
}

/* As the window does it: in batches, settled when complete. */
static void run_feed(struct vmp_match *match, struct feed *feed, bool dump)
{
	struct vmp_digest_key key;
	uint64_t batch_ns = 0, last_ns = 0;
	const struct vmp_frame *frame;
	int last = -1;

	vmp_digest_key_make(&(struct vmp_hash_key){{1, 2}}, &key);
	while ((frame = next_frame(feed, &last))) {
		struct vmp_packet packet;
		struct vmp_fingerprint id;

		vmp_packet_decode(frame, &packet);
		vmp_packet_fingerprint(&key, frame, &packet, &id);
		vmp_match_add(match, frame, &packet, &id);
		feed->n++;
		last_ns = frame->ts_ns;
		if (last_ns > batch_ns) {
			batch_ns = last_ns + BATCH_NS;
			vmp_match_settle(match, last_ns - MARGIN_NS);
			fetch(match, dump);
		}
	}
	vmp_match_settle_all(match, last_ns + 2 * VMP_NS_PER_S);
	fetch(match, dump);
}

static void match_all(struct feed *feed, bool dump, uint64_t ret_lost[VMP_DIRECTIONS], uint64_t *ret_unsure)
{
	static const int point_hops[TRAFFIC_HOPS] = {UPLINK, MIDDLE, BACKEND};
	struct vmp_match_conf conf = {.settle_ns = VMP_NS_PER_S, .key = {{3, 4}}, .no_fates = !dump};
	struct vmp_nic nic = {0};
	struct vmp_run run = {0};
	struct vmp_path path;
	struct vmp_match *match = NULL;
	struct vmp_err err;
	uint64_t start;

	make_path(&path);
	if (vmp_match_new(&path, &nic, point_hops, TRAFFIC_HOPS, &conf, &match, &err) < 0)
		abort();
	start = cpu_ns();
	run_feed(match, feed, dump);
	print_cost("decode, fingerprint, match, settle", cpu_ns() - start, feed->n);
	if (vmp_match_report(match, &run) < 0)
		abort();
	vmp_vec_foreach (segment, &run.segments) {
		ret_lost[segment->direction] += segment->lost;
		*ret_unsure += segment->unsure;
	}
	vmp_match_free(match);
	vmp_path_clear(&path);
	vmp_run_clear(&run);
}

static int match_files(char **paths)
{
	char words[PCAP_ERRBUF_SIZE];
	uint64_t lost[VMP_DIRECTIONS] = {0}, unsure = 0;
	struct feed feed = {0};

	for (int hop = 0; hop < TRAFFIC_HOPS; hop++) {
		feed.files[hop] = pcap_open_offline_with_tstamp_precision(paths[hop], PCAP_TSTAMP_PRECISION_NANO, words);
		if (!feed.files[hop]) {
			fprintf(stderr, "bench_match: %s\n", words);
			return 1;
		}
		read_head(&feed, hop);
	}
	match_all(&feed, false, lost, &unsure);
	for (int hop = 0; hop < TRAFFIC_HOPS; hop++)
		pcap_close(feed.files[hop]);
	printf("%llu %llu %llu\n", (unsigned long long)lost[VMP_TO_GUEST], (unsigned long long)lost[VMP_FROM_GUEST],
	       (unsigned long long)unsure);
	return 0;
}

static int match_memory(const struct traffic *traffic, bool dump)
{
	uint64_t lost[VMP_DIRECTIONS] = {0}, unsure = 0, planted = 0, counted;
	struct frames frames = make_frames(traffic);
	struct feed feed = {.frames = &frames};
	struct rusage before, after;

	if (!dump) {
		touch(&frames);
		decode(&frames, false);
		decode(&frames, true);
	}
	getrusage(RUSAGE_SELF, &before);
	match_all(&feed, dump, lost, &unsure);
	getrusage(RUSAGE_SELF, &after);
	for (uint64_t n = 0; n < traffic->packets; n++)
		planted += traffic_is_lost(traffic, n);
	counted = lost[VMP_TO_GUEST] + lost[VMP_FROM_GUEST];
	fprintf(stderr, "lost %llu of %llu, unsure %llu\nmemory of the matcher: %ld MiB\n", (unsigned long long)counted,
		(unsigned long long)planted, (unsigned long long)unsure, (after.ru_maxrss - before.ru_maxrss) / 1024);
	free(frames.v);
	free(frames.bytes);
	return counted == planted ? 0 : 1;
}

int main(int argc, char **argv)
{
	bool dump = argc > 1 && strcmp(argv[1], "-d") == 0;
	struct traffic traffic = {.packets = MILLION, .connections = 100000, .step_ns = 5000, .lost_per_10000 = 100};

	if (argc == 2 + TRAFFIC_HOPS && strcmp(argv[1], "-f") == 0)
		return match_files(argv + 2);
	argc -= dump;
	argv += dump;
	if (argc > 1)
		traffic.packets = (uint64_t)(strtod(argv[1], NULL) * (double)MILLION);
	if (argc > 2)
		traffic.connections = strtoull(argv[2], NULL, 10) * 1000;
	if (argc > 3)
		traffic.step_ns = strtoull(argv[3], NULL, 10);
	traffic.start_ns = 1000 * VMP_NS_PER_S;
	return match_memory(&traffic, dump);
}
