/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing buffers, what is safe on a terminal, nearness of names, vectors. */
#include "base/str.h"
#include "base/vec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_escaped(const char *text, const char *expected)
{
	struct vmp_buf buf = {0};
	char *escaped;

	vmp_buf_escape(&buf, text);
	escaped = vmp_buf_take(&buf);
	assert_non_null(escaped);
	assert_string_equal(escaped, expected);
	free(escaped);
}

static void harmless_text_stays(void **state)
{
	(void)state;
	assert_escaped("web01 (eth0) 100%", "web01 (eth0) 100%");
	assert_escaped("Bücher-Gäste 数据库 \xf0\x9f\x90\xa7", "Bücher-Gäste 数据库 \xf0\x9f\x90\xa7");
	assert_escaped("%s%n", "%s%n");
	assert_escaped("", "");
	assert_escaped(NULL, "");
}

static void controls_do_not_reach_a_terminal(void **state)
{
	(void)state;
	assert_escaped("\x1b[31mred\x07", "\\x1b[31mred\\x07");
	assert_escaped("two\nlines\r\t\x7f", "two\\x0alines\\x0d\\x09\\x7f");
	assert_escaped("\xc2\x9b" "31m", "\\u{009b}31m"); /* CSI as a C1 control */
	assert_escaped("\xc2\xa0", "\xc2\xa0");
}

static void text_is_not_turned_around(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{"\xd8\x9c", "\\u{061c}"},     {"\xe2\x80\x8e", "\\u{200e}"}, {"\xe2\x80\x8f", "\\u{200f}"},
		{"\xe2\x80\xaa", "\\u{202a}"}, {"\xe2\x80\xae", "\\u{202e}"}, {"\xe2\x81\xa6", "\\u{2066}"},
		{"\xe2\x81\xa9", "\\u{2069}"},
		/* Nor hidden, nor broken into lines. */
		{"\xe2\x80\x8b", "\\u{200b}"}, {"\xe2\x80\xa8", "\\u{2028}"}, {"\xef\xbb\xbf", "\\u{feff}"},
		{"\xf3\xa0\x81\x81", "\\u{e0041}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_escaped(cases[i].text, cases[i].escaped);
}

static void invalid_utf8_becomes_bytes(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{"\x80", "\\x80"},                                 /* continuation alone */
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc0\xaf", "\\xc0\\xaf"},                        /* overlong "/" */
		{"\xe0\x80\x9b", "\\xe0\\x80\\x9b"},               /* overlong CSI */
		{"\xf0\x80\x80\x9b", "\\xf0\\x80\\x80\\x9b"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},               /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},      /* past U+10FFFF */
		{"\xe2\x80", "\\xe2\\x80"},                        /* cut off by the end */
		{"\xe2\x80z", "\\xe2\\x80z"},
		{"\xc3(", "\\xc3("},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_escaped(cases[i].text, cases[i].escaped);
}

/* Whatever three bytes a guest's name has: what comes out has no control byte and is the same when valid. */
static void no_bytes_get_through(void **state)
{
	(void)state;
	for (unsigned int word = 0; word < 0x1000000; word += 37) {
		char text[4] = {(char)(word >> 16), (char)(word >> 8), (char)word, '\0'};
		struct vmp_buf buf = {0};

		vmp_buf_escape(&buf, text);
		for (size_t i = 0; i < buf.len; i++)
			if ((unsigned char)buf.s[i] < 0x20 || buf.s[i] == 0x7f)
				fail_msg("%06x lets a control through", word);
		vmp_buf_clear(&buf);
	}
}

static void buffers_grow(void **state)
{
	struct vmp_buf buf = {0};
	char *text;

	(void)state;
	for (int i = 0; i < 1000; i++)
		vmp_buf_printf(&buf, "%d,", i);
	vmp_buf_add(&buf, "end\0!", 3);
	assert_false(buf.oom);
	assert_int_equal(buf.len, 10 * 2 + 90 * 3 + 900 * 4 + 3);
	assert_int_equal(strlen(buf.s), buf.len);
	assert_string_equal(buf.s + buf.len - 7, "999,end");
	text = vmp_buf_take(&buf);
	assert_null(buf.s);
	assert_int_equal(buf.len, 0);
	free(text);
	text = vmp_buf_take(&buf);
	assert_string_equal(text, "");
	free(text);
}

