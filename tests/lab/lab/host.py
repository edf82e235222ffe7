"""The lab host: a bridge, an uplink to a network of its own, a private libvirtd, and the guest web01."""

import json
import pathlib
import shutil
import subprocess
import time

from lab import image, ns
from lab.guest import Card, Guest
from lab.libvirtd import Libvirtd, private_places
from lab.scenario import LabFault, until
from lab.smallguest import SmallGuest

BASE = pathlib.Path("/run/vmpath-lab")
UPLINK, BRIDGE = "eth0", "br0"
PEER_IP, GUEST_IP, HOST_IP = "192.0.2.1", "192.0.2.10", "192.0.2.254"
PEER_MAC = "02:00:5e:00:02:01"
TAP, GUEST_MAC = "021f00", "52:54:00:02:1f:00"

# every guest a scenario may ask for; web01 is always there, web02 is defined and off, the others are started when first used
GUESTS = {
    "web01": [Card(TAP, GUEST_MAC, GUEST_IP + "/24", gateway=PEER_IP)],
    "web02": [Card("022000", "52:54:00:02:20:00", "192.0.2.20/24", gateway=PEER_IP)],
    "db02": [Card("032f00", "52:54:00:03:2f:00", "192.0.2.30/24", gateway=PEER_IP),
             Card("032f01", "52:54:00:03:2f:01", "203.0.113.31/24")],
    "nat03": [Card("nat0f0", "52:54:00:04:0f:00", "dhcp", kind="network", source="network='nat0'")],
    "mv04": [Card("mv04f0", "52:54:00:05:0f:00", "192.0.2.40/24", kind="direct", source="dev='eth1' mode='bridge'")],
}
NAT_NETWORK = """<network><name>nat0</name><forward mode='nat'/><bridge name='virbr0' stp='on' delay='0'/>
<ip address='198.51.100.1' netmask='255.255.255.0'><dhcp><range start='198.51.100.100' end='198.51.100.200'/>
<host mac='52:54:00:04:0f:00' ip='198.51.100.10'/></dhcp></ip></network>"""
NAT_IP = "198.51.100.10"


