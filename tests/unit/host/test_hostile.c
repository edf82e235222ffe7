/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as no kernel here sends them: kinds it lacks, shorter structures of older ones, broken and endless ones. */
#include "recorded.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARENT_BUS_NAME = 57 };

static struct nl_msg *new_link(int ifindex, const char *name, unsigned short arphrd, unsigned int flags)
{
	struct ifinfomsg info = {.ifi_index = ifindex, .ifi_type = arphrd, .ifi_flags = flags};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put_string(msg, IFLA_IFNAME, name), 0);
	return msg;
}

static struct vmp_link parse_one(struct nl_msg *msg)
{
	struct vmp_host host = {0};
	struct vmp_link link;

	assert_int_equal(vmp_host_parse_link(nlmsg_hdr(msg), &host), 0);
	assert_int_equal(host.links.n, 1);
	link = host.links.v[0];
	vmp_host_clear(&host);
	nlmsg_free(msg);
	return link;
}

static void links_without_kind(void **state)
{
	static const struct {
		const char *name, *bus;
		unsigned short arphrd;
		unsigned int flags;
		enum vmp_link_kind kind;
	} links[] = {
		{"lo", NULL, ARPHRD_LOOPBACK, IFF_LOOPBACK, VMP_LINK_LOOPBACK},
		{"eth0", NULL, ARPHRD_ETHER, 0, VMP_LINK_NIC},
		{"enp1s0f0np0", "pci", ARPHRD_ETHER, 0, VMP_LINK_NIC},
		{"vif3.0", NULL, ARPHRD_ETHER, 0, VMP_LINK_VIF},
		{"vif3.0", "xen-backend", ARPHRD_ETHER, 0, VMP_LINK_VIF},
		{"web-renamed", "xen-backend", ARPHRD_ETHER, 0, VMP_LINK_VIF},
		{"vif3.0", "pci", ARPHRD_ETHER, 0, VMP_LINK_NIC},
		{"vif3.0x", NULL, ARPHRD_ETHER, 0, VMP_LINK_NIC},
		{"vif3", NULL, ARPHRD_ETHER, 0, VMP_LINK_NIC},
		{"ppp0", NULL, ARPHRD_PPP, 0, VMP_LINK_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct nl_msg *msg = new_link(7, links[i].name, links[i].arphrd, links[i].flags);
		enum vmp_link_kind kind;

		if (links[i].bus)
			nla_put_string(msg, PARENT_BUS_NAME, links[i].bus);
		kind = parse_one(msg).kind;
		if (kind != links[i].kind)
			fail_msg("%s on %s is a %s", links[i].name, links[i].bus ? links[i].bus : "no bus", vmp_link_kind_name(kind));
	}
}

/* A tun that tells nothing of itself, as before 4.20: then the hardware type does. */
static void old_tun(void **state)
{
	static const unsigned short types[] = {ARPHRD_ETHER, ARPHRD_NONE};
	static const enum vmp_link_kind expected[] = {VMP_LINK_TAP, VMP_LINK_TUN};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct nl_msg *msg = new_link(7, "vnet0", types[i], IFF_UP);
		struct nlattr *nest = nla_nest_start(msg, IFLA_LINKINFO);

		nla_put_string(msg, IFLA_INFO_KIND, "tun");
		nla_nest_end(msg, nest);
		assert_int_equal(parse_one(msg).kind, expected[i]);
	}
}

/* struct rtnl_link_stats64 had 23 counters until 4.6, and 24 until 6.0. */
static void shorter_statistics(void **state)
{
	uint64_t counters[32];

	(void)state;
	for (size_t i = 0; i < 32; i++)
		counters[i] = 1000 + i;
	for (size_t n = 23; n <= 32; n++) {
		struct nl_msg *msg = new_link(7, "eth0", ARPHRD_ETHER, 0);
		struct vmp_link_stats stats;

		nla_put(msg, IFLA_STATS64, (int)(n * 8), counters);
		assert_int_equal(vmp_host_parse_stats(nlmsg_hdr(msg), &stats), 0);
		assert_int_equal(stats.rx_packets, 1000);
		assert_int_equal(stats.tx_dropped, 1007);
		assert_int_equal(stats.rx_crc_errors, 1012);
		assert_int_equal(stats.rx_fifo_errors, 1014);
		assert_int_equal(stats.rx_missed, 1015);
		assert_int_equal(stats.rx_nohandler, n >= 24 ? 1023 : 0);
		assert_int_equal(stats.rx_otherhost, n >= 25 ? 1024 : 0);
		nlmsg_free(msg);
	}
}

static void no_statistics(void **state)
{
	struct nl_msg *msg = new_link(7, "eth0", ARPHRD_ETHER, 0);
	struct vmp_link_stats stats;

	(void)state;
	assert_int_equal(vmp_host_parse_stats(nlmsg_hdr(msg), &stats), -EBADMSG);
	nlmsg_free(msg);
}

