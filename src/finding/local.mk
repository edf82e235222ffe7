noinst_LIBRARIES += libvmp_finding.a
libvmp_finding_a_CFLAGS = $(AM_CFLAGS)
libvmp_finding_a_SOURCES =
