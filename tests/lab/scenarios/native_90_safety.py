"""Privileges, evidence, and an end before its time."""

import difflib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

from lab import judge, lossy, ns
from lab.native import GUEST_IP, TAP, UPLINK
from lab.scenario import Fail, LabFault, Skip, scenario, until


def status_of(pid):
    """The lines of /proc/PID/status of every thread of a process."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        yield task.name, dict(x.split(":\t", 1) for x in (task / "status").read_text().splitlines() if ":\t" in x)


def packet_sockets(lab):
    """The inodes of all packet sockets of the lab host's network namespace."""
    lines = pathlib.Path(f"/proc/{lab.host.pid}/net/packet").read_text().splitlines()[1:]
    return {line.split()[-1] for line in lines}


def holds(pid, inodes):
    """Whether a process has one of these sockets open."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            m = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            continue
        if m and m.group(1) in inodes:
            return True
    return False


def family(pid):
    """A process and all below it."""
    found = [pid]
    for child in ns.children(pid):
        found += family(child)
    return found


def leftovers(pid):
    """What a process that reads packets must not have, as complaints: (uid and capabilities, system call filter)."""
    wrong, unfiltered = [], []
    for tid, s in status_of(pid):
        wrong += [f"{tid}: {ids} {s[ids]}" for ids in ("Uid", "Gid", "Groups") if "0" in s.get(ids, "").split()]
        wrong += [f"{tid}: {cap} {s[cap]}" for cap in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(s[cap], 16)]
        if s["NoNewPrivs"].strip() != "1":
            wrong.append(f"{tid}: NoNewPrivs {s['NoNewPrivs']}")
        if s["Seccomp"].strip() != "2":
            unfiltered.append(f"{tid}: Seccomp {s['Seccomp']}")
    core = next(x for x in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines() if x.startswith("Max core"))
    if core.split()[4:6] != ["0", "0"]:
        wrong.append(f"{pid}: {core}")
    return wrong, unfiltered


@scenario("privileges", about="while it reads packets it has no uid 0, no capability, no way back, and a system call filter")
def privileges(lab):
    ping = lab.traffic("ping")
    place = lab.lab.rundir / "evidence"
    lab.host.run(["mkdir", "-p", place])
    lab.finally_(lab.host.run, ["rm", "-rf", str(place)])
    run = lab.start("trace", "--json", "-v", "-d", "3", "-w", place, "web01", GUEST_IP)
    run.wait_unprivileged()
    ping.wait_answers(5)        # it is reading packets by now
    sockets = packet_sockets(lab)
    # a helper that never sees a packet may keep what it needs
    readers = [pid for pid in family(run.pid) if holds(pid, sockets)]
    checked = [leftovers(pid) for pid in {*readers, run.pid}]
    result = run.wait()
    lab.env.note("the program", result.text())
    if not readers:
        raise LabFault("no process of the program holds a packet socket while it traces")
    wrong = [x for complaints, _ in checked for x in complaints]
    if wrong:
        raise Fail("a process that reads packets still has privileges: " + "; ".join(wrong))
    unfiltered = [x for _, complaints in checked for x in complaints]
    if unfiltered and "no system-call filter" not in result.err:    # a build without one (sanitizers) must say so
        raise Fail("a process that reads packets has no system call filter: " + "; ".join(unfiltered))
    judge.healthy(result)


KEEPS = {0x1000: "the warden", 0xb: "the keeper"}     # CAP_NET_ADMIN; CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER


def gone(pid):
    """Whether a process has ended, be it that nobody has asked for its status yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@scenario("helpers", about="the small processes hold no packet socket and no more than they need, and go away with their parent")
def helpers(lab):
    place = lab.lab.rundir / "evidence"
    lab.host.run(["mkdir", "-p", place])
    lab.finally_(lab.host.run, ["rm", "-rf", str(place)])
    run = lab.start("trace", "--json", "-d", "60", "-w", place, "web01", GUEST_IP)
    run.wait_unprivileged()
    sockets = packet_sockets(lab)
    small = [pid for pid in family(run.pid) if pid != run.pid and not holds(pid, sockets)]
    if not small or not sockets:
        raise LabFault(f"there are {len(small)} small processes and {len(sockets)} packet sockets")
    for pid in small:
        for _, s in status_of(pid):
            if int(s["CapEff"], 16) not in KEEPS or int(s["CapPrm"], 16) != int(s["CapEff"], 16) or int(s["CapBnd"], 16):
                raise Fail(f"a small process has capabilities {s['CapEff']}, may have {s['CapPrm']} and gain {s['CapBnd']}")
            if int(s["CapEff"], 16) == 0x1000 and "0" in s["Uid"].split():
                raise Fail("the warden is still root")
            if s["NoNewPrivs"].strip() != "1":
                raise Fail(f"{KEEPS[int(s['CapEff'], 16)]} can gain privileges")
        names = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        if sum(not (n.startswith("/dev/null") or n.startswith("socket:") or "evidence" in n) for n in names):
            raise Fail(f"a small process holds {names}")
    os.kill(run.pid, signal.SIGKILL)
    run.wait(10)
    until(lambda: all(gone(pid) for pid in small), 10, "the small processes to go away with their parent")
    if os.listdir(place):
        raise Fail(f"{os.listdir(place)} is left behind")


