"""Traffic from a namespace: starts lab/gen.py there and follows what it says."""

import contextlib
import os
import pathlib
import signal
import subprocess
import threading

from lab.ns import children
from lab.scenario import until

GEN = str(pathlib.Path(__file__).with_name("gen.py"))


V6, PEER_V6 = "2001:db8::10", "2001:db8::1"


def with_ipv6(lab):
    """Give web01 and the network IPv6 addresses until the scenario's end."""
    lab.network.run(f"ip -6 addr replace {PEER_V6}/64 dev peer0 nodad")
    lab.finally_(lab.network.run, f"ip -6 addr del {PEER_V6}/64 dev peer0")
    lab.guest().run(f"ip -6 addr add {V6}/64 dev eth0")
    lab.finally_(lambda: lab.guest().run(f"ip -6 addr del {V6}/64 dev eth0; ip -6 neigh flush dev eth0"))


def command(kind, to, **options):
    """The generator's command line; options as it names them (count=, interval=, port=, ...)."""
    argv = ["/usr/bin/python3", "-I", GEN, kind, to]
    for name, value in options.items():
        if value is True:
            argv.append(f"--{name}")
        elif value not in (None, False):
            argv += [f"--{name}", str(value)]
    return argv


class Traffic:
    """One running generator; use with `with`."""

    def __init__(self, ns, kind, to, **options):
        self.kind, self.to = kind, to
        self.sent = self.answered = 0
        self.over = False
        self.proc = ns.popen(command(kind, to, **options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.proc.stdout:
            word = line.split()
            if word[0] == b"sent":
                self.sent = int(word[1])
            elif word[0] == b"answer":
                self.answered = int(word[1])
            elif word[0] == b"done":
                self.sent, self.answered = int(word[1]), int(word[2])
        self.over = True

    def wait_answers(self, more=1, seconds=10):
        """Until it got so many more answers than now."""
        goal = self.answered + more
        until(lambda: self.answered >= goal, seconds, f"{self.kind} to {self.to}: {more} answers (sent {self.sent}, had {self.answered})")

    def wait_sent(self, more=1, seconds=10):
        goal = self.sent + more
        until(lambda: self.sent >= goal, seconds, f"{self.kind} to {self.to}: {more} probes sent")

    def finish(self, seconds=30):
        """Until all its probes are sent."""
        until(lambda: self.over, seconds, f"{self.kind} to {self.to} to end")

    def stop(self):
        # nsenter does not pass signals on: its child is told
        for pid in children(self.proc.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self.proc.wait()
        self.reader.join()
        self.proc.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
