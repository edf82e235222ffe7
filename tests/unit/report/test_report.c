/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records in, text and JSON out, compared with tests/golden/report. VMPATH_REGENERATE=1 writes those files anew. */
#include "samples.h"

#include <json-c/json.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct vmp_report_style plain = {.width = 0};
static const struct vmp_report_style fancy = {.colour = true, .utf8 = true, .width = 80};
static const struct vmp_report_style wordy = {.utf8 = true, .width = 100, .verbose = true};
static const struct vmp_report_style quiet = {.quiet = true};

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct vmp_buf text = {0};
	char part[4096];
	size_t n;

	while (file && (n = fread(part, 1, sizeof(part), file)) > 0)
		vmp_buf_add(&text, part, n);
	if (file)
		fclose(file);
	return vmp_buf_take(&text);
}

/* The version changes with each release, the golden files do not. */
static char *without_version(const char *text)
{
	const char *at = strstr(text, "\"" PACKAGE_VERSION "\"");

	if (!at)
		return vmp_str_printf("%s", text);
	return vmp_str_printf("%.*s\"@VERSION@\"%s", (int)(at - text), text, at + strlen(PACKAGE_VERSION) + 2);
}

/* Documents are compared as such: how json-c sets blanks changes with its version. */
static void assert_same_document(const char *got, const char *want, const char *name)
{
	struct json_object *a = json_tokener_parse(got), *b = json_tokener_parse(want);

	assert_non_null(a);
	assert_non_null(b);
	if (!json_object_equal(a, b))
		fail_msg("%s should be\n%s\nbut is\n%s", name, want, got);
	json_object_put(a);
	json_object_put(b);
}

static void compare(const char *name, struct vmp_buf *out)
{
	char *path = vmp_str_printf("%s/%s", TEST_GOLDEN, name), *got = without_version(out->s), *want;

	if (getenv("VMPATH_REGENERATE")) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(got, file);
		fclose(file);
	}
	want = read_file(path);
	if (strstr(name, ".json"))
		assert_same_document(got, want, name);
	else
		assert_string_equal(got, want);
	free(path);
	free(got);
	free(want);
	vmp_buf_clear(out);
}

static void compare_trace(void (*sample)(struct vmp_run *), const char *format, const struct vmp_report_style *style,
			  const char *name)
{
	struct vmp_buf out = {0};
	struct vmp_run run;

	sample(&run);
	assert_int_equal(vmp_format_find(format)->trace(&run, style, &out), 0);
	vmp_run_clear(&run);
	compare(name, &out);
}

static void trace_loss(void **state)
{
	(void)state;
	compare_trace(sample_loss, "json", &plain, "loss.trace.json");
	compare_trace(sample_loss, "text", &plain, "loss.txt");
	compare_trace(sample_loss, "text", &fancy, "loss.colour.txt");
	compare_trace(sample_loss, "text", &wordy, "loss.verbose.txt");
	compare_trace(sample_loss, "text", &quiet, "loss.quiet.txt");
}

static void trace_healthy(void **state)
{
	(void)state;
	compare_trace(sample_healthy, "json", &plain, "healthy.trace.json");
	compare_trace(sample_healthy, "text", &plain, "healthy.txt");
	compare_trace(sample_healthy, "text", &wordy, "healthy.verbose.txt");
}

static void trace_slow(void **state)
{
	(void)state;
	compare_trace(sample_slow, "json", &plain, "slow.trace.json");
	compare_trace(sample_slow, "text", &plain, "slow.txt");
	compare_trace(sample_slow, "text", &wordy, "slow.verbose.txt");
}

static void trace_silent(void **state)
{
	(void)state;
	compare_trace(sample_silent, "json", &plain, "silent.trace.json");
	compare_trace(sample_silent, "text", &plain, "silent.txt");
}

