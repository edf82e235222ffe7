/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evidence folder, byte by byte where it matters. VMPATH_REGENERATE=1 writes tests/golden/evidence anew. */
#include "base/str.h"
#include "evidence/pcapng.h"
#include "evidence/sink.h"
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct folder {
	char path[64];
	int fd;
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/vmpath-test-XXXXXX");
	if (!mkdtemp(folder->path))
		return -1;
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = folder;
	return folder->fd < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"trace.pcapng", "frames.idx", "run.json", "report.json", "report.txt", "domain.xml",
					       "SHA256SUMS", "other"};
	struct folder *folder = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlinkat(folder->fd, names[i], 0);
	close(folder->fd);
	if (rmdir(folder->path) < 0)
		return -1;
	free(folder);
	return 0;
}

/* A whole file; *ret_len its length. The caller frees. */
static uint8_t *read_at(int dir_fd, const char *name, size_t *ret_len)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	bytes[st.st_size] = '\0';
	close(fd);
	*ret_len = (size_t)st.st_size;
	return bytes;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* How many blocks of each type a file holds; every length must be right at both ends. */
static void walk(const uint8_t *bytes, size_t len, unsigned int counts[8])
{
	size_t at = 0;

	memset(counts, 0, 8 * sizeof(*counts));
	while (at < len) {
		uint32_t type = get32(bytes + at), size = get32(bytes + at + 4);

		assert_true(size % 4 == 0 && size >= 12 && at + size <= len);
		assert_int_equal(get32(bytes + at + size - 4), size);
		if (type == 0x0a0d0d0a)
			assert_int_equal(at, 0);
		else
			assert_true(type < 8);
		counts[type == 0x0a0d0d0a ? 0 : type]++;
		at += size;
	}
}

static void whole_bundle(void **state)
{
	static const char *const names[] = {"trace.pcapng", "frames.idx", "run.json", "report.json", "report.txt", "domain.xml", "SHA256SUMS"};
	struct folder *folder = *state;
	struct vmp_err err = {0};
	unsigned int counts[8];
	uint64_t left_out = 99;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(sample_bundle(folder->fd, NULL, 6, &left_out, &err), 0);
	assert_int_equal(left_out, 0);
	bytes = read_at(folder->fd, "trace.pcapng", &len);
	walk(bytes, len, counts);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], 3);
	assert_int_equal(counts[4], 1);
	assert_int_equal(counts[5], 3);
	assert_int_equal(counts[6], 10);
	free(bytes);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct stat st;

		assert_int_equal(fstatat(folder->fd, names[i], &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	bytes = read_at(folder->fd, "SHA256SUMS", &len);
	/* printf '{}\n' | sha256sum; printf '' | sha256sum */
	assert_non_null(strstr((char *)bytes, "\nca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356  "
					      "report.json\n"));
	assert_non_null(strstr((char *)bytes, "\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  "
					      "domain.xml\n"));
	assert_memory_equal(bytes + 64, "  trace.pcapng\n", 15);
	free(bytes);
}

/* The frame block in a file, the n-th from 0. */
static const uint8_t *frame_block(const uint8_t *bytes, size_t len, unsigned int n)
{
	for (size_t at = 0; at < len; at += get32(bytes + at + 4))
		if (get32(bytes + at) == 6 && n-- == 0)
			return bytes + at;
	fail_msg("the file has no such frame");
	return NULL;
}

/* Payload is a customer's: it is not in the file unless it was asked for, not one byte of it. */
static void headers_only(void **state)
{
	static const struct {
		uint32_t payload, want;
	} cases[] = {{0, 42}, {10, 52}, {1000, 98}, {UINT32_MAX, 98}};
	struct folder *folder = *state;
	size_t len;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vmp_evidence_conf conf = {.payload_bytes = cases[i].payload};
		uint8_t *bytes, payload[56];
		const uint8_t *block;

		assert_int_equal(sample_bundle(folder->fd, &conf, 1, NULL, NULL), 0);
		bytes = read_at(folder->fd, "trace.pcapng", &len);
		block = frame_block(bytes, len, 0);
		assert_int_equal(get32(block + 20), cases[i].want);
		assert_int_equal(get32(block + 24), SAMPLE_PING);
		for (size_t j = 0; j < sizeof(payload); j++)
			payload[j] = (uint8_t)(j + SAMPLE_HEADERS);
		if (cases[i].payload == 0)
			assert_null(memmem(bytes, len, payload, 4));
		free(bytes);
		for (const char *const *name = (const char *const[]){"trace.pcapng", "frames.idx", "run.json", "report.json",
								     "report.txt", "domain.xml", "SHA256SUMS", NULL};
		     *name; name++)
			unlinkat(folder->fd, *name, 0);
	}
}

