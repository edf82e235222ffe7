/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several NICs, and nothing says which has ADDRESS: listen at all their backends for what the NIC itself sends with that
 * address, or gets for it. Frames are counted by the kernel's filter and not looked at: this is before privilege is given up.
 */
#include "cli/trace.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LISTEN_NS (2 * VMP_NS_PER_S)

struct votes {
	uint64_t *frames;       /* by point */
};

static int count_frame(void *context, const struct vmp_frame *frame)
{
	struct votes *votes = context;

	votes->frames[frame->point]++;
	return 0;
}

/* One point per NIC with a backend; nics: the NIC of each point. */
static int make_points(const struct vmp_trace *trace, const struct vmp_ip *address, vmp_points *points, size_t *nics)
{
	const struct vmp_guest *guest = &trace->run.guest;
	char ip[VMP_IP_STRLEN], mac[VMP_MAC_STRLEN];

	vmp_ip_format(address, ip);
	for (size_t i = 0; i < guest->nics.n; i++) {
		const struct vmp_nic *nic = &guest->nics.v[i];
		const struct vmp_link *link = nic->target ? vmp_host_link_named(&trace->host, nic->target) : NULL;
		struct vmp_point *point;

		if (!link || !nic->has_mac)
			continue;
		point = vmp_vec_add(points);
		if (!point)
			return -ENOMEM;
		nics[points->n - 1] = i;
		memcpy(point->name, link->name, sizeof(point->name));
		point->ifindex = link->ifindex;
		/* Only unicast tells: what is asked of everybody reaches every NIC of the same network. */
		vmp_mac_format(&nic->mac, mac);
		point->filter = vmp_str_printf("host %s and (ether src %s or ether dst %s)", ip, mac, mac);
		if (!point->filter)
			return -ENOMEM;
	}
	return points->n ? 0 : -ENODEV;
}

static int listen_at(struct vmp_capture *capture, struct votes *votes, size_t n, struct vmp_err *err)
{
	uint64_t until_ns = vmp_clock_monotonic_ns() + LISTEN_NS, complete_ns;

	while (vmp_clock_monotonic_ns() < until_ns && vmp_trace_signals() == 0) {
		int code = vmp_capture_poll(capture, 100, count_frame, votes, &complete_ns, err);

		if (code < 0 && code != -EINTR)
			return code;
		for (size_t i = 0; i < n; i++)
			if (votes->frames[i] >= 3)
				return 0;
	}
	return 0;
}

int vmp_trace_which_nic(struct vmp_trace *trace, const struct vmp_ip *address, size_t *ret_nic, struct vmp_err *err)
{
	size_t n_nics = trace->run.guest.nics.n, best = 0, seen = 0;
	vmp_points points = {0};
	size_t *nics = calloc(n_nics, sizeof(*nics));
	struct votes votes = {calloc(n_nics, sizeof(*votes.frames))};
	struct vmp_capture *capture = NULL;
	int code = nics && votes.frames ? make_points(trace, address, &points, nics) : -ENOMEM;

	if (code == 0)
		code = vmp_capture_open(&points, NULL, &capture, err);
	if (code == 0)
		code = listen_at(capture, &votes, points.n, err);
	for (size_t i = 0; code == 0 && i < points.n; i++) {
		if (votes.frames[i] > votes.frames[best])
			best = i;
		seen += votes.frames[i] > 0;
	}
	if (code == 0 && seen == 1)
		*ret_nic = nics[best];
	else if (code == 0)
		code = -EEXIST;
	vmp_capture_close(capture);
	vmp_points_clear(&points);
	free(votes.frames);
	free(nics);
	return code;
}
