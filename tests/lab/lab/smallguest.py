"""The guest of a lab without QEMU: lab/tapguest.py behind the tap, and a node file for libvirt's test driver."""

import os
import pathlib
import signal
import subprocess

from lab.ns import inner
from lab.scenario import LabFault

PROGRAM = str(pathlib.Path(__file__).with_name("tapguest.py"))
SIGNALS = {"suspend": signal.SIGUSR1, "resume": signal.SIGUSR2}


class SmallGuest:
    def __init__(self, ns, name, cards, rundir, pid=None):
        self.ns, self.name, self.cards, self.rundir, self.pid = ns, name, cards, rundir, pid

    @property
    def uri(self):
        return f"test://{self.rundir}/node.xml"

    def start(self):
        card = self.cards[0]
        # in the namespace's own process tree it ends with the namespace, not with us
        holder = subprocess.Popen(self.ns.enter(["/usr/bin/python3", "-I", PROGRAM, card.target, "br0", card.ip, card.mac]),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        if holder.stdout.readline() != b"ready\n":
            raise LabFault(f"the small guest ended with status {holder.wait()}")
        holder.stdout.close()
        self.pid = inner(holder)
        (pathlib.Path(self.rundir) / "node.xml").write_text(f"""<node>
  <domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
    <name>{self.name}</name><uuid>24812c9f-7e8b-5c5e-a23e-a1344b56398d</uuid>
    <memory>98304</memory><vcpu>1</vcpu><os><type>hvm</type></os>
    <devices>{card.xml()}</devices>
    <test:runstate>1</test:runstate>
  </domain>
</node>
""")

    def signal(self, word):
        """suspend or resume it."""
        os.kill(self.pid, SIGNALS[word])

    def run(self, command, **_):
        raise LabFault(f"{self.name} is a small program here: nothing can be run inside it ({command})")

    def hang_up(self):
        pass