/* A frame whose headers were not understood keeps its Ethernet header and no more; lengths that lie are cut. */
static void odd_frames(void **state)
{
	struct folder *folder = *state;
	struct vmp_evidence *evidence = NULL;
	struct sample_ping ping;
	struct vmp_evidence_frame frame = {.frame = &ping.frame, .packet = &ping.packet};
	struct vmp_run run;
	uint8_t *bytes;
	size_t len;

	sample_run(&run);
	assert_int_equal(vmp_evidence_open(folder->fd, &run, NULL, &evidence, NULL), 0);
	sample_ping(&ping, 0, 1, 0);
	ping.packet.header_len = 0;
	assert_int_equal(vmp_evidence_add(evidence, &frame, NULL), 0);
	ping.packet.header_len = UINT32_MAX;
	assert_int_equal(vmp_evidence_add(evidence, &frame, NULL), 0);
	ping.frame.cap_len = 5;
	assert_int_equal(vmp_evidence_add(evidence, &frame, NULL), 0);
	ping.frame.point = 3;
	assert_int_equal(vmp_evidence_add(evidence, &frame, NULL), -EINVAL);
	assert_int_equal(vmp_evidence_finish(evidence, &run, NULL, 0, NULL), 0);
	vmp_evidence_close(evidence);
	vmp_run_clear(&run);
	bytes = read_at(folder->fd, "trace.pcapng", &len);
	assert_int_equal(get32(frame_block(bytes, len, 0) + 20), 14);
	assert_int_equal(get32(frame_block(bytes, len, 1) + 20), 98);
	assert_int_equal(get32(frame_block(bytes, len, 2) + 20), 5);
	free(bytes);
}

static void size_cap(void **state)
{
	struct vmp_evidence_conf conf = {.max_bytes = 16384};
	struct folder *folder = *state;
	unsigned int counts[8];
	uint64_t left_out = 0;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(sample_bundle(folder->fd, &conf, 3000, &left_out, NULL), 0);
	bytes = read_at(folder->fd, "trace.pcapng", &len);
	walk(bytes, len, counts);
	assert_true(len <= conf.max_bytes && len > conf.max_bytes / 2);
	assert_int_equal(counts[6] + left_out, 5000);
	assert_int_equal(counts[5], 3);
	assert_non_null(memmem(bytes, len, "frames of all interfaces left out", 33));
	free(bytes);
}

/* A small frame that would still fit is left out as well: a file with holes would show losses that never were. */
static void no_holes(void **state)
{
	struct vmp_evidence_conf conf = {.max_bytes = 4096, .payload_bytes = 100};
	struct folder *folder = *state;
	struct vmp_evidence *evidence = NULL;
	struct sample_ping ping;
	struct vmp_evidence_frame frame = {.frame = &ping.frame, .packet = &ping.packet};
	struct vmp_run run;

	sample_run(&run);
	assert_int_equal(vmp_evidence_open(folder->fd, &run, &conf, &evidence, NULL), 0);
	sample_ping(&ping, 0, 1, 0);
	while (vmp_evidence_left_out(evidence) == 0)
		assert_int_equal(vmp_evidence_add(evidence, &frame, NULL), 0);
	ping.frame.cap_len = 0;
	assert_int_equal(vmp_evidence_add(evidence, &frame, NULL), 0);
	assert_int_equal(vmp_evidence_left_out(evidence), 2);
	vmp_evidence_close(evidence);
	vmp_run_clear(&run);
}

/* A cap that leaves no room for a single frame still gives a file that is whole. */
static void tiny_cap(void **state)
{
	struct vmp_evidence_conf conf = {.max_bytes = 1};
	struct folder *folder = *state;
	unsigned int counts[8];
	uint64_t left_out = 0;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(sample_bundle(folder->fd, &conf, 3, &left_out, NULL), 0);
	assert_int_equal(left_out, 5);
	bytes = read_at(folder->fd, "trace.pcapng", &len);
	walk(bytes, len, counts);
	assert_int_equal(counts[6], 0);
	free(bytes);
}

/* The disk fills up (here: the size that a file may have) while frames are written, and while the end is. */
static void full_disk(void **state)
{
	struct folder *folder = *state;
	struct rlimit before, small = {.rlim_cur = 4096, .rlim_max = 4096};
	struct vmp_err err = {0};
	int many, few;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	many = sample_bundle(folder->fd, NULL, 20000, NULL, &err);
	unlinkat(folder->fd, "trace.pcapng", 0);
	unlinkat(folder->fd, "frames.idx", 0);
	few = sample_bundle(folder->fd, NULL, 100, NULL, &err);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(many, -EFBIG);
	assert_int_equal(few, -EFBIG);
	assert_int_equal(err.code, EFBIG);
	assert_string_equal(err.stage, "evidence");
	assert_non_null(strstr(err.message, "trace.pcapng"));
	assert_non_null(strstr(err.message, "make room"));
}

