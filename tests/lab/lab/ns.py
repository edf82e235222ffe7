"""Namespaces: one object is a network, a mount and a pid namespace, held by a process of its own."""

import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time

from lab.scenario import LabFault, until

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
HOLDER = str(pathlib.Path(__file__).with_name("holder.py"))


def children(pid):
    """The pids of the direct children of a process."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = pathlib.Path("/proc", entry, "stat").read_text()
                if int(stat.rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry))
    return found


def start_time(pid):
    """When a process was started (clock ticks since boot), None if there is none: tells a pid from its reuse."""
    try:
        return int(pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return None


class Done:
    """What a command said and how it ended."""

    def __init__(self, argv, rc, out, err):
        self.argv, self.rc, self.out, self.err = argv, rc, out, err


class Namespace:
    def __init__(self, name, pid, keeper=None):
        self.name, self.pid, self.keeper = name, pid, keeper

    @classmethod
    def create(cls, name, stay=False):
        """A new namespace; without `stay` it ends with the calling process, however that ends."""
        keeper = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
             "/usr/bin/python3", "-I", HOLDER] + (["stay"] if stay else []),
            stdin=subprocess.DEVNULL if stay else subprocess.PIPE, stdout=subprocess.PIPE, stderr=(said := tempfile.TemporaryFile()), start_new_session=True)
        if keeper.stdout.readline() != b"ready\n":
            status = keeper.wait()
            said.seek(0)
            raise LabFault(f"cannot make the namespace {name}: unshare ended with {status}: {said.read().decode(errors='replace').strip()}")
        pid = until(lambda: children(keeper.pid), 5, "the holder of the namespace")[0]
        self = cls(name, pid, keeper)
        self.run(["ip", "link", "set", "lo", "up"])
        # /sys must show this namespace: libvirt, libpcap and vmpath read devices there
        self.run(["mount", "-n", "-t", "sysfs", "sysfs", "/sys"])
        return self

    def alive(self):
        return os.path.exists(f"/proc/{self.pid}/ns/net")

    def destroy(self):
        """End every process in it; what they held goes with them."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        if self.keeper:
            if self.keeper.stdin:
                self.keeper.stdin.close()
            self.keeper.stdout.close()
            self.keeper.wait()
            self.keeper = None
        end = time.monotonic() + 10
        while self.alive() and time.monotonic() < end:
            time.sleep(0.01)

    def enter(self, argv):
        """The command line that runs argv in here."""
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", "--"] + [str(a) for a in argv]

    def run(self, argv, check=True, timeout=30, stdin=None, env=None):
        """Run a command and wait for it; with `check` a failure is a LabFault with what it said."""
        if isinstance(argv, str):
            argv = ["sh", "-ec", argv]
        try:
            p = subprocess.run(self.enter(argv), input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=timeout, errors="replace", env=env)
        except subprocess.TimeoutExpired:
            raise LabFault(f"{self.name}: {' '.join(map(str, argv))}: no end after {timeout} s") from None
        if check and p.returncode:
            raise LabFault(f"{self.name}: {' '.join(map(str, argv))}: status {p.returncode}: {p.stderr.strip() or p.stdout.strip()}")
        return Done(argv, p.returncode, p.stdout, p.stderr)

    def popen(self, argv, **kw):
        """Start a command; the object is nsenter's, inner() gives the pid of the command itself."""
        return subprocess.Popen(self.enter(argv), **kw)

    def become(self, argv, env=None):
        """Run argv in here on this process's own terminal; ends this process with its status.

        Ctrl-C is for the command alone, which nsenter would not outlive.
        """
        cwd = os.getcwd()
        # all are opened first: after the first setns our /proc is another one
        for fd in [os.open(f"/proc/{self.pid}/ns/{kind}", os.O_RDONLY) for kind in ("net", "pid", "mnt")]:
            if _libc.setns(fd, 0):
                raise OSError(ctypes.get_errno(), "setns")
            os.close(fd)
        child = os.fork()
        if not child:
            with contextlib.suppress(OSError):
                os.chdir(cwd)
            try:
                os.execvpe(argv[0], argv, env or os.environ)
            except OSError as e:
                os.write(2, f"{argv[0]}: {e.strerror}\n".encode())
            os._exit(127)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        status = os.waitpid(child, 0)[1]
        os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))

    def path(self, inside):
        """How a path of its mount namespace is reached from outside."""
        return f"/proc/{self.pid}/root{inside}"

    def socket(self, *args):
        """A socket that belongs to this network namespace, for use by this process."""
        return self.call(lambda: socket.socket(*args))

    def call(self, func):
        """Call func in a thread that is in this network namespace."""
        box = []

        def body():
            try:
                fd = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
                try:
                    if _libc.setns(fd, _CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                finally:
                    os.close(fd)
                box.append((func(), None))
            except Exception as e:
                box.append((None, e))

        t = threading.Thread(target=body)
        t.start()
        t.join()
        value, error = box[0]
        if error:
            raise error
        return value

    def counter(self, dev, name):
        """One statistic of a device, as the kernel counts it."""
        return int(pathlib.Path(self.path(f"/sys/class/net/{dev}/statistics/{name}")).read_text())

    def has(self, dev):
        return os.path.exists(self.path(f"/sys/class/net/{dev}"))


def inner(popen, seconds=5):
    """The pid of the command that popen (a nsenter) runs."""
    return until(lambda: children(popen.pid), seconds, "the command to start", every=0.005)[0]
