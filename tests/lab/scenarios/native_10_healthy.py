"""Nothing is wrong: no run may report a loss."""

import time

from lab import judge
from lab.native import GUEST_IP, GUEST_MAC, PEER_IP, TAP, UPLINK
from lab.scenario import Fail, LabFault, scenario, until
from lab.traffic import V6, with_ipv6


def mine(frame):
    return frame.involves(GUEST_MAC) or GUEST_IP in (frame.src, frame.dst) or frame.group()


def must(frame):
    return frame.involves(GUEST_MAC) and not frame.group() and GUEST_IP in (frame.src, frame.dst)


def both_ways(lab, result, truth):
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.healthy(result)
    for way in ("to_guest", "from_guest"):
        lab.env.note("counts", judge.counts(result, truth, way, UPLINK, TAP, mine, must))


def exchange(result, kind, way):
    """(asked, answered) of one kind of exchange."""
    found = [x for x in result.doc["exchanges"] if x["kind"] == kind and x["direction"] == way]
    if not found:
        raise Fail(f"no exchange {kind} {way}; there are {result.doc['exchanges']}")
    return sum(x["asked"] for x in found), sum(x["answered"] for x in found)


@scenario("healthy-ping", about="the network pings the guest")
def healthy_ping(lab):
    truth = lab.truth()
    lab.traffic("ping")
    result = lab.trace("web01", GUEST_IP)
    both_ways(lab, result, truth)
    asked, answered = exchange(result, "icmp-echo", "to_guest")
    if asked < 20 or asked - answered > 2:
        raise Fail(f"of {asked} pings {answered} are said to be answered")
    doc = result.doc
    if doc["guest"]["name"] != "web01" or doc["interface"]["target"] != TAP or doc["interface"]["mac"] != GUEST_MAC:
        raise Fail(f"wrong guest or interface: {doc['guest']}, {doc['interface']}")
    if [h["name"] for h in doc["hops"]][0] != "network" or doc["hops"][-1]["name"] != "guest":
        raise Fail(f"hops do not run from network to guest: {[h['name'] for h in doc['hops']]}")
    bridge = result.hop("br0")
    if not bridge or bridge["observed"] == "yes" or not bridge.get("why"):
        raise Fail(f"the bridge cannot be fully observed without promiscuous mode, and must say so: {bridge}")


@scenario("healthy-exact", about="pings that all lie within the window are counted exactly")
def healthy_exact(lab):
    truth = lab.truth()
    lab.traffic("ping", count=1).finish()      # the neighbours know each other
    run = lab.start("trace", "--json", "-d", 3, "web01", GUEST_IP)
    run.wait_unprivileged()
    lab.traffic("ping", count=40, interval=0.02)
    result = run.wait()
    lab.env.note("the program", result.text())
    both_ways(lab, result, truth)
    t0, t1 = result.window
    late = [f for f in truth.seen(UPLINK, "to_guest", lambda f: f.kind == "echo" and f.seq < 40) if f.ts > t1]
    if not late:
        asked, answered = exchange(result, "icmp-echo", "to_guest")
        if (asked, answered) not in ((40, 40), (41, 41)):   # the one before may just be inside as well
            raise Fail(f"40 pings were sent and answered in the window; the program counts {asked} and {answered}")


@scenario("healthy-http", about="the network fetches pages from the guest, small and big ones")
def healthy_http(lab):
    truth = lab.truth()
    lab.traffic("http", path="/big", interval=0.3)
    lab.traffic("http", path="/", interval=0.1)
    result = lab.trace("web01", GUEST_IP)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.healthy(result)
    judge.sums(result)
    asked, answered = exchange(result, "tcp-handshake", "to_guest")
    if asked < 10 or asked - answered > 2:
        raise Fail(f"of {asked} TCP connections {answered} are said to be answered")


@scenario("healthy-mixed", about="ping, big pings in fragments, UDP, TCP and ARP at once, without ADDRESS")
def healthy_mixed(lab):
    truth = lab.truth()
    lab.traffic("ping")
    lab.traffic("ping", size=4000, interval=0.2)
    lab.traffic("tcp", port=8080, interval=0.1)
    lab.traffic("arp", dev="peer0", source=PEER_IP, interval=0.2)
    lab.traffic("udp", port=9, interval=0.1, answered=False)    # nobody listens: an ICMP error comes back
    lab.guest().run(f"ping -c 100 -i 0.1 {PEER_IP} >/dev/null 2>&1 &")
    result = lab.trace("web01")
    both_ways(lab, result, truth)