static void trace_tangled(void **state)
{
	(void)state;
	compare_trace(sample_tangled, "json", &plain, "tangled.trace.json");
	compare_trace(sample_tangled, "text", &plain, "tangled.txt");
	compare_trace(sample_tangled, "text", &wordy, "tangled.verbose.txt");
}

static void trace_bare(void **state)
{
	(void)state;
	compare_trace(sample_bare, "json", &plain, "bare.trace.json");
	compare_trace(sample_bare, "text", &plain, "bare.txt");
}

static void trace_hostile(void **state)
{
	(void)state;
	compare_trace(sample_hostile, "json", &plain, "hostile.trace.json");
	compare_trace(sample_hostile, "text", &plain, "hostile.txt");
	compare_trace(sample_hostile, "text", &fancy, "hostile.colour.txt");
}

static void list_guests(void **state)
{
	struct vmp_listing listing = sample_guests();
	struct vmp_buf out = {0};

	(void)state;
	assert_int_equal(vmp_format_find("json")->list(&listing, &plain, &out), 0);
	compare("guests.list.json", &out);
	assert_int_equal(vmp_format_find("text")->list(&listing, &plain, &out), 0);
	compare("guests.txt", &out);
	assert_int_equal(vmp_format_find("text")->list(&listing, &wordy, &out), 0);
	compare("guests.verbose.txt", &out);
	assert_int_equal(vmp_format_find("text")->list(&listing, &quiet, &out), 0);
	compare("guests.quiet.txt", &out);
	sample_guests_clear(&listing);
}

static void list_nothing(void **state)
{
	struct vmp_listing listing = {0};
	struct vmp_buf out = {0};

	(void)state;
	assert_int_equal(vmp_format_find("json")->list(&listing, &plain, &out), 0);
	compare("nothing.list.json", &out);
	assert_int_equal(vmp_format_find("text")->list(&listing, &plain, &out), 0);
	compare("nothing.txt", &out);
	assert_int_equal(vmp_format_find("text")->path(&listing, &plain, &out), 0);
	assert_int_equal(out.len, 0);
	vmp_buf_clear(&out);
}

static void path_of_guest(void **state)
{
	struct vmp_listing listing = sample_paths();
	struct vmp_buf out = {0};

	(void)state;
	assert_int_equal(vmp_format_find("json")->path(&listing, &plain, &out), 0);
	compare("web01.path.json", &out);
	assert_int_equal(vmp_format_find("text")->path(&listing, &plain, &out), 0);
	compare("web01.path.txt", &out);
	assert_int_equal(vmp_format_find("text")->path(&listing, &fancy, &out), 0);
	compare("web01.path.colour.txt", &out);
	assert_int_equal(vmp_format_find("text")->path(&listing, &quiet, &out), 0);
	compare("web01.path.quiet.txt", &out);
	sample_paths_clear(&listing);
}

/* Whatever bytes a name holds, JSON stays valid UTF-8 and parses, and no terminal is told anything. */
static void assert_clean_json(const struct vmp_buf *out)
{
	struct json_tokener *tokener = json_tokener_new_ex(32);
	struct json_object *doc;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	doc = json_tokener_parse_ex(tokener, out->s, (int)out->len);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	assert_non_null(doc);
	json_object_put(doc);
	json_tokener_free(tokener);
	for (const char *p = out->s; *p;) {
		uint32_t code = 0;
		size_t len = vmp_utf8_decode(p, &code);

		assert_true(len > 0);
		assert_true(code == '\n' || !vmp_utf8_is_unsafe(code));
		p += len;
	}
}

static void assert_clean_text(const struct vmp_buf *out, bool utf8)
{
	for (const char *p = out->s; *p;) {
		uint32_t code = 0;
		size_t len = vmp_utf8_decode(p, &code);

		assert_true(len > 0);
		assert_true(code == '\n' || !vmp_utf8_is_unsafe(code));
		assert_true(utf8 || code < 0x80);
		p += len;
	}
}

