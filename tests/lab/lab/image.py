"""The guest's kernel and initramfs, built from Debian packages and kept in a cache outside the source tree."""

import fcntl
import gzip
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import time

from lab.scenario import LabFault, Skip

CACHE = pathlib.Path(os.environ.get("VMPATH_LAB_CACHE", "/var/cache/vmpath-lab"))
META = "linux-image-cloud-amd64"
MODULES = ["virtio_pci", "virtio_net", "virtio_console", "nf_tables"]     # what they depend on comes along
INIT = pathlib.Path(__file__).with_name("guest-init.sh")
TOOLS = ["/usr/sbin/nft"]                               # dynamic programs that busybox does not have


def _run(argv, **kw):
    p = subprocess.run(argv, capture_output=True, text=True, errors="replace", **kw)
    if p.returncode:
        raise LabFault(f"{' '.join(map(str, argv))}: status {p.returncode}: {p.stderr.strip()}")
    return p.stdout


def kernel_package(meta=META):
    """The package that the meta-package stands for today: its name changes with every security update."""
    out = subprocess.run(["apt-cache", "depends", meta], capture_output=True, text=True).stdout
    for line in out.splitlines():
        m = re.match(r"\s*Depends: (linux-image-\d\S*)", line)
        if m:
            return m.group(1)
    return None


def unpack(package, into=None):
    """Download and unpack a package below the cache (once); returns the folder. A missing mirror is a Skip."""
    where = (into or CACHE / "packages") / package
    if (where / ".complete").exists():
        return where
    where.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=where.parent) as tmp:
        p = subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package],
                           cwd=tmp, capture_output=True, text=True)
        debs = list(pathlib.Path(tmp).glob("*.deb"))
        if p.returncode or not debs:
            raise Skip(f"cannot download {package}: {p.stderr.strip().splitlines()[-1:] or p.returncode}")
        _run(["dpkg", "-x", str(debs[0]), tmp + "/x"])
        shutil.rmtree(where, ignore_errors=True)
        os.rename(tmp + "/x", where)
        (where / ".complete").touch()
    return where


def module_files(root, release, names):
    """The module files for the names and all they need, in an order in which they can be inserted."""
    base = root / "lib/modules" / release
    if not base.exists():
        base = root / "usr/lib/modules" / release
    if not (base / "modules.dep").exists():
        _run(["depmod", "-b", str(root), release])
    needs, by_name = {}, {}
    for line in (base / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
        by_name[re.sub(r"\.ko.*", "", path.rsplit("/", 1)[1]).replace("-", "_")] = path
    order = []

    def add(path):
        for dep in needs[path]:
            add(dep)
        if path not in order:
            order.append(path)

    for name in names:
        if name in by_name:     # else it is built in
            add(by_name[name])
    return [base / p for p in order]


def libraries(program):
    """The files a dynamic program needs to start."""
    return sorted(set(re.findall(r"(/\S+) \(0x", _run(["ldd", program]))))


class Cpio:
    """Writes a newc archive."""

    def __init__(self):
        self.parts, self.ino, self.dirs = [], 1, set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        name = name.lstrip("/")
        head = "070701" + "".join(f"{v:08X}" for v in (
            self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1], len(name) + 1, 0))
        self.ino += 1
        raw = head.encode() + name.encode() + b"\0"
        self.parts += [raw, b"\0" * (-len(raw) % 4), data, b"\0" * (-len(data) % 4)]

    def dir(self, name):
        name = name.strip("/")
        if name and name not in self.dirs:
            if "/" in name:
                self.dir(name.rsplit("/", 1)[0])
            self.dirs.add(name)
            self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        if "/" in name.strip("/"):
            self.dir(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self.dir(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def node(self, name, major, minor):
        self.dir(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def _initramfs(root, release):
    c = Cpio()
    for d in ("proc", "sys", "dev", "tmp", "www", "run"):
        c.dir(d)
    c.node("/dev/console", 5, 1)
    busybox = pathlib.Path("/bin/busybox")
    c.file("/bin/busybox", busybox.read_bytes())
    for applet in _run([str(busybox), "--list"]).split():
        if applet != "busybox":
            c.link(f"/bin/{applet}", "busybox")
    order = []
    for path in module_files(root, release, MODULES):
        data = path.read_bytes()
        if path.suffix == ".xz":
            data = lzma.decompress(data)
        short = re.sub(r"\.ko.*", ".ko", path.name)
        c.file(f"/lib/{short}", data, 0o644)
        order.append(short)
    c.file("/lib/order", "\n".join(order).encode() + b"\n", 0o644)
    for tool in TOOLS:
        if os.path.exists(tool):
            c.file(tool, pathlib.Path(tool).read_bytes())
            for lib in libraries(tool):
                if lib.strip("/") not in c.dirs:
                    c.file(lib, pathlib.Path(lib).read_bytes())
                    c.dirs.add(lib.strip("/"))
    c.file("/www/index.html", b"vmpath lab guest\n", 0o644)
    c.file("/www/big", bytes(range(256)) * 800, 0o644)
    c.file("/init", INIT.read_bytes())
    # fast to unpack under emulation, and still a fraction of the memory
    return gzip.compress(c.bytes(), compresslevel=1)


def guest_image():
    """(kernel, initramfs) for a guest; built when one of its inputs changed."""
    for tool in ("/bin/busybox", "/usr/bin/dpkg", "/sbin/depmod"):
        if not os.path.exists(tool):
            raise Skip(f"{tool} is not installed (packages: see tests/lab/packages)")
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        package = kernel_package()
        known = CACHE / "kernel-package"
        if not package:     # no package lists: what was used last is good enough
            if not known.exists():
                raise Skip(f"apt knows no {META}: run apt-get update")
            package = known.read_text().strip()
        try:
            root = unpack(package)
        except Skip:
            if not known.exists() or not (CACHE / "packages" / known.read_text().strip() / ".complete").exists():
                raise
            root = unpack(known.read_text().strip())
        known.write_text(root.name + "\n")
        kernel = next((root / "boot").glob("vmlinuz-*"))
        release = kernel.name.removeprefix("vmlinuz-")
        key = hashlib.sha256()
        for item in [root.name, " ".join(MODULES), pathlib.Path(__file__).read_bytes(), INIT.read_bytes(),
                     pathlib.Path("/bin/busybox").read_bytes()] + [str(os.stat(t).st_mtime_ns) for t in TOOLS if os.path.exists(t)]:
            key.update(item if isinstance(item, bytes) else item.encode())
        initrd = CACHE / f"initrd-{key.hexdigest()[:16]}.gz"
        if not initrd.exists():
            for old in CACHE.glob("initrd-*"):
                if old.stat().st_mtime < time.time() - 7 * 86400:
                    old.unlink()
            part = initrd.with_suffix(".part")
            part.write_bytes(_initramfs(root, release))
            part.rename(initrd)
        os.utime(initrd)
        return str(kernel), str(initrd)
