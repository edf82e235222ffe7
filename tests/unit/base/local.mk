# One line per test program; see tests/unit/local.mk for what it is linked with.
base_tests = tests/unit/base/test_addr tests/unit/base/test_base tests/unit/base/test_str
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
base_test_libs = $(WHOLE) libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
base_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_addr_SOURCES = %D%/test_addr.c
tests_unit_base_test_addr_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_addr_CFLAGS = $(base_test_cflags)
tests_unit_base_test_addr_LDADD = $(base_test_libs)
tests_unit_base_test_base_SOURCES = %D%/test_base.c
tests_unit_base_test_base_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_base_CFLAGS = $(base_test_cflags)
tests_unit_base_test_base_LDADD = $(base_test_libs)
tests_unit_base_test_str_SOURCES = %D%/test_str.c
tests_unit_base_test_str_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_str_CFLAGS = $(base_test_cflags)
tests_unit_base_test_str_LDADD = $(base_test_libs)
