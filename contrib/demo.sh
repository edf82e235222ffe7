#!/bin/bash
# A demonstration on a clean Debian 12: installs what is missing, builds, sets up a lab with a real guest, traces the
# healthy guest, injects a fault, traces it again, and cleans up. It says what it does. As root; see contrib/README.
#
#   contrib/demo.sh             with a QEMU guest under a private libvirtd
#   contrib/demo.sh --small     with a small program in the place of the guest (also taken where QEMU cannot run)
set -euo pipefail
export LC_ALL=C.UTF-8 HOME="${HOME:-/root}" PATH="$PATH:/usr/sbin:/sbin"
umask 022

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=contrib/packages.sh
. "$top/contrib/packages.sh"

guest=web01
address=192.0.2.10
lab=
vmpath=
wrong=0

heading() { printf '\n=== %s\n' "$*"; }
tell() { printf '    %s\n' "$*"; }

build() {
	local dir=$top/build-demo
	heading "Building"
	if [ -f "$top/config.status" ]; then
		dir=$top # configured here already: the sources allow no second build folder then
	elif [ ! -x "$top/configure" ]; then
		(cd "$top" && autoreconf -fi) >/dev/null 2>&1 || (cd "$top" && autoreconf -fi)
	fi
	mkdir -p "$dir"
	[ -f "$dir/config.status" ] || (cd "$dir" && "$top/configure" -q)
	make -C "$dir" -s -j"$(nproc)" vmpath
	vmpath=$dir/vmpath
	tell "$("$vmpath" --version) is $vmpath"
}

# ---- the lab with a real guest -------------------------------------------------------------------------------------

real_up() {
	tell "A network namespace plays the hypervisor host, with bridge br0, uplink eth0 and a libvirtd of its own; another"
	tell "one plays the network. The guest $guest is a QEMU machine without acceleration, behind the tap 021f00."
	"$top/tests/lab/labctl" up
}
real_down() { "$top/tests/lab/labctl" down; }
real_in_host() { "$top/tests/lab/labctl" exec host "$@"; }
real_traffic() { "$top/tests/lab/labctl" traffic ping "$1"; }
real_vmpath() { real_in_host "$vmpath" "$@"; }
real_faults() { echo filter-to-guest guest-deaf; }
real_fault() { "$top/tests/lab/labctl" fault "$1"; }
real_undo() { "$top/tests/lab/labctl" undo; }

# ---- the small lab: two namespaces and a program behind a tap ------------------------------------------------------

small_host=vmpath-demo-host-$$
small_network=vmpath-demo-network-$$
small_dir=''
small_guest=''
small_ping=''

small_up() {
	tell "A network namespace plays the hypervisor host, with bridge br0 and uplink eth0; another one plays the network."
	tell "In the place of a guest a small program answers ARP and ping behind the tap 021f00, and libvirt's test driver"
	tell "(test:///) describes it. What it cannot show: a guest's own network stack, and libvirt's QEMU driver."
	small_dir=$(mktemp -d)
	chmod 755 "$small_dir"
	cc -O1 -o "$small_dir/guest" "$top/tests/lab/nest/guest.c"
	ip netns add "$small_host"
	ip netns add "$small_network"
	ip link add eth0 netns "$small_host" type veth peer name peer0 netns "$small_network"
	ip -n "$small_host" link add br0 type bridge forward_delay 0
	ip -n "$small_host" link set eth0 master br0 up
	ip -n "$small_host" link set br0 up
	ip -n "$small_network" addr add 192.0.2.1/24 dev peer0
	ip -n "$small_network" link set peer0 up
	ip netns exec "$small_host" "$small_dir/guest" 021f00 $address 52:54:00:02:1f:00 >"$small_dir/guest.log" &
	small_guest=$!
	until grep -q 'guest up' "$small_dir/guest.log"; do
		kill -0 "$small_guest" || return 1
		sleep 0.05
	done
	ip -n "$small_host" link set 021f00 master br0 up
	cat >"$small_dir/node.xml" <<-XML
		<node>
		  <domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
		    <name>$guest</name>
		    <uuid>5f2b3f6c-6f0e-4c55-9d0c-0d3c1e021f00</uuid>
		    <memory>131072</memory>
		    <vcpu>1</vcpu>
		    <os><type>hvm</type></os>
		    <devices>
		      <interface type='bridge'>
		        <mac address='52:54:00:02:1f:00'/>
		        <source bridge='br0'/>
		        <target dev='021f00'/>
		        <model type='virtio'/>
		      </interface>
		    </devices>
		    <test:runstate>1</test:runstate>
		  </domain>
		</node>
	XML
	# the first ping also proves that all of the above was done
	ip netns exec "$small_network" ping -n -q -c 1 -w 5 $address >/dev/null
}
small_down() {
	[ -z "$small_ping" ] || kill "$small_ping" 2>/dev/null || true
	[ -z "$small_guest" ] || kill "$small_guest" 2>/dev/null || true
	wait 2>/dev/null || true
	ip netns del "$small_host" 2>/dev/null || true
	ip netns del "$small_network" 2>/dev/null || true
	[ -z "$small_dir" ] || rm -rf "$small_dir"
}
small_in_host() { ip netns exec "$small_host" "$@"; }
small_traffic() {
	if [ "$1" = start ]; then
		ip netns exec "$small_network" ping -n -q -i 0.2 $address >/dev/null 2>&1 &
		small_ping=$!
	else
		kill "$small_ping"
		wait "$small_ping" 2>/dev/null || true
		small_ping=''
	fi
}
small_vmpath() { small_in_host "$vmpath" -c "test://$small_dir/node.xml" "$@"; }
small_faults() { echo port-disabled guest-hangs; }
small_fault() {
	case $1 in
	port-disabled) small_in_host bridge link set dev 021f00 state 0 ;;
	guest-hangs) kill -USR1 "$small_guest" ;;
	esac
}
small_undo() {
	small_in_host bridge link set dev 021f00 state 3
	kill -USR2 "$small_guest"
}