@scenario("interrupt", about="Ctrl-C ends the capture and still gives the report")
def interrupt(lab):
    ping = lab.traffic("ping")
    run = lab.start("trace", "--json", "-d", "60", "web01", GUEST_IP)
    run.wait_unprivileged()
    ping.wait_answers(20)
    start = time.monotonic()
    run.signal(signal.SIGINT)
    result = run.wait(10)
    lab.env.note("the program", result.text())
    if time.monotonic() - start > 5:
        raise Fail("it took more than 5 s to end")
    judge.healthy(result)
    if not 0.5 < result.doc["duration_s"] < 20 or judge.segment(result, "to_guest", UPLINK, TAP)["offered"] < 10:
        raise Fail(f"the report is not of what was seen: {result.doc['duration_s']} s, {result.doc['segments']}")


@scenario("text", about="the report for people: verdict first, nothing of terminals when there is none")
def text(lab):
    lab.traffic("ping")
    lab.fault("filter-to-guest")
    result = lab.run("trace", "-d", "2", "web01", GUEST_IP)
    first = result.out.split("\n")[0]
    if result.rc != 2 or UPLINK not in first or TAP not in first:
        raise Fail(f"status {result.rc}; the first line does not name the place: {first}")
    if "\033" in result.out + result.err or "\r" in result.out + result.err:
        raise Fail("there are terminal sequences though nothing is a terminal")


