/* SPDX-License-Identifier: GPL-2.0-or-later */
/* many.chains: what the kernel (6.18) says of the chains of tests/data/ruleset/many.json. */
#include "host/host.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char bytes[65536];

static size_t read_recorded(void)
{
	FILE *f = fopen(TEST_DATA "/ruleset/many.chains", "re");
	size_t len;

	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_true(len > 100 && len < sizeof(bytes));
	return len;
}

static const struct vmp_base_chain *find(const vmp_base_chains *bases, enum vmp_filter_family family, const char *table, const char *chain)
{
	vmp_vec_foreach (base, bases)
		if (base->family == family && strcmp(base->table, table) == 0 && strcmp(base->chain, chain) == 0)
			return base;
	return NULL;
}

static void recorded(void **state)
{
	size_t len = read_recorded();
	const struct vmp_base_chain *base;
	vmp_base_chains bases = {0};
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_host_parse_chains(bytes, len, &bases, &err), 0);
	base = find(&bases, VMP_FILTER_IP, "filter", "FORWARD");
	assert_non_null(base);
	assert_true(base->counted);
	base = find(&bases, VMP_FILTER_INET, "fw", "way");
	assert_non_null(base);
	assert_false(base->counted);
	base = find(&bases, VMP_FILTER_NETDEV, "up", "in");
	assert_non_null(base);
	assert_int_equal(base->n_devices, 1);
	assert_string_equal(base->devices[0], "eth0");
	assert_null(find(&bases, VMP_FILTER_IP, "filter", "DOCKER-USER")); /* no base chain */
	assert_non_null(find(&bases, VMP_FILTER_BRIDGE, "nat", "PREROUTING"));
	vmp_vec_free(&bases);
}

/* Cut anywhere, and with any byte changed: some chains or an error. */
static void damaged(void **state)
{
	size_t len = read_recorded();

	(void)state;
	for (size_t i = 0; i < len; i++) {
		vmp_base_chains bases = {0};
		char *copy = malloc(len), was = bytes[i];
		int code;

		assert_non_null(copy);
		memcpy(copy, bytes, i);
		code = vmp_host_parse_chains(copy, i, &bases, NULL);
		assert_true(code == 0 || code == -EBADMSG);
		memcpy(copy, bytes, len);
		copy[i] = (char)(was ^ (1 << i % 8));
		code = vmp_host_parse_chains(copy, len, &bases, NULL);
		assert_true(code == 0 || code == -EBADMSG);
		vmp_vec_foreach (base, &bases)
			assert_true(base->n_devices <= VMP_CHAIN_DEVICES);
		vmp_vec_free(&bases);
		free(copy);
	}
}

/* Of the kernel that this runs on: an answer that can be read, or that it is not told. */
static void live(void **state)
{
	vmp_base_chains bases = {0};
	struct vmp_buf out = {0};
	struct vmp_err err = {0};
	int code = vmp_host_list_chains(NULL, &out, &err);

	(void)state;
	if (code < 0)
		print_message("# skipped: %s\n", err.message);
	else
		assert_int_equal(vmp_host_parse_chains(out.s, out.len, &bases, &err), 0);
	assert_true(code == 0 || geteuid() != 0);
	vmp_vec_free(&bases);
	vmp_buf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(damaged),
		cmocka_unit_test(live),
	};

	return cmocka_run_group_tests_name("chains", tests, NULL, NULL);
}
