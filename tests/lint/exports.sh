#!/bin/sh
# What a folder's library exports has the project's prefix, and a pure folder's calls nothing that does I/O or reads a
# clock. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"

# Defined global symbols of LIBRARY without the prefix. Compilers' own (sanitizers, coverage) begin with __.
foreign_exports() {
	nm -g --defined-only "$1" 2>/dev/null | awk 'NF == 3 && $3 !~ /^(vmp_|__)/ { print $3 " is exported without the prefix vmp_" }'
}

impure='open open64 openat read write close socket recv recvmsg send sendmsg ioctl fopen fdopen fread fwrite fputs fputc puts
	putchar printf fprintf vfprintf vprintf perror getenv secure_getenv setenv time gettimeofday clock_gettime nanosleep usleep
	sleep fork execve system popen exit _exit abort getrandom'

# Calls of LIBRARY that are not for a pure folder.
impure_calls() {
	nm -u "$1" 2>/dev/null | awk -v impure="$impure" '
		BEGIN { n = split(impure, names, /[ \t\n]+/); for (i = 1; i <= n; i++) bad[names[i]] = 1 }
		{ name = $NF; sub(/^__/, "", name); sub(/_chk$/, "", name) }
		NF == 2 && (name in bad) { print "calls " $NF "()" }' | sort -u
}

if ! command -v nm >/dev/null; then
	tap_skip "exports of the folders' libraries" "nm is not installed (Debian: binutils)"
	tap_done
fi

found=
for library in "$top_builddir"/libvmp_*.a; do
	[ -e "$library" ] || continue
	found=1
	name=${library##*/libvmp_} name=${name%.a}
	tap_clean "$name exports vmp_ alone" "$(foreign_exports "$library")"
	case $name in
	path | packet | match | gauge | finding | model) tap_clean "$name is pure" "$(impure_calls "$library")" ;;
	esac
done
tap_clean "there are libraries to look at" "$([ -n "$found" ] || echo "none in $top_builddir")"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cat >"$work/bad.c" <<'C'
#include <stdio.h>
#include <time.h>
int stray(void);
int stray(void)
{
	return printf("%ld\n", (long)time(NULL));
}
C
# CC may hold options too
if ${CC:-cc} -c -o "$work/bad.o" "$work/bad.c" 2>/dev/null && ar rc "$work/bad.a" "$work/bad.o"; then
	tap_catches "an export without the prefix" "$(foreign_exports "$work/bad.a")"
	tap_catches "a clock and a print" "$(impure_calls "$work/bad.a" | grep time)"
else
	tap_skip "planted exports" "no compiler"
fi
tap_done
