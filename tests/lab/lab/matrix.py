"""Which faults are covered, and how: the rows of a map of the kernel's drop points, and stories from the field.

`live`: a scenario makes it, and place and cause are checked. `place`: a scenario makes it, and the place alone is checked. `data`: what
it looks like was recorded or measured, and a unit test judges that. `unseen`: it cannot be seen from here, and why. `open`: not checked.
"""

LIVE, PLACE, DATA, UNSEEN, OPEN = "live", "place", "data", "unseen", "open"

DROP = "tests/unit/finding/test_drop.c"
PATH = "tests/unit/path/test_walk.c"

ROWS = [
    # section, fault, state, by
    ("filters", "XDP drops at the uplink or the tap, generic", DATA, DROP),
    ("filters", "XDP drops in a driver", UNSEEN, "no packet exists yet; xdp-attached is told"),
    ("filters", "tc drops at the uplink's ingress", LIVE, "tc-ingress"),
    ("filters", "tc drops at the tap's egress", LIVE, "tc-egress"),
    ("filters", "nft netdev, ingress", LIVE, "filter-ingress"),
    ("filters", "nft netdev, egress", LIVE, "filter-egress"),
    ("filters", "nft bridge or ebtables, prerouting", LIVE, "nwfilter-ipv6"),
    ("filters", "nft bridge or ebtables, forward", LIVE, "filter-to-guest filter-answers filter-one-in-ten filter-one-port filter-arp"),
    ("filters", "nft bridge or ebtables, postrouting", DATA, DROP),
    ("filters", "br_netfilter: PREROUTING", DATA, DROP),
    ("filters", "br_netfilter: a rule in FORWARD", LIVE, "forward-rule"),
    ("filters", "br_netfilter: FORWARD's policy (Docker)", LIVE, "forward-policy forward-docker forward-policy-nft"),
    ("filters", "br_netfilter: POSTROUTING", DATA, DROP),
    ("filters", "br_netfilter and iptables-legacy", DATA, DROP),
    ("filters", "a rule drops what conntrack calls invalid", OPEN, ""),
    ("filters", "conntrack's table is full", LIVE, "nest-conntrack-full"),
    ("filters", "a filter that QEMU set on the tap", DATA, "tests/unit/match/test_last_hop.c"),
    ("bridge", "the guest's MAC on another port: static, or used twice", LIVE, "elsewhere-static elsewhere-same-mac"),
    ("bridge", "the guest's MAC on the port that packets come in by", LIVE, "fdb-wrong-port"),
    ("bridge", "the guest's MAC is the host's own", DATA, PATH),
    ("bridge", "the guest uses another MAC", PLACE, "other-mac"),
    ("bridge", "destination unknown, flooded", PLACE, "elsewhere-flooded"),
    ("bridge", "destination unknown, no port to flood to", LIVE, "tap-unplugged tap-down"),
    ("bridge", "port disabled", LIVE, "port-disabled"),
    ("bridge", "ports isolated", LIVE, "port-isolated"),
    ("bridge", "port locked, flood or broadcast off, neighbour suppression", DATA, PATH),
    ("bridge", "bridge down", LIVE, "bridge-down"),
    ("bridge", "tap down", LIVE, "tap-down"),
    ("bridge", "tap in no bridge", LIVE, "tap-unplugged"),
    ("bridge", "uplink down", PLACE, "uplink-down"),
    ("bridge", "a multicast address as source MAC", DATA, DROP),
    ("bridge", "link-local groups (LLDP, pause) are not forwarded", UNSEEN, "expected behaviour: no finding"),
    ("bridge", "VLAN filtering", PLACE, "nest-vlan-filtering-no-vid nest-vlan-filtering-pvid"),
    ("queues", "the guest does not take its packets", PLACE, "guest-suspended guest-flooded queue-overflows"),
    ("queues", "macvtap's queue is full", DATA, "tests/unit/match/test_last_hop.c"),
    ("queues", "a shaped tap or uplink (tbf, htb)", LIVE, "tap-shaped tap-htb uplink-shaped"),
    ("queues", "a device that is down (noop queue)", DATA, DROP),
    ("queues", "the tap's MTU is too small", LIVE, "tap-mtu"),
    ("queues", "a tunnel's MTU is too small", PLACE, "vxlan-mtu"),
    ("queues", "backlog of a CPU", DATA, DROP),
    ("queues", "fragments that are reassembled on the way", PLACE, "vxlan-fragments healthy-mixed"),
    ("queues", "ring of a network card, bad frames", DATA, "tests/unit/finding/test_rules_gauge.c"),
    ("routed", "forwarding off", LIVE, "nat-forwarding-off"),
    ("routed", "reverse path filter", LIVE, "nat-rp-filter"),
    ("routed", "no route, blackhole", DATA, DROP),
    ("routed", "a rule in FORWARD", LIVE, "nat-forward-drop nat-answers-drop dnat-drop"),
    ("routed", "TTL ends here", PLACE, "nat-ttl"),
    ("routed", "MTU and DF", DATA, DROP),
    ("routed", "a next hop that does not answer", PLACE, "nat-dead-neighbour nat-one-to-one-gone"),
    ("routed", "neighbour table full", PLACE, "nest-neighbours-full"),
    ("routed", "DNAT to nobody, to a closed port, back to the guest, past this host", PLACE,
     "dnat-wrong-address dnat-wrong-port dnat-hairpin dnat-bridged"),
    ("tunnels", "outer packets filtered", PLACE, "vxlan-output-drop vxlan-input-drop"),
    ("tunnels", "wrong VNI", PLACE, "vxlan-wrong-vni"),
    ("tunnels", "inside gretap, Geneve", UNSEEN, "not looked into, and said so (nest-tunnel-not-looked-into)"),
    ("guest", "takes and does not answer", PLACE, "guest-ignores-ping guest-no-address guest-firewall guest-nic-down"),
    ("guest", "refuses connections", LIVE, "refused"),
    ("guest", "link state down in libvirt", LIVE, "link-down"),
    ("guest", "loses all it receives and asks ARP for ever", PLACE, "ticket"),
    ("guest", "hangs behind vhost-net", PLACE, "nest-vhost-hung"),
    ("beyond", "an MTU further on, told by ICMP", LIVE, "router-mtu"),
    ("beyond", "unreachable, told by ICMP", LIVE, "unreachable"),
    ("beyond", "the guest's address or MAC is used elsewhere", LIVE, "duplicate-address address-claimed-elsewhere"),
    ("beyond", "nobody answers DHCP", LIVE, "dhcp-unanswered"),
    ("beyond", "answers leave and are lost", PLACE, "answers-eaten"),
    ("beyond", "nothing comes in", PLACE, "nothing-arrives"),
    ("other", "Open vSwitch drops", PLACE, "nest-openvswitch-drop"),
    ("other", "the spare slave of a bond", PLACE, "nest-bond-vlan-spare"),
    ("other", "a VLAN tag without device", PLACE, "nest-bond-vlan-wrong-tag"),
    ("other", "SR-IOV, vhost-user, vDPA, offloaded flows", UNSEEN, "no packet passes the host's kernel; the hop says so"),
    ("other", "a network card's hang, ring overflow on its own", UNSEEN, "its counters are read, the machine has no such card to break"),
    ("other", "Xen netback's stall", DATA, PATH),
]


def table():
    """The rows as text, by section."""
    out, section = [], None
    for name, fault, state, by in ROWS:
        if name != section:
            out.append(f"\n  {name}")
            section = name
        out.append(f"    {state:7}{fault}" + (f": {by}" if by else ""))
    count = {s: sum(r[2] == s for r in ROWS) for s in (LIVE, PLACE, DATA, UNSEEN, OPEN)}
    return "\n".join(out[0:]) + "\n\n  " + ", ".join(f"{n} {s}" for s, n in count.items()) + "\n"


def missing(scenarios, top):
    """Scenarios and files that rows name and that are not there."""
    for _, fault, state, by in ROWS:
        if state in (LIVE, PLACE):
            for name in by.split():
                if name not in scenarios:
                    yield f"{fault}: no scenario is named {name}"
        elif state == DATA and not (top / by).exists():
            yield f"{fault}: {by} is not there"
