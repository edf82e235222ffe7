"""The fixture of the group `native`: one lab host with web01, kept up across the scenarios."""

import contextlib
import os

from lab import again, faults
from lab.host import BASE, GUEST_IP, GUEST_MAC, PEER_IP, TAP, UPLINK, Lab
from lab.scenario import Fixture, LabFault, fixture, until
from lab.traffic import Traffic
from lab.truth import Point, Truth
from lab.vmpath import Run


@fixture("native")
class LabHost(Fixture):
    def __init__(self, env):
        super().__init__(env)
        self.lab = None
        self.stack = contextlib.ExitStack()

    # what the runner asks for

    def up(self):
        self.lab = Lab.create(self.env.run_id, stay=self.env.keep)
        self.lab.wait_answer()

    def ill(self):
        if not (self.host.alive() and self.network.alive()):
            return "a namespace is gone"
        if self.lab.guests["web01"].state() != "running":
            return f"web01 is {self.lab.guests['web01'].state()}"
        until_deadline = 5
        if not self.lab.answers(deadline=until_deadline):
            return f"web01 does not answer within {until_deadline} s"
        return None

    def reset(self):
        self.stack.close()
        self.stack = contextlib.ExitStack()
        faults.undo(self.lab)

    def down(self):
        try:
            self.stack.close()
        finally:
            if self.lab:
                self.lab.destroy()
                self.lab = None

    def kept(self):
        return f"tests/lab/labctl --name {self.env.run_id} exec host bash; tests/lab/labctl --name {self.env.run_id} down"

    # what scenarios use

    host = property(lambda self: self.lab.host)
    network = property(lambda self: self.lab.network)

    def guest(self, name="web01"):
        return self.lab.guest(name)

    def virsh(self, *words, check=True):
        return self.lab.libvirtd.virsh(*words, check=check)

    def keep(self, thing):
        """Close a context at the scenario's end, however it ends."""
        return self.stack.enter_context(thing)

    def finally_(self, func, *args, **kw):
        """Call at the scenario's end, however it ends."""
        self.stack.callback(func, *args, **kw)

    def fault(self, name):
        faults.inject(self.lab, name)

    def undo(self, name=None):
        faults.undo(self.lab, name)

    def traffic(self, kind, to=GUEST_IP, ns=None, answered=True, **options):
        """Traffic from the network (or another namespace) until the scenario's end; it is waited for until answered once."""
        t = self.keep(Traffic(ns or self.network, kind, to, **options))
        if answered:
            t.wait_answers(1)
        return t

    def truth(self, points=None, routed=False):
        """Start counting, at the network's end of the cable, at the uplink and at web01's tap unless told otherwise."""
        if points is None:
            points = [Point("peer0", self.network, "peer0", "out"), Point(UPLINK, self.host, UPLINK, "in"), Point(TAP, self.host, TAP, "out")]
        return self.keep(Truth(points, routed))

    def start(self, *args, **kw):
        """Start the program; it is killed at the scenario's end should it still run."""
        run = Run(self.host, self.env.vmpath, [str(a) for a in args], str(self.lab.rundir), **kw)

        def end():
            if run.proc.poll() is None:
                run.kill()
            run.forget()
        self.stack.callback(end)
        return run

    def run(self, *args, seconds=30, **kw):
        result = self.start(*args, **kw).wait(seconds)
        self.env.note("the program", result.text())
        return result

    def trace(self, *args, duration=2, **kw):
        """`vmpath --json trace GUEST ...` for so many seconds; the guest is the first argument.

        It leaves evidence too, which is judged again: what comes out must be the same document.
        """
        if "-w" in args:
            return self.run("trace", "--json", "-d", duration, *args, **kw)
        place = self.lab.rundir / f"again-{os.urandom(4).hex()}"
        self.host.run(["mkdir", place])
        self.finally_(self.host.run, ["rm", "-rf", place])
        result = self.run("trace", "--json", "-d", duration, "-w", place, *args, **kw)
        if result.out:
            again.same(self, result, place)
        return result


__all__ = ["BASE", "GUEST_IP", "GUEST_MAC", "LabFault", "LabHost", "PEER_IP", "TAP", "UPLINK", "until"]
