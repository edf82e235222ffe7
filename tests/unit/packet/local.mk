# One line per test program; see tests/unit/local.mk for what it is linked with.
packet_tests = tests/unit/packet/test_decode tests/unit/packet/test_fingerprint tests/unit/packet/test_tunnel
check_PROGRAMS += $(packet_tests)
TESTS += $(packet_tests)
packet_test_libs = $(WHOLE) libvmp_packet.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
tests_unit_packet_test_decode_SOURCES = %D%/test_decode.c %D%/frames.c %D%/frames.h
tests_unit_packet_test_decode_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_packet_test_decode_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_packet_test_decode_LDADD = $(packet_test_libs)
tests_unit_packet_test_fingerprint_SOURCES = %D%/test_fingerprint.c %D%/frames.c %D%/frames.h
tests_unit_packet_test_fingerprint_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_packet_test_fingerprint_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_packet_test_fingerprint_LDADD = $(packet_test_libs)
tests_unit_packet_test_tunnel_SOURCES = %D%/test_tunnel.c %D%/frames.c %D%/frames.h
tests_unit_packet_test_tunnel_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_packet_test_tunnel_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_packet_test_tunnel_LDADD = $(packet_test_libs)
