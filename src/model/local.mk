noinst_LIBRARIES += libvmp_model.a
libvmp_model_a_CFLAGS = $(AM_CFLAGS)
libvmp_model_a_SOURCES = \
  %D%/code.c %D%/code.h \
  %D%/direction.h \
  %D%/doctor.c %D%/doctor.h \
  %D%/drop.c %D%/drop.h \
  %D%/exchange.h \
  %D%/fate.c %D%/fate.h \
  %D%/filter.c %D%/filter.h \
  %D%/finding.c %D%/finding.h \
  %D%/fingerprint.h \
  %D%/frame.h \
  %D%/gauge.c %D%/gauge.h \
  %D%/guest.c %D%/guest.h \
  %D%/host.c %D%/host.h \
  %D%/inside.c %D%/inside.h \
  %D%/names.c \
  %D%/packet.h \
  %D%/path.c %D%/path.h \
  %D%/point.c %D%/point.h \
  %D%/reading.c %D%/reading.h \
  %D%/run.c %D%/run.h \
  %D%/sign.h
