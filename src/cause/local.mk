noinst_LIBRARIES += libvmp_cause.a
libvmp_cause_a_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
libvmp_cause_a_SOURCES = \
  %D%/callers.c %D%/callers.h \
  %D%/cause.h \
  %D%/event.h \
  %D%/symbols.c %D%/symbols.h \
  %D%/watch.c
if HAVE_BPF
libvmp_cause_a_SOURCES += %D%/image.S
endif
EXTRA_DIST += %D%/drops.bpf.c
CLEANFILES += %D%/drops.bpf.o

# What runs in the kernel. Its debugging data are what CO-RE relocates by; the rest of them is left out.
%D%/drops.bpf.o: %D%/drops.bpf.c %D%/event.h
	$(AM_V_GEN)$(MKDIR_P) %D% && $(CLANG) -O2 -g -target bpf -Wall -Werror -I$(top_srcdir)/src $(BPF_INCLUDES) \
	  -c $(top_srcdir)/%D%/drops.bpf.c -o $@
%D%/libvmp_cause_a-image.o %D%/image.o: %D%/drops.bpf.o
