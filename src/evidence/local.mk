noinst_LIBRARIES += libvmp_evidence.a
libvmp_evidence_a_CFLAGS = $(AM_CFLAGS) $(LIBGCRYPT_CFLAGS)
libvmp_evidence_a_SOURCES =
