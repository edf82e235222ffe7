/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sample.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static void add_hop(struct vmp_run *run, const char *name, enum vmp_hop_kind kind, int ifindex)
{
	struct vmp_hop *hop = vmp_vec_add(&run->path.hops);
	struct vmp_point *point;

	vmp_str_set(&hop->name, name);
	hop->kind = kind;
	hop->ifindex = ifindex;
	hop->observed = VMP_OBSERVED_YES;
	hop->shown = true;
	if (ifindex == 0)
		return;
	point = vmp_vec_add(&run->points);
	memcpy(point->name, name, strlen(name) + 1);
	point->ifindex = ifindex;
	point->has_mac = true;
	vmp_mac_parse("fe:54:00:02:1f:00", &point->mac);
	vmp_str_set(&point->filter, "ether host 52:54:00:02:1f:00");
	point->opened = true;
	point->opened_ns = SAMPLE_STARTED - 1000;
	point->received = 7;
	point->dropped = 2;
}

void sample_run(struct vmp_run *run)
{
	struct vmp_nic *nic;
	struct vmp_ip ip;

	memset(run, 0, sizeof(*run));
	run->started_ns = SAMPLE_STARTED;
	run->ended_ns = SAMPLE_STARTED + 10000000000ULL;
	vmp_str_set(&run->host_name, "hv17");
	vmp_str_set(&run->guest.name, "web01");
	nic = vmp_vec_add(&run->guest.nics);
	nic->has_mac = vmp_mac_parse("52:54:00:02:1f:00", &nic->mac) == 0;
	vmp_str_set(&nic->target, "021f00");
	vmp_str_set(&nic->alias, "net0");
	vmp_ip_parse("192.0.2.10", &ip);
	vmp_nic_add_address(nic, &ip, VMP_ADDRESS_LEASE);
	vmp_ip_parse("2001:db8::10", &ip);
	vmp_nic_add_address(nic, &ip, VMP_ADDRESS_LEASE);
	add_hop(run, "network", VMP_HOP_NETWORK, 0);
	add_hop(run, "eth0", VMP_HOP_NIC, 2);
	add_hop(run, "br0", VMP_HOP_BRIDGE, 3);
	add_hop(run, "021f00", VMP_HOP_TAP, 6);
	add_hop(run, "guest", VMP_HOP_GUEST, 0);
	run->path.backend = 3;
	run->path.switch_hop = 2;
}

/* The Internet checksum (RFC 1071). */
static void checksum(uint8_t *from, size_t len, uint8_t *at)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(from[i] << 8 | from[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = (uint8_t)(~sum >> 8);
	at[1] = (uint8_t)~sum;
}

void sample_ping(struct sample_ping *ping, uint32_t point, uint16_t seq, uint64_t ts_ns)
{
	static const uint8_t headers[SAMPLE_HEADERS] = {
		0x52, 0x54, 0x00, 0x02, 0x1f, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, /* Ethernet */
		0x45, 0x00, 0x00, 0x54, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0x00, 0x00,             /* IPv4 */
		198,  51,   100,  1,    192,  0,    2,    10,                                       /* its addresses */
		0x08, 0x00, 0x00, 0x00, 0x12, 0x34, 0x00, 0x00,                                     /* ICMP echo */
	};

	memset(ping, 0, sizeof(*ping));
	memcpy(ping->bytes, headers, sizeof(headers));
	for (size_t i = sizeof(headers); i < SAMPLE_PING; i++)
		ping->bytes[i] = (uint8_t)i;
	ping->bytes[40] = (uint8_t)(seq >> 8);
	ping->bytes[41] = (uint8_t)seq;
	checksum(ping->bytes + 14, 20, ping->bytes + 24);
	checksum(ping->bytes + 34, SAMPLE_PING - 34, ping->bytes + 36);
	ping->packet.flags = VMP_PKT_ETH | VMP_PKT_IP4 | VMP_PKT_ICMP | VMP_PKT_L4;
	ping->packet.header_len = SAMPLE_HEADERS;
	ping->frame.ts_ns = SAMPLE_STARTED + ts_ns;
	ping->frame.point = point;
	ping->frame.devdir = point == 2 ? VMP_DEV_OUT : VMP_DEV_IN;
	ping->frame.wire_len = ping->frame.cap_len = SAMPLE_PING;
	ping->frame.data = ping->bytes;
}

static int add_ping(struct vmp_evidence *evidence, uint32_t point, unsigned int number, const char *comment,
		    struct vmp_err *err)
{
	struct sample_ping ping;
	struct vmp_fingerprint fingerprint = {.id = {{number, ~(uint64_t)number}}, .usable = true};
	struct vmp_evidence_frame frame = {.packet_id = number, .comment = comment, .fingerprint = &fingerprint};

	sample_ping(&ping, point, (uint16_t)number, number * 1000000ULL + point * 1000ULL);
	frame.frame = &ping.frame;
	frame.packet = &ping.packet;
	return vmp_evidence_add(evidence, &frame, err);
}

int sample_bundle(int dir_fd, const struct vmp_evidence_conf *conf, unsigned int count, uint64_t *ret_left_out,
		  struct vmp_err *err)
{
	static const struct vmp_evidence_file files[] = {
		{.name = "report.json", .text = "{}\n", .len = 3},
		{.name = "report.txt", .text = "OK\n", .len = 3},
		{.name = "domain.xml", .text = "", .len = 0},
	};
	struct vmp_evidence *evidence = NULL;
	struct vmp_run run;
	int result;

	sample_run(&run);
	result = vmp_evidence_open(dir_fd, &run, conf, &evidence, err);
	for (unsigned int i = 1; result == 0 && i <= count; i++) {
		result = add_ping(evidence, 0, i, i % 3 ? NULL : "lost: not seen at 021f00 within 1 s", err);
		if (result == 0 && i % 3)
			result = add_ping(evidence, 2, i, NULL, err);
	}
	if (result == 0)
		result = vmp_evidence_keep_run(evidence, &run, err);
	if (result == 0)
		result = vmp_evidence_finish(evidence, &run, files, sizeof(files) / sizeof(*files), err);
	if (evidence && ret_left_out)
		*ret_left_out = vmp_evidence_left_out(evidence);
	vmp_evidence_close(evidence);
	vmp_run_clear(&run);
	return result;
}
