# One line per test program; see tests/unit/local.mk for what it is linked with.
CAPTURE_TEST_LDADD = $(WHOLE) libvmp_capture.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS) $(LIBPCAP_LIBS) $(ZLIB_LIBS)
check_PROGRAMS += tests/unit/capture/test_capture tests/unit/capture/test_counter
TESTS += tests/unit/capture/test_capture tests/unit/capture/test_counter
tests_unit_capture_test_capture_SOURCES = %D%/test_capture.c %D%/net.c %D%/net.h
tests_unit_capture_test_capture_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_capture_test_capture_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(LIBPCAP_CFLAGS)
tests_unit_capture_test_capture_LDADD = $(CAPTURE_TEST_LDADD)
tests_unit_capture_test_counter_SOURCES = %D%/test_counter.c %D%/net.c %D%/net.h
tests_unit_capture_test_counter_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_capture_test_counter_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_capture_test_counter_LDADD = $(CAPTURE_TEST_LDADD)
