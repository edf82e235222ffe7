"""Losses that the host's counters explain: the place and the cause. And counters that move while nothing of this guest is lost."""

from lab import judge, lossy
from lab.host import NAT_IP
from lab.native import PEER_IP, TAP, UPLINK
from lab.scenario import Fail, LabFault, scenario, until
from scenarios.native_70_topology import guest_ping, outside


def because(result, cause, word):
    """The loss has this cause, and the words that an operator would search for."""
    loss = judge.finding(result, "lost-in-host", "critical")
    if loss.get("cause") != cause:
        raise Fail(f"the cause is {loss.get('cause')!r}, not {cause}: {loss}")
    text = " ".join([loss["summary"], *loss["evidence"]])
    if word not in text:
        raise Fail(f"{word!r} is not told: {text}")
    if cause in result.codes():
        raise Fail(f"{cause} is told twice: {result.codes()}")


@scenario("tap-htb", about="a class of htb on the tap has a short queue and little bandwidth, as libvirt's <bandwidth> makes")
def tap_htb(lab):
    result, _ = lossy.on_the_bridge(lab, "tap-htb", "to_guest", UPLINK, TAP, kinds=(("ping", {"size": 1000, "interval": 0.02, "count": 800}),))
    because(result, "qdisc-drops", "class 021f00 htb 1:10 drops rose by")


@scenario("uplink-shaped", about="a token bucket on the uplink drops the guest's answers")
def uplink_shaped(lab):
    result, _ = lossy.on_the_bridge(lab, "uplink-shaped", "from_guest", TAP, UPLINK, kinds=(("ping", {"size": 1000, "interval": 0.02, "count": 800}),))
    because(result, "qdisc-drops", "the queueing discipline of eth0 drops them")


@scenario("filter-and-queue", about="a filter drops packets before a queue that has little room: the queue is not the cause")
def filter_and_queue(lab):
    lab.fault("tap-short")
    result, _ = lossy.on_the_bridge(lab, "filter-to-guest", "to_guest", UPLINK, TAP)
    loss = judge.finding(result, "lost-in-host", "critical")
    if loss.get("cause") in ("qdisc-drops", "dropped-by-tc", "conntrack-full"):
        raise Fail(f"a filter drops them, the cause is told as {loss['cause']}")


@scenario("tap-slow-innocent", about="a queue that only delays counts overlimits and no drops: nobody is accused")
def tap_slow_innocent(lab):
    lab.traffic("ping", size=1000, interval=0.02, count=400)
    lab.fault("tap-slow")
    result = lab.trace("web01", "192.0.2.10")
    judge.no_loss(result)
    if "qdisc-drops" in result.codes():
        raise Fail("nothing was dropped")


# a guest that this host routes

def routed(lab):
    guest = lab.guest("nat03")
    until(lambda: NAT_IP in guest.run("ip -4 addr show dev eth0").out, 20, "the guest to get its lease")
    guest_ping(lab, guest, PEER_IP)


def snmp(lab, name):
    """A counter of the lab host's IP stack."""
    lines = lab.host.run("cat /proc/net/snmp /proc/net/netstat").out.splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        if name in names.split():
            return int(values.split()[names.split().index(name)])
    raise LabFault(f"the kernel does not count {name}")


def dropped_by_stack(lab, fault, counter, cause, word):
    routed(lab)
    lab.fault(fault)
    before = snmp(lab, counter)
    until(lambda: snmp(lab, counter) > before + 3, 10, f"{counter} to rise with {fault}")
    result = lab.trace("nat03", PEER_IP)
    judge.verdict(result, "loss", "lost-in-host", "from_guest", "virbr0", outside(result))
    because(result, cause, word)
    return result


@scenario("nat-rp-filter", about="the way back to a NATed guest leads elsewhere, and the reverse path filter drops what it sends")
def nat_rp_filter(lab):
    dropped_by_stack(lab, "rp-filter", "IPReversePathFilter", "reverse-path-filter", "IPReversePathFilter rose by")


@scenario("nat-forwarding-off", about="this host does not route what comes in by the NATed guest's bridge")
def nat_forwarding_off(lab):
    dropped_by_stack(lab, "forwarding-off", "InAddrErrors", "ip-forward-off", "InAddrErrors rose by")
