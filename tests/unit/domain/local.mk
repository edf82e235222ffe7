# One line per test program; see tests/unit/local.mk for what it is linked with.
domain_tests = tests/unit/domain/test_domain_libvirt tests/unit/domain/test_domain_select tests/unit/domain/test_domain_xml \
  tests/unit/domain/test_process tests/unit/domain/test_reply
check_PROGRAMS += $(domain_tests)
TESTS += $(domain_tests)
domain_test_libs = $(WHOLE) libvmp_domain.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS) $(LIBVIRT_LIBS) $(LIBXML_LIBS) $(JSONC_LIBS)
tests_unit_domain_test_domain_libvirt_SOURCES = %D%/test_domain_libvirt.c
tests_unit_domain_test_domain_libvirt_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_domain_test_domain_libvirt_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_domain_test_domain_libvirt_LDADD = $(domain_test_libs)
tests_unit_domain_test_domain_select_SOURCES = %D%/test_domain_select.c
tests_unit_domain_test_domain_select_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_domain_test_domain_select_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_domain_test_domain_select_LDADD = $(domain_test_libs)
tests_unit_domain_test_domain_xml_SOURCES = %D%/test_domain_xml.c
tests_unit_domain_test_domain_xml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_domain_test_domain_xml_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_domain_test_domain_xml_LDADD = $(domain_test_libs)
tests_unit_domain_test_process_SOURCES = %D%/test_process.c
tests_unit_domain_test_process_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_domain_test_process_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_domain_test_process_LDADD = $(domain_test_libs)
tests_unit_domain_test_reply_SOURCES = %D%/test_reply.c
tests_unit_domain_test_reply_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_domain_test_reply_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_domain_test_reply_LDADD = $(domain_test_libs)
