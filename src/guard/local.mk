noinst_LIBRARIES += libvmp_guard.a
libvmp_guard_a_CFLAGS = $(AM_CFLAGS) $(LIBCAPNG_CFLAGS) $(LIBSECCOMP_CFLAGS)
libvmp_guard_a_SOURCES = \
  %D%/drop.c %D%/guard.h \
  %D%/filter.c %D%/filter.h \
  %D%/folder.c %D%/folder.h \
  %D%/child.c %D%/child.h \
  %D%/keeper.c \
  %D%/probe.c \
  %D%/warden.c
