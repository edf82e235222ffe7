noinst_LIBRARIES += libvmp_match.a
libvmp_match_a_CFLAGS = $(AM_CFLAGS)
libvmp_match_a_SOURCES =
