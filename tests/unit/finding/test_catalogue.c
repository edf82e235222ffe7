/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue of codes: whole, without doubles, and found by what people type. */
#include "finding/catalogue.h"
#include "model/finding.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Text that man page and terminal take as it is: printable ASCII, no blanks at its ends or doubled. */
static void assert_text(const char *code, const char *text)
{
	if (!text || !*text)
		fail_msg("%s: a text is missing", code);
	for (const char *p = text; *p; p++)
		if (!isprint((unsigned char)*p) || (*p == ' ' && (p[1] == ' ' || !p[1])))
			fail_msg("%s: \"%s\"", code, text);
}

static void assert_sentence(const char *code, const char *text)
{
	assert_text(code, text);
	if (text[strlen(text) - 1] != '.' && text[strlen(text) - 1] != '?')
		fail_msg("%s: no full stop: \"%s\"", code, text);
}

static void rows_are_whole(void **state)
{
	const struct vmp_code *code;
	struct vmp_finding finding;
	size_t n = 0;

	(void)state;
	for (; (code = vmp_catalogue_at(n)); n++) {
		assert_true(strlen(code->code) < sizeof(finding.code));
		assert_int_equal(strspn(code->code, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(code->code));
		assert_true(code->kinds > 0 && code->kinds < VMP_CODE_CAUSE << 1);
		assert_text(code->code, code->title);
		if (code->title[strlen(code->title) - 1] == '.')
			fail_msg("%s: a title is no sentence", code->code);
		assert_sentence(code->code, code->means);
		assert_sentence(code->code, code->present);
		assert_sentence(code->code, code->absent);
		assert_sentence(code->code, code->next);
		assert_sentence(code->code, code->is_not);
		if (code->words)
			assert_text(code->code, code->words);
		/* found, and as this one: no code stands twice */
		assert_ptr_equal(vmp_catalogue_find(code->code), code);
	}
	assert_true(n > 50);
	assert_null(vmp_catalogue_at(n + 1));
	assert_null(vmp_catalogue_find("lost"));
	assert_null(vmp_catalogue_find(""));
}

static void verdicts_are_there(void **state)
{
	static const char *const verdicts[] = {"no-loss", "lost-in-host", "not-taken-by-guest", "guest-silent", "lost-beyond-host",
					       "nothing-arrives", "no-traffic", "capture-incomplete"};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		assert_non_null(vmp_catalogue_find(verdicts[i]));
		assert_true(vmp_catalogue_find(verdicts[i])->kinds & VMP_CODE_VERDICT);
	}
	for (size_t i = 0; vmp_catalogue_at(i); i++)
		n += (vmp_catalogue_at(i)->kinds & VMP_CODE_VERDICT) != 0;
	assert_int_equal(n, sizeof(verdicts) / sizeof(*verdicts));
}

static bool is_near(const char *text, const char *code)
{
	const struct vmp_code *near[100];
	size_t n = vmp_catalogue_near(text, near, 100);

	for (size_t i = 0; i < n; i++)
		if (strcmp(near[i]->code, code) == 0)
			return true;
	return false;
}

static void near_ones(void **state)
{
	const struct vmp_code *near[3];

	(void)state;
	assert_true(vmp_catalogue_near("lost-in-hots", near, 3) >= 1);
	assert_string_equal(near[0]->code, "lost-in-host");
	assert_true(vmp_catalogue_near("guest_silent", near, 1) == 1);
	assert_string_equal(near[0]->code, "guest-silent");
	assert_true(is_near("mtu", "mtu-smaller"));
	assert_true(is_near("own ADDRESS as source", "guest-mac-from-outside"));
	assert_true(is_near("after installing docker", "bridge-nf-on"));
	assert_true(is_near("carrier", "one-uplink-no-carrier"));
	assert_int_equal(vmp_catalogue_near("guest", near, 3), 3);
	assert_int_equal(vmp_catalogue_near("xyzzy", near, 3), 0);
	assert_int_equal(vmp_catalogue_near("", near, 3), 0);
	assert_int_equal(vmp_catalogue_near("a", near, 3), 0);
	assert_int_equal(vmp_catalogue_near("lost-in-host", near, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(verdicts_are_there),
		cmocka_unit_test(near_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
