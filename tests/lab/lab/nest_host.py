"""The fixture of the group `nest`: a hypervisor host with Debian's kernel, one scene at a time.

Every scene has the same cast: a guest (nest/guest.c) with ADDRESS behind the tap TAP, and a peer in the network namespace
"network" that pings it over the uplink. nest/count.c counts the pings at every device on its own; a scenario first holds
that against what it meant to build, so that a broken lab is never taken for a broken program.
"""

import collections
import functools
import pathlib
import re
import subprocess
import time

from lab import again, nest
from lab.scenario import Fail, Fixture, LabFault, Skip, fixture, scenario
from lab.vmpath import Result

GUEST = "web01"
MAC = "52:54:00:02:1f:00"
TAP = "021f00"
ADDRESS = "192.0.2.10"
PEER = "192.0.2.1"
WINDOW_S = 3
# The time is for a busy machine; an idle one needs about ten seconds.
nest_scenario = functools.partial(scenario, group="nest", timeout=180)

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

# build makes the host and the network, plug puts the tap into it (both are bash scripts); the peer is at the device `peer`.
Scene = collections.namedtuple("Scene", "build plug peer bridge ovs vhost", defaults=("br0", False, False))

MODULES = "modprobe bonding max_bonds=0; modprobe -a 8021q bridge tun veth vhost_net openvswitch ip_gre"
# What build scripts share: the uplink NAME has its other end, far-NAME, in the network.
PRELUDE = """
uplink() { ip link add "$1" type veth peer name "far-$1" netns network; ip link set "$1" up; ip -n network link set "far-$1" up; }
tagged() { ip -n network link add link "$1" name "$1.$2" type vlan id "$2"; ip -n network link set "$1.$2" up; }
ip netns add network
"""
# Every scene goes the same way: nothing but the loopback device is left.
STRIKE = """
nft flush ruleset
if pidof -q ovs-vswitchd; then ovs-vsctl --if-exists del-br ovsbr0; /usr/share/openvswitch/scripts/ovs-ctl stop; fi
ip netns del network
for try in {1..100}; do
    left=$(ls /sys/class/net | grep -vxE 'lo|bonding_masters|ovs-system|gre0|gretap0|erspan0' || true)
    [ -n "$left" ] || exit 0
    # What was in the other namespace goes by itself, some time.
    for device in $left; do ip link del "$device" 2>/dev/null || true; done
    sleep 0.05
done
echo "left: $left"
exit 1
"""


