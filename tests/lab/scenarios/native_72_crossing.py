"""Fragments and ICMP errors of a NATed guest: both are translated by what another packet says."""

import importlib
import subprocess

from lab import judge
from lab.host import HOST_IP, NAT_IP
from lab.native import PEER_IP, UPLINK, until
from lab.scenario import Fail, LabFault, scenario

topology = importlib.import_module("scenarios.native_70_topology")
outside, dropped = topology.outside, topology.dropped

NO_SERVER_IP = "192.0.2.3"
LARGE = 4000    # bytes of a ping: three fragments each way
PIECES = 3

# Answers each datagram: after `delay` seconds, with so many bytes.
SERVER = """
import socket, threading
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("{address}", 53))
print("up", flush=True)
while True:
    _, who = s.recvfrom(65536)
    threading.Timer({delay}, s.sendto, (b"a" * {size}, who)).start()
"""


def guest(lab):
    nat03 = lab.guest("nat03")
    until(lambda: NAT_IP in nat03.run("ip -4 addr show dev eth0").out, 20, "the guest to get its lease")
    return nat03


def background(lab, nat03, name, command):
    """A shell loop in the guest until the scenario's end."""
    nat03.run(f"(while :; do {command}; done) >/tmp/{name}.out 2>&1 & echo $! >/tmp/{name}.pid")
    lab.finally_(nat03.run, f"kill $(cat /tmp/{name}.pid) 2>/dev/null; killall nslookup ping traceroute 2>/dev/null; true")


def large_ping(lab, nat03, answered=True):
    nat03.run(f"ping -c 400 -i 0.05 -s {LARGE} {PEER_IP} >/tmp/large.out 2>&1 & echo $! >/tmp/large.pid")
    lab.finally_(nat03.run, "kill $(cat /tmp/large.pid) 2>/dev/null; true")
    if answered:
        until(lambda: "bytes from" in nat03.run("cat /tmp/large.out").out, 10, "the large ping to be answered")