/* After a failure every further write fails too: a file with a hole in it must not be finished. */
static void failure_stays(void **state)
{
	struct folder *folder = *state;
	struct rlimit before, small;
	struct vmp_sink *sink = NULL;
	char hex[VMP_SHA256_STRLEN];
	static const char bytes[8192];
	int first, second;

	assert_int_equal(vmp_sink_init(NULL), 0);
	assert_int_equal(vmp_sink_open(folder->fd, "other", 4096, &sink, NULL), 0);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 100;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	first = vmp_sink_write(sink, bytes, sizeof(bytes), NULL);
	setrlimit(RLIMIT_FSIZE, &before);
	second = vmp_sink_write(sink, "x", 1, NULL);
	assert_int_equal(first, -EFBIG);
	assert_int_equal(second, -EFBIG);
	assert_int_equal(vmp_sink_finish(sink, hex, NULL), -EFBIG);
	vmp_sink_free(sink);
}

/* Nothing that is there already is written to or followed. */
static void nothing_overwritten(void **state)
{
	struct folder *folder = *state;
	struct vmp_err err = {0};
	uint8_t *bytes;
	size_t len;

	assert_int_equal(symlinkat("other", folder->fd, "trace.pcapng"), 0);
	assert_int_equal(sample_bundle(folder->fd, NULL, 1, NULL, &err), -EEXIST);
	assert_int_equal(faccessat(folder->fd, "other", F_OK, 0), -1);
	unlinkat(folder->fd, "trace.pcapng", 0);
	close(openat(folder->fd, "other", O_CREAT | O_WRONLY, 0644));
	assert_int_equal(linkat(folder->fd, "other", folder->fd, "report.txt", 0), 0);
	assert_int_equal(sample_bundle(folder->fd, NULL, 1, NULL, &err), -EEXIST);
	assert_non_null(strstr(err.message, "report.txt"));
	bytes = read_at(folder->fd, "other", &len);
	assert_int_equal(len, 0);
	free(bytes);
}

static void bad_file_names(void **state)
{
	static const char *const names[] = {"", ".", "..", "a/b", "/etc/x", "a\nb", "a\\b",
					    "0123456789012345678901234567890123456789012345678901234567890123"};
	struct folder *folder = *state;
	struct vmp_sink *sink = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_int_equal(vmp_sink_open(folder->fd, names[i], 4096, &sink, NULL), -EINVAL);
	assert_null(sink);
}

static void unwritable_folder(void **state)
{
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(sample_bundle(-1, NULL, 1, NULL, &err), -EBADF);
	assert_non_null(strstr(err.message, "trace.pcapng"));
}

