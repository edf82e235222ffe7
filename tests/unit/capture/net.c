/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool ready;

static void sysctl_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, value, strlen(value));
	close(fd);
}

bool net_enter(void)
{
	if (unshare(CLONE_NEWNET) != 0 || access("/dev/net/tun", R_OK | W_OK) != 0) {
		print_message("# no network namespace or no /dev/net/tun: %s\n", strerror(errno));
		return false;
	}
	sysctl_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	ready = true;
	return true;
}

bool net_ready(const char *what)
{
	if (!ready)
		print_message("# skipped, needs root: %s\n", what);
	return ready;
}

static void set_flags(const struct tap *tap, short flags)
{
	struct ifreq request = {.ifr_flags = flags};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", tap->name);
	assert_int_equal(ioctl(tap->sock, SIOCSIFFLAGS, &request), 0);
}

struct tap tap_make(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	struct sockaddr_ll addr = {.sll_family = AF_PACKET};
	struct tap tap;

	snprintf(tap.name, sizeof(tap.name), "%s", name);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	tap.fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	assert_true(tap.fd >= 0);
	assert_int_equal(ioctl(tap.fd, TUNSETIFF, &request), 0);
	tap.sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(tap.sock >= 0);
	set_flags(&tap, IFF_UP | IFF_NOARP);
	tap.ifindex = (int)if_nametoindex(name);
	addr.sll_ifindex = tap.ifindex;
	assert_int_equal(bind(tap.sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return tap;
}

void tap_end(struct tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	if (tap->sock >= 0)
		close(tap->sock);
	tap->fd = tap->sock = -1;
}

void tap_down(const struct tap *tap)
{
	set_flags(tap, IFF_NOARP);
}

void tap_up(const struct tap *tap)
{
	set_flags(tap, IFF_UP | IFF_NOARP);
}

size_t frame_make(uint8_t *frame, size_t len, unsigned int vlan, uint32_t number)
{
	static const uint8_t stations[12] = {0x52, 0x54, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 2};
	size_t at = sizeof(stations);

	memset(frame, 0xa5, len);
	memcpy(frame, stations, sizeof(stations));
	if (vlan) {
		frame[at++] = 0x81;
		frame[at++] = 0x00;
		frame[at++] = (uint8_t)(vlan >> 8);
		frame[at++] = (uint8_t)vlan;
	}
	frame[at++] = TEST_ETHERTYPE >> 8;
	frame[at++] = TEST_ETHERTYPE & 0xff;
	number = htonl(number);
	memcpy(frame + at, &number, sizeof(number));
	return len;
}

uint32_t frame_number(const uint8_t *frame, bool tagged)
{
	uint32_t number;

	memcpy(&number, frame + (tagged ? 18 : 14), sizeof(number));
	return ntohl(number);
}

void tap_send_out(const struct tap *tap, const uint8_t *frame, size_t len)
{
	assert_int_equal(send(tap->sock, frame, len, 0), len);
}

void tap_send_in(const struct tap *tap, const uint8_t *frame, size_t len)
{
	assert_int_equal(write(tap->fd, frame, len), len);
}
