# One group of lines per target; tests/fuzz/README tells how to add one.
EXTRA_DIST += %D%/README %D%/pcap2seeds.py %D%/seeds
fuzz_replay = %D%/replay.c %D%/fuzz.h
# A libFuzzer program: only this one is linked with the fuzzer's main, the libraries are instrumented by configure.
fuzz_link_flags = $(AM_LDFLAGS) -fsanitize=fuzzer

# packet: a frame from a guest
check_PROGRAMS += tests/fuzz/replay_packet
TESTS += tests/fuzz/replay_packet
tests_fuzz_replay_packet_SOURCES = $(fuzz_replay) %D%/fuzz_packet.c
tests_fuzz_replay_packet_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"packet"'
tests_fuzz_replay_packet_LDADD = libvmp_packet.a libvmp_model.a libvmp_base.a
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_packet
tests_fuzz_fuzz_packet_SOURCES = %D%/fuzz_packet.c %D%/fuzz.h
tests_fuzz_fuzz_packet_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_packet_LDADD = $(tests_fuzz_replay_packet_LDADD)
endif

# domain_xml: a domain XML of somebody else
EXTRA_DIST += %D%/domain_xml.dict
check_PROGRAMS += tests/fuzz/replay_domain_xml
TESTS += tests/fuzz/replay_domain_xml
tests_fuzz_replay_domain_xml_SOURCES = $(fuzz_replay) %D%/fuzz_domain_xml.c
tests_fuzz_replay_domain_xml_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"domain_xml"'
tests_fuzz_replay_domain_xml_LDADD = libvmp_domain.a libvmp_model.a libvmp_base.a $(LIBVIRT_LIBS) $(LIBXML_LIBS) $(JSONC_LIBS)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_domain_xml
tests_fuzz_fuzz_domain_xml_SOURCES = %D%/fuzz_domain_xml.c %D%/fuzz.h
tests_fuzz_fuzz_domain_xml_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_domain_xml_LDADD = $(tests_fuzz_replay_domain_xml_LDADD)
endif

# filter: the text of -f
EXTRA_DIST += %D%/filter.dict
check_PROGRAMS += tests/fuzz/replay_filter
TESTS += tests/fuzz/replay_filter
tests_fuzz_replay_filter_SOURCES = $(fuzz_replay) %D%/fuzz_filter.c
tests_fuzz_replay_filter_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"filter"'
tests_fuzz_replay_filter_LDADD = libvmp_path.a libvmp_capture.a libvmp_model.a libvmp_base.a $(LIBPCAP_LIBS) $(ZLIB_LIBS)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_filter
tests_fuzz_fuzz_filter_SOURCES = %D%/fuzz_filter.c %D%/fuzz.h
tests_fuzz_fuzz_filter_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_filter_LDADD = $(tests_fuzz_replay_filter_LDADD)
endif

# evidence: run.json and frames.idx of somebody else
EXTRA_DIST += %D%/evidence.dict
check_PROGRAMS += tests/fuzz/replay_evidence
TESTS += tests/fuzz/replay_evidence
tests_fuzz_replay_evidence_SOURCES = $(fuzz_replay) %D%/fuzz_evidence.c
tests_fuzz_replay_evidence_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"evidence"'
tests_fuzz_replay_evidence_LDADD = libvmp_match.a libvmp_finding.a libvmp_report.a libvmp_evidence.a libvmp_model.a libvmp_base.a \
  $(JSONC_LIBS) $(LIBGCRYPT_LIBS)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_evidence
tests_fuzz_fuzz_evidence_SOURCES = %D%/fuzz_evidence.c %D%/fuzz.h
tests_fuzz_fuzz_evidence_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_evidence_LDADD = $(tests_fuzz_replay_evidence_LDADD)
endif

# savefile: a capture file of somebody else
check_PROGRAMS += tests/fuzz/replay_savefile
TESTS += tests/fuzz/replay_savefile
tests_fuzz_replay_savefile_SOURCES = $(fuzz_replay) %D%/fuzz_savefile.c
tests_fuzz_replay_savefile_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"savefile"'
tests_fuzz_replay_savefile_LDADD = libvmp_capture.a libvmp_packet.a libvmp_model.a libvmp_base.a $(LIBPCAP_LIBS) $(ZLIB_LIBS)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_savefile
tests_fuzz_fuzz_savefile_SOURCES = %D%/fuzz_savefile.c %D%/fuzz.h
tests_fuzz_fuzz_savefile_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_savefile_LDADD = $(tests_fuzz_replay_savefile_LDADD)
endif

