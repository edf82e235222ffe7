"""Why the guest does not take or answer its packets: what the host, QEMU's monitor and the guest's agent know of it."""

import contextlib
import json
import os
import pathlib

from lab import judge, lossy
from lab.native import GUEST_IP, GUEST_MAC, TAP
from lab.scenario import Fail, LabFault, Skip, scenario, until
from scenarios.native_40_guest import SILENT, UNTAKEN, cause

TAINT = {"--agent": "custom-ga-command", "--qemu-monitor": "custom-monitor"}


def asked(lab, *options, fault=None, verdict=None, kinds=(("ping", {"interval": 0.02, "count": 2000}),), before=None, **kw):
    """A trace with --agent or --qemu-monitor, which tells its price. Returns the result."""
    for kind, words in kinds:
        lab.traffic(kind, **words)
    if fault:
        lab.fault(fault)
    if before:
        before()
    result = lab.trace("web01", GUEST_IP, *options, **kw)
    for option in options:
        if option not in result.err or TAINT[option] not in result.err or not any(option in note for note in result.doc["notes"]):
            raise Fail(f"the price of {option} is not told: {result.err}")
    if verdict:
        judge.verdict(result, *verdict)
    else:
        judge.healthy(result)
    return result


@scenario("qemu-stopped", about="a signal stopped QEMU: nothing hangs, and it is told from a paused guest", timeout=120)
def qemu_stopped(lab):
    result, _, took = lossy.at_the_guest(lab, "qemu-stopped", kinds=(("ping", {"interval": 0.02, "count": 2000}),))
    if took:
        raise LabFault(f"{took} packets were taken by a QEMU that is stopped")
    judge.verdict(result, *UNTAKEN)
    found = cause(result, "not-taken-by-guest", "qemu-stopped")
    if result.doc["guest"]["state"] != "running" or "kill -CONT" not in found["remedy"]:
        raise Fail(f"libvirt calls it running, and it is to be continued: {result.doc['guest']}, {found}")


def outer_pid(lab):
    """QEMU's pid as the machine sees it: by the lab host's namespace, which no other lab has."""
    net = os.readlink(f"/proc/{lab.host.pid}/ns/net")
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if lab.guest().uuid.encode() in words and b"-uuid" in words and os.readlink(entry.parent / "ns/net") == net:
                return int(entry.parent.name)
    raise LabFault("QEMU's process is not to be found")


@scenario("guest-starved", about="a CPU quota leaves the guest a twentieth of a CPU: its queue overflows, and that is why", timeout=120)
def starved(lab):
    root = pathlib.Path("/sys/fs/cgroup/cpu")
    if not (root / "cpu.cfs_quota_us").exists():
        raise Skip("no cgroup v1 with CPU quotas here")
    group = root / f"vmpath-lab-{lab.env.run_id}"
    pid = outer_pid(lab)
    threads = [int(t) for t in os.listdir(f"/proc/{pid}/task")]

    def move(where):
        for thread in threads:
            with contextlib.suppress(OSError):
                (where / "tasks").write_text(str(thread))

    def end():
        move(root)
        with contextlib.suppress(OSError):
            group.rmdir()

    lab.finally_(end)
    group.mkdir()
    (group / "cpu.cfs_quota_us").write_text("5000")
    lab.traffic("ping")
    move(group)
    dropped = lab.host.counter(TAP, "tx_dropped")
    lab.traffic("udp", port=9, count=40000, interval=0.0004, answered=False)
    until(lambda: lab.host.counter(TAP, "tx_dropped") > dropped, 20, "the queue of a guest without CPU to overflow")
    result = lab.trace("web01", GUEST_IP)
    judge.verdict(result, *UNTAKEN)
    found = cause(result, "not-taken-by-guest", "vcpu-starved")
    lab.env.note("evidence", "\n".join(found["evidence"]))


