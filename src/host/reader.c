/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/reader.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>

struct vmp_host_reader {
	struct nl_sock *sock;
};

/* One answer on its way in. */
struct answer {
	uint32_t seq;
	bool dump;
	bool done;
	bool torn;
	int err;                        /* first error: the kernel's or the callback's */
	vmp_host_answer *on_answer;
	void *arg;
};

/* libnl has errors of its own; those that it makes of the few system calls used here. */
static int errno_of_nl(int nl_error)
{
	static const struct {
		int nl_error, code;
	} codes[] = {{NLE_NOMEM, ENOMEM}, {NLE_INTR, EINTR}, {NLE_AGAIN, EAGAIN}, {NLE_PERM, EPERM}, {NLE_NOACCESS, EACCES},
		     {NLE_AF_NOSUPPORT, EAFNOSUPPORT}, {NLE_BAD_SOCK, EBADF}, {NLE_MSG_TRUNC, EMSGSIZE},
		     {NLE_DUMP_INTR, EAGAIN}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (abs(nl_error) == codes[i].nl_error)
			return codes[i].code;
	return EIO;
}

int vmp_host_open_family(int family, struct vmp_host_reader **ret_reader)
{
	struct vmp_host_reader *reader = calloc(1, sizeof(*reader));
	int nl;

	if (reader)
		reader->sock = nl_socket_alloc();
	if (!reader || !reader->sock) {
		free(reader);
		return -ENOMEM;
	}
	nl = nl_connect(reader->sock, family);
	if (nl < 0) {
		vmp_host_close(reader);
		return -errno_of_nl(nl);
	}
	/* A link with many VLANs or virtual functions does not fit a page; peeking makes room for any. */
	nl_socket_set_msg_buf_size(reader->sock, 65536);
	nl_socket_enable_msg_peek(reader->sock);
	*ret_reader = reader;
	return 0;
}

int vmp_host_open(struct vmp_host_reader **ret_reader, struct vmp_err *err)
{
	int code = vmp_host_open_family(NETLINK_ROUTE, ret_reader);

	return code < 0 ? vmp_err_set(err, -code, "host", NULL, "opening a netlink socket to read this host's devices: %s", strerror(-code))
			: 0;
}

void vmp_host_close(struct vmp_host_reader *reader)
{
	if (!reader)
		return;
	nl_socket_free(reader->sock);
	free(reader);
}

static int send_question(struct vmp_host_reader *reader, const struct vmp_host_question *question, uint32_t *ret_seq)
{
	struct nl_msg *msg = nlmsg_alloc_simple(question->type, question->dump ? NLM_F_DUMP : 0);
	void *header;
	int nl;

	if (!msg)
		return -ENOMEM;
	header = nlmsg_reserve(msg, question->header_len, NLMSG_ALIGNTO);
	if (!header || (question->ext_mask && nla_put_u32(msg, IFLA_EXT_MASK, question->ext_mask) < 0)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	memcpy(header, question->header, question->header_len);
	if (question->attrs) {
		void *attrs = nlmsg_reserve(msg, question->attrs_len, NLMSG_ALIGNTO);

		if (!attrs) {
			nlmsg_free(msg);
			return -ENOMEM;
		}
		memcpy(attrs, question->attrs, question->attrs_len);
	}
	nl_complete_msg(reader->sock, msg);
	*ret_seq = nlmsg_hdr(msg)->nlmsg_seq;
	nl = nl_send(reader->sock, msg);
	nlmsg_free(msg);
	return nl < 0 ? -errno_of_nl(nl) : 0;
}

/* The error number that stands first in NLMSG_ERROR and, since 4.6, in NLMSG_DONE. */
static int told_error(const struct nlmsghdr *msg)
{
	int code = 0;

	if (msg->nlmsg_len >= NLMSG_HDRLEN + sizeof(code))
		memcpy(&code, nlmsg_data(msg), sizeof(code));
	return code < 0 ? code : 0;
}

static void take_message(struct answer *answer, const struct nlmsghdr *msg)
{
	int err = 0;

	if (msg->nlmsg_seq != answer->seq)
		return;
	if (msg->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->torn = true;
	switch (msg->nlmsg_type) {
	case NLMSG_DONE:
	case NLMSG_ERROR:
		answer->done = true;
		err = told_error(msg);
		break;
	case NLMSG_NOOP:
		return;
	default:
		/* After an error the rest is still read, or the socket stays busy with this dump. */
		if (answer->err == 0)
			err = answer->on_answer(msg, answer->arg);
		answer->done = answer->done || !answer->dump;
	}
	if (answer->err == 0)
		answer->err = err;
}

int vmp_host_ask(struct vmp_host_reader *reader, const struct vmp_host_question *question, vmp_host_answer *on_answer,
		 void *arg, bool *ret_torn)
{
	struct answer answer = {.dump = question->dump, .on_answer = on_answer, .arg = arg};
	int err = send_question(reader, question, &answer.seq);

	while (err == 0 && !answer.done) {
		struct sockaddr_nl from = {0};
		unsigned char *bytes = NULL;
		int len = nl_recv(reader->sock, &from, &bytes, NULL);
		int left = len;

		if (len <= 0)
			return len < 0 ? -errno_of_nl(len) : -EIO;
		/* Any process may send to a netlink socket; port 0 is the kernel. */
		for (struct nlmsghdr *msg = (struct nlmsghdr *)(void *)bytes; from.nl_pid == 0 && nlmsg_ok(msg, left);
		     msg = nlmsg_next(msg, &left))
			take_message(&answer, msg);
		free(bytes);
	}
	if (ret_torn && answer.torn)
		*ret_torn = true;
	return err < 0 ? err : answer.err;
}
