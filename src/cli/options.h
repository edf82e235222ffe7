/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: one table of options for all subcommands. */
#ifndef VMP_CLI_OPTIONS_H
#define VMP_CLI_OPTIONS_H

#include "base/addr.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Options that not every subcommand takes. */
#define VMP_OPT_INTERFACE  (1U << 0)
#define VMP_OPT_DURATION   (1U << 1)
#define VMP_OPT_FILTER     (1U << 2)
#define VMP_OPT_WRITE      (1U << 3)
#define VMP_OPT_PROMISC    (1U << 4)
#define VMP_OPT_PAYLOAD    (1U << 5)
#define VMP_OPT_DOMAIN_XML (1U << 6)
#define VMP_OPT_BUFFER     (1U << 7)
#define VMP_OPT_GUEST      (1U << 8) /* --address, --mac */
#define VMP_OPT_SLOW       (1U << 9)
#define VMP_OPT_ASK        (1U << 10) /* --agent, --qemu-monitor */

#define VMP_DURATION_MIN_NS     500000000ULL
#define VMP_DURATION_MAX_NS     (3600ULL * 1000000000ULL)
#define VMP_DURATION_DEFAULT_NS (10ULL * 1000000000ULL)
#define VMP_PAYLOAD_MAX         65535U
#define VMP_BUFFER_MIN_KIB      1024U
#define VMP_BUFFER_MAX_KIB      1048576U

/* All strings are borrowed from argv. */
struct vmp_options {
	const char *uri;
	bool json, quiet, no_color;
	int verbose;
	bool help, version;
	const char *interface;
	uint64_t duration_ns;
	const char *filter;
	const char *write_dir;
	bool promisc;
	uint32_t payload_bytes;
	uint32_t buffer_kib;        /* ring of one capture handle; 0: not given */
	bool has_slow;
	uint64_t slow_ns;           /* packets that took so long are named */
	bool agent, qemu_monitor;   /* may be asked, at a price */
	const char *domain_xml;
	const char *address, *mac;  /* whose packets, in captures of others */
	char **args;                /* positional arguments */
	int n_args;
};

/*
 * Parse what follows the subcommand (or, for subcommand NULL, what stands before it: stops at the first word).
 * argc, argv: argv[0] is skipped; allowed: VMP_OPT_* mask. options: defaults set by vmp_options_init(), added to.
 * Returns the number of words consumed, or -EINVAL with a line that says what is wrong.
 */
int vmp_options_parse(int argc, char **argv, const char *subcommand, unsigned int allowed, struct vmp_options *options,
		      struct vmp_err *err);

/* Defaults. */
void vmp_options_init(struct vmp_options *options);

/* Print the options of this mask, and the common ones, as help. */
void vmp_options_help(unsigned int allowed, FILE *out);

#endif
