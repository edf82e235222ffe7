"""The bridge's uplink is a tunnel over eth0: the frames inside are found on both sides of it."""

import subprocess

from lab import judge
from lab.native import GUEST_IP, GUEST_MAC, PEER_IP, TAP, UPLINK
from lab.scenario import Fail, scenario

NEAR, FAR, PEER_MAC = "10.99.0.1", "10.99.0.2", "02:00:5e:00:02:01"
NEAR6, FAR6 = "fd00:99::1", "fd00:99::2"


def tunnel(lab, kind="vxlan id 42 dstport 4789", far_kind=None, near=NEAR, far=FAR, device="vx0", bound=f"dev {UPLINK}", mtu=1500):
    """Put a tunnel between the bridge and the network, in the place of the cable; the guest's peer is behind it."""
    lab.finally_(lab.lab.wait_answer)
    lab.finally_(lab.host.run, f"ip link del {device} 2>/dev/null; ip addr flush dev {UPLINK}; ip link set {UPLINK} mtu 1500 master br0", check=False)
    lab.finally_(lab.network.run, f"ip link del {device} 2>/dev/null; ip addr flush dev peer0; ip link set peer0 mtu 1500; ip addr add {PEER_IP}/24 dev peer0", check=False)
    lab.host.run(f"""ip link set {UPLINK} nomaster mtu 1600
        ip addr add {NEAR}/24 dev {UPLINK}; ip -6 addr add {NEAR6}/64 dev {UPLINK} nodad
        ip link add {device} type {kind} {'remote ' + far} {bound}
        ip link set {device} mtu {mtu} master br0 up""")
    lab.network.run(f"""ip addr flush dev peer0; ip link set peer0 mtu 1600
        ip addr add {FAR}/24 dev peer0; ip -6 addr add {FAR6}/64 dev peer0 nodad
        ip link add {device} address {PEER_MAC} type {far_kind or kind} {'remote ' + near}
        ip addr add {PEER_IP}/24 dev {device}
        ip link set {device} mtu {mtu} up""")


def found(result, way, a, b, least=20):
    s = judge.segment(result, way, a, b)
    if s["delivered"] < least or s["lost"]:
        raise Fail(f"packets go {way} from {a} to {b}, told is {s}")


def healthy_both_ways(lab, result, upper="vx0"):
    judge.healthy(result)
    judge.sums(result)
    for a, b in ((UPLINK, upper), (upper, TAP)):
        found(result, "to_guest", a, b)
        found(result, "from_guest", b, a)
    seen = result.hop(UPLINK).get("tunnel")
    if not seen or seen["vni"] != 42:
        raise Fail(f"that the frames are in a tunnel at {UPLINK} is not told: {result.hop(UPLINK)}")


@scenario("vxlan-healthy", about="ping, HTTP and bulk TCP through a VXLAN over IPv4: followed from the uplink into the tunnel device and the guest")
def healthy(lab):
    tunnel(lab)
    lab.traffic("ping", interval=0.02, count=5000)
    lab.traffic("http", interval=0.1)
    lab.traffic("http", path="/big", interval=0.1)
    healthy_both_ways(lab, lab.trace("web01", GUEST_IP, duration=3))
    healthy_both_ways(lab, lab.trace("web01", "-f", "icmp", duration=2))
    place = lab.lab.rundir / "evidence"
    lab.host.run(["mkdir", "-p", place])
    lab.finally_(lab.host.run, ["rm", "-rf", str(place)])
    healthy_both_ways(lab, lab.trace("-w", place, "web01", duration=2))
    file = next(place.glob("*/trace.pcapng"))
    rows = subprocess.run(["tshark", "-n", "-r", file, "-Y", f'frame.interface_name == "{UPLINK}" and icmp.type == 8', "-T", "fields", "-e", "vxlan.vni",
                           "-e", "icmp.seq"], capture_output=True, text=True).stdout.splitlines()
    if len(rows) < 20 or not all(r.startswith("42\t") for r in rows):
        raise Fail(f"the evidence does not hold the headers of the outer and the inner frames at {UPLINK}: {rows[:5]}")


