#!/bin/bash
# Proves README's two commands on a clean Debian 12: makes one with debootstrap below /var/tmp, clones this checkout into it,
# runs a command there (contrib/check.sh when none is given), and removes it again. As root; needs debootstrap and git.
#
#   contrib/clean-debian.sh [contrib/demo.sh | contrib/check.sh [STEP ...]]
set -euo pipefail

mirror=${VMPATH_MIRROR:-http://deb.debian.org}
top=$(cd "$(dirname "$0")/.." && pwd)
root=$(mktemp -d /var/tmp/vmpath-debian.XXXXXX)
trap 'rm -rf --one-file-system "$root"' EXIT

debootstrap --variant=minbase bookworm "$root" "$mirror/debian" >"$root.log" || { cat "$root.log"; exit 1; }
rm -f "$root.log"
cat >"$root/etc/apt/sources.list" <<-LIST
	deb $mirror/debian bookworm main
	deb $mirror/debian bookworm-updates main
	deb $mirror/debian-security bookworm-security main
LIST
cat /etc/resolv.conf >"$root/etc/resolv.conf"
cat /etc/hosts >"$root/etc/hosts"
git -c safe.directory="$top" clone -q "$top" "$root/root/vmpath"
[ $# -gt 0 ] || set -- contrib/check.sh

# pivot_root and not chroot: the lab enters mount namespaces, and from a chroot it would come out in the machine's own root.
# shellcheck disable=SC2016 # the inner shell expands them
unshare --mount --pid --fork --kill-child --propagation private bash -euc '
	root=$1
	shift
	mount --bind "$root" "$root"
	cd "$root"
	mount --rbind /dev dev
	mount -t proc proc proc
	mount -t sysfs sysfs sys
	mount -t tmpfs tmpfs run
	pivot_root . mnt
	cd /root/vmpath
	umount -l /mnt
	exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" <&-' bash "$root" "$@"
