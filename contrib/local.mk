if ENABLE_BASH_COMPLETION
bashcompletiondir = $(bashcompdir)
dist_bashcompletion_DATA = %D%/completion/vmpath
endif

EXTRA_DIST += \
  HACKING \
  %D%/README \
  %D%/check.sh \
  %D%/clean-debian.sh \
  %D%/demo.sh \
  %D%/packages.debian \
  %D%/packages.sh \
  %D%/completion/README \
  %D%/schema \
  tests/README \
  tests/bench/README \
  tests/bench/run \
  tests/data \
  tests/fuzz \
  tests/golden \
  tests/lab

# Automake has no wildcards, and a list of some hundred test files by hand would go stale unseen; so the folders of the
# tests go in whole, and what running them may have left in the source tree goes out again.
dist-hook:
	find $(distdir)/tests -name __pycache__ -prune -exec rm -rf {} +
	find $(distdir)/tests \( -name '*.o' -o -name '*.log' -o -name '*.trs' -o -name .dirstamp \) -exec rm -f {} +

schemadir = $(pkgdatadir)/schema
dist_schema_DATA = \
  %D%/schema/vmpath.doctor.schema.json \
  %D%/schema/vmpath.explain.schema.json \
  %D%/schema/vmpath.list.schema.json \
  %D%/schema/vmpath.path.schema.json \
  %D%/schema/vmpath.trace.schema.json
