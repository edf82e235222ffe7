"""The course of a scenario with a fault: traffic flows, the fault comes, the truth sees it, the program is asked."""

from lab import drops, judge
from lab.native import GUEST_IP, GUEST_MAC, TAP, UPLINK
from lab.scenario import LabFault, until


def about_guest(frame):
    """What a trace of web01 by its address may count."""
    return frame.involves(GUEST_MAC) or GUEST_IP in (frame.src, frame.dst) or frame.group()


def certain(frame):
    """What it must count: between the guest and one other, and about the address."""
    return frame.involves(GUEST_MAC) and not frame.group() and GUEST_IP in (frame.src, frame.dst)


def on_the_bridge(lab, fault, way, a=UPLINK, b=TAP, code="lost-in-host", kinds=(("ping", {}),), duration=2, sure=certain):
    """A fault between uplink and tap. `a`, `b` as the packets travel; `sure`: what it hits. Returns (result, truth)."""
    truth = lab.truth()
    for kind, options in kinds:
        lab.traffic(kind, **options)
    lab.fault(fault)
    until(lambda: truth.fates(UPLINK, TAP, way, sure)[1], 10, f"the truth to see {fault} lose something {way}")
    result = lab.trace("web01", GUEST_IP, duration=duration)
    truth.stop()
    lab.env.note("the truth", truth.summary())
    t0, t1 = result.window
    if not truth.fates(UPLINK, TAP, way, sure, t0, t1)[1]:
        raise LabFault(f"{fault}: in the window of the program nothing was lost")
    judge.verdict(result, "loss", code, way, a, b)
    if result.verdict["confidence"] != "certain":
        raise judge.Fail(f"packets were seen at {a} and not at {b}, yet the verdict is only {result.verdict['confidence']}")
    judge.finding(result, code, "critical")
    place = result.verdict
    drops.check(lab, fault, result, judge.segment(result, way, place["from"], place["to"]))
    for direction in ("to_guest", "from_guest"):
        lab.env.note("counts", judge.counts(result, truth, direction, UPLINK, TAP, about_guest, certain))
    return result, truth


def taken(lab, trace):
    """Run trace(); returns (its result, how many frames the tap's reader took meanwhile)."""
    before = lab.host.counter(TAP, "tx_packets")
    result = trace()
    return result, lab.host.counter(TAP, "tx_packets") - before


def at_the_guest(lab, fault, kinds=(("ping", {}),), duration=2, address=GUEST_IP):
    """A fault behind the tap: the truth must see all of it delivered to the tap. Returns (result, truth, taken)."""
    truth = lab.truth()
    for kind, options in kinds:
        lab.traffic(kind, **options)
    lab.fault(fault)
    # the last answer before the fault may still be on its way: go on when questions pass the tap
    now = len(truth.seen(TAP, "to_guest", certain))
    until(lambda: len(truth.seen(TAP, "to_guest", certain)) > now + 3, 10, f"questions at the tap with {fault}")
    result, took = taken(lab, lambda: lab.trace("web01", address, duration=duration))
    truth.stop()
    lab.env.note("the truth", truth.summary() + f"\ntaken from the tap: {took}")
    if truth.fates(UPLINK, TAP, "to_guest", certain)[1]:
        raise LabFault(f"{fault}: the bridge lost something, which is another fault")
    for direction in ("to_guest", "from_guest"):
        lab.env.note("counts", judge.counts(result, truth, direction, UPLINK, TAP, about_guest, certain))
    return result, truth, took


def replies(truth, result, kind="echo-reply"):
    """How many answers of the guest the truth saw at the tap in the program's window.

    For "tcp": of the connections that were first asked for in that window. One that was begun before the fault goes on
    talking: a guest that lost the last ACK sends its SYN-ACK again, one that was told nothing more its FIN.
    """
    t0, t1 = result.window
    if kind != "tcp":
        return len(truth.seen(TAP, "from_guest", lambda f: f.kind == kind, t0, t1))
    first = {}
    for f in truth.seen(TAP, "to_guest", lambda f: f.kind == "tcp"):
        first.setdefault((f.src, f.sport, f.dport), f)
    asked = {at for at, f in first.items() if f.flags == "S" and t0 <= f.ts <= t1}
    return len(truth.seen(TAP, "from_guest", lambda f: f.kind == "tcp" and (f.dst, f.dport, f.sport) in asked, t0, t1))
