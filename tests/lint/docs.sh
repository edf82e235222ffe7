#!/bin/sh
# The project's texts: there, of one version, and free of lint. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"
cd "$top_srcdir" || exit 1

for f in README NEWS HACKING COPYING contrib/README tests/README tests/lab/README man/vmpath.8 man/vmpath-json.5 man/vmpath-findings.7; do
	tap_clean "$f is there" "$([ -s "$f" ] || echo "$f is missing or empty")"
done

# Folders of contrib/ without a README that says what they are for.
without_readme() {
	for d in "$1"/contrib/*/; do
		[ ! -d "$d" ] || [ -s "$d/README" ] || echo "${d#"$1"/} has no README"
	done
}
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/contrib/thing"
tap_clean "each folder of contrib/ has its README" "$(without_readme .)"
tap_catches "a folder without one" "$(without_readme "$tree")"

# contrib/README speaks of each thing in contrib/.
unnamed() {
	for f in contrib/*; do
		case ${f#contrib/} in
		README | local.mk) ;;
		*) grep -qF "${f#contrib/}" contrib/README || echo "contrib/README does not speak of ${f#contrib/}" ;;
		esac
	done
}
tap_clean "contrib/README names all that is there" "$(unnamed)"

version=$(sed -n 's/^AC_INIT(\[vmpath\], \[\([^]]*\)\].*/\1/p' configure.ac)
news=$(sed -n 's/^vmpath \([0-9][0-9.]*\).*/\1/p' NEWS | head -n 1)
tap_clean "configure.ac and NEWS agree on the version" \
	"$([ -n "$version" ] && [ "$version" = "$news" ] || echo "configure.ac: '$version', top of NEWS: '$news'")"

# Files that README, HACKING or a man page sends the reader to.
dead_ends() {
	grep -ohE '\b(contrib|tests|src|man)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' README HACKING tests/README contrib/README | sort -u |
		grep -vE '(NAME|KIND|PROTOCOL|FORMAT|FOLDER)' | while read -r f; do
		[ -e "$f" ] || echo "$f is spoken of and is not there"
	done
}
tap_clean "files that the texts name exist" "$(dead_ends)"

# Members that the JSON writers of src/report name and the man page does not.
undescribed() {
	cat src/report/json*.c | tr '\n' ' ' | grep -oE '(vmp_json_[a-z]+|add_[a-z]+)\([^"()]*(\([^()]*\)[^"()]*)*"[a-z0-9_]+"' |
		grep -oE '"[a-z0-9_]+"$' | tr -d '"' | sort -u | while read -r member; do
		grep -qE "^\.(It )?Va (.*[ ,])?$member( |\$)" "$1" || echo "$member is not described"
	done
}
tap_clean "vmpath-json.5 describes every member" "$(undescribed man/vmpath-json.5)"
grep -v 'Va answered ' man/vmpath-json.5 >"$tree/page.5"
tap_catches "a member without description" "$(undescribed "$tree/page.5")"

mandoc=${MANDOC:-$(command -v mandoc)}
if [ -n "$mandoc" ]; then
	for page in man/*.[578]; do
		tap_clean "mandoc has no complaint about $page" "$("$mandoc" -Tlint -W warning "$page" 2>&1 | grep -v 'STYLE: referenced manual not found')"
	done
	printf '.Dd November 21, 2026\n.Dt BAD 8\n.Os\n.Sh NAME\n.Nm bad\n.Nd bad page\n.Sh DESCRIPTION\n.Bl -tag\n.It one\n' >"$tree/bad.8"
	tap_catches "a list that is not closed" "$("$mandoc" -Tlint -W warning "$tree/bad.8" 2>&1)"
else
	tap_skip "man pages" "mandoc is not installed (Debian: mandoc)"
fi
tap_done
