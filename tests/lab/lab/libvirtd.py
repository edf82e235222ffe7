"""A libvirtd of our own, in a namespace where an operator's /run, /etc/libvirt and /var/lib/libvirt cannot be seen."""

import os
import pathlib
import shutil

from lab import image
from lab.scenario import LabFault, Skip, until

_QEMU_CONF = """user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
remember_owner = 0
"""
_LIBVIRTD_CONF = """unix_sock_group = "root"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_level = 3
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""
_PRIVATE = ["/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt"]
_NODES = ["kmsg", "null", "zero", "full", "random", "urandom", "tty", "kvm", "net/tun"]


def private_places(ns, rundir):
    """Give the namespace its own /run, /dev and libvirt folders; `rundir` stays visible under its own path."""
    cache = image.CACHE / "libvirt"
    cache.mkdir(parents=True, exist_ok=True)
    folders = _PRIVATE + ["/var/cache/libvirt"]
    for d in folders:       # the places to mount on; on a machine with libvirt they exist
        os.makedirs(d, exist_ok=True)
    script = [
        f"mkdir -p {rundir}/newrun {rundir}/dev",
        f"mount -n -t tmpfs -o mode=755 lab-run {rundir}/newrun",
        f"mkdir -p {rundir}/newrun{str(rundir).removeprefix('/run')} {rundir}/newrun/lock {rundir}/newrun/libvirt",
        f"mount -n --bind {rundir} {rundir}/newrun{str(rundir).removeprefix('/run')}",
    ]
    # macvtap's /dev/tapN is named after an interface number that every namespace hands out anew: two labs (or a
    # lab and a real host) would meet in one devtmpfs, so this namespace gets a /dev of its own
    script += [f"mount -n -t tmpfs -o mode=755 lab-dev {rundir}/dev", f"mkdir -p {rundir}/dev/net {rundir}/dev/pts {rundir}/dev/shm"]
    for node in _NODES:
        if os.path.exists("/dev/" + node):
            script += [f"touch {rundir}/dev/{node}", f"mount -n --bind /dev/{node} {rundir}/dev/{node}"]
        elif node == "net/tun":
            script += [f"mknod {rundir}/dev/net/tun c 10 200"]
    script += [
        f"mount -n -t devpts -o newinstance,ptmxmode=0666,mode=620 lab-pts {rundir}/dev/pts",
        f"ln -s pts/ptmx {rundir}/dev/ptmx", f"ln -s /proc/self/fd {rundir}/dev/fd",
        *(f"ln -s /proc/self/fd/{n} {rundir}/dev/{name}" for n, name in enumerate(("stdin", "stdout", "stderr"))),
        f"mount -n -t tmpfs lab-shm {rundir}/dev/shm",
        f"mount -n --move {rundir}/dev /dev",
    ]
    for d in _PRIVATE:
        os.makedirs(f"{rundir}{d}", exist_ok=True)
        script.append(f"mount -n --bind {rundir}{d} {d}")
    # libvirtd looks up the user its package's maintainer scripts make before it reads that we want root
    for file, line in (("passwd", "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin"), ("group", "libvirt-qemu:x:64055:")):
        text = pathlib.Path("/etc", file).read_text()
        if "\nlibvirt-qemu:" not in text:
            private = pathlib.Path(rundir, "etc", file)
            private.write_text(text.rstrip("\n") + "\n" + line + "\n")
            script.append(f"mount -n --bind {private} /etc/{file}")
    script += [
        f"mount -n --bind {cache} /var/cache/libvirt",
        f"mount -n --move {rundir}/newrun /run",
        "mount -n -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || true",
    ]
    ns.run("\n".join(script))


class Libvirtd:
    def __init__(self, ns, rundir):
        self.ns, self.rundir = ns, pathlib.Path(rundir)

    def start(self):
        for tool in ("libvirtd", "virsh", "qemu-system-x86_64"):
            if not (shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/bin")):
                raise Skip(f"{tool} is not installed (packages: see tests/lab/packages)")
        etc = self.rundir / "etc/libvirt"
        (etc / "qemu.conf").write_text(_QEMU_CONF)
        (etc / "libvirtd.conf").write_text(_LIBVIRTD_CONF)
        self.ns.run(["libvirtd", "--daemon", "--pid-file", "/run/libvirtd.pid", "--config", "/etc/libvirt/libvirtd.conf"])
        until(lambda: self.virsh("version", check=False).rc == 0, 30, "libvirtd to answer", every=0.1)

    def virsh(self, *args, check=True, timeout=60):
        return self.ns.run(["virsh", "-q", "-c", "qemu:///system", *args], check=check, timeout=timeout)

    def log(self):
        try:
            return (self.rundir / "var/log/libvirt/libvirtd.log").read_text()[-4000:]
        except OSError as e:
            return str(e)

    def define(self, xml, what="domain"):
        """Define a domain or a network from its XML; /dev/stdin spares a file."""
        p = self.ns.run(["virsh", "-q", "-c", "qemu:///system", "define" if what == "domain" else "net-define", "/dev/stdin"],
                        stdin=xml, check=False)
        if p.rc:
            raise LabFault(f"virsh define: {p.err.strip()}\n{xml}")
