noinst_LIBRARIES += libvmp_finding.a
libvmp_finding_a_CFLAGS = $(AM_CFLAGS)
libvmp_finding_a_SOURCES = \
  %D%/catalogue.c %D%/catalogue.h \
  %D%/catalogue_cause.c \
  %D%/catalogue_counters.c \
  %D%/catalogue_drop.c \
  %D%/catalogue_guest.c \
  %D%/catalogue_path.c \
  %D%/catalogue_trace.c \
  %D%/catalogue_traffic.c \
  %D%/doctor.c %D%/doctor.h \
  %D%/filter.h \
  %D%/filter_maker.c \
  %D%/filter_place.c \
  %D%/finding.h \
  %D%/judge.c \
  %D%/rules.c %D%/rules.h \
  %D%/rules_delay.c \
  %D%/rules_drop.c \
  %D%/rules_gauge.c %D%/rules_gauge.h \
  %D%/rules_filter.c \
  %D%/rules_guest.c \
  %D%/rules_inside.c \
  %D%/rules_ip.c \
  %D%/rules_log.c \
  %D%/rules_loss.c \
  %D%/rules_network.c \
  %D%/rules_nic.c \
  %D%/rules_path.c \
  %D%/rules_queue.c \
  %D%/rules_signs.c \
  %D%/rules_state.c \
  %D%/rules_tables.c \
  %D%/rules_tracked.c
