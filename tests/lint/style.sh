#!/bin/sh
# Rules of HACKING that a line of text can break. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"

# Files of the project below ROOT by name pattern; what was built or downloaded is not looked at.
files_of() {
	root=$1
	shift
	(cd "$root" && find . \( -name .git -o -name 'build-*' -o -name autom4te.cache -o -name __pycache__ -o -name '.deps' \
		-o -name 'vmpath-[0-9]*' -o -name _build -o -name _inst \) -prune -o -type f \( "$@" \) -print | sed 's,^\./,,' | sort)
}

sources_of() {
	files_of "$1" -name '*.[ch]' | grep -E '^(src|tests)/'
}

# Prototypes in a header need a comment right above; one comment may stand for a block of them, or for a struct of arguments
# and the function right below that takes it.
uncommented() {
	(cd "$1" && files_of . -path './src/*.h' | xargs -r awk '
		FNR == 1 { above = "" ; open = 0 }
		/^[A-Za-z_].*\(/ && !/^(typedef|static|#|extern "C")/ && !/=/ {
			if (above != "comment" && above != "prototype") print FILENAME ":" FNR ": no comment above: " $0
			above = "prototype"; open = !/;[ \t]*$/; next
		}
		open { open = !/;[ \t]*$/; next }
		/^[ \t]*(\/?\*.*)?\*\/[ \t]*$/ { above = "comment"; next }
		/^(struct|enum) .*\{$/ { inside = above; above = ""; next }
		/^};/ { above = inside; inside = ""; next }
		{ above = "" }')
}

unlicensed() {
	(cd "$1" && sources_of . | while read -r f; do
		head -n 2 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || echo "$f: no SPDX line at its top"
	done)
}

# Lines over 150 columns, a tab being 8 (120 is the aim); blanks at line ends; indentation by spaces where a tab would fit.
untidy() {
	(cd "$1" && sources_of . | xargs -r awk '
		/[ \t]$/ { print FILENAME ":" FNR ": blanks at the end" }
		/^        / { print FILENAME ":" FNR ": indented by spaces" }
		{
			width = 0
			for (i = 1; i <= length($0); i++)
				width += substr($0, i, 1) == "\t" ? 8 - width % 8 : 1
			if (width > 150) print FILENAME ":" FNR ": " width " columns"
		}')
}

# Marks of unfinished work. Written so that this file does not hold them.
marks='TO''DO|FIX''ME|XX''X'
unfinished() {
	(cd "$1" && files_of . -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.mk' -o -name 'configure.ac' -o -name 'Makefile.am' \
		-o -name 'README' -o -name 'HACKING' -o -name 'NEWS' -o -name '*.[578]' |
		grep -vE '^(build-aux|aclocal|m4/)' | xargs -r grep -nE "(^|[^A-Za-z])($marks)([^A-Za-z]|$)" /dev/null)
}

# Files of more than 600 lines (a few hundred is the aim): a folder's file does one thing.
too_long() {
	(cd "$1" && files_of . -path './src/*.[ch]' | xargs -r wc -l | awk '$1 > 600 && $2 != "total" { print $2 ": " $1 " lines" }')
}

plant() {
	rm -rf "$tree"
	mkdir -p "$tree/src/path"
	printf '%b' "$2" >"$tree/src/path/$1"
}

tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT

tap_clean "every public function has its comment" "$(uncommented "$top_srcdir")"
plant a.h '#include "x"\n\nint vmp_a(int a);\n'
tap_catches "a function without a comment" "$(uncommented "$tree")"
plant a.h '/* about a */\nint vmp_a(int a,\n\t  int b);\n\nint vmp_b(void);\n'
tap_catches "a second one after a gap" "$(uncommented "$tree" | grep vmp_b)"
plant a.h '/* about a */\nint vmp_a(int a,\n\t  int b);\nint vmp_b(void);\n'
plant a.h 'struct s {\n\tint a; /* about a */\n};\nint vmp_b(struct s *s);\n'
tap_catches "a function below a struct, both without" "$(uncommented "$tree")"
plant a.h '/* about a */\nint vmp_a(int a,\n\t  int b);\nint vmp_b(void);\n'
tap_clean "one comment for a block of prototypes will do" "$(uncommented "$tree")"

tap_clean "every source says its licence" "$(unlicensed "$top_srcdir")"
plant a.c 'int a;\n'
tap_catches "a source without licence" "$(unlicensed "$tree")"

tap_clean "lines are tidy" "$(untidy "$top_srcdir")"
plant a.c "\t$(printf '%0143d' 0)\n"
tap_catches "a line of 151 columns" "$(untidy "$tree")"
plant a.c 'int a; \n'
tap_catches "a blank at a line's end" "$(untidy "$tree")"

tap_clean "no marks of unfinished work" "$(unfinished "$top_srcdir")"
plant a.c "/* TO""DO later */\n"
tap_catches "such a mark" "$(unfinished "$tree")"

tap_clean "no source file is too long" "$(too_long "$top_srcdir")"
plant a.c "$(printf '%0601d' 0 | sed 's/0/\\n/g')"
tap_catches "a file of 601 lines" "$(too_long "$tree")"
tap_done
