# One line per test program; see tests/unit/local.mk for what it is linked with.
check_PROGRAMS += tests/unit/report/test_report
TESTS += tests/unit/report/test_report
tests_unit_report_test_report_SOURCES = %D%/test_report.c %D%/samples.c %D%/samples.h
tests_unit_report_test_report_CPPFLAGS = $(UNIT_CPPFLAGS) -DTEST_GOLDEN='"$(abs_top_srcdir)/tests/golden/report"'
tests_unit_report_test_report_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JSONC_CFLAGS)
tests_unit_report_test_report_LDADD = \
  $(WHOLE) libvmp_report.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS) $(JSONC_LIBS)
TESTS += %D%/test_schema.sh
dist_check_SCRIPTS += %D%/test_schema.sh
EXTRA_DIST += %D%/schema.py
