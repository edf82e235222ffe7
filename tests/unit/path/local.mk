# One line per test program; see tests/unit/local.mk for what it is linked with.
path_tests = tests/unit/path/test_check tests/unit/path/test_points tests/unit/path/test_walk
check_PROGRAMS += $(path_tests)
TESTS += $(path_tests)
path_test_libs = $(WHOLE) libvmp_path.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
tests_unit_path_test_check_SOURCES = %D%/test_check.c %D%/world.c %D%/world.h
tests_unit_path_test_check_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_path_test_check_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_path_test_check_LDADD = $(path_test_libs)
tests_unit_path_test_points_SOURCES = %D%/test_points.c %D%/world.c %D%/world.h
tests_unit_path_test_points_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_path_test_points_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_path_test_points_LDADD = $(path_test_libs)
tests_unit_path_test_walk_SOURCES = %D%/test_walk.c %D%/world.c %D%/world.h
tests_unit_path_test_walk_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_path_test_walk_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_path_test_walk_LDADD = $(path_test_libs)
