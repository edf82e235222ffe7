"""More than one bridge with one guest: two cards, two guests, the host itself, NAT, macvtap."""

import subprocess

from lab import judge, streams
from lab.host import GUESTS, HOST_IP, NAT_IP
from lab.native import GUEST_IP, GUEST_MAC, PEER_IP, TAP, UPLINK, until
from lab.scenario import Fail, LabFault, scenario
from lab.truth import Point

NOBODY_IP = "198.51.100.99"   # of the NATed network, where no guest is


def one_line(result):
    """The single line of an error; Fail when it is not one."""
    lines = [x for x in result.err.splitlines() if x.strip()]
    if result.rc != 3 or len(lines) != 1 or result.out:
        raise Fail(f"wanted status 3, one line on stderr and nothing on stdout; got status {result.rc}, {len(lines)} lines, {len(result.out)} bytes")
    return lines[0]


def guest_ping(lab, guest, to, interval="0.05"):
    """The guest pings until the scenario's end."""
    guest.run(f"ping -c 400 -i {interval} {to} >/tmp/ping.out 2>&1 & echo $! >/tmp/ping.pid")
    lab.finally_(lambda: guest.run("kill $(cat /tmp/ping.pid) 2>/dev/null; true"))
    until(lambda: "bytes from" in guest.run("cat /tmp/ping.out").out, 10, f"{to} to answer {guest.name}")


# a guest with two cards

@scenario("two-nics", about="a guest with two cards: -i and ADDRESS choose, without them an error lists them")
def two_nics(lab):
    first, second = GUESTS["db02"]
    lab.guest("db02")
    lab.lab.wait_answer(first.ip)
    lab.lab.wait_answer(second.ip)
    line = one_line(lab.trace("db02", duration=1))
    if first.target not in line or second.target not in line:
        raise Fail(f"the error does not list the interfaces: {line}")
    lab.traffic("ping", first.ip, interval=0.1)
    lab.traffic("ping", second.ip, interval=0.1)
    for card, words in ((first, ["-i", first.target]), (second, ["-i", second.mac]), (second, ["-i", "net1"]), (second, [second.ip])):
        result = lab.trace("db02", *words, duration=2)
        judge.healthy(result)
        if result.doc["interface"]["target"] != card.target:
            raise Fail(f"{words} chose {result.doc['interface']['target']}, not {card.target}")
        if judge.segment(result, "to_guest", UPLINK, card.target)["offered"] < 10:
            raise Fail(f"{words}: hardly anything was seen")


@scenario("two-nics-one-down", about="one of two cards has its link down: only that one is accused")
def two_nics_one_down(lab):
    first, second = GUESTS["db02"]
    lab.guest("db02")
    lab.lab.wait_answer(second.ip)
    lab.traffic("ping", first.ip, interval=0.1)
    lab.traffic("ping", second.ip, interval=0.1)
    lab.virsh("domif-setlink", "db02", second.target, "down")
    lab.finally_(lab.virsh, "domif-setlink", "db02", second.target, "up")
    result = lab.trace("db02", "-i", second.target, second.ip)
    judge.verdict(result, "loss", "not-taken-by-guest", "to_guest", second.target, "guest")
    judge.healthy(lab.trace("db02", "-i", first.target, first.ip, duration=2))


# two guests of one bridge

def pair(lab):
    """db02 pings web01; returns the truth at both taps, directions as web01 has them."""
    other = GUESTS["db02"][0]
    lab.guest("db02")
    lab.lab.wait_answer(other.ip)
    truth = lab.truth([Point(other.target, lab.host, other.target, "in"), Point(TAP, lab.host, TAP, "out")])
    guest_ping(lab, lab.guest("db02"), GUEST_IP)
    return other, truth


def between(frame):
    return frame.group() or {frame.src, frame.dst} == {GUEST_IP, GUESTS["db02"][0].ip}


@scenario("two-guests", about="two guests of one bridge talk to each other")
def two_guests(lab):
    other, truth = pair(lab)
    result = lab.trace("web01", other.ip)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.healthy(result)
    for way in ("to_guest", "from_guest"):
        judge.counts(result, truth, way, other.target, TAP, between)


