"""The bridge and its devices."""

from lab import judge, lossy
from lab.native import GUEST_IP, TAP, UPLINK
from lab.scenario import scenario


@scenario("port-disabled", about="the guest's bridge port is disabled")
def port_disabled(lab):
    result, _ = lossy.on_the_bridge(lab, "port-disabled", "to_guest", UPLINK, TAP)
    judge.finding(result, "port-not-forwarding")


@scenario("port-isolated", about="tap and uplink are both isolated ports")
def port_isolated(lab):
    result, _ = lossy.on_the_bridge(lab, "isolated", "to_guest", UPLINK, TAP)
    judge.finding(result, "port-isolated")


@scenario("tap-mtu", about="the tap's MTU is too small for the big packets, small ones pass")
def tap_mtu(lab):
    result, _ = lossy.on_the_bridge(lab, "tap-mtu", "to_guest", UPLINK, TAP, kinds=(
        ("ping", {"interval": 0.1}), ("ping", {"size": 1400, "interval": 0.1})))
    judge.finding(result, "mtu-smaller", word="mtu")


@scenario("tap-unplugged", about="the tap is no port of the bridge that the XML names")
def tap_unplugged(lab):
    lossy.on_the_bridge(lab, "tap-unplugged", "to_guest", {UPLINK, "br0"}, TAP)


@scenario("tap-shaped", about="a token bucket on the tap drops what is too much")
def tap_shaped(lab):
    result, _ = lossy.on_the_bridge(lab, "tap-shaped", "to_guest", UPLINK, TAP, kinds=(
        ("ping", {"size": 1000, "interval": 0.02, "count": 800}),))
    if judge.finding(result, "lost-in-host", "critical").get("cause") != "qdisc-drops":
        raise judge.Fail("the token bucket is not told as the cause")


@scenario("tc-ingress", about="a tc filter drops what comes in at the uplink")
def tc_ingress(lab):
    lossy.on_the_bridge(lab, "tc-ingress", "to_guest", UPLINK, TAP)


@scenario("tc-egress", about="a tc filter drops what is given to the tap")
def tc_egress(lab):
    lossy.on_the_bridge(lab, "tc-egress", "to_guest", UPLINK, TAP)


@scenario("tap-down", about="the tap is down")
def tap_down(lab):
    result, _ = lossy.on_the_bridge(lab, "tap-down", "to_guest", {UPLINK, "br0"}, TAP)
    judge.finding(result, "backend-down", word="down")


@scenario("bridge-down", about="the bridge is down")
def bridge_down(lab):
    result, _ = lossy.on_the_bridge(lab, "bridge-down", "to_guest", UPLINK, {"br0", TAP})
    judge.finding(result, "bridge-down", word="down")


@scenario("fdb-wrong-port", about="the bridge's table has the guest's MAC on another port")
def fdb_wrong_port(lab):
    result, _ = lossy.on_the_bridge(lab, "fdb-wrong-port", "to_guest", UPLINK, TAP)
    judge.finding(result, {"mac-on-other-port"})


@scenario("path-static", about="vmpath path tells isolated ports and link state down without a packet")
def path_static(lab):
    clean = lab.run("path", "--json", "web01")
    if clean.rc != 0 or any(i["findings"] for i in clean.doc["interfaces"] if any(f["severity"] != "info" for f in i["findings"])):
        raise judge.Fail("a healthy path has findings")
    if [h["name"] for h in clean.doc["interfaces"][0]["hops"]] != ["network", UPLINK, "br0", TAP, "guest"]:
        raise judge.Fail(f"the path is {[h['name'] for h in clean.doc['interfaces'][0]['hops']]}")
    for fault, word in (("isolated", "isolated"), ("link-down", "link"), ("port-disabled", "forward"), ("tap-mtu", "mtu"), ("bridge-down", "down")):
        lab.fault(fault)
        result = lab.run("path", "--json", "web01")
        lab.undo(fault)
        found = [f for i in result.doc["interfaces"] for f in i["findings"] if word in f["summary"].lower() and f["severity"] != "info"]
        if not found:
            raise judge.Fail(f"vmpath path says nothing about {fault}")
        if result.rc not in (1, 2):
            raise judge.Fail(f"vmpath path with {fault}: exit status {result.rc}")
    lab.lab.wait_answer(GUEST_IP)
