/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's interrupts and receive queues below /sys. What /sys/class/net shows is the network namespace of who mounted it, which need not
 * be the reader's, and there a device of the same name may be another: it counts only when number and MAC are the same.
 */
#include "base/addr.h"
#include "host/counters.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { IRQS_MAX = 4096 };

/* A short file below a folder, without its line's end. False when there is none. */
static bool read_short(int dir, const char *path, char *text, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static bool is_same_device(int dir, int socket_fd, const struct vmp_reading_device *device)
{
	struct ifreq request = {0};
	struct vmp_mac own, shown;
	char text[64];

	if (!read_short(dir, "ifindex", text, sizeof(text)) || atoi(text) != device->ifindex)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device->name);
	if (!read_short(dir, "address", text, sizeof(text)) || vmp_mac_parse(text, &shown) < 0 ||
	    ioctl(socket_fd, SIOCGIFHWADDR, &request) != 0)
		return false;
	memcpy(own.b, request.ifr_hwaddr.sa_data, sizeof(own.b));
	return vmp_mac_equal(&own, &shown);
}

static DIR *open_folder(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && !folder)
		close(fd);
	return folder;
}

static int keep_irq(struct vmp_reading_device *device, unsigned int irq)
{
	unsigned int *slot;

	if (device->irqs.n >= IRQS_MAX)
		return 0;
	slot = vmp_vec_add(&device->irqs);
	if (!slot)
		return -ENOMEM;
	*slot = irq;
	return 0;
}

/* Message interrupts of a PCI device; those of a virtio device belong to the PCI device above it. */
static int read_irqs(int dir, struct vmp_reading_device *device)
{
	static const char *const places[] = {"device/msi_irqs", "device/../msi_irqs"};
	int code = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && device->irqs.n == 0; i++) {
		DIR *folder = open_folder(dir, places[i]);

		for (struct dirent *entry; folder && code == 0 && (entry = readdir(folder));)
			if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
				code = keep_irq(device, (unsigned int)strtoul(entry->d_name, NULL, 10));
		if (folder)
			closedir(folder);
	}
	return code;
}

/* A mask of processors, "00000000,0000000f": is any of them chosen? */
static bool chooses_any(const char *mask)
{
	return strspn(mask, "0,") < strlen(mask);
}

static void read_rps(int dir, struct vmp_reading_device *device)
{
	DIR *folder = open_folder(dir, "queues");

	device->rx_queues = device->rps = 0;
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char path[300], mask[4096];

		if (strncmp(entry->d_name, "rx-", 3) != 0)
			continue;
		device->rx_queues++;
		snprintf(path, sizeof(path), "%s/rps_cpus", entry->d_name);
		if (read_short(dirfd(folder), path, mask, sizeof(mask)) && chooses_any(mask))
			device->rps++;
	}
	device->has_rps = device->rx_queues > 0;
	if (folder)
		closedir(folder);
}

int vmp_host_read_sysfs(int socket_fd, struct vmp_reading_device *device)
{
	char path[64];
	int dir, code = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%s", device->name);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	if (is_same_device(dir, socket_fd, device)) {
		code = read_irqs(dir, device);
		read_rps(dir, device);
	}
	close(dir);
	return code;
}
