"""Filters in the host."""

from lab import judge, lossy
from lab.native import PEER_IP, TAP, UPLINK
from lab.scenario import Fail, scenario
from lab.traffic import V6, with_ipv6


@scenario("filter-to-guest", about="a bridge filter drops all towards the guest")
def filter_to_guest(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-to-guest", "to_guest", UPLINK, TAP)
    asked = [x for x in result.doc["exchanges"] if x["kind"] == "icmp-echo" and x["direction"] == "to_guest"]
    if not asked or asked[0]["answered"] or asked[0]["asked"] < 20:
        raise Fail(f"exchanges are wrong: {result.doc['exchanges']}")


@scenario("filter-answers", about="a bridge filter drops the guest's answers only")
def filter_answers(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-answers", "from_guest", TAP, UPLINK)
    if judge.segment(result, "to_guest", UPLINK, TAP)["lost"]:
        raise Fail("questions are called lost, and only answers are")


@scenario("filter-one-in-ten", about="a bridge filter drops every tenth packet towards the guest")
def filter_one_in_ten(lab):
    lossy.on_the_bridge(lab, "filter-one-in-ten", "to_guest", UPLINK, TAP, kinds=(("ping", {"interval": 0.02, "count": 600}),))


@scenario("filter-one-port", about="a bridge filter drops one TCP port while ping and another port work")
def filter_one_port(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-one-port", "to_guest", UPLINK, TAP, kinds=(
        ("ping", {}), ("tcp", {"port": 8080, "interval": 0.1}), ("tcp", {"port": 80, "interval": 0.2})))
    judge.finding(result, "lost-in-host", "critical")
    pings = [x for x in result.doc["exchanges"] if x["kind"] == "icmp-echo" and x["direction"] == "to_guest"]
    if not pings or pings[0]["asked"] - pings[0]["answered"] > 2:
        raise Fail(f"the pings were answered, the program says {pings}")


@scenario("filter-ingress", about="a netdev filter drops at the uplink's ingress, after the packet was seen there")
def filter_ingress(lab):
    lossy.on_the_bridge(lab, "ingress-uplink", "to_guest", UPLINK, TAP)


@scenario("filter-egress", about="a netdev filter drops the answers at the uplink's egress")
def filter_egress(lab):
    lossy.on_the_bridge(lab, "egress-uplink", "from_guest", TAP, UPLINK)


@scenario("forward-policy", about="br_netfilter and iptables' FORWARD policy DROP")
def forward_policy(lab):
    lossy.on_the_bridge(lab, "forward-policy", "to_guest", UPLINK, TAP)


ARPING = ("arp", {"dev": "peer0", "source": PEER_IP, "interval": 0.1})


@scenario("filter-arp", about="a bridge filter drops ARP towards the guest; what knows its MAC still gets through")
def filter_arp(lab):
    lossy.on_the_bridge(lab, "filter-arp", "to_guest", UPLINK, TAP, kinds=(ARPING, ("ping", {})), sure=lambda f: f.kind == "arp-request")


@scenario("filter-arp-answers", about="a bridge filter drops the guest's ARP answers")
def filter_arp_answers(lab):
    lossy.on_the_bridge(lab, "filter-arp-answers", "from_guest", TAP, UPLINK, kinds=(ARPING, ("ping", {})))


@scenario("filter-ipv6", about="a bridge filter drops IPv6 while IPv4 passes")
def filter_ipv6(lab):
    with_ipv6(lab)
    lab.traffic("ping", to=V6)
    lab.traffic("ping")
    lab.fault("filter-ipv6")
    result = lab.trace("web01")
    judge.verdict(result, "loss", "lost-in-host", "to_guest", UPLINK, TAP)
    lost = judge.segment(result, "to_guest", UPLINK, TAP)
    if lost["lost"] < 10 or lost["delivered"] < 10:
        raise Fail(f"half of the pings are IPv6 and lost, half are IPv4 and pass; the program says {lost}")
    # Neighbour discovery is looked at whatever address is traced, and is lost as well.
    judge.healthy(lab.trace("web01", "192.0.2.10", "-f", "not ip6", duration=1))