@scenario("healthy-peer-address", about="ADDRESS is the peer's: only the traffic with that peer counts")
def healthy_peer(lab):
    truth = lab.truth()
    lab.network.run("ip addr add 192.0.2.99/24 dev peer0")
    lab.finally_(lab.network.run, "ip addr del 192.0.2.99/24 dev peer0")
    lab.traffic("ping", interval=0.1)
    lab.keep(_busybox_ping(lab))
    result = lab.trace("web01", "192.0.2.99")
    truth.stop()
    judge.healthy(result)
    t0, t1 = result.window
    most = len(truth.seen(UPLINK, "to_guest", lambda f: "192.0.2.99" in (f.src, f.dst) or f.group(), t0 - 0.5, t1 + 0.5))
    offered = judge.segment(result, "to_guest", UPLINK, TAP)["offered"]
    if not 5 <= offered <= most:
        raise Fail(f"with ADDRESS 192.0.2.99 {offered} packets are counted, at most {most} have to do with it")


class _busybox_ping:
    """The guest itself pings the second address of the network."""

    def __init__(self, lab):
        self.lab = lab

    def __enter__(self):
        self.lab.guest().run("ping -c 100 -i 0.2 192.0.2.99 >/dev/null 2>&1 & echo $! >/tmp/ping.pid")

    def __exit__(self, *_):
        self.lab.guest().run("kill $(cat /tmp/ping.pid) 2>/dev/null; true")


@scenario("healthy-ipv6", about="ping and neighbour discovery over IPv6")
def healthy_ipv6(lab):
    with_ipv6(lab)
    lab.traffic("ping", to=V6)
    result = lab.trace("web01", V6)
    judge.healthy(result)
    judge.sums(result)
    offered = judge.segment(result, "to_guest", UPLINK, TAP)["offered"]
    if offered < 20:
        raise Fail(f"only {offered} packets counted of an IPv6 ping with 20 per second")


@scenario("healthy-load", about="a thousand UDP packets a second, bulk HTTP and pings at once")
def healthy_load(lab):
    lab.traffic("ping", interval=0.01, count=3000)
    lab.traffic("http", path="/big", interval=0.05)
    lab.traffic("udp", port=9, interval=0.001, count=20000, answered=False)
    before = lab.host.counter(TAP, "tx_dropped")
    result = lab.trace("web01", GUEST_IP)
    dropped = lab.host.counter(TAP, "tx_dropped") - before
    judge.sums(result)
    if dropped:     # an emulated guest on a busy machine may really not keep up
        judge.verdict(result, "loss", "not-taken-by-guest", "to_guest", TAP, "guest")
    else:
        judge.healthy(result)
    if judge.segment(result, "to_guest", UPLINK, TAP)["lost"] or judge.segment(result, "from_guest", UPLINK, TAP)["lost"]:
        raise Fail("the bridge lost nothing")


@scenario("healthy-delay", about="a queue in front of the tap delays packets, and loses none")
def healthy_delay(lab):
    truth = lab.truth()
    lab.traffic("ping")
    lab.traffic("ping", size=1400, interval=0.028)
    lab.fault("tap-slow")
    result = lab.trace("web01", GUEST_IP)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    if truth.fates(UPLINK, TAP, "to_guest", must, 0, result.window[1])[1]:
        raise LabFault("the queue lost something")
    judge.healthy(result)
    judge.finding(result, "queueing", "info")


@scenario("healthy-dead-neighbour", about="the guest also asks for a neighbour that is not there; that is no loss of the traced traffic")
def dead_neighbour(lab):
    lab.guest().run("ping -c 100 -i 0.2 192.0.2.222 >/dev/null 2>&1 & echo $! >/tmp/ping.pid")
    lab.finally_(lambda: lab.guest().run("kill $(cat /tmp/ping.pid) 2>/dev/null; true"))
    lab.traffic("ping")
    judge.healthy(lab.trace("web01", PEER_IP, duration=2))
    judge.healthy(lab.trace("web01", GUEST_IP, duration=2))


@scenario("no-traffic", about="nobody says a word to the guest")
def no_traffic(lab):
    truth = lab.truth()
    since = [time.time()]

    def quiet():
        if truth.seen(TAP, None, lambda f: not f.group() or f.kind == "arp-request", since[0]):
            since[0] = time.time()
        return time.time() - since[0] > 1.5

    until(quiet, 30, "the guest to be left alone for 1.5 s")
    result = lab.trace("web01", "192.0.2.77", duration=2)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.verdict(result, "inconclusive", "no-traffic", rc=3)
    if any(x["lost"] for x in result.doc["segments"]):
        raise Fail("a loss without traffic")
