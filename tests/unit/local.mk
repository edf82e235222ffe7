LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/unit/run.sh
EXTRA_DIST += %D%/run.sh
# A folder's unit test links that folder, model and base only, whole, so that an upward call cannot slip through.
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/tests/data"'
UNIT_LIBS = $(CMOCKA_LIBS)
if HAVE_CMOCKA
include tests/unit/base/local.mk
include tests/unit/model/local.mk
include tests/unit/domain/local.mk
include tests/unit/host/local.mk
include tests/unit/path/local.mk
include tests/unit/capture/local.mk
include tests/unit/packet/local.mk
include tests/unit/match/local.mk
include tests/unit/cause/local.mk
include tests/unit/gauge/local.mk
include tests/unit/ruleset/local.mk
include tests/unit/finding/local.mk
include tests/unit/report/local.mk
include tests/unit/evidence/local.mk
include tests/unit/guard/local.mk
include tests/unit/cli/local.mk
endif
