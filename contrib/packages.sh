# shellcheck shell=bash disable=SC2154
# Sourced by check.sh and demo.sh, with $top set: says which Debian packages are missing and installs those.

# Names of the packages of the groups given: build, test, lab, nest.
packages_of() {
	local group
	for group; do
		case $group in
		lab) cat "$top/tests/lab/packages" ;;
		nest) cat "$top/tests/lab/nest/packages" ;;
		*) sed -n "s/^$group //p" "$top/contrib/packages.debian" ;;
		esac
	done | sed 's/#.*//' | tr -s ' \t' '\n' | sed '/^$/d' | sort -u
}

# Of the packages named on standard input those that are not installed.
packages_missing() {
	local name
	while read -r name; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
	done
}

# Install what is missing of the groups given. Nothing is asked, nothing recommended comes along, and no service is
# started by its installation: the lab starts what it needs in namespaces of its own.
packages_install() {
	local missing policy=/usr/sbin/policy-rc.d made_policy='' status=0 log
	if ! command -v apt-get >/dev/null; then
		echo "This is not Debian: install what $top/contrib/packages.debian names (README has Fedora's names)."
		return 0
	fi
	mapfile -t missing < <(packages_of "$@" | packages_missing)
	if [ ${#missing[@]} -eq 0 ]; then
		echo "All packages needed are installed."
		return 0
	fi
	echo "Installing what is missing: ${missing[*]}"
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
		made_policy=1
	fi
	log=$(mktemp)
	{
		apt-get -q update &&
			DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
				--no-install-recommends install "${missing[@]}"
	} </dev/null >"$log" 2>&1 || status=$?
	[ -z "$made_policy" ] || rm -f "$policy"
	if [ $status -ne 0 ]; then
		cat "$log" >&2
		echo "apt-get could not install them; see its words above." >&2
	fi
	rm -f "$log"
	return $status
}
