#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The documents of tests/golden/report, which test_report holds to be what the program prints, against contrib/schema.
if ! "${PYTHON3:-python3}" -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null; then
	echo "1..0 # SKIP python3-jsonschema 4 is not installed"
	exit 0
fi
exec "${PYTHON3:-python3}" "$top_srcdir/tests/unit/report/schema.py" "$top_srcdir"
