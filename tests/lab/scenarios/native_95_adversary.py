"""Cases that were misjudged once, or nearly: other MACs, full queues, half-known addresses, odd but healthy traffic."""

import subprocess

from lab import judge
from lab.native import GUEST_IP, GUEST_MAC, PEER_IP, TAP, UPLINK, until
from lab.scenario import Fail, LabFault, scenario

FLOOD = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
begin, n = time.monotonic(), 0
while time.monotonic() - begin < {seconds}:
    while n < (time.monotonic() - begin) * {rate}:
        s.sendto(n.to_bytes(4, "big") + b"u" * 96, ("{to}", 9999))
        n += 1
    time.sleep(0.001)
"""


def flood(lab, rate, seconds=8, to=GUEST_IP):
    """UDP from the network at so many packets per second."""
    p = lab.network.popen(["setpriv", "--pdeathsig", "KILL", "/usr/bin/python3", "-I", "-c", FLOOD.format(rate=rate, seconds=seconds, to=to)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    lab.finally_(lambda: (p.kill(), p.wait()))


def never_lost(result):
    lost = [s for s in result.doc["segments"] if s["lost"]]
    if lost:
        raise Fail(f"a loss where there is none: {lost}")


@scenario("queue-overflows", about="a short tap queue drops some of a steady stream: their number is known from the tap")
def queue_overflows(lab):
    lab.host.run(f"ip link set {TAP} txqueuelen 5")
    lab.finally_(lab.host.run, f"ip link set {TAP} txqueuelen 1000")
    lab.traffic("ping")
    flood(lab, 5000, seconds=40)
    begin = lab.host.counter(TAP, "tx_dropped")
    until(lambda: lab.host.counter(TAP, "tx_dropped") > begin + 50, 5, "the tap to drop")
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, "loss", "not-taken-by-guest", "to_guest", TAP, "guest")
    last = judge.segment(result, "to_guest", TAP, "guest")
    if last["lost"] > lab.host.counter(TAP, "tx_dropped") - begin:
        raise Fail(f"more is called lost than the tap dropped: {last}")
    if judge.segment(result, "to_guest", UPLINK, TAP)["lost"]:
        raise Fail("what the queue dropped is called lost in the bridge")
    begin = lab.host.counter(TAP, "tx_dropped")
    other = lab.trace("web01", "-f", "icmp", GUEST_IP, duration=1)
    if lab.host.counter(TAP, "tx_dropped") == begin:
        raise LabFault("the tap dropped no more")
    if other.rc == 0:
        raise Fail("the queue drops, and a trace of few of its packets says that all is well")


@scenario("other-mac", about="the guest sends with another MAC than its XML says, and is heard all the same")
def other_mac(lab):
    change = f"ip link set eth0 down; ip link set eth0 address %s; ip link set eth0 up; ip route replace default via {PEER_IP}"
    lab.network.run("ip neigh flush dev peer0")
    lab.guest().run(change % "52:54:00:99:99:99")
    lab.finally_(lambda: (lab.guest().run(change % GUEST_MAC), lab.network.run("ip neigh flush dev peer0")))
    lab.traffic("ping")
    result = lab.trace("web01", GUEST_IP)
    never_lost(result)
    judge.verdict(result, "inconclusive", "no-traffic", rc=1)
    judge.finding(result, "guest-uses-other-mac", "warning", word="52:54:00:99:99:99")


@scenario("only-arp-no-address", about="ARP for the guest stops in the bridge and ADDRESS is not given: no health without traffic")
def only_arp(lab):
    lab.host.run(f"bridge link set dev {TAP} bcast_flood off")
    lab.finally_(lab.host.run, f"bridge link set dev {TAP} bcast_flood on")
    lab.network.run("ip neigh flush dev peer0")
    lab.traffic("arp", dev="peer0", source=PEER_IP, to="192.0.2.211", answered=False)
    result = lab.trace("web01")
    never_lost(result)
    judge.finding(result, "broadcast-off")
    # what the guest multicasts by itself may be followed, and then it is
    if result.verdict["state"] == "ok" and not any(s["offered"] for s in result.doc["segments"]):
        raise Fail("nothing of the guest was seen, and all is said to be well")


@scenario("uplink-down", about="the uplink is down and the guest asks in vain")
def uplink_down(lab):
    lab.host.run(f"ip link set {UPLINK} down")
    lab.finally_(lambda: (lab.host.run(f"ip link set {UPLINK} up"), lab.lab.wait_answer()))
    lab.guest().run(f"ip neigh replace {PEER_IP} lladdr 02:00:5e:00:02:01 nud permanent dev eth0; "
                    f"ping -c 100 -i 0.05 {PEER_IP} >/dev/null 2>&1 & echo $! >/tmp/ping.pid")
    lab.finally_(lambda: lab.guest().run(f"kill $(cat /tmp/ping.pid) 2>/dev/null; ip neigh del {PEER_IP} dev eth0; true"))
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, "loss", "lost-in-host", "from_guest", TAP, UPLINK)
    judge.finding(result, "uplink-down", "critical")


@scenario("healthy-segmented", about="bulk TCP while the tap, then the uplink, cuts what came in one piece")
def healthy_segmented(lab):
    for dev, off, on in ((TAP, "tso off", "tso on"), (UPLINK, "tso off gso off", "tso on gso on")):
        if lab.host.run(f"ethtool -K {dev} {off}", check=False).rc:
            raise LabFault(f"{dev} keeps its offloads")
        lab.finally_(lab.host.run, f"ethtool -K {dev} {on}", check=False)
    for _ in range(3):
        lab.traffic("http", path="/big", interval=0.1)
    lab.traffic("ping")
    result = lab.trace("web01", GUEST_IP)
    judge.healthy(result)
    judge.sums(result)


@scenario("healthy-fast-udp", about="a steady stream of UDP that the guest can take")
def healthy_udp(lab):
    dropped = lab.host.counter(TAP, "tx_dropped")
    lab.traffic("ping")
    flood(lab, 1000, seconds=5)
    result = lab.trace("web01", GUEST_IP)
    if lab.host.counter(TAP, "tx_dropped") != dropped:
        raise LabFault("this machine's guest cannot take 1000 packets per second")
    judge.healthy(result)
    if judge.segment(result, "to_guest", UPLINK, TAP)["offered"] < 1000:
        raise Fail("of 1000 packets per second hardly any were counted")


@scenario("healthy-equal-packets", about="a tool repeats one and the same ARP request ten times a second, all are answered")
def equal_packets(lab):
    lab.traffic("arp", dev="peer0", source=PEER_IP, interval=0.1)
    result = lab.trace("web01", GUEST_IP)
    never_lost(result)
    judge.verdict(result, "ok", "no-loss")
    unsure = [s for s in result.doc["segments"] if s["unsure"]]
    if unsure or result.verdict["confidence"] != "certain":
        raise Fail(f"equal packets are not told apart: {unsure}, {result.verdict}")
    slow = [s for s in result.doc["segments"] if s.get("latency_us", {}).get("p50", 0) > 50000]
    if slow:
        raise Fail(f"a packet was taken for the one before it: {slow}")
