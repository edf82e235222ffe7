noinst_LIBRARIES += libvmp_evidence.a
libvmp_evidence_a_CFLAGS = $(AM_CFLAGS) $(LIBGCRYPT_CFLAGS)
libvmp_evidence_a_SOURCES = \
  %D%/bundle.c %D%/evidence.h \
  %D%/name.c \
  %D%/pcapng.c %D%/pcapng.h \
  %D%/sink.c %D%/sink.h \
  %D%/space.c
