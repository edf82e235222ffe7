# shellcheck shell=sh
# Sourced by the lint scripts: TAP on standard output, one case per call.
count=0 bad=0
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}" "${top_builddir:=$top_srcdir}"

# Case NAME is good when COMPLAINTS, lines of text, is empty.
tap_clean() {
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
	else
		bad=$((bad + 1))
		echo "not ok $count - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# Case NAME is good when COMPLAINTS is not empty: a check must be able to fail.
tap_catches() {
	count=$((count + 1))
	if [ -n "$2" ]; then
		echo "ok $count - catches $1"
	else
		bad=$((bad + 1))
		echo "not ok $count - catches $1"
		echo "# the planted mistake was not seen"
	fi
}

tap_skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# Ends the script.
tap_done() {
	echo "1..$count"
	[ "$bad" -eq 0 ]
	exit
}
