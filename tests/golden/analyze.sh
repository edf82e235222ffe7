#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vmpath analyze on committed evidence; see analyze.py.
exec "${PYTHON3:-python3}" "$top_srcdir/tests/golden/analyze.py"
