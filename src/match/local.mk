noinst_LIBRARIES += libvmp_match.a
libvmp_match_a_CFLAGS = $(AM_CFLAGS)
libvmp_match_a_SOURCES = \
  %D%/classify.c %D%/classify.h \
  %D%/clock.c %D%/clock.h \
  %D%/cover.c %D%/cover.h \
  %D%/crossed.c %D%/crossed.h \
  %D%/crossing.c %D%/crossing.h \
  %D%/cut.h \
  %D%/cut_fragment.c \
  %D%/cut_tcp.c \
  %D%/cut_udp.c \
  %D%/datagram.c %D%/datagram.h \
  %D%/drops.c %D%/drops.h \
  %D%/exchange.c %D%/exchange.h \
  %D%/gap.c \
  %D%/homes.c %D%/homes.h \
  %D%/join.c \
  %D%/last_hop.c %D%/last_hop.h \
  %D%/latency.c %D%/latency.h \
  %D%/match.c %D%/match.h %D%/match_internal.h \
  %D%/next_hop.c %D%/next_hop.h \
  %D%/observe.c \
  %D%/order.c %D%/order.h \
  %D%/pool.c %D%/pool.h \
  %D%/report.c \
  %D%/resegment.c \
  %D%/settle.c \
  %D%/signs.c %D%/signs.h \
  %D%/stretch.c \
  %D%/translate.c %D%/translate.h
