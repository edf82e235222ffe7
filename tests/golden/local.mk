TESTS += %D%/analyze.sh
dist_check_SCRIPTS += %D%/analyze.sh
EXTRA_DIST += %D%/analyze.py
