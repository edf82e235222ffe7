# One line per test program; see tests/unit/local.mk for what it is linked with.
check_PROGRAMS += tests/unit/finding/test_rules_path tests/unit/finding/test_rules tests/unit/finding/test_judge
TESTS += tests/unit/finding/test_rules_path tests/unit/finding/test_rules tests/unit/finding/test_judge %D%/test_codes.sh
dist_check_SCRIPTS += %D%/test_codes.sh
tests_unit_finding_test_rules_path_SOURCES = %D%/test_rules_path.c
tests_unit_finding_test_rules_path_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_finding_test_rules_path_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_finding_test_rules_path_LDADD = $(WHOLE) libvmp_finding.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
tests_unit_finding_test_judge_SOURCES = %D%/test_judge.c
tests_unit_finding_test_judge_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_finding_test_judge_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_finding_test_judge_LDADD = $(WHOLE) libvmp_finding.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
tests_unit_finding_test_rules_SOURCES = %D%/test_rules.c
tests_unit_finding_test_rules_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_finding_test_rules_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_finding_test_rules_LDADD = $(WHOLE) libvmp_finding.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
