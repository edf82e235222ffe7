#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A bundle as other people's tools see it: none of them may complain.
set -u
number=0
bad=0

check() { # NAME WANT GOT
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		printf '%s\n' "wanted: $2" "got: $3" | sed 's/^/# /'
		bad=1
	fi
}

skip() { # NAME TOOL
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2 is not installed"
}

have() { command -v "$1" >/dev/null 2>&1; }

# What a tool says on standard error, without what it says to root and what it always says.
complaints() { grep -v -e '^Running as user "root"' -e '^reading from file' "$1"; }

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT INT TERM
export HOME="$dir" # no preferences of whoever runs this
mkdir "$dir/bundle"
"$top_builddir/tests/unit/evidence/test_writer" "$dir/bundle" 6 >/dev/null || exit 1
cd "$dir/bundle" || exit 1
tab=$(printf '\t')

check 'files of the bundle' 'SHA256SUMS domain.xml frames.idx report.json report.txt run.json trace.pcapng' "$(echo *)"

name='checksums are those of sha256sum'
if have sha256sum; then
	check "$name" '' "$(sha256sum --check --strict --quiet SHA256SUMS 2>&1)"
	printf x >>report.txt
	sha256sum --check --status SHA256SUMS 2>/dev/null
	check 'a changed file is found' 1 $?
else
	skip "$name" sha256sum
fi

name='capinfos reads it'
if have capinfos; then
	got=$(capinfos -M -c -I -F trace.pcapng 2>"$dir/err" |
		grep -E 'Number of packets:|Number of interfaces|Name =|Description =|Number of stat|Filter string' |
		sed 's/^[[:space:]]*//; s/  */ /g' | sort | uniq -c | sed 's/^ *//')
	check "$name" '1 Description = hop 1: nic
1 Description = hop 2: bridge
1 Description = hop 3: guest web01 net0 (tap)
3 Filter string = ether host 52:54:00:02:1f:00
1 Name = 021f00
1 Name = br0
1 Name = eth0
1 Number of interfaces in file: 3
1 Number of packets: 10
3 Number of stat entries = 1' "$got"
	check "$name in silence" '' "$(complaints "$dir/err")"
else
	skip "$name" capinfos
fi

name='tshark shows hop, packet id, direction and comment of every frame'
if have tshark; then
	got=$(tshark -r trace.pcapng -T fields -e frame.interface_name -e frame.packet_id -e frame.packet_flags_direction \
		-e frame.comment -e frame.cap_len -e frame.len -e icmp.seq 2>"$dir/err" | sed "s/0x0000000/0x/g")
	want=$(for i in 1 2 3 4 5 6; do
		if [ $((i % 3)) = 0 ]; then
			echo "eth0${tab}$i${tab}0x1${tab}lost: not seen at 021f00 within 1 s${tab}42${tab}98${tab}$i"
		else
			echo "eth0${tab}$i${tab}0x1${tab}${tab}42${tab}98${tab}$i"
			echo "021f00${tab}$i${tab}0x2${tab}${tab}42${tab}98${tab}$i"
		fi
	done)
	check "$name" "$want" "$got"
	check 'tshark reads it in silence' '' "$(complaints "$dir/err")"
	check 'one packet at all its hops by its id' 'eth0 021f00' \
		"$(tshark -r trace.pcapng -Y 'frame.packet_id == 4' -T fields -e frame.interface_name 2>/dev/null | xargs)"
	check 'times are in nanoseconds' '1795300389.124456789' \
		"$(tshark -r trace.pcapng -c 1 -T fields -e frame.time_epoch 2>/dev/null)"
	check 'nothing is malformed' '' "$(tshark -r trace.pcapng -Y _ws.malformed 2>/dev/null)"
	tshark -r trace.pcapng -w "$dir/again.pcapng" 2>/dev/null
	check 'a saved copy is as good' "$got" \
		"$(tshark -r "$dir/again.pcapng" -T fields -e frame.interface_name -e frame.packet_id \
			-e frame.packet_flags_direction -e frame.comment -e frame.cap_len -e frame.len -e icmp.seq \
			2>/dev/null | sed 's/0x0000000/0x/g')"
	golden="$top_srcdir/tests/golden/evidence/blocks.pcapng"
	check 'tshark reads blocks with every option' "eth0${tab}lost 021f00\\x1b[31m\\xff${tab} 021f00\\x1b[31m\\xff${tab}" \
		"$(tshark -r "$golden" -T fields -e frame.interface_name -e frame.comment 2>"$dir/err" | paste -s -d ' ')"
	check 'and in silence' '' "$(complaints "$dir/err")"
else
	skip "$name" tshark
fi

name='editcap turns it into a pcap'
if have editcap; then
	editcap -F pcap trace.pcapng "$dir/plain.pcap" >"$dir/err" 2>&1
	check "$name" 0 $?
	check "$name in silence" '' "$(complaints "$dir/err")"
else
	skip "$name" editcap
fi

name='tcpdump reads it'
if have tcpdump; then
	check "$name" 10 "$(tcpdump -n -r trace.pcapng 2>"$dir/err" | grep -c 'ICMP echo request, id 4660')"
	check "$name in silence" '' "$(complaints "$dir/err")"
else
	skip "$name" tcpdump
fi

echo "1..$number"
exit $bad
