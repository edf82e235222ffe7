/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What analyze makes of capture files of anybody, from their first byte to the report. An input is one byte of ways, the length of the
 * first file (three bytes, the lowest first), that file, and a second one. Files that are one and the same lose nothing between them.
 */
#include "fuzz.h"

#include "cli/analyze.h"
#include "guard/guard.h"
#include "report/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	WAY_SAME = 1,           /* the first file is at both hops, and the second one at none */
	WAY_NUMBERS = 2,        /* interfaces are named by number: 2 and 7 */
	WAY_MAC = 4,
	WAY_NO_ADDRESS = 8,
	WAY_MIDDLE = 16,        /* the first file is at a hop in the middle as well */
	WAY_BYTES = 4,
};

static void promise(bool kept)
{
	if (!kept)
		abort();
}

/* In the place of the real one, after which the fuzzer itself could no longer work. */
int vmp_guard_drop(struct vmp_err *err)
{
	(void)err;
	return 0;
}

/* HOP=FILE, of a file in memory that is kept from call to call. */
static void word_of(int number, const char *hop, const char *interface, const uint8_t *data, size_t size, char *ret_word, size_t word_size)
{
	static int fds[2] = {-1, -1};

	if (fds[number] < 0)
		fds[number] = memfd_create("capture", MFD_CLOEXEC);
	promise(fds[number] >= 0 && ftruncate(fds[number], 0) == 0 && pwrite(fds[number], data, size, 0) == (ssize_t)size);
	snprintf(ret_word, word_size, "%s=/proc/self/fd/%d%s", hop, fds[number], interface);
}

static void print(const struct vmp_run *run, const char *format)
{
	static const struct vmp_report_style style = {.utf8 = true, .width = 80, .verbose = true};
	struct vmp_buf text = {0};

	promise(vmp_format_find(format)->trace(run, &style, &text) == 0 && text.len > 0);
	for (size_t i = 0; i < text.len; i++)
		promise(text.s[i] == '\n' || (unsigned char)text.s[i] >= ' ');
	vmp_buf_clear(&text);
}

static void look_at(const struct vmp_run *run, unsigned int ways)
{
	for (size_t i = 0; i < run->segments.n; i++) {
		const struct vmp_segment *segment = &run->segments.v[i];
		uint64_t unsure = 0;

		for (size_t k = 0; k < VMP_UNSURE_REASONS; k++)
			unsure += segment->unsure_why[k];
		promise(segment->delivered + segment->lost + segment->unsure == segment->offered && unsure == segment->unsure);
		promise(segment->unsure_lost <= segment->unsure && segment->partly_lost <= segment->lost);
		promise(!segment->latency.known || (segment->latency.p50_us <= segment->latency.max_us && segment->latency.p50_us >= 0));
		promise(!(ways & WAY_SAME) || segment->lost + segment->unsure_lost == 0);
	}
	promise(*run->verdict.code);
	print(run, "json");
	print(run, "text");
}

/*
 * What counts of a run, to compare two with. The keys of tables are others each time, and nothing may depend on them, but where times go back
 * so far that the frames were not in their order: there which packets are found again may, though not that none is lost.
 */
struct sums {
	int64_t code;           /* wide, so that there is no room between the members: they are compared as bytes */
	uint64_t n;
	uint64_t counts[64];
	char verdict[64];
};

static struct sums analyze(char **words, int n, unsigned int ways)
{
	struct vmp_options options;
	struct vmp_run run = {0};
	struct vmp_err err = {0};
	struct sums sums = {0};

	vmp_options_init(&options);
	options.args = words;
	options.n_args = n;
	options.address = ways & WAY_NO_ADDRESS ? NULL : "192.0.2.10";
	options.mac = ways & (WAY_MAC | WAY_NO_ADDRESS) ? "52:54:00:00:00:01" : NULL;
	sums.code = vmp_analyze_files(&options, &run, &err);
	if (sums.code < 0) {
		promise(err.code > 0 && *err.message);
	} else {
		look_at(&run, ways);
		snprintf(sums.verdict, sizeof(sums.verdict), "%s", run.verdict.code);
		for (size_t i = 0; i < run.segments.n && sums.n + 4 <= sizeof(sums.counts) / sizeof(*sums.counts); i++) {
			const struct vmp_segment *segment = &run.segments.v[i];

			sums.counts[sums.n++] = segment->lost;
			sums.counts[sums.n++] = run.observations.clock_stepped ? 0 : segment->offered;
			sums.counts[sums.n++] = run.observations.clock_stepped ? 0 : segment->delivered;
			sums.counts[sums.n++] = run.observations.clock_stepped ? 0 : segment->unsure;
		}
	}
	vmp_run_clear(&run);
	return sums;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char first[64], middle[64], second[64], *words[3] = {first};
	struct sums one, two;
	unsigned int ways;
	size_t length;
	int n = 1;

	if (size < WAY_BYTES)
		return 0;
	ways = data[0];
	length = data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;
	data += WAY_BYTES;
	size -= WAY_BYTES;
	length = length < size ? length : size;
	/* At hops that are called alike the same interface is meant, or none. */
	word_of(0, ways & WAY_SAME ? "the same, once" : "eth0", ways & WAY_NUMBERS ? ":2" : "", data, length, first, sizeof(first));
	if (ways & WAY_MIDDLE) {
		word_of(0, ways & WAY_SAME ? "the same, again" : "br0", ways & WAY_NUMBERS ? ":2" : "", data, length, middle, sizeof(middle));
		words[n++] = middle;
	}
	if (ways & WAY_SAME)
		word_of(0, "the same, at last", ways & WAY_NUMBERS ? ":2" : "", data, length, second, sizeof(second));
	else
		word_of(1, "tap0", ways & WAY_NUMBERS ? ":7" : "", data + length, size - length, second, sizeof(second));
	if (ways & WAY_SAME || size > length)
		words[n++] = second;
	one = analyze(words, n, ways);
	two = analyze(words, n, ways);
	promise(memcmp(&one, &two, sizeof(one)) == 0);
	return 0;
}
