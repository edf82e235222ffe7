/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections as ctnetlink tells them: recorded ones, broken ones, too many; and those of the running kernel. */
#include "host/host.h"
#include "host/parse.h"
#include "host/reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NEW = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, MESSAGES = 7 };

static struct vmp_ip ip(const char *text)
{
	struct vmp_ip made;

	assert_int_equal(vmp_ip_parse(text, &made), 0);
	return made;
}

struct recording {
	uint8_t bytes[4096];
	size_t len;
};

static void read_recording(struct recording *file)
{
	FILE *stream = fopen(TEST_DATA "/host/conntrack.bin", "rb");

	assert_non_null(stream);
	file->len = fread(file->bytes, 1, sizeof(file->bytes), stream);
	fclose(stream);
	assert_true(file->len > 0 && file->len < sizeof(file->bytes));
}

/* Copies of its messages, each in a block of just its size. Returns how many. */
static size_t messages(struct nlmsghdr *ret_messages[MESSAGES])
{
	struct recording file;
	size_t n = 0;

	read_recording(&file);
	for (size_t at = 0; at < file.len; n++) {
		uint32_t len;

		memcpy(&len, file.bytes + at, sizeof(len));
		assert_true(n < MESSAGES && at + len <= file.len);
		ret_messages[n] = malloc(len);
		assert_non_null(ret_messages[n]);
		memcpy(ret_messages[n], file.bytes + at, len);
		at += NLMSG_ALIGN(len);
	}
	return n;
}

static const struct vmp_tracked *find(const struct vmp_tracking *tracking, uint8_t proto, const char *guest)
{
	struct vmp_ip address = ip(guest);

	vmp_vec_foreach (each, &tracking->connections)
		if (each->proto == proto && (vmp_ip_equal(&each->original.src, &address) || vmp_ip_equal(&each->reply.src, &address)))
			return each;
	return NULL;
}

static void expect_tuple(const struct vmp_tuple *tuple, const char *src, const char *dst)
{
	struct vmp_ip from = ip(src), to = ip(dst);

	assert_true(vmp_ip_equal(&tuple->src, &from));
	assert_true(vmp_ip_equal(&tuple->dst, &to));
}

/* As tests/data/host/record_conntrack made them: what is not translated, is over, or is of another zone is left out. */
static void recorded(void **state)
{
	struct vmp_ip addresses[] = {ip("10.9.0.2"), ip("fd09::2")};
	struct vmp_tracking tracking = {0};
	struct vmp_host_wanted wanted = {.addresses = addresses, .n = 2, .into = &tracking};
	struct nlmsghdr *msgs[MESSAGES];
	const struct vmp_tracked *one;

	(void)state;
	assert_int_equal(messages(msgs), MESSAGES);
	/* A torn dump tells some twice. */
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < MESSAGES; i++)
			assert_int_equal(vmp_host_parse_tracked(msgs[i], &wanted), 0);
	assert_int_equal(tracking.connections.n, 4);
	assert_false(wanted.saw_others);
	one = find(&tracking, IPPROTO_TCP, "10.9.0.2");
	assert_non_null(one);
	expect_tuple(&one->original, "10.9.0.1", "10.9.0.88");
	expect_tuple(&one->reply, "10.9.0.2", "10.9.0.1");
	assert_int_equal(one->original.dport, 8022);
	assert_int_equal(one->reply.sport, 22);
	assert_int_equal(one->original.sport, one->reply.dport);
	assert_true(one->left_s > 1000);
	one = find(&tracking, IPPROTO_UDP, "10.9.0.2");
	assert_non_null(one);
	assert_int_equal(one->original.dport, 5300);
	assert_true(one->left_s > 0 && one->left_s <= 30);
	one = find(&tracking, IPPROTO_ICMP, "10.9.0.2");
	assert_non_null(one);
	expect_tuple(&one->original, "10.9.0.2", "10.9.0.77");
	expect_tuple(&one->reply, "10.9.0.1", "10.9.0.2");
	assert_int_not_equal(one->original.sport, 0);
	assert_int_equal(one->original.sport, one->original.dport);
	one = find(&tracking, IPPROTO_ICMPV6, "fd09::2");
	assert_non_null(one);
	expect_tuple(&one->reply, "fd09::1", "fd09::2");
	assert_int_not_equal(one->reply.sport, 0);
	vmp_tracking_clear(&tracking);
	for (size_t i = 0; i < MESSAGES; i++)
		free(msgs[i]);
}

struct tally {
	uint64_t states, guest, addresses;
};

static int add_state(const char *name, uint64_t entries, void *arg)
{
	struct tally *tally = arg;

	assert_true(*name != '\0');
	tally->states += entries;
	return 0;
}

