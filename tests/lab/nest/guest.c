/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest: plays a guest in the nest. It holds the backend of one NIC and answers ARP and ICMP echo for one address.
 *
 *   guest [-v] TAP ADDRESS MAC
 *
 * Without -v it reads and writes the tap as QEMU does; with -v it owns the two rings of a virtio-net device and lets the
 * kernel's vhost-net serve them, so that the last hop of the host is the real one although there is no virtual machine.
 *
 * SIGUSR1: hang (take no packet, give no buffer back); SIGUSR2: go on; SIGTERM: tell the counts and end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define VNET_HDR 12u /* virtio_net_hdr_mrg_rxbuf, before every frame */
#define RING 256u
#define BUFFER 2048u

static volatile sig_atomic_t hung, ended;

static void on_signal(int number)
{
	if (number == SIGTERM)
		ended = 1;
	else
		hung = number == SIGUSR1;
}

static void die(const char *what)
{
	fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int checked(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

/* ---- what the guest says -------------------------------------------------------------------------------------- */

struct identity {
	uint8_t mac[ETH_ALEN];
	uint8_t address[4];
};

static uint16_t internet_checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (len % 2)
		sum += (uint32_t)data[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t kept = a[i];

		a[i] = b[i];
		b[i] = kept;
	}
}

/* Turn a question in FRAME into its answer, in place; tell whether there is one. */
static int answer(const struct identity *me, uint8_t *frame, size_t len)
{
	uint16_t type = len >= 42 ? (uint16_t)(frame[12] << 8 | frame[13]) : 0;

	if (type == ETH_P_ARP && frame[21] == 1 && !memcmp(frame + 38, me->address, 4)) {
		frame[21] = 2;
		memcpy(frame + 32, frame + 22, 10); /* target = who asked */
		memcpy(frame + 22, me->mac, ETH_ALEN);
		memcpy(frame + 28, me->address, 4);
	} else if (type == ETH_P_IP && frame[14] == 0x45 && frame[23] == IPPROTO_ICMP && frame[34] == 8 &&
	           !memcmp(frame + 30, me->address, 4)) {
		size_t total = (size_t)frame[16] << 8 | frame[17];
		uint16_t sum;

		if (total < 28 || total + ETH_HLEN > len)
			return 0;
		swap(frame + 26, frame + 30, 4);
		frame[34] = 0;
		frame[36] = frame[37] = 0;
		sum = internet_checksum(frame + 34, total - 20);
		frame[36] = (uint8_t)(sum >> 8);
		frame[37] = (uint8_t)sum;
	} else {
		return 0;
	}
	memcpy(frame, frame + ETH_ALEN, ETH_ALEN);
	memcpy(frame + ETH_ALEN, me->mac, ETH_ALEN);
	return 1;
}

/* ---- behind a plain tap --------------------------------------------------------------------------------------- */

static int open_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int header = VNET_HDR;
	int tap = checked(open("/dev/net/tun", O_RDWR | O_NONBLOCK), "open /dev/net/tun");

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	checked(ioctl(tap, TUNSETIFF, &request), "TUNSETIFF");
	checked(ioctl(tap, TUNSETVNETHDRSZ, &header), "TUNSETVNETHDRSZ");
	return tap;
}

static unsigned long serve_tap(const struct identity *me, int tap)
{
	static uint8_t buffer[VNET_HDR + 65536];
	unsigned long taken = 0;

	while (!ended) {
		struct pollfd ready = {.fd = hung ? -1 : tap, .events = POLLIN};
		ssize_t len;

		if (poll(&ready, 1, 100) <= 0)
			continue;
		len = read(tap, buffer, sizeof buffer);
		if (len < (ssize_t)VNET_HDR)
			continue;
		taken++;
		memset(buffer, 0, VNET_HDR);
		if (answer(me, buffer + VNET_HDR, (size_t)len - VNET_HDR) && write(tap, buffer, (size_t)len) < 0)
			die("write to the tap");
	}
	return taken;
}

/* ---- behind vhost-net ----------------------------------------------------------------------------------------- */

struct queue {
	struct vring ring;
	uint16_t seen; /* used entries already taken */
	int kick, call;
	uint8_t *buffers;
};

static void kick(const struct queue *queue)
{
	uint64_t one = 1;

	if (write(queue->kick, &one, sizeof one) < 0)
		die("kick");
}

static int is_full(const struct queue *queue)
{
	return (uint16_t)(queue->ring.avail->idx - __atomic_load_n(&queue->ring.used->idx, __ATOMIC_ACQUIRE)) >= RING;
}

/* Give buffer ID of the queue to the kernel. */
static void offer(struct queue *queue, uint32_t id)
{
	queue->ring.avail->ring[queue->ring.avail->idx % RING] = (uint16_t)id;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	queue->ring.avail->idx++;
	kick(queue);
}

