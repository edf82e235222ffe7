noinst_LIBRARIES += libvmp_domain.a
libvmp_domain_a_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS) $(LIBXML_CFLAGS)
libvmp_domain_a_SOURCES =
