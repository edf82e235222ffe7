"""The nest: a QEMU machine that runs Debian's own kernel and plays the hypervisor host.

What the running kernel lacks (VLAN devices, bonding, VLAN filtering on a bridge, the Open vSwitch datapath, vhost-net) is
tested there. The nest's root is the outer machine's own, read-only under a layer of memory, so every tool and the program
under test are there as they are here; its /lab is a folder that both sides see. QEMU needs no acceleration for it.

    machine = nest.Nest()
    try:
        machine.boot()
        machine.run("modprobe bonding")
    finally:
        machine.halt()
"""

import fcntl
import gzip
import lzma
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from lab import image
from lab.scenario import LabFault, Skip

HERE = pathlib.Path(__file__).resolve().parent.parent / "nest"
META_PACKAGE = "linux-image-amd64"      # not the cloud flavour: that one has no 9p
BOOT_MODULES = ["virtio_pci", "virtio_console", "9p", "9pnet_virtio", "overlay"]
# Folders of the outer machine that the nest covers with its own.
COVERED = ("/tmp", "/run", "/dev", "/proc", "/sys", "/lab")
TOOLS = ("qemu-system-x86_64", "busybox", "depmod", "modprobe", "dpkg", "setpriv", "cc")


def kernel():
    """The unpacked package of the generic kernel that Debian's meta-package names today, else one fetched earlier."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise Skip(f"not installed: {' '.join(missing)} (packages: tests/lab/nest/packages)")
    image.CACHE.mkdir(parents=True, exist_ok=True)
    with open(image.CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        earlier = [mark.parent for mark in (image.CACHE / "packages").glob("linux-image-*-amd64/.complete")
                   if "-cloud-" not in mark.parent.name]
        package = image.kernel_package(META_PACKAGE)
        if not package and not earlier:
            raise Skip(f"apt knows no {META_PACKAGE}: run apt-get update")
        try:
            if package:
                return image.unpack(package)
        except Skip:
            if not earlier:
                raise
        return max(earlier, key=lambda root: root.stat().st_mtime)


def initrd(root, release):
    """The nest's initramfs: busybox, nest/init and the modules that reach the shared folders."""
    archive = image.Cpio()
    archive.file("/bin/busybox", pathlib.Path(shutil.which("busybox")).read_bytes())
    archive.file("/init", (HERE / "init").read_bytes())
    for number, path in enumerate(image.module_files(root, release, BOOT_MODULES)):
        data = path.read_bytes()
        name = path.name.removesuffix(".xz")
        archive.file(f"/modules/{number:02}-{name}", data if name == path.name else lzma.decompress(data), 0o644)
    return gzip.compress(archive.bytes(), compresslevel=1)


# ---- the machine --------------------------------------------------------------------------------------------------

