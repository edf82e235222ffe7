#!/bin/sh
# Shell scripts pass shellcheck (SC2154: make sets variables for them), Python ones compile. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"

# Scripts of the project: by their name, or by their first line.
scripts_of() {
	(cd "$top_srcdir" && find contrib tests .ci -name __pycache__ -prune -o -type f -print | sort | while read -r f; do
		case $f in
		*.log | *.trs | *.o | *.pcap | *.pcapng) continue ;;
		esac
		first=$(head -c 64 "$f" | head -n 1 | tr -d '\0')
		case "$1 $f $first" in
		"sh "*".sh #"* | "sh "*"#!/bin/sh"* | "sh "*"#!/bin/bash"* | "sh "*"#!/usr/bin/env bash"*) echo "$f" ;;
		"py "*".py "* | "py "*"#!/usr/bin/python3"* | "py "*"#!/usr/bin/env python3"*) echo "$f" ;;
		esac
	done)
}

if command -v shellcheck >/dev/null; then
	for f in $(scripts_of sh); do
		tap_clean "shellcheck $f" "$(cd "$top_srcdir" && shellcheck -x -S warning -e SC2154 "$f" 2>&1)"
	done
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
	# shellcheck disable=SC2016 # the mistake is meant
	printf '#!/bin/sh\nrm -rf $1/*\n' >"$work/bad.sh"
	tap_catches "an unquoted argument" "$(shellcheck -S warning "$work/bad.sh" 2>&1)"
else
	tap_skip "shell scripts" "shellcheck is not installed (Debian: shellcheck)"
fi

if command -v python3 >/dev/null; then
	complaints=$(cd "$top_srcdir" && scripts_of py | while read -r f; do
		python3 -I -c 'import sys; compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec")' "$f" 2>&1 | tail -n 1
	done)
	tap_clean "Python scripts compile" "$complaints"
else
	tap_skip "Python scripts compile" "python3 is not installed"
fi
tap_done
