"""Captures as operators make them, of two devices at once, while traffic flows."""

import gzip
import os
import pathlib
import re
import signal
import subprocess

from lab.native import TAP, UPLINK
from lab.ns import children
from lab.scenario import LabFault, until

DEVICES = (UPLINK, TAP)


def tcpdump(*words):
    """tcpdump with these options, as a form."""
    return lambda dev, path: ["tcpdump", "-Z", "root", "-p", "-U", "-i", dev, *words, "-w", path]


# By name: the command for a device, or for all devices at once.
FORMS = {
    "tcpdump": tcpdump("-s", "0"),
    "tcpdump, nanoseconds, 96 bytes": tcpdump("-s", "96", "--time-stamp-precision=nano"),
    "tcpdump, by libpcap's default": tcpdump(),
    "dumpcap": lambda dev, path: ["dumpcap", "-q", "-p", "-i", dev, "-w", path],
}
ANY_FORMS = {
    "tcpdump -i any, cooked v2": tcpdump("-y", "LINUX_SLL2"),
    "tcpdump -i any, cooked v1": tcpdump("-y", "LINUX_SLL"),
}


class Captures:
    """All forms at once, in the host. Use with `with`; stop() ends them, then words() tells them to analyze."""

    def __init__(self, lab, devices=DEVICES, forms=None, anys=None):
        self.lab, self.devices = lab, devices
        self.forms = FORMS if forms is None else forms
        self.anys = ANY_FORMS if anys is None else anys
        self.folder = pathlib.Path(lab.lab.rundir) / "captures"
        self.folder.mkdir()
        self.procs, self.files = [], {}
        before = self._sockets()
        for name, command in self.forms.items():
            for dev in devices:
                self._begin(name, dev, command)
        for name, command in self.anys.items():
            self._begin(name, "any", command)
        until(lambda: self._sockets() >= before + len(self.procs) or self._dead(), 15, "the captures to begin")
        if self._dead():
            raise LabFault("a capture ended at once: " + self._dead().stderr.read().decode(errors="replace"))

    def _sockets(self):
        return len(self.lab.host.run("cat /proc/net/packet").out.splitlines())

    def _dead(self):
        return next((p for p in self.procs if p.poll() is not None), None)

    def _begin(self, name, dev, command):
        path = self.folder / f"{len(self.procs)}"
        self.files[name, dev] = path
        self.procs.append(self.lab.host.popen(command(dev, str(path)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                              stderr=subprocess.PIPE))

    def wait_for(self, reply):
        """Until each file holds this answer to a ping: what is still in the kernel's block when a capture is ended, it forgets."""
        body = reply.key[-1]
        wanted = re.compile(re.escape(body[:2]) + b".." + re.escape(body[4:24]), re.DOTALL)
        until(lambda: all(wanted.search(path.read_bytes()) for path in self.files.values()), 10, "the last packet in all captures")

    def stop(self):
        """End them as Ctrl-C does. Returns False when one of them missed frames."""
        procs, self.procs = self.procs, []
        said = []
        for p in procs:
            for pid in children(p.pid):     # nsenter stands between
                os.kill(pid, signal.SIGINT)
        for p in procs:
            said.append(p.communicate(timeout=20)[1].decode(errors="replace"))
        return not any("dropped by kernel" in line and not line.startswith("0 ") for text in said for line in text.splitlines())

    def close(self):
        for p in self.procs:
            p.kill()
            p.communicate()
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def words(self, name):
        """HOP=FILE for each device."""
        return [f"{dev}={self.files[name, dev]}" for dev in self.devices]

    def packed(self, name):
        """The same, gzip'd."""
        words = []
        for dev in self.devices:
            path = self.files[name, dev].with_suffix(".gz")
            path.write_bytes(gzip.compress(self.files[name, dev].read_bytes()))
            words.append(f"{dev}={path}")
        return words

    def words_of_any(self, name):
        """HOP=FILE:IFINDEX of the one file of all devices."""
        index = {dev: self.lab.host.run(f"cat /sys/class/net/{dev}/ifindex").out.strip() for dev in self.devices}
        return [f"{dev}={self.files[name, 'any']}:{index[dev]}" for dev in self.devices]
