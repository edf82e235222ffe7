#!/bin/sh
# What bash offers after a command line, with a program of ours in vmpath's place: names of guests are never run. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"

if ! command -v bash >/dev/null; then
	tap_skip "completion" "bash is not installed"
	tap_done
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
completion=$top_srcdir/contrib/completion/vmpath

# Says what it was asked, and names guests as an enemy would.
cat >"$work/vmpath" <<'SH'
#!/bin/sh
echo "$*" >>"$(dirname "$0")/asked"
case $* in
*"__complete -- guests") printf '%s\n' 'web01' 'web 02' '$(touch pwned)' '`touch pwned`' 'a;touch pwned' '*' ;;
*"__complete -- codes") printf '%s\n' no-loss no-traffic lost-in-host ;;
*"__complete -- interfaces web01") printf '%s\n' net0 021f00 52:54:00:00:00:01 ;;
esac
SH
chmod +x "$work/vmpath"

# offers PREFIX-WORDS...: the replies to a TAB at the end of the last word, one a line.
offers() {
	(cd "$work" && bash -c '
		. "$1"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
		COMPREPLY=()
		_vmpath "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
		[[ ${#COMPREPLY[@]} == 0 ]] || printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$@" 2>&1)
}

# is WANTED GOT: nothing when both are the same.
is() {
	[ "$1" = "$2" ] || printf 'wanted:\n%s\ngot:\n%s\n' "$1" "$2"
}

tap_clean "guests by their beginning, quoted" "$(is "$(printf '%s\n' web01 'web\ 02')" "$(offers "$work/vmpath" trace we)")"
tap_clean "every name is quoted" "$(is "$(printf '%s\n' 'web01' 'web\ 02' '\$\(touch\ pwned\)' '\`touch\ pwned\`' 'a\;touch\ pwned' '\*')" \
	"$(offers "$work/vmpath" path '')")"
tap_clean "no name is run" "$([ ! -e "$work/pwned" ] || echo "a guest's name was run")"
tap_clean "the guest's interfaces after -i" "$(is "$(printf '%s\n' net0 021f00 52:54:00:00:00:01)" \
	"$(offers "$work/vmpath" trace web01 -i '')")"
tap_clean "codes to explain" "$(is "$(printf '%s\n' no-loss no-traffic)" "$(offers "$work/vmpath" explain no-)")"
tap_clean "the connection is handed on" "$(offers "$work/vmpath" trace -c test:///x we >/dev/null
	grep -qxF -e '-c test:///x __complete -- guests' "$work/asked" || cat "$work/asked")"
tap_clean "an option's argument is no guest" "$(is "" "$(offers "$work/vmpath" trace -f we)")"
tap_clean "nothing more after the guest" "$(is "" "$(offers "$work/vmpath" trace web01 we)")"
tap_clean "subcommands" "$(is "trace" "$(offers "$work/vmpath" tr)")"
tap_done
