"""The ticket: a guest that answers nothing but its console, and its cure."""

from lab import judge, lossy
from lab.native import GUEST_IP, PEER_IP, TAP
from lab.scenario import LabFault, scenario, until


@scenario("ticket", about="the guest loses all it receives and asks ARP for ever; its cure brings it back")
def ticket(lab):
    result, truth, _ = lossy.at_the_guest(lab, "guest-deaf", kinds=(
        ("tcp", {"port": 80, "interval": 0.2}), ("tcp", {"port": 8080, "interval": 0.2}), ("ping", {"interval": 0.1})), duration=6)
    t0, t1 = result.window
    asked = len(truth.seen(TAP, "from_guest", lambda f: f.kind == "arp-request" and f.dst == PEER_IP, t0, t1))
    told = len(truth.seen(TAP, "to_guest", lambda f: f.kind == "arp-reply", t0, t1))
    if asked < 4 or told < 4:
        raise LabFault(f"the guest asked ARP {asked} times and was answered {told} times")
    judge.verdict(result, "loss", {"guest-silent", "not-taken-by-guest"}, {"from_guest", "to_guest"}, {"guest", TAP}, {"guest", TAP})
    # a finding of its own, or evidence of the verdict's finding
    judge.finding(result, {f["code"] for f in result.doc["findings"]}, word="arp")

    lab.undo("guest-deaf")
    lab.guest().run("ip link set eth0 down; ip link set eth0 up; ip route replace default via " + PEER_IP)
    lab.lab.wait_answer(GUEST_IP)
    cured = lab.truth()
    ping = lab.traffic("ping")
    until(lambda: ping.answered > 3, 10, "the guest to answer again")
    result = lab.trace("web01", GUEST_IP)
    cured.stop()
    for way in ("to_guest", "from_guest"):
        judge.counts(result, cured, way, "eth0", TAP, lossy.about_guest, lossy.certain)
    judge.healthy(result)
