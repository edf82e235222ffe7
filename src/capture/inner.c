/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/inner.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>

struct vmp_inner {
	struct bpf_program program;
};

int vmp_inner_open(const char *text, struct vmp_inner **ret_inner, struct vmp_err *err)
{
	struct vmp_inner *inner = calloc(1, sizeof(*inner));
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
	int r = 0;

	if (!inner || !dead)
		r = vmp_err_set(err, ENOMEM, "capture", text, "out of memory");
	else if (pcap_compile(dead, &inner->program, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
		r = vmp_err_set(err, EINVAL, "capture", text, "filter \"%s\": %s", text, pcap_geterr(dead));
	if (dead)
		pcap_close(dead);
	if (r != 0) {
		free(inner);
		return r;
	}
	*ret_inner = inner;
	return 0;
}

bool vmp_inner_passes(const struct vmp_inner *inner, const struct vmp_frame *frame, uint32_t offset)
{
	struct pcap_pkthdr header = {0};

	if (!inner)
		return true;
	if (offset > frame->cap_len || offset > frame->wire_len)
		return false;
	header.len = frame->wire_len - offset;
	header.caplen = frame->cap_len - offset;
	return pcap_offline_filter(&inner->program, &header, frame->data + offset) != 0;
}

void vmp_inner_close(struct vmp_inner *inner)
{
	if (!inner)
		return;
	pcap_freecode(&inner->program);
	free(inner);
}
