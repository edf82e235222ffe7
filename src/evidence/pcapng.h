/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of the pcapng format (draft-ietf-opsawg-pcapng), always little-endian. Only what every reader takes well: no
 * verdicts (Wireshark 4.0 writes them wrongly when it saves a file again) and no custom blocks (editcap stops at them);
 * one link type and one snapshot length for all interfaces, since libpcap reads nothing else. Internal to this folder.
 */
#ifndef VMP_EVIDENCE_PCAPNG_H
#define VMP_EVIDENCE_PCAPNG_H

#include "base/addr.h"
#include "model/direction.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libpcap's own largest (MAXIMUM_SNAPLEN). */
#define VMP_PCAPNG_SNAPLEN 262144U

/* Finished blocks, one after the other. oom stays set after the first failed growth. */
struct vmp_pcapng {
	uint8_t *v;
	size_t n, cap;
	size_t start;               /* of the block under construction */
	bool oom;
};

/* Section header. All texts: borrowed, untrusted, NULL leaves the option out; so for the other blocks. */
struct vmp_pcapng_section {
	const char *hardware, *os, *application, *comment;
};
void vmp_pcapng_section(struct vmp_pcapng *out, const struct vmp_pcapng_section *section);

/* Interface: Ethernet, nanoseconds. mac: may be NULL; filter: pcap filter text. */
struct vmp_pcapng_interface {
	const char *name, *description, *filter;
	const struct vmp_mac *mac;
};
void vmp_pcapng_interface(struct vmp_pcapng *out, const struct vmp_pcapng_interface *interface);

/* Name resolution: one name for several addresses. Nothing is written for none. */
void vmp_pcapng_names(struct vmp_pcapng *out, const char *name, const struct vmp_ip *ips, size_t n_ips);

/* One frame. data: cap_len bytes, borrowed, at most VMP_PCAPNG_SNAPLEN. */
struct vmp_pcapng_frame {
	uint32_t interface;
	uint64_t ts_ns;
	uint32_t cap_len, wire_len;
	const uint8_t *data;
	enum vmp_devdir devdir;
	uint64_t packet_id;
	const char *comment;
};
void vmp_pcapng_frame(struct vmp_pcapng *out, const struct vmp_pcapng_frame *frame);

/* Interface statistics. Times of 0 are left out. */
struct vmp_pcapng_statistics {
	uint32_t interface;
	uint64_t ts_ns, start_ns, end_ns;
	bool has_counts;
	uint64_t received, dropped;
	const char *comment;
};
void vmp_pcapng_statistics(struct vmp_pcapng *out, const struct vmp_pcapng_statistics *statistics);

/* Free the blocks and empty the list. */
void vmp_pcapng_clear(struct vmp_pcapng *out);

#endif
