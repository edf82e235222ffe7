#!/bin/sh
# The lab's table of faults names scenarios and tests that are there, and its README has the table as it is. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
	tap_skip "the lab's table of faults" "python3 is not installed"
	tap_done
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
python3 "$top_srcdir/tests/lab/run" --matrix >"$work/table" 2>"$work/wrong"
tap_clean "what the table names is there" "$(cat "$work/wrong")"
tap_clean "there is a table" "$([ "$(wc -l <"$work/table")" -gt 40 ] || cat "$work/table")"
sed -n '/^Printed by tests.lab.run --matrix/,/^Scenarios of the group/p' "$top_srcdir/tests/lab/README" | sed '1,2d;$d' >"$work/readme"
tap_clean "the README has it as it is" "$(sed '/^$/d' "$work/table" >"$work/a"; sed '/^$/d' "$work/readme" | diff - "$work/a" | head -n 10)"
tap_done
