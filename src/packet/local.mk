noinst_LIBRARIES += libvmp_packet.a
libvmp_packet_a_CFLAGS = $(AM_CFLAGS)
libvmp_packet_a_SOURCES = \
  %D%/arp.c \
  %D%/checksum.c \
  %D%/decode.c \
  %D%/dhcp.c \
  %D%/ethernet.c \
  %D%/fingerprint.c \
  %D%/icmp.c \
  %D%/icmp6.c \
  %D%/ipv4.c \
  %D%/ipv6.c \
  %D%/packet.h \
  %D%/quote.c \
  %D%/tcp.c \
  %D%/transport.c \
  %D%/udp.c \
  %D%/vxlan.c \
  %D%/walk.h
