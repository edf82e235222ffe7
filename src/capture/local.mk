noinst_LIBRARIES += libvmp_capture.a
libvmp_capture_a_CFLAGS = $(AM_CFLAGS) $(LIBPCAP_CFLAGS) $(ZLIB_CFLAGS)
libvmp_capture_a_SOURCES = \
  %D%/capture.c %D%/capture.h \
  %D%/counter.c %D%/counter.h \
  %D%/handle.c %D%/handle.h \
  %D%/inner.c %D%/inner.h \
  %D%/pcapng_read.c \
  %D%/probe.c \
  %D%/savefile.c %D%/savefile.h %D%/savefile_internal.h \
  %D%/tracefile.c %D%/tracefile.h
