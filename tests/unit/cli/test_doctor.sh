#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vmpath doctor on this machine: as root, as nobody, in a bare network namespace, and that it changes nothing. Prints TAP.
. "$top_srcdir/tests/lint/tap.sh"

# A folder that nobody may look into
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"; [ -z "$namespace" ] || ip netns del "$namespace"' EXIT
namespace=
cp "$top_builddir/vmpath" "$work/vmpath"
chmod -R a+rX "$work"

# state NAME: of an ability in the document.
state() {
	tr -d ' \n' <"$work/out" | grep -oE "\"name\":\"$1\",\"title\":\"[^\"]*\",\"state\":\"[a-z]*\"" | sed 's/.*:"\([a-z]*\)"$/\1/'
}
is() {
	[ "$(state "$1")" = "$2" ] || { echo "$1 is $(state "$1"), wanted $2:"; cat "$work/out"; }
}
# run STATUSES COMMAND...: complains about an exit status that is none of these.
run() {
	wanted=$1
	shift
	"$@" >"$work/out" 2>"$work/err"
	status=$?
	case " $wanted " in
	*" $status "*) ;;
	*) echo "exit status $status, wanted one of $wanted: $(cat "$work/err")" ;;
	esac
	[ ! -s "$work/err" ] || cat "$work/err"
}
nobody() {
	(cd / && HOME=/nonexistent setpriv --reuid 65534 --regid 65534 --clear-groups "$@")
}
# What must be the same after as before.
traces() {
	cat /proc/modules /proc/self/mounts 2>/dev/null
	cat /proc/sys/net/ipv4/ip_forward
	ip -o link show 2>/dev/null | cut -d' ' -f1-4
}

traces >"$work/before"
tap_clean "the document names what was looked for" "$(run "0 1 3" "$work/vmpath" doctor --json -c test:///default
	is libvirt there; grep -q '"vmpath.doctor/1"' "$work/out" || cat "$work/out")"
tap_clean "a libvirt that is not there is missing" "$(run "1 3" "$work/vmpath" doctor --json -c qemu+unix:///system?socket=/nonexistent
	is libvirt missing)"
tap_clean "text" "$(run "0 1 3" "$work/vmpath" doctor -c test:///default; grep -q 'packet-sockets' "$work/out" || cat "$work/out")"
tap_clean "the verdict alone" "$(run "0 1 3" "$work/vmpath" doctor -q -c test:///default; [ "$(wc -l <"$work/out")" -eq 1 ] || cat "$work/out")"
if [ "$(id -u)" -ne 0 ]; then
	tap_skip "as root, as nobody, in a namespace" "this needs root"
	tap_done
fi
# An older capability set (containers) may lack some of root's: then that is told, and is right.
tap_clean "as root packets can be captured" "$(run "0 1" "$work/vmpath" doctor --json -c test:///default; is packet-sockets there; is netlink there)"
if command -v setpriv >/dev/null; then
	tap_clean "as nobody no trace is possible" "$(run 3 nobody "$work/vmpath" doctor --json -c test:///default
		is packet-sockets missing; is capabilities missing; is netlink there; is conntrack missing)"
else
	tap_skip "as nobody" "setpriv is not installed (Debian: util-linux)"
fi
if ip netns add "vmpath-doctor-$$" 2>/dev/null; then
	namespace=vmpath-doctor-$$
	tap_clean "in a bare network namespace" "$(run "0 1" ip netns exec "$namespace" "$work/vmpath" doctor --json -c test:///default
		is packet-sockets there; is netlink there; grep -q '"1 device, bridges among them: 0"' "$work/out" || cat "$work/out")"
	ip netns del "$namespace"
	namespace=
else
	tap_skip "in a bare network namespace" "ip netns add is refused"
fi
traces >"$work/after"
tap_clean "nothing was changed" "$(diff "$work/before" "$work/after")"
tap_done
