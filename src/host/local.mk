noinst_LIBRARIES += libvmp_host.a
libvmp_host_a_CFLAGS = $(AM_CFLAGS) $(LIBNL_CFLAGS)
libvmp_host_a_SOURCES =
