"""Where a packet went instead: by another port, to all ports, or twice."""

from lab import judge
from lab.native import GUEST_IP, GUEST_MAC, TAP, UPLINK, until
from lab.scenario import Fail, scenario

OTHER = "032f00"    # db02's
PEER_MAC = "02:00:5e:00:02:01"


def goes_to(result, hop, owner):
    """The packets lost on their way to the guest were seen at this port instead, and its owner is named."""
    s = judge.segment(result, "to_guest", UPLINK, TAP)
    where = s.get("elsewhere", {})
    if where.get("hop") != hop or where.get("guest") != owner or where["packets"] * 10 < s["lost"] * 9:
        raise Fail(f"the packets went to {hop}, of {owner}; told is {s}")
    if owner and (hop not in result.verdict["summary"] or owner not in result.verdict["summary"]):
        raise Fail(f"the verdict does not say where they are: {result.verdict['summary']}")


def not_lost(result):
    lost = [s for s in result.doc["segments"] if s["lost"] or s.get("lost_min")]
    if lost:
        raise Fail(f"a loss where there is none: {lost}")


@scenario("elsewhere-static", about="a static entry of the bridge's table sends the guest's packets to db02's port: it is named")
def static_entry(lab):
    lab.guest("db02")
    lab.traffic("ping")
    lab.host.run(f"bridge fdb replace {GUEST_MAC} dev {OTHER} master static")
    lab.finally_(lab.host.run, f"bridge fdb del {GUEST_MAC} dev {OTHER} master static", check=False)
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, "loss", "lost-in-host", "to_guest", UPLINK, TAP)
    goes_to(result, OTHER, "db02")


@scenario("elsewhere-same-mac", about="db02 uses web01's MAC and talks all the time, so that the bridge takes it for web01: db02 is named")
def same_mac(lab):
    db02 = lab.guest("db02")
    change = "ip link set eth0 down; ip link set eth0 address %s; ip link set eth0 up"
    before = db02.run("cat /sys/class/net/eth0/address").out.strip()
    lab.traffic("ping")
    db02.run(change % GUEST_MAC)
    lab.finally_(db02.run, change % before)
    db02.run("while :; do arping -q -c 1 -w 1 -I eth0 192.0.2.30; done >/dev/null 2>&1 & echo $! >/tmp/talk.pid")
    lab.finally_(db02.run, "kill $(cat /tmp/talk.pid); true")
    until(lambda: OTHER in lab.host.run(f"bridge fdb show | grep -i {GUEST_MAC} | grep -v permanent", check=False).out, 10,
          "the bridge to learn the MAC at db02's port")
    result = lab.trace("web01", GUEST_IP, duration=3)
    if result.rc == 0:
        raise Fail("two guests have one MAC, and all is said to be well")
    if result.verdict["state"] == "loss":
        judge.verdict(result, "loss", {"lost-in-host", "guest-silent"})
    if not any("db02" in f["summary"] + " ".join(f.get("evidence", [])) or OTHER in f["summary"] + " ".join(f.get("evidence", []))
               for f in result.doc["findings"]):
        raise Fail("neither db02 nor its port is named")


@scenario("elsewhere-flooded", about="the bridge does not know the guest's MAC and floods: seen at db02's port too, delivered, no loss")
def flooded(lab):
    lab.guest("db02")
    lab.traffic("ping")
    lab.host.run(f"bridge link set dev {TAP} learning off; bridge fdb flush dev {TAP} master 2>/dev/null || bridge fdb del {GUEST_MAC} dev {TAP} master")
    lab.finally_(lab.host.run, f"bridge link set dev {TAP} learning on")
    result = lab.trace("web01", GUEST_IP)
    not_lost(result)
    judge.verdict(result, "ok", "no-loss")
    hop = result.hop(OTHER)
    if not hop or not hop.get("astray") or hop.get("guest") != "db02":
        raise Fail(f"that the packets leave at db02's port as well is not told: {hop}")
    if judge.segment(result, "to_guest", UPLINK, TAP)["delivered"] < 20:
        raise Fail("what was delivered is not counted")


MIRROR = """tc qdisc add dev {frm} clsact
tc filter add dev {frm} ingress protocol ip u32 match u32 0 0 action mirred egress mirror dev {to}"""


@scenario("elsewhere-mirrored", about="tc copies what comes in to db02's port: that is not where it went")
def mirrored(lab):
    lab.guest("db02")
    lab.traffic("ping")
    lab.finally_(lab.host.run, f"tc qdisc del dev {UPLINK} clsact", check=False)
    lab.host.run(MIRROR.format(frm=UPLINK, to=OTHER))
    result = lab.trace("web01", GUEST_IP)
    not_lost(result)
    judge.verdict(result, "ok", "no-loss")
    if not (result.hop(OTHER) or {}).get("astray"):
        raise Fail("the copies at db02's port are not told")


@scenario("duplicates", about="tc copies what comes in to the guest's own port: seen twice, delivered once")
def twice(lab):
    lab.traffic("ping")
    lab.finally_(lab.host.run, f"tc qdisc del dev {UPLINK} clsact", check=False)
    lab.host.run(MIRROR.format(frm=UPLINK, to=TAP))
    result = lab.trace("web01", GUEST_IP)
    not_lost(result)
    judge.verdict(result, "ok", "no-loss")
    s, tap = judge.segment(result, "to_guest", UPLINK, TAP), result.hop(TAP)
    if tap.get("duplicates", 0) < s["delivered"] * 9 // 10 or s["delivered"] > result.hop(UPLINK)["to_guest"]["packets"]:
        raise Fail(f"each packet is there twice: {tap}, {s}")


@scenario("elsewhere-hairpin", about="the uplink's port sends back where it came from: the guest's own frames return, and nothing is lost")
def hairpin(lab):
    lab.traffic("ping")
    lab.host.run(f"bridge link set dev {UPLINK} hairpin on; bridge link set dev {TAP} hairpin on")
    lab.finally_(lab.host.run, f"bridge link set dev {UPLINK} hairpin off; bridge link set dev {TAP} hairpin off")
    result = lab.trace("web01", GUEST_IP)
    not_lost(result)
    judge.verdict(result, "ok", "no-loss")


@scenario("elsewhere-answers", about="a static entry sends what is for the gateway to db02's port: the guest's answers do not leave, and it is said where they go")
def answers(lab):
    lab.guest("db02")
    ping = lab.traffic("ping")
    lab.host.run(f"bridge fdb replace {PEER_MAC} dev {OTHER} master static sticky")
    lab.finally_(lambda: (lab.host.run(f"bridge fdb del {PEER_MAC} dev {OTHER} master static", check=False), lab.lab.wait_answer()))
    result = lab.trace("web01", GUEST_IP)
    if ping.over or result.rc == 0:
        raise Fail("no answer gets out, and all is said to be well")
    if OTHER not in result.verdict["summary"] or "db02" not in result.verdict["summary"]:
        raise Fail(f"the verdict does not say where they go: {result.verdict}")