@scenario("driver-healthy", about="QEMU's monitor of a guest that is well: the price is told, the queues move")
def monitor_healthy(lab):
    driver = asked(lab, "--qemu-monitor").doc["driver"]
    moved = {q["direction"]: q["moved"] for q in driver["queues"]}
    if driver.get("why") or driver["driver_ok"] is not True or not moved["to_guest"] or not moved["from_guest"]:
        raise Fail(f"the driver is ready and its queues move: {driver}")
    if driver["rx_filter"]["mac"] != GUEST_MAC:
        raise Fail(f"the filter's MAC is the guest's: {driver['rx_filter']}")
    if "custom monitor" not in lab.virsh("dominfo", "web01").out:
        raise LabFault("libvirt did not mark the guest, so what is told of it is wrong")


@scenario("driver-gone", about="no driver has the card: the monitor tells why nothing is taken")
def driver_gone(lab):
    result = asked(lab, "--qemu-monitor", fault="guest-no-driver", verdict=UNTAKEN)
    cause(result, "not-taken-by-guest", "guest-driver-not-ready")


@scenario("rx-queue-stuck", about="the guest's card is down inside and its last buffers are full: the monitor tells that its queue stands still")
def queue_stuck(lab):
    def full():
        seen = [lab.host.counter(TAP, "tx_packets"), 0]

        def still():
            seen.append(lab.host.counter(TAP, "tx_packets"))
            return seen[-1] == seen[-2] == seen[-3]
        until(still, 30, "the guest's last buffers to be full", every=0.3)

    result = asked(lab, "--qemu-monitor", fault="guest-nic-down", verdict=UNTAKEN, before=full,
                   kinds=(("ping", {}), ("udp", {"port": 9, "count": 4000, "interval": 0.005, "answered": False})))
    cause(result, "not-taken-by-guest", "guest-rx-queue-stuck")


@scenario("rx-filter", about="the MAC was changed inside the guest: QEMU takes the frames and its filter throws them away")
def rx_filter(lab):
    result = asked(lab, "--qemu-monitor", fault="guest-other-mac", verdict=SILENT)
    cause(result, "guest-silent", "guest-rx-filter", "52:54:00:de:ad:01")


@scenario("rx-link-down", about="<link state='down'/> and the monitor: the link explains it, nothing else is blamed")
def link_down(lab):
    result = asked(lab, "--qemu-monitor", fault="link-down", verdict=UNTAKEN)
    if judge.finding(result, "not-taken-by-guest").get("cause"):
        raise Fail(f"the link is down, and that is all: {result.doc['findings']}")


# ---- the agent: a small one of the lab's own, in the guest's shell ----

_AGENT = r"""
[ ! -e /tmp/agent.pid ] || kill $(cat /tmp/agent.pid) 2>/dev/null
for port in /sys/class/virtio-ports/*; do
	[ "$(cat $port/name)" != org.qemu.guest_agent.0 ] || dev=/dev/${port##*/}
done
[ -n "$dev" ] || exit 3
cat >/tmp/agent <<'S'
exec 3<>$1
while :; do
	# while nobody holds the other end, a read ends at once
	read -r line <&3 || { usleep 100000; continue; }
	case $line in
	*guest-sync*) echo "{\"return\": $(echo "$line" | sed 's/.*"id": *\([0-9]*\).*/\1/')}" >&3 ;;
	*guest-network-get-interfaces*) [ ! -e /tmp/agent.json ] || cat /tmp/agent.json >&3 ;;
	*) echo '{"error":{"class":"CommandNotFound","desc":"not known here"}}' >&3 ;;
	esac
done
S
sh /tmp/agent $dev >/dev/null 2>&1 &
echo $! >/tmp/agent.pid
"""


