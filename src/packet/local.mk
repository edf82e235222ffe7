noinst_LIBRARIES += libvmp_packet.a
libvmp_packet_a_CFLAGS = $(AM_CFLAGS)
libvmp_packet_a_SOURCES =