# analyze: capture files of somebody else, judged
check_PROGRAMS += tests/fuzz/replay_analyze
TESTS += tests/fuzz/replay_analyze
fuzz_analyze_sources = %D%/fuzz_analyze.c src/cli/analyze_files.c src/cli/clocks.c src/cli/merge.c src/cli/options.c src/cli/survey.c
tests_fuzz_replay_analyze_SOURCES = $(fuzz_replay) $(fuzz_analyze_sources)
tests_fuzz_replay_analyze_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"analyze"'
tests_fuzz_replay_analyze_LDADD = libvmp_domain.a libvmp_capture.a libvmp_packet.a libvmp_match.a libvmp_finding.a \
  libvmp_report.a libvmp_model.a libvmp_base.a $(LIBVIRT_LIBS) $(LIBXML_LIBS) $(LIBPCAP_LIBS) $(ZLIB_LIBS) $(JSONC_LIBS)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_analyze
tests_fuzz_fuzz_analyze_SOURCES = %D%/fuzz.h $(fuzz_analyze_sources)
tests_fuzz_fuzz_analyze_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_analyze_LDADD = $(tests_fuzz_replay_analyze_LDADD)
endif

# conntrack: what the kernel tells of connections, whose ends are chosen by anybody
check_PROGRAMS += tests/fuzz/replay_conntrack
TESTS += tests/fuzz/replay_conntrack
tests_fuzz_replay_conntrack_SOURCES = $(fuzz_replay) %D%/fuzz_conntrack.c
tests_fuzz_replay_conntrack_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"conntrack"'
tests_fuzz_replay_conntrack_CFLAGS = $(AM_CFLAGS) $(LIBNL_CFLAGS)
tests_fuzz_replay_conntrack_LDADD = libvmp_host.a libvmp_model.a libvmp_base.a $(LIBNL_LIBS)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_conntrack
tests_fuzz_fuzz_conntrack_SOURCES = %D%/fuzz_conntrack.c %D%/fuzz.h
tests_fuzz_fuzz_conntrack_CFLAGS = $(AM_CFLAGS) $(LIBNL_CFLAGS)
tests_fuzz_fuzz_conntrack_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_conntrack_LDADD = $(tests_fuzz_replay_conntrack_LDADD)
endif

# ruleset: what libnftables tells of the packet filter
check_PROGRAMS += tests/fuzz/replay_ruleset
TESTS += tests/fuzz/replay_ruleset
tests_fuzz_replay_ruleset_SOURCES = $(fuzz_replay) %D%/fuzz_ruleset.c
tests_fuzz_replay_ruleset_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"ruleset"'
tests_fuzz_replay_ruleset_LDADD = libvmp_ruleset.a libvmp_model.a libvmp_base.a $(JSONC_LIBS) $(LIBNFTABLES_LIBS)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_ruleset
tests_fuzz_fuzz_ruleset_SOURCES = %D%/fuzz_ruleset.c %D%/fuzz.h
tests_fuzz_fuzz_ruleset_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_ruleset_LDADD = $(tests_fuzz_replay_ruleset_LDADD)
endif

# reply: what a guest's agent or QEMU's monitor answers
check_PROGRAMS += tests/fuzz/replay_reply
TESTS += tests/fuzz/replay_reply
tests_fuzz_replay_reply_SOURCES = $(fuzz_replay) %D%/fuzz_reply.c
tests_fuzz_replay_reply_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"reply"'
tests_fuzz_replay_reply_LDADD = libvmp_domain.a libvmp_model.a libvmp_base.a $(LIBVIRT_LIBS) $(LIBXML_LIBS) $(JSONC_LIBS)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_reply
tests_fuzz_fuzz_reply_SOURCES = %D%/fuzz_reply.c %D%/fuzz.h
tests_fuzz_fuzz_reply_LDFLAGS = $(fuzz_link_flags)
tests_fuzz_fuzz_reply_LDADD = $(tests_fuzz_replay_reply_LDADD)
endif