@scenario("vxlan-ipv6", about="the same over IPv6, the device told by the route to the other end, and segmented before it")
def over_ipv6(lab):
    lab.host.run(f"ethtool -K {UPLINK} tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off", check=False)
    lab.finally_(lab.host.run, f"ethtool -K {UPLINK} tx-udp_tnl-segmentation on tx-udp_tnl-csum-segmentation on", check=False)
    tunnel(lab, near=NEAR6, far=FAR6, bound="")
    lab.traffic("ping", interval=0.02)
    lab.traffic("http", path="/big", interval=0.1)
    healthy_both_ways(lab, lab.trace("web01", GUEST_IP, duration=3))


def drop(lab, hook):
    lab.host.run(f"nft add table inet lab; nft 'add chain inet lab f {{ type filter hook {hook} priority 0; }}'; "
                 f"nft add rule inet lab f udp dport 4789 counter drop")
    lab.finally_(lab.host.run, "nft delete table inet lab", check=False)


@scenario("vxlan-output-drop", about="the host's packet filter drops the outer packets as they leave: lost between tunnel device and uplink")
def output_drop(lab):
    tunnel(lab)
    lab.traffic("ping", interval=0.05)
    drop(lab, "output")
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, "loss", "lost-in-host", "from_guest", "vx0", UPLINK)
    found(result, "to_guest", UPLINK, "vx0")


@scenario("vxlan-input-drop", about="the host's packet filter drops the outer packets as they come in: lost between uplink and tunnel device")
def input_drop(lab):
    tunnel(lab)
    lab.traffic("ping", interval=0.05)
    drop(lab, "input")
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, "loss", "lost-in-host", "to_guest", UPLINK, "vx0")


@scenario("vxlan-wrong-vni", about="the other end uses another VNI: nothing comes in, and the frames with that VNI are told")
def wrong_vni(lab):
    tunnel(lab, far_kind="vxlan id 43 dstport 4789")
    lab.network.run(f"ip neigh replace {GUEST_IP} lladdr {GUEST_MAC} nud permanent dev vx0")
    lab.traffic("ping", interval=0.05, answered=False)
    lab.guest().run(f"ip neigh replace {PEER_IP} lladdr {PEER_MAC} nud permanent dev eth0; "
                    f"ping -c 100 -i 0.05 {PEER_IP} >/dev/null 2>&1 & echo $! >/tmp/ping.pid")
    lab.finally_(lambda: lab.guest().run(f"kill $(cat /tmp/ping.pid) 2>/dev/null; ip neigh del {PEER_IP} dev eth0; true"))
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, "loss", "nothing-arrives", "to_guest", "network", UPLINK)
    judge.finding(result, "wrong-vni", "warning", word="vni 43")
    if judge.segment(result, "to_guest", UPLINK, "vx0")["offered"]:
        raise Fail("frames of another VNI are counted as the guest's")


@scenario("vxlan-mtu", about="the guest sends 1500 bytes where the tunnel takes 1430: they vanish before it, not in it")
def small_mtu(lab):
    tunnel(lab, mtu=1430)
    lab.traffic("ping", interval=0.05)
    lab.guest().run(f"ping -c 100 -i 0.05 -s 1450 {PEER_IP} >/dev/null 2>&1 & echo $! >/tmp/ping.pid")
    lab.finally_(lambda: lab.guest().run("kill $(cat /tmp/ping.pid) 2>/dev/null; true"))
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, "loss", "lost-in-host", "from_guest", TAP, "vx0")
    judge.finding(result, "lost-in-host", word="only large packets")
    if judge.segment(result, "from_guest", "vx0", UPLINK)["lost"]:
        raise Fail("what never got into the tunnel is called lost in it")


@scenario("vxlan-fragments", about="packets too large for the tunnel, cut inside or outside of it: nothing is called lost")
def fragments(lab):
    tunnel(lab)
    lab.host.run(f"ip link set {UPLINK} mtu 1500; ip link set vx0 mtu 1500")
    lab.network.run("ip link set peer0 mtu 1500; ip link set vx0 mtu 1500")
    lab.traffic("ping", interval=0.05)
    big = lab.network.popen(["ping", "-n", "-q", "-M", "dont", "-c", "200", "-i", "0.05", "-s", "1470", GUEST_IP], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    lab.finally_(big.wait)
    lab.finally_(big.terminate)
    result = lab.trace("web01", GUEST_IP)
    lost = [s for s in result.doc["segments"] if s["lost"] or s.get("lost_min")]
    if lost:
        raise Fail(f"a loss where there is none: {lost}")
    found(result, "from_guest", "vx0", UPLINK, least=40)
    found(result, "to_guest", "vx0", TAP, least=40)
