TESTS += %D%/test_analyze.sh
dist_check_SCRIPTS += %D%/test_analyze.sh
EXTRA_DIST += %D%/analyze.py
