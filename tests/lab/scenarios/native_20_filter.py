"""Filters in the host."""

from lab import judge, lossy
from lab.native import GUEST_IP, GUEST_MAC, PEER_IP, TAP, UPLINK
from lab.scenario import Fail, LabFault, scenario, until
from lab.traffic import V6, with_ipv6


@scenario("filter-to-guest", about="a bridge filter drops all towards the guest")
def filter_to_guest(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-to-guest", "to_guest", UPLINK, TAP)
    told = judge.cause(result, "dropped-by-filter", "bridge lab f handle", f'oifname "{TAP}" counter drop', "before the window")
    if told and told["remedy"] != "nft -a list chain bridge lab f":
        raise Fail(f"the remedy is {told['remedy']}")
    asked = [x for x in result.doc["exchanges"] if x["kind"] == "icmp-echo" and x["direction"] == "to_guest"]
    if not asked or asked[0]["answered"] or asked[0]["asked"] < 20:
        raise Fail(f"exchanges are wrong: {result.doc['exchanges']}")


@scenario("filter-answers", about="a bridge filter drops the guest's answers only")
def filter_answers(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-answers", "from_guest", TAP, UPLINK)
    if judge.segment(result, "to_guest", UPLINK, TAP)["lost"]:
        raise Fail("questions are called lost, and only answers are")
    judge.cause(result, "dropped-by-filter", "bridge lab f handle", f'iifname "{TAP}"')


@scenario("filter-one-in-ten", about="a bridge filter drops every tenth packet towards the guest")
def filter_one_in_ten(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-one-in-ten", "to_guest", UPLINK, TAP, kinds=(("ping", {"interval": 0.02, "count": 600}),))
    judge.cause(result, "dropped-by-filter", "bridge lab f handle", "numgen")


@scenario("filter-one-port", about="a bridge filter drops one TCP port while ping and another port work")
def filter_one_port(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-one-port", "to_guest", UPLINK, TAP, kinds=(
        ("ping", {}), ("tcp", {"port": 8080, "interval": 0.1}), ("tcp", {"port": 80, "interval": 0.2})))
    judge.cause(result, "dropped-by-filter", "bridge lab f handle", "tcp dport 8080")
    pings = [x for x in result.doc["exchanges"] if x["kind"] == "icmp-echo" and x["direction"] == "to_guest"]
    if not pings or pings[0]["asked"] - pings[0]["answered"] > 2:
        raise Fail(f"the pings were answered, the program says {pings}")


@scenario("filter-ingress", about="a netdev filter drops at the uplink's ingress, after the packet was seen there")
def filter_ingress(lab):
    result, _ = lossy.on_the_bridge(lab, "ingress-uplink", "to_guest", UPLINK, TAP)
    judge.cause(result, "dropped-by-filter", "netdev lab f handle", f"ip daddr {GUEST_IP}")


@scenario("filter-egress", about="a netdev filter drops the answers at the uplink's egress")
def filter_egress(lab):
    result, _ = lossy.on_the_bridge(lab, "egress-uplink", "from_guest", TAP, UPLINK)
    judge.cause(result, "dropped-by-filter", "netdev lab f handle", f"ip saddr {GUEST_IP}")


@scenario("forward-policy", about="br_netfilter and iptables' FORWARD policy DROP")
def forward_policy(lab):
    result, _ = lossy.on_the_bridge(lab, "forward-policy", "to_guest", UPLINK, TAP)
    judge.cause(result, "dropped-by-policy", "chain ip filter FORWARD", "ip filter FORWARD policy dropped")


@scenario("forward-rule", about="br_netfilter and a rule for the guest's address in iptables' FORWARD")
def forward_rule(lab):
    result, _ = lossy.on_the_bridge(lab, "forward-rule", "to_guest", UPLINK, TAP)
    told = judge.cause(result, "dropped-by-filter", "ip filter FORWARD handle", f"ip daddr {GUEST_IP}")
    if told and not told["remedy"].startswith("iptables -t filter -L FORWARD"):
        raise Fail(f"the remedy is {told['remedy']}")


@scenario("forward-docker", about="the chains that Docker makes, its FORWARD policy DROP, and br_netfilter which it loads")
def forward_docker(lab):
    result, _ = lossy.on_the_bridge(lab, "forward-docker", "to_guest", UPLINK, TAP)
    judge.cause(result, "dropped-by-policy", "chain ip filter FORWARD")


@scenario("forward-policy-nft", about="an nft chain of family inet with policy drop, which counts nothing: its name, and that it is not sure")
def forward_policy_nft(lab):
    result, _ = lossy.on_the_bridge(lab, "forward-policy-nft", "to_guest", UPLINK, TAP)
    if not any("without libnftables" in note for note in result.doc.get("notes", [])):
        judge.finding(result, "lost-in-host", word="inet lab f")


@scenario("two-filters", about="two rules that each dropped as many as are missing: both are named, and neither is blamed alone")
def two_filters(lab):
    lab.fault("filter-halves")
    result, _ = lossy.on_the_bridge(lab, "filter-one-in-ten", "to_guest", UPLINK, TAP, kinds=(("ping", {"interval": 0.02, "count": 600}),))
    judge.cause(result, "dropped-by-filter", "bridge lab f handle", "bridge halves f handle")


@scenario("filter-counts", about="rules that count what passes, and rules that drop what is others': nobody is blamed")
def filter_counts(lab):
    lab.fault("filter-counts")
    lab.traffic("ping", interval=0.05)
    result = lab.trace("web01")
    judge.healthy(result)
    judge.no_cause(result)


@scenario("filter-innocent", about="the port is disabled, and rules that cannot be on this guest's way drop the floods of it")
def filter_innocent(lab):
    lab.fault("filter-innocent")
    result, _ = lossy.on_the_bridge(lab, "port-disabled", "to_guest", UPLINK, TAP)
    judge.finding(result, "port-not-forwarding")
    judge.no_cause(result)


NWFILTER = """<filter name='lab-{name}' chain='{chain}'{more}>{rules}</filter>"""
# clean-traffic of libvirt, with the address given, so that nothing is to be learned first
CLEAN = [
    ("mac", "mac", " priority='-800'", f"<rule action='return' direction='out'><mac srcmacaddr='{GUEST_MAC}'/></rule>"
     "<rule action='drop' direction='out' priority='1000'><mac/></rule>"),
    ("ip", "ipv4-ip", " priority='-710'", "<rule action='return' direction='out'><ip srcipaddr='$IP'/></rule>"
     "<rule action='drop' direction='out' priority='1000'/>"),
    ("in4", "ipv4", " priority='-700'", "<rule action='accept' direction='in'/>"),
    ("clean", "root", "", "<filterref filter='lab-mac'/><filterref filter='lab-ip'/>"
     "<rule action='accept' direction='out' priority='-650'><mac protocolid='ipv4'/></rule><filterref filter='lab-in4'/>"
     "<rule action='accept' direction='inout' priority='-500'><mac protocolid='arp'/></rule>"
     "<rule action='drop' direction='inout' priority='1000'/>"),
]


def clean_traffic(lab):
    """Give web01's card the filter until the scenario's end."""
    folder = lab.lab.rundir / "nwfilter"
    folder.mkdir(exist_ok=True)
    for name, chain, more, rules in CLEAN:
        path = folder / f"{name}.xml"
        path.write_text(NWFILTER.format(name=name, chain=chain, more=more, rules=rules))
        if lab.virsh("nwfilter-define", str(path), check=False).rc:
            raise LabFault(f"libvirt does not take the filter {name}")
    card = lab.guest().cards[0]
    plain, filtered = folder / "plain.xml", folder / "filtered.xml"
    plain.write_text(card.xml())
    filtered.write_text(card.xml().replace("</interface>", f"<filterref filter='lab-clean'><parameter name='IP' value='{GUEST_IP}'/>"
                                                           "</filterref></interface>"))
    lab.finally_(lab.virsh, "update-device", "web01", str(plain))
    lab.virsh("update-device", "web01", str(filtered))


@scenario("nwfilter-ipv6", about="libvirt's clean-traffic drops the guest's IPv6 in both directions, IPv4 passes")
def nwfilter_ipv6(lab):
    with_ipv6(lab)
    # the network must go on sending: a neighbour that does not answer is given up after some seconds
    lab.network.run(f"ip -6 neigh replace {V6} lladdr {GUEST_MAC} dev peer0 nud permanent")
    lab.finally_(lab.network.run, f"ip -6 neigh del {V6} dev peer0")
    lab.traffic("ping", to=V6)
    lab.traffic("ping")
    clean_traffic(lab)
    if f"libvirt-I-{TAP}" not in lab.host.run("nft list table bridge nat").out:
        raise LabFault("libvirt made no chains for the filter")
    judge.healthy(lab.trace("web01", GUEST_IP, "-f", "not ip6", duration=1))
    until(lambda: "0 bytes" not in lab.host.run(f"nft list chain bridge nat libvirt-O-{TAP} | tail -4 | grep drop").out, 10, "the filter to drop")
    result = lab.trace("web01")
    judge.verdict(result, "loss", "lost-in-host", "to_guest", UPLINK, TAP)
    judge.cause(result, "dropped-by-nwfilter", f"libvirt's nwfilter of this interface, {TAP}", f"libvirt-O-{TAP} handle")


ARPING = ("arp", {"dev": "peer0", "source": PEER_IP, "interval": 0.1})


@scenario("filter-arp", about="a bridge filter drops ARP towards the guest; what knows its MAC still gets through")
def filter_arp(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-arp", "to_guest", UPLINK, TAP, kinds=(ARPING, ("ping", {})),
                                    sure=lambda f: f.kind == "arp-request")
    judge.cause(result, "dropped-by-filter", "ether type arp")


@scenario("filter-arp-answers", about="a bridge filter drops the guest's ARP answers")
def filter_arp_answers(lab):
    result, _ = lossy.on_the_bridge(lab, "filter-arp-answers", "from_guest", TAP, UPLINK, kinds=(ARPING, ("ping", {})))
    judge.cause(result, "dropped-by-filter", "arp operation reply")


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
    judge.cause(result, "dropped-by-filter", "ether type ip6")
    # Neighbour discovery is looked at whatever address is traced, and is lost as well.
    judge.healthy(lab.trace("web01", "192.0.2.10", "-f", "not ip6", duration=1))
