/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The edge to the kernel: what it can be asked, and what is said when it cannot. What it tells is the lab's to check. */
#include "cause/cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void none(void *context, const struct vmp_drop *drop)
{
	(void)context;
	(void)drop;
}

static void begins_and_ends(void **state)
{
	struct vmp_mac macs[9] = {{{0x02, 0, 0, 0, 0, 1}}};
	struct vmp_ip ips[99] = {{4, {192, 0, 2, 10}}};
	struct vmp_drop_conf conf = {macs, 9, ips, 99};
	struct vmp_drop_watch *watch = NULL;
	struct vmp_err err = {0};
	int code = vmp_drop_watch_begin(&conf, &watch, &err);

	(void)state;
	if (code == 0) {
		assert_string_equal(vmp_drop_watch_source(watch), "bpf");
		assert_true(vmp_drop_watch_read(watch, none, NULL) >= 0);
		assert_int_equal(vmp_drop_watch_missed(watch), 0);
		vmp_drop_watch_end(watch);
		assert_int_equal(vmp_drop_watch_probe(&err), 0);
	} else {
		/* refused, or built without: a sentence says so */
		print_message("# %s\n", err.message);
		assert_int_equal(err.code, -code);
		assert_true(strlen(err.message) > 20);
		assert_null(watch);
		assert_int_equal(vmp_drop_watch_probe(&err), code);
	}
	vmp_drop_watch_end(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_and_ends),
	};

	return cmocka_run_group_tests_name("drop watch", tests, NULL, NULL);
}
