noinst_LIBRARIES += libvmp_capture.a
libvmp_capture_a_CFLAGS = $(AM_CFLAGS) $(LIBPCAP_CFLAGS)
libvmp_capture_a_SOURCES =