static void xdp(void **state)
{
	struct nl_msg *msg = new_link(7, "eth0", ARPHRD_ETHER, 0);
	struct nlattr *nest = nla_nest_start(msg, IFLA_XDP);

	(void)state;
	nla_put_u8(msg, IFLA_XDP_ATTACHED, XDP_ATTACHED_SKB);
	nla_nest_end(msg, nest);
	assert_true(parse_one(msg).has_xdp);
}

/* A link in a namespace that has no number here: the index says nothing, but there is a lower device. */
static void lower_without_number(void **state)
{
	struct nl_msg *msg = new_link(7, "eth0", ARPHRD_ETHER, 0);
	struct vmp_link link;

	(void)state;
	nla_put_u32(msg, IFLA_LINK, 0);
	nla_put_u32(msg, IFLA_LINK_NETNSID, 0);
	link = parse_one(msg);
	assert_true(link.has_lower && link.lower_elsewhere);
}

static void name_too_long(void **state)
{
	struct nl_msg *msg = new_link(7, "a-name-that-is-longer-than-any-kernel-has", ARPHRD_ETHER, 0);

	(void)state;
	assert_string_equal(parse_one(msg).name, "a-name-that-is-");
}

static int cut_short(unsigned int table, struct nlmsghdr *msg, void *arg)
{
	uint32_t whole = msg->nlmsg_len;

	(void)arg;
	/* At every length the parser must keep to it: in a copy of just that size, so that sanitizers see each step beyond. */
	for (uint32_t len = sizeof(*msg); len < whole; len++) {
		struct nlmsghdr *copy = malloc(len);
		struct vmp_host host = {0};
		int code;

		assert_non_null(copy);
		memcpy(copy, msg, len);
		copy->nlmsg_len = len;
		code = recorded_parser(table)(copy, &host);
		assert_true(code == 0 || code == -EBADMSG);
		vmp_host_clear(&host);
		free(copy);
	}
	return 0;
}

static void truncated(void **state)
{
	static const char *const names[] = {"plain.bin", "stacked.bin", "ovs.bin"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct recorded file = recorded_read(names[i]);

		recorded_each(&file, cut_short, NULL);
		free(file.bytes);
	}
}

static int damage(unsigned int table, struct nlmsghdr *msg, void *arg)
{
	uint64_t *random = arg;

	for (int round = 0; round < 40; round++) {
		struct nlmsghdr *copy = malloc(msg->nlmsg_len);
		struct vmp_host host = {0};
		int code;

		assert_non_null(copy);
		memcpy(copy, msg, msg->nlmsg_len);
		for (int i = 0; i < 4; i++) {
			*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
			((uint8_t *)copy)[sizeof(*copy) + (*random >> 33) % (msg->nlmsg_len - sizeof(*copy) + !(msg->nlmsg_len - sizeof(*copy)))] =
				(uint8_t)(*random >> 24);
		}
		/* A link for the port parser to find. */
		if (table == 1)
			vmp_host_parse_link(msg, &host);
		code = recorded_parser(table)(copy, &host);
		assert_true(code == 0 || code == -EBADMSG);
		vmp_host_clear(&host);
		free(copy);
	}
	return 0;
}

static void damaged(void **state)
{
	struct recorded file = recorded_read("stacked.bin");
	uint64_t random = 20261122;

	(void)state;
	recorded_each(&file, damage, &random);
	free(file.bytes);
}

/* A guest that sends from ever new addresses fills the FDB of a host: what is kept of it is bounded. */
static void endless(void **state)
{
	struct ndmsg row = {.ndm_family = AF_BRIDGE, .ndm_ifindex = 7, .ndm_state = NUD_REACHABLE};
	uint8_t mac[6] = {0x02, 0, 0, 0, 0, 1};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWNEIGH, 0);
	struct vmp_host host = {0};
	size_t n = 0;

	(void)state;
	nlmsg_append(msg, &row, sizeof(row), NLMSG_ALIGNTO);
	nla_put(msg, NDA_LLADDR, sizeof(mac), mac);
	while (vmp_host_parse_fdb(nlmsg_hdr(msg), &host) == 0)
		n++;
	assert_int_equal(n, VMP_HOST_ROWS_MAX);
	assert_int_equal(vmp_host_parse_fdb(nlmsg_hdr(msg), &host), -EOVERFLOW);
	vmp_host_clear(&host);
	nlmsg_free(msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_without_kind), cmocka_unit_test(old_tun),   cmocka_unit_test(shorter_statistics),
		cmocka_unit_test(no_statistics),      cmocka_unit_test(xdp),       cmocka_unit_test(lower_without_number),
		cmocka_unit_test(name_too_long),      cmocka_unit_test(truncated), cmocka_unit_test(damaged),
		cmocka_unit_test(endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
