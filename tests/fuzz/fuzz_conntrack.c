/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ctnetlink tells. Checked beside memory: an error is one of those promised, what is kept is of the guest's and of one family, and
 * what is told again is not kept twice.
 */
#include "fuzz.h"

#include "host/parse.h"

#include <errno.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void promise(bool kept)
{
	if (!kept)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmp_ip addresses[2] = {{0}};
	struct vmp_tracking tracking = {0};
	struct vmp_host_wanted wanted = {.addresses = addresses, .n = 2, .into = &tracking};
	struct nlmsghdr *copy = malloc(size ? size : 1);
	struct vmp_tracked_count *count = NULL;
	struct vmp_buf lines = {0};
	size_t once = 0;

	promise(copy && size < 1 << 20 && vmp_host_new_count(&count) == 0);
	promise(vmp_ip_parse("10.9.0.2", &addresses[0]) == 0 && vmp_ip_parse("fd09::2", &addresses[1]) == 0);
	memcpy(copy, data, size);
	for (int again = 0; again < 2; again++) {
		int left = (int)size;

		for (struct nlmsghdr *msg = copy; nlmsg_ok(msg, left); msg = nlmsg_next(msg, &left)) {
			int code = vmp_host_parse_tracked(msg, &wanted), counted = vmp_host_count_one(msg, count);

			promise(code == 0 || code == -EBADMSG);
			promise(counted == 0 || counted == -EBADMSG);
		}
		promise(again == 0 || tracking.connections.n == once);
		once = tracking.connections.n;
	}
	vmp_vec_foreach (each, &tracking.connections) {
		const struct vmp_ip *from = &each->original.src, *back = &each->reply.src;

		promise(from->family == back->family && from->family == each->original.dst.family && from->family == each->reply.dst.family);
		promise(vmp_ip_equal(from, &addresses[0]) || vmp_ip_equal(from, &addresses[1]) || vmp_ip_equal(back, &addresses[0]) ||
			vmp_ip_equal(back, &addresses[1]));
	}
	vmp_host_print_count(count, &lines);
	promise(lines.len < 1 << 13);
	vmp_buf_clear(&lines);
	free(count);
	vmp_tracking_clear(&tracking);
	free(copy);
	return 0;
}
