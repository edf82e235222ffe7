"""Runs the program under test in the lab host, and holds what it gave."""

import calendar
import json
import os
import pathlib
import signal
import subprocess
import time

from lab.ns import children, inner
from lab.scenario import Fail, until

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "contrib/schema"


class Result:
    def __init__(self, argv, rc, out, err, seconds):
        self.argv, self.rc, self.out, self.err, self.seconds = argv, rc, out, err, seconds
        self._doc = None

    @property
    def doc(self):
        """The JSON document; Fail when there is none or it breaks its schema."""
        if self._doc is None:
            try:
                doc = json.loads(self.out)
            except ValueError as e:
                raise Fail(f"{self.line()}: standard output is not one JSON document: {e}") from None
            complaint = validate(doc)
            if complaint:
                raise Fail(f"{self.line()}: the document breaks its schema: {complaint}")
            self._doc = doc
        return self._doc

    def line(self):
        return " ".join(["vmpath"] + self.argv[1:])

    @property
    def verdict(self):
        return self.doc["verdict"]

    @property
    def window(self):
        """(begin, end) of the capture, seconds since the epoch."""
        text = self.doc["started"].rstrip("Z")
        whole, _, part = text.partition(".")
        begin = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (part or "0"))
        return begin, begin + self.doc["duration_s"]

    def hop(self, name):
        return next((h for h in self.doc["hops"] if h["name"] == name), None)

    def segment(self, way, a, b):
        """The segment between two hops in one direction; from and to in the order of travel."""
        for s in self.doc["segments"]:
            if s["direction"] == way and {s["from"], s["to"]} == {a, b}:
                return s
        return None

    def codes(self):
        return [f["code"] for f in self.doc["findings"]]

    def text(self):
        return f"$ {self.line()}\n{self.err}{self.out}\n(status {self.rc}, {self.seconds:.1f} s)"


def validate(doc):
    """None, or what is wrong with the document by the project's own schema files."""
    name = str(doc.get("schema", "")).split("/")[0]
    path = SCHEMAS / f"{name}.schema.json"
    if not name or not path.exists():
        return None if name else "it names no schema"
    try:
        import jsonschema
    except ImportError:
        return None
    schema = json.loads(path.read_text())
    resolver = jsonschema.RefResolver(base_uri=path.as_uri(), referrer=schema)
    checker = jsonschema.validators.validator_for(schema)(schema, resolver=resolver)
    errors = [f"{'/'.join(map(str, e.absolute_path)) or '(top)'}: {e.message[:200]}" for e in checker.iter_errors(doc)]
    return "; ".join(errors[:5]) or None


class Run:
    """The program while it runs; wait() gives the Result."""

    def __init__(self, ns, program, args, rundir, prefix=(), env=None):
        self.argv = [program, *args]
        stem = os.path.join(rundir, "vmpath-" + os.urandom(4).hex())
        self.files = [stem + ".out", stem + ".err"]
        self.start = time.monotonic()
        environ = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LC_ALL": "C.UTF-8", **(env or {})}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                environ[name] = os.environ[name]
        with open(self.files[0], "wb") as out, open(self.files[1], "wb") as err:
            self.proc = ns.popen([*prefix, *self.argv], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environ)

    @property
    def pid(self):
        """The program's own pid (not that of the nsenter around it)."""
        return inner(self.proc)

    def signal(self, signo):
        os.kill(self.pid, signo)

    def said(self):
        return pathlib.Path(self.files[1]).read_text(errors="replace")

    def wait(self, seconds=30):
        try:
            rc = self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Fail(f"vmpath {' '.join(self.argv[1:])}: no end after {seconds} s; it said: {self.said()[-2000:]}") from None
        out, err = (pathlib.Path(f).read_text(errors="replace") for f in self.files)
        self.forget()
        return Result(self.argv, rc, out, err, time.monotonic() - self.start)

    def kill(self):
        for pid in _all_below(self.proc.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.proc.kill()
        self.proc.wait()

    def forget(self):
        for f in self.files:
            if os.path.exists(f):
                os.unlink(f)

    def wait_unprivileged(self, seconds=10):
        """Until it has given its privileges up: from then on every point is open."""
        def look():
            if self.proc.poll() is not None:
                raise Fail(f"vmpath ended with {self.proc.returncode} before it captured: {self.said()}")
            try:
                uid = next(x for x in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines() if x.startswith("Uid:"))
            except (OSError, StopIteration):
                return False
            return "0" not in uid.split()[1:]
        until(look, seconds, "vmpath to give up its privileges", every=0.01)


def _all_below(pid):
    found = []
    for child in children(pid):
        found += [child] + _all_below(child)
    return found
