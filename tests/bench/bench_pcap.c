/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_pcap make DIR PACKETS CONNECTIONS STEP_NS: write the traffic of traffic.c as uplink.pcap, bridge.pcap and tap.pcap, and say
 * how many packets are lost in each direction.
 * bench_pcap read FILE...: the bare loop over them that other programs are held against.
 */
#include "traffic.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[TRAFFIC_HOPS] = {"uplink.pcap", "bridge.pcap", "tap.pcap"};

static int write_hop(const char *dir, const struct traffic *traffic, int hop)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 262144, PCAP_TSTAMP_PRECISION_NANO);
	struct traffic_frame frame;
	pcap_dumper_t *out;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, names[hop]);
	out = pcap ? pcap_dump_open(pcap, path) : NULL;
	if (!out) {
		fprintf(stderr, "bench_pcap: %s: %s\n", path, pcap ? pcap_geterr(pcap) : "out of memory");
		return 1;
	}
	for (uint64_t n = 0; n < traffic->packets; n++) {
		struct pcap_pkthdr header = {0};

		if (!traffic_frame(traffic, n, hop, &frame))
			continue;
		header.ts.tv_sec = (time_t)(frame.ts_ns / 1000000000U);
		header.ts.tv_usec = (suseconds_t)(frame.ts_ns % 1000000000U);
		header.caplen = header.len = frame.len;
		pcap_dump((u_char *)out, &header, frame.data);
	}
	if (pcap_dump_flush(out) != 0) {
		perror(path);
		return 1;
	}
	pcap_dump_close(out);
	pcap_close(pcap);
	return 0;
}

static int make(const char *dir, const struct traffic *traffic)
{
	uint64_t lost[2] = {0, 0};

	for (int hop = 0; hop < TRAFFIC_HOPS; hop++)
		if (write_hop(dir, traffic, hop) != 0)
			return 1;
	for (uint64_t n = 0; n < traffic->packets; n++)
		lost[traffic_is_to_guest(traffic, n)] += traffic_is_lost(traffic, n);
	printf("%llu %llu\n", (unsigned long long)lost[1], (unsigned long long)lost[0]);
	return 0;
}

struct sum {
	unsigned long long packets, bytes;
};

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct sum *sum = (struct sum *)(void *)user;

	sum->packets++;
	sum->bytes += header->caplen + data[0];
}

static int read_file(const char *path)
{
	char words[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, words);
	struct sum sum = {0, 0};

	if (!pcap || pcap_loop(pcap, -1, count, (u_char *)&sum) != 0) {
		fprintf(stderr, "bench_pcap: %s: %s\n", path, pcap ? pcap_geterr(pcap) : words);
		return 1;
	}
	printf("%llu %llu\n", sum.packets, sum.bytes);
	pcap_close(pcap);
	return 0;
}

int main(int argc, char **argv)
{
	struct traffic traffic = {.start_ns = 1700000000000000000ULL, .lost_per_10000 = 100};

	if (argc == 6 && strcmp(argv[1], "make") == 0) {
		traffic.packets = strtoull(argv[3], NULL, 10);
		traffic.connections = strtoull(argv[4], NULL, 10);
		traffic.step_ns = strtoull(argv[5], NULL, 10);
		return make(argv[2], &traffic);
	}
	if (argc < 3 || strcmp(argv[1], "read") != 0) {
		fprintf(stderr, "usage: bench_pcap make DIR PACKETS CONNECTIONS STEP_NS | bench_pcap read FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		if (read_file(argv[i]) != 0)
			return 1;
	return 0;
}
