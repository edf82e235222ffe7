#!/bin/bash
# Does all set-up on a Debian 12 machine and runs every test; see contrib/README. As root, without a terminal.
#
#   contrib/check.sh            everything
#   contrib/check.sh STEP ...   these steps only; --list names them
#
# The sources are copied and built in a folder under /var/tmp, so that the checkout stays clean (VMPATH_CHECK_DIR names
# another folder, which is then kept). /tmp will not do: the nest of the lab covers it with its own.
set -euo pipefail
exec </dev/null
export LC_ALL=C TZ=UTC HOME="${HOME:-/root}" PATH="$PATH:/usr/sbin:/sbin"
umask 022

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=contrib/packages.sh
. "$top/contrib/packages.sh"

steps="gcc install clang lab nest fuzz distcheck clean"
passed=0 failed=0 skipped=0
work='' logs=''

tell() { printf '%s\n' "$*"; }
pass() { passed=$((passed + 1)); tell "ok - $*"; }
fail() { failed=$((failed + 1)); tell "not ok - $*"; }

# ---- what has to be there ------------------------------------------------------------------------------------------

usage() {
	tell "usage: contrib/check.sh [--list | STEP ...]"
	tell "steps: $steps"
}

# A copy of the checkout without what was built in it. With git: what it tracks, and new files it does not ignore.
copy_sources() {
	mkdir "$work/src"
	if git -c safe.directory="$top" -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
		(cd "$top" && git -c safe.directory="$top" ls-files -z --cached --others --exclude-standard |
			while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
			tar -c --null --no-recursion -T -) | tar -x --no-same-owner -C "$work/src"
	else
		tar -c -C "$top" --exclude='./build-[!a]*' --exclude=./autom4te.cache . | tar -x --no-same-owner -C "$work/src"
		[ ! -e "$work/src/Makefile" ] || make -s -C "$work/src" distclean
	fi
}

set_up() {
	packages_install build test lab nest || return 1
	# the lab takes the guest's kernel from apt, which may never have been asked for its lists
	if command -v apt-cache >/dev/null && [ -z "$(apt-cache depends linux-image-cloud-amd64 2>/dev/null)" ]; then
		apt-get -q update || tell "apt-get update failed: what needs a kernel package will be skipped"
	fi
	if [ -n "${VMPATH_CHECK_DIR:-}" ]; then
		work=$VMPATH_CHECK_DIR
		mkdir -p "$work"
		rm -rf "$work/src" "$work/logs" "$work"/build-*
	else
		work=$(mktemp -d /var/tmp/vmpath-check.XXXXXX)
	fi
	chmod 755 "$work" # tests run parts of the program as another user
	logs=$work/logs
	mkdir "$logs"
	git_state >"$logs/git.before"
	copy_sources || return 1
	(cd "$work/src" && autoreconf -fi) >"$logs/autoreconf.log" 2>&1 || {
		cat "$logs/autoreconf.log"
		return 1
	}
}

# ---- running and counting ------------------------------------------------------------------------------------------

# quiet NAME SECONDS COMMAND...: run with all output in NAME.log; the log's end is shown when it fails.
quiet() {
	local name=$1 seconds=$2 status=0
	shift 2
	timeout -k 30 "$seconds" "$@" >"$logs/$name.log" 2>&1 || status=$?
	[ $status -eq 0 ] || {
		[ $status -ne 124 ] || tell "# no end after $seconds s"
		grep -E '^(FAIL|ERROR): |^not ok|: error: ' "$logs/$name.log" | head -n 40 | sed 's/^/#   /' || true
		tail -n 30 "$logs/$name.log" | cut -c 1-300 | sed 's/^/#   /'
	}
	return $status
}

# one NAME SECONDS COMMAND...: a command that is a test by itself.
one() {
	if quiet "$@"; then pass "$1"; else fail "$1"; fi
}

