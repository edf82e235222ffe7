sbin_PROGRAMS += vmpath
vmpath_CFLAGS = $(AM_CFLAGS)
vmpath_LDFLAGS = $(VMP_LDFLAGS)
vmpath_SOURCES = \
  %D%/analyze.h \
  %D%/analyze_evidence.c \
  %D%/analyze_files.c \
  %D%/ask.c \
  %D%/clocks.c \
  %D%/cmd.c %D%/cmd.h \
  %D%/cmd_analyze.c \
  %D%/cmd_complete.c \
  %D%/cmd_doctor.c \
  %D%/cmd_explain.c \
  %D%/cmd_list.c \
  %D%/cmd_path.c \
  %D%/cmd_trace.c \
  %D%/drops.c \
  %D%/filters.c %D%/filters.h \
  %D%/foreign.h \
  %D%/hints.c %D%/hints.h \
  %D%/inquiry.c %D%/inquiry.h \
  %D%/live.c %D%/live.h \
  %D%/main.c \
  %D%/merge.c \
  %D%/options.c %D%/options.h \
  %D%/pipeline.c %D%/pipeline.h \
  %D%/replay.c %D%/replay.h \
  %D%/signals.c \
  %D%/survey.c \
  %D%/trace.h \
  %D%/tracked.c \
  %D%/watch.c \
  %D%/which.c
# Upper stages first: the linker reads the list once.
vmpath_LDADD = \
  libvmp_domain.a libvmp_host.a libvmp_path.a libvmp_capture.a libvmp_packet.a libvmp_match.a libvmp_cause.a \
  libvmp_gauge.a libvmp_ruleset.a libvmp_finding.a libvmp_report.a libvmp_evidence.a libvmp_guard.a libvmp_model.a libvmp_base.a \
  $(LIBVIRT_LIBS) $(LIBXML_LIBS) $(LIBNL_LIBS) $(LIBPCAP_LIBS) $(ZLIB_LIBS) $(JSONC_LIBS) $(LIBCAPNG_LIBS) \
  $(LIBSECCOMP_LIBS) $(LIBGCRYPT_LIBS) $(LIBBPF_LIBS) $(LIBNFTABLES_LIBS)
