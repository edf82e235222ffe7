# Scripts that speak TAP. The last two, and findings.sh, look at the program and the libraries, which make check has built by then.
LINT = \
  %D%/layers.sh \
  %D%/style.sh \
  %D%/shell.sh \
  %D%/docs.sh \
  %D%/completion.sh \
  %D%/findings.sh \
  %D%/matrix.sh \
  %D%/exports.sh \
  %D%/options.sh
TESTS += $(LINT)
dist_check_SCRIPTS += $(LINT)
EXTRA_DIST += %D%/tap.sh
