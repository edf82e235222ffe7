/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct recorded recorded_read(const char *name)
{
	struct recorded file = {.bytes = malloc(1 << 20)};
	char path[512];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/host/%s", TEST_DATA, name);
	stream = fopen(path, "rb");
	assert_non_null(stream);
	assert_non_null(file.bytes);
	file.len = fread(file.bytes, 1, 1 << 20, stream);
	fclose(stream);
	assert_true(file.len > 8 && file.len < 1 << 20);
	return file;
}

int recorded_each(const struct recorded *file, int (*on_message)(unsigned int table, struct nlmsghdr *msg, void *arg), void *arg)
{
	for (size_t at = 0; at + 8 <= file->len;) {
		uint32_t head[2];
		size_t end;

		memcpy(head, file->bytes + at, sizeof(head));
		at += sizeof(head);
		end = at + head[1];
		assert_true(end <= file->len);
		while (at + sizeof(struct nlmsghdr) <= end) {
			struct nlmsghdr *msg = (struct nlmsghdr *)(void *)(file->bytes + at);
			int result = on_message(head[0], msg, arg);

			if (result != 0)
				return result;
			at += NLMSG_ALIGN(msg->nlmsg_len);
		}
		at = end;
	}
	return 0;
}

vmp_host_parser *recorded_parser(unsigned int table)
{
	static vmp_host_parser *const parsers[] = {vmp_host_parse_link,      vmp_host_parse_port,    vmp_host_parse_fdb,
						   vmp_host_parse_neighbour, vmp_host_parse_address, vmp_host_parse_route};

	assert_true(table < sizeof(parsers) / sizeof(*parsers));
	return parsers[table];
}

static int parse(unsigned int table, struct nlmsghdr *msg, void *arg)
{
	assert_int_equal(recorded_parser(table)(msg, arg), 0);
	return 0;
}

struct vmp_host recorded_host(const char *name)
{
	struct recorded file = recorded_read(name);
	struct vmp_host host = {0};

	recorded_each(&file, parse, &host);
	free(file.bytes);
	return host;
}