class Job:
    """A script running in the nest, in a session of its own."""

    def __init__(self, nest, ident):
        self.nest, self.ident = nest, ident
        self.status = None

    @property
    def pid(self):
        """Its process id in the nest."""
        return int((self.nest.folder / "job" / f"{self.ident}.pid").read_text())

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
                raise LabFault(f"a job ended ({self.status}) without writing {pattern!r}:\n{self.output()}")
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
    """One machine. boot() it, and halt() it however things went; it does not outlive the process that booted it."""

    def __init__(self, share=(), memory_mib=1024):
        """SHARE: folders that must be visible inside under their own name, wherever they lie."""
        self.share = [pathlib.Path(each).resolve() for each in share]
        self.memory_mib = memory_mib
        self.release = None
        self.folder = None
        self.qemu = None
        self.port = None
        self.jobs = {}
        self.up = False
        self.changed = threading.Condition()

    def boot(self):
        """Start it; returns when it takes jobs. Raises Skip where there is no kernel or tool for it."""
        root = kernel()
        vmlinuz = next((root / "boot").glob("vmlinuz-*"))
        self.release = vmlinuz.name.removeprefix("vmlinuz-")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vmpath-nest-"))
        (self.folder / "job").mkdir()
        shutil.copy(HERE / "stage2", self.folder / "stage2")
        (self.folder / "initrd").write_bytes(initrd(root, self.release))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "port"))
        listener.listen(1)
        with open(self.folder / "qemu.err", "wb") as errors:
            self.qemu = subprocess.Popen(self._command(root, vmlinuz), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                         start_new_session=True)
        with listener:
            listener.settimeout(0.2)
            self.until(lambda: self._accept(listener), 30, "QEMU to start")
        threading.Thread(target=self._listen, daemon=True).start()
        self.until(lambda: self.up, 240, "the nest to come up")

    def _accept(self, listener):
        try:
            self.port, _ = listener.accept()
        except socket.timeout:
            return None
        self.port.settimeout(None)
        return self.port

    def _command(self, root, vmlinuz):
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
            "-kernel", str(vmlinuz), "-initrd", str(self.folder / "initrd"),
            "-append", "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr audit=0 nowatchdog "
                       "tsc=reliable no_timer_check net.ifnames=0",
            "-chardev", f"file,id=console,path={self.folder / 'console.log'}", "-serial", "chardev:console",
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=lab,path={self.folder / 'port'}",
            "-device", "virtserialport,chardev=lab,name=lab", "-device", "virtio-rng-pci",
            *folder("root", "/", "readonly=on", "multidevs=remap"),
            *folder("modules", root / "lib/modules" / self.release, "readonly=on"),
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
        """Wait until CONDITION() is neither None nor False, and return it; LabFault says that WHAT did not come."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                got = condition()
                if got is not None and got is not False:
                    return got
                if self.qemu is not None and self.qemu.poll() is not None:
                    raise LabFault(f"the nest ended while the lab waited for {what}\n{self.last_words()}")
                if time.monotonic() > deadline:
                    raise LabFault(f"waited {seconds} s in vain for {what}\n{self.last_words()}")
                self.changed.wait(0.05)

    def alive(self):
        """Whether it is up and QEMU runs."""
        return self.up and self.qemu.poll() is None

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
        try:
            self.port.sendall(line.encode() + b"\n")
        except OSError as error:
            raise LabFault(f"the nest does not listen: {error}\n{self.last_words()}") from None

    def start(self, script):
        """Run a bash script in the nest, as root in its first network namespace; return the running Job."""
        with self.changed:
            job = Job(self, f"job{len(self.jobs)}")
            self.jobs[job.ident] = job
        path = self.folder / "job" / job.ident
        path.with_suffix(".sh").write_text(f"echo $$ >/lab/job/{job.ident}.pid\n{script}\n")
        self.send(f"run {job.ident}")
        pid = path.with_suffix(".pid")
        self.until(lambda: pid.exists() and pid.stat().st_size > 0, 20, "a job to start")
        return job

    def run(self, script, seconds=60, check=True):
        """Run a bash script to its end; return (status, output). A status other than 0 is an error unless CHECK is off."""
        job = self.start(f"set -e\n{script}" if check else script)
        status = job.wait(seconds)
        if check and status:
            raise LabFault(f"exit status {status} from:\n{script}\n{job.output()}")
        return status, job.output()

    def halt(self):
        """Power off, and end QEMU if that does not; then remove what lay on the outer machine. May be called twice."""
        try:
            if self.alive():
                self.send("halt")
                self.qemu.wait(10)
        except (LabFault, subprocess.TimeoutExpired):
            pass
        finally:
            self._clean()

    def _clean(self):
        if self.qemu is not None and self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()
        if self.port is not None:
            self.port.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def main():
    """Run the bash script given as argument or on standard input in a nest of its own; end with its exit status."""
    machine = Nest(share=[pathlib.Path.cwd()])
    try:
        machine.boot()
        status, output = machine.run(" ".join(sys.argv[1:]) or sys.stdin.read(), 3600, check=False)
        print(output, end="")
        return status
    except (Skip, LabFault) as error:
        print(error, file=sys.stderr)
        return 125
    finally:
        machine.halt()


if __name__ == "__main__":
    sys.exit(main())
