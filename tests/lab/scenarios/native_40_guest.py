"""Behind the tap: the guest does not take its packets, or takes them and stays silent."""

from lab import judge, lossy
from lab.native import GUEST_IP, TAP, UPLINK
from lab.scenario import Fail, LabFault, scenario, until

SILENT = ("loss", "guest-silent", "from_guest", "guest", TAP)
UNTAKEN = ("loss", "not-taken-by-guest", "to_guest", TAP, "guest")


def untaken_counts(result, truth):
    """The segment behind the tap, when nothing at all is taken."""
    judge.sums(result)
    s = judge.segment(result, "to_guest", TAP, "guest")
    t0, t1 = result.window
    least = len(truth.seen(TAP, "to_guest", lossy.certain, t0 + 0.5, t1 - 0.5))
    if s["lost"] < least or s["delivered"] > s["offered"] - least:
        raise Fail(f"the tap's reader took nothing of {least} packets; the program says {s}")


def cause(result, code, wanted, word=""):
    """The finding of that code has this cause, and says the word."""
    found = judge.finding(result, code)
    if found.get("cause") != wanted or word not in found["summary"]:
        raise Fail(f"the cause of {code} is {found.get('cause')}, not {wanted}: {found['summary']}")
    return found


@scenario("guest-ignores-ping", about="the guest takes pings and answers none (icmp_echo_ignore_all)")
def ignores_ping(lab):
    result, truth, took = lossy.at_the_guest(lab, "guest-ignores-ping")
    if lossy.replies(truth, result):
        raise LabFault("the guest still answered")
    judge.verdict(result, *SILENT)
    s = judge.segment(result, "to_guest", TAP, "guest")
    if s["lost"] or not s["offered"] - 2 - s["unsure"] <= s["delivered"] <= took:
        raise Fail(f"the guest took {took} packets from the tap and lost none; the program says {s}")


@scenario("guest-no-address", about="the guest has lost its address")
def no_address(lab):
    result, truth, _ = lossy.at_the_guest(lab, "guest-no-address")
    if lossy.replies(truth, result):
        raise LabFault("the guest still answered")
    judge.verdict(result, *SILENT)


@scenario("guest-firewall", about="the guest's own firewall drops one TCP port, ping is answered")
def guest_firewall(lab):
    result, truth, _ = lossy.at_the_guest(lab, "guest-firewall", kinds=(("ping", {}), ("tcp", {"port": 8080, "interval": 0.1})))
    if lossy.replies(truth, result, "tcp"):
        raise LabFault("the guest still answered on the port")
    judge.verdict(result, *SILENT)


@scenario("guest-nic-down", about="the guest's network card is down inside the guest")
def nic_down(lab):
    result, truth, took = lossy.at_the_guest(lab, "guest-nic-down")
    if lossy.replies(truth, result):
        raise LabFault("the guest still answered")
    # QEMU fills what the driver posted before it went, then takes nothing more
    if took > 20:
        judge.verdict(result, *SILENT)
    else:
        judge.verdict(result, *UNTAKEN)


@scenario("guest-suspended", about="the guest is suspended under load: nothing is taken from the tap")
def suspended(lab):
    result, truth, took = lossy.at_the_guest(lab, "suspended", kinds=(("ping", {"interval": 0.02, "count": 800}),))
    if took:
        raise LabFault(f"{took} packets were taken from the tap of a suspended guest")
    judge.verdict(result, *UNTAKEN)
    cause(result, "not-taken-by-guest", "guest-not-running", "paused (user)")
    untaken_counts(result, truth)
    if result.doc["guest"]["state"] != "paused":
        raise Fail(f"the guest is paused, not {result.doc['guest']['state']}")


@scenario("guest-flooded", about="the queue of a suspended guest's tap overflows (tx_dropped)")
def flooded(lab):
    lab.traffic("ping")
    lab.fault("suspended")
    dropped = lab.host.counter(TAP, "tx_dropped")
    lab.traffic("udp", port=9, count=1500, interval=0.001, answered=False).finish()
    until(lambda: lab.host.counter(TAP, "tx_dropped") > dropped, 5, "the tap's queue to overflow")
    lab.traffic("udp", port=9, count=4000, interval=0.005, answered=False)
    before = lab.host.counter(TAP, "tx_dropped")
    result = lab.trace("web01", GUEST_IP)
    drops = lab.host.counter(TAP, "tx_dropped") - before
    judge.verdict(result, *UNTAKEN)
    s = judge.segment(result, "to_guest", TAP, "guest")
    came = judge.segment(result, "to_guest", UPLINK, TAP)
    # The tap dropped also before the window opened and after it closed: how long that was depends on how busy the machine is.
    if s["delivered"] or not 0.9 * came["delivered"] <= s["lost"] <= drops + 40:
        raise Fail(f"the tap dropped {drops} packets, and {came['delivered']} came to it in the window; the program says {s}")
    if came["lost"]:
        raise Fail("the bridge lost nothing")


@scenario("link-down", about="<link state='down'/>: QEMU eats what arrives, and says nothing about it")
def link_down(lab):
    result, truth, _ = lossy.at_the_guest(lab, "link-down")
    if lossy.replies(truth, result):
        raise LabFault("the guest still answered")
    judge.verdict(result, *UNTAKEN)
    judge.finding(result, "guest-link-down")