def tool(*argv):
    """Run one of Wireshark's tools; a complaint of it is a Fail. Returns what it printed."""
    p = subprocess.run(argv, capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"})
    said = [x for x in p.stderr.splitlines() if "Running as user" not in x and not x.startswith("reading from file") and x.strip()]
    if p.returncode or said:
        raise Fail(f"{' '.join(map(str, argv))}: status {p.returncode}: {' / '.join(said)}")
    return p.stdout


@scenario("evidence", about="-w writes a folder that others can read, one packet has one id at all its hops")
def evidence(lab):
    place = lab.lab.rundir / "evidence"
    lab.host.run(["mkdir", "-p", place])
    lab.finally_(lab.host.run, ["rm", "-rf", str(place)])
    truth = lab.truth()
    lab.traffic("ping")
    lab.traffic("http", interval=0.3)
    lab.fault("filter-one-in-ten")
    result = lab.trace("-w", place, "web01", GUEST_IP)
    truth.stop()
    judge.verdict(result, "loss", "lost-in-host", "to_guest", UPLINK, TAP)
    check_folder(lab, place, result, truth)


def check_folder(lab, place, result, truth):
    folders = os.listdir(place)
    if len(folders) != 1 or not folders[0].startswith("vmpath-web01-"):
        raise Fail(f"one folder vmpath-web01-STARTED was to be written; there is {folders}")
    folder = place / folders[0]
    want = {"trace.pcapng", "frames.idx", "run.json", "report.json", "report.txt", "domain.xml", "SHA256SUMS"}
    if set(os.listdir(folder)) != want:
        raise Fail(f"the folder holds {sorted(os.listdir(folder))}")
    loose = [f.name for f in folder.iterdir() if f.stat().st_mode & 0o777 != 0o600] + ([folder.name] if folder.stat().st_mode & 0o077 else [])
    if loose:
        raise Fail(f"readable by others: {loose}")
    sums = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    if sums.returncode or sums.stdout.count(": OK") != len(want) - 1:
        raise Fail(f"SHA256SUMS: {sums.stdout}{sums.stderr}")
    if json.loads((folder / "report.json").read_text())["verdict"] != result.verdict:
        raise Fail("report.json has another verdict than standard output")
    if "021f00" not in (folder / "domain.xml").read_text():
        raise Fail("domain.xml does not name the tap")
    check_pcapng(lab, folder / "trace.pcapng", result, truth)


def check_pcapng(lab, trace, result, truth):
    info = tool("capinfos", trace)
    for device in (UPLINK, TAP):
        if f"Name = {device}" not in info:
            raise Fail(f"no interface block is named {device}: {info}")
    if "nanosecond" not in info:
        raise Fail(f"times are not in nanoseconds: {info}")
    converted = lab.lab.rundir / "evidence.pcap"
    lab.finally_(converted.unlink, missing_ok=True)
    tool("editcap", "-F", "pcap", trace, converted)
    tool("tcpdump", "-n", "-r", trace)
    fields = ["frame.packet_id", "frame.interface_name", "icmp.type", "icmp.seq", "frame.comment", "frame.packet_flags_direction", "frame.len"]
    rows = [line.split("\t") for line in tool("tshark", "-n", "-r", trace, "-T", "fields", *(w for f in fields for w in ("-e", f))).splitlines()]
    echoes = {}
    for ident, device, kind, seq, comment, direction, _ in rows:
        if kind == "8":
            echoes.setdefault(seq, {})[device] = (ident, comment, direction)
    both = [v for v in echoes.values() if UPLINK in v and TAP in v]
    alone = [v for v in echoes.values() if UPLINK in v and TAP not in v]
    if len(both) < 20 or not alone:
        raise Fail(f"{len(both)} pings are in the file at both hops, {len(alone)} at the uplink only")
    if any(v[UPLINK][0] != v[TAP][0] or not v[UPLINK][0] for v in both):
        raise Fail("one packet has two ids")
    idents = [v[UPLINK][0] for v in echoes.values() if UPLINK in v]
    if len(set(idents)) != len(idents):
        raise Fail("two packets share an id")
    t0, t1 = result.window
    settled = [f for f in truth.fates(UPLINK, TAP, "to_guest", lambda f: f.kind == "echo", t0 + 0.5, t1 - 0.5)[1]]
    marked = sum(1 for v in alone if v[UPLINK][1])
    if marked < len(settled):
        raise Fail(f"{len(settled)} lost pings were to be commented on, {marked} are")
    if {d for v in both for d in (v[UPLINK][2], v[TAP][2])} & {"", "0", "0x00000000"}:
        raise Fail("packets without a direction flag")


def traced_with_loss(lab, place):
    truth = lab.truth()
    lab.traffic("ping")
    lab.fault("filter-answers")
    result = lab.trace("-w", place, "web01", GUEST_IP, duration=2)
    truth.stop()
    judge.seen_loss(truth, "from_guest", UPLINK, TAP, lossy.certain, "filter-answers")
    judge.verdict(result, "loss", "lost-in-host", "from_guest", TAP, UPLINK)
    return result, truth


LOOK = """ip -d link show | sed "s/_timer *[0-9.]*//g"; ip addr show | grep -v valid_lft; nft -s list ruleset; bridge -d link; ls /sys/kernel/tracing/instances
    sysctl -a 2>/dev/null | grep -E '^net[.](ipv4|ipv6|bridge|core)[.]' | grep -vE 'nf_conntrack|rt6_stats|neigh|fastopen_key|wmem|rmem|tcp_mem|udp_mem'"""


def look(lab):
    """The lines that describe the host's devices, rules and settings, counters left out."""
    return lab.host.run(LOOK).out.splitlines()


def same(before, after, when):
    changed = [x for x in difflib.unified_diff(before, after, "before", "after", n=0, lineterm="") if not x.startswith("@@")]
    if changed:
        raise Fail(f"{when} the host is not what it was:\n" + "\n".join(changed[:40]))


@scenario("nothing-changed", about="a trace leaves devices, rules and settings of the host as they were; so does --promisc")
def nothing_changed(lab):
    lab.traffic("ping")
    before = look(lab)
    for words, promiscuous in (([], False), (["--promisc"], True)):
        run = lab.start("trace", "--json", "-d", "2", *words, "web01", GUEST_IP)
        run.wait_unprivileged()
        bridge = lab.host.run("ip -d link show br0").out
        result = run.wait()
        lab.env.note("the program", result.text())
        if ("promiscuity 0 " not in bridge) != promiscuous:
            raise Fail(f"with {words or 'no option'} the bridge is {'not ' if promiscuous else ''}in promiscuous mode: {bridge}")
        same(before, look(lab), f"after a trace with {words or 'no option'}")
        judge.healthy(result)
        seen = result.hop("br0")["observed"]
        if seen != ("yes" if promiscuous else "partly"):
            raise Fail(f"with {words or 'no option'} the bridge is said to be observed: {seen}")
