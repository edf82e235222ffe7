noinst_LIBRARIES += libvmp_guard.a
libvmp_guard_a_CFLAGS = $(AM_CFLAGS) $(LIBCAPNG_CFLAGS) $(LIBSECCOMP_CFLAGS)
libvmp_guard_a_SOURCES =
