# One line per test program; see tests/unit/local.mk for what it is linked with.
match_tests = \
  tests/unit/match/test_bounds \
  tests/unit/match/test_classify \
  tests/unit/match/test_clock \
  tests/unit/match/test_drops \
  tests/unit/match/test_exchange \
  tests/unit/match/test_last_hop \
  tests/unit/match/test_match \
  tests/unit/match/test_pieces \
  tests/unit/match/test_parts \
  tests/unit/match/test_random \
  tests/unit/match/test_signs \
  tests/unit/match/test_steps \
  tests/unit/match/test_crossing \
  tests/unit/match/test_translate
check_PROGRAMS += $(match_tests)
TESTS += $(match_tests)
match_test_libs = $(WHOLE) libvmp_match.a libvmp_model.a libvmp_base.a $(NOWHOLE) $(UNIT_LIBS)
tests_unit_match_test_bounds_SOURCES = %D%/test_bounds.c %D%/world.c %D%/world.h
tests_unit_match_test_bounds_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_bounds_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_bounds_LDADD = $(match_test_libs)
tests_unit_match_test_classify_SOURCES = %D%/test_classify.c %D%/world.c %D%/world.h
tests_unit_match_test_classify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_classify_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_classify_LDADD = $(match_test_libs)
tests_unit_match_test_clock_SOURCES = %D%/test_clock.c
tests_unit_match_test_clock_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_clock_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_clock_LDADD = $(match_test_libs)
tests_unit_match_test_drops_SOURCES = %D%/test_drops.c %D%/world.c %D%/world.h
tests_unit_match_test_drops_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_drops_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_drops_LDADD = $(match_test_libs)
tests_unit_match_test_exchange_SOURCES = %D%/test_exchange.c %D%/world.c %D%/world.h
tests_unit_match_test_exchange_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_exchange_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_exchange_LDADD = $(match_test_libs)
tests_unit_match_test_last_hop_SOURCES = %D%/test_last_hop.c %D%/world.c %D%/world.h
tests_unit_match_test_last_hop_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_last_hop_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_last_hop_LDADD = $(match_test_libs)
tests_unit_match_test_match_SOURCES = %D%/test_match.c %D%/world.c %D%/world.h
tests_unit_match_test_match_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_match_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_match_LDADD = $(match_test_libs)

tests_unit_match_test_pieces_SOURCES = %D%/test_pieces.c %D%/world.c %D%/world.h
tests_unit_match_test_pieces_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_pieces_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_pieces_LDADD = $(match_test_libs)
tests_unit_match_test_parts_SOURCES = %D%/test_parts.c %D%/world.c %D%/world.h
tests_unit_match_test_parts_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_parts_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_parts_LDADD = $(match_test_libs)
tests_unit_match_test_random_SOURCES = %D%/test_random.c %D%/world.c %D%/world.h
tests_unit_match_test_random_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_random_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_random_LDADD = $(match_test_libs)
tests_unit_match_test_steps_SOURCES = %D%/test_steps.c %D%/world.c %D%/world.h
tests_unit_match_test_steps_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_steps_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_steps_LDADD = $(match_test_libs)
tests_unit_match_test_translate_SOURCES = %D%/test_translate.c %D%/routed.c %D%/routed.h
tests_unit_match_test_translate_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_translate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_translate_LDADD = $(match_test_libs)
tests_unit_match_test_signs_SOURCES = %D%/test_signs.c %D%/world.c %D%/world.h
tests_unit_match_test_signs_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_signs_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_signs_LDADD = $(match_test_libs)
tests_unit_match_test_crossing_SOURCES = %D%/test_crossing.c %D%/routed.c %D%/routed.h
tests_unit_match_test_crossing_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_match_test_crossing_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_match_test_crossing_LDADD = $(match_test_libs)
