"""Traffic that explains itself: what passing packets say of why others fail."""

import os
import signal

from lab import judge
from lab.native import GUEST_IP, PEER_IP, TAP
from lab.ns import children
from lab.scenario import Fail, scenario, until

# Says again and again, to all, that an address is at a MAC: twenty seconds at most.
CLAIM = """
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("peer0", 0))
mac, ip, peer = bytes.fromhex("020000000099"), socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2])
for i in range(200):
    s.send(b"\\xff" * 6 + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + mac + ip + bytes(6) + peer)
    time.sleep(0.1)
"""


def claim(lab, ip, about):
    proc = lab.network.popen(["/usr/bin/python3", "-I", "-c", CLAIM, ip, about])
    lab.finally_(proc.wait)
    # nsenter does not pass signals on: its child is told
    lab.finally_(lambda: [os.kill(pid, signal.SIGKILL) for pid in children(proc.pid)])


def one_finding(result, code, severity):
    found = judge.finding(result, code, severity)
    if not found.get("evidence") or not found.get("remedy"):
        raise Fail(f"{code} has no evidence or no remedy")
    return found


@scenario("duplicate-address", about="another station in the network has the guest's address too, and says so")
def duplicate_address(lab):
    lab.traffic("arp", dev="peer0", source=PEER_IP, interval=0.2, timeout=20)
    claim(lab, GUEST_IP, "192.0.2.200")
    result = lab.trace("web01", duration=3)
    judge.verdict(result, "ok", "no-loss", rc=1)
    found = one_finding(result, "duplicate-address", "warning")
    if "02:00:00:00:00:99" not in found["summary"] or GUEST_IP not in found["summary"]:
        raise Fail(f"not told who and what: {found['summary']}")


@scenario("address-claimed-elsewhere", about="another station has an address that is not the guest's: nobody's affair")
def address_claimed_elsewhere(lab):
    lab.traffic("arp", dev="peer0", source=PEER_IP, interval=0.2, timeout=20)
    claim(lab, "192.0.2.201", "192.0.2.200")
    judge.healthy(lab.trace("web01", duration=3))


@scenario("refused", about="nothing listens on the port that is asked: the guest says so, and nothing is lost")
def refused(lab):
    traffic = lab.traffic("tcp", port=81, interval=0.2, timeout=20, answered=False)
    traffic.wait_sent(3)
    result = lab.trace("web01", GUEST_IP)
    judge.healthy(result)
    found = one_finding(result, "connections-refused", "info")
    if f"{GUEST_IP} port 81" not in found["summary"]:
        raise Fail(f"not told which port: {found['summary']}")


@scenario("dhcp-unanswered", about="the guest asks for an address by DHCP, and there is no server")
def dhcp_unanswered(lab):
    truth = lab.truth()
    lab.guest().run("udhcpc -i eth0 -f -n -q -t 60 -T 1 -s /bin/true >/dev/null 2>&1 & echo $! >/tmp/dhcp.pid")
    lab.finally_(lambda: lab.guest().run("kill $(cat /tmp/dhcp.pid) 2>/dev/null; true"))
    until(lambda: truth.seen(TAP, "from_guest", lambda f: f.group()), 10, "the guest to ask")
    result = lab.trace("web01", duration=6)
    one_finding(result, "dhcp-unanswered", "warning")
    if any(s["lost"] for s in result.doc["segments"]):
        raise Fail("nothing was lost in this host")


@scenario("router-mtu", about="a router tells the guest that its packets are too big for the next link")
def router_mtu(lab):
    lab.network.run("ip link add small0 mtu 1300 type veth peer name small1 mtu 1300; ip addr add 10.99.0.1/24 dev small0; "
                    "ip link set small0 up; ip link set small1 up; ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:77 dev small0; "
                    "sysctl -qw net.ipv4.ip_forward=1")
    lab.finally_(lab.network.run, "ip link del small0; sysctl -qw net.ipv4.ip_forward=0")
    lab.guest().run("ping -c 60 -i 0.2 -s 1400 10.99.0.2 >/dev/null 2>&1 & echo $! >/tmp/big.pid")
    lab.finally_(lambda: lab.guest().run("kill $(cat /tmp/big.pid) 2>/dev/null; ip route flush cache; true"))
    # The guest remembers what it is told: it is made to forget, so that it is told while it is watched.
    run = lab.start("trace", "--json", "-d", 4, "web01")
    while run.proc.poll() is None:
        lab.guest().run("ip route flush cache; true")
    result = run.wait(30)
    lab.env.note("the program", result.text())
    found = judge.finding(result, "packet-too-big")
    if "1300" not in found["summary"] or PEER_IP not in found["summary"]:
        raise Fail(f"not told by whom, and what fits: {found['summary']}")
    if any(s["lost"] for s in result.doc["segments"]):
        raise Fail("nothing was lost in this host")


@scenario("unreachable", about="a router tells the guest that there is no way to where it wants")
def unreachable(lab):
    # The kernel's two limits of rate share their tokens: together they may let nothing through.
    lab.network.run("ip route add unreachable 10.98.0.0/24; sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=0")
    lab.finally_(lab.network.run, "ip route del unreachable 10.98.0.0/24; sysctl -qw net.ipv4.ip_forward=0 net.ipv4.icmp_ratemask=6168")
    lab.guest().run("ping -c 60 -i 0.2 10.98.0.2 >/dev/null 2>&1 & echo $! >/tmp/far.pid")
    lab.finally_(lambda: lab.guest().run("kill $(cat /tmp/far.pid) 2>/dev/null; true"))
    result = lab.trace("web01", duration=3)
    told = [f for f in result.doc["findings"] if "destination-unreachable" in (f["code"], f.get("cause"))]
    if len(told) != 1 or PEER_IP not in told[0]["summary"]:
        raise Fail(f"not told once, and by whom: {', '.join(result.codes())}")
    if any(s["lost"] for s in result.doc["segments"]):
        raise Fail("nothing was lost in this host")


@scenario("nat-ttl", about="a NATed guest sends packets with TTL 1: this host has to route them and must not")
def nat_ttl(lab):
    guest = lab.guest("nat03")
    guest.run(f"ping -c 100 -i 0.1 -t 1 {PEER_IP} >/dev/null 2>&1 & echo $! >/tmp/ttl.pid")
    lab.finally_(lambda: guest.run("kill $(cat /tmp/ttl.pid) 2>/dev/null; true"))
    result = lab.trace("nat03", duration=3)
    judge.verdict(result, "ok", "no-loss", rc=1)
    one_finding(result, "ttl-too-small", "warning")
    judge.finding(result, "ttl-exceeded")
    if any(s["lost"] for s in result.doc["segments"]):
        raise Fail("what may not be routed is not lost")
