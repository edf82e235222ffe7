#!/bin/sh
# run.sh PROGRAM: runs a test program for make check. cmocka 1.1 writes a skipped case as "not ok N # SKIP name", which TAP
# readers take for a failure: it becomes "ok N - name # SKIP".
out=$(mktemp) || exit 99
trap 'rm -f "$out"' EXIT
"$@" >"$out"
status=$?
sed 's/^not ok \([0-9]*\) # SKIP \(.*\)$/ok \1 - \2 # SKIP not possible here/' "$out"
exit $status
