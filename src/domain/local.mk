noinst_LIBRARIES += libvmp_domain.a
libvmp_domain_a_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS) $(LIBXML_CFLAGS) $(JSONC_CFLAGS)
libvmp_domain_a_SOURCES = \
  %D%/answer.c %D%/answer.h \
  %D%/ask.c \
  %D%/connect.c \
  %D%/connection.h \
  %D%/document.c %D%/document.h \
  %D%/domain.h \
  %D%/error.c \
  %D%/find.c \
  %D%/guest.c \
  %D%/list.c \
  %D%/network.c \
  %D%/nictype.c %D%/nictype.h \
  %D%/process.c %D%/process.h \
  %D%/process_text.c \
  %D%/reply.h \
  %D%/reply_agent.c \
  %D%/reply_monitor.c \
  %D%/select.c %D%/select.h \
  %D%/state.c \
  %D%/uri.c \
  %D%/xml.c %D%/xml.h
