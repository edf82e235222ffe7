# Programs that measure. Not built and not run by make check: a number from a busy machine fails nobody.
EXTRA_PROGRAMS = tests/bench/bench_match tests/bench/bench_packet
CLEANFILES += $(EXTRA_PROGRAMS)
tests_bench_bench_match_SOURCES = %D%/bench_match.c %D%/traffic.c %D%/traffic.h
tests_bench_bench_match_LDADD = libvmp_packet.a libvmp_match.a libvmp_model.a libvmp_base.a
tests_bench_bench_packet_SOURCES = %D%/bench_packet.c
tests_bench_bench_packet_LDADD = libvmp_packet.a libvmp_model.a libvmp_base.a
