/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded dumps of tests/data/host, handed to the parsers as host.c would. */
#ifndef VMP_TESTS_HOST_RECORDED_H
#define VMP_TESTS_HOST_RECORDED_H

#include "host/parse.h"

#include <stddef.h>
#include <stdint.h>

/* Each message of a recording, with the number of its table. The message may be changed: it is the recording's own copy. */
struct recorded {
	uint8_t *bytes;
	size_t len;
};

/* Read tests/data/host/NAME. Fails the test when it cannot. Caller frees bytes. */
struct recorded recorded_read(const char *name);

/* Call on_message for each; stops at the first that is not 0 and returns it. */
int recorded_each(const struct recorded *file, int (*on_message)(unsigned int table, struct nlmsghdr *msg, void *arg), void *arg);

/* The parser of a table. */
vmp_host_parser *recorded_parser(unsigned int table);

/* All of a recording in one record. Fails the test when a message does not parse. Caller clears. */
struct vmp_host recorded_host(const char *name);

#endif