class Lab:
    """A lab host that is up; made by create() or found again by attach()."""

    def __init__(self, run_id, rundir):
        self.run_id, self.rundir = run_id, pathlib.Path(rundir)
        self.host = self.network = self.libvirtd = None
        self.image = None
        self.guests = {}
        self.faults = []        # names of injected faults, in order
        self.small = False      # no QEMU, no libvirtd: a program behind the tap, and libvirt's test driver

    # making and finding

    @classmethod
    def create(cls, run_id, stay=False, small=False):
        """Build one; with `stay` it outlives this process. `small`: without QEMU."""
        sweep_away_dead()
        lab = cls(run_id, BASE / run_id)
        lab.rundir.mkdir(parents=True, mode=0o700)
        lab.small = small
        try:
            lab.image = None if small else image.guest_image()
            lab.host = ns.Namespace.create("host", stay)
            lab.network = ns.Namespace.create("network", stay)
            lab.save()
            private_places(lab.host, lab.rundir)
            lab.cable(UPLINK, "peer0", PEER_MAC)
            lab.host.run(f"""
                sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-arptables=0 || true
                ip link add {BRIDGE} type bridge forward_delay 0 mcast_snooping 0
                ip link set {UPLINK} master {BRIDGE} up
                ip link set {BRIDGE} up""")
            lab.network.run(f"ip addr add {PEER_IP}/24 dev peer0; ip addr add 203.0.113.1/24 dev peer0")
            if small:
                lab.guests["web01"] = SmallGuest(lab.host, "web01", GUESTS["web01"], lab.rundir)
                lab.guests["web01"].start()
                lab.save()
                return lab
            lab.libvirtd = Libvirtd(lab.host, lab.rundir)
            lab.libvirtd.start()
            lab.guest("web01")
            lab.libvirtd.define(Guest(lab.libvirtd, "web02", GUESTS["web02"], lab.image).xml())
        except BaseException:
            lab.destroy()
            raise
        return lab

    @classmethod
    def attach(cls, run_id):
        """The lab that an earlier process created; None when there is none (any more)."""
        state = BASE / run_id / "state.json"
        try:
            known = json.loads(state.read_text())
        except (OSError, ValueError):
            return None
        lab = cls(run_id, BASE / run_id)
        for side in ("host", "network"):
            pid, born = known[side]
            if ns.start_time(pid) != born:
                return None
            setattr(lab, side, ns.Namespace(side, pid))
        lab.faults, lab.small = known["faults"], known["small"] is not None
        if lab.small:
            lab.guests["web01"] = SmallGuest(lab.host, "web01", GUESTS["web01"], lab.rundir, known["small"])
            return lab
        lab.image = known["image"]
        lab.libvirtd = Libvirtd(lab.host, lab.rundir)
        for name in known["guests"]:
            lab.guests[name] = Guest(lab.libvirtd, name, GUESTS[name], lab.image)
        return lab

    def save(self):
        part = self.rundir / "state.part"
        part.write_text(json.dumps({
            "host": [self.host.pid, ns.start_time(self.host.pid)], "network": [self.network.pid, ns.start_time(self.network.pid)],
            "guests": list(self.guests), "faults": self.faults, "image": self.image,
            "small": self.guests["web01"].pid if self.small and self.guests else None}))
        part.rename(self.rundir / "state.json")

    def destroy(self):
        for guest in self.guests.values():
            guest.hang_up()
        for side in (self.network, self.host):
            if side:
                side.destroy()
        shutil.rmtree(self.rundir, ignore_errors=True)

    def cable(self, here, there, mac):
        """A veth pair: `here` in the lab host plays a physical NIC, `there` is in the network."""
        self.host.run(f"ip link add {here} type veth peer name {there} address {mac}")
        move_link(self.host, there, self.network)
        self.host.run(f"ip link set {here} up")
        self.network.run(f"ip link set {there} up")

    # guests

    def guest(self, name="web01"):
        """The guest of that name, started if it does not run."""
        if name not in self.guests:
            if name == "nat03":
                self.nat_network()
            if name == "mv04" and not self.host.has("eth1"):
                self.cable("eth1", "peer1", "02:00:5e:00:02:02")
                self.network.run("ip addr add 192.0.2.2/24 dev peer1 noprefixroute; ip route add 192.0.2.40 dev peer1 src 192.0.2.2")
            guest = Guest(self.libvirtd, name, GUESTS[name], self.image)
            self.guests[name] = guest
            guest.start()
            self.save()
        return self.guests[name]

    def nat_network(self):
        """libvirt's own NATed network, routed out of the lab host through an address on its bridge."""
        self.host.run(f"ip addr replace {HOST_IP}/24 dev {BRIDGE}; ip route replace default via {PEER_IP}; sysctl -qw net.ipv4.ip_forward=1")
        self.libvirtd.define(NAT_NETWORK, what="network")
        self.libvirtd.virsh("net-start", "nat0")

    def stop_guest(self, name):
        guest = self.guests.pop(name, None)
        if guest:
            guest.undefine()
            self.save()

    # health

    def answers(self, address=GUEST_IP, count=1, deadline=1):
        return self.network.run(["ping", "-n", "-q", "-c", str(count), "-w", str(deadline), address], check=False).rc == 0

    def wait_answer(self, address=GUEST_IP, seconds=15):
        until(lambda: self.answers(address), seconds, f"{address} to answer the network")


def move_link(src, dev, dst):
    """Move a device between two namespaces, neither of which is this process's."""
    # the pid that `ip link set netns` takes is looked up in the caller's pid namespace, so ip runs in ours
    p = subprocess.run(["nsenter", f"--target={src.pid}", "--net", "ip", "link", "set", dev, "netns", str(dst.pid)],
                       capture_output=True, text=True)
    if p.returncode:
        raise LabFault(f"moving {dev}: {p.stderr.strip()}")


def sweep_away_dead():
    """Remove the folders of labs that ended without tidying up (their processes ended with them)."""
    BASE.mkdir(parents=True, exist_ok=True, mode=0o700)
    for d in BASE.iterdir():
        try:
            known = json.loads((d / "state.json").read_text())
            if all(ns.start_time(pid) != born for pid, born in (known["host"], known["network"])):
                shutil.rmtree(d, ignore_errors=True)
        except (OSError, ValueError, KeyError):
            if d.stat().st_mtime < time.time() - 3600:
                shutil.rmtree(d, ignore_errors=True)
