noinst_LIBRARIES += libvmp_path.a
libvmp_path_a_CFLAGS = $(AM_CFLAGS)
libvmp_path_a_SOURCES =