class Watch:
    """A ping watched by vmpath and by the counter at the same time."""

    def __init__(self, sent, counts, dropped, result):
        self.sent = sent
        self.counts = counts        # "DEVICE in|out VLAN|- request|reply" -> packets
        self.dropped = dropped      # by the tap's queue meanwhile
        self.result = result        # vmpath's

    def truth(self, all_at=(), none_at=(), number=None, overrun=False):
        """Check the scene itself: as many packets as were sent (or NUMBER) at ALL_AT, none at NONE_AT; a queue overrun."""
        number = self.sent if number is None else number
        for place in all_at:
            if self.counts.get(place, 0) != number:
                raise LabFault(f"{number} packets should be seen at {place}: {self.counts}")
        for place in none_at:
            if self.counts.get(place, 0):
                raise LabFault(f"packets were seen at {place}, where none should come: {self.counts}")
        if bool(self.dropped) != overrun:
            raise LabFault(f"the tap's queue dropped {self.dropped} packets")

    def path(self, *names):
        """Check that the hops NAMES are on the path in this order, and that each is observed."""
        hops = [hop for hop in self.result.doc["hops"] if hop["name"] in names]
        if [hop["name"] for hop in hops] != list(names):
            found = " - ".join(hop["name"] for hop in self.result.doc["hops"])
            raise Fail(f"path is {found}, expected {' - '.join(names)} on it")
        for hop in hops:
            if hop["observed"] != "yes":
                raise Fail(f"{hop['name']} is observed: {hop['observed']} ({hop.get('why')})")

    def ok(self):
        """Check that vmpath found nothing lost anywhere, in either direction."""
        verdict = self.result.verdict
        if (self.result.rc, verdict["state"], verdict["code"]) != (0, "ok", "no-loss"):
            raise Fail(f"status {self.result.rc}, verdict {verdict}")
        for segment in self.result.doc["segments"]:
            if segment["lost"]:
                raise Fail(f"a healthy segment lost packets: {segment}")
            if not segment["delivered"]:
                raise Fail(f"a segment with traffic in it delivered nothing: {segment}")
        for direction in ("to_guest", "from_guest"):
            if not any(segment["direction"] == direction for segment in self.result.doc["segments"]):
                raise Fail(f"no segment for {direction}")

    def loss(self, code, direction, before, after):
        """Check that vmpath found a loss of this kind between these hops, and none anywhere else."""
        verdict = self.result.verdict
        told = tuple(verdict.get(key) for key in ("state", "code", "direction", "from", "to"))
        if (self.result.rc, *told) != (2, "loss", code, direction, before, after):
            raise Fail(f"status {self.result.rc}, verdict {verdict}; expected {code} {direction} from {before} to {after}")
        for segment in self.result.doc["segments"]:
            here = (segment["direction"], segment["from"], segment["to"]) == (direction, before, after)
            if here and not segment["lost"]:
                raise Fail(f"the segment of the verdict lost nothing: {segment}")
            if not here and segment["lost"]:
                raise Fail(f"loss in another segment than the one with the fault: {segment}")
            if segment.get("elsewhere"):
                raise Fail(f"no scene of the nest sends a packet out at a wrong port, but: {segment}")
        if not any(finding["code"] == code and finding["severity"] == "critical" for finding in self.result.doc["findings"]):
            raise Fail(f"no critical finding {code}")


    def cause(self, *places):
        """Check that the kernel was asked, and says of all that is lost that it dropped it at one of these places; none: it says nothing."""
        verdict = self.result.verdict
        lost = [s for s in self.result.doc["segments"] if s["lost"] and s["direction"] == verdict["direction"] and s["from"] == verdict["from"]]
        told = [cause for segment in lost for cause in segment["causes"]]
        if not places and told:
            raise Fail(f"this kernel says nothing of such drops, the program says {told}")
        if not all({cause["symbol"], cause.get("caller")} & set(places) for cause in told):
            raise Fail(f"dropped at {' or '.join(places)}, the program says {told}")
        if places and sum(cause["packets"] for cause in told) < 0.9 * sum(segment["lost"] for segment in lost):
            raise Fail(f"{sum(segment['lost'] for segment in lost)} were lost, and the kernel tells why of {told}")


