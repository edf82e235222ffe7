/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash, cursor, errors, log, times. */
#include "base/clock.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*
 * SipHash-1-3 with 128 bit of output, key 00 01 .. 0f, of the bytes 00 01 02 .. As OpenSSL's SIPHASH gives it
 * (`openssl mac -macopt c-rounds:1 -macopt d-rounds:3 -macopt size:16`), which with its default rounds gives the
 * vectors of the SipHash authors.
 */
static const struct {
	size_t len;
	const char *hash;
} vectors[] = {
	{0, "e77ebcb22788a5befd62db6add303001"},
	{1, "fc6f370460d3eda85e0573cc2b2ff063"},
	{2, "75787f090569839b855bc9548c6aea95"},
	{3, "6bc5ccfa1edcf79f4823187712ebd743"},
	{4, "0c784e71ac2b285a9f8e92e78fbf2c25"},
	{5, "f328db89345b620c795229a42695843e"},
	{6, "dcd03d29f743e7100951b0e83985a6f8"},
	{7, "1084b923f2aae0c3a62f2ec80848ab77"},
	{8, "aa12fee1d5e3dab4724f16ab35f9c799"},
	{9, "81ddb8042cf33994f4720e0094137c42"},
	{15, "c17e5505b2bd526c2921cdec1e7e0109"},
	{16, "d0a8d95715518eebb513b0f83d9e1793"},
	{31, "42ea961c5b3c858b17c3e550dfa79010"},
	{33, "c5f57bae1320fcf4b4e868e71d56c66b"},
	{63, "4c5800e34efe426f079f6b0aa75260ad"},
	{64, "1253def24b4aa5364ec8a759ba6a66c2"},
	{200, "59301d38dad5fb4a7d555582d6b70ee6"},
};

static void hash_vectors(void **state)
{
	const struct vmp_hash_key key = {{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL}};
	uint8_t data[200];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct vmp_hash128 hash = vmp_hash(&key, data, vectors[i].len);
		char text[33];

		for (size_t b = 0; b < 16; b++)
			snprintf(text + 2 * b, 3, "%02x", (unsigned int)(hash.h[b / 8] >> 8 * (b % 8) & 0xff));
		assert_string_equal(text, vectors[i].hash);
	}
}

static void hash_takes_any_alignment(void **state)
{
	const struct vmp_hash_key key = {{1, 2}};
	uint8_t data[8 + 40];
	struct vmp_hash128 first = {{0, 0}};

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		struct vmp_hash128 hash;

		for (size_t i = 0; i < 40; i++)
			data[shift + i] = (uint8_t)(i * 7);
		hash = vmp_hash(&key, data + shift, 40);
		if (shift == 0)
			first = hash;
		assert_memory_equal(&hash, &first, sizeof(hash));
	}
}

/* The same, word by word, with products put together from halves. */
static struct vmp_hash128 slow_digest(const struct vmp_digest_key *key, const uint8_t *data, size_t len)
{
	uint64_t words[VMP_DIGEST_WORDS + 2] = {0}, keys[VMP_DIGEST_WORDS + 2], low = 0, high = 0, mixed;
	struct vmp_hash128 out;

