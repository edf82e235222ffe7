#!/bin/sh
# The program's own help, the man page and the bash completion name the same subcommands and options. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"

program=$top_builddir/vmpath
page=$top_srcdir/man/vmpath.8
completion=$top_srcdir/contrib/completion/vmpath

# Long options in a text.
longs() {
	grep -oE -- '(^|[^A-Za-z0-9-])--[a-z][a-z-]*' | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

commands_of_help() { "$program" --help 2>&1 | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort -u; }
# "-x/--xxx" of one subcommand's help, or of the common ones without a name
options_of_help() { "$program" "$@" --help 2>&1 | sed -n 's/^  *\(-\([a-zA-Z]\), \)\{0,1\}--\([a-z-]*\).*/\2 --\3/p' | sed 's/^ //' | sort -u; }

commands_of_page() { sed -n 's/^\.Ss vmpath \([a-z][a-z]*\).*/\1/p' "$page" | sort -u; }
# The options of a subcommand stand under its .Ss, those of all under ".Ss Common options".
options_of_page() {
	awk -v want="$1" '
		/^\.S[sh] / { here = ($0 == ".Ss " want) }
		here && /^\.It Fl / {
			short = ""; long = ""
			n = split($0, w, " ")
			for (i = 2; i < n; i++)
				if (w[i] == "Fl") { if (w[i + 1] ~ /^-/) long = w[i + 1]; else if (short == "") short = w[i + 1] }
			sub(/^-/, "", long)
			print (short == "" ? "" : short " ") "--" long
		}' "$page" | sort -u
}

# Lines of only one of two lists, with who has them.
differ() {
	printf '%s\n' "$2" >"$work/a"
	printf '%s\n' "$4" >"$work/b"
	comm -3 "$work/a" "$work/b" | sed -e "s|^\([^	]\)|only in $1: \1|" -e "s|^	|only in $3: |" | grep -v ': *$'
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

tap_catches "a word that one list lacks" "$(differ one "$(printf 'a\nb')" other a)"
tap_catches "a word that a page lacks" "$(differ --help "$(printf 'a\nb')" "$page" a)"
if [ ! -x "$program" ]; then
	tap_skip "help, man page and completion" "the program is not built"
	tap_done
fi
tap_clean "help and man page name the same subcommands" "$(differ --help "$(commands_of_help)" "$page" "$(commands_of_page)")"
common=$(options_of_help)
tap_clean "common options: help and man page" "$(differ --help "$common" "$page" "$(options_of_page 'Common options')")"
for command in $(commands_of_help); do
	own=$(options_of_help "$command" | { printf '%s\n' "$common" >"$work/common"; grep -vxF -f "$work/common"; })
	tap_clean "$command: its help and the man page" "$(differ "$command --help" "$own" "$page" "$(options_of_page "vmpath $command")")"
	# what bash would offer after "vmpath COMMAND --"
	if [ -s "$completion" ] && command -v bash >/dev/null; then
		offered=$(bash -c '
			. "$1"
			COMP_WORDS=(vmpath "$2" --) COMP_CWORD=2 COMP_LINE="vmpath $2 --" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
			COMPREPLY=()
			'"$(sed -n 's/^complete .*-F \([A-Za-z_]*\) .*/\1/p' "$completion" | head -n 1)"' vmpath -- "$2"
			printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$command" 2>&1 | longs)
		tap_clean "$command: its help and the bash completion" \
			"$(differ "$command --help" "$(options_of_help "$command" | longs)" completion "$offered")"
	fi
done
tap_clean "there is a completion" "$([ -s "$completion" ] || echo "$completion is missing")"
tap_done
