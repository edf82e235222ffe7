noinst_LIBRARIES += libvmp_base.a
libvmp_base_a_CFLAGS = $(AM_CFLAGS)
libvmp_base_a_SOURCES = \
  %D%/addr.c %D%/addr.h \
  %D%/clock.c %D%/clock.h \
  %D%/cursor.h \
  %D%/err.c %D%/err.h \
  %D%/hash.c %D%/hash.h \
  %D%/log.c %D%/log.h \
  %D%/stopwatch.c %D%/stopwatch.h \
  %D%/str.c %D%/str.h \
  %D%/vec.c %D%/vec.h %D%/zero.h
