/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question to the kernel over the netlink socket, and its answers. Inside host/ only. */
#ifndef VMP_HOST_READER_H
#define VMP_HOST_READER_H

#include "host/host.h"

#include <linux/netlink.h>
#include <stddef.h>

/* Called for each message of an answer. Returns 0, or -errno, after which the rest of the answer is thrown away unread. */
typedef int vmp_host_answer(const struct nlmsghdr *msg, void *arg);

struct vmp_host_question {
	int type;               /* RTM_GET*, or another family's */
	const void *header;     /* the family's fixed header; borrowed */
	size_t header_len;
	unsigned int ext_mask;  /* IFLA_EXT_MASK, 0: not sent */
	bool dump;              /* a whole table, else one object */
	const void *attrs;      /* more attributes as they are sent, padded; borrowed, NULL: none */
	size_t attrs_len;
};

/* Open a socket of another family than NETLINK_ROUTE. Returns 0 or -errno. Closed by vmp_host_close(). */
int vmp_host_open_family(int family, struct vmp_host_reader **ret_reader);

/*
 * Ask and hand every message of the answer to on_answer. Only what the kernel itself sent to this question counts.
 * ret_torn: set to true when the kernel said that the table changed under the dump; may be NULL.
 * Returns 0, what on_answer returned, or -errno of the kernel's answer (nothing is put into an error record here).
 */
int vmp_host_ask(struct vmp_host_reader *reader, const struct vmp_host_question *question, vmp_host_answer *on_answer,
		 void *arg, bool *ret_torn);

#endif
