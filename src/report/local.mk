noinst_LIBRARIES += libvmp_report.a
libvmp_report_a_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
libvmp_report_a_SOURCES = \
  %D%/format.c %D%/report.h \
  %D%/inside.c \
  %D%/json.c %D%/json.h \
  %D%/json_doctor.c \
  %D%/json_explain.c \
  %D%/json_list.c \
  %D%/json_path.c \
  %D%/json_record.c \
  %D%/json_trace.c \
  %D%/table.c %D%/table.h \
  %D%/text.c %D%/text.h \
  %D%/text_doctor.c \
  %D%/text_explain.c \
  %D%/text_hops.c \
  %D%/text_list.c \
  %D%/text_path.c \
  %D%/text_trace.c \
  %D%/view.c %D%/view.h
