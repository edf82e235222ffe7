noinst_LIBRARIES += libvmp_evidence.a
libvmp_evidence_a_CFLAGS = $(AM_CFLAGS) $(LIBGCRYPT_CFLAGS) $(JSONC_CFLAGS)
libvmp_evidence_a_SOURCES = \
  %D%/bundle.c %D%/evidence.h \
  %D%/index.c %D%/index.h \
  %D%/name.c \
  %D%/pcapng.c %D%/pcapng.h \
  %D%/record.c %D%/record.h \
  %D%/reread.c %D%/reread.h \
  %D%/run_file.c %D%/run_file.h \
  %D%/sink.c %D%/sink.h \
  %D%/space.c
