# One line per test program; see tests/unit/local.mk for what it is linked with.
evidence_test_libs = $(WHOLE) libvmp_evidence.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(LIBGCRYPT_LIBS) $(JSONC_LIBS)
check_PROGRAMS += tests/unit/evidence/test_evidence tests/unit/evidence/test_writer
check_PROGRAMS += tests/unit/evidence/test_run_file
TESTS += tests/unit/evidence/test_evidence tests/unit/evidence/test_run_file %D%/test_tools.sh
dist_check_SCRIPTS += %D%/test_tools.sh
tests_unit_evidence_test_evidence_SOURCES = %D%/test_evidence.c %D%/sample.c %D%/sample.h
tests_unit_evidence_test_evidence_CPPFLAGS = $(UNIT_CPPFLAGS) -DTEST_GOLDEN='"$(abs_top_srcdir)/tests/golden/evidence"'
tests_unit_evidence_test_evidence_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_evidence_test_evidence_LDADD = $(evidence_test_libs) $(UNIT_LIBS)
tests_unit_evidence_test_writer_SOURCES = %D%/test_writer.c %D%/sample.c %D%/sample.h
tests_unit_evidence_test_writer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_evidence_test_writer_CFLAGS = $(AM_CFLAGS)
tests_unit_evidence_test_writer_LDADD = $(evidence_test_libs)
tests_unit_evidence_test_run_file_SOURCES = %D%/test_run_file.c
tests_unit_evidence_test_run_file_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_evidence_test_run_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_evidence_test_run_file_LDADD = $(evidence_test_libs) $(UNIT_LIBS)
