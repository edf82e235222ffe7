noinst_LIBRARIES += libvmp_gauge.a
libvmp_gauge_a_CFLAGS = $(AM_CFLAGS)
libvmp_gauge_a_SOURCES = \
  %D%/backend.c %D%/devices.c %D%/gauge.h \
  %D%/drivers.c %D%/interrupts.c %D%/percpu.c %D%/queues.c %D%/snmp.c %D%/softnet.c %D%/source.h %D%/sources.c \
  %D%/kernel_log.c %D%/kernel_log.h