@fixture("nest")
class NestHost(Fixture):
    """The host. A scene stays up for the scenarios that share it; what a scenario breaks is undone after it."""

    def __init__(self, env):
        super().__init__(env)
        self.vmpath = pathlib.Path(env.vmpath)
        self.nest = nest.Nest(share=[self.vmpath.parent])
        self.scene = None
        self.guest = None
        self.undo = []

    def up(self):
        try:
            self.nest.boot()
        except Skip as error:
            raise Skip(f"{error}; not exercised on a kernel that has it: bond, VLAN device, VLAN filtering, Open vSwitch's "
                       "datapath, vhost-net, gretap") from None
        for name in ("guest", "count"):
            subprocess.run(["cc", "-std=c11", "-O2", "-o", self.nest.folder / name, nest.HERE / f"{name}.c"], check=True)
        self.nest.run(MODULES)

    def ill(self):
        return None if self.nest.alive() else f"the nest ended: {self.nest.last_words()}"

    def reset(self):
        while self.undo:
            self.nest.run(self.undo.pop())

    def down(self):
        self.nest.halt()

    def kept(self):
        """A nest ends with the process that booted it: what is left to see is its last words."""
        words = self.nest.last_words()
        self.down()
        return f"not the nest, it ends with the run; see nest/README for another one. Its console said:\n{words}"

    def enter(self, scene):
        """Have SCENE up, with the guest in it answering."""
        if self.scene is scene:
            return
        self._strike()
        (self.nest.folder / "guest.xml").write_text(DOMAIN.format(
            guest=GUEST, mac=MAC, bridge=scene.bridge, tap=TAP, driver="vhost" if scene.vhost else "qemu",
            virtualport=VIRTUALPORT if scene.ovs else ""))
        self.scene = scene
        try:
            self.nest.run(f"{PRELUDE}\n{scene.build}")
            self.guest = self.nest.start(f"exec /lab/guest {'-v ' if scene.vhost else ''}{TAP} {ADDRESS} {MAC}")
            self.guest.wait_for("^guest up$")
            self.nest.run(f"""
                ip -n network address add {PEER}/24 dev {scene.peer}
                ip link set {TAP} address fe:{MAC[3:]} up
                {scene.plug}
                for try in {{1..20}}; do
                    ! ip netns exec network ping -q -c 1 -W 1 {ADDRESS} || exit 0
                done
                exit 1""")
        except BaseException:
            self._strike()
            raise

    def _strike(self):
        if self.scene is not None:
            self.scene = None
            self.undo.clear()
            if self.guest is not None:
                self.guest.stop()
                self.guest = None
            self.nest.run(STRIKE)

    def fault(self, script, undo):
        """Break something in the scene; UNDO mends it after the scenario."""
        # With the neighbour entry nailed down the peer goes on asking where ARP is lost as well.
        entry = f"{ADDRESS} lladdr {MAC} dev {self.scene.peer} nud"
        self.undo.append(f"{undo}\nip -n network neighbour replace {entry} stale")
        self.nest.run(f"ip -n network neighbour replace {entry} permanent\n{script}")

    def tap_dropped(self):
        """How many packets the tap's queue had no room for, ever."""
        return int(self.nest.run(f"cat /sys/class/net/{TAP}/statistics/tx_dropped")[1])

    def ask(self, *words):
        """Run the program in the nest; returns its Result. Words are the shell's."""
        argv = [str(self.vmpath), *words, "--json"]
        begun = time.monotonic()
        status, _ = self.nest.run(f"{' '.join(argv)} >/lab/vmpath.out 2>/lab/vmpath.err", WINDOW_S + 60, check=False)
        out, err = ((self.nest.folder / f"vmpath.{kind}").read_text(errors="replace") for kind in ("out", "err"))
        return Result(argv, status, out, err, time.monotonic() - begun)

    def watch(self, ping="-i 0.02", packets=1500, until="true"):
        """Ping the guest and trace it meanwhile, from the moment the bash condition UNTIL holds; the evidence is judged again."""
        dropped = self.tap_dropped()
        count = self.nest.start(f"exec /lab/count {ADDRESS}")
        count.wait_for("^counting$")
        asking = self.nest.start(f"exec ip netns exec network stdbuf -oL ping -q {ping} -c {packets} {ADDRESS}")
        asking.wait_for("^PING")
        try:
            self.nest.run(f"for try in {{1..200}}; do ! {until} || exit 0; sleep 0.05; done; exit 1")
            self.nest.run("rm -rf /tmp/evidence; mkdir /tmp/evidence")
            result = self.ask("trace", "--domain-xml", "/lab/guest.xml", ADDRESS, "-d", str(WINDOW_S), "-w", "/tmp/evidence")
        finally:
            asking.signal("INT")
            asking.wait()
            count.stop()
        dropped = self.tap_dropped() - dropped
        sent = int(re.search(r"(\d+) packets transmitted", asking.output()).group(1))
        counted = dict(re.findall(r"^(.*) (\d+)$", count.output(), re.M))
        if int(counted.pop("lost")):
            raise LabFault(f"the counter itself lost packets: {count.output()}")
        self.env.note("ping, count and the tap's queue", f"{asking.output()}{count.output()}dropped by the queue {dropped}")
        self.env.note("vmpath", result.text())
        again.compare(self.env, result, self.ask("analyze", "/tmp/evidence/*"))
        return Watch(sent, {place: int(packets) for place, packets in counted.items()}, dropped, result)
