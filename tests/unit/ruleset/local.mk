# One line per test program; see tests/unit/local.mk for what it is linked with.
check_PROGRAMS += tests/unit/ruleset/test_ruleset
TESTS += tests/unit/ruleset/test_ruleset
tests_unit_ruleset_test_ruleset_SOURCES = %D%/test_ruleset.c %D%/world.c %D%/world.h
tests_unit_ruleset_test_ruleset_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_ruleset_test_ruleset_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ruleset_test_ruleset_LDADD = $(WHOLE) libvmp_ruleset.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS) $(JSONC_LIBS) \
  $(LIBNFTABLES_LIBS)
