TESTS += %D%/test_analyze.sh %D%/test_doctor.sh %D%/test_explain.sh
dist_check_SCRIPTS += %D%/test_analyze.sh %D%/test_doctor.sh %D%/test_explain.sh
EXTRA_DIST += %D%/analyze.py
