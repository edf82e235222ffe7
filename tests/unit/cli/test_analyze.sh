#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vmpath analyze on capture files with a known truth. Prints TAP.
if ! "${PYTHON3:-python3}" -c '' 2>/dev/null; then
	echo "1..0 # SKIP python3 is not installed"
	exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
TMPDIR=$work "${PYTHON3:-python3}" "$top_srcdir/tests/unit/cli/analyze.py"
