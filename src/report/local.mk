noinst_LIBRARIES += libvmp_report.a
libvmp_report_a_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
libvmp_report_a_SOURCES =
