/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cause/symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static struct vmp_symbols *read_text(const char *text)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct vmp_symbols *symbols;

	assert_non_null(file);
	symbols = vmp_symbols_read(file);
	fclose(file);
	assert_non_null(symbols);
	return symbols;
}

static void names(void **state)
{
	struct vmp_symbols *symbols = read_text("ffffffff81000300 T third\n"
						"ffffffff81000100 t first.constprop.0\n"
						"ffffffff81000200 D some_data\n"
						"ffffffffc0000000 t nft_do_chain\t[nf_tables]\n"
						"no line of such a table\n"
						"ffffffff81000200 t second.isra.0.cold\n");

	(void)state;
	assert_null(vmp_symbols_name(symbols, 0));
	assert_null(vmp_symbols_name(symbols, 0xffffffff810000ff));
	assert_string_equal(vmp_symbols_name(symbols, 0xffffffff81000100), "first");
	assert_string_equal(vmp_symbols_name(symbols, 0xffffffff810001ff), "first");
	assert_string_equal(vmp_symbols_name(symbols, 0xffffffff81000200), "second");
	assert_string_equal(vmp_symbols_name(symbols, 0xffffffff81000fff), "third");
	assert_string_equal(vmp_symbols_name(symbols, 0xffffffffc0000001), "nft_do_chain");
	vmp_symbols_free(symbols);
}

/* To who may not see them the addresses are 0. */
static void hidden(void **state)
{
	struct vmp_symbols *symbols = read_text("0000000000000000 T one\n0000000000000000 T two\n");

	(void)state;
	assert_null(vmp_symbols_name(symbols, 0xffffffff81000100));
	vmp_symbols_free(symbols);
	vmp_symbols_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(hidden),
	};

	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
