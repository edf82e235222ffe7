"""Beyond this host: answers that are eaten after they left it, questions that get no answer."""

from lab import judge, lossy
from lab.native import GUEST_IP, PEER_IP, TAP, UPLINK
from lab.scenario import Fail, LabFault, scenario, until


@scenario("answers-eaten", about="the network loses the answers: the peer keeps asking though they left")
def answers_eaten(lab):
    truth = lab.truth()
    lab.traffic("tcp", interval=0.1, timeout=20)
    lab.traffic("arp", dev="peer0", source=PEER_IP, interval=0.3)
    lab.fault("answers-eaten")
    again = len(truth.seen(UPLINK, "from_guest", lambda f: f.flags == "SA")) + 5
    until(lambda: len(truth.seen(UPLINK, "from_guest", lambda f: f.flags == "SA")) > again, 10, "answers to leave")
    result = lab.trace("web01", GUEST_IP, duration=5)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    t0, t1 = result.window
    syns = [f.key[-1][:8] for f in truth.seen(UPLINK, "to_guest", lambda f: f.flags == "S", t0, t1)]
    if len(set(syns)) > len(syns) - 5:
        raise LabFault("the peer did not repeat its questions")
    judge.verdict(result, "loss", "lost-beyond-host", "from_guest", UPLINK, "network")
    for way in ("to_guest", "from_guest"):
        judge.counts(result, truth, way, UPLINK, TAP, lossy.about_guest, lossy.certain)
        if judge.segment(result, way, UPLINK, TAP)["lost"]:
            raise Fail("nothing was lost in this host")


@scenario("nothing-arrives", about="the guest's own questions leave, and nothing comes back")
def nothing_arrives(lab):
    lab.network.run("ip link set peer0 arp off; sysctl -qw net.ipv4.icmp_echo_ignore_all=1")
    lab.finally_(lab.network.run, "ip link set peer0 arp on; sysctl -qw net.ipv4.icmp_echo_ignore_all=0")
    lab.guest().run(f"ping -c 100 -i 0.1 {PEER_IP} >/dev/null 2>&1 & echo $! >/tmp/ping.pid")
    lab.finally_(lambda: lab.guest().run("kill $(cat /tmp/ping.pid) 2>/dev/null; true"))
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, {"loss", "inconclusive"}, "nothing-arrives", "to_guest", "network", UPLINK, rc=result.rc)
    if result.rc not in (1, 2, 3) or any(s["lost"] for s in result.doc["segments"]):
        raise Fail(f"status {result.rc}, and nothing was lost in this host")
