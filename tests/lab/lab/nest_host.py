"""What stands in the nest: a host with an uplink, a bridge and a guest, the network beyond it, and the ground truth.

Every scenario of the nest has the same cast: a guest (nest/guest.c) with ADDRESS behind the tap TAP, a peer PEER in the
network namespace "network", which pings it, and nest/count.c, which counts the pings at every device on its own.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import subprocess

from lab import nest

GUEST = "web01"
MAC = "52:54:00:02:1f:00"
TAP = "021f00"
ADDRESS = "192.0.2.10"
PEER = "192.0.2.1"
PING_S = 0.02

DOMAIN = """<domain type='kvm' id='7'>
  <name>{guest}</name>
  <uuid>5f2b3f6c-6f0e-4c55-9d0c-0d3c1e021f00</uuid>
  <memory unit='KiB'>1048576</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static'>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <interface type='bridge'>
      <mac address='{mac}'/>
      <source bridge='{bridge}'/>
{virtualport}      <target dev='{tap}'/>
      <model type='virtio'/>
      <driver name='{driver}'/>
      <alias name='net0'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </interface>
  </devices>
</domain>
"""
VIRTUALPORT = """      <virtualport type='openvswitch'>
        <parameters interfaceid='2c6c1c8b-7d61-4b0e-8f55-2f8b60021f00'/>
      </virtualport>
"""

Trace = collections.namedtuple("Trace", "status report text")


class Wrong(AssertionError):
    """Something is not as the scenario says it must be."""


def expect(truth, what):
    """Fail the scenario with WHAT unless TRUTH."""
    if not truth:
        raise Wrong(what)


class Counts(dict):
    """What nest/count.c saw: {(device, "in" or "out", VLAN or None, "request" or "reply"): packets}."""

    def __init__(self, text):
        super().__init__()
        self.lost = int(re.search(r"^lost (\d+)", text, re.M).group(1))
        for device, way, vlan, kind, packets in re.findall(r"^(\S+) (in|out) (\d+|-) (request|reply) (\d+)$", text, re.M):
            self[device, way, None if vlan == "-" else int(vlan), kind] = int(packets)

    def at(self, device, way, kind, vlan=None):
        """Packets of KIND seen going WAY at DEVICE with that VLAN tag."""
        return self.get((device, way, vlan, kind), 0)


class Host:
    """A nest with the helper programs in it and the program under test at hand."""

    def __init__(self, vmpath):
        self.vmpath = pathlib.Path(vmpath).resolve()
        self.nest = nest.Nest(share=[self.vmpath.parent])

    def __enter__(self):
        self.nest.__enter__()
        try:
            for name in ("guest", "count"):
                subprocess.run(["cc", "-std=c11", "-O2", "-o", self.nest.folder / name, nest.HERE / f"{name}.c"], check=True)
        except BaseException:
            self.nest.halt()
            raise
        return self

    def __exit__(self, *_):
        self.nest.halt()

    @contextlib.contextmanager
    def stage(self, build, strike, bridge="br0", ovs=False, vhost=False, plug=""):
        """Build a scene with the script BUILD, put the guest into it with PLUG, and STRIKE it all in the end."""
        (self.nest.folder / "guest.xml").write_text(DOMAIN.format(
            guest=GUEST, mac=MAC, bridge=bridge, tap=TAP, driver="vhost" if vhost else "qemu",
            virtualport=VIRTUALPORT if ovs else ""))
        guest = None
        try:
            self.nest.run(build)
            guest = self.nest.start(f"exec /lab/guest {'-v ' if vhost else ''}{TAP} {ADDRESS} {MAC}")
            guest.wait_for("^guest up$")
            self.nest.run(f"ip link set {TAP} address fe:{MAC[3:]} up\n{plug}\n"
                          f"for try in {{1..20}}; do ip netns exec network ping -q -c 1 -W 1 {ADDRESS} && exit; done; exit 1")
            yield guest
        finally:
            if guest is not None:
                guest.stop()
            self.nest.run(f"{strike}\nip netns del network", check=False)

    @contextlib.contextmanager
    def pinging(self, packets=1500, options=f"-i {PING_S}"):
        """Have the peer ping the guest, at most PACKETS times; the list yielded gets (sent, answered, Counts) at the end."""
        result = []
        count = self.nest.start(f"exec /lab/count {ADDRESS}")
        count.wait_for("^counting$")
        ping = self.nest.start(f"exec ip netns exec network ping -q {options} -c {packets} {ADDRESS}")
        ping.wait_for("^PING")
        try:
            yield result
        finally:
            ping.signal("INT")
            ping.wait()
            count.stop()
        sent, answered = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", ping.output()).groups())
        result += [sent, answered, Counts(count.output())]

    def trace(self, seconds=4):
        """Trace the guest in the nest; return exit status, document and what was said on stderr."""
        status, text = self.nest.run(
            f"{self.vmpath} trace --domain-xml /lab/guest.xml {ADDRESS} --json -d {seconds} >/lab/trace.json 2>/lab/trace.err; "
            "status=$?; cat /lab/trace.err; exit $status", seconds + 60, check=False)
        document = (self.nest.folder / "trace.json").read_text()
        return Trace(status, json.loads(document) if document else None, text)
