#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vmpath explain, as an operator types it: one code, all of them, and something that is none. Prints TAP.
. "$top_srcdir/tests/lint/tap.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# run STATUS WORDS...: what is said on standard output; complains about another exit status.
run() {
	wanted=$1
	shift
	"$top_builddir/vmpath" "$@" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" -eq "$wanted" ] || echo "exit status $status, wanted $wanted: $(cat "$work/err")"
}
has() {
	grep -qF -e "$2" "$work/$1" || { echo "\"$2\" is not in:"; cat "$work/$1"; }
}
empty() {
	[ ! -s "$work/$1" ] || cat "$work/$1"
}

tap_clean "a code" "$(run 0 explain mtu-smaller; has out "MTU is smaller"; has out "must not be"; empty err)"
tap_clean "all codes" "$(run 0 explain; has out "no-loss "; has out "bridge-nf-on "; empty err
	"$top_builddir/vmpath" __complete codes | while read -r code; do has out "$code "; done)"
tap_clean "as a document" "$(run 0 explain --json guest-silent; has out '"vmpath.explain/1"'; has out '"guest-silent"'; empty err)"
tap_clean "a misspelt code" "$(run 3 explain guest-slient; has err "did you mean: guest-silent"; empty out)"
tap_clean "words of a message" "$(run 3 explain received packet on eth0 with own address as source; has err "guest-mac-from-outside"; empty out)"
tap_clean "nothing like it" "$(run 3 explain xyzzy --json; has err 'no code "xyzzy"'; empty out)"
tap_clean "one line, whatever is typed" "$(run 3 explain "$(printf 'a\033[2J\nb')"; [ "$(wc -l <"$work/err")" -eq 1 ] || cat "$work/err"
	grep -q "$(printf '\033')" "$work/err" && echo "an escape went through")"
tap_clean "options that it does not take" "$(run 3 explain -i x; has err "not taken here"; empty out)"
tap_done
