"""One guest: its domain XML, its life, and a shell inside it over a serial port."""

import base64
import os
import pathlib
import socket
import threading
import time
import uuid

from lab.scenario import LabFault

_NAMESPACE = uuid.UUID("5f9d0f0e-6c1d-4f0b-9a8e-7d0f0c0b0a09")


class Card:
    """One network card of a guest. `link` is the text of the <source> part, without the angle brackets."""

    def __init__(self, target, mac, address, kind="bridge", source="bridge='br0'", gateway=None, extra=""):
        self.target, self.mac, self.address, self.kind = target, mac, address, kind
        self.source, self.gateway, self.extra = source, gateway, extra

    @property
    def ip(self):
        return self.address.split("/")[0]

    def xml(self):
        target = f"<target dev='{self.target}'/>" if self.target else ""
        return (f"<interface type='{self.kind}'><mac address='{self.mac}'/><source {self.source}/>"
                f"{target}<model type='virtio'/>{self.extra}</interface>")

    def parameter(self):
        return f"lab.nic={self.mac},{self.address}" + (f",{self.gateway}" if self.gateway else "")


class Guest:
    def __init__(self, libvirtd, name, cards, image, memory=96):
        self.libvirtd, self.name, self.cards, self.image, self.memory = libvirtd, name, cards, image, memory
        self.rundir = libvirtd.rundir
        self.uuid = str(uuid.uuid5(_NAMESPACE, name))
        self.sock = None
        self.buffer = b""

    @property
    def card(self):
        return self.cards[0]

    def xml(self):
        kernel, initrd = self.image
        # TCG on purpose: it runs wherever QEMU does, nested or not
        return f"""<domain type='qemu'>
  <name>{self.name}</name><uuid>{self.uuid}</uuid>
  <memory unit='MiB'>{self.memory}</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><kernel>{kernel}</kernel><initrd>{initrd}</initrd>
    <cmdline>console=ttyS0 quiet panic=1 mitigations=off audit=0 nowatchdog lab.host={self.name} {' '.join(c.parameter() for c in self.cards)}</cmdline></os>
  <features><acpi/></features><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    {''.join(c.xml() for c in self.cards)}
    <serial type='file'><source path='{self.rundir}/{self.name}.console'/><target port='0'/></serial>
    <serial type='unix'><source mode='bind' path='{self.rundir}/{self.name}.shell'/><target port='1'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='none'/>
  </devices>
</domain>
"""

    def define(self):
        self.libvirtd.define(self.xml())

    def start(self, seconds=60):
        """Start it and wait until its shell answers."""
        self.define()
        p = self._virsh_start()
        if p.rc:
            raise LabFault(f"virsh start {self.name}: {p.err.strip()}\n{self.libvirtd.log()}")
        self.wait(seconds)

    def _virsh_start(self):
        """virsh start; meanwhile play udev for the /dev/tapN of a macvtap."""
        if not any(c.kind == "direct" for c in self.cards):
            return self.libvirtd.virsh("start", self.name, check=False)
        done = threading.Event()
        maker = threading.Thread(target=make_macvtap_nodes, args=(self.libvirtd.ns, done))
        maker.start()
        try:
            return self.libvirtd.virsh("start", self.name, check=False)
        finally:
            done.set()
            maker.join()

    def wait(self, seconds=60):
        end, patience = time.monotonic() + seconds, 0.3
        while True:
            try:
                if self.run("true", check=False, timeout=patience).rc == 0:
                    return
            except (LabFault, OSError):
                patience += 0.1     # what is said before its shell is there is lost: ask again, but not for ever too soon
            if time.monotonic() > end:
                raise LabFault(f"guest {self.name} does not come up: console says: {self.console()[-1500:]}")

    def console(self):
        try:
            return pathlib.Path(f"{self.rundir}/{self.name}.console").read_text(errors="replace")
        except OSError as e:
            return str(e)

    def state(self):
        return self.libvirtd.virsh("domstate", self.name, check=False).out.strip()

    def stop(self):
        self.hang_up()
        self.libvirtd.virsh("destroy", self.name, check=False)

    def undefine(self):
        self.stop()
        self.libvirtd.virsh("undefine", self.name, check=False)

    # the shell

    def hang_up(self):
        if self.sock:
            self.sock.close()
            self.sock = None
        self.buffer = b""

    def _dial(self):
        if self.sock is None:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(f"{self.rundir}/{self.name}.shell")
            except OSError as e:
                s.close()
                raise LabFault(f"guest {self.name}: no shell: {e}") from None
            self.sock = s
        return self.sock

    def run(self, command, check=True, timeout=15):
        """Run a shell command in the guest; returns (rc, out). Start what should go on with `&` and redirect it."""
        sock = self._dial()
        ident = os.urandom(4).hex()
        text = base64.b64encode(command.encode()).decode()
        end = time.monotonic() + timeout
        try:
            sock.sendall(f"{ident} {text}\n".encode())
            while True:
                while b"\n" in self.buffer:
                    line, _, self.buffer = self.buffer.partition(b"\n")
                    word = line.decode(errors="replace").strip().split(" ")
                    if word[0] == "@" + ident:
                        rc, out = int(word[1]), base64.b64decode(word[2] if len(word) > 2 else "").decode(errors="replace")
                        if check and rc:
                            raise LabFault(f"guest {self.name}: {command}: status {rc}: {out.strip()}")
                        return Answer(rc, out)
                sock.settimeout(max(0.01, end - time.monotonic()))
                got = sock.recv(65536)
                if not got:
                    self.hang_up()
                    raise LabFault(f"guest {self.name}: the serial port was closed")
                self.buffer += got
        except TimeoutError:
            self.hang_up()
            raise LabFault(f"guest {self.name}: {command}: no answer in {timeout} s") from None


class Answer:
    def __init__(self, rc, out):
        self.rc, self.out = rc, out


def make_macvtap_nodes(ns, done):
    """Make /dev/tapN for every macvtap that appears until `done`: in the lab's own /dev nobody else does."""
    net, made = pathlib.Path(ns.path("/sys/class/net")), set()
    while not done.is_set():
        for dev in net.glob("*/tap*/dev"):
            if dev.parent.name not in made:
                try:
                    major, minor = map(int, dev.read_text().split(":"))
                    node = ns.path("/dev/" + dev.parent.name)
                    if os.path.exists(node):
                        os.unlink(node)
                    os.mknod(node, 0o600 | 0o020000, os.makedev(major, minor))
                    made.add(dev.parent.name)
                except OSError:
                    pass
        done.wait(0.003)
