"""What a scenario is, and how one is registered.

A scenario is a function in a file of tests/lab/scenarios/:

    from lab.scenario import scenario, Fail, Skip

    @scenario("healthy-ping", group="native", about="a guest that answers")
    def healthy_ping(lab):
        ...

It gets the fixture of its group: `native` is lab.host.LabHost. A fixture is any class marked with @fixture("GROUP")
that has the methods of class Fixture below; the runner keeps one of each group up across its scenarios.
"""

import importlib
import pathlib
import time


class Fail(Exception):
    """The program did not do what the scenario expects."""


class Skip(Exception):
    """What the scenario needs is not there; the text says what was not exercised."""


class LabFault(Exception):
    """The lab itself did not do what it should: nothing can be said about the program."""


class Timeout(Exception):
    """The scenario's time is over."""


class Scenario:
    def __init__(self, func, name, group, about, timeout):
        self.func, self.name, self.group, self.about, self.timeout = func, name, group, about, timeout


class Fixture:
    """What the runner asks of a fixture; `env` is the class Env below."""

    def __init__(self, env):
        self.env = env

    def up(self):
        """Build it. Raises Skip where the machine cannot, LabFault where it should have been able to."""

    def ill(self):
        """None when it is healthy, else the reason why not (the runner then rebuilds it)."""
        return None

    def reset(self):
        """Undo what a scenario did, however that ended."""

    def down(self):
        """Remove everything. May be called twice and after a failed up()."""


class Env:
    """What the runner hands to fixtures and scenarios."""

    def __init__(self, run_id, vmpath, verbose=False, keep=False):
        self.run_id = run_id        # unique on this machine: use it in every name that is not inside a namespace
        self.vmpath = vmpath        # absolute path of the program under test
        self.verbose = verbose
        self.keep = keep
        self.notes = []             # (title, text): printed as diagnostics when the scenario fails

    def note(self, title, text):
        """Keep something worth reading when this scenario fails."""
        self.notes.append((title, text))


SCENARIOS = []
FIXTURES = {}


def scenario(name, group="native", about="", timeout=90):
    """Register the decorated function as a scenario."""
    def mark(func):
        if any(s.name == name for s in SCENARIOS):
            raise ValueError(f"two scenarios are named {name}")
        SCENARIOS.append(Scenario(func, name, group, about or (func.__doc__ or "").strip().split("\n")[0], timeout))
        return func
    return mark


def fixture(group):
    """Register the decorated class as the fixture of a group."""
    def mark(cls):
        FIXTURES[group] = cls
        return cls
    return mark


def load(folder):
    """Import every scenario file; returns [(file name, error)] of those that could not be."""
    bad = []
    for path in sorted(pathlib.Path(folder).glob("*.py")):
        if path.stem == "__init__":
            continue
        try:
            importlib.import_module("scenarios." + path.stem)
        except Exception as e:  # a broken file must not take the others with it
            bad.append((path.name, e))
    return bad


def until(probe, seconds, what, every=0.02):
    """Call probe() until it gives something true and return that; LabFault with `what` when the time is over."""
    end = time.monotonic() + seconds
    while True:
        got = probe()
        if got:
            return got
        if time.monotonic() > end:
            raise LabFault(f"waited {seconds:g} s in vain: {what}")
        time.sleep(every)
