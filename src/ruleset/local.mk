noinst_LIBRARIES += libvmp_ruleset.a
libvmp_ruleset_a_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS) $(LIBNFTABLES_CFLAGS)
libvmp_ruleset_a_SOURCES = \
  %D%/collect.c %D%/collect.h \
  %D%/match.c %D%/match.h \
  %D%/name.c \
  %D%/read.c \
  %D%/rules.c %D%/ruleset.h