static int add_address(const struct vmp_ip *address, uint64_t asks, uint64_t asked, void *arg)
{
	struct vmp_ip guest = ip("10.9.0.2");
	struct tally *tally = arg;

	tally->addresses++;
	if (vmp_ip_equal(address, &guest))
		tally->guest = asks * 100 + asked;
	return 0;
}

/* All are counted, whatever becomes of them: each in one state, and at both of its ends. */
static void counted(void **state)
{
	struct vmp_tracked_count *count = NULL;
	struct nlmsghdr *msgs[MESSAGES];
	struct vmp_buf lines = {0};
	struct tally tally = {0};

	(void)state;
	assert_int_equal(messages(msgs), MESSAGES);
	assert_int_equal(vmp_host_new_count(&count), 0);
	for (size_t i = 0; i < MESSAGES; i++)
		assert_int_equal(vmp_host_count_one(msgs[i], count), 0);
	vmp_host_print_count(count, &lines);
	assert_non_null(strstr(lines.s, "total 7\n"));
	assert_non_null(strstr(lines.s, "state UDP "));
	assert_non_null(strstr(lines.s, "state ESTABLISHED "));
	assert_int_equal(vmp_host_parse_count(lines.s, add_state, add_address, &tally), 0);
	assert_int_equal(tally.states, MESSAGES);
	assert_true(tally.addresses >= 4);
	assert_true(tally.guest >= 101);
	vmp_buf_clear(&lines);
	free(count);
	for (size_t i = 0; i < MESSAGES; i++)
		free(msgs[i]);
}

/* A hundred thousand senders that a guest invents: those that were there first are told apart, all are counted, and few are told. */
static void counted_flood(void **state)
{
	struct vmp_tracked_count *count = NULL;
	struct nlmsghdr *msgs[MESSAGES];
	struct vmp_buf lines = {0};
	struct tally tally = {0};
	uint32_t *address = NULL;

	(void)state;
	assert_int_equal(messages(msgs), MESSAGES);
	assert_int_equal(vmp_host_new_count(&count), 0);
	/* the first address of the first message of IPv4: its original source */
	for (char *at = (char *)msgs[0]; !address && at < (char *)msgs[0] + msgs[0]->nlmsg_len - 4; at++)
		if (memcmp(at, (uint8_t[]){10, 9, 0}, 3) == 0)
			address = (uint32_t *)(void *)at;
	assert_non_null(address);
	for (int i = 0; i < 50; i++)
		assert_int_equal(vmp_host_count_one(msgs[0], count), 0);
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t sender = htonl(0x0b000000 + i);

		memcpy(address, &sender, sizeof(sender));
		assert_int_equal(vmp_host_count_one(msgs[0], count), 0);
	}
	vmp_host_print_count(count, &lines);
	assert_int_equal(vmp_host_parse_count(lines.s, add_state, add_address, &tally), 0);
	assert_int_equal(tally.states, 100050);
	assert_int_equal(tally.addresses, 32);
	assert_true(lines.len < 4096);
	vmp_buf_clear(&lines);
	free(count);
	for (size_t i = 0; i < MESSAGES; i++)
		free(msgs[i]);
}

static void count_broken(void **state)
{
	static const char lines[] = "state NOSUCH 5\naddress x 1 2\naddress 10.0.0.1 1\nstate UDP\n\n\033[31m\naddress 10.9.0.2 3 4";
	struct vmp_tracked_count *count = NULL;
	struct nlmsghdr *msgs[MESSAGES];
	struct tally tally = {0};

	(void)state;
	assert_int_equal(messages(msgs), MESSAGES);
	assert_int_equal(vmp_host_new_count(&count), 0);
	for (size_t i = 0; i < MESSAGES; i++) {
		uint32_t whole = msgs[i]->nlmsg_len;

		for (uint32_t len = NLMSG_HDRLEN; len < whole; len++) {
			int code;

			msgs[i]->nlmsg_len = len;
			code = vmp_host_count_one(msgs[i], count);
			assert_true(code == 0 || code == -EBADMSG);
		}
		free(msgs[i]);
	}
	free(count);
	assert_int_equal(vmp_host_parse_count(lines, add_state, add_address, &tally), 0);
	assert_int_equal(tally.states, 0);
	assert_int_equal(tally.addresses, 1);
	assert_int_equal(tally.guest, 304);
	assert_int_equal(vmp_host_parse_count(NULL, add_state, add_address, &tally), 0);
}

