#!/bin/sh
# Every code that path/ records has a row in rules_path.c, and every row a fact: else a finding would lose its words.
set -u
facts=$(grep -ohE 'vmp_(check|path_add)_fact\([^"]*("[a-z-]+"( : )?)+' "$top_srcdir"/src/path/*.c | grep -oE '"[a-z-]+"' | sort -u)
rules=$(grep -oE '^	\{"[a-z-]+"' "$top_srcdir/src/finding/rules_path.c" | grep -oE '"[a-z-]+"' | sort -u)
echo 1..2
if [ "$(echo "$facts" | wc -l)" -gt 20 ]; then echo "ok 1 - facts were found"; else echo "not ok 1 - facts were found: $facts"; fi
if [ "$facts" = "$rules" ]; then
	echo "ok 2 - facts and rules are the same"
else
	echo "not ok 2 - facts and rules are the same"
	echo "# facts: $facts" | tr '\n' ' '
	echo
	echo "# rules: $rules" | tr '\n' ' '
	echo
fi
