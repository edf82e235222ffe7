"""Whatever two kernels send to one another, whoever cuts or merges it: on a healthy path nothing is lost.

The guest is a kernel in a namespace behind a veth, in the place of QEMU: so each of the four devices on the way can have any
offload, and the traffic is not held up by an emulated processor.
"""

import collections
import json
import os
import pathlib
import random
import subprocess

from lab import judge, streams
from lab.captures import Captures, tcpdump
from lab.host import move_link
from lab.native import UPLINK
from lab.ns import Namespace
from lab.scenario import Fail, scenario

ROUNDS = 4
GUEST_MAC, GUEST, PEER = "52:54:00:aa:00:01", "10.9.0.2", "10.9.0.1"
XML = f"""<domain type='kvm'><name>kernel</name><uuid>11111111-1111-1111-1111-111111111111</uuid><os><type>hvm</type></os><devices>
<interface type='bridge'><mac address='{GUEST_MAC}'/><source bridge='br0'/><target dev='vg0'/><alias name='net0'/></interface>
</devices></domain>"""
SHORT = tcpdump("-s", "128", "-B", "65536", "--time-stamp-precision=nano")
FEATURES = ("tso", "gso", "gro", "tx", "sg", "tx-udp-segmentation")
STREAMS = ["/usr/bin/python3", "-I", streams.__file__]


class Kernels:
    """The lab host with a namespace in the place of a guest, and a second address at the network's end."""

    def __init__(self, lab, rnd):
        self.lab, self.rnd = lab, rnd
        self.guest = Namespace.create(f"{lab.env.run_id}-kernel")
        lab.finally_(self.guest.destroy)
        lab.host.run(f"ip link add vg0 type veth peer name g0 address {GUEST_MAC}; ip link set vg0 master br0 up")
        lab.finally_(lab.host.run, "ip link del vg0", check=False)
        move_link(lab.host, "g0", self.guest)
        self.guest.run(f"ip addr add {GUEST}/24 dev g0; ip link set g0 up")
        lab.network.run(f"ip addr add {PEER}/24 dev peer0")
        lab.finally_(lab.network.run, f"ip addr del {PEER}/24 dev peer0")
        lab.finally_(self.healthy_again)
        self.devices = [(lab.network, "peer0"), (lab.host, UPLINK), (lab.host, "vg0"), (self.guest, "g0")]
        for ns in (self.guest, lab.network):
            self.begin(ns, ["serve"]).stdout.readline()

    def healthy_again(self):
        for ns, dev in self.devices[:2]:
            ns.run(f"ethtool -K {dev} {' '.join(f + ' on' for f in FEATURES)}; ip link set {dev} mtu 1500", check=False)
        self.lab.host.run("sysctl -qw net.bridge.bridge-nf-call-iptables=0", check=False)

    def begin(self, ns, words):
        p = ns.popen([*STREAMS, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

        def end():
            p.kill()
            p.wait()
            p.stdout.close()
        self.lab.finally_(end)
        return p

    def shuffle(self):
        """Any offload anywhere; returns what was chosen."""
        told = []
        for ns, dev in self.devices:
            chosen = {f: self.rnd.choice(("on", "off")) for f in FEATURES}
            for f, value in chosen.items():     # one at a time: what a device cannot have, or not without another, it refuses
                ns.run(f"ethtool -K {dev} {f} {value}", check=False)
            told.append(f"{dev} without {','.join(f for f, v in chosen.items() if v == 'off') or 'nothing'}")
        mtu, netfilter = self.rnd.choice((1500, 1500, 1400)), self.rnd.choice((0, 0, 1))
        for ns, dev in self.devices:
            ns.run(f"ip link set {dev} mtu {mtu}")
        self.lab.host.run(f"sysctl -qw net.bridge.bridge-nf-call-iptables={netfilter}", check=False)
        return f"{'; '.join(told)}; mtu {mtu}, br_netfilter {netfilter}"

    def talk(self, seconds):
        """One to three streams at once, some from either side."""
        told = []
        for _ in range(self.rnd.randint(1, 3)):
            ns, to = self.rnd.choice(((self.lab.network, GUEST), (self.guest, PEER)))
            kind = self.rnd.choice(streams.KINDS)
            self.begin(ns, [kind, to, seconds])
            told.append(f"{kind} from {'network' if to == GUEST else 'guest'}")
        if self.rnd.random() < 0.4:
            size = self.rnd.choice((56, 4000, 30000))
            p = self.lab.network.popen(["ping", "-q", "-i", "0.02", "-c", "150", "-s", str(size), GUEST], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL)
            self.lab.finally_(p.wait)
            told.append(f"ping with {size} bytes")
        return ", ".join(told)


@scenario("healthy-offloads", about="streams and floods between kernels, any offload on or off at any device: nothing is lost", timeout=180)
def healthy_offloads(lab):
    seed = os.environ.get("VMPATH_LAB_SEED") or str(random.SystemRandom().randrange(1 << 32))
    kernels = Kernels(lab, random.Random(seed))
    xml = pathlib.Path(lab.lab.rundir) / "kernel.xml"
    xml.write_text(XML)
    os.chmod(xml, 0o644)
    offered, captured = collections.Counter(), collections.Counter()
    for i in range(ROUNDS):
        lab.env.notes.clear()
        lab.env.note("how", f"VMPATH_LAB_SEED={seed}, round {i}: {kernels.shuffle()}; {kernels.talk(4)}")
        address = kernels.rnd.choice(([], [GUEST], [PEER]))
        with Captures(lab, (UPLINK, "vg0"), {"short": SHORT}, {}) as captures:
            result = lab.trace("--domain-xml", xml, *address)
            whole = captures.stop()
            by_others = lab.run("analyze", "--json", "--mac", GUEST_MAC, *captures.words("short"))
        for result, counts in ((result, offered), (by_others, captured)) if whole else ((result, offered),):
            judge.sums(result)
            for s in result.doc["segments"]:
                if s["to"] == "guest":
                    continue
                counts.update(offered=s["offered"], unsure=s["unsure"])
                if s["lost"]:
                    raise Fail(f"a loss where there is none: {json.dumps(s)}")
            if result.verdict["state"] == "loss":
                raise Fail(f"a loss where there is none: {result.verdict}")
    if not offered["offered"]:
        raise Fail("no packet was followed in any round")
    lab.env.note("sum", f"followed live {dict(offered)}, in captures of tcpdump {dict(captured)}")