/* A kernel that does not choose sends all: that is noticed, and nothing of them is kept. */
static void others(void **state)
{
	struct vmp_ip address = ip("10.9.0.3");
	struct vmp_tracking tracking = {0};
	struct vmp_host_wanted wanted = {.addresses = &address, .n = 1, .into = &tracking};
	struct nlmsghdr *msgs[MESSAGES];

	(void)state;
	messages(msgs);
	for (size_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(vmp_host_parse_tracked(msgs[i], &wanted), 0);
		free(msgs[i]);
	}
	assert_true(wanted.saw_others);
	assert_int_equal(tracking.connections.n, 0);
}

/* Cut at any place, with the length in the header right or left as it was: never a byte beyond the block is read. */
static void truncated(void **state)
{
	struct vmp_ip addresses[] = {ip("10.9.0.2"), ip("fd09::2")};
	struct nlmsghdr *msgs[MESSAGES];

	(void)state;
	messages(msgs);
	for (size_t i = 0; i < MESSAGES; i++) {
		for (uint32_t len = sizeof(struct nlmsghdr); len < msgs[i]->nlmsg_len; len++) {
			struct vmp_tracking tracking = {0};
			struct vmp_host_wanted wanted = {.addresses = addresses, .n = 2, .into = &tracking};
			struct nlmsghdr *copy = malloc(len);
			int code;

			assert_non_null(copy);
			memcpy(copy, msgs[i], len);
			copy->nlmsg_len = len;
			code = vmp_host_parse_tracked(copy, &wanted);
			assert_true(code == 0 || code == -EBADMSG);
			free(copy);
			vmp_tracking_clear(&tracking);
		}
		free(msgs[i]);
	}
}

/* Lengths and values that somebody chose. */
static void damaged(void **state)
{
	struct vmp_ip addresses[] = {ip("10.9.0.2"), ip("fd09::2")};
	struct nlmsghdr *msgs[MESSAGES];
	uint64_t random = 20261127;

	(void)state;
	messages(msgs);
	for (size_t i = 0; i < MESSAGES; i++) {
		for (int round = 0; round < 20000; round++) {
			struct vmp_tracking tracking = {0};
			struct vmp_host_wanted wanted = {.addresses = addresses, .n = 2, .into = &tracking};
			uint32_t len = msgs[i]->nlmsg_len;
			struct nlmsghdr *copy = malloc(len);
			int code;

			assert_non_null(copy);
			memcpy(copy, msgs[i], len);
			for (int k = 0; k < 1 + round % 4; k++) {
				random = random * 6364136223846793005ULL + 1442695040888963407ULL;
				((uint8_t *)copy)[sizeof(*copy) + (random >> 33) % (len - sizeof(*copy))] = (uint8_t)(random >> 24);
			}
			code = vmp_host_parse_tracked(copy, &wanted);
			assert_true(code == 0 || code == -EBADMSG);
			assert_true(tracking.connections.n <= 1);
			vmp_vec_foreach (each, &tracking.connections)
				assert_true((each->original.src.family == 4 || each->original.src.family == 6) &&
					    each->original.src.family == each->reply.dst.family);
			free(copy);
			vmp_tracking_clear(&tracking);
		}
		free(msgs[i]);
	}
}

static void put_tuple(struct nl_msg *msg, int type, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	struct nlattr *tuple = nla_nest_start(msg, type), *inner = nla_nest_start(msg, CTA_TUPLE_IP);

	nla_put_u32(msg, CTA_IP_V4_SRC, htonl(src));
	nla_put_u32(msg, CTA_IP_V4_DST, htonl(dst));
	nla_nest_end(msg, inner);
	inner = nla_nest_start(msg, CTA_TUPLE_PROTO);
	nla_put_u8(msg, CTA_PROTO_NUM, IPPROTO_UDP);
	nla_put_u16(msg, CTA_PROTO_SRC_PORT, htons(sport));
	nla_put_u16(msg, CTA_PROTO_DST_PORT, htons(dport));
	nla_nest_end(msg, inner);
	nla_nest_end(msg, tuple);
}

#define GUEST 0x0a090002U
#define HOST_OUTSIDE 0xc6336402U
#define PEER  0xcb007109U

/* A connection of the guest's, translated. */
static struct nl_msg *make(uint16_t port, uint32_t guest, int flags)
{
	struct nfgenmsg header = {.nfgen_family = AF_INET, .version = NFNETLINK_V0};
	struct nl_msg *msg = nlmsg_alloc_simple(NEW, flags);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO), 0);
	put_tuple(msg, CTA_TUPLE_ORIG, guest, PEER, port, 53);
	put_tuple(msg, CTA_TUPLE_REPLY, PEER, HOST_OUTSIDE, 53, port);
	nla_put_u32(msg, CTA_TIMEOUT, htonl(600));
	return msg;
}

