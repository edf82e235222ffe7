# One line per test program; see tests/unit/local.mk for what it is linked with.
check_PROGRAMS += tests/unit/model/test_model
TESTS += tests/unit/model/test_model
tests_unit_model_test_model_SOURCES = %D%/test_model.c
tests_unit_model_test_model_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_model_test_model_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_model_test_model_LDADD = $(WHOLE) libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
