/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * count: the ground truth of the nest's scenarios. Counts the ICMP echo packets of one address at every device of the
 * namespace, through one packet socket and with code that shares nothing with vmpath.
 *
 *   count ADDRESS
 *
 * Writes "counting" when it counts, and at SIGTERM one line for each place where packets were seen:
 *   DEVICE in|out VLAN|- request|reply PACKETS
 * and "lost PACKETS": what the socket itself had no room for.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PLACES 256

struct place {
	int device, out, vlan, reply;
	unsigned long packets;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "count: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void count(struct place *places, struct place seen)
{
	for (int i = 0; i < PLACES; i++) {
		struct place *place = &places[i];

		if (!place->packets)
			*place = seen;
		if (place->device == seen.device && place->out == seen.out && place->vlan == seen.vlan &&
		    place->reply == seen.reply) {
			place->packets++;
			return;
		}
	}
}

/* Find the echo packet of ADDRESS in a frame; the frame's own tag, where it still has one, becomes the place's. */
static int is_echo(const uint8_t *frame, size_t len, const uint8_t *address, struct place *place)
{
	size_t ip = ETH_HLEN;

	if (len >= 18 && frame[12] == 0x81 && frame[13] == 0) {
		place->vlan = (frame[14] & 0xf) << 8 | frame[15];
		ip += 4;
	}
	if (len < ip + 28 || frame[ip - 2] != 8 || frame[ip - 1] != 0 || frame[ip] != 0x45 || frame[ip + 9] != IPPROTO_ICMP)
		return 0;
	place->reply = frame[ip + 20] == 0;
	if (!place->reply && frame[ip + 20] != 8)
		return 0;
	return !memcmp(frame + ip + (place->reply ? 12 : 16), address, 4);
}

static void take(int fd, const uint8_t *address, struct place *places)
{
	uint8_t frame[256];
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct sockaddr_ll from;
	struct iovec vector = {frame, sizeof frame};
	struct msghdr message = {&from, sizeof from, &vector, 1, control, sizeof control, 0};
	ssize_t len = recvmsg(fd, &message, MSG_DONTWAIT);
	struct place seen = {.vlan = -1};

	if (len < 0)
		return;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
		struct tpacket_auxdata aux;

		if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(part), sizeof aux);
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			seen.vlan = aux.tp_vlan_tci & 0xfff;
	}
	seen.device = from.sll_ifindex;
	seen.out = from.sll_pkttype == PACKET_OUTGOING;
	if (is_echo(frame, (size_t)len, address, &seen))
		count(places, seen);
}

int main(int argc, char **argv)
{
	static struct place places[PLACES];
	struct sigaction action = {.sa_handler = on_signal};
	struct tpacket_stats stats;
	socklen_t size = sizeof stats;
	int room = 32 << 20, on = 1;
	uint8_t address[4];
	int fd;

	if (argc != 2 || inet_pton(AF_INET, argv[1], address) != 1) {
		fprintf(stderr, "usage: count ADDRESS\n");
		return 2;
	}
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) < 0 || sigaction(SIGTERM, &action, NULL) < 0)
		die("packet socket");
	printf("counting\n");
	fflush(stdout);
	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (poll(&ready, 1, ended ? 0 : 100) > 0)
			take(fd, address, places);
		else if (ended)
			break;
	}
	for (int i = 0; i < PLACES && places[i].packets; i++) {
		char name[IF_NAMESIZE] = "?", vlan[16] = "-";

		if_indextoname((unsigned)places[i].device, name);
		if (places[i].vlan >= 0)
			snprintf(vlan, sizeof vlan, "%d", places[i].vlan);
		printf("%s %s %s %s %lu\n", name, places[i].out ? "out" : "in", vlan, places[i].reply ? "reply" : "request",
		       places[i].packets);
	}
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) < 0)
		die("PACKET_STATISTICS");
	printf("lost %u\n", stats.tp_drops);
	return 0;
}