/* One that takes a flow table is told even if it is not translated. */
static void offloaded(void **state)
{
	struct vmp_ip address = ip("10.9.0.2");
	struct vmp_tracking tracking = {0};
	struct vmp_host_wanted wanted = {.addresses = &address, .n = 1, .into = &tracking};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct nfgenmsg header = {.nfgen_family = AF_INET, .version = NFNETLINK_V0};
		struct nl_msg *msg = nlmsg_alloc_simple(NEW, 0);

		nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO);
		put_tuple(msg, CTA_TUPLE_ORIG, GUEST, PEER, 5000, 53);
		put_tuple(msg, CTA_TUPLE_REPLY, PEER, GUEST, 53, 5000);
		nla_put_u32(msg, CTA_STATUS, htonl(i ? 1 << 14 : 0)); /* IPS_OFFLOAD */
		assert_int_equal(vmp_host_parse_tracked(nlmsg_hdr(msg), &wanted), 0);
		assert_int_equal(tracking.connections.n, i);
		nlmsg_free(msg);
	}
	assert_true(tracking.connections.v[0].offloaded);
	vmp_tracking_clear(&tracking);
}

/* A guest can open any number: what is kept is bounded, and that it was cut is told. */
static void endless(void **state)
{
	struct vmp_ip address = ip("10.9.0.2");
	struct vmp_tracking tracking = {0};
	struct vmp_host_wanted wanted = {.addresses = &address, .n = 1, .into = &tracking};

	(void)state;
	for (unsigned int i = 0; i < VMP_HOST_TRACKED_MAX + 10; i++) {
		struct nl_msg *msg = make((uint16_t)(i + 1), GUEST, 0);

		assert_int_equal(tracking.cut, i > VMP_HOST_TRACKED_MAX);
		assert_int_equal(vmp_host_parse_tracked(nlmsg_hdr(msg), &wanted), 0);
		nlmsg_free(msg);
	}
	assert_int_equal(tracking.connections.n, VMP_HOST_TRACKED_MAX);
	vmp_tracking_clear(&tracking);
}

/* ---- the running kernel ------------------------------------------------------------------------------------------- */

enum { CHILD_OK, CHILD_SKIP = 77 };

/* The kernel takes connections as well as it tells them: they need not be made by packets. Returns 0 or what libnl says. */
static int put_connection(struct nl_sock *sock, uint16_t port, uint32_t guest)
{
	struct nl_msg *msg = make(port, guest, NLM_F_CREATE | NLM_F_EXCL);

	return nl_send_sync(sock, msg); /* frees it */
}

static int live(void)
{
	struct vmp_ip address = ip("10.9.0.2"), nobody = ip("10.9.200.1");
	struct nl_sock *sock = nl_socket_alloc();
	struct vmp_tracking tracking;
	struct vmp_err err = {0};

	if (vmp_host_read_tracking(&address, 1, &tracking, &err) < 0 || !tracking.known || tracking.connections.n)
		return 1;
	if (!sock || nl_connect(sock, NETLINK_NETFILTER) < 0 || put_connection(sock, 1, GUEST) < 0)
		return CHILD_SKIP; /* a kernel without */
	for (uint16_t i = 2; i <= 3000; i++)
		if (put_connection(sock, i, i % 100 ? GUEST + i : GUEST) < 0)
			return 2;
	if (vmp_host_read_tracking(&address, 1, &tracking, &err) < 0 || !tracking.known || tracking.cut || tracking.connections.n != 31)
		return 3;
	vmp_tracking_clear(&tracking);
	if (vmp_host_read_tracking(&nobody, 1, &tracking, &err) < 0 || tracking.connections.n)
		return 4;
	nl_socket_free(sock);
	/* Not without CAP_NET_ADMIN: an error with words, and nothing that looks like an answer. */
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		return CHILD_SKIP;
	if (vmp_host_read_tracking(&address, 1, &tracking, &err) != -EPERM || err.code != EPERM || tracking.known ||
	    tracking.connections.n || !*err.message)
		return 5;
	vmp_tracking_clear(&tracking);
	return CHILD_OK;
}

static void of_this_kernel(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ? CHILD_SKIP : live());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP)
		skip();
	if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_OK)
		fail_msg("the child ended with 0x%x (exit status: number of the step that failed)", (unsigned int)status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded), cmocka_unit_test(others),  cmocka_unit_test(truncated),     cmocka_unit_test(damaged),
		cmocka_unit_test(offloaded), cmocka_unit_test(endless), cmocka_unit_test(of_this_kernel),
		cmocka_unit_test(counted),   cmocka_unit_test(counted_flood), cmocka_unit_test(count_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