@scenario("two-guests-filter", about="a bridge filter drops what one guest sends to the other")
def two_guests_filter(lab):
    other, truth = pair(lab)
    lab.fault("filter-to-guest")
    until(lambda: truth.fates(other.target, TAP, "to_guest", between)[1], 5, "the truth to see a loss")
    result = lab.trace("web01", other.ip)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.verdict(result, "loss", "lost-in-host", "to_guest", other.target, TAP)
    judge.counts(result, truth, "to_guest", other.target, TAP, between)


@scenario("host-to-guest", about="the host itself talks to the guest through its bridge")
def host_to_guest(lab):
    if HOST_IP not in lab.host.run("ip -4 addr show dev br0").out:
        lab.host.run(f"ip addr add {HOST_IP}/24 dev br0")
        lab.finally_(lab.host.run, f"ip addr del {HOST_IP}/24 dev br0")
    truth = lab.truth([Point("br0", lab.host, "br0", "out"), Point(TAP, lab.host, TAP, "out")])
    lab.traffic("ping", ns=lab.host)
    result = lab.trace("web01", HOST_IP)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.healthy(result)
    judge.counts(result, truth, "to_guest", "br0", TAP, lambda f: f.group() or f.involves(GUEST_MAC))


# a guest behind libvirt's own NATed network

def nat(lab):
    """nat03 pings the network through NAT; returns the truth at tap and uplink."""
    guest = lab.guest("nat03")
    until(lambda: NAT_IP in guest.run("ip -4 addr show dev eth0").out, 20, "the guest to get its lease")
    truth = lab.truth([Point(UPLINK, lab.host, UPLINK, "in"), Point("nat0f0", lab.host, "nat0f0", "out")], routed=True)
    guest_ping(lab, guest, PEER_IP)
    return truth


def nated(frame):
    return frame.kind in ("echo", "echo-reply") and PEER_IP in (frame.src, frame.dst)


def outside(result):
    """The hop that the guest's packets leave this host by."""
    names = [h["name"] for h in result.doc["hops"]]
    if "virbr0" not in names or names.index("host") < 2:
        raise Fail(f"uplink, host and virbr0 are not all on the path: {names}")
    return names[names.index("host") - 1]


def shows_translation(result, own):
    """The guest's address inside, and the host's outside."""
    if not any(t["guest"] == NAT_IP and t["outside"] == own and t["peer"] == PEER_IP for t in result.doc.get("translations", [])):
        raise Fail(f"{NAT_IP} is {own} outside, the program says {result.doc.get('translations')}")


@scenario("nat", about="a guest on libvirt's NATed network, healthy: followed to the uplink and back")
def nat_healthy(lab):
    truth = nat(lab)
    result = lab.trace("nat03")
    truth.stop()
    lab.env.note("the truth", truth.summary())
    if truth.fates(UPLINK, "nat0f0", "from_guest", nated, *result.window)[1]:
        raise judge.LabFault("the truth lost sight of the NATed packets")
    judge.healthy(result)
    judge.sums(result)
    uplink = outside(result)
    shows_translation(result, HOST_IP)
    for way in ("to_guest", "from_guest"):
        s = judge.segment(result, way, uplink, "virbr0")
        if s["delivered"] < 20 or s["unsure"] > 2:
            raise Fail(f"some 40 pings and answers crossed, the program says {s}")
    if NAT_IP not in result.doc["interface"]["addresses"]:
        raise Fail(f"the lease {NAT_IP} is not known: {result.doc['interface']['addresses']}")
    asked = [x for x in result.doc["exchanges"] if x["kind"] == "icmp-echo" and x["direction"] == "from_guest"]
    if not asked or asked[0]["asked"] < 20 or asked[0]["asked"] - asked[0]["answered"] > 2:
        raise Fail(f"the guest's pings were answered, the program says {result.doc['exchanges']}")


