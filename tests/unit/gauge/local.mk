# One line per test program; see tests/unit/local.mk for what it is linked with.
GAUGE_TEST_LDADD = $(WHOLE) libvmp_gauge.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
check_PROGRAMS += tests/unit/gauge/test_backend tests/unit/gauge/test_devices tests/unit/gauge/test_sources
TESTS += tests/unit/gauge/test_backend tests/unit/gauge/test_devices tests/unit/gauge/test_sources
tests_unit_gauge_test_backend_SOURCES = %D%/test_backend.c
tests_unit_gauge_test_backend_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_gauge_test_backend_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_gauge_test_backend_LDADD = $(GAUGE_TEST_LDADD)
tests_unit_gauge_test_devices_SOURCES = %D%/test_devices.c
tests_unit_gauge_test_devices_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_gauge_test_devices_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_gauge_test_devices_LDADD = $(GAUGE_TEST_LDADD)
tests_unit_gauge_test_sources_SOURCES = %D%/test_sources.c
tests_unit_gauge_test_sources_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_gauge_test_sources_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_gauge_test_sources_LDADD = $(GAUGE_TEST_LDADD)
