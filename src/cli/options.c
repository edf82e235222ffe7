/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Without a short form an option's value starts here. */
enum { LONG_ONLY = 256, OPT_JSON = LONG_ONLY, OPT_NO_COLOR, OPT_VERSION, OPT_PROMISC, OPT_PAYLOAD, OPT_DOMAIN_XML, OPT_BUFFER,
       OPT_ADDRESS, OPT_MAC, OPT_SLOW, OPT_AGENT, OPT_QEMU_MONITOR };

struct option_row {
	const char *name;
	int value;
	const char *argument;       /* NULL: takes none */
	unsigned int mask;          /* 0: common */
	const char *help;
};

static const struct option_row rows[] = {
	{"interface", 'i', "MAC|TARGET|ALIAS", VMP_OPT_INTERFACE, "which NIC of the guest"},
	{"duration", 'd', "SECONDS", VMP_OPT_DURATION, "how long to watch: 0.5 to 3600, default 10"},
	{"filter", 'f', "FILTER", VMP_OPT_FILTER, "a pcap filter that narrows what is watched"},
	{"write", 'w', "DIR", VMP_OPT_WRITE, "leave the evidence in a new folder below DIR"},
	{"promisc", OPT_PROMISC, NULL, VMP_OPT_PROMISC, "put the bridge into promiscuous mode while watching"},
	{"payload", OPT_PAYLOAD, "BYTES", VMP_OPT_PAYLOAD, "keep this much payload in the evidence, default 0"},
	{"buffer", OPT_BUFFER, "KIB", VMP_OPT_BUFFER, "buffer of a capture, two for each hop: 1024 to 1048576; default: a share of 65536"},
	{"slow", OPT_SLOW, "MS", VMP_OPT_SLOW, "count and name the packets that took so many ms or more from hop to hop"},
	{"agent", OPT_AGENT, NULL, VMP_OPT_ASK, "ask the guest's agent as well; libvirt marks the guest for that"},
	{"qemu-monitor", OPT_QEMU_MONITOR, NULL, VMP_OPT_ASK, "ask QEMU's monitor as well; libvirt marks the guest for that"},
	{"address", OPT_ADDRESS, "ADDRESS", VMP_OPT_GUEST, "an address of the guest"},
	{"mac", OPT_MAC, "MAC", VMP_OPT_GUEST, "the MAC of the guest's interface"},
	{"domain-xml", OPT_DOMAIN_XML, "FILE", VMP_OPT_DOMAIN_XML, "the guest, as virsh dumpxml prints it; no libvirt is asked"},
	{"connect", 'c', "URI", 0, "libvirt connection, else LIBVIRT_DEFAULT_URI, else libvirt's default"},
	{"json", OPT_JSON, NULL, 0, "one JSON document on standard output, see vmpath-json(5)"},
	{"quiet", 'q', NULL, 0, "the verdict alone, no progress"},
	{"verbose", 'v', NULL, 0, "say what is being done"},
	{"no-color", OPT_NO_COLOR, NULL, 0, "no colours (also: NO_COLOR)"},
	{"help", 'h', NULL, 0, "this help"},
	{"version", OPT_VERSION, NULL, 0, "the version"},
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static int parse_duration(const char *text, struct vmp_options *options, struct vmp_err *err)
{
	char *end;
	double seconds;

	errno = 0;
	seconds = strtod(text, &end);
	if (end == text || *end || errno || !(seconds >= 0.5 && seconds <= 3600.0))
		return vmp_err_set(err, EINVAL, "cli", text, "duration \"%s\" is not a number of seconds from 0.5 to 3600",
				   text);
	options->duration_ns = (uint64_t)(seconds * 1e9 + 0.5);
	return 0;
}

static int parse_payload(const char *text, struct vmp_options *options, struct vmp_err *err)
{
	char *end;
	unsigned long bytes;

	errno = 0;
	bytes = strtoul(text, &end, 10);
	if (end == text || *end || errno || text[0] == '-' || bytes > VMP_PAYLOAD_MAX)
		return vmp_err_set(err, EINVAL, "cli", text, "payload \"%s\" is not a number of bytes from 0 to %u", text,
				   VMP_PAYLOAD_MAX);
	options->payload_bytes = (uint32_t)bytes;
	return 0;
}

static int parse_buffer(const char *text, struct vmp_options *options, struct vmp_err *err)
{
	char *end;
	unsigned long kib;

	errno = 0;
	kib = strtoul(text, &end, 10);
	if (end == text || *end || errno || text[0] == '-' || kib < VMP_BUFFER_MIN_KIB || kib > VMP_BUFFER_MAX_KIB)
		return vmp_err_set(err, EINVAL, "cli", text, "buffer \"%s\" is not a number of KiB from %u to %u", text,
				   VMP_BUFFER_MIN_KIB, VMP_BUFFER_MAX_KIB);
	options->buffer_kib = (uint32_t)kib;
	return 0;
}

static int parse_slow(const char *text, struct vmp_options *options, struct vmp_err *err)
{
	char *end;
	double ms;

	errno = 0;
	ms = strtod(text, &end);
	if (end == text || *end || errno || !(ms >= 0.001 && ms <= 60000.0))
		return vmp_err_set(err, EINVAL, "cli", text, "slow \"%s\" is not a number of milliseconds from 0.001 to 60000", text);
	options->has_slow = true;
	options->slow_ns = (uint64_t)(ms * 1e6 + 0.5);
	return 0;
}

static int take(int value, const char *argument, struct vmp_options *options, struct vmp_err *err)
{
	switch (value) {
	case 'c': options->uri = argument; return 0;
	case 'd': return parse_duration(argument, options, err);
	case 'f': options->filter = argument; return 0;
	case 'h': options->help = true; return 0;
	case 'i': options->interface = argument; return 0;
	case 'q': options->quiet = true; return 0;
	case 'v': options->verbose++; return 0;
	case 'w': options->write_dir = argument; return 0;
	case OPT_AGENT: options->agent = true; return 0;
	case OPT_QEMU_MONITOR: options->qemu_monitor = true; return 0;
	case OPT_ADDRESS: options->address = argument; return 0;
	case OPT_MAC: options->mac = argument; return 0;
	case OPT_BUFFER: return parse_buffer(argument, options, err);
	case OPT_DOMAIN_XML: options->domain_xml = argument; return 0;
	case OPT_JSON: options->json = true; return 0;
	case OPT_NO_COLOR: options->no_color = true; return 0;
	case OPT_PAYLOAD: return parse_payload(argument, options, err);
	case OPT_PROMISC: options->promisc = true; return 0;
	case OPT_SLOW: return parse_slow(argument, options, err);
	case OPT_VERSION: options->version = true; return 0;
	}
	return vmp_err_set(err, EINVAL, "cli", NULL, "an option is not known");
}

/* The two tables getopt_long() wants, made of the rows that are allowed. */
static void getopt_tables(unsigned int allowed, const char *first, char *shorts, struct option *longs)
{
	strcpy(shorts, first);
	shorts += strlen(shorts);
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];

		if (row->mask && !(row->mask & allowed))
			continue;
		longs->name = row->name;
		longs->has_arg = row->argument ? required_argument : no_argument;
		longs->flag = NULL;
		longs->val = row->value;
		longs++;
		if (row->value < LONG_ONLY) {
			*shorts++ = (char)row->value;
			if (row->argument)
				*shorts++ = ':';
		}
	}
	*shorts = '\0';
	memset(longs, 0, sizeof(*longs));
}