static void open_queue(int vhost, int tap, unsigned index, struct queue *queue, uint8_t *memory)
{
	struct vhost_vring_state state = {.index = index, .num = RING};
	struct vhost_vring_file file = {.index = index};
	struct vhost_vring_addr place = {.index = index};

	vring_init(&queue->ring, RING, memory, 4096);
	queue->buffers = memory + 65536;
	queue->kick = checked(eventfd(0, EFD_NONBLOCK), "eventfd");
	queue->call = checked(eventfd(0, EFD_NONBLOCK), "eventfd");
	for (unsigned i = 0; i < RING; i++) {
		queue->ring.desc[i].addr = (uintptr_t)(queue->buffers + i * BUFFER);
		queue->ring.desc[i].len = BUFFER;
		queue->ring.desc[i].flags = index == 0 ? VRING_DESC_F_WRITE : 0;
	}
	checked(ioctl(vhost, VHOST_SET_VRING_NUM, &state), "VHOST_SET_VRING_NUM");
	state.num = 0;
	checked(ioctl(vhost, VHOST_SET_VRING_BASE, &state), "VHOST_SET_VRING_BASE");
	place.desc_user_addr = (uintptr_t)queue->ring.desc;
	place.used_user_addr = (uintptr_t)queue->ring.used;
	place.avail_user_addr = (uintptr_t)queue->ring.avail;
	checked(ioctl(vhost, VHOST_SET_VRING_ADDR, &place), "VHOST_SET_VRING_ADDR");
	file.fd = queue->kick;
	checked(ioctl(vhost, VHOST_SET_VRING_KICK, &file), "VHOST_SET_VRING_KICK");
	file.fd = queue->call;
	checked(ioctl(vhost, VHOST_SET_VRING_CALL, &file), "VHOST_SET_VRING_CALL");
	file.fd = tap;
	checked(ioctl(vhost, VHOST_NET_SET_BACKEND, &file), "VHOST_NET_SET_BACKEND");
}

static unsigned long serve_vhost(const struct identity *me, int tap)
{
	const size_t size = 4u << 20;
	int vhost = checked(open("/dev/vhost-net", O_RDWR), "open /dev/vhost-net");
	uint64_t features;
	struct vhost_memory *table = calloc(1, sizeof *table + sizeof table->regions[0]);
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct queue in = {0}, out = {0};
	unsigned long taken = 0;

	if (!table || memory == MAP_FAILED)
		die("memory");
	checked(ioctl(vhost, VHOST_SET_OWNER, 0), "VHOST_SET_OWNER");
	checked(ioctl(vhost, VHOST_GET_FEATURES, &features), "VHOST_GET_FEATURES");
	features &= 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_NET_F_MRG_RXBUF;
	checked(ioctl(vhost, VHOST_SET_FEATURES, &features), "VHOST_SET_FEATURES");
	table->nregions = 1;
	table->regions[0].guest_phys_addr = table->regions[0].userspace_addr = (uintptr_t)memory;
	table->regions[0].memory_size = size;
	checked(ioctl(vhost, VHOST_SET_MEM_TABLE, table), "VHOST_SET_MEM_TABLE");
	open_queue(vhost, tap, 0, &in, memory);
	open_queue(vhost, tap, 1, &out, memory + size / 2);
	for (unsigned i = 0; i < RING; i++)
		offer(&in, i);

	while (!ended) {
		struct pollfd ready = {.fd = in.call, .events = POLLIN};
		uint64_t calls;

		if (poll(&ready, 1, 100) > 0 && read(in.call, &calls, sizeof calls) < 0 && errno != EAGAIN)
			die("read of the call eventfd");
		while (!hung && in.seen != __atomic_load_n(&in.ring.used->idx, __ATOMIC_ACQUIRE)) {
			const struct vring_used_elem *used = &in.ring.used->ring[in.seen++ % RING];
			uint8_t *frame = in.buffers + used->id * BUFFER;
			uint8_t *reply;
			uint16_t slot;

			/* Answers to all that waited while this hung may be more than the ring holds: vhost ends for good when it is overrun. */
			while (!ended && is_full(&out))
				usleep(1000);
			slot = out.ring.avail->idx % RING;
			reply = out.buffers + slot * BUFFER;
			taken++;
			memset(reply, 0, VNET_HDR);
			memcpy(reply + VNET_HDR, frame + VNET_HDR, used->len - VNET_HDR);
			if (answer(me, reply + VNET_HDR, used->len - VNET_HDR)) {
				out.ring.desc[slot].len = used->len;
				offer(&out, slot);
			}
			offer(&in, used->id);
		}
	}
	return taken;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	int vhost = argc == 5 && !strcmp(argv[1], "-v");
	struct identity me;
	unsigned long taken;
	int tap;

	argv += vhost;
	if (argc - vhost != 4 || inet_pton(AF_INET, argv[2], me.address) != 1 ||
	    sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &me.mac[0], &me.mac[1], &me.mac[2], &me.mac[3], &me.mac[4],
	           &me.mac[5]) != 6) {
		fprintf(stderr, "usage: guest [-v] TAP ADDRESS MAC\n");
		return 2;
	}
	checked(sigaction(SIGUSR1, &action, NULL), "sigaction");
	checked(sigaction(SIGUSR2, &action, NULL), "sigaction");
	checked(sigaction(SIGTERM, &action, NULL), "sigaction");
	tap = open_tap(argv[1]);
	printf("guest up\n");
	fflush(stdout);
	taken = vhost ? serve_vhost(&me, tap) : serve_tap(&me, tap);
	printf("guest took %lu\n", taken);
	return 0;
}
