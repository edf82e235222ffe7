noinst_LIBRARIES += libvmp_path.a
libvmp_path_a_CFLAGS = $(AM_CFLAGS)
libvmp_path_a_SOURCES = \
  %D%/bridge.c \
  %D%/build.c \
  %D%/check.c %D%/check.h \
  %D%/check_device.c \
  %D%/check_mac.c \
  %D%/check_routed.c \
  %D%/check_port.c \
  %D%/filter.c %D%/filter.h \
  %D%/macvtap.c \
  %D%/ovs.c \
  %D%/path.h \
  %D%/points.c \
  %D%/routed.c \
  %D%/switch.c \
  %D%/tracked.c \
  %D%/walk.c %D%/walk.h \
  %D%/way.c