int vmp_options_parse(int argc, char **argv, const char *subcommand, unsigned int allowed, struct vmp_options *options,
		      struct vmp_err *err)
{
	char shorts[2 * ROWS + 3];
	struct option longs[ROWS + 1];
	const char *hint = subcommand ? subcommand : "";
	int value;

	/* '+': stop at the first word; ':': a missing argument is told from an unknown option */
	getopt_tables(allowed, subcommand ? ":" : "+:", shorts, longs);
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
		int code;

		if (value == ':')
			return vmp_err_set(err, EINVAL, "cli", word, "option %s needs an argument; see vmpath %s%s--help", word,
					   hint, *hint ? " " : "");
		if (value == '?')
			return vmp_err_set(err, EINVAL, "cli", word, "option %s is not known or not taken here; see vmpath %s%s--help",
					   word, hint, *hint ? " " : "");
		code = take(value, optarg, options, err);
		if (code < 0)
			return code;
	}
	options->args = argv + optind;
	options->n_args = argc - optind;
	return optind;
}

void vmp_options_init(struct vmp_options *options)
{
	memset(options, 0, sizeof(*options));
	options->duration_ns = VMP_DURATION_DEFAULT_NS;
}

void vmp_options_help(unsigned int allowed, FILE *out)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];
		char left[64];

		if (row->mask && !(row->mask & allowed))
			continue;
		if (row->value < LONG_ONLY)
			snprintf(left, sizeof(left), "-%c, --%s%s%s", row->value, row->name, row->argument ? " " : "",
				 row->argument ? row->argument : "");
		else
			snprintf(left, sizeof(left), "    --%s%s%s", row->name, row->argument ? " " : "",
				 row->argument ? row->argument : "");
		fprintf(out, "  %-36s %s\n", left, row->help);
	}
}