/* Every block with every option, byte by byte. */
static void golden_blocks(void **state)
{
	struct vmp_pcapng_section section = {
		.hardware = "x86_64", .os = "Linux 6.1", .application = "vmpath", .comment = "a run"};
	struct vmp_mac mac = {{0xfe, 0x54, 0x00, 0x02, 0x1f, 0x00}};
	struct vmp_pcapng_interface interface = {
		.name = "eth0", .description = "hop 1: nic", .filter = "ether host 52:54:00:02:1f:00", .mac = &mac};
	struct vmp_pcapng_interface bare = {.name = "021f00\033[31m\xff"};
	struct vmp_pcapng_statistics statistics = {.ts_ns = SAMPLE_STARTED + 2,
						   .start_ns = SAMPLE_STARTED,
						   .end_ns = SAMPLE_STARTED + 2,
						   .has_counts = true,
						   .received = 0x100000002ULL,
						   .dropped = 1,
						   .comment = "one lost"};
	struct vmp_pcapng_statistics unknown = {.interface = 1, .ts_ns = SAMPLE_STARTED};
	struct vmp_pcapng_frame frame = {.ts_ns = SAMPLE_STARTED + 1, .cap_len = 43, .wire_len = SAMPLE_PING,
					 .packet_id = 0x8000000000000001ULL, .comment = "lost"};
	struct vmp_pcapng out = {0};
	struct sample_ping ping;
	struct vmp_ip ips[2];
	uint8_t *want;
	size_t len;
	int dir;

	(void)state;
	vmp_ip_parse("192.0.2.10", &ips[0]);
	vmp_ip_parse("2001:db8::10", &ips[1]);
	sample_ping(&ping, 0, 1, 0);
	frame.data = ping.bytes;
	vmp_pcapng_section(&out, &section);
	vmp_pcapng_interface(&out, &interface);
	vmp_pcapng_interface(&out, &bare);
	vmp_pcapng_names(&out, "web01", ips, 2);
	vmp_pcapng_names(&out, "nobody", ips, 0);
	frame.devdir = VMP_DEV_IN;
	vmp_pcapng_frame(&out, &frame);
	frame.interface = 1;
	frame.devdir = VMP_DEV_OUT;
	frame.comment = NULL;
	vmp_pcapng_frame(&out, &frame);
	frame.devdir = VMP_DEV_UNKNOWN;
	frame.cap_len = 0;
	vmp_pcapng_frame(&out, &frame);
	vmp_pcapng_statistics(&out, &statistics);
	vmp_pcapng_statistics(&out, &unknown);
	assert_false(out.oom);
	if (getenv("VMPATH_REGENERATE")) {
		FILE *file = fopen(TEST_GOLDEN "/blocks.pcapng", "w");

		assert_non_null(file);
		assert_int_equal(fwrite(out.v, 1, out.n, file), out.n);
		fclose(file);
	}
	dir = open(TEST_GOLDEN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	want = read_at(dir, "blocks.pcapng", &len);
	close(dir);
	assert_int_equal(out.n, len);
	assert_memory_equal(out.v, want, len);
	free(want);
	vmp_pcapng_clear(&out);
}

/* Options have a length of 16 bits: what is longer is cut, and between characters. */
static void long_texts(void **state)
{
	struct vmp_pcapng_interface interface = {.name = "eth0"};
	struct vmp_pcapng out = {0};
	unsigned int counts[8];
	char *text = malloc(200001);
	uint16_t len;

	(void)state;
	for (size_t i = 0; i < 200000; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	memcpy(text, "x\xc3\xa9", 3);
	memcpy(text + 199999, "y", 2);
	interface.description = text;
	vmp_pcapng_interface(&out, &interface);
	walk(out.v, out.n, counts);
	assert_int_equal(out.v[24], 3); /* after the name: the description */
	len = (uint16_t)(out.v[26] | out.v[27] << 8);
	assert_true(len <= 4096 && len > 4000);
	/* The last character is whole. */
	assert_int_equal(out.v[28 + len - 1] & 0xc0, 0x80);
	assert_int_equal(out.v[28 + len - 2], 0xc3);
	free(text);
	vmp_pcapng_clear(&out);
}

static void folder_names(void **state)
{
	static const struct {
		const char *guest, *want;
	} cases[] = {
		{"web01", "vmpath-web01-20261121T223309.123Z"},
		{"../../etc/cron.d/x", "vmpath-.._.._etc_cron.d_x-20261121T223309.123Z"},
		{"a b\n\033\xc3\xa9", "vmpath-a_b____-20261121T223309.123Z"},
		{"", "vmpath-guest-20261121T223309.123Z"},
		{NULL, "vmpath-guest-20261121T223309.123Z"},
	};
	char guest[1000], *name;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		name = vmp_evidence_name(cases[i].guest, SAMPLE_STARTED);
		assert_string_equal(name, cases[i].want);
		free(name);
	}
	memset(guest, 'a', sizeof(guest) - 1);
	guest[sizeof(guest) - 1] = '\0';
	name = vmp_evidence_name(guest, SAMPLE_STARTED);
	assert_true(strlen(name) < 200);
	free(name);
}

static void free_space(void **state)
{
	struct folder *folder = *state;
	struct vmp_err err = {0};

	assert_int_equal(vmp_evidence_check_space(folder->path, 1, &err), 0);
	assert_int_equal(vmp_evidence_check_space(folder->path, UINT64_MAX, &err), -ENOSPC);
	assert_non_null(strstr(err.message, folder->path));
	assert_non_null(strstr(err.message, "MiB are free"));
	assert_int_equal(vmp_evidence_check_space("/nonexistent/folder", 1, &err), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_bundle, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(headers_only, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(odd_frames, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(size_cap, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(no_holes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(tiny_cap, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(full_disk, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(failure_stays, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(nothing_overwritten, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(bad_file_names, make_folder, remove_folder),
		cmocka_unit_test(unwritable_folder),
		cmocka_unit_test(golden_blocks),
		cmocka_unit_test(long_texts),
		cmocka_unit_test(folder_names),
		cmocka_unit_test_setup_teardown(free_space, make_folder, remove_folder),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
