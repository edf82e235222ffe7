"""The nest: a QEMU machine that runs Debian's own kernel and plays the hypervisor host.

What the running kernel lacks (VLAN devices, bonding, VLAN filtering on a bridge, the Open vSwitch datapath, vhost-net) is
tested there. The nest's root is the outer machine's own, read-only under a layer of memory, so every tool and the program
under test are there as they are here; its /lab is a folder that both sides see. QEMU needs no acceleration for it.

    with nest.Nest() as host:
        host.run("modprobe bonding")
"""

import collections
import fcntl
import gzip
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent.parent / "nest"
CACHE = pathlib.Path(os.environ.get("VMPATH_LAB_CACHE", "/var/cache/vmpath-lab"))
META_PACKAGE = "linux-image-amd64"
# What user space comes up on, before the kernel package's module folder is mounted.
BOOT_MODULES = ("virtio_pci", "virtio_console", "9p", "9pnet_virtio", "overlay")
# Folders of the outer machine that the nest covers with its own.
COVERED = ("/tmp", "/run", "/dev", "/proc", "/sys", "/lab")
TOOLS = ("qemu-system-x86_64", "busybox", "cpio", "depmod", "modprobe", "xz", "dpkg", "setpriv", "cc")


class Unavailable(Exception):
    """The nest cannot be had on this machine; the text says why."""


class NestError(Exception):
    """Something in the nest went otherwise than it should."""


# ---- the kernel ---------------------------------------------------------------------------------------------------

Kernel = collections.namedtuple("Kernel", "release root")  # root: the unpacked package


def _output(*argv, **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
    return done.stdout if done.returncode == 0 else ""


def _package():
    """Name and version of the kernel package that the meta-package stands for now, or None."""
    found = re.search(r"Depends: (linux-image-\S+)", _output("apt-cache", "depends", META_PACKAGE))
    if not found:
        return None
    version = re.search(r"Candidate: (\S+)", _output("apt-cache", "policy", found.group(1)))
    return (found.group(1), version.group(1)) if version and version.group(1) != "(none)" else None


def _unpacked():
    """The kernels in the cache, newest first."""
    return sorted(CACHE.glob("linux-image-*"), key=lambda path: path.stat().st_mtime, reverse=True)


def _kernel_in(root):
    images = sorted((root / "boot").glob("vmlinuz-*"))
    return Kernel(images[0].name[len("vmlinuz-"):], root)


def _fetch(name, version, root):
    """Download and unpack a kernel package as ROOT; it appears there whole or not at all."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="fetch-") as work:
        got = subprocess.run(["apt-get", "download", f"{name}={version}"], cwd=work, check=False, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        debs = list(pathlib.Path(work).glob("*.deb"))
        if got.returncode or not debs:
            raise Unavailable(f"apt-get download {name} failed: {got.stdout.strip().splitlines()[-1:]}")
        tree = pathlib.Path(work) / "tree"
        subprocess.run(["dpkg", "-x", debs[0], tree], check=True)
        kernel = _kernel_in(tree)
        # The package comes without the module index. Packed modules are slow to load in an emulated machine.
        packed = [str(path) for path in tree.rglob("*.ko.xz")]
        for first in range(0, len(packed), 500):
            subprocess.run(["xz", "-d", *packed[first:first + 500]], check=True)
        subprocess.run(["depmod", "-b", tree, kernel.release], check=True)
        tree.rename(root)


def kernel():
    """The generic kernel that Debian's meta-package names today, unpacked in the cache; an older one if apt has none."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        package = _package()
        if not package and not _unpacked():
            _output("apt-get", "update")
            package = _package()
        if package:
            root = CACHE / "_".join(package).replace(":", "%3a")
            if not root.exists():
                try:
                    _fetch(*package, root)
                except Unavailable:
                    if not _unpacked():
                        raise
            if root.exists():
                for old in _unpacked():
                    if old != root:
                        shutil.rmtree(old)
        if not _unpacked():
            raise Unavailable(f"apt knows no {META_PACKAGE} and {CACHE} holds no kernel")
        return _kernel_in(_unpacked()[0])


def build_initrd(kern, path):
    """Write the initrd: busybox, nest/init and the modules that reach the shared folders."""
    with tempfile.TemporaryDirectory() as work:
        tree = pathlib.Path(work)
        (tree / "bin").mkdir()
        (tree / "modules").mkdir()
        shutil.copy(shutil.which("busybox"), tree / "bin/busybox")
        shutil.copy(HERE / "init", tree / "init")
        (tree / "init").chmod(0o755)
        order = []
        for module in BOOT_MODULES:
            listing = _output("modprobe", "-d", kern.root, "-S", kern.release, "--show-depends", module)
            order += [line.split()[1] for line in listing.splitlines() if line.startswith("insmod")]
        for number, module in enumerate(dict.fromkeys(order)):
            shutil.copy(module, tree / "modules" / f"{number:02}-{os.path.basename(module)}")
        names = "\n".join(str(each.relative_to(tree)) for each in sorted(tree.rglob("*")))
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=names.encode(), cwd=tree, check=True,
                                 stdout=subprocess.PIPE).stdout
        path.write_bytes(gzip.compress(archive, 1))


