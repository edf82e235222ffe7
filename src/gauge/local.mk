noinst_LIBRARIES += libvmp_gauge.a
libvmp_gauge_a_CFLAGS = $(AM_CFLAGS)
libvmp_gauge_a_SOURCES = \
  %D%/backend.c %D%/devices.c %D%/gauge.h
