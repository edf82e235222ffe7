"""What cannot be done is told in one clear line, with status 3."""

from lab import judge
from lab.native import GUEST_IP, TAP, UPLINK
from lab.scenario import Fail, scenario, until


def complains(result, *words):
    """One line on stderr with all these words, status 3, nothing on stdout."""
    lines = [x for x in result.err.splitlines() if x.strip()]
    missing = [w for w in words if w.lower() not in result.err.lower()]
    if result.rc != 3 or len(lines) != 1 or result.out or missing:
        raise Fail(f"$ {result.line()}\nwanted status 3 and one line that says {', '.join(words) or 'something'}; got status {result.rc}, "
                   f"{len(lines)} lines on stderr, {len(result.out)} bytes on stdout: {result.err.strip()}")


@scenario("error-words", about="no such guest (near names), interface, address, filter, duration; a guest that is off")
def words(lab):
    for args, says in [
        (["web0"], ["web0", "web01"]),
        (["wbe01"], ["wbe01", "web01"]),
        (["00000000-1111-2222-3333-444444444444"], ["00000000-1111-2222-3333-444444444444"]),
        (["-i", "vnet77", "web01"], ["vnet77", TAP]),
        (["web01", "not.an.address"], ["not.an.address"]),
        (["web01", "192.0.2.300"], ["192.0.2.300"]),
        (["-f", "tcp prot 80", "web01"], ["tcp prot 80"]),
        (["-d", "0", "web01"], ["0"]),
        (["-d", "-3", "web01"], ["-3"]),
        (["-d", "1e99", "web01"], ["1e99"]),
        (["-d", "soon", "web01"], ["soon"]),
        ([], []),
        (["web01", GUEST_IP, "more"], []),
    ]:
        complains(lab.run("trace", "--json", *args, seconds=10), *says)
    complains(lab.run("trace", "--json", "web02", seconds=10), "web02", "not running")
    complains(lab.run("-c", "qemu+ssh://root@hv.example/system", "trace", "--json", "web01", seconds=10), "hv.example")


@scenario("error-libvirt", about="libvirt is not reachable")
def no_libvirt(lab):
    hidden = ["unshare", "--mount", "sh", "-c", 'mount -n -t tmpfs none /run/libvirt && exec "$@"', "sh"]
    complains(lab.run("trace", "--json", "-d", "1", "web01", prefix=hidden, seconds=10), "libvirt")


@scenario("error-xml", about="--domain-xml with what is no domain XML; and with what is one, without libvirt")
def xml(lab):
    where = lab.lab.rundir / "some.xml"
    lab.finally_(where.unlink, missing_ok=True)
    for text in ("", "<domain>", "<network><name>n</name></network>", "\0\1\2",
                 '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><domain type="qemu"><name>&x;</name></domain>'):
        where.write_text(text)
        complains(lab.run("trace", "--json", "-d", "1", "--domain-xml", where, seconds=10), "some.xml")
    complains(lab.run("trace", "--json", "-d", "1", "--domain-xml", "/nowhere/at/all.xml", seconds=10), "/nowhere/at/all.xml")
    where.write_text(lab.virsh("dumpxml", "web01").out)
    lab.traffic("ping")
    judge.healthy(lab.trace("--domain-xml", where, GUEST_IP, "-c", "test:///nowhere", duration=1))


@scenario("error-not-root", about="as a user without privilege")
def not_root(lab):
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    complains(lab.run("-c", "qemu:///system", "trace", "--json", "-d", "1", "web01", prefix=nobody, seconds=10), "root")
    complains(lab.run("trace", "--json", "-d", "1", "web01", prefix=nobody, env={"HOME": "/nonexistent"}, seconds=10), "root")


@scenario("error-evidence", about="-w where nothing can be written, and on a full disk")
def evidence(lab):
    place = lab.lab.rundir / "places"
    lab.host.run(f"""mkdir -p {place}/readonly {place}/full
        mount -n -t tmpfs -o ro none {place}/readonly
        mount -n -t tmpfs -o size=64k none {place}/full
        dd if=/dev/zero of={place}/full/ballast bs=1k count=60 2>/dev/null""")
    lab.finally_(lab.host.run, f"umount -n {place}/readonly {place}/full")
    lab.traffic("ping")
    for where in (f"{place}/readonly", f"{place}/full", "/proc/self"):
        complains(lab.run("trace", "--json", "-d", "1", "-w", where, "web01", GUEST_IP, seconds=10), where)
    left = lab.host.run(["ls", f"{place}/full"]).out.split()
    if left != ["ballast"]:
        raise Fail(f"something was left on the full disk: {left}")


@scenario("error-device-gone", about="the tap that the XML names is not there")
def gone_before(lab):
    lab.host.run(f"ip link set {TAP} down; ip link set {TAP} name gone0")
    lab.finally_(lab.host.run, f"ip link set gone0 down; ip link set gone0 name {TAP}; ip link set {TAP} up")
    complains(lab.trace("web01", GUEST_IP, duration=1), TAP)


@scenario("device-vanishes", about="the tap vanishes while the trace runs: no loss is claimed, the report comes and says so")
def gone_during(lab):
    ping = lab.traffic("ping")
    run = lab.start("trace", "--json", "-d", "4", "web01", GUEST_IP)
    run.wait_unprivileged()
    ping.wait_answers(10)
    lab.finally_(lab.lab.guest, "web01")        # a new one, since QEMU's tap cannot come back
    lab.finally_(lab.lab.stop_guest, "web01")
    lab.host.run(f"ip link del {TAP}")
    ping.wait_sent(10)
    result = run.wait()
    lab.env.note("the program", result.text())
    judge.verdict(result, "inconclusive", "capture-incomplete", rc=3)
    lost = [s for s in result.doc["segments"] if s["lost"]]
    if lost:
        raise Fail(f"what was not seen at a device that is gone is not lost: {lost}")
    if TAP not in result.err + result.out:
        raise Fail("the report does not name the device")


@scenario("device-vanishes-uplink", about="the uplink is renamed or leaves while the trace runs")
def uplink_goes(lab):
    ping = lab.traffic("ping")
    run = lab.start("trace", "--json", "-d", "3", "web01", GUEST_IP)
    run.wait_unprivileged()
    ping.wait_answers(10)
    lab.host.run(f"ip link set {UPLINK} down")
    lab.finally_(lab.lab.wait_answer)
    lab.finally_(lab.host.run, f"ip link set {UPLINK} up")
    until(lambda: not lab.lab.answers(), 5, "the guest to be cut off")
    result = run.wait()
    lab.env.note("the program", result.text())
    to_guest = judge.segment(result, "to_guest", UPLINK, TAP)
    if to_guest["lost"]:
        raise Fail(f"nothing that arrived was lost: {to_guest}")