# ---- the machine --------------------------------------------------------------------------------------------------

class Job:
    """A script running in the nest, in a session of its own."""

    def __init__(self, nest, ident):
        self.nest, self.ident = nest, ident
        self.status = None

    def output(self):
        """What it has written so far, on either stream."""
        try:
            return (self.nest.folder / "job" / f"{self.ident}.out").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def wait(self, seconds=60):
        """Wait for its end and return its exit status."""
        return self.nest.until(lambda: self.status, seconds, f"the end of a job, which wrote:\n{self.output()}")

    def wait_for(self, pattern, seconds=30):
        """Wait until what it wrote matches PATTERN, and return the match."""
        def look():
            found = re.search(pattern, self.output(), re.M)
            if not found and self.status is not None:
                raise NestError(f"a job ended ({self.status}) without writing {pattern!r}:\n{self.output()}")
            return found
        return self.nest.until(look, seconds, f"{pattern!r} from a job")

    def signal(self, name):
        """Send it a signal, named as for kill(1): USR1, TERM, ..."""
        if self.status is None:
            self.nest.send(f"signal {self.ident} {name}")

    def stop(self, seconds=20):
        """Ask it to end, and wait until it has."""
        self.signal("TERM")
        return self.wait(seconds)


class Nest:
    """One machine. Use it as a context manager: it is powered off, or ended, however the block is left."""

    def __init__(self, share=(), memory_mib=1024):
        """SHARE: folders that must be visible inside under their own name, wherever they lie."""
        self.share = [pathlib.Path(each).resolve() for each in share]
        self.memory_mib = memory_mib
        self.release = None
        self.boot_s = None
        self.folder = None
        self.qemu = None
        self.port = None
        self.jobs = {}
        self.up = False
        self.changed = threading.Condition()

    def __enter__(self):
        try:
            self._boot()
        except BaseException:
            self._clean()
            raise
        return self

    def __exit__(self, *_):
        self.halt()

    def _boot(self):
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if missing:
            raise Unavailable(f"not installed: {' '.join(missing)} (packages: {HERE / 'packages'})")
        kern = kernel()
        self.release = kern.release
        started = time.monotonic()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vmpath-nest-"))
        (self.folder / "job").mkdir()
        shutil.copy(HERE / "stage2", self.folder / "stage2")
        build_initrd(kern, self.folder / "initrd")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "port"))
        listener.listen(1)
        with open(self.folder / "qemu.err", "wb") as errors:
            self.qemu = subprocess.Popen(self._command(kern), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                         start_new_session=True)
        with listener:
            listener.settimeout(0.2)
            self.until(lambda: self._accept(listener), 30, "QEMU to start")
        threading.Thread(target=self._listen, daemon=True).start()
        self.until(lambda: self.up, 240, "the nest to come up")
        self.boot_s = time.monotonic() - started

    def _accept(self, listener):
        try:
            self.port, _ = listener.accept()
        except socket.timeout:
            return None
        self.port.settimeout(None)
        return self.port

    def _command(self, kern):
        def folder(tag, path, *options):
            return ["-fsdev", ",".join([f"local,id={tag},path={path},security_model=none", *options]),
                    "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
        shares = []
        hidden = [path for path in self.share if any(path.is_relative_to(cover) for cover in COVERED)]
        with open(self.folder / "shares", "w", encoding="utf-8") as table:
            for number, path in enumerate(hidden):
                table.write(f"share{number} {path}\n")
                shares += folder(f"share{number}", path, "readonly=on", "multidevs=remap")
        return [
            # The machine must not outlive the lab, however that ends.
            "setpriv", "--pdeathsig", "KILL", "--", "qemu-system-x86_64",
            "-name", "vmpath-nest", "-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512",
            # Every instruction a program of the outer machine may have been built with.
            "-cpu", "max,la57=off", "-smp", "2", "-m", str(self.memory_mib),
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", str(next(kern.root.glob("boot/vmlinuz-*"))), "-initrd", str(self.folder / "initrd"),
            "-append", "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr audit=0 nowatchdog "
                       "tsc=reliable no_timer_check net.ifnames=0",
            "-chardev", f"file,id=console,path={self.folder / 'console.log'}", "-serial", "chardev:console",
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=lab,path={self.folder / 'port'}",
            "-device", "virtserialport,chardev=lab,name=lab", "-device", "virtio-rng-pci",
            *folder("root", "/", "readonly=on", "multidevs=remap"),
            *folder("modules", kern.root / "lib/modules" / kern.release, "readonly=on"),
            *folder("lab", self.folder),
            *shares,
        ]

    def _listen(self):
        """Reader thread: what the nest tells through the port."""
        pending = b""
        while True:
            try:
                data = self.port.recv(4096)
            except OSError:
                data = b""
            with self.changed:
                if not data:
                    self.port.close()
                    self.changed.notify_all()
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    ident, status = line.decode().split()
                    if ident == "up":
                        self.up = True
                    else:
                        self.jobs[ident].status = int(status)
                self.changed.notify_all()

    def until(self, condition, seconds, what):
        """Wait until CONDITION() is neither None nor False, and return it; NestError says that WHAT did not come."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                got = condition()
                if got is not None and got is not False:
                    return got
                if self.qemu is not None and self.qemu.poll() is not None:
                    raise NestError(f"the nest ended while the lab waited for {what}\n{self.last_words()}")
                if time.monotonic() > deadline:
                    raise NestError(f"waited {seconds} s in vain for {what}\n{self.last_words()}")
                self.changed.wait(0.05)

    def last_words(self):
        """The end of the kernel's console and of what QEMU said."""
        text = ""
        for name in ("console.log", "qemu.err"):
            try:
                text += (self.folder / name).read_text(errors="replace")[-2000:]
            except FileNotFoundError:
                pass
        return text.strip()

    def send(self, line):
        """Hand the nest's init one line."""
        self.port.sendall(line.encode() + b"\n")

    def start(self, script):
        """Run a bash script in the nest, as root in its first network namespace; return the running Job."""
        with self.changed:
            job = Job(self, f"job{len(self.jobs)}")
            self.jobs[job.ident] = job
        path = self.folder / "job" / job.ident
        path.with_suffix(".sh").write_text(f"echo $$ >/lab/job/{job.ident}.pid\n{script}\n")
        self.send(f"run {job.ident}")
        self.until(path.with_suffix(".pid").exists, 20, "a job to start")
        return job

    def run(self, script, seconds=60, check=True):
        """Run a bash script to its end; return (status, output). A status other than 0 is an error unless CHECK is off."""
        job = self.start(f"set -e\n{script}" if check else script)
        status = job.wait(seconds)
        if check and status:
            raise NestError(f"exit status {status} from:\n{script}\n{job.output()}")
        return status, job.output()

    def halt(self):
        """Power off; end QEMU if that does not."""
        try:
            if self.up and self.qemu.poll() is None:
                self.send("halt")
                self.qemu.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            pass
        finally:
            self._clean()

    def _clean(self):
        if self.qemu is not None and self.qemu.poll() is None:
            self.qemu.send_signal(signal.SIGKILL)
            self.qemu.wait()
        if self.port is not None:
            self.port.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
