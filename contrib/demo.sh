#!/bin/bash
# A demonstration on a clean Debian 12: installs what is missing, builds, sets up a lab with a real guest, traces the
# healthy guest, injects faults, traces it again, and cleans up. It says what it does. As root; see contrib/README.
#
#   contrib/demo.sh             with a QEMU guest under a private libvirtd
#   contrib/demo.sh --small     with a small program in the place of the guest (also taken where QEMU cannot run)
set -euo pipefail
exec </dev/null
export LC_ALL=C.UTF-8 HOME="${HOME:-/root}" PATH="$PATH:/usr/sbin:/sbin"
umask 022

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=contrib/packages.sh
. "$top/contrib/packages.sh"

guest=web01
address=192.0.2.10
name=demo-$$
small=''
up=''
vmpath=''
wrong=0

heading() { printf '\n=== %s\n' "$*"; }
tell() { printf '    %s\n' "$*"; }
labctl() { "$top/tests/lab/labctl" --name "$name" "$@"; }

# quietly LOG COMMAND...: its output goes to LOG, and is shown when it fails.
quietly() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 || {
		cat "$log"
		return 1
	}
}

build() {
	local dir=$top/build-demo
	heading "Building"
	if [ -f "$top/config.status" ]; then
		dir=$top # configured here already: the sources allow no second build folder then
	fi
	mkdir -p "$dir"
	[ -x "$top/configure" ] || quietly "$dir/autoreconf.log" autoreconf -fi "$top"
	[ -f "$dir/config.status" ] || (cd "$dir" && quietly configure.log "$top/configure")
	tell "Compiling in $dir"
	quietly "$dir/make.log" make -C "$dir" -j"$(nproc)"
	vmpath=$dir/vmpath
	tell "$("$vmpath" --version): $vmpath"
}

clean_up() {
	[ -n "$up" ] || return 0
	up=''
	heading "Cleaning up"
	labctl down
	tell "The namespaces, the libvirtd and the guest are gone."
}

set_up() {
	heading "Setting up the lab"
	tell "A network namespace plays the hypervisor host, with bridge br0 and uplink eth0; another one plays the network."
	up=1
	if [ -z "$small" ]; then
		tell "A libvirtd of its own runs the guest $guest: a QEMU machine, without acceleration, behind the tap 021f00."
		if labctl up; then
			return 0
		fi
		labctl down || true
		tell "QEMU or libvirtd cannot run here, for the reason above: falling back to the small lab."
		small=1
	fi
	tell "In the place of the guest a small program answers behind the tap 021f00, and libvirt's test driver (test:///)"
	tell "describes it. What this cannot show: a guest's own network stack, and libvirt's QEMU driver."
	labctl up --fallback && return 0
	tell "The small lab cannot be set up either: it needs network namespaces, a bridge and /dev/net/tun."
	return 1
}

about() {
	case $1 in
	filter-to-guest) echo "a filter rule on the bridge drops all packets towards the guest" ;;
	guest-deaf) echo "the guest's driver hands nothing up, so the guest asks ARP for ever although it is answered" ;;
	suspended) echo "the guest takes no packet any more" ;;
	esac
}

# in_lab WORDS...: run the program in the lab host and show how it was called.
in_lab() {
	printf '\n    $ vmpath %s\n\n' "$*"
	labctl exec host "$vmpath" "$@"
}

# expect STATUS COMMAND...: run it, and hold its exit status against what the lab made true.
expect() {
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	if [ $status -ne "$wanted" ]; then
		tell "This is NOT what the lab has built: exit status $status, and $wanted was to be expected."
		wrong=1
	else
		printf '\n'
		tell "(exit status $status)"
	fi
}

main() {
	local fault second=guest-deaf
	case ${1:-} in
	--small) small=1 ;;
	'') ;;
	*) echo "usage: contrib/demo.sh [--small]" >&2 && exit 3 ;;
	esac
	[ "$(id -u)" -eq 0 ] || {
		echo "contrib/demo.sh needs root: it installs packages and makes network namespaces. Use sudo." >&2
		exit 3
	}
	heading "Installing what is missing"
	packages_install build lab
	build
	trap clean_up EXIT
	trap 'exit 1' INT TERM HUP
	set_up
	[ -z "$small" ] || second=suspended

	heading "The guests of this host, and the path to $guest"
	expect 0 in_lab list
	expect 0 in_lab path $guest

	heading "A healthy guest: the network pings it ten times a second"
	labctl traffic ping start
	expect 0 in_lab trace -d 4 $guest $address
	for fault in filter-to-guest $second; do
		heading "A fault: $(about "$fault")"
		labctl fault "$fault"
		expect 2 in_lab trace -d 4 $guest $address
		heading "The fault is undone"
		labctl undo "$fault"
	done
	expect 0 in_lab trace -d 4 $guest $address
	labctl traffic ping stop
	clean_up
	[ $wrong -eq 0 ] || {
		echo "The demonstration did not go as it should: see NOT above." >&2
		exit 1
	}
	printf '\nDone. The program is %s; its manual is %s.\n' "$vmpath" "$top/man/vmpath.8"
}

main "$@"