static void want_of_memory_stays_told(void **state)
{
	struct vmp_buf buf = {0};

	(void)state;
	vmp_buf_add(&buf, "x", 1);
	vmp_buf_add(&buf, "x", SIZE_MAX);
	assert_true(buf.oom);
	vmp_buf_add(&buf, "y", 1);
	assert_int_equal(buf.len, 1);
	assert_null(vmp_buf_take(&buf));
	assert_false(buf.oom);
}

static void strings_are_replaced(void **state)
{
	char *slot = NULL, *text = vmp_str_printf("%s %d", "hop", 3);

	(void)state;
	assert_string_equal(text, "hop 3");
	assert_int_equal(vmp_str_set(&slot, text), 0);
	assert_string_equal(slot, "hop 3");
	assert_int_equal(vmp_str_set(&slot, "other"), 0);
	assert_string_equal(slot, "other");
	assert_int_equal(vmp_str_set(&slot, NULL), 0);
	assert_null(slot);
	free(text);
}

static void distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned int edits;
	} cases[] = {
		{"", "", 0},           {"", "abc", 3},        {"ab", "ba", 1},     {"ca", "abc", 3},
		{"web01", "web01", 0}, {"web01", "web02", 1}, {"web01", "web0", 1}, {"web01", "wbe01", 1},
		{"web01", "db", 4},    {"kitten", "sitting", 3},
	};
	char name[65], longer[66];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(vmp_str_distance(cases[i].a, cases[i].b), cases[i].edits);
		assert_int_equal(vmp_str_distance(cases[i].b, cases[i].a), cases[i].edits);
	}
	memset(name, 'a', 64);
	memset(longer, 'a', 65);
	name[64] = longer[65] = '\0';
	assert_int_equal(vmp_str_distance(name, name), 0);
	assert_int_equal(vmp_str_distance(name, ""), 64);
	assert_int_equal(vmp_str_distance(name, longer), 99);
}

static void vectors_grow_zeroed(void **state)
{
	VMP_VEC(struct { int a; char *b; }) list = {0};
	int sum = 0;

	(void)state;
	vmp_vec_foreach (item, &list)
		fail_msg("an empty list has an item %d", item->a);
	for (int i = 0; i < 1000; i++) {
		__typeof__(list.v) item = vmp_vec_add(&list);

		assert_non_null(item);
		assert_int_equal(item->a, 0);
		assert_null(item->b);
		item->a = i;
		item->b = (char *)&sum;
	}
	vmp_vec_foreach (item, &list)
		sum += item->a;
	assert_int_equal(sum, 999 * 500);
	vmp_vec_free(&list);
	assert_null(list.v);
	assert_int_equal(list.n + list.cap, 0);
}

static void a_vector_too_large_changes_nothing(void **state)
{
	void *data = NULL;
	size_t n = 0, cap = 0;

	(void)state;
	assert_null(vmp_vec_grow(&data, &n, &cap, SIZE_MAX / 4));
	assert_null(data);
	assert_int_equal(n + cap, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless_text_stays),
		cmocka_unit_test(controls_do_not_reach_a_terminal),
		cmocka_unit_test(text_is_not_turned_around),
		cmocka_unit_test(invalid_utf8_becomes_bytes),
		cmocka_unit_test(no_bytes_get_through),
		cmocka_unit_test(buffers_grow),
		cmocka_unit_test(want_of_memory_stays_told),
		cmocka_unit_test(strings_are_replaced),
		cmocka_unit_test(distance),
		cmocka_unit_test(vectors_grow_zeroed),
		cmocka_unit_test(a_vector_too_large_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