# Counts the cases of automake's test-suite below BUILD from its .trs files, and shows from the logs what failed or was
# skipped, with what the test said about it.
count_suite() {
	local name=$1 build=$2 status=$3 p f s log
	read -r p f s < <(find "$build" -name '*.trs' -exec cat {} + | awk '
		/^:test-result: (PASS|XFAIL)/ { passed++; next }
		/^:test-result: SKIP/ { skipped++; next }
		/^:test-result:/ { failed++ }
		END { print passed + 0, failed + 0, skipped + 0 }')
	while IFS= read -r log; do
		awk -v name="$name" '
			/^(FAIL|ERROR|XPASS|SKIP): / { print name ": " $0; show = !/^SKIP/; next }
			/^(PASS|XFAIL): |^(not )?ok / { show = 0 }
			show { print "#   " $0; if (++shown > 100) exit }' "${log%.trs}.log"
	done < <(find "$build" -name '*.trs' -exec grep -lE '^:test-result: (FAIL|ERROR|XPASS|SKIP)' {} + | sort)
	# a suite that could not be built or stopped early has no failed case to show for it; one without cases ran nothing
	if [ "$f" -eq 0 ] && { [ "$status" -ne 0 ] || [ $((p + s)) -eq 0 ]; }; then
		f=1
		tell "not ok - $name: make check ended with $status"
		grep ': error: ' "$logs/$name.log" | head -n 40 | sed 's/^/#   /' || true
		tail -n 30 "$logs/$name.log" | cut -c 1-300 | sed 's/^/#   /'
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	tell "# $name: $p passed, $f failed, $s skipped"
}

# Counts a TAP log: cases, and those that the plan promised and that never came. Shows failures and skips.
count_tap() {
	local name=$1 log=$2 status=$3 p f s
	read -r p f s < <(awk '
		/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1; if (plan == 0) skipped++ }
		/^not ok/ { seen++; failed++ }
		/^ok/ { seen++; if (toupper($0) ~ /# *SKIP/) skipped++; else passed++ }
		END { if (!planned) failed++; else if (seen < plan) failed += plan - seen
		      print passed + 0, failed + 0, skipped + 0 }' "$log")
	awk -v name="$name" '
		/^(not )?ok/ { seen++ }
		/^1\.\.[1-9]/ { plan = substr($1, 4) + 0; next }
		/^(not )?ok|^1\.\.0/ { show = /^not ok/; if (show || toupper($0) ~ /# *SKIP/) print name ": " $0; next }
		/^Bail out!/ { print name ": " $0 }
		show
		END { if (seen < plan) print name ": " plan - seen " of " plan " cases did not come" }' "$log"
	if [ $((p + s)) -eq 0 ] || { [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; }; then
		[ "$f" -gt 0 ] || f=1
		tell "not ok - $name: ended with $status"
		tail -n 40 "$log" | sed 's/^/#   /'
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	tell "# $name: $p passed, $f failed, $s skipped"
}

# build NAME CONFIGURE-ARGUMENTS...: configure and make in build-NAME, warnings are errors, then make check.
build() {
	local name=$1 dir=$work/build-$1 status=0
	shift
	mkdir "$dir"
	# shellcheck disable=SC2016 # the inner shell expands them
	if quiet "$name-build" 1200 sh -ec 'cd "$1"; shift; ../src/configure -q --enable-werror "$@"; make -j2' sh "$dir" "$@"; then
		pass "$name: builds without a warning"
	else
		fail "$name: does not build without a warning"
		return 0
	fi
	timeout -k 30 1200 make -C "$dir" -j2 check >"$logs/$name.log" 2>&1 || status=$?
	count_suite "$name" "$dir" $status
}

# have BUILD STEP: whether the build that a step works on is there; a step without its build has failed.
have() {
	[ ! -x "$work/build-$1/vmpath" ] || return 0
	fail "$2: there is no program in build-$1 (step $1 makes it)"
	return 1
}

# lab NAME GROUP BUILD SECONDS: run scenarios into NAME.log; the status is lab_report's to look at.
lab() {
	tell "# $1: the scenarios of the lab, group $2, with build-$3"
	timeout -k 60 "$4" "$work/src/tests/lab/run" --group "$2" --vmpath "$work/build-$3/vmpath" >"$logs/$1.log" 2>&1
}

# ---- the steps -----------------------------------------------------------------------------------------------------

step_gcc() { build gcc CC=gcc; }

# Two labs that know nothing of each other, one for each build: a scenario mostly waits, so both take little longer than one.
# A program that gave its privileges up may not be traced, not even by its own leak checker; leaks are the unit tests' job.
step_lab() {
	local plain='' status=0
	if have gcc lab; then
		lab lab native gcc 2400 &
		plain=$!
	fi
	if have clang lab-sanitized; then
		ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1 \
			lab lab-sanitized native clang 2700 || status=$?
		count_tap lab-sanitized "$logs/lab-sanitized.log" $status
	fi
	[ -n "$plain" ] || return 0
	status=0
	wait "$plain" || status=$?
	count_tap lab "$logs/lab.log" $status
}

step_nest() {
	local status=0
	have gcc nest || return 0
	lab nest nest gcc 1500 || status=$?
	count_tap nest "$logs/nest.log" $status
}

step_clang() {
	build clang CC=clang --enable-sanitizers --enable-fuzzers CFLAGS="-O1 -g"
}

# The seeds are replayed by make check in both builds; this runs each fuzzer for a moment, starting from them.
step_fuzz() {
	local fuzzer target dict options found=''
	for fuzzer in "$work"/build-clang/tests/fuzz/fuzz_*; do
		{ [ -f "$fuzzer" ] && [ -x "$fuzzer" ]; } || continue
		found=1
		target=${fuzzer##*/fuzz_}
		dict=$work/src/tests/fuzz/$target.dict
		options=()
		[ ! -e "$dict" ] || options=(-dict="$dict")
		mkdir -p "$work/corpus/$target"
		one "fuzz-$target" 120 "$fuzzer" -max_total_time=5 -rss_limit_mb=1024 -timeout=5 -print_final_stats=1 \
			-artifact_prefix="$logs/fuzz-$target-" "${options[@]}" \
			"$work/corpus/$target" "$work/src/tests/fuzz/seeds/$target"
	done
	[ -n "$found" ] || fail "fuzz: no fuzzer was built in build-clang (step clang makes them)"
}

step_install() {
	have gcc install || return 0
	# shellcheck disable=SC2016 # the inner shell expands them
	one install 120 sh -ec '
		make -C "$1" install DESTDIR="$2"
		"$2/usr/local/sbin/vmpath" --version
		test -s "$2/usr/local/share/man/man8/vmpath.8"
		test -s "$2/usr/local/share/man/man5/vmpath-json.5"
		test -s "$2/usr/local/share/man/man7/vmpath-findings.7"
		test -s "$2/usr/local/share/bash-completion/completions/vmpath"
		make -C "$1" uninstall DESTDIR="$2"
		left=$(find "$2" ! -type d)
		[ -z "$left" ] || { echo "left behind by make uninstall: $left"; exit 1; }' sh "$work/build-gcc" "$work/dest"
}

# From the tarball: without optimisation, since it proves what is in the tarball and not what the compiler makes of it.
step_distcheck() {
	local dir=$work/build-dist
	mkdir "$dir"
	# shellcheck disable=SC2016 # the inner shell expands them
	one distcheck 1800 sh -ec '
		cd "$1"
		../src/configure -q CFLAGS=-O0
		make -j2 distcheck AM_DISTCHECK_CONFIGURE_FLAGS="CFLAGS=-O0"' sh "$dir"
}

git_state() { git -c safe.directory="$top" -C "$top" status --porcelain --ignored 2>&1 || true; }

step_clean() {
	git_state >"$logs/git.after"
	one clean 10 diff "$logs/git.before" "$logs/git.after"
}

# ---- all of it -----------------------------------------------------------------------------------------------------

finish() {
	trap - EXIT
	if [ $failed -eq 0 ] && [ -z "${VMPATH_CHECK_DIR:-}" ]; then
		rm -rf "$work"
	else
		tell "# logs and builds are in $work"
	fi
	tell "# $((SECONDS / 60)) min $((SECONDS % 60)) s"
	tell "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
}

# Without a word from finish() something here went wrong, or somebody ended it.
stopped() {
	fail "check.sh itself: it stopped before its end"
	finish || exit 1
}

main() {
	local step start
	for step; do
		case " --list $steps " in
		*" $step "*) ;;
		*) usage >&2 && exit 3 ;;
		esac
	done
	if [ "${1:-}" = --list ]; then
		usage
		exit 0
	fi
	[ "$(id -u)" -eq 0 ] || {
		tell "contrib/check.sh needs root: it installs packages and builds a lab of network namespaces. Use sudo." >&2
		exit 3
	}
	trap stopped EXIT
	trap 'kill $(jobs -p) 2>/dev/null; exit 1' INT TERM HUP
	set_up || {
		fail "set-up"
		finish || exit 1
	}
	# shellcheck disable=SC2086 # the list is meant to be split
	[ $# -gt 0 ] || set -- $steps
	for step; do
		tell "== $step"
		start=$SECONDS
		"step_${step//-/_}"
		tell "# step $step took $((SECONDS - start)) s"
	done
	finish || exit 1
}

main "$@"