def serve(lab, size, delay=0):
    """Answers what the guest asks by UDP; its busybox has nothing else for that than nslookup."""
    server = lab.network.popen(["setpriv", "--pdeathsig", "KILL", "/usr/bin/python3", "-I", "-c", SERVER.format(address=PEER_IP, size=size, delay=delay)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    lab.finally_(lambda: (server.kill(), server.wait(), server.stdout.close()))
    server.stdout.readline()


def no_segment_lost(result):
    judge.sums(result)
    for s in result.doc["segments"]:
        if s["lost"]:
            raise Fail(f"a loss where there is none: {s}")
    if result.verdict["state"] == "loss":
        raise Fail(f"a loss where there is none: {result.verdict}")


@scenario("nat-fragments", about="a NATed guest sends large pings and gets large datagrams: their fragments are followed to the uplink and back")
def nat_fragments(lab):
    nat03 = guest(lab)
    serve(lab, 5000)
    large_ping(lab, nat03)
    background(lab, nat03, "ask", f"timeout 1 nslookup x {PEER_IP}")
    result = lab.trace("nat03")
    no_segment_lost(result)
    for way in ("to_guest", "from_guest"):
        s = judge.segment(result, way, outside(result), "virbr0")
        if s["delivered"] < 20 * PIECES or s["unsure"] > 2 * PIECES:
            raise Fail(f"some 40 large pings and answers crossed in {PIECES} fragments each, the program says {s}")


@scenario("nat-fragments-drop", about="a rule in FORWARD drops a NATed guest's large pings: all their fragments are lost in this host")
def nat_fragments_drop(lab):
    nat03 = guest(lab)
    lab.host.run("iptables -I FORWARD 1 -i virbr0 -p icmp -m length --length 2000: -j DROP")
    lab.finally_(lab.host.run, "iptables -D FORWARD -i virbr0 -p icmp -m length --length 2000: -j DROP")
    large_ping(lab, nat03, answered=False)
    until(lambda: dropped(lab) > 3, 5, "the rule to drop something")
    before = dropped(lab)
    result = lab.trace("nat03", PEER_IP)
    most = dropped(lab) - before
    judge.verdict(result, "loss", "lost-in-host", "from_guest", "virbr0", outside(result))
    s = judge.segment(result, "from_guest", "virbr0", outside(result))
    if s["delivered"] or not 20 * PIECES < s["lost"] <= (most + 1) * PIECES:
        raise Fail(f"every large ping was dropped, {most} while the program ran; it says {s}")


@scenario("nat-fragment-missing", about="of large answers to a NATed guest one fragment is lost in the network: the rest is not this host's loss")
def nat_fragment_missing(lab):
    nat03 = guest(lab)
    large_ping(lab, nat03)
    lab.network.run("nft add table netdev crossing; nft add chain netdev crossing out '{ type filter hook egress device peer0 priority 0; }'; "
                    "nft add rule netdev crossing out ip frag-off \\& 0x1fff == 185 counter drop")
    lab.finally_(lab.network.run, "nft delete table netdev crossing")
    until(lambda: "packets 0" not in lab.network.run("nft list table netdev crossing").out, 5, "a fragment to be dropped")
    result = lab.trace("nat03")
    no_segment_lost(result)
    s = judge.segment(result, "to_guest", outside(result), "virbr0")
    if s["unsure_why"].get("fragments", 0) < 20:
        raise Fail(f"of some 40 answers one fragment is missing, the program says {s}")
    if judge.segment(result, "from_guest", outside(result), "virbr0")["delivered"] < 20 * PIECES:
        raise Fail("the questions leave")


def errors(lab):
    """Packets of the guest and to it that are answered by ICMP errors, from the peer, a router beyond, this host and the guest."""
    nat03 = guest(lab)
    far = "100.64.7"
    lab.network.run(f"ip link add small0 mtu 1280 type veth peer name small1; ip link set small0 up; ip link set small1 up; "
                    f"ip addr add {far}.1/24 dev small0; sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0")
    lab.finally_(lab.network.run, "ip link del small0; sysctl -qw net.ipv4.ip_forward=0")
    lab.network.run(f"ip addr add {NO_SERVER_IP}/24 dev peer0")
    lab.finally_(lab.network.run, f"ip addr del {NO_SERVER_IP}/24 dev peer0")
    lab.host.run(f"ip route add {far}.0/24 via {PEER_IP}")
    lab.finally_(lab.host.run, f"ip route del {far}.0/24")
    serve(lab, 20, delay=3)
    nat03.run("echo 0 >/proc/sys/net/ipv4/icmp_ratelimit")
    # to a closed port; too large for a router on the way; an answer that comes when nobody is there any more; and the way itself
    background(lab, nat03, "closed", f"timeout 1 nslookup x {NO_SERVER_IP}; usleep 20000")
    background(lab, nat03, "large", f"for i in $(seq 10 200); do ping -c 1 -W 1 -s 1400 {far}.$i; done")
    for n in range(3):
        background(lab, nat03, f"late{n}", f"timeout 1 nslookup x {PEER_IP}")
    background(lab, nat03, "way", f"traceroute -n -q 1 -w 1 -m 3 {PEER_IP}")


RELATED = "-m conntrack --ctstate RELATED -p icmp"


def related(lab, way):
    """How many errors the first rule of FORWARD or the second has seen."""
    return int(lab.host.run(f"iptables -L FORWARD {way} -nvx").out.split()[0])


@scenario("nat-icmp-errors", about="ICMP errors about packets of a NATed guest, and its own about packets that it gets, are followed across NAT")
def nat_icmp_errors(lab):
    errors(lab)
    for way in ("-o virbr0", "-i virbr0"):
        lab.host.run(f"iptables -I FORWARD 1 {way} {RELATED}")
        lab.finally_(lab.host.run, f"iptables -D FORWARD {way} {RELATED}")
    until(lambda: related(lab, 1) and related(lab, 2), 20, "errors in both directions")
    before = related(lab, 1), related(lab, 2)
    result = lab.trace("nat03", duration=4)
    if related(lab, 1) < before[0] + 3 or related(lab, 2) < before[1] + 3:
        raise LabFault("hardly any errors crossed")
    no_segment_lost(result)
    for way in ("to_guest", "from_guest"):
        s = judge.segment(result, way, outside(result), "virbr0")
        if s["delivered"] < 10 or s["unsure"] > s["delivered"] / 5:
            raise Fail(f"packets and errors crossed, the program says {s}")


@scenario("nat-icmp-errors-drop", about="a rule in FORWARD drops the ICMP errors that come in for a NATed guest: that is seen")
def nat_icmp_errors_drop(lab):
    errors(lab)
    lab.host.run(f"iptables -I FORWARD 1 -o virbr0 {RELATED} -j DROP")
    lab.finally_(lab.host.run, f"iptables -D FORWARD -o virbr0 {RELATED} -j DROP")
    until(lambda: dropped(lab) > 3, 10, "the rule to drop something")
    before = dropped(lab)
    result = lab.trace("nat03", duration=4)
    most = dropped(lab) - before
    judge.verdict(result, "loss", "lost-in-host", "to_guest", outside(result), "virbr0")
    s = judge.segment(result, "to_guest", outside(result), "virbr0")
    if not 5 <= s["lost"] <= most + 1:
        raise Fail(f"the rule dropped {most} errors while the program ran; it says {s}")


@scenario("nat-one-to-one-ttl", about="pings whose time to live ends at this router, for an address that stands for a NATed guest: no loss")
def nat_one_to_one_ttl(lab):
    topology.one_to_one(lab)
    lab.network.run(f"busybox ping -t 1 -c 200 -i 0.1 {topology.STANDS_FOR} >/dev/null 2>&1 & echo $! >/run/ttl.pid")
    lab.finally_(lab.network.run, "kill $(cat /run/ttl.pid) 2>/dev/null; true")
    result = lab.trace("nat03")
    no_segment_lost(result)
    if judge.segment(result, "to_guest", outside(result), "virbr0")["delivered"] < 20:
        raise Fail("the pings with more time to live arrive")
