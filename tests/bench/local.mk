# Programs that measure. Not built and not run by make check: a number from a busy machine fails nobody. `make bench-tools` makes them.
EXTRA_PROGRAMS = tests/bench/bench_match tests/bench/bench_packet tests/bench/bench_pcap tests/bench/bench_send
CLEANFILES += $(EXTRA_PROGRAMS)
bench-tools: $(EXTRA_PROGRAMS)
.PHONY: bench-tools
tests_bench_bench_match_SOURCES = %D%/bench_match.c %D%/traffic.c %D%/traffic.h
tests_bench_bench_match_CFLAGS = $(AM_CFLAGS) $(LIBPCAP_CFLAGS)
tests_bench_bench_match_LDFLAGS = $(VMP_LDFLAGS)
tests_bench_bench_match_LDADD = libvmp_packet.a libvmp_match.a libvmp_model.a libvmp_base.a $(LIBPCAP_LIBS)
tests_bench_bench_packet_SOURCES = %D%/bench_packet.c
tests_bench_bench_packet_LDFLAGS = $(VMP_LDFLAGS)
tests_bench_bench_packet_LDADD = libvmp_packet.a libvmp_model.a libvmp_base.a
tests_bench_bench_pcap_SOURCES = %D%/bench_pcap.c %D%/traffic.c %D%/traffic.h
tests_bench_bench_pcap_CFLAGS = $(AM_CFLAGS) $(LIBPCAP_CFLAGS)
tests_bench_bench_pcap_LDADD = $(LIBPCAP_LIBS)
tests_bench_bench_send_SOURCES = %D%/bench_send.c
