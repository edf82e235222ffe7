/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/tracefile.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct vmp_tracefile {
	pcap_t *pcap;
	char *name;
	unsigned long long n;   /* frames read */
};

static int open_pcap(FILE *stream, const char *name, pcap_t **ret_pcap, struct vmp_err *err)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, why);

	if (!pcap)
		return vmp_err_set(err, EINVAL, "capture", name, "reading %s: %s", name, why);
	*ret_pcap = pcap;
	return 0;
}

int vmp_tracefile_open(int fd, const char *name, struct vmp_tracefile **ret_file, struct vmp_err *err)
{
	struct vmp_tracefile *file = calloc(1, sizeof(*file));
	FILE *stream = fdopen(fd, "rb");
	int code;

	if (!stream)
		close(fd);
	if (!file || !stream || !(file->name = strdup(name))) {
		if (stream)
			fclose(stream);
		free(file);
		return vmp_err_set(err, ENOMEM, "capture", name, "reading %s: out of memory", name);
	}
	code = open_pcap(stream, name, &file->pcap, err);
	if (code < 0) {
		fclose(stream);
		free(file->name);
		free(file);
		return code;
	}
	if (pcap_datalink(file->pcap) != DLT_EN10MB) {
		vmp_tracefile_close(file);
		return vmp_err_set(err, EINVAL, "capture", name, "reading %s: its frames are not Ethernet", name);
	}
	*ret_file = file;
	return 0;
}

int vmp_tracefile_next(struct vmp_tracefile *file, struct vmp_frame *ret_frame, struct vmp_err *err)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int got = pcap_next_ex(file->pcap, &header, &data);

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1 || header->ts.tv_sec < 0 || header->ts.tv_usec < 0)
		return vmp_err_set(err, EINVAL, "capture", file->name, "reading %s: behind frame %llu: %s", file->name, file->n,
				   got == 1 ? "a time that is none" : pcap_geterr(file->pcap));
	file->n++;
	memset(ret_frame, 0, sizeof(*ret_frame));
	/* With nanosecond precision tv_usec counts nanoseconds. */
	ret_frame->ts_ns = (uint64_t)header->ts.tv_sec * 1000000000ULL + (uint64_t)header->ts.tv_usec;
	ret_frame->wire_len = header->len;
	ret_frame->cap_len = header->caplen;
	ret_frame->data = data;
	return 1;
}

void vmp_tracefile_close(struct vmp_tracefile *file)
{
	if (!file)
		return;
	pcap_close(file->pcap);
	free(file->name);
	free(file);
}