/* Every pair of bytes, among them the starts of all escape sequences and of all broken UTF-8. */
static void every_byte(void **state)
{
	static const char seconds[] = "[\x80\xbf\xff";
	struct vmp_report_style utf8 = {.utf8 = true, .width = 60};
	struct vmp_buf out = {0};

	(void)state;
	for (int first = 1; first < 256; first++) {
		for (size_t i = 0; i < sizeof(seconds); i++) {
			char name[4] = {(char)first, seconds[i], '\0', '\0'};
			struct vmp_run run;

			sample_bare(&run);
			run.guest.name = vmp_str_printf("%s", name);
			vmp_run_note(&run, "%s", name);
			assert_int_equal(vmp_format_find("json")->trace(&run, &plain, &out), 0);
			assert_clean_json(&out);
			vmp_buf_clear(&out);
			assert_int_equal(vmp_format_find("text")->trace(&run, &plain, &out), 0);
			assert_clean_text(&out, false);
			vmp_buf_clear(&out);
			assert_int_equal(vmp_format_find("text")->trace(&run, &utf8, &out), 0);
			assert_clean_text(&out, true);
			vmp_buf_clear(&out);
			vmp_run_clear(&run);
		}
	}
}

/* Each line of a text starts as the report makes it: no name can begin a line of its own. */
static void no_forged_lines(void **state)
{
	struct vmp_buf out = {0};
	struct vmp_run run;

	(void)state;
	sample_hostile(&run);
	assert_int_equal(vmp_format_find("text")->trace(&run, &plain, &out), 0);
	assert_null(strstr(out.s, "\nOK  fake"));
	assert_clean_text(&out, false);
	vmp_buf_clear(&out);
	assert_int_equal(vmp_format_find("json")->trace(&run, &plain, &out), 0);
	assert_clean_json(&out);
	vmp_buf_clear(&out);
	vmp_run_clear(&run);
}

/* Words wrap left of the terminal's edge unless one alone is longer; commands are never broken. */
static void wrapping(void **state)
{
	struct vmp_report_style narrow = {.width = 60};
	struct vmp_buf out = {0};
	struct vmp_run run;

	(void)state;
	sample_silent(&run);
	vmp_finding_remedy(&run.findings.v[0], "a command that is much longer than any line of sixty columns could ever be");
	assert_int_equal(vmp_format_find("text")->trace(&run, &narrow, &out), 0);
	assert_non_null(strstr(out.s, "look: a command that is much longer than any line of sixty columns could ever be\n"));
	for (const char *line = out.s; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 60 || strstr(line, "look:") != NULL);
	vmp_buf_clear(&out);
	vmp_run_clear(&run);
}

static void formats(void **state)
{
	(void)state;
	assert_non_null(vmp_format_find("text"));
	assert_non_null(vmp_format_find("json"));
	assert_null(vmp_format_find("xml"));
	assert_null(vmp_format_find(""));
}