# ---- the demonstration ---------------------------------------------------------------------------------------------

about() {
	case $1 in
	filter-to-guest) echo "a filter rule on the bridge drops all packets towards the guest" ;;
	port-disabled) echo "the guest's port on the bridge is disabled" ;;
	guest-deaf) echo "the guest's driver drops all it receives, and the guest asks ARP for ever: restarting its NIC would cure it" ;;
	guest-hangs) echo "the guest takes no packet any more" ;;
	esac
}

# trace WANTED: run a trace and hold its exit status against what the lab made true.
trace() {
	local status=0
	printf '\n    $ vmpath trace -d 4 %s %s\n\n' $guest $address
	"${lab}_vmpath" trace -d 4 $guest $address || status=$?
	tell "(exit status $status)"
	if [ $status -ne "$1" ]; then
		tell "This is NOT what the lab has built: status $1 was to be expected."
		wrong=1
	fi
}

clean_up() {
	[ -z "$lab" ] || {
		heading "Cleaning up"
		"${lab}_down" || true
		lab=''
	}
}

set_up() {
	heading "Setting up the lab"
	trap clean_up EXIT
	trap 'exit 1' INT TERM HUP
	if [ "${1:-}" != --small ]; then
		lab=real
		if real_up; then
			return
		fi
		real_down || true
		tell "QEMU or libvirtd cannot run here (see above): falling back to the small lab."
	fi
	lab=small
	small_up || {
		tell "The small lab cannot be set up either: it needs network namespaces, bridges and /dev/net/tun."
		exit 1
	}
}

main() {
	local fault
	[ "$(id -u)" -eq 0 ] || {
		echo "contrib/demo.sh needs root: it installs packages and makes network namespaces. Use sudo." >&2
		exit 3
	}
	heading "Installing what is missing"
	packages_install build lab
	build
	set_up "$@"

	heading "The guests of this host, and the path to $guest"
	"${lab}_vmpath" list || wrong=1
	echo
	"${lab}_vmpath" path $guest || wrong=1

	heading "A healthy guest: the network pings it five times a second"
	"${lab}_traffic" start
	trace 0
	for fault in $("${lab}_faults"); do
		heading "A fault: $(about "$fault")"
		"${lab}_fault" "$fault"
		trace 2
		heading "The fault is undone"
		"${lab}_undo"
	done
	trace 0
	"${lab}_traffic" stop
	clean_up
	[ $wrong -eq 0 ] || {
		echo "The demonstration did not go as it should; see NOT above." >&2
		exit 1
	}
	printf '\nDone. The program is %s; see man/vmpath.8.\n' "$vmpath"
}

main "$@"
