noinst_LIBRARIES += libvmp_host.a
libvmp_host_a_CFLAGS = $(AM_CFLAGS) $(LIBNL_CFLAGS) $(ZLIB_CFLAGS)
libvmp_host_a_SOURCES = \
  %D%/attr.h \
  %D%/bond.c \
  %D%/bridge.c \
  %D%/chains.c \
  %D%/conntrack.c \
  %D%/counters.c %D%/counters.h \
  %D%/ethtool.c \
  %D%/host.c %D%/host.h \
  %D%/kernel.c %D%/kernel.h \
  %D%/kernel_log.c \
  %D%/kind.c %D%/kind.h \
  %D%/link.c \
  %D%/macvtap.c \
  %D%/neigh.c \
  %D%/nic.c \
  %D%/ovs.c \
  %D%/parse.h \
  %D%/queue.c \
  %D%/reader.c %D%/reader.h \
  %D%/route.c \
  %D%/sysfs.c \
  %D%/tracked_count.c \
  %D%/tun.c \
  %D%/veth.c \
  %D%/vif.c \
  %D%/vlan.c \
  %D%/vxlan.c