static void doctor(void **state)
{
	static struct vmp_checkup checkup = {
		.host = "hv17", .kernel = "6.1.0", .missing = 2, .can_trace = true,
		.probes = {[VMP_SIGHT_LIBVIRT] = {VMP_NO, "refused \033[2J"}, [VMP_SIGHT_BTF] = {VMP_YES, ""},
			   [VMP_SIGHT_DROP_MONITOR] = {VMP_NO, "not loaded"}}};
	struct vmp_buf out = {0};

	(void)state;
	for (int i = 0; i < VMP_SIGHTS; i++)
		checkup.abilities[i] = (struct vmp_ability){.sight = VMP_SIGHT_BTF, .name = "btf", .title = "types", .state = VMP_ABILITY_THERE,
							    .detail = checkup.probes[VMP_SIGHT_BTF].detail};
	checkup.abilities[0] = (struct vmp_ability){.sight = VMP_SIGHT_LIBVIRT, .name = "libvirt", .title = "it answers",
						    .state = VMP_ABILITY_MISSING, .detail = checkup.probes[VMP_SIGHT_LIBVIRT].detail,
						    .cost = "names", .remedy = "start it"};
	checkup.abilities[1] = (struct vmp_ability){.sight = VMP_SIGHT_KERNEL, .name = "kernel", .title = "reasons", .state = VMP_ABILITY_UNSURE,
						    .detail = "", .cost = "reasons", .remedy = "a newer one"};
	checkup.abilities[2] = (struct vmp_ability){.sight = VMP_SIGHT_DROP_MONITOR, .name = "drop-monitor", .title = "a spare",
						    .state = VMP_ABILITY_NOTE, .detail = checkup.probes[VMP_SIGHT_DROP_MONITOR].detail};
	assert_int_equal(vmp_format_find("text")->doctor(&checkup, &plain, &out), 0);
	compare("doctor.txt", &out);
	assert_int_equal(vmp_format_find("text")->doctor(&checkup, &fancy, &out), 0);
	compare("doctor.colour.txt", &out);
	assert_int_equal(vmp_format_find("json")->doctor(&checkup, &plain, &out), 0);
	compare("hv17.doctor.json", &out);
	checkup.can_trace = false;
	checkup.abilities[0].vital = true;
	assert_int_equal(vmp_format_find("text")->doctor(&checkup, &quiet, &out), 0);
	compare("doctor.quiet.txt", &out);
	checkup.can_trace = true;
	checkup.missing = 0;
	assert_int_equal(vmp_format_find("text")->doctor(&checkup, &quiet, &out), 0);
	compare("doctor.all.txt", &out);
}

static void explain(void **state)
{
	static const struct vmp_code made_up = {
		.code = "made-up", .kinds = VMP_CODE_VERDICT | VMP_CODE_CAUSE, .title = "nobody has it",
		.means = "It means nothing. Not \"much\", at least.",
		.present = "A test.", .absent = "A fault.", .next = "Nothing.", .is_not = "Not real.", .words = "first words; second: words"};
	static const struct vmp_code plain_one = {
		.code = "one", .kinds = VMP_CODE_PATH, .title = "the other", .means = "M.", .present = "P.", .absent = "A.", .next = "N.",
		.is_not = "I."};
	const struct vmp_code *codes[] = {&made_up, &plain_one};
	const struct vmp_explanation all = {.codes = codes, .n = 2}, one = {.codes = codes, .n = 1, .whole = true};
	struct vmp_buf out = {0};

	(void)state;
	assert_int_equal(vmp_format_find("text")->explain(&all, &plain, &out), 0);
	compare("explain.txt", &out);
	assert_int_equal(vmp_format_find("text")->explain(&all, &quiet, &out), 0);
	compare("explain.quiet.txt", &out);
	assert_int_equal(vmp_format_find("text")->explain(&one, &plain, &out), 0);
	compare("explain.one.txt", &out);
	assert_int_equal(vmp_format_find("text")->explain(&one, &fancy, &out), 0);
	compare("explain.one.colour.txt", &out);
	assert_int_equal(vmp_format_find("json")->explain(&all, &plain, &out), 0);
	compare("codes.explain.json", &out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(trace_loss),
		cmocka_unit_test(explain),
		cmocka_unit_test(doctor),    cmocka_unit_test(trace_healthy), cmocka_unit_test(trace_slow),    cmocka_unit_test(trace_silent),
		cmocka_unit_test(trace_tangled), cmocka_unit_test(trace_bare),    cmocka_unit_test(trace_hostile),
		cmocka_unit_test(list_guests),   cmocka_unit_test(list_nothing),  cmocka_unit_test(path_of_guest),
		cmocka_unit_test(every_byte),    cmocka_unit_test(no_forged_lines), cmocka_unit_test(wrapping),
		cmocka_unit_test(formats),
	};

	/* Widths of characters are the locale's; the golden files were made in this one. */
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
