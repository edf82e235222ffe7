/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter text of the command line (-f). Checked beside memory: a text that is refused is refused with a reason; one that is
 * accepted is accepted still when it stands in the filter of a point, whatever that point asks for besides.
 */
#include "fuzz.h"

#include "capture/capture.h"
#include "path/filter.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libpcap's optimiser takes time that grows with the cube of the text. */
enum { TEXT_MAX = 512 };

static void promise(bool kept)
{
	if (!kept)
		abort();
}

typedef int look_up(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret_list);

/* Names in a filter are looked up by libpcap: a fuzzer asks nobody, and takes addresses only. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret_list)
{
	struct addrinfo numeric = {0};
	look_up *real;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	promise(real != NULL);
	if (hints)
		numeric = *hints;
	numeric.ai_flags = (numeric.ai_flags | AI_NUMERICHOST) & ~(AI_CANONNAME | AI_ADDRCONFIG);
	return real(node, service, &numeric, ret_list);
}

/* A filter with something in it that is out of bounds for one more part may become too long or too complex as a whole. */
static bool is_too_much(const struct vmp_err *err)
{
	return strstr(err->message, "too ") || strstr(err->message, "out of");
}

/*
 * Refused as a whole although it was accepted alone: libpcap refuses what can never match ("expression rejects all packets"),
 * and what a tag moves out of its reach.
 */
static bool is_refused_for_its_sense(const struct vmp_err *err)
{
	return strstr(err->message, "rejects all packets") || strstr(err->message, "after") || is_too_much(err);
}

static void stands_in_a_point(const char *text, unsigned int shape)
{
	static const struct vmp_mac mac = {{0x52, 0x54, 0, 2, 0x1f, 0}};
	struct vmp_ip address = {0};
	struct vmp_filter_parts parts = {
		.mac = shape & 1 ? &mac : NULL,
		.address = shape & 6 ? &address : NULL,
		.operator_filter = text,
		.all_from = shape & 8 ? "inbound" : NULL,
		.unicast_only = shape & 16,
	};
	struct vmp_err err = {0};
	char *whole = NULL;

	promise(vmp_ip_parse(shape & 4 ? "2001:db8::10" : "192.0.2.10", &address) == 0);
	promise(vmp_filter_make(&parts, &whole) == 0);
	/* `inbound` and `outbound` are for a live device only, which a check without one refuses. */
	if (whole && !parts.all_from && vmp_capture_check_filter(whole, &err) < 0 && !is_refused_for_its_sense(&err)) {
		fprintf(stderr, "%s\n%s\n", whole, err.message);
		abort();
	}
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmp_err err = {0};
	char *text;
	int code;

	if (size < 1 || size > TEXT_MAX)
		return 0;
	text = malloc(size);
	promise(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	code = vmp_capture_check_filter(text, &err);
	promise(code == 0 || code == -EINVAL);
	promise(code == 0 || (err.code == -code && strstr(err.message, "pcap-filter(7)")));
	if (code == 0)
		stands_in_a_point(text, data[0]);
	free(text);
	return 0;
}
