/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/capture.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void vmp_capture_probe(struct vmp_probe *probe)
{
	/* With protocol 0 no packet is ever given to it. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		vmp_probe_set(probe, VMP_NO, "opening a packet socket: %s", strerror(errno));
		return;
	}
	close(fd);
	vmp_probe_set(probe, VMP_YES, "a packet socket opens");
}
