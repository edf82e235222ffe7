/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found on a host, judged: what costs answers, and what only looks like it. */
#include "finding/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_checkup checkup;

static int begin(void **state)
{
	(void)state;
	memset(&checkup, 0, sizeof(checkup));
	for (int i = 0; i < VMP_SIGHTS; i++)
		vmp_probe_set(&checkup.probes[i], VMP_YES, "found %d", i);
	return 0;
}

static const struct vmp_ability *ability(enum vmp_sight sight)
{
	for (int i = 0; i < VMP_SIGHTS; i++)
		if (checkup.abilities[i].sight == sight && checkup.abilities[i].name)
			return &checkup.abilities[i];
	fail_msg("sight %d is not judged", (int)sight);
	return NULL;
}

static void all_there(void **state)
{
	(void)state;
	vmp_doctor_judge(&checkup);
	assert_int_equal(checkup.missing, 0);
	assert_true(checkup.can_trace);
	assert_int_equal(vmp_doctor_exit_status(&checkup), 0);
	for (int i = 0; i < VMP_SIGHTS; i++) {
		const struct vmp_ability *each = ability((enum vmp_sight)i);

		assert_non_null(each->title);
		assert_string_equal(each->detail, checkup.probes[i].detail);
		assert_null(each->cost);
		assert_null(each->remedy);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(each->name, ability((enum vmp_sight)j)->name);
	}
}

static void no_capture_no_trace(void **state)
{
	(void)state;
	checkup.probes[VMP_SIGHT_PACKET_SOCKETS].there = VMP_NO;
	checkup.probes[VMP_SIGHT_BTF].there = VMP_NO;
	vmp_doctor_judge(&checkup);
	assert_false(checkup.can_trace);
	assert_int_equal(checkup.missing, 2);
	assert_int_equal(vmp_doctor_exit_status(&checkup), 3);
	assert_int_equal(checkup.abilities[0].sight, VMP_SIGHT_PACKET_SOCKETS);
	assert_true(checkup.abilities[0].vital);
	assert_int_equal(checkup.abilities[1].sight, VMP_SIGHT_BTF);
	assert_non_null(checkup.abilities[1].cost);
	assert_non_null(checkup.abilities[1].remedy);
}

static void less_answers(void **state)
{
	(void)state;
	checkup.probes[VMP_SIGHT_LIBVIRT].there = VMP_NO;
	vmp_doctor_judge(&checkup);
	assert_true(checkup.can_trace);
	assert_int_equal(vmp_doctor_exit_status(&checkup), 1);
	assert_int_equal(ability(VMP_SIGHT_LIBVIRT)->state, VMP_ABILITY_MISSING);
}

/* Could not look is neither there nor missing, and not health. */
static void unsure(void **state)
{
	(void)state;
	checkup.probes[VMP_SIGHT_BTF].there = VMP_UNKNOWN;
	checkup.probes[VMP_SIGHT_PACKET_SOCKETS].there = VMP_UNKNOWN;
	vmp_doctor_judge(&checkup);
	assert_int_equal(ability(VMP_SIGHT_BTF)->state, VMP_ABILITY_UNSURE);
	assert_true(checkup.can_trace);
	assert_int_equal(checkup.missing, 2);
	assert_int_equal(vmp_doctor_exit_status(&checkup), 1);
}

static void spares_count_only_where_needed(void **state)
{
	(void)state;
	checkup.probes[VMP_SIGHT_TRACEPOINT].there = VMP_NO;
	checkup.probes[VMP_SIGHT_DROP_MONITOR].there = VMP_UNKNOWN;
	vmp_doctor_judge(&checkup);
	assert_int_equal(vmp_doctor_exit_status(&checkup), 0);
	assert_int_equal(ability(VMP_SIGHT_TRACEPOINT)->state, VMP_ABILITY_NOTE);
	checkup.probes[VMP_SIGHT_BPF].there = VMP_NO;
	vmp_doctor_judge(&checkup);
	assert_int_equal(checkup.missing, 3);
	assert_int_equal(ability(VMP_SIGHT_TRACEPOINT)->state, VMP_ABILITY_MISSING);
	assert_int_equal(ability(VMP_SIGHT_DROP_MONITOR)->state, VMP_ABILITY_UNSURE);
}

static void notes_cost_nothing(void **state)
{
	(void)state;
	checkup.probes[VMP_SIGHT_BRIDGE_NETFILTER].there = VMP_NO;
	checkup.probes[VMP_SIGHT_CONFIG].there = VMP_UNKNOWN;
	vmp_doctor_judge(&checkup);
	assert_int_equal(vmp_doctor_exit_status(&checkup), 0);
	assert_int_equal(ability(VMP_SIGHT_CONFIG)->state, VMP_ABILITY_NOTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_there, begin),
		cmocka_unit_test_setup(no_capture_no_trace, begin),
		cmocka_unit_test_setup(less_answers, begin),
		cmocka_unit_test_setup(unsure, begin),
		cmocka_unit_test_setup(spares_count_only_where_needed, begin),
		cmocka_unit_test_setup(notes_cost_nothing, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
