# One line per test program; see tests/unit/local.mk for what it is linked with.
model_tests = tests/unit/model/test_host_addresses
check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)
model_test_libs = $(WHOLE) libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
tests_unit_model_test_host_addresses_SOURCES = %D%/test_host_addresses.c
tests_unit_model_test_host_addresses_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_model_test_host_addresses_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_model_test_host_addresses_LDADD = $(model_test_libs)
