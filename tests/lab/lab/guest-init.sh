#!/bin/sh
# The guest's /init: modules, network, a web server, and a shell for the lab on the second serial port.
#
# Kernel command line: lab.host=NAME lab.nic=MAC,ADDRESS/LEN[,GATEWAY] (or MAC,dhcp), once per card.
# On ttyS1 a line "ID BASE64" runs that command; the answer is the line "@ID STATUS BASE64-OF-OUTPUT".
export PATH=/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
# no duplicate address detection: it would only make the lab slower
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
while read -r ko; do insmod "/lib/$ko"; done </lib/order
ip link set lo up
# a card answers for its own addresses only
echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce
for word in $(cat /proc/cmdline); do
	case $word in
	lab.host=*) hostname "${word#*=}" ;;
	lab.nic=*)
		spec=${word#*=}
		mac=${spec%%,*} spec=${spec#*,}
		address=${spec%%,*} gateway=
		case $spec in *,*) gateway=${spec#*,} ;; esac
		for dev in /sys/class/net/*; do
			[ "$(cat "$dev/address")" = "$mac" ] || continue
			dev=${dev##*/}
			ip link set "$dev" up
			if [ "$address" = dhcp ]; then
				cat >/tmp/dhcp <<-'S'
					#!/bin/sh
					case $1 in bound|renew) ip addr replace "$ip/$mask" dev "$interface"
					[ -z "$router" ] || ip route replace default via "$router" ;; esac
				S
				chmod +x /tmp/dhcp
				udhcpc -i "$dev" -s /tmp/dhcp -t 10 -T 1 -b >/dev/null 2>&1 &
			else
				ip addr add "$address" dev "$dev"
				[ -z "$gateway" ] || ip route add default via "$gateway"
			fi
		done ;;
	esac
done
httpd -p 80 -h /www
httpd -p 8080 -h /www
setsid sh -c '
	exec </dev/ttyS1 >/dev/ttyS1 2>/dev/null
	stty raw -echo clocal
	echo "@ready"
	while read -r id text; do
		timeout 60 sh -c "$(echo "$text" | base64 -d)" </dev/null >/tmp/out.$$ 2>&1
		echo "@$id $? $(base64 /tmp/out.$$ | tr -d "\n")"
	done' &
# the kernel panics when this process ends
while :; do sleep 1000; done
