/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "traffic.h"

#include <string.h>

#define HOP_NS 1000ULL

const uint8_t traffic_guest_mac[6] = {0x52, 0x54, 0, 0, 0, 1}, traffic_gateway_mac[6] = {2, 0, 0, 0, 0, 0xfe};

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

/* A connection from beginning to end. */
static const struct {
	bool to_guest;
	uint8_t flags, payload_len;
} script[] = {
	{true, SYN, 0},        {false, SYN | ACK, 0}, {true, ACK, 0},        {true, PSH | ACK, 40}, {false, ACK, 0},
	{false, PSH | ACK, 60}, {true, ACK, 0},       {false, FIN | ACK, 0}, {true, FIN | ACK, 0},  {false, ACK, 0},
};

enum { ROUNDS = sizeof(script) / sizeof(*script) };

/* Spread: which packets are lost is neither regular nor different from run to run (the mixer of splitmix64). */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

bool traffic_is_lost(const struct traffic *traffic, uint64_t n)
{
	return mix(n) % 10000 < traffic->lost_per_10000;
}

bool traffic_is_to_guest(const struct traffic *traffic, uint64_t n)
{
	return script[n / traffic->connections % ROUNDS].to_guest;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void put_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

static void put_ip(uint8_t *ip, uint64_t n, uint64_t connection, bool to_guest, uint32_t len)
{
	static const uint8_t guest[4] = {192, 0, 2, 10};
	uint8_t peer[4] = {198, (uint8_t)(18 + (connection >> 16 & 1)), (uint8_t)(connection >> 8), (uint8_t)connection};

	ip[0] = 0x45;
	put16(ip + 2, len);
	put16(ip + 4, (uint32_t)n & 0xffff);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, to_guest ? peer : guest, 4);
	memcpy(ip + 16, to_guest ? guest : peer, 4);
	put_checksum(ip);
}

static void put_tcp(uint8_t *tcp, const struct traffic *traffic, uint64_t n, uint64_t connection)
{
	uint64_t round = n / traffic->connections;
	uint32_t peer_port = (uint32_t)(20000 + (connection >> 17) * 10), first = (uint32_t)mix(connection);
	bool to_guest = script[round % ROUNDS].to_guest;

	put16(tcp, to_guest ? peer_port : 443);
	put16(tcp + 2, to_guest ? 443 : peer_port);
	put32(tcp + 4, first + (uint32_t)round * 100 + (to_guest ? 0 : 50000));
	put32(tcp + 8, first + (uint32_t)round * 100 + (to_guest ? 50000 : 0));
	tcp[12] = 0x80;
	tcp[13] = script[round % ROUNDS].flags;
	put16(tcp + 14, 501);
	tcp[20] = tcp[21] = 1;
	tcp[22] = 8;
	tcp[23] = 10;
	put32(tcp + 24, (uint32_t)(n / 200));
	put32(tcp + 28, (uint32_t)(n / 200) - 1);
}

bool traffic_frame(const struct traffic *traffic, uint64_t n, int hop, struct traffic_frame *ret_frame)
{
	uint64_t connection = n % traffic->connections, round = n / traffic->connections;
	bool to_guest = traffic_is_to_guest(traffic, n);
	uint32_t payload = script[round % ROUNDS].payload_len;
	uint8_t *data = ret_frame->data;

	if (traffic_is_lost(traffic, n) && (to_guest ? hop == TRAFFIC_BACKEND : hop != TRAFFIC_BACKEND))
		return false;
	memset(data, 0, sizeof(ret_frame->data));
	memcpy(data, to_guest ? traffic_guest_mac : traffic_gateway_mac, 6);
	memcpy(data + 6, to_guest ? traffic_gateway_mac : traffic_guest_mac, 6);
	data[12] = 8;
	put_ip(data + 14, n, connection, to_guest, 52 + payload);
	put_tcp(data + 34, traffic, n, connection);
	for (uint32_t i = 0; i < payload; i++)
		data[66 + i] = (uint8_t)(mix(n) >> i % 8 * 8);
	ret_frame->len = 66 + payload;
	ret_frame->to_guest = to_guest;
	ret_frame->ts_ns = traffic->start_ns + n * traffic->step_ns +
			   (uint64_t)(to_guest ? hop : TRAFFIC_BACKEND - hop) * HOP_NS;
	return true;
}
