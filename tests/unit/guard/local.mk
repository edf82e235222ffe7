# One line per test program; see tests/unit/local.mk for what it is linked with.
GUARD_TEST_LDADD = $(WHOLE) libvmp_guard.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS) $(LIBCAPNG_LIBS) \
  $(LIBSECCOMP_LIBS)
check_PROGRAMS += tests/unit/guard/test_drop tests/unit/guard/test_keeper tests/unit/guard/test_warden
TESTS += tests/unit/guard/test_drop tests/unit/guard/test_keeper tests/unit/guard/test_warden
tests_unit_guard_test_drop_SOURCES = %D%/test_drop.c %D%/child.c %D%/child.h
tests_unit_guard_test_drop_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_guard_test_drop_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_guard_test_drop_LDADD = $(GUARD_TEST_LDADD)
tests_unit_guard_test_keeper_SOURCES = %D%/test_keeper.c %D%/child.c %D%/child.h
tests_unit_guard_test_keeper_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_guard_test_keeper_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_guard_test_keeper_LDADD = $(GUARD_TEST_LDADD)
tests_unit_guard_test_warden_SOURCES = %D%/test_warden.c %D%/child.c %D%/child.h
tests_unit_guard_test_warden_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_guard_test_warden_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_guard_test_warden_LDADD = $(GUARD_TEST_LDADD)