@scenario("nat-mixed", about="a NATed guest fetches pages, asks by UDP and speaks to this host: nothing is lost")
def nat_mixed(lab):
    guest = lab.guest("nat03")
    truth = nat(lab)
    big = lab.network.popen(["/usr/bin/python3", "-I", streams.__file__, "serve"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    lab.finally_(lambda: (big.kill(), big.wait(), big.stdout.close()))
    big.stdout.readline()
    guest.run(f"(while nc -w 4 {PEER_IP} 5002 </dev/null >/dev/null; do :; done; true) & echo $! >/tmp/fetch.pid; "
              f"(head -c 40000000 /dev/zero | nc -w 6 {PEER_IP} 5001; true) & "
              "(i=0; while [ $i -lt 40 ]; do ping -c 1 -w 1 192.168.130.1 >/dev/null; i=$((i + 1)); done) &")
    lab.finally_(guest.run, "kill $(cat /tmp/fetch.pid); killall nc; true")
    result = lab.trace("nat03")
    truth.stop()
    judge.sums(result)
    for s in result.doc["segments"]:
        if s["lost"]:
            raise Fail(f"a loss where there is none: {s}")
    if result.verdict["state"] == "loss":
        raise Fail(f"a loss where there is none: {result.verdict}")
    if judge.segment(result, "to_guest", outside(result), "virbr0")["delivered"] < 50:
        raise Fail(f"a download crossed: {result.doc['segments']}")


@scenario("nat-forward-drop", about="a rule in FORWARD drops what the NATed guest sends")
def nat_drop(lab):
    truth = nat(lab)
    lab.host.run("iptables -I FORWARD 1 -i virbr0 -p icmp -j DROP")
    lab.finally_(lab.host.run, "iptables -D FORWARD -i virbr0 -p icmp -j DROP")
    until(lambda: truth.fates(UPLINK, "nat0f0", "from_guest", nated)[1], 5, "the truth to see a loss")
    lab.host.run("ip neigh flush dev virbr0")
    lab.traffic("ping", NAT_IP, ns=lab.host, interval=0.5)     # that the host reaches the guest does not show that the network does
    result = lab.trace("nat03", NAT_IP)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.verdict(result, "loss", "lost-in-host", "from_guest", "virbr0", outside(result))
    if result.verdict["confidence"] != "certain":
        raise Fail(f"packets were seen inside and not outside: {result.verdict}")
    judge.cause(result, "dropped-by-filter", "ip filter FORWARD handle", 'iifname "virbr0"')


@scenario("nat-answers-drop", about="a rule in FORWARD drops the answers to a NATed guest")
def nat_answers_drop(lab):
    truth = nat(lab)
    lab.host.run("iptables -I FORWARD 1 -o virbr0 -p icmp -j DROP")
    lab.finally_(lab.host.run, "iptables -D FORWARD -o virbr0 -p icmp -j DROP")
    until(lambda: truth.fates(UPLINK, "nat0f0", "to_guest", nated)[1], 5, "the truth to see a loss")
    result = lab.trace("nat03")
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.verdict(result, "loss", "lost-in-host", "to_guest", outside(result), "virbr0")
    shows_translation(result, HOST_IP)
    s = judge.segment(result, "to_guest", outside(result), "virbr0")
    if s["delivered"] or s["lost"] < 20:
        raise Fail(f"every answer was dropped, the program says {s}")
    judge.cause(result, "dropped-by-filter", "ip filter FORWARD handle", 'oifname "virbr0"')


@scenario("nat-dead-neighbour", about="a NATed guest asks one in the network who is not there: no loss of this host's")
def nat_dead_neighbour(lab):
    guest = lab.guest("nat03")
    guest.run("ping 192.0.2.77 >/dev/null 2>&1 & echo $! >/tmp/dead.pid")
    lab.finally_(guest.run, "kill $(cat /tmp/dead.pid)")
    until(lambda: "192.0.2.77" in lab.host.run("ip neigh show").out, 10, "this host to ask for the neighbour")
    result = lab.trace("nat03", "192.0.2.77", duration=4)
    for s in result.doc["segments"]:
        if s["lost"]:
            raise Fail(f"the neighbour is not there, this host lost nothing: {s}")
    if result.verdict["code"] == "lost-in-host":
        raise Fail(f"this host is accused: {result.verdict}")
    judge.finding(result, "next-hop-silent", "warning")


@scenario("nat-ends-here", about="what a NATed guest asks of the network is answered by a proxy on this host: no loss")
def nat_ends_here(lab):
    guest = lab.guest("nat03")
    server = lab.host.popen(["/usr/bin/python3", "-I", streams.__file__, "serve"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    lab.finally_(lambda: (server.kill(), server.wait(), server.stdout.close()))
    server.stdout.readline()
    lab.host.run("iptables -t nat -I PREROUTING -i virbr0 -p tcp --dport 80 -j REDIRECT --to-ports 5003; "
                 "iptables -I INPUT -i virbr0 -p tcp --dport 5003 -j ACCEPT")
    lab.finally_(lab.host.run, "iptables -t nat -D PREROUTING -i virbr0 -p tcp --dport 80 -j REDIRECT --to-ports 5003; "
                               "iptables -D INPUT -i virbr0 -p tcp --dport 5003 -j ACCEPT")
    guest.run(f"(while echo hello | nc -w 1 {PEER_IP} 80 >/dev/null; do :; done; true) & echo $! >/tmp/proxied.pid")
    lab.finally_(guest.run, "kill $(cat /tmp/proxied.pid); killall nc; true")
    result = lab.trace("nat03")
    for s in result.doc["segments"]:
        if s["lost"]:
            raise Fail(f"a proxy answers, this host lost nothing: {s}")
    if result.verdict["state"] == "loss":
        raise Fail(f"this host is accused: {result.verdict}")
    if not any(s["to"] == "guest" and s["delivered"] > 4 for s in result.doc["segments"]):
        raise LabFault("the proxy did not answer")


def forward(lab, rule, to=f"{NAT_IP}:80"):
    """A port of this host leads to the guest, as operators publish one; connections from the network come in by it."""
    guest = lab.guest("nat03")
    until(lambda: NAT_IP in guest.run("ip -4 addr show dev eth0").out, 20, "the guest to get its lease")
    rules = (f"-t nat {{}} PREROUTING -d {HOST_IP} -p tcp --dport 2280 -j DNAT --to-destination {to}",
             f"{{}} FORWARD -o virbr0 -p tcp -d {NAT_IP} -m conntrack --ctstate NEW,ESTABLISHED,RELATED -j ACCEPT")
    for one in (*rules, *rule):
        lab.host.run("iptables " + one.format("-I"))
        lab.finally_(lab.host.run, "iptables " + one.format("-D"))
    return lab.truth([Point(UPLINK, lab.host, UPLINK, "in"), Point("nat0f0", lab.host, "nat0f0", "out")], routed=True)


def published(result):
    """The guest's address inside and the host's outside, in both directions."""
    if not any(t["guest"] == NAT_IP and t["outside"] == HOST_IP and t["peer"] == PEER_IP for t in result.doc.get("translations", [])):
        raise Fail(f"{NAT_IP} is {HOST_IP} outside, the program says {result.doc.get('translations')}")


@scenario("dnat", about="a port of this host is published for a NATed guest: connections from outside are followed to it and back")
def dnat(lab):
    forward(lab, ())
    lab.traffic("tcp", HOST_IP, port=2280, interval=0.02)
    result = lab.trace("nat03", PEER_IP)
    judge.healthy(result)
    judge.sums(result)
    published(result)
    for way in ("to_guest", "from_guest"):
        s = judge.segment(result, way, outside(result), "virbr0")
        if s["delivered"] < 100 or s["unsure"] > 4:
            raise Fail(f"some 100 connections came in and were answered, the program says {s}")
    asked = [x for x in result.doc["exchanges"] if x["kind"] == "tcp-handshake" and x["direction"] == "to_guest"]
    # A guest that is short of time answers some late.
    if not asked or asked[0]["asked"] < 50 or asked[0]["answered"] < asked[0]["asked"] / 2:
        raise Fail(f"the connections were answered, the program says {result.doc['exchanges']}")


@scenario("dnat-drop", about="a rule in FORWARD drops what comes in by the published port")
def dnat_drop(lab):
    forward(lab, (f"{{}} FORWARD -o virbr0 -p tcp -d {NAT_IP} --tcp-flags FIN FIN -j DROP",))
    lab.traffic("tcp", HOST_IP, port=2280, interval=0.05)
    before = dropped(lab)
    result = lab.trace("nat03", PEER_IP)
    s = judge.segment(result, "to_guest", outside(result), "virbr0")
    most = dropped(lab) - before
    if not most:
        raise LabFault("the rule dropped nothing")
    judge.verdict(result, "loss", "lost-in-host", "to_guest", outside(result), "virbr0")
    published(result)
    if not 0 < s["lost"] <= most:
        raise Fail(f"between the start and the end of the program the rule dropped {most}; it says {s}")


def dropped(lab):
    """By the rule that was put first into FORWARD."""
    return int(lab.host.run("iptables -L FORWARD 1 -nvx").out.split()[0])


@scenario("dnat-all-dropped", about="a rule in FORWARD drops all that comes in by the published port: nothing ever shows that it was for the guest")
def dnat_all_dropped(lab):
    forward(lab, (f"{{}} FORWARD -o virbr0 -p tcp -d {NAT_IP} --dport 80 -j DROP",))
    lab.traffic("tcp", HOST_IP, port=2280, interval=0.05, answered=False).wait_sent(5)
    result = lab.trace("nat03", PEER_IP)
    if result.verdict["state"] == "ok" and judge.segment(result, "to_guest", outside(result), "virbr0")["offered"]:
        raise Fail(f"nothing reached the guest: {result.verdict}")
    if result.verdict["code"] not in ("lost-in-host", "no-traffic", "no-questions-seen", "nothing-asked", "inconclusive"):
        raise Fail(f"the verdict is {result.verdict}")


@scenario("dnat-wrong-port", about="the published port leads to a port of the guest where nothing listens: it refuses, and nobody lost anything")
def dnat_wrong_port(lab):
    forward(lab, (), f"{NAT_IP}:81")
    lab.traffic("tcp", HOST_IP, port=2280, interval=0.05, answered=False).wait_sent(5)
    result = lab.trace("nat03", PEER_IP)
    for s in result.doc["segments"]:
        if s["lost"]:
            raise Fail(f"nothing was lost: {s}")
    if result.verdict["state"] == "loss":
        raise Fail(f"nothing was lost: {result.verdict}")


@scenario("dnat-wrong-address", about="the published port leads to an address where nobody is: no loss of the guest's, and none of this host's")
def dnat_wrong_address(lab):
    forward(lab, (f"{{}} FORWARD -o virbr0 -p tcp -d {NOBODY_IP} -j ACCEPT",), f"{NOBODY_IP}:80")
    lab.traffic("tcp", HOST_IP, port=2280, interval=0.05, answered=False).wait_sent(5)
    result = lab.trace("nat03", PEER_IP)
    for s in result.doc["segments"]:
        if s["lost"]:
            raise Fail(f"what was sent there was not the guest's: {s}")
    if result.verdict["state"] == "loss" or result.verdict.get("direction"):
        raise Fail(f"nothing of the guest's was lost: {result.verdict}")


@scenario("dnat-hairpin", about="a NATed guest asks for its own published port: its packets come back to it with its own address as source, and it drops them")
def dnat_hairpin(lab):
    forward(lab, (f"{{}} FORWARD -i virbr0 -o virbr0 -j ACCEPT",))
    guest = lab.guest("nat03")
    ping = lab.traffic("tcp", HOST_IP, port=2280, interval=0.05)
    guest.run(f"(while :; do nc -w 1 {HOST_IP} 2280 </dev/null >/dev/null; done; true) & echo $! >/tmp/hairpin.pid")
    lab.finally_(guest.run, "kill $(cat /tmp/hairpin.pid); killall nc; true")
    until(lambda: "SYN_SENT" in guest.run("netstat -tn").out, 10, "the guest to ask for its own port")
    result = lab.trace("nat03")
    judge.sums(result)
    for s in result.doc["segments"]:
        if s["lost"] and s["to"] != "guest":
            raise Fail(f"this host lost nothing: {s}")
    if result.verdict["code"] in ("lost-in-host", "lost-beyond-host"):
        raise Fail(f"nothing was lost on this host or beyond: {result.verdict}")
    published(result)
    del ping


@scenario("dnat-bridged", about="a port of this host leads to a guest on the uplink's own bridge, and its answers go past this host: nothing is lost")
def dnat_bridged(lab):
    if HOST_IP not in lab.host.run("ip -4 addr show dev br0").out:
        lab.host.run(f"ip addr add {HOST_IP}/24 dev br0; sysctl -qw net.ipv4.ip_forward=1")
        lab.finally_(lab.host.run, f"ip addr del {HOST_IP}/24 dev br0")
    for one in (f"-t nat {{}} PREROUTING -d {HOST_IP} -p tcp --dport 2222 -j DNAT --to-destination {GUEST_IP}:80",
                f"{{}} FORWARD -i br0 -o br0 -j ACCEPT"):
        lab.host.run("iptables " + one.format("-I"))
        lab.finally_(lab.host.run, "iptables " + one.format("-D"))
    truth = lab.truth()
    lab.traffic("tcp", HOST_IP, port=2222, interval=0.05, answered=False).wait_sent(5)
    until(lambda: any(f.kind == "tcp" for f in truth.seen(TAP, "from_guest", lambda f: f.involves(GUEST_MAC))), 10, "the guest to answer")
    for address in (PEER_IP, GUEST_IP):
        result = lab.trace("web01", address)
        judge.sums(result)
        for s in result.doc["segments"]:
            if s["lost"]:
                raise Fail(f"nothing was lost: {s}")
        if result.verdict["state"] == "loss":
            raise Fail(f"nothing was lost: {result.verdict}")
        judge.finding(result, "answers-refused", "warning")


STANDS_FOR = "203.0.113.50"     # an address outside that is on no device, and stands for the guest


def one_to_one(lab):
    """All that is for an address that only the packet filter knows is the guest's; it is pinged by it. Returns the ping."""
    guest = lab.guest("nat03")
    until(lambda: NAT_IP in guest.run("ip -4 addr show dev eth0").out, 20, "the guest to get its lease")
    lab.network.run(f"ip route add {STANDS_FOR}/32 via {HOST_IP}")
    lab.finally_(lab.network.run, f"ip route del {STANDS_FOR}/32")
    for rule in (f"-t nat {{}} PREROUTING -d {STANDS_FOR} -j DNAT --to-destination {NAT_IP}", f"{{}} FORWARD -o virbr0 -d {NAT_IP} -j ACCEPT"):
        lab.host.run("iptables " + rule.format("-I"))
        lab.finally_(lab.host.run, "iptables " + rule.format("-D"))
    return lab.traffic("ping", STANDS_FOR, interval=0.05)


def known_to_kernel(result):
    """The address that stands for the guest, told by the kernel's table of connections."""
    if not any(t["guest"] == NAT_IP and t["outside"] == STANDS_FOR and t["peer"] == PEER_IP and t["source"] == "conntrack"
               for t in result.doc.get("translations", [])):
        raise Fail(f"{NAT_IP} is {STANDS_FOR} outside, and conntrack knows; the program says {result.doc.get('translations')}")


@scenario("nat-one-to-one", about="an address that is on no device stands for a NATed guest: pings are followed to it and back")
def nat_one_to_one(lab):
    one_to_one(lab)
    result = lab.trace("nat03")
    judge.healthy(result)
    known_to_kernel(result)
    for way in ("to_guest", "from_guest"):
        s = judge.segment(result, way, outside(result), "virbr0")
        if s["delivered"] < 20 or s["unsure"] > 2:
            raise Fail(f"some 40 pings and answers crossed, the program says {s}")


@scenario("nat-one-to-one-drop", about="a rule in FORWARD drops all that is for that address, which no packet can tell then: the kernel's table does")
def nat_one_to_one_drop(lab):
    ping = one_to_one(lab)
    lab.host.run(f"iptables -I FORWARD 1 -o virbr0 -d {NAT_IP} -p icmp -j DROP")
    lab.finally_(lab.host.run, f"iptables -D FORWARD -o virbr0 -d {NAT_IP} -p icmp -j DROP")
    until(lambda: dropped(lab) > 3, 5, "the rule to drop something")
    before = dropped(lab)
    result = lab.trace("nat03", PEER_IP)
    most = dropped(lab) - before
    judge.verdict(result, "loss", "lost-in-host", "to_guest", outside(result), "virbr0")
    known_to_kernel(result)
    s = judge.segment(result, "to_guest", outside(result), "virbr0")
    if s["delivered"] or not 20 < s["lost"] <= most:
        raise Fail(f"every ping was dropped, {most} while the program ran; it says {s}")
    if ping.over:
        raise LabFault("the ping ended")


@scenario("nat-one-to-one-gone", about="such a guest does not answer ARP: this host cannot send it anything, and loses nothing")
def nat_one_to_one_gone(lab):
    guest = lab.guest("nat03")
    one_to_one(lab)
    guest.run("ip link set eth0 arp off")
    lab.finally_(guest.run, "ip link set eth0 arp on")
    lab.host.run("ip neigh flush dev virbr0")
    until(lambda: any(x in lab.host.run(f"ip neigh show {NAT_IP}").out for x in ("FAILED", "INCOMPLETE")), 10, "this host to ask in vain")
    result = lab.trace("nat03", duration=4)
    judge.sums(result)
    for s in result.doc["segments"]:
        if s["lost"]:
            raise Fail(f"the guest does not answer ARP, this host lost nothing: {s}")
    if result.verdict["code"] in ("lost-in-host", "lost-beyond-host", "no-loss"):
        raise Fail(f"the guest is gone, and the verdict is {result.verdict}")
    judge.finding(result, "next-hop-silent", "warning", "guest")


# macvtap

def macvtap(lab):
    card = GUESTS["mv04"][0]
    lab.guest("mv04")
    lab.lab.wait_answer(card.ip)
    truth = lab.truth([Point("peer1", lab.network, "peer1", "out"), Point("eth1", lab.host, "eth1", "in"),
                       Point(card.target, lab.host, card.target, "in")])
    lab.traffic("ping", card.ip)
    return card, truth


def of_card(card):
    return (lambda f: f.group() or f.involves(card.mac)), (lambda f: f.involves(card.mac) and not f.group() and card.ip in (f.src, f.dst))


@scenario("macvtap", about="a guest on macvtap, healthy: directions are inverted there")
def macvtap_healthy(lab):
    card, truth = macvtap(lab)
    result = lab.trace("mv04", card.ip)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.healthy(result)
    hop = result.hop(card.target)
    if not hop or hop["kind"] != "macvtap":
        raise Fail(f"the backend is a macvtap, the program says {hop}")
    for way in ("to_guest", "from_guest"):
        judge.counts(result, truth, way, "eth1", card.target, *of_card(card))


@scenario("macvtap-filter", about="a netdev filter on the lower device drops towards a macvtap guest")
def macvtap_filter(lab):
    card, truth = macvtap(lab)
    lab.host.run(f"""nft add table netdev labmv
        nft 'add chain netdev labmv f {{ type filter hook ingress device "eth1" priority 0; }}'
        nft add rule netdev labmv f ip daddr {card.ip} counter drop""")
    lab.finally_(lab.host.run, "nft delete table netdev labmv")
    until(lambda: truth.fates("eth1", card.target, "to_guest", of_card(card)[1])[1], 5, "the truth to see a loss")
    result = lab.trace("mv04", card.ip)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    judge.verdict(result, "loss", "lost-in-host", "to_guest", "eth1", card.target)
    judge.counts(result, truth, "to_guest", "eth1", card.target, *of_card(card))