	for (size_t i = 0; i < len; i++)
		words[i / 8] |= (uint64_t)data[i] << i % 8 * 8;
	memcpy(keys, key->word, sizeof(key->word));
	words[VMP_DIGEST_WORDS] = len;
	keys[VMP_DIGEST_WORDS] = key->end[0];
	keys[VMP_DIGEST_WORDS + 1] = key->end[1];
	for (size_t i = 0; i < VMP_DIGEST_WORDS + 2; i += 2) {
		uint64_t a = words[i] + keys[i], b = words[i + 1] + keys[i + 1];
		uint64_t a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
		uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (middle & 0xffffffff);

		if (i < VMP_DIGEST_WORDS && i * 8 >= len)
			continue;
		low += a * b;
		high += a1 * b1 + (middle >> 32) + (other >> 32) + (low < a * b);
	}
	mixed = high ^ key->end[0];
	mixed = (mixed ^ mixed >> 32) * 0x9e3779b97f4a7c15ULL;
	low += (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9ULL;
	mixed = (low ^ low >> 32) * 0x9e3779b97f4a7c15ULL;
	high ^= (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9ULL;
	mixed = (high ^ high >> 32) * 0x9e3779b97f4a7c15ULL;
	low ^= (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9ULL;
	out.h[0] = low;
	out.h[1] = high;
	return out;
}

static void digest_is_as_told(void **state)
{
	static const struct vmp_hash_key short_key = {{5, 6}};
	uint8_t data[VMP_DIGEST_BYTES + 1];
	struct vmp_digest_key key;

	(void)state;
	vmp_digest_key_make(&short_key, &key);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i * 31 + 7);
	for (size_t len = 0; len <= VMP_DIGEST_BYTES; len++) {
		struct vmp_hash128 fast = vmp_digest(&key, data + 1, len), slow = slow_digest(&key, data + 1, len);

		assert_memory_equal(&fast, &slow, sizeof(fast));
	}
}

/* Each bit counts, and so does the length: zeros at the end are no padding. Each bit of the digest changes about half of the time. */
static void digest_takes_all_in(void **state)
{
	static const struct vmp_hash_key short_key = {{5, 6}};
	struct vmp_hash128 digests[VMP_DIGEST_BYTES * 8 + VMP_DIGEST_BYTES + 1];
	unsigned int changed[128] = {0};
	uint8_t data[VMP_DIGEST_BYTES] = {0};
	struct vmp_digest_key key;
	size_t n = 0;

	(void)state;
	vmp_digest_key_make(&short_key, &key);
	for (size_t len = 0; len <= sizeof(data); len++)
		digests[n++] = vmp_digest(&key, data, len);
	for (size_t bit = 0; bit < sizeof(data) * 8; bit++) {
		data[bit / 8] = (uint8_t)(1U << bit % 8);
		digests[n++] = vmp_digest(&key, data, sizeof(data));
		data[bit / 8] = 0;
		for (size_t i = 0; i < 128; i++)
			changed[i] += (digests[n - 1].h[i / 64] ^ digests[sizeof(data)].h[i / 64]) >> i % 64 & 1;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(&digests[i], &digests[k], sizeof(digests[i]));
	for (size_t i = 0; i < 128; i++)
		assert_in_range(changed[i], sizeof(data) * 8 * 2 / 5, sizeof(data) * 8 * 3 / 5);
}

static void keys_differ(void **state)
{
	struct vmp_hash_key a = {{0, 0}}, b = {{0, 0}};

	(void)state;
	assert_int_equal(vmp_hash_key_random(&a), 0);
	assert_int_equal(vmp_hash_key_random(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void cursor_reads_in_network_order(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 0xff, 0xfe, 0xfd, 0xfc, 8, 9};
	struct vmp_cursor c = vmp_cursor_make(data, sizeof(data));
	uint8_t copy[2];

	(void)state;
	assert_int_equal(vmp_cursor_u8(&c), 1);
	assert_int_equal(vmp_cursor_be16(&c), 0x0203);
	assert_int_equal(vmp_cursor_be32(&c), 0xfffefdfc);
	vmp_cursor_copy(&c, copy, 2);
	assert_int_equal(copy[0] * 256 + copy[1], 0x0809);
	assert_int_equal(c.left, 0);
	assert_false(c.bad);
}

static void cursor_is_bad_for_good(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5};
	struct vmp_cursor c = vmp_cursor_make(data, 3);
	uint8_t copy[2] = {7, 7};

	(void)state;
	assert_int_equal(vmp_cursor_be32(&c), 0);
	assert_true(c.bad);
	assert_int_equal(vmp_cursor_u8(&c), 0);
	assert_null(vmp_cursor_take(&c, 0));
	vmp_cursor_copy(&c, copy, 2);
	assert_int_equal(copy[0] + copy[1], 0);
	c = vmp_cursor_make(data, 5);
	assert_null(vmp_cursor_take(&c, SIZE_MAX));
	assert_true(c.bad);
}

static void cursor_is_cut(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5};
	struct vmp_cursor c = vmp_cursor_make(data, 5);

	(void)state;
	vmp_cursor_limit(&c, 9);
	assert_int_equal(c.left, 5);
	vmp_cursor_limit(&c, 1);
	assert_int_equal(vmp_cursor_u8(&c), 1);
	assert_int_equal(vmp_cursor_u8(&c), 0);
	assert_true(c.bad);
}

static void errors_are_recorded(void **state)
{
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_err_set(&err, EPERM, "capture", "eth0", "opening: %s", "not allowed"), -EPERM);
	assert_int_equal(err.code, EPERM);
	assert_string_equal(err.stage, "capture");
	assert_string_equal(err.object, "eth0");
	assert_string_equal(err.message, "opening: not allowed");
	assert_int_equal(vmp_err_context(&err, "trace of %s", "web01"), -EPERM);
	assert_string_equal(err.message, "trace of web01: opening: not allowed");
	assert_int_equal(vmp_err_set(&err, 0, "host", NULL, "odd"), -EIO);
	assert_string_equal(err.object, "");
	assert_int_equal(vmp_err_set(NULL, ENOENT, "host", NULL, "unheard"), -ENOENT);
}

static void no_error_gets_no_context(void **state)
{
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_err_context(&err, "trace"), 0);
	assert_int_equal(vmp_err_context(NULL, "trace"), 0);
	assert_string_equal(err.message, "");
}

static void long_errors_are_cut(void **state)
{
	struct vmp_err err = {0};
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(vmp_err_set(&err, EINVAL, text, text, "%s", text), -EINVAL);
	assert_int_equal(strlen(err.stage), sizeof(err.stage) - 1);
	assert_int_equal(strlen(err.object), sizeof(err.object) - 1);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	vmp_err_context(&err, "%s", text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

static int lines;
static char last_line[600];

static void count_line(enum vmp_log_level level, const char *line)
{
	assert_int_equal(level, VMP_LOG_INFO);
	snprintf(last_line, sizeof(last_line), "%s", line);
	lines++;
}

static void log_goes_where_it_is_sent(void **state)
{
	(void)state;
	vmp_log(VMP_LOG_WARN, "nobody listens");
	vmp_log_set_sink(count_line);
	vmp_log(VMP_LOG_INFO, "opened %s", "eth0");
	vmp_log_set_sink(NULL);
	vmp_log(VMP_LOG_WARN, "nobody listens");
	assert_int_equal(lines, 1);
	assert_string_equal(last_line, "opened eth0");
}

static void times_are_rfc3339(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000000000Z"},
		{1, "1970-01-01T00:00:00.000000001Z"},
		{951782400ULL * VMP_NS_PER_S + 999999999, "2000-02-29T00:00:00.999999999Z"},
		{1795300389ULL * VMP_NS_PER_S + 123456789, "2026-11-21T22:33:09.123456789Z"},
		{4294967296ULL * VMP_NS_PER_S, "2106-02-07T06:28:16.000000000Z"},
		{UINT64_MAX, "2554-07-21T23:34:33.709551615Z"},
	};
	char text[VMP_RFC3339_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(vmp_clock_rfc3339(cases[i].ns, text), cases[i].text);
}

static void clocks_go_on(void **state)
{
	uint64_t before = vmp_clock_monotonic_ns();

	(void)state;
	assert_true(vmp_clock_monotonic_ns() >= before);
	assert_true(vmp_clock_realtime_ns() > 1700000000ULL * VMP_NS_PER_S);
}

static void moments_are_of_both_clocks(void **state)
{
	uint64_t before = vmp_clock_monotonic_ns();
	struct vmp_moment now = vmp_clock_moment();
	uint64_t after = vmp_clock_monotonic_ns();

	(void)state;
	assert_in_range(now.mono_ns, before, after);
	assert_true(now.within_ns <= after - before);
	assert_true(now.real_ns > 1700000000ULL * VMP_NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_vectors),
		cmocka_unit_test(hash_takes_any_alignment),
		cmocka_unit_test(digest_is_as_told),
		cmocka_unit_test(digest_takes_all_in),
		cmocka_unit_test(keys_differ),
		cmocka_unit_test(cursor_reads_in_network_order),
		cmocka_unit_test(cursor_is_bad_for_good),
		cmocka_unit_test(cursor_is_cut),
		cmocka_unit_test(errors_are_recorded),
		cmocka_unit_test(no_error_gets_no_context),
		cmocka_unit_test(long_errors_are_cut),
		cmocka_unit_test(log_goes_where_it_is_sent),
		cmocka_unit_test(times_are_rfc3339),
		cmocka_unit_test(clocks_go_on),
		cmocka_unit_test(moments_are_of_both_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
