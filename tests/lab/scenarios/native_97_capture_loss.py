"""The captures themselves lose frames: that is no loss of packets, and what is lost besides is told with bounds."""

import re
import signal

from lab import judge
from lab.host import HOST_IP
from lab.native import GUEST_IP, TAP, UPLINK
from lab.scenario import Fail, LabFault, scenario

BURST = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
for n in range({n}):
    s.sendto(n.to_bytes(4, "big") + b"u" * 60, ("{to}", 9999))
"""
DROP = """nft add table bridge burst
nft "add chain bridge burst f {{ type filter hook forward priority 0; }}"
nft 'add rule bridge burst f oifname "{tap}" ether type ip udp dport 9999 numgen inc mod 20 != 0 counter drop' """


def burst(ns, n):
    ns.run(["/usr/bin/python3", "-I", "-c", BURST.format(n=n, to=GUEST_IP)])


def trace_stopped(lab, bursts, *args):
    """Bursts to the guest, which the stopped program reads too late: a buffer of 1 MiB holds 5500 of them at most. Returns the Result."""
    ping = lab.traffic("ping")
    run = lab.start("trace", "--json", "-d", "8", *args, "web01", GUEST_IP)
    run.wait_unprivileged()
    ping.wait_answers(10)
    run.signal(signal.SIGSTOP)
    try:
        for ns, n in bursts:
            burst(ns, n)
    finally:
        run.signal(signal.SIGCONT)
        run.proc.send_signal(signal.SIGCONT)    # nsenter stops with what it runs
    ping.wait_answers(10)
    result = run.wait()
    lab.env.note("the program", result.text())
    if not any(h.get("capture", {}).get("dropped") for h in result.doc["hops"]):
        raise LabFault("no capture lost a frame")
    if result.doc["capture_whole"]:
        raise Fail("captures lost frames, and the document says that they are whole")
    judge.finding(result, "capture-lost-frames", "info")
    judge.sums(result)
    return result


@scenario("capture-loss", about="a burst that the captures cannot hold, and nothing is lost: nothing is called lost, and it is said how much is unsure")
def nothing_lost(lab):
    result = trace_stopped(lab, [(lab.network, 60000)], "--buffer", "1024")
    for s in result.doc["segments"]:
        if s["to"] != "guest" and (s["lost"] or s.get("lost_min")):
            raise Fail(f"nothing was lost between {s['from']} and {s['to']}: {s}")
    s = judge.segment(result, "to_guest", UPLINK, TAP)
    if result.verdict["code"] not in ("no-loss", "capture-incomplete", "not-taken-by-guest"):
        raise Fail(f"the verdict is {result.verdict}")
    if result.hop(TAP)["capture"]["dropped"] > result.hop(UPLINK)["capture"]["dropped"] and not s.get("unsure_why", {}).get("capture_loss"):
        raise Fail(f"the tap's capture lost more than the uplink's, and nothing is unsure: {s}")


@scenario("capture-loss-bounds", about="a filter drops most of a burst of which the tap's capture misses some: at least so many are lost, at most so many")
def most_lost(lab):
    lab.host.run(DROP.format(tap=TAP))
    lab.finally_(lab.host.run, "nft delete table bridge burst")
    if HOST_IP not in lab.host.run("ip -4 addr show dev br0").out:
        lab.host.run(f"ip addr add {HOST_IP}/24 dev br0")
        lab.finally_(lab.host.run, f"ip addr del {HOST_IP}/24 dev br0")
    # The host's own burst passes the tap alone, and is not filtered. The tap's capture holds 12,000 to 22,000 frames: how full the
    # kernel's blocks get depends on the machine. So it loses some, and fewer than the filter drops.
    result = trace_stopped(lab, [(lab.host, 24000), (lab.network, 17000)], "--buffer", "4096")
    dropped = int(re.search(r"counter packets (\d+)", lab.host.run("nft list table bridge burst").out)[1])
    blind = result.hop(UPLINK)["capture"]["dropped"]
    if dropped < 16000:
        raise LabFault(f"the filter dropped {dropped} only")
    s = judge.segment(result, "to_guest", UPLINK, TAP)
    low, high = s.get("lost_min", s["lost"]), s.get("lost_max", s["lost"])
    if s["lost"] > dropped or not low <= dropped <= high + blind or high > dropped + result.hop(TAP)["capture"]["dropped"]:
        raise Fail(f"{dropped} were dropped, {blind} at most unseen by the uplink's capture; told are {low} to {high}: {s}")
    if not low:     # on a machine that is busy otherwise the kernel's blocks are handed over half empty
        lab.env.note("bounds", f"the tap's capture lost more than the filter dropped: nothing is certainly lost: {s}")
        judge.finding(result, "capture-lost-frames", "info")
        return
    # the guest may not take all of it either
    judge.verdict(result, "loss", {"lost-in-host", "not-taken-by-guest"})
    found = judge.finding(result, "lost-in-host", "critical")
    if low < high and f"at least {low}, at most {high} of" not in found["summary"]:
        raise Fail(f"the finding gives no bounds: {found['summary']}")
