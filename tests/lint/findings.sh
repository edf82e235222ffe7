#!/bin/sh
# The catalogue of codes: each code that the sources make is in it, none in it is dead, and the man page is made from it. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"

program=$top_builddir/vmpath
page=$top_srcdir/man/vmpath-findings.7

# Sources below ROOT/src other than the catalogue itself, and vmpath doctor, which has words of its own.
sources_of() {
	(cd "$1" && find src -name '*.c' ! -name 'catalogue*' ! -name 'doctor.c' ! -path 'src/cli/*' ! -path 'src/report/*' | sort)
}

# Codes in the sources below ROOT: strings that are a code and nothing else in src/finding, where rules and their tables stand,
# and what is given to the functions that take a code, wherever they are called.
made() {
	(cd "$1" && {
		sources_of . | grep '^src/finding/' | xargs -r grep -ohE '"[a-z]+(-[a-z0-9]+)+"'
		sources_of . | xargs -r cat | tr '\n\t' '  ' |
			grep -oE 'vmp_(finding_(add|explain)|check_fact|path_add_fact)\([^;"]*("[a-z0-9-]+"( : )?)+' | grep -oE '"[a-z0-9-]+"'
	} | tr -d '"' | sort -u)
}

# missing ROOT CODES: what is made and not among CODES, one a line.
missing() {
	for code in $(made "$1"); do
		printf '%s\n' "$2" | grep -qxF -e "$code" || echo "$code is made and not in the catalogue (src/finding/catalogue_*.c)"
	done
}

# dead ROOT CODES: what is among CODES and nowhere made.
dead() {
	for code in $2; do
		sources_of "$1" | (cd "$1" && xargs -r grep -qF -e "\"$code\"") || echo "$code is in the catalogue and nothing makes it"
	done
}

if [ ! -x "$program" ] || [ ! -x "$top_builddir/man/findings" ]; then
	tap_skip "the catalogue of codes" "the programs are not built"
	tap_done
fi
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
codes=$("$program" __complete codes)

tap_clean "the sources' codes were found" "$([ "$(made "$top_srcdir" | wc -l)" -gt 50 ] || made "$top_srcdir")"
tap_clean "every code is in the catalogue" "$(missing "$top_srcdir" "$codes")"
tap_clean "no code of the catalogue is dead" "$(dead "$top_srcdir" "$codes")"
tap_clean "the man page is made from the catalogue" "$("$top_builddir/man/findings" | diff - "$page" >"$tree/diff" ||
	{ echo "run: make findings-page"; head -n 10 "$tree/diff"; })"
tap_clean "the man page has every code" "$(for code in $codes; do grep -qxF -e ".Ss $code" "$page" || echo "$code is not on it"; done)"
tap_clean "vmpath.8 lists the codes of verdicts" "$("$program" explain --json | tr -d ' \n' | grep -oE '"code":"[a-z-]+","kinds":\["verdict"' |
	sed 's/"code":"\([a-z-]*\)".*/\1/' | while read -r code; do
	grep -qxF -e ".It $code" "$top_srcdir/man/vmpath.8" || echo "$code is not listed"
done)"

mkdir -p "$tree/src/finding" "$tree/src/path"
printf '	vmp_finding_add(&run->findings, all ? "queueing" : "made-up", 0);\n' >"$tree/src/finding/rules.c"
tap_catches "a finding's code that is new" "$(missing "$tree" "$codes" | grep '^made-up ')"
tap_clean "and not one that is known" "$(missing "$tree" "$codes" | grep '^queueing ')"
printf '	{"also-made-up", 1},\n' >"$tree/src/finding/rules.c"
tap_catches "a code in a table of rules" "$(missing "$tree" "$codes")"
printf '	vmp_finding_explain(finding,\n\t\t"madeup", "because");\n' >"$tree/src/finding/rules.c"
tap_catches "a cause" "$(missing "$tree" "$codes")"
printf '	vmp_check_fact(check, many ? "one-made-up" : "no-carrier", 1, "%%s", name);\n' >"$tree/src/path/check.c"
tap_catches "a fact of the path" "$(missing "$tree" "$codes" | grep one-made-up)"
tap_catches "a code that nothing makes" "$(dead "$tree" "no-master")"
tap_done
