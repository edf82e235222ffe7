#!/bin/sh
# Data flows one way: which folder of src/ may include what. Prints TAP.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/tap.sh"

# The edge that owns a third-party header: header prefix, folder (or folders, with commas).
edges='
libvirt/	domain
libxml/	domain
libxml2/	domain
netlink/	host
pcap	capture
zlib.h	capture,host
json-c/	report,evidence,ruleset,domain
nftables/	ruleset
json.h	report
cap-ng.h	guard
seccomp.h	guard
gcrypt.h	evidence
bpf/	cause
'

# Folders of pure stages: they do no I/O, so they need no header of the system's interfaces (linux/ has names of numbers).
pure='path packet match gauge finding model'
impure_headers='unistd.h fcntl.h time.h poll.h signal.h dirent.h netdb.h sys/ net/ netinet/ netpacket/'

# Prints FILE:LINE and what is wrong for every include below ROOT/src and ROOT/tests/unit that the rules forbid.
check_layers() {
	(cd "$1" && find src tests/unit -name '*.[ch]' 2>/dev/null | sort | xargs -r awk -v edges="$edges" -v pure="$pure" -v impure="$impure_headers" '
		BEGIN {
			n = split(edges, e, /[ \t\n]+/)
			for (i = 1; i < n; i++) if (e[i] != "") { prefix[++edge] = e[i]; owner[edge] = e[++i] }
			split(pure, p, " "); for (i in p) is_pure[p[i]] = 1
			system_headers = split(impure, forbidden, " ")
		}
		function complain(what) { print FILENAME ":" FNR ": " what }
		function begins(text, start) { return index(text, start) == 1 }
		/^[ \t]*#[ \t]*include/ {
			parts = split(FILENAME, path, "/")
			test = path[1] == "tests"
			folder = path[test ? 3 : 2]
			line = $0
			sub(/^[ \t]*#[ \t]*include[ \t]*/, "", line)
			form = substr(line, 1, 1)
			name = substr(line, 2)
			sub(/[">].*/, "", name)
			if (form == "\"") {
				if (name == "config.h" || (test && name !~ /\//)) next
				target = name
				if (!sub(/\/[^\/]*$/, "", target)) { complain("name the folder: \"" name "\""); next }
				if (folder == "cli" || target == folder || target == "base") next
				if (target == "model" && folder != "base") next
				complain(folder "/ includes " name)
			} else if (form == "<") {
				for (i = 1; i <= edge; i++)
					if (begins(name, prefix[i]) && index("," owner[i] ",", "," folder ",") == 0)
						complain(folder "/ includes <" name ">, which is for " owner[i] "/ alone")
				if (!test && folder in is_pure)
					for (i = 1; i <= system_headers; i++)
						if (begins(name, forbidden[i]))
							complain(folder "/ is pure and includes <" name ">")
			} else
				complain("an include that cannot be checked: " $0)
		}')
}

# A tree with one planted line: plant FILE LINE.
plant() {
	rm -rf "$tree"
	mkdir -p "$tree/src" "$tree/tests/unit" "$tree/$(dirname "$1")"
	printf '%s\n' "$2" >"$tree/$1"
	check_layers "$tree"
}

tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT

tap_clean "every include runs with the layers" "$(check_layers "$top_srcdir")"
tap_catches "a stage that includes another stage" "$(plant src/path/walk.c '#include "host/host.h"')"
tap_catches "a record that includes a stage" "$(plant src/model/run.c '#include "report/report.h"')"
tap_catches "base that includes a record" "$(plant src/base/str.c '#include "model/run.h"')"
tap_catches "an include without its folder" "$(plant src/match/match.c '#include "match.h"')"
tap_catches "spaces around the include" "$(plant src/match/match.c '  #  include	"packet/packet.h"')"
tap_catches "an include through a macro" "$(plant src/match/match.c '#include HEADER')"
tap_catches "a third-party header outside its edge" "$(plant src/host/json.c '#include <json-c/json.h>')"
tap_catches "a third-party header in cli" "$(plant src/cli/main.c '#include <pcap/pcap.h>')"
tap_catches "a stage's way up to cli" "$(plant src/host/read.c '#include "cli/pipeline.h"')"
tap_catches "a system call's header in a pure stage" "$(plant src/packet/decode.c '#include <sys/socket.h>')"
tap_catches "a clock in a pure stage" "$(plant src/match/settle.c '#include <time.h>')"
tap_catches "a unit test that reaches into another folder" "$(plant tests/unit/path/test_walk.c '#include "host/host.h"')"
tap_clean "allows what is allowed" "$(
	plant src/cli/pipeline.c '#include "match/match.h"'
	plant src/host/read.c '#include "model/host.h"'
	plant src/host/read.c '#include <netlink/netlink.h>'
	plant src/evidence/json.c '#include <json-c/json.h>'
	plant src/path/walk.c '#include "path/walk.h"'
	plant src/path/walk.c '#include <string.h>'
	plant tests/unit/path/test_walk.c '#include "path/path.h"'
)"
tap_done
