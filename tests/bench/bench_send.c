/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_send DEVICE SECONDS RATE SRC_MAC DST_MAC: send small UDP packets, each of its own, as fast as one thread can (RATE 0) or so many a
 * second, and say how many were sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, LEN = 60 };

static uint8_t frames[BATCH][LEN];

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int read_mac(const char *text, uint8_t *ret_mac)
{
	unsigned int b[6];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		return -1;
	for (int i = 0; i < 6; i++)
		ret_mac[i] = (uint8_t)b[i];
	return 0;
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, 4);
}

/* 198.51.100.1 to 192.0.2.10, the discard port; what changes is filled in by number_frame(). */
static void make_frame(uint8_t *frame, const uint8_t *src, const uint8_t *dst)
{
	static const uint8_t headers[28] = {0x45, 0, 0, LEN - 14, 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 51, 100, 1, 192, 0, 2, 10,
					    0, 0, 0, 9, 0, LEN - 34, 0, 0};

	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	frame[12] = 8;
	memcpy(frame + 14, headers, sizeof(headers));
}

static void number_frame(uint8_t *frame, uint64_t n)
{
	uint8_t *ip = frame + 14;
	uint32_t sum = 0;

	ip[4] = (uint8_t)(n >> 8);
	ip[5] = (uint8_t)n;
	ip[20] = (uint8_t)(128 | (n >> 8 & 127));
	ip[21] = (uint8_t)n;
	put32(frame + 42, (uint32_t)(n >> 32));
	put32(frame + 46, (uint32_t)n);
	ip[10] = ip[11] = 0;
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

static uint64_t send_for(int fd, uint64_t seconds, uint64_t rate)
{
	uint64_t start = now_ns(), end = start + seconds * 1000000000U, sent = 0, now;
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];

	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){frames[i], LEN};
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while ((now = now_ns()) < end) {
		uint64_t due = rate ? start + (uint64_t)((double)sent / (double)rate * 1e9) : 0;
		int done;

		if (due > now) {
			struct timespec wait = {(time_t)((due - now) / 1000000000U), (long)((due - now) % 1000000000U)};

			nanosleep(&wait, NULL);
			continue;
		}
		for (int i = 0; i < BATCH; i++)
			number_frame(frames[i], sent + (uint64_t)i);
		done = sendmmsg(fd, messages, BATCH, 0);
		if (done > 0)
			sent += (uint64_t)done;
		else if (errno != ENOBUFS && errno != EAGAIN)
			break;
	}
	return sent;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	uint8_t src[6], dst[6];
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

	if (argc != 6 || read_mac(argv[4], src) < 0 || read_mac(argv[5], dst) < 0) {
		fprintf(stderr, "usage: bench_send DEVICE SECONDS RATE SRC_MAC DST_MAC\n");
		return 2;
	}
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror(argv[1]);
		return 1;
	}
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	for (int i = 0; i < BATCH; i++)
		make_frame(frames[i], src, dst);
	printf("%llu\n", (unsigned long long)send_for(fd, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)));
	return 0;
}
