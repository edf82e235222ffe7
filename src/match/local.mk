noinst_LIBRARIES += libvmp_match.a
libvmp_match_a_CFLAGS = $(AM_CFLAGS)
libvmp_match_a_SOURCES = \
  %D%/classify.c %D%/classify.h \
  %D%/exchange.c %D%/exchange.h \
  %D%/homes.c %D%/homes.h \
  %D%/last_hop.c %D%/last_hop.h \
  %D%/latency.c %D%/latency.h \
  %D%/match.c %D%/match.h \
  %D%/order.c %D%/order.h \
  %D%/pool.c %D%/pool.h