def agent(lab, answer):
    """Start an agent in the guest that says this of its interfaces; None: it never answers."""
    guest = lab.guest()

    def seen():
        return "state='connected'" in lab.virsh("dumpxml", "web01").out

    until(lambda: not seen(), 10, "libvirt to see the last agent's end", every=0.1)
    guest.run("rm -f /tmp/agent.json")
    if answer is not None:
        guest.run(f"cat >/tmp/agent.json <<'S'\n{json.dumps({'return': answer})}\nS")
    guest.run(_AGENT)
    lab.finally_(guest.run, "kill $(cat /tmp/agent.pid); rm -f /tmp/agent.pid /tmp/agent.json")
    until(seen, 10, "libvirt to see the agent", every=0.1)
    if answer is None:
        return

    def answers():
        said = lab.virsh("qemu-agent-command", "web01", '{"execute":"guest-ping"}', check=False)
        heard.append(said.out + said.err)
        return "not known here" in heard[-1]

    heard = []
    # after an agent that did not answer libvirt takes its time to believe the next one
    try:
        until(answers, 20, "libvirt to hear the agent", every=0.5)
    except LabFault as e:
        raise LabFault(f"{e}; it says: {heard[-1].strip()}") from e


def card(*addresses, mac=GUEST_MAC, name="eth0", **statistics):
    return {"name": name, "hardware-address": mac, "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": a, "prefix": 24} for a in addresses],
            "statistics": {key.replace("_", "-"): value for key, value in statistics.items()}}


@scenario("agent-none", about="--agent of a guest that has none running: told, and the trace goes on")
def agent_none(lab):
    result = asked(lab, "--agent")
    if result.doc["agent"]["answered"] or not any("agent is not" in n or "not responding" in n for n in result.doc["notes"]):
        raise Fail(f"there is no agent, and that is to be told: {result.doc['agent']}, {result.doc['notes']}")


@scenario("agent-healthy", about="--agent of a guest that is well")
def agent_healthy(lab):
    agent(lab, [card("127.0.0.1", mac="00:00:00:00:00:00", name="lo"), card(GUEST_IP, rx_packets=5, rx_dropped=7)])
    result = asked(lab, "--agent")
    told = [a["address"] for i in result.doc["agent"]["interfaces"] if i.get("mac") == GUEST_MAC for a in i["addresses"]]
    if told != [GUEST_IP] or result.doc["agent"].get("why"):
        raise Fail(f"the agent said {GUEST_IP}: {result.doc['agent']}")
    if "custom guest agent" not in lab.virsh("dominfo", "web01").out:
        raise LabFault("libvirt did not mark the guest, so what is told of it is wrong")


@scenario("agent-other-address", about="the guest has another address than it is asked for, and its agent tells which")
def agent_other_address(lab):
    agent(lab, [card("192.0.2.77")])
    result = asked(lab, "--agent", fault="guest-no-address", verdict=SILENT)
    found = cause(result, "guest-silent", "guest-address-differs")
    if not any("192.0.2.77" in line for line in found["evidence"]):
        raise Fail(f"what it has instead is to be told: {found['evidence']}")


@scenario("agent-no-address", about="the guest has lost its address, and its agent says so")
def agent_no_address(lab):
    agent(lab, [card(name="\033[31meth0")])
    result = asked(lab, "--agent", fault="guest-no-address", verdict=SILENT)
    cause(result, "guest-silent", "guest-no-address")
    text = lab.run("trace", "-d", 1, "--agent", "web01", GUEST_IP)
    if "\033[31meth0" in text.out + text.err:
        raise Fail("a name of the guest's reached the terminal as it is")


@scenario("agent-hangs", about="an agent that shows itself and then never answers holds nothing up", timeout=150)
def agent_hangs(lab):
    agent(lab, None)
    result = asked(lab, "--agent")
    if result.doc["agent"]["answered"] or result.seconds > 45 or not result.doc["agent"].get("why"):
        raise Fail(f"it took {result.seconds:.0f} s: {result.doc['agent']}")


@scenario("agent-lies", about="an agent that answers nonsense: told, and nothing is made of it")
def agent_lies(lab):
    agent(lab, [{"name": "eth0", "hardware-address": GUEST_MAC, "ip-addresses": [{"ip-address": "%s%s%s%n"}]}])
    result = asked(lab, "--agent")
    if result.doc["agent"]["answered"] or "interface or address" not in result.doc["agent"]["why"]:
        raise Fail(f"that is no address: {result.doc['agent']}")
